//! `vsctl redundancy …`: how videos are kept, how the policy would keep them, and what that costs.

use std::collections::{BTreeMap, HashSet};

use clap::{Args, Subcommand};
use clap_complete::ArgValueCompleter;
use vs_client::{Client, cli::OutputFormat};
use vs_core::{
    error::{Exit, Failure},
    layout::Scheme,
    limit::{PAGE_ITEMS_MAX, STRIPE_DATA, STRIPE_PARITY},
    text::shown,
};
use vs_wire::v1;

use crate::{
    complete,
    desk::Desk,
    out::{self, human},
    row::{self, EFFICIENCIES, REDUNDANCIES, short_id},
    upload::options::Redundancy,
    verb::rm::conclude,
};

const AFTER_HELP: &str = "\
Examples:
  vsctl redundancy show @last
  vsctl redundancy set 8f3c2a1e erasure";
const SHOW_AFTER_HELP: &str = "\
Examples:
  vsctl redundancy show
  vsctl redundancy show @last -o json";
const SET_AFTER_HELP: &str = "\
Examples:
  vsctl redundancy set 8f3c2a1e 77aa01bc erasure
  vsctl redundancy set @last replicate:5 --dry-run

The cluster rewrites the videos in the background: `vsctl job ls`. A scheme that
needs more nodes than there are is deferred until they come.";
const CLEAR_AFTER_HELP: &str = "\
Examples:
  vsctl redundancy clear 8f3c2a1e
  vsctl redundancy clear @last --dry-run

The policy decides again, by age and views.";
const RECOMMEND_AFTER_HELP: &str = "\
Examples:
  vsctl redundancy recommend
  vsctl redundancy recommend -o json";
const EFFICIENCY_AFTER_HELP: &str = "\
Examples:
  vsctl redundancy efficiency
  vsctl redundancy efficiency -o json

What is measured also has init segments, parity of short stripes, and what is
still owed.";

/// Videos listed unless told otherwise.
const LIMIT: u32 = 100;

/// How videos are kept, and what that costs
#[derive(Debug, Subcommand)]
#[command(after_help = AFTER_HELP)]
pub(crate) enum RedundancyVerb {
    #[command(aliases = ["get", "describe", "ls", "list"])]
    Show(ShowArgs),
    Set(SetArgs),
    Clear(ClearArgs),
    Recommend(RecommendArgs),
    Efficiency(EfficiencyArgs),
}

/// Show how videos are kept, how they should be, and why
#[derive(Args, Debug)]
#[command(after_help = SHOW_AFTER_HELP)]
pub(crate) struct ShowArgs {
    /// Ids, unique prefixes, exact titles or @last [default: all]
    #[arg(value_name = "VIDEO", add = ArgValueCompleter::new(complete::videos))]
    videos: Vec<String>,
    /// List at most this many
    #[arg(long, value_name = "N", default_value_t = LIMIT, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Go on where the last page ended
    #[arg(long, value_name = "TOKEN", conflicts_with = "videos")]
    page_token: Option<String>,
}

/// Choose how videos are kept, whatever the policy says
#[derive(Args, Debug)]
#[command(after_help = SET_AFTER_HELP)]
pub(crate) struct SetArgs {
    /// Ids, unique prefixes, exact titles or @last
    #[arg(value_name = "VIDEO", required = true, add = ArgValueCompleter::new(complete::videos))]
    videos: Vec<String>,
    /// auto, replicate:N or erasure
    #[arg(value_name = "SCHEME", required = true)]
    scheme: Redundancy,
}

/// Let the policy choose again how videos are kept
#[derive(Args, Debug)]
#[command(after_help = CLEAR_AFTER_HELP)]
pub(crate) struct ClearArgs {
    /// Ids, unique prefixes, exact titles or @last
    #[arg(value_name = "VIDEO", required = true, add = ArgValueCompleter::new(complete::videos))]
    videos: Vec<String>,
}

/// List the videos that should be kept otherwise than they are
#[derive(Args, Debug)]
#[command(after_help = RECOMMEND_AFTER_HELP)]
pub(crate) struct RecommendArgs {}

/// Compare what the schemes cost, on paper and in this library
#[derive(Args, Debug)]
#[command(after_help = EFFICIENCY_AFTER_HELP)]
pub(crate) struct EfficiencyArgs {}

pub(crate) async fn run(verb: RedundancyVerb, desk: &Desk) -> anyhow::Result<Exit> {
    match verb {
        RedundancyVerb::Show(args) => show(args, desk).await,
        RedundancyVerb::Set(args) => set(&args.videos, args.scheme, desk).await,
        RedundancyVerb::Clear(args) => set(&args.videos, Redundancy::Auto, desk).await,
        RedundancyVerb::Recommend(RecommendArgs {}) => recommend(desk).await,
        RedundancyVerb::Efficiency(EfficiencyArgs {}) => efficiency(desk).await,
    }
}

async fn page(
    video: String,
    limit: u32,
    page_token: String,
    desk: &Desk,
) -> Result<v1::ListRedundancyResponse, Failure> {
    let request = v1::ListRedundancyRequest { consistency: desk.consistency(), video, limit, page_token };
    let list = |client: Client, request| async move { client.meta().list_redundancy(request).await };
    desk.ask("ListRedundancy", request, list).await
}

/// Of every video, at most `limit`; and where to go on.
async fn listed(limit: usize, from: String, desk: &Desk) -> Result<(Vec<v1::RedundancyInfo>, String), Failure> {
    let (mut items, mut token) = (Vec::new(), from);
    loop {
        let left = u32::try_from(limit - items.len()).unwrap_or(u32::MAX);
        let got = page(String::new(), left.min(PAGE_ITEMS_MAX), token, desk).await?;
        desk.say_age(got.age_ms.filter(|_| items.is_empty()));
        items.extend(got.items);
        token = got.next_page_token;
        if token.is_empty() || items.len() >= limit {
            return Ok((items, token));
        }
    }
}

async fn show(args: ShowArgs, desk: &Desk) -> anyhow::Result<Exit> {
    REDUNDANCIES.check(&desk.style)?;
    if !args.videos.is_empty() {
        return each(&args.videos, desk, false, async |video| {
            let answer = page(video, 1, String::new(), desk).await?;
            desk.say_age(answer.age_ms);
            Ok(answer.items.into_iter().next().unwrap_or_default())
        })
        .await;
    }
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let (items, next) = listed(limit, args.page_token.unwrap_or_default(), desk).await?;
    let rows: Vec<_> = items.iter().map(row::redundancy).collect();
    let next = Some(next).filter(|token| !token.is_empty());
    out::list(&desk.style, &REDUNDANCIES, &rows, next.as_deref())?;
    if let Some(next) = next.filter(|_| !matches!(desk.style.format, OutputFormat::Json | OutputFormat::Yaml)) {
        desk.say(&format!("more: add `--page-token {next}`, or raise `--limit`"));
    }
    Ok(Exit::Ok)
}

async fn set(videos: &[String], scheme: Redundancy, desk: &Desk) -> anyhow::Result<Exit> {
    REDUNDANCIES.check(&desk.style)?;
    each(videos, desk, true, async |video| {
        let request = v1::SetRedundancyRequest { video, redundancy: scheme.to_string(), dry_run: desk.dry_run };
        let set = |client: Client, request| async move { client.meta().set_redundancy(request).await };
        let info = desk.change("SetRedundancy", request, set).await?;
        let told = told(&info);
        if desk.dry_run {
            desk.plan(&format!("plan: {told}"));
        } else {
            desk.say(&format!("✓ {told}"));
        }
        Ok(info)
    })
    .await
}

/// `Big Buck Bunny (8f3c2a1e): erasure, now replicate(3)  (erasure deferred: 5 nodes needed, 3 up)`.
fn told(info: &v1::RedundancyInfo) -> String {
    let item = row::redundancy(info);
    let (now, wanted) = (human::text(&item, "scheme"), human::text(&item, "wanted"));
    let step = if now == wanted { format!("is {now} already") } else { format!("{now} becomes {wanted}") };
    let note = if info.note.is_empty() { String::new() } else { format!("; {}", shown(&info.note)) };
    format!("{} ({}): {}, {step}{note}", shown(&info.title), short_id(&info.video), shown(&info.chosen))
}

/// Does one thing to several videos; a failure does not keep the others from it. Of a change people were `told`
/// already.
async fn each(
    typed: &[String],
    desk: &Desk,
    told: bool,
    act: impl AsyncFn(String) -> Result<v1::RedundancyInfo, Failure>,
) -> anyhow::Result<Exit> {
    let (mut rows, mut failures) = (Vec::new(), Vec::new());
    for typed in typed {
        let acted = match desk.video_name(typed).await {
            Ok(name) => act(name).await,
            Err(failure) => Err(failure),
        };
        match acted {
            Ok(info) => rows.push(row::redundancy(&info)),
            Err(failure) => failures.push(failure),
        }
    }
    let is_told = told && desk.style.format == OutputFormat::Table && desk.style.columns.is_empty();
    if !is_told && (!rows.is_empty() || failures.is_empty()) {
        out::list(&desk.style, &REDUNDANCIES, &rows, None)?;
    }
    conclude(failures, rows.len(), desk)
}

async fn recommend(desk: &Desk) -> anyhow::Result<Exit> {
    REDUNDANCIES.check(&desk.style)?;
    let (mut items, _) = listed(usize::MAX, String::new(), desk).await?;
    items.retain(|info| info.wanted != info.scheme);
    let rows: Vec<_> = items.iter().map(row::redundancy).collect();
    out::list(&desk.style, &REDUNDANCIES, &rows, None)?;
    let mut assets = HashSet::new();
    items.retain(|info| assets.insert(info.asset));
    let now = items.iter().map(|info| info.physical_bytes).sum::<u64>();
    let then = items.iter().map(|info| info.wanted_bytes).sum::<u64>();
    if desk.style.format == OutputFormat::Table {
        desk.say(&match (rows.len(), now.checked_sub(then)) {
            (0, _) => "every video is kept as it should be".to_owned(),
            (_, Some(less)) => format!("about {} less on disks", human::bytes(&desk.style, less)),
            (_, None) => format!("about {} more on disks", human::bytes(&desk.style, then - now)),
        });
    }
    Ok(Exit::Ok)
}

/// What is kept in one way: videos, their bytes, and what disks hold for them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Measured {
    videos: u64,
    logical_bytes: u64,
    physical_bytes: u64,
}

async fn efficiency(desk: &Desk) -> anyhow::Result<Exit> {
    EFFICIENCIES.check(&desk.style)?;
    let (items, _) = listed(usize::MAX, String::new(), desk).await?;
    let row = |(scheme, kept): (Scheme, Measured)| {
        row::efficiency(scheme, kept.videos, kept.logical_bytes, kept.physical_bytes)
    };
    let rows: Vec<_> = measured(&items).into_iter().map(row).collect();
    out::list(&desk.style, &EFFICIENCIES, &rows, None)?;
    Ok(Exit::Ok)
}

/// Every scheme in use, and the two of the policy.
fn measured(items: &[v1::RedundancyInfo]) -> Vec<(Scheme, Measured)> {
    let numbers = |scheme: Scheme| match scheme {
        Scheme::Replicate(n) => (0, n),
        Scheme::Erasure { data, .. } => (1, data),
    };
    let stripe = |members: usize| u8::try_from(members).unwrap_or(u8::MAX);
    let policy = [Scheme::Replicate(3), Scheme::Erasure { data: stripe(STRIPE_DATA), parity: stripe(STRIPE_PARITY) }];
    let mut by_scheme: BTreeMap<_, _> = policy.map(|scheme| (numbers(scheme), (scheme, Measured::default()))).into();
    let mut assets = HashSet::new();
    for info in items {
        let Ok(scheme) = vs_wire::scheme_from_wire(info.scheme) else { continue };
        let (_, kept) = by_scheme.entry(numbers(scheme)).or_insert((scheme, Measured::default()));
        kept.videos += 1;
        // videos that share an asset share its bytes
        if assets.insert(info.asset) {
            kept.logical_bytes += info.logical_bytes;
            kept.physical_bytes += info.physical_bytes;
        }
    }
    by_scheme.into_values().collect()
}

#[cfg(test)]
mod tests {
    use vs_wire::scheme_to_wire;

    use super::*;

    #[test]
    fn videos_that_share_an_asset_share_its_bytes() {
        let info = |asset, scheme| v1::RedundancyInfo {
            asset,
            scheme: Some(scheme_to_wire(scheme)),
            logical_bytes: 10,
            physical_bytes: 20,
            ..v1::RedundancyInfo::default()
        };
        let two = Scheme::Replicate(2);
        let measured = measured(&[info(1, two), info(1, two), info(2, two)]);
        let kept = Measured { videos: 3, logical_bytes: 20, physical_bytes: 40 };
        let none = Measured::default();
        let coded = Scheme::Erasure { data: 3, parity: 2 };
        assert_eq!(measured, [(two, kept), (Scheme::Replicate(3), none), (coded, none)]);
    }
}
