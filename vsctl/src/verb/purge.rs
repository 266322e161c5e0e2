//! `vsctl video purge`: for good. Asked for by name first, because nothing brings a purged video back.

use clap::Args;
use clap_complete::ArgValueCompleter;
use vs_client::Client;
use vs_core::{error::Exit, text::shown};
use vs_wire::v1;

use super::rm::each;
use crate::{complete, desk::Desk, out::human, row::short_id};

const AFTER_HELP: &str = "\
Examples:
  vsctl video purge 8f3c2a1e
  vsctl video purge 8f3c2a1e --yes";

/// Remove videos for good; asks first
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct PurgeArgs {
    /// Ids, unique prefixes, exact titles or @last
    #[arg(value_name = "ID", required = true, add = ArgValueCompleter::new(complete::all_videos))]
    ids: Vec<String>,
}

pub(crate) async fn run(args: PurgeArgs, desk: &Desk) -> anyhow::Result<Exit> {
    each(&args.ids, desk, async |video| {
        let call = |client: Client, request| async move { client.meta().purge_video(request).await };
        let planned = desk.ask("PurgeVideo", v1::VideoRef { video, dry_run: true }, call).await?;
        let size = human::bytes(&desk.style, planned.logical_bytes);
        let named = format!("{} ({}, {size})", shown(&planned.title), short_id(&planned.id));
        if desk.dry_run {
            desk.plan(&format!("plan: purge {named} for good"));
            return Ok(planned);
        }
        desk.confirm(&format!("purge {named} for good?")).await?;
        // By its id: what was confirmed, whatever the name means by now.
        let request = v1::VideoRef { video: planned.id, dry_run: false };
        let purged = desk.change("PurgeVideo", request, call).await?;
        desk.say(&format!("✓ purged {named}"));
        Ok(purged)
    })
    .await
}
