//! `vsctl version`: what this binary was built from.

use clap::Args;
use serde_json::json;
use vs_client::cli;
use vs_core::error::Exit;

use crate::{
    desk::Desk,
    out::{self, Kind},
};

const AFTER_HELP: &str = "\
Examples:
  vsctl version
  vsctl version -o json";

/// Print the version, with commit and date
#[derive(Args, Debug)]
#[command(after_help = AFTER_HELP)]
pub(crate) struct VersionArgs {}

static VERSION: Kind = Kind { id: "version", keys: &["name", "version", "commit", "date"], columns: &[] };

pub(crate) fn run(_: &VersionArgs, desk: &Desk) -> anyhow::Result<Exit> {
    let item = json!({
        "name": "vsctl",
        "version": cli::RELEASE,
        "commit": cli::commit(),
        "date": cli::commit_date(),
    });
    out::one(&desk.style, &VERSION, &item, |_| format!("vsctl {}\n", cli::version()))?;
    Ok(Exit::Ok)
}
