//! `vsctl context …`: named clusters.

use clap::{Args, Subcommand};
use clap_complete::ArgValueCandidates;
use serde_json::{Value, json};
use vs_client::{
    cli::{Origin, OutputFormat, Program},
    context::{Config, Settings, check_context_name},
};
use vs_core::error::{Code, Exit, Failure};

use super::config::commit;
use crate::{
    complete,
    config_file::ConfigFile,
    desk::Desk,
    out::{self, Column, Kind, human::text},
};

const AFTER_HELP: &str = "\
Examples:
  vsctl context add home 192.168.1.10:7400
  vsctl context use home";
const LS_AFTER_HELP: &str = "\
Examples:
  vsctl context ls
  vsctl context ls -o json";
const ADD_AFTER_HELP: &str = "\
Examples:
  vsctl context add home 192.168.1.10:7400
  vsctl context add prod 10.0.0.11:7400,10.0.0.12:7400 --use";
const USE_AFTER_HELP: &str = "\
Examples:
  vsctl context use home
  vsctl context use prod --dry-run";
const RM_AFTER_HELP: &str = "\
Examples:
  vsctl context rm home
  vsctl context rm home --dry-run";

/// Name clusters and choose between them
#[derive(Debug, Subcommand)]
#[command(after_help = AFTER_HELP)]
pub(crate) enum ContextVerb {
    #[command(alias = "list")]
    Ls(LsArgs),
    #[command(alias = "create")]
    Add(AddArgs),
    Use(UseArgs),
    #[command(aliases = ["delete", "remove"])]
    Rm(RmArgs),
}

/// List contexts, the current one marked
#[derive(Args, Debug)]
#[command(after_help = LS_AFTER_HELP)]
pub(crate) struct LsArgs {}

/// Add a context, or change its endpoints
#[derive(Args, Debug)]
#[command(after_help = ADD_AFTER_HELP)]
pub(crate) struct AddArgs {
    /// Its name
    name: String,
    /// Nodes of the cluster
    #[arg(value_name = "HOST:PORT[,…]")]
    endpoints: String,
    /// Make it the current one
    #[arg(long = "use")]
    make_current: bool,
}

/// Make a context the current one
#[derive(Args, Debug)]
#[command(after_help = USE_AFTER_HELP)]
pub(crate) struct UseArgs {
    /// Which context
    #[arg(add = ArgValueCandidates::new(complete::contexts))]
    name: String,
}

/// Forget a context
#[derive(Args, Debug)]
#[command(after_help = RM_AFTER_HELP)]
pub(crate) struct RmArgs {
    /// Which context
    #[arg(add = ArgValueCandidates::new(complete::contexts))]
    name: String,
}

static CONTEXTS: Kind = Kind {
    id: "name",
    keys: &["name", "current", "endpoints"],
    columns: &[
        Column { key: "current", heading: "CURRENT", wide: false, right: false, show: show_current },
        Column { key: "name", heading: "NAME", wide: false, right: false, show: |c, _| text(c, "name") },
        Column { key: "endpoints", heading: "ENDPOINTS", wide: false, right: false, show: |c, _| endpoints(c) },
    ],
};

fn show_current(context: &Value, _: &out::Style) -> String {
    if context["current"] == true { "*".to_owned() } else { String::new() }
}

fn endpoints(context: &Value) -> String {
    let list = context["endpoints"].as_array().into_iter().flatten().filter_map(Value::as_str);
    vs_core::text::shown(&list.collect::<Vec<_>>().join(","))
}

pub(crate) fn run(verb: ContextVerb, desk: &Desk) -> anyhow::Result<Exit> {
    match verb {
        ContextVerb::Ls(LsArgs {}) => ls(desk),
        ContextVerb::Add(args) => add(&args, desk),
        ContextVerb::Use(args) => make_current(&args, desk),
        ContextVerb::Rm(args) => rm(&args, desk),
    }
}

fn ls(desk: &Desk) -> anyhow::Result<Exit> {
    // Read again: this command also runs where the current context is what is wrong.
    let config = Config::load(Program::Vsctl)?;
    let chosen = desk.connection.context.as_ref().filter(|context| context.origin != Origin::File);
    let current = chosen.map(|context| context.value.as_str()).or(config.current_name());
    let row = |(name, settings): (&String, &Settings)| {
        let is_current = Some(name.as_str()) == current;
        json!({ "name": name, "current": is_current, "endpoints": settings.endpoints })
    };
    let items: Vec<_> = config.contexts().iter().map(row).collect();
    out::list(&desk.style, &CONTEXTS, &items, None)?;
    if items.is_empty() && desk.style.format == OutputFormat::Table {
        desk.say("no contexts yet; add one: `vsctl context add NAME HOST:PORT`");
    }
    Ok(Exit::Ok)
}

fn add(args: &AddArgs, desk: &Desk) -> anyhow::Result<Exit> {
    check_context_name(&args.name).map_err(|why| Failure::new(Code::Invalid, why))?;
    let mut file = ConfigFile::open()?;
    let is_first = file.config()?.contexts().is_empty();
    file.set(Some(&args.name), "endpoints", &args.endpoints)?;
    if args.make_current || is_first {
        file.use_context(Some(&args.name));
    }
    commit(&file, desk)
}

fn make_current(args: &UseArgs, desk: &Desk) -> anyhow::Result<Exit> {
    let mut file = ConfigFile::open()?;
    file.config()?.context(&args.name)?;
    file.use_context(Some(&args.name));
    commit(&file, desk)
}

fn rm(args: &RmArgs, desk: &Desk) -> anyhow::Result<Exit> {
    let mut file = ConfigFile::open()?;
    let config = file.config()?;
    config.context(&args.name)?;
    if config.current_name() == Some(&args.name) {
        file.use_context(None);
    }
    file.remove_context(&args.name);
    commit(&file, desk)
}
