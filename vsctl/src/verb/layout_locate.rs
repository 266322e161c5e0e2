//! `vsctl layout locate`: where each chunk belongs by the layouts in force, and who has it.

use std::collections::{BTreeMap, HashMap, HashSet};

use clap::Args;
use clap_complete::ArgValueCompleter;
use futures::future::join_all;
use vs_client::{Client, film::Film};
use vs_core::{
    error::{Code, Exit, Failure},
    group::Group,
    hash::Hash,
    id::{AssetId, NodeId},
    limit::PAGE_ITEMS_MAX,
    manifest::{Displaced, Part},
};
use vs_wire::{Checked, v1};

use super::{chunk, node::At};
use crate::{
    complete,
    desk::Desk,
    out,
    row::{self, LOCATED, Located},
};

const AFTER_HELP: &str = "\
Examples:
  vsctl layout locate @last --track v0 --segment 3
  vsctl layout locate 2c26b46b68ff --check

Eight hexadecimal digits name a chunk if one begins so, and a video otherwise.
With --check it exits 9 when a node cannot be asked.";

/// Hashes that a node is asked about with one call.
const CHECK_HASHES: usize = 4_000;

/// Tell where each chunk of a video belongs
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct LocateArgs {
    /// A video, or the first 8 digits or more of a chunk's hash
    #[arg(value_name = "VIDEO|HASH", add = ArgValueCompleter::new(complete::videos))]
    what: String,
    /// Only chunks of this track
    #[arg(long, value_name = "NAME")]
    track: Option<String>,
    /// Only chunks of this segment, counted from 0
    #[arg(long, value_name = "N")]
    segment: Option<u32>,
    /// Ask every node what it has
    #[arg(long)]
    check: bool,
}

pub(crate) async fn run(args: &LocateArgs, desk: &Desk) -> anyhow::Result<Exit> {
    LOCATED.check(&desk.style)?;
    let (film, hashes) = meant(&args.what, desk).await?;
    desk.say_age(film.age.map(crate::desk::millis));
    let mut chunks = located(&film, args, desk).await?;
    chunks.retain(|chunk| hashes.as_ref().is_none_or(|hashes| hashes.contains(&chunk.hash)));
    let exit = if args.check { check(film.asset, &mut chunks, desk).await? } else { Exit::Ok };
    let rows: Vec<_> = chunks.iter().map(row::located).collect();
    out::list(&desk.style, &LOCATED, &rows, None)?;
    let astray = chunks.iter().filter(|chunk| !is_in_place(chunk)).count();
    if args.check {
        desk.say(&format!("{} of {} chunks are where they belong", chunks.len() - astray, chunks.len()));
    }
    Ok(if args.check && exit == Exit::Ok && astray > 0 { Exit::Failed } else { exit })
}

/// Whether every place, or its stand-in, has it.
fn is_in_place(chunk: &Located) -> bool {
    let holds = |node: &NodeId| chunk.holders.iter().flatten().any(|holder| *holder == (*node, STORED));
    let held = |place: &NodeId| {
        let displaced = chunk.displaced.iter().find(|(displaced, _)| displaced == place);
        holds(displaced.and_then(|(_, stand_in)| stand_in.as_ref()).unwrap_or(place))
    };
    chunk.places.iter().all(held)
}

/// The film, and of a beginning of a hash the chunks that are meant.
async fn meant(what: &str, desk: &Desk) -> Result<(Film, Option<HashSet<Hash>>), Failure> {
    let load = async |name: &str| Film::load_from(desk.reach(), name, desk.connection.stale.value, desk.left()).await;
    if chunk::is_hash_prefix(what) {
        let held = held_anywhere(what, desk).await?;
        if let Some((asset, hashes)) = held.into_iter().next() {
            return Ok((load(&shown_by(asset, desk).await?).await?, Some(hashes)));
        }
        if what.len() > chunk::PREFIX_MIN {
            return Err(Failure::new(Code::NotFound, format!("no node that answers has a chunk `{what}`")));
        }
    }
    Ok((load(&desk.video_name(what).await?).await?, None))
}

/// The chunks that begin so, on all nodes that answer, by their assets.
async fn held_anywhere(prefix: &str, desk: &Desk) -> Result<BTreeMap<AssetId, HashSet<Hash>>, Failure> {
    let nodes = At::reach_all(desk).await?;
    let find = async |at: Result<At, Failure>| chunk::find(prefix, None, &at?, desk).await;
    let found = join_all(nodes.into_iter().map(find)).await;
    let mut held = BTreeMap::<AssetId, HashSet<Hash>>::new();
    for info in found.into_iter().filter_map(Result::ok).flatten() {
        if let Ok(hash) = vs_wire::hash(&info.hash) {
            held.entry(AssetId(info.asset)).or_default().insert(hash);
        }
    }
    Ok(held)
}

/// A video of that asset.
async fn shown_by(asset: AssetId, desk: &Desk) -> Result<String, Failure> {
    let mut page_token = String::new();
    let statuses: Vec<i32> = row::STATUSES.map(Into::into).to_vec();
    loop {
        let consistency = desk.consistency();
        let request =
            v1::ListVideosRequest { consistency, limit: PAGE_ITEMS_MAX, page_token, statuses: statuses.clone() };
        let list = |client: Client, request| async move { client.meta().list_videos(request).await };
        let page = desk.ask("ListVideos", request, list).await?;
        if let Some(video) = page.items.into_iter().find(|video| video.asset == asset.0) {
            return Ok(video.id);
        }
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Err(Failure::new(Code::NotFound, format!("no video shows {asset}, whose chunk that is")));
        }
    }
}

async fn located(film: &Film, args: &LocateArgs, desk: &Desk) -> Result<Vec<Located>, Failure> {
    if let Some(name) = args.track.as_ref().filter(|name| film.track(name).is_none()) {
        let mut failure = Failure::new(Code::NotFound, format!("no track `{name}`"));
        failure.why.extend(film.tracks.iter().map(|track| track.name.clone()));
        return Err(failure);
    }
    let still_displaced = is_displaced(film, desk).await?;
    let mut all = Vec::new();
    for track in film.tracks.iter().filter(|track| args.track.as_ref().is_none_or(|name| *name == track.name)) {
        for (no, named) in (0..).zip(&track.parts) {
            let segments = named.first_segment..named.first_segment.saturating_add(named.segments);
            if args.segment.is_some_and(|wanted| !segments.contains(&wanted)) {
                continue;
            }
            let part = film.part(track, no).await?;
            all.extend(of_part(film, &part, still_displaced));
        }
    }
    all.retain(|chunk| args.segment.is_none() || chunk.segment == args.segment);
    Ok(all)
}

/// Whether what the parts say of stand-ins and owed members still holds: repair settles all of it in one step.
async fn is_displaced(film: &Film, desk: &Desk) -> Result<bool, Failure> {
    let (consistency, video) = (desk.consistency(), film.id.to_string());
    let request = v1::ListRedundancyRequest { consistency, video, ..v1::ListRedundancyRequest::default() };
    let list = |client: Client, request| async move { client.meta().list_redundancy(request).await };
    let answer = desk.ask("ListRedundancy", request, list).await?;
    Ok(answer.items.iter().any(|info| info.stand_ins + info.owed > 0))
}

/// The chunks of a part in play order, the parity of a stripe behind its data.
fn of_part(film: &Film, part: &Part, still_displaced: bool) -> Vec<Located> {
    let mut segments =
        (part.first_segment..).zip(&part.segments).flat_map(|(no, segment)| segment.chunks.iter().map(move |_| no));
    let displaced = if still_displaced { part.displaced.as_slice() } else { &[] };
    let of_group = |group: Group| {
        let members = group.members.len();
        let segments: Vec<_> = segments.by_ref().take(group.data).collect();
        let chunk = |member: usize| of_member(film, part, &group, member, segments.get(member).copied(), displaced);
        (0..members).map(chunk).collect::<Vec<_>>()
    };
    part.groups(film.asset, film.scheme).flat_map(of_group).collect()
}

fn of_member(
    film: &Film,
    part: &Part,
    group: &Group,
    member: usize,
    segment: Option<u32>,
    displaced: &[Displaced],
) -> Located {
    let places = |layout: &vs_core::layout::Layout| {
        let nodes = layout.place(&group.key, group.width);
        group.places_of(member).filter_map(|place| nodes.get(place).copied()).collect::<Vec<_>>()
    };
    let chunk = group.members[member];
    let by_since = film.layouts.first().map(&places).unwrap_or_default();
    let newer = film.layouts.iter().skip(1).map(|layout| (layout.epoch, places(layout)));
    let mut newer: Vec<_> = newer.filter(|(_, places)| *places != by_since).collect();
    newer.dedup_by(|later, earlier| later.1 == earlier.1);
    let displaced = displaced.iter().filter(|one| one.chunk == chunk.hash && by_since.contains(&one.place));
    Located {
        track: part.track.clone(),
        segment,
        stripe: group.is_stripe().then_some(group.key),
        hash: chunk.hash,
        bytes: chunk.bytes,
        since: film.layouts.first().map(|layout| layout.epoch).unwrap_or_default(),
        displaced: displaced.map(|one| (one.place, one.stand_in)).collect(),
        places: by_since,
        newer,
        holders: None,
    }
}

const STORED: &str = "stored";

/// What a node answered of a chunk; none when it does not have it.
fn state_name(state: Checked) -> Option<&'static str> {
    match state {
        Checked::Missing => None,
        Checked::Stored => Some(STORED),
        Checked::Damaged => Some("damaged"),
        Checked::Unreadable => Some("unreadable"),
    }
}

/// Asks every node what it has of these chunks.
async fn check(asset: AssetId, chunks: &mut [Located], desk: &Desk) -> Result<Exit, Failure> {
    let mut known = HashSet::new();
    let hashes: Vec<Hash> = chunks.iter().map(|chunk| chunk.hash).filter(|hash| known.insert(*hash)).collect();
    let ask = async |at: Result<At, Failure>| {
        let at = at?;
        let mut states = Vec::new();
        for some in hashes.chunks(CHECK_HASHES) {
            let hashes = some.iter().flat_map(|hash| hash.0).collect();
            let request = v1::CheckChunksRequest { asset: asset.0, hashes, index: 0, deep: false };
            states.extend(desk.call("CheckChunks", at.client.admin().check_chunks(request)).await?.states);
        }
        Ok::<_, Failure>((at.node, states))
    };
    let mut holders = HashMap::<Hash, Vec<(NodeId, &'static str)>>::new();
    let mut exit = Exit::Ok;
    for answer in join_all(At::reach_all(desk).await?.into_iter().map(ask)).await {
        match answer {
            Ok((node, states)) => {
                for (hash, state) in hashes.iter().zip(states) {
                    holders.entry(*hash).or_default().extend(state_name(state.into()).map(|state| (node, state)));
                }
            }
            Err(failure) => {
                desk.say(&format!("not asked: {failure}"));
                exit = Exit::Partial;
            }
        }
    }
    for chunk in chunks {
        chunk.holders = Some(holders.get(&chunk.hash).cloned().unwrap_or_default());
    }
    Ok(exit)
}
