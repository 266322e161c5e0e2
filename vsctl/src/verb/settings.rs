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
    row::{self, BYTES_PER_SECOND, MILLISECONDS, SETTINGS, quantity},
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
            let number = number(&value, &find(&name, desk).await?)?;
            set(name, Some(number), desk).await?
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

/// What a person wrote, as a number of the setting's unit and within its range.
fn number(text: &str, setting: &v1::Setting) -> Result<u64, Failure> {
    let v1::Setting { name, unit, default, min, max, .. } = setting;
    let invalid = |why: String, better: &str| {
        // no space, or it is two arguments
        let better = better.replace(' ', "");
        Failure::new(Code::Invalid, why).hint(format!("`vsctl settings set {name} {better}`"))
    };
    let usual = || quantity(*default, unit);
    let read = match unit.as_str() {
        MILLISECONDS => parse_duration(text).map(millis).map_err(|error| error.to_string()),
        BYTES_PER_SECOND => parse_rate(text).map_err(|error| error.to_string()),
        _ => text.parse().map_err(|_| format!("`{text}` is not a number; write it like `1000`")),
    };
    let number = read.map_err(|why| {
        // as a rule only the unit was forgotten
        let better = match (text.parse::<u64>(), unit.as_str()) {
            (Ok(_), MILLISECONDS) => format!("{text}s"),
            (Ok(_), BYTES_PER_SECOND) => format!("{text}MiB/s"),
            _ => usual(),
        };
        invalid(why, &better)
    })?;
    if (*min..=*max).contains(&number) {
        return Ok(number);
    }
    let range = format!("{name} must lie between {} and {}", quantity(*min, unit), quantity(*max, unit));
    Err(invalid(range, &quantity(number.clamp(*min, *max), unit)))
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

    fn setting(name: &str, unit: &str, min: u64, max: u64) -> v1::Setting {
        let (name, unit) = (name.to_owned(), unit.to_owned());
        v1::Setting { name, unit, default: max / 2, min, max, ..v1::Setting::default() }
    }

    #[test]
    fn values_are_read_in_the_unit_of_their_setting() {
        let day = 86_400_000;
        let grace = setting("repair.grace", MILLISECONDS, 1_000, 30 * day);
        let rate = setting("repair.rate", BYTES_PER_SECOND, 64 << 10, 1 << 40);
        let views = setting("policy.hot_views", "count", 0, 1_000);
        assert_eq!(number("5s", &grace), Ok(5_000));
        assert_eq!(number("50MiB/s", &rate), Ok(50 << 20));
        assert_eq!(number("800", &views), Ok(800));
        let refused = [
            ("5", &grace, "repair.grace 5s"),
            ("soon", &grace, "repair.grace 15d"),
            ("50", &rate, "repair.rate 50MiB/s"),
            ("50MiB", &rate, "repair.rate 512.0GiB/s"),
            ("5s", &views, "policy.hot_views 500"),
            ("-1", &views, "policy.hot_views 500"),
            ("31d", &grace, "repair.grace 30d"),
            ("5ms", &grace, "repair.grace 1s"),
            ("1B/s", &rate, "repair.rate 64.0KiB/s"),
        ];
        for (text, setting, better) in refused {
            let failure = number(text, setting).expect_err(text);
            assert_eq!((failure.code, failure.hint), (Code::Invalid, Some(format!("`vsctl settings set {better}`"))));
        }
        let what = number("31d", &grace).expect_err("too long").what;
        assert_eq!(what, "repair.grace must lie between 1s and 30d");
    }
}
