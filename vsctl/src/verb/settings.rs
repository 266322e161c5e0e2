//! `vsctl settings`: what holds for the whole cluster, all of it durations.

use clap::{Args, Subcommand};
use vs_client::cli::positive_duration;
use vs_core::error::{Code, Exit, Failure};
use vs_wire::v1;

use crate::{
    desk::{Desk, millis},
    out,
    row::{self, SETTINGS},
};

const AFTER_HELP: &str = "\
Examples:
  vsctl settings ls
  vsctl settings set trash.keep 30d";
const LS_AFTER_HELP: &str = "\
Examples:
  vsctl settings ls
  vsctl settings ls -o json";
const GET_AFTER_HELP: &str = "\
Examples:
  vsctl settings get trash.keep
  vsctl settings get trash.keep -o json";
const SET_AFTER_HELP: &str = "\
Examples:
  vsctl settings set trash.keep 30d
  vsctl settings set upload.expiry 12h --dry-run";
const RESET_AFTER_HELP: &str = "\
Examples:
  vsctl settings reset trash.keep
  vsctl settings reset trash.keep --dry-run";

/// What holds for the whole cluster
#[derive(Debug, Subcommand)]
#[command(after_help = AFTER_HELP)]
pub(crate) enum SettingsVerb {
    #[command(alias = "list")]
    Ls(LsArgs),
    #[command(alias = "show")]
    Get(GetArgs),
    Set(SetArgs),
    Reset(ResetArgs),
}

/// List every setting with its default
#[derive(Args, Debug)]
#[command(after_help = LS_AFTER_HELP)]
pub(crate) struct LsArgs {}

/// Show one setting
#[derive(Args, Debug)]
#[command(after_help = GET_AFTER_HELP)]
pub(crate) struct GetArgs {
    /// As `settings ls` names it
    name: String,
}

/// Change a setting, at once and for all nodes
#[derive(Args, Debug)]
#[command(after_help = SET_AFTER_HELP)]
pub(crate) struct SetArgs {
    /// As `settings ls` names it
    name: String,
    /// The new value, with its unit
    #[arg(value_parser = positive_duration)]
    value: std::time::Duration,
}

/// Set back to the default
#[derive(Args, Debug)]
#[command(after_help = RESET_AFTER_HELP)]
pub(crate) struct ResetArgs {
    /// As `settings ls` names it
    name: String,
}

pub(crate) async fn run(verb: SettingsVerb, desk: &Desk) -> anyhow::Result<Exit> {
    SETTINGS.check(&desk.style)?;
    let one = match verb {
        SettingsVerb::Ls(LsArgs {}) => {
            let rows: Vec<_> = all(desk).await?.iter().map(row::setting).collect();
            out::list(&desk.style, &SETTINGS, &rows, None)?;
            return Ok(Exit::Ok);
        }
        SettingsVerb::Get(GetArgs { name }) => {
            let unknown = Failure::new(Code::NotFound, format!("no setting `{name}`")).hint("vsctl settings ls");
            all(desk).await?.into_iter().find(|setting| setting.name == name).ok_or(unknown)?
        }
        SettingsVerb::Set(args) => set(args.name, Some(millis(args.value)), desk).await?,
        SettingsVerb::Reset(args) => set(args.name, None, desk).await?,
    };
    let row = row::setting(&one);
    out::one(&desk.style, &SETTINGS, &row, |style| out::table(style, &SETTINGS, std::slice::from_ref(&row)))?;
    Ok(Exit::Ok)
}

async fn all(desk: &Desk) -> anyhow::Result<Vec<v1::Setting>> {
    let request = v1::ListSettingsRequest { consistency: desk.consistency() };
    Ok(desk
        .ask("ListSettings", request, |client, request| async move { client.admin().list_settings(request).await })
        .await?
        .items)
}

async fn set(name: String, value: Option<u64>, desk: &Desk) -> anyhow::Result<v1::Setting> {
    let request = v1::SetSettingRequest { name, value, dry_run: desk.dry_run };
    let setting = desk
        .change("SetSetting", request, |client, request| async move { client.admin().set_setting(request).await })
        .await?;
    if desk.dry_run {
        desk.plan(&format!("plan: set {} as follows", setting.name));
    }
    Ok(setting)
}
