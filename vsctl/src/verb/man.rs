//! `vsctl man`: the manual, a page a command, into a folder.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;
use vs_client::cli::docs;
use vs_core::{
    error::{Code, Exit, Failure},
    text::shown,
};

use crate::{
    args::command,
    desk::Desk,
    out::{self, Column, Kind, human::text},
};

const AFTER_HELP: &str = "\
Examples:
  vsctl man ~/.local/share/man/man1
  vsctl man /tmp/pages --dry-run";

/// Write the manual pages into a folder
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct ManArgs {
    /// The folder, made where it is missing
    #[arg(value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    dir: PathBuf,
}

static PAGES: Kind = Kind {
    id: "path",
    keys: &["path"],
    columns: &[Column { key: "path", heading: "PATH", wide: false, right: false, show: |page, _| text(page, "path") }],
};

pub(crate) fn run(args: &ManArgs, desk: &Desk) -> anyhow::Result<Exit> {
    PAGES.check(&desk.style)?;
    let pages = docs::man_pages(&command())?;
    if !desk.dry_run {
        docs::write_all(&args.dir, &pages).map_err(|error| {
            Failure::new(Code::LocalFile, format!("cannot write to {}", args.dir.display())).because(error)
        })?;
    }
    let items: Vec<_> =
        pages.iter().map(|(path, _)| json!({ "path": args.dir.join(path).display().to_string() })).collect();
    if desk.style.format == vs_client::cli::OutputFormat::Table && desk.style.columns.is_empty() && !desk.dry_run {
        desk.say(&format!("✓ {} pages in {}", items.len(), shown(&args.dir.display().to_string())));
    } else {
        out::list(&desk.style, &PAGES, &items, None)?;
    }
    Ok(Exit::Ok)
}
