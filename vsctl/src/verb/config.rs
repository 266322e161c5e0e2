//! `vsctl config …`: what holds here, where each value came from, and the defaults in the configuration file.

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use vs_client::{cli::Program, context};
use vs_core::{
    error::{Code, Exit, Failure},
    text::shown,
    unit::human_duration,
};

use crate::{
    config_file::ConfigFile,
    desk::Desk,
    out::{self, Column, Kind, human::text},
};

const AFTER_HELP: &str = "\
Examples:
  vsctl config view --origin
  vsctl config set timeout 1min

A value is taken from the first of: flag, environment, context, file, default.
Keys: endpoints timeout stale color output progress bytes utc.";
const VIEW_AFTER_HELP: &str = "\
Examples:
  vsctl config view --origin
  vsctl config view -C home -o json";
const GET_AFTER_HELP: &str = "\
Examples:
  vsctl config get endpoints
  vsctl config get timeout -C home";
const SET_AFTER_HELP: &str = "\
Examples:
  vsctl config set output wide
  vsctl config set timeout 1min --for home";
const UNSET_AFTER_HELP: &str = "\
Examples:
  vsctl config unset output
  vsctl config unset timeout --for home";
const PATH_AFTER_HELP: &str = "\
Examples:
  vsctl config path
  vsctl config path -o json";

/// Show and change settings
#[derive(Debug, Subcommand)]
#[command(after_help = AFTER_HELP)]
pub(crate) enum ConfigVerb {
    View(ViewArgs),
    Get(GetArgs),
    Set(SetArgs),
    Unset(UnsetArgs),
    Path(PathArgs),
}

/// Show every setting as it holds now
#[derive(Args, Debug)]
#[command(after_help = VIEW_AFTER_HELP)]
pub(crate) struct ViewArgs {
    /// Show where each value came from
    #[arg(long)]
    origin: bool,
}

/// Print one setting as it holds now
#[derive(Args, Debug)]
#[command(after_help = GET_AFTER_HELP)]
pub(crate) struct GetArgs {
    /// Which setting
    key: String,
}

/// Set a default, or a value of one context
#[derive(Args, Debug)]
#[command(after_help = SET_AFTER_HELP)]
pub(crate) struct SetArgs {
    /// Which setting
    key: String,
    /// Its value; endpoints are separated by commas
    value: String,
    /// For this context only
    #[arg(long = "for", value_name = "CONTEXT")]
    only: Option<String>,
}

/// Remove a default, or a value of one context
#[derive(Args, Debug)]
#[command(after_help = UNSET_AFTER_HELP)]
pub(crate) struct UnsetArgs {
    /// Which setting
    key: String,
    /// For this context only
    #[arg(long = "for", value_name = "CONTEXT")]
    only: Option<String>,
}

/// Print where the configuration file is
#[derive(Args, Debug)]
#[command(after_help = PATH_AFTER_HELP)]
pub(crate) struct PathArgs {}

static SETTINGS: Kind = Kind {
    id: "key",
    keys: &["key", "value"],
    columns: &[
        Column { key: "key", heading: "KEY", wide: false, right: false, show: |s, _| text(s, "key") },
        Column { key: "value", heading: "VALUE", wide: false, right: false, show: |s, _| text(s, "value") },
    ],
};

static SETTINGS_WITH_ORIGIN: Kind = Kind {
    id: "key",
    keys: &["key", "value", "origin"],
    columns: &[
        Column { key: "key", heading: "KEY", wide: false, right: false, show: |s, _| text(s, "key") },
        Column { key: "value", heading: "VALUE", wide: false, right: false, show: |s, _| text(s, "value") },
        Column { key: "origin", heading: "ORIGIN", wide: false, right: false, show: |s, _| text(s, "origin") },
    ],
};

static PATHS: Kind = Kind { id: "path", keys: &["path", "exists"], columns: &[] };

pub(crate) fn run(verb: ConfigVerb, desk: &Desk) -> anyhow::Result<Exit> {
    match verb {
        ConfigVerb::View(args) => view(&args, desk),
        ConfigVerb::Get(args) => get(&args, desk),
        ConfigVerb::Set(args) => {
            change(args.only.as_deref(), desk, |file, context| file.set(context, &args.key, &args.value))
        }
        ConfigVerb::Unset(args) => change(args.only.as_deref(), desk, |file, context| file.unset(context, &args.key)),
        ConfigVerb::Path(PathArgs {}) => path(desk),
    }
}

/// Every setting with its value and origin, in the order of their documentation, after the context they came from.
fn settled(desk: &Desk) -> Vec<Value> {
    let connection = &desk.connection;
    let row = |key: &str, value: Value, origin: String| json!({ "key": key, "value": value, "origin": origin });
    let context = connection.context.as_ref();
    let origin = context.map_or_else(|| "default".to_owned(), |context| context.origin.to_string());
    let endpoints = &connection.endpoints;
    vec![
        row("context", json!(context.map(|context| &context.value)), origin),
        row("endpoints", endpoints.value.join(",").into(), endpoints.origin.to_string()),
        row("timeout", human_duration(connection.timeout.value).into(), connection.timeout.origin.to_string()),
        row("stale", connection.stale.value.into(), connection.stale.origin.to_string()),
        row("color", connection.color.value.to_string().into(), connection.color.origin.to_string()),
        row("output", desk.output.value.to_string().into(), desk.output.origin.to_string()),
        row("progress", desk.progress.value.to_string().into(), desk.progress.origin.to_string()),
        row("bytes", desk.exact_bytes.value.into(), desk.exact_bytes.origin.to_string()),
        row("utc", desk.exact_times.value.into(), desk.exact_times.origin.to_string()),
    ]
}

fn view(args: &ViewArgs, desk: &Desk) -> anyhow::Result<Exit> {
    let mut items = settled(desk);
    if args.origin {
        out::list(&desk.style, &SETTINGS_WITH_ORIGIN, &items, None)?;
        return Ok(Exit::Ok);
    }
    for item in items.iter_mut().filter_map(Value::as_object_mut) {
        item.remove("origin");
    }
    out::list(&desk.style, &SETTINGS, &items, None)?;
    Ok(Exit::Ok)
}

fn get(args: &GetArgs, desk: &Desk) -> anyhow::Result<Exit> {
    let items = settled(desk);
    let item = items.iter().find(|item| item["key"] == args.key.as_str()).ok_or_else(|| {
        let keys: Vec<_> = items.iter().map(|item| text(item, "key")).collect();
        Failure::new(Code::Invalid, format!("no setting `{}`", args.key))
            .because(format!("there are {}", keys.join(", ")))
            .hint("see all: `vsctl config view`")
    })?;
    out::one(&desk.style, &SETTINGS_WITH_ORIGIN, item, |_| text(item, "value") + "\n")?;
    Ok(Exit::Ok)
}

fn change(
    context: Option<&str>,
    desk: &Desk,
    act: impl FnOnce(&mut ConfigFile, Option<&str>) -> Result<(), Failure>,
) -> anyhow::Result<Exit> {
    let mut file = ConfigFile::open()?;
    if let Some(context) = context {
        file.config()?.context(context)?;
    }
    act(&mut file, context)?;
    commit(&file, desk)
}

/// Saves a changed file, or says what it would be.
pub(crate) fn commit(file: &ConfigFile, desk: &Desk) -> anyhow::Result<Exit> {
    if desk.dry_run {
        let lines: Vec<_> = file.text().lines().map(shown).collect();
        let path = shown(&context::path(Program::Vsctl)?.display().to_string());
        desk.plan(&format!("plan: {path} would be\n  {}", lines.join("\n  ")));
    } else {
        file.save()?;
    }
    Ok(Exit::Ok)
}

fn path(desk: &Desk) -> anyhow::Result<Exit> {
    let path = context::path(Program::Vsctl)?;
    let item = json!({ "path": path.display().to_string(), "exists": path.exists() });
    out::one(&desk.style, &PATHS, &item, |_| format!("{}\n", path.display()))?;
    Ok(Exit::Ok)
}
