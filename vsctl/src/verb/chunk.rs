//! `vsctl chunk …`: what one node holds of the library, down to the byte on its disk, and whether it is intact.

use std::collections::HashSet;

use clap::{Args, Subcommand};
use clap_complete::ArgValueCompleter;
use serde_json::Value;
use vs_client::{
    cli::OutputFormat,
    film::{ChunkAt, Film},
};
use vs_core::{
    error::{Code, Exit, Failure},
    hash::Hash,
    id::{AssetId, NodeId},
    limit::PAGE_ITEMS_MAX,
};
use vs_wire::v1::{self, ChunkState};

use super::node::{At, NodeArgs};
use crate::{
    complete,
    desk::Desk,
    out::{
        self, Style,
        human::{self, number, text},
    },
    progress::Board,
    row::{self, CHUNKS, VIDEO_CHUNKS},
};

const AFTER_HELP: &str = "\
Examples:
  vsctl chunk ls @last
  vsctl chunk verify --all";
const LS_AFTER_HELP: &str = "\
Examples:
  vsctl chunk ls 8f3c2a1e --node n2
  vsctl chunk ls --damaged -o json";
const SHOW_AFTER_HELP: &str = "\
Examples:
  vsctl chunk show 2c26b46b68ff
  vsctl chunk show 2c26b46b68ff --node n2 -o json";
const VERIFY_AFTER_HELP: &str = "\
Examples:
  vsctl chunk verify @last
  vsctl chunk verify --all --node n2

Eight hexadecimal digits name a chunk if one begins so, and a video otherwise.
Exits 8 when a chunk is damaged or missing.";

/// Chunks listed unless told otherwise.
const LIMIT: u32 = 100;
/// Shortest beginning of a hash that names a chunk, in digits.
pub(super) const PREFIX_MIN: usize = 8;
/// Chunks verified with one call.
const VERIFY_CHUNKS: usize = 500;
/// Bad chunks that are named in the error itself.
const NAMED_MAX: usize = 5;

/// List, show and verify the chunks that a node holds
#[derive(Debug, Subcommand)]
#[command(after_help = AFTER_HELP)]
pub(crate) enum ChunkVerb {
    #[command(alias = "list")]
    Ls(LsArgs),
    #[command(aliases = ["get", "describe"])]
    Show(ShowArgs),
    Verify(VerifyArgs),
}

/// List what a node holds, or the chunks of a video in play order
#[derive(Args, Debug)]
#[command(after_help = LS_AFTER_HELP)]
pub(crate) struct LsArgs {
    /// List this video's chunks, and what the node has of them
    #[arg(value_name = "VIDEO", add = ArgValueCompleter::new(complete::videos))]
    video: Option<String>,
    #[command(flatten)]
    node: NodeArgs,
    /// List only chunks of this asset
    #[arg(long, value_name = "A", conflicts_with = "video")]
    asset: Option<AssetId>,
    /// List only chunks that were found damaged and not repaired since
    #[arg(long)]
    damaged: bool,
    /// List at most this many
    #[arg(long, value_name = "N", default_value_t = LIMIT, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Go on where the last page ended
    #[arg(long, value_name = "TOKEN")]
    page_token: Option<String>,
}

/// Show where a node keeps one chunk
#[derive(Args, Debug)]
#[command(after_help = SHOW_AFTER_HELP)]
pub(crate) struct ShowArgs {
    /// The chunk's hash, or its first 8 digits or more
    #[arg(value_name = "HASH", value_parser = hash_prefix)]
    hash: String,
    /// Which asset's copy, where several have the same bytes
    #[arg(long, value_name = "A")]
    asset: Option<AssetId>,
    #[command(flatten)]
    node: NodeArgs,
}

/// Read chunks from a node's disks and check every byte
#[derive(Args, Debug)]
#[command(after_help = VERIFY_AFTER_HELP)]
pub(crate) struct VerifyArgs {
    /// Hashes of chunks, or videos: all their chunks
    #[arg(value_name = "HASH|VIDEO", required_unless_present = "all", add = ArgValueCompleter::new(complete::videos))]
    what: Vec<String>,
    /// Everything that the node holds
    #[arg(long, conflicts_with = "what")]
    all: bool,
    #[command(flatten)]
    node: NodeArgs,
}

fn hash_prefix(text: &str) -> Result<String, String> {
    if is_hash_prefix(text) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(format!("a chunk is named by {PREFIX_MIN} to 64 hexadecimal digits"))
    }
}

pub(super) fn is_hash_prefix(text: &str) -> bool {
    (PREFIX_MIN..=64).contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_hexdigit())
}

pub(crate) async fn run(verb: ChunkVerb, desk: &Desk) -> anyhow::Result<Exit> {
    match verb {
        ChunkVerb::Ls(args) => match &args.video {
            Some(video) => ls_of_video(video, &args, desk).await,
            None => ls(&args, desk).await,
        },
        ChunkVerb::Show(args) => show(args, desk).await,
        ChunkVerb::Verify(args) => verify(args, desk).await,
    }
}

async fn ls(args: &LsArgs, desk: &Desk) -> anyhow::Result<Exit> {
    CHUNKS.check(&desk.style)?;
    let at = At::reach(&args.node, desk).await?;
    let (mut items, mut page_token) = (Vec::new(), args.page_token.clone().unwrap_or_default());
    // A page of the server may be short, since it looks through so many chunks only at a time.
    while let left @ 1.. = args.limit.saturating_sub(u32::try_from(items.len()).unwrap_or(u32::MAX)) {
        let page = v1::ListChunksRequest {
            prefix: String::new(),
            asset: args.asset.map(|asset| asset.0),
            damaged: args.damaged,
            limit: left.min(PAGE_ITEMS_MAX),
            page_token,
        };
        let page = desk.call("ListChunks", at.client.admin().list_chunks(page)).await?;
        items.extend(page.items.iter().map(|chunk| row::chunk(chunk, at.node)));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            break;
        }
    }
    let next = Some(page_token).filter(|token| !token.is_empty());
    out::list(&desk.style, &CHUNKS, &items, next.as_deref())?;
    say_more(next.as_deref(), desk);
    if items.is_empty() && desk.style.format == OutputFormat::Table {
        let what = if args.damaged { "no damaged chunks are known" } else { "no chunks" };
        desk.say(&format!("{what} on {}", at.node));
    }
    Ok(Exit::Ok)
}

fn say_more(next: Option<&str>, desk: &Desk) {
    if let Some(next) = next.filter(|_| !matches!(desk.style.format, OutputFormat::Json | OutputFormat::Yaml)) {
        desk.say(&format!("more: add `--page-token {next}`, or raise `--limit`"));
    }
}

async fn ls_of_video(video: &str, args: &LsArgs, desk: &Desk) -> anyhow::Result<Exit> {
    VIDEO_CHUNKS.check(&desk.style)?;
    let token = args.page_token.as_deref().unwrap_or("0");
    let not_ours = || {
        Failure::new(Code::Invalid, format!("`{token}` is not a page token"))
            .hint("use the `next` of the page before: `vsctl chunk ls VIDEO --json`")
    };
    let from: usize = token.parse().map_err(|_| not_ours())?;
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let (asset, chunks) = chunks_of(video, desk).await?;
    let at = At::reach(&args.node, desk).await?;
    let (mut items, mut next) = (Vec::new(), None);
    let mut looked_at = from;
    for some in chunks.get(from..).unwrap_or_default().chunks(limit.clamp(1, VERIFY_CHUNKS)) {
        let names = some.iter().map(|chunk| name(asset, chunk.chunk.hash)).collect();
        let request = v1::GetChunksRequest { chunks: names };
        let found = desk.call("GetChunks", at.client.admin().get_chunks(request)).await?.items;
        for (chunk, info) in some.iter().zip(&found) {
            if items.len() == limit {
                next = Some(looked_at.to_string());
                break;
            }
            looked_at += 1;
            if !args.damaged || info.state() == ChunkState::Damaged {
                items.push(row::video_chunk(chunk, info, at.node));
            }
        }
        if next.is_some() {
            break;
        }
    }
    out::list(&desk.style, &VIDEO_CHUNKS, &items, next.as_deref())?;
    say_more(next.as_deref(), desk);
    Ok(Exit::Ok)
}

fn name(asset: AssetId, hash: Hash) -> v1::ChunkName {
    v1::ChunkName { asset: asset.0, hash: hash.0.to_vec() }
}

/// A video's chunks, track by track in play order.
async fn chunks_of(video: &str, desk: &Desk) -> Result<(AssetId, Vec<ChunkAt>), Failure> {
    let name = desk.video_name(video).await?;
    let film = Film::load_from(desk.reach(), &name, desk.connection.stale.value, desk.left()).await?;
    Ok((film.asset, film.chunks().await?))
}

/// The chunks of a node that a beginning of a hash means.
pub(super) async fn find(
    prefix: &str,
    asset: Option<AssetId>,
    at: &At,
    desk: &Desk,
) -> Result<Vec<v1::ChunkInfo>, Failure> {
    let (mut found, mut page_token) = (Vec::new(), String::new());
    loop {
        let prefix = prefix.to_ascii_lowercase();
        let asset = asset.map(|asset| asset.0);
        let request = v1::ListChunksRequest { prefix, asset, damaged: false, limit: PAGE_ITEMS_MAX, page_token };
        let page = desk.call("ListChunks", at.client.admin().list_chunks(request)).await?;
        found.extend(page.items);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(found);
        }
    }
}

async fn show(args: ShowArgs, desk: &Desk) -> anyhow::Result<Exit> {
    CHUNKS.check(&desk.style)?;
    let at = At::reach(&args.node, desk).await?;
    let found = find(&args.hash, args.asset, &at, desk).await?;
    let chunk = match found.as_slice() {
        [] => {
            return Err(Failure::new(Code::NotFound, format!("no chunk `{}` on {}", args.hash, at.node))
                .hint(format!("list what is there: `vsctl chunk ls --node {}`", at.node))
                .into());
        }
        [chunk] => chunk,
        several => {
            let mut failure = Failure::new(Code::Ambiguous, format!("`{}` names {} chunks", args.hash, several.len()));
            let line = |chunk: &v1::ChunkInfo| format!("{}  {}", row::hash(&chunk.hash), AssetId(chunk.asset));
            failure.why.extend(several.iter().take(NAMED_MAX).map(line));
            return Err(failure.hint("type more of the hash, or name the asset: `--asset A`").into());
        }
    };
    let item = row::chunk(chunk, at.node);
    out::one(&desk.style, &CHUNKS, &item, |style| tell(&item, style))?;
    Ok(Exit::Ok)
}

fn tell(item: &Value, style: &Style) -> String {
    let why = item["why"].as_str().map_or_else(String::new, |_| format!(": {}", text(item, "why")));
    let lines = [
        format!("{}  {}{why}", text(item, "hash"), text(item, "state")),
        format!("  asset       {}", text(item, "asset")),
        format!("  size        {}", human::bytes(style, number(item, "bytes"))),
        format!("  node        {}, directory {}", text(item, "node"), text(item, "dir")),
        format!("  superblock  {}, record at {}", text(item, "superblock"), text(item, "offset")),
        format!("  sequence    {}", text(item, "sequence")),
    ];
    lines.join("\n") + "\n"
}

/// What came of verifying.
#[derive(Default)]
struct Verified {
    items: Vec<Value>,
    bad: Vec<Value>,
    intact: u64,
    intact_bytes: u64,
    damaged: u64,
    missing: u64,
    unreadable: u64,
}

async fn verify(args: VerifyArgs, desk: &Desk) -> anyhow::Result<Exit> {
    CHUNKS.check(&desk.style)?;
    let at = At::reach(&args.node, desk).await?;
    let mut names = Vec::new();
    for what in &args.what {
        names.extend(meant(what, &at, desk).await?);
    }
    let mut known = HashSet::new();
    names.retain(|name| known.insert((name.asset, name.hash.clone())));
    let board = Board::new(desk);
    let mut verified = Verified::default();
    {
        let task = board.task(&at.node.to_string());
        let total = if args.all { at.chunks(desk).await? } else { names.len() as u64 };
        task.stage("verifying", &at.node.to_string(), 0, total, "chunks");
        let mut done = 0;
        let mut on_each = |damaged: bool| {
            done += 1;
            task.set(done, total.max(done));
            if damaged {
                task.note("not all intact");
            }
        };
        if args.all {
            verify_all(&at, &mut verified, desk, &mut on_each).await?;
        } else {
            for some in names.chunks(VERIFY_CHUNKS) {
                verify_some(some.to_vec(), &at, &mut verified, desk, &mut on_each).await?;
            }
        }
    }
    drop(board);
    if matches!(desk.style.format, OutputFormat::Table | OutputFormat::Wide) {
        if !verified.bad.is_empty() {
            out::list(&desk.style, &CHUNKS, &verified.bad, None)?;
        } else {
            let size = human::bytes(&desk.style, verified.intact_bytes);
            out::write(&format!("✓ {} chunks intact on {}  {size}\n", verified.intact, at.node))?;
        }
    } else {
        out::list(&desk.style, &CHUNKS, &verified.items, None)?;
    }
    verified.verdict(at.node)?;
    Ok(Exit::Ok)
}

/// The chunks that a word means: those whose hash begins so, or those of a video.
async fn meant(what: &str, at: &At, desk: &Desk) -> Result<Vec<v1::ChunkName>, Failure> {
    if is_hash_prefix(what) {
        let found = find(what, None, at, desk).await?;
        if !found.is_empty() {
            return Ok(found.into_iter().map(|chunk| v1::ChunkName { asset: chunk.asset, hash: chunk.hash }).collect());
        }
        if what.len() > PREFIX_MIN {
            return Err(Failure::new(Code::NotFound, format!("no chunk `{what}` on {}", at.node))
                .hint(format!("list what is there: `vsctl chunk ls --node {}`", at.node)));
        }
    }
    let (asset, chunks) = chunks_of(what, desk).await?;
    Ok(chunks.iter().map(|chunk| name(asset, chunk.chunk.hash)).collect())
}

async fn verify_all(
    at: &At,
    verified: &mut Verified,
    desk: &Desk,
    on_each: &mut impl FnMut(bool),
) -> anyhow::Result<()> {
    let mut page_token = String::new();
    loop {
        let request = v1::ListChunksRequest { limit: PAGE_ITEMS_MAX, page_token, ..Default::default() };
        let page = desk.call("ListChunks", at.client.admin().list_chunks(request)).await?;
        let names: Vec<_> =
            page.items.into_iter().map(|chunk| v1::ChunkName { asset: chunk.asset, hash: chunk.hash }).collect();
        for some in names.chunks(VERIFY_CHUNKS) {
            verify_some(some.to_vec(), at, verified, desk, on_each).await?;
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(());
        }
    }
}

async fn verify_some(
    chunks: Vec<v1::ChunkName>,
    at: &At,
    verified: &mut Verified,
    desk: &Desk,
    on_each: &mut impl FnMut(bool),
) -> anyhow::Result<()> {
    let request = v1::VerifyChunksRequest { chunks };
    let mut answers = desk.call("VerifyChunks", at.client.admin().verify_chunks(request)).await?;
    let keep = !matches!(desk.style.format, OutputFormat::Table | OutputFormat::Wide);
    loop {
        let message = tokio::time::timeout(desk.left(), answers.message()).await;
        let slow = |_| Failure::new(Code::Timeout, format!("{} does not answer any more", at.node));
        let Some(chunk) = message.map_err(slow)?.map_err(|status| vs_wire::failure_from_status(&status))? else {
            return Ok(());
        };
        on_each(verified.add(&chunk, at.node, keep));
    }
}

impl Verified {
    /// Whether the chunk is bad.
    fn add(&mut self, chunk: &v1::ChunkInfo, node: NodeId, keep: bool) -> bool {
        let item = row::chunk(chunk, node);
        match chunk.state() {
            ChunkState::Intact => {
                self.intact += 1;
                self.intact_bytes += u64::from(chunk.bytes);
            }
            ChunkState::Missing => self.missing += 1,
            ChunkState::Unreadable => self.unreadable += 1,
            _ => self.damaged += 1,
        }
        let is_bad = chunk.state() != ChunkState::Intact;
        if is_bad {
            self.bad.push(item.clone());
        }
        if keep {
            self.items.push(item);
        }
        is_bad
    }

    fn verdict(&self, node: NodeId) -> Result<(), Failure> {
        let all = self.intact + self.damaged + self.missing + self.unreadable;
        if self.intact == all {
            return Ok(());
        }
        let counts = [(self.damaged, "damaged"), (self.missing, "missing"), (self.unreadable, "unreadable")];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
        let what = format!("{} of {all} chunks on {node}", counts.collect::<Vec<_>>().join(", "));
        let mut failure = Failure::new(Code::Integrity, what);
        let line = |item: &Value| format!("{}  {}  {}", text(item, "hash"), text(item, "asset"), text(item, "state"));
        failure.why.extend(self.bad.iter().take(NAMED_MAX).map(line));
        if self.bad.len() > NAMED_MAX {
            failure.why.push(format!("and {} more", self.bad.len() - NAMED_MAX));
        }
        Err(failure.hint(if self.damaged > 0 {
            format!("written again they are whole again; list them: `vsctl chunk ls --damaged --node {node}`")
        } else {
            "see which nodes there are with `vsctl node ls`, and ask another with `--node N`".to_owned()
        }))
    }
}
