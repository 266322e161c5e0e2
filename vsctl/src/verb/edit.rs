//! `vsctl video edit`: title, description, tags.

use clap::Args;
use clap_complete::ArgValueCompleter;
use vs_core::{
    error::{Code, Exit, Failure},
    text::shown,
};
use vs_wire::v1;

use super::rm::each;
use crate::{complete, desk::Desk, row::short_id};

const AFTER_HELP: &str = "\
Examples:
  vsctl video edit 8f3c2a1e --title \"Big Buck Bunny\"
  vsctl video edit @last --tag genre=short --untag draft";

/// Change a video's title, description or tags
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct EditArgs {
    /// Id, unique prefix, exact title or @last
    #[arg(value_name = "ID", add = ArgValueCompleter::new(complete::videos))]
    id: String,
    /// The new title
    #[arg(long)]
    title: Option<String>,
    /// The new description; empty removes it
    #[arg(long)]
    description: Option<String>,
    /// Set a tag; may be repeated
    #[arg(long, value_name = "K[=V]")]
    tag: Vec<String>,
    /// Remove a tag; may be repeated
    #[arg(long, value_name = "K")]
    untag: Vec<String>,
    /// Refuse unless the video is at this revision
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    if_revision: u64,
}

pub(crate) async fn run(args: EditArgs, desk: &Desk) -> anyhow::Result<Exit> {
    let nothing = args.title.is_none() && args.description.is_none() && args.tag.is_empty() && args.untag.is_empty();
    if nothing {
        return Err(Failure::new(Code::Invalid, "nothing to change")
            .hint("name what: `vsctl video edit ID --title TITLE`")
            .into());
    }
    let set_tags: Vec<_> = args.tag.iter().map(|text| vs_wire::tag(text)).collect();
    each(std::slice::from_ref(&args.id), desk, async |video| {
        let request = v1::EditVideoRequest {
            video,
            title: args.title.clone(),
            description: args.description.clone(),
            set_tags: set_tags.clone(),
            unset_tags: args.untag.clone(),
            if_revision: args.if_revision,
            dry_run: desk.dry_run,
        };
        let video = desk
            .change("EditVideo", request, |client, request| async move { client.meta().edit_video(request).await })
            .await?;
        let said = if desk.dry_run { "plan: change" } else { "✓ changed" };
        let tell = if desk.dry_run { Desk::plan } else { Desk::say };
        tell(desk, &format!("{said} {}  {}  revision {}", shown(&video.title), short_id(&video.id), video.revision));
        Ok(video)
    })
    .await
}
