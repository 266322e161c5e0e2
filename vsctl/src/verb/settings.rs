//! `vsctl settings`: what holds for the whole cluster: durations, rates and counts.

use clap::{Args, Subcommand};
use vs_core::{
    error::{Code, Exit, Failure},
    unit::{parse_duration, parse_rate},
};
use vs_wire::v1;

use crate::{
    desk::{Desk, millis},
    out,
    row::{self, BYTES_PER_SECOND, MILLISECONDS, SETTINGS},
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
  vsctl settings set repair.rate 50MiB/s --dry-run";
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
    /// The new value with its unit, as in 30d or 50MiB/s; a count has none
    value: String,
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
        SettingsVerb::Get(GetArgs { name }) => find(&name, desk).await?,
        SettingsVerb::Set(SetArgs { name, value }) => {
            let unit = find(&name, desk).await?.unit;
            set(name, Some(number(&value, &unit)?), desk).await?
        }
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

async fn find(name: &str, desk: &Desk) -> anyhow::Result<v1::Setting> {
    let unknown = || Failure::new(Code::NotFound, format!("no setting `{name}`")).hint("vsctl settings ls");
    Ok(all(desk).await?.into_iter().find(|setting| setting.name == name).ok_or_else(unknown)?)
}

/// What a person wrote, as a number of the setting's unit.
fn number(text: &str, unit: &str) -> Result<u64, Failure> {
    let invalid = |why: String| Failure::new(Code::Invalid, why);
    match unit {
        MILLISECONDS => parse_duration(text).map(millis).map_err(|error| invalid(error.to_string())),
        BYTES_PER_SECOND => parse_rate(text).map_err(|error| invalid(error.to_string())),
        _ => text.parse().map_err(|_| invalid(format!("`{text}` is not a number; write it like `1000`"))),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_in_the_unit_of_their_setting() {
        assert_eq!(number("5s", MILLISECONDS), Ok(5_000));
        assert_eq!(number("50MiB/s", BYTES_PER_SECOND), Ok(50 << 20));
        assert_eq!(number("800", "count"), Ok(800));
        for (text, unit) in [("800", MILLISECONDS), ("50MiB", BYTES_PER_SECOND), ("5s", "count"), ("-1", "count")] {
            assert_eq!(number(text, unit).map_err(|failure| failure.code), Err(Code::Invalid), "{text}");
        }
    }
}
