//! `vsctl video …`: the library's verbs, those used daily among them.

use clap::Subcommand;
use vs_core::error::Exit;

use super::{edit, ls, purge, restore, rm, show};
use crate::desk::Desk;

const AFTER_HELP: &str = "\
Examples:
  vsctl video ls --filter status=trashed
  vsctl video edit 8f3c2a1e --title \"Big Buck Bunny\"";

/// List, show, edit, remove and restore videos
#[derive(Debug, Subcommand)]
#[command(after_help = AFTER_HELP)]
pub(crate) enum VideoVerb {
    #[command(
        alias = "list",
        after_help = "\
Examples:
  vsctl video ls --sort -created_at --limit 10
  vsctl video ls --filter 'tag=genre=short,views>1000' -o csv"
    )]
    Ls(ls::LsArgs),
    #[command(aliases = ["get", "describe"], after_help = "\
Examples:
  vsctl video show @last
  vsctl video show \"Big Buck Bunny\" -o json")]
    Show(show::ShowArgs),
    Edit(edit::EditArgs),
    #[command(aliases = ["delete", "remove"], after_help = "\
Examples:
  vsctl video rm 8f3c2a1e
  vsctl video rm @last --dry-run")]
    Rm(rm::RmArgs),
    Restore(restore::RestoreArgs),
    Purge(purge::PurgeArgs),
}

pub(crate) async fn run(verb: VideoVerb, desk: &Desk) -> anyhow::Result<Exit> {
    match verb {
        VideoVerb::Ls(args) => ls::run(args, desk).await,
        VideoVerb::Show(args) => show::run(args, desk).await,
        VideoVerb::Edit(args) => edit::run(args, desk).await,
        VideoVerb::Rm(args) => rm::run(args, desk).await,
        VideoVerb::Restore(args) => restore::run(args, desk).await,
        VideoVerb::Purge(args) => purge::run(args, desk).await,
    }
}
