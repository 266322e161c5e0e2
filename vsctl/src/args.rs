//! The command line: global flags, the tree of verbs, and the properties of a verb that the frame around it needs.

use clap::{Args, Command, CommandFactory, Parser, Subcommand};
use vs_client::cli::{self, Common, GLOBAL, OutputFormat, Program, ProgressWhen};
use vs_core::error::Exit;

use crate::{desk::Desk, verb};

/// Widest line of any help text, in characters.
pub const HELP_COLUMNS: usize = 80;

const AFTER_HELP: &str = "\
Examples:
  vsctl upload film.mp4 --title \"Big Buck Bunny\"
  vsctl ls --filter status=ready --sort -views
  vsctl status -e 127.0.0.1:7400

A video is named by its id, a unique prefix of it, its exact title, or @last.
Topics: `vsctl help consistency` tells what reads and changes promise.
Exit codes: 0 ok, 1 failed, 2 usage, 3 configuration, 4 not allowed,
5 not found, 6 conflict, 7 unavailable, 8 integrity, 9 partly done,
10 timed out, 11 no space, 12 not confirmed, 13 not supported.";

/// The operator's tool of V-Stack
#[derive(Debug, Parser)]
#[command(name = "vsctl", version = cli::version(), after_help = AFTER_HELP, max_term_width = HELP_COLUMNS)]
#[command(arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// Flags that every verb takes, beside those all clients share.
#[derive(Args, Clone, Debug)]
pub(crate) struct Global {
    /// How to write results
    #[arg(short, long, global = true, value_name = "FORMAT", value_enum, help_heading = GLOBAL)]
    pub(crate) output: Option<OutputFormat>,
    /// Same as -o json
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) json: bool,
    /// Show these columns or keys only
    #[arg(long, global = true, value_name = "A,B,…", value_delimiter = ',', help_heading = GLOBAL)]
    pub(crate) columns: Vec<String>,
    /// Leave out the header line
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) no_headers: bool,
    /// Exact sizes in tables
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) bytes: bool,
    /// Exact times in tables, in UTC
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) utc: bool,
    /// Do not ask before severe acts
    #[arg(short, long, global = true, help_heading = GLOBAL)]
    pub(crate) yes: bool,
    /// Never ask anything; what would need an answer is refused
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) no_input: bool,
    /// Say what would be done, change nothing
    #[arg(long, global = true, help_heading = GLOBAL)]
    pub(crate) dry_run: bool,
    /// Print ids only, and say nothing else
    #[arg(short, long, global = true, help_heading = GLOBAL)]
    pub(crate) quiet: bool,
    /// How to show progress
    #[arg(long, global = true, value_name = "HOW", value_enum, help_heading = GLOBAL)]
    pub(crate) progress: Option<ProgressWhen>,
}

/// The flags of [`Global`] and their environment twins.
const TWINS: &[(&str, &str)] = &[
    ("output", "VSCTL_OUTPUT"),
    ("json", "VSCTL_JSON"),
    ("columns", "VSCTL_COLUMNS"),
    ("no_headers", "VSCTL_NO_HEADERS"),
    ("bytes", "VSCTL_BYTES"),
    ("utc", "VSCTL_UTC"),
    ("yes", "VSCTL_YES"),
    ("no_input", "VSCTL_NO_INPUT"),
    ("dry_run", "VSCTL_DRY_RUN"),
    ("quiet", "VSCTL_QUIET"),
    ("progress", "VSCTL_PROGRESS"),
];

/// The environment twin of a flag of [`Global`].
pub(crate) fn global_twin(id: &str) -> Option<&'static str> {
    TWINS.iter().find(|(arg, _)| *arg == id).map(|(_, variable)| *variable)
}

/// The whole command line, from which help, man pages and completions are made as well.
#[must_use]
pub fn command() -> Command {
    let command = cli::twins(Cli::command(), Program::Vsctl);
    TWINS.iter().fold(command, |command, (id, variable)| command.mut_arg(id, |arg| cli::with_twin(arg, variable)))
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    #[command(alias = "create")]
    Upload(Box<verb::upload::UploadArgs>),
    #[command(alias = "list")]
    Ls(verb::ls::LsArgs),
    #[command(aliases = ["get", "describe"])]
    Show(verb::show::ShowArgs),
    #[command(aliases = ["delete", "remove"])]
    Rm(verb::rm::RmArgs),
    Download(verb::download::DownloadArgs),
    Status(verb::status::StatusArgs),
    #[command(subcommand)]
    Video(verb::video::VideoVerb),
    #[command(subcommand)]
    Session(verb::session::SessionVerb),
    #[command(subcommand)]
    Chunk(verb::chunk::ChunkVerb),
    #[command(subcommand)]
    Node(verb::node::NodeVerb),
    #[command(subcommand)]
    Layout(verb::layout::LayoutVerb),
    #[command(subcommand)]
    Cluster(verb::cluster::ClusterVerb),
    #[command(subcommand)]
    Redundancy(verb::redundancy::RedundancyVerb),
    #[command(subcommand)]
    Scrub(verb::scrub::ScrubVerb),
    #[command(subcommand)]
    Repair(verb::repair::RepairVerb),
    #[command(subcommand)]
    Rebalance(verb::rebalance::RebalanceVerb),
    #[command(subcommand)]
    Compact(verb::compact::CompactVerb),
    #[command(subcommand)]
    Job(verb::job::JobVerb),
    #[command(subcommand)]
    Settings(verb::settings::SettingsVerb),
    #[command(subcommand)]
    Lab(verb::lab::LabVerb),
    #[command(subcommand)]
    Config(verb::config::ConfigVerb),
    #[command(subcommand)]
    Context(verb::context::ContextVerb),
    Completions(verb::completions::CompletionsArgs),
    Man(verb::man::ManArgs),
    Version(verb::version::VersionArgs),
    #[command(hide = true, override_help = verb::topic::CONSISTENCY)]
    Consistency,
}

impl Verb {
    /// Whether the verb takes as long as its data or its watching does, unless a bound is given.
    pub(crate) fn is_unbounded(&self) -> bool {
        match self {
            Self::Upload(_) | Self::Download(_) | Self::Session(verb::session::SessionVerb::Resume(_)) => true,
            Self::Chunk(verb::chunk::ChunkVerb::Verify(_)) | Self::Lab(_) => true,
            Self::Scrub(verb) => verb.waits(),
            Self::Node(verb) => verb.waits(),
            Self::Cluster(verb::cluster::ClusterVerb::Watch(_)) | Self::Job(verb::job::JobVerb::Watch(_)) => true,
            Self::Ls(args) | Self::Video(verb::video::VideoVerb::Ls(args)) => args.watch,
            _ => false,
        }
    }

    /// Whether the verb can do without the configuration file, if only to mend it.
    pub(crate) fn is_offline(&self) -> bool {
        let repairs = matches!(self, Self::Config(verb::config::ConfigVerb::Path(_)) | Self::Context(_));
        repairs || matches!(self, Self::Completions(_) | Self::Man(_) | Self::Version(_) | Self::Consistency)
    }

    pub(crate) async fn run(self, desk: &Desk) -> anyhow::Result<Exit> {
        match self {
            Self::Upload(args) => verb::upload::run(*args, desk).await,
            Self::Ls(args) => verb::ls::run(args, desk).await,
            Self::Show(args) => verb::show::run(args, desk).await,
            Self::Rm(args) => verb::rm::run(args, desk).await,
            Self::Download(args) => verb::download::run(args, desk).await,
            Self::Status(args) => verb::status::run(args, desk).await,
            Self::Video(verb) => verb::video::run(verb, desk).await,
            Self::Session(verb) => verb::session::run(verb, desk).await,
            Self::Chunk(verb) => verb::chunk::run(verb, desk).await,
            Self::Node(verb) => verb::node::run(verb, desk).await,
            Self::Layout(verb) => verb::layout::run(verb, desk).await,
            Self::Cluster(verb) => verb::cluster::run(verb, desk).await,
            Self::Redundancy(verb) => verb::redundancy::run(verb, desk).await,
            Self::Scrub(verb) => verb::scrub::run(verb, desk).await,
            Self::Repair(verb) => verb::repair::run(verb, desk).await,
            Self::Rebalance(verb) => verb::rebalance::run(verb, desk).await,
            Self::Compact(verb) => verb::compact::run(verb, desk).await,
            Self::Job(verb) => verb::job::run(verb, desk).await,
            Self::Settings(verb) => verb::settings::run(verb, desk).await,
            Self::Lab(verb) => verb::lab::run(verb, desk).await,
            Self::Config(verb) => verb::config::run(verb, desk),
            Self::Context(verb) => verb::context::run(verb, desk),
            Self::Completions(args) => verb::completions::run(&args),
            Self::Man(args) => verb::man::run(&args, desk),
            Self::Version(args) => verb::version::run(&args, desk),
            Self::Consistency => verb::topic::run(verb::topic::CONSISTENCY),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each(command: &Command, path: &str, check: &mut impl FnMut(&mut Command, &str)) {
        let path = format!("{path} {}", command.get_name());
        check(&mut command.clone(), path.trim());
        // Topics are texts.
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help" && !sub.is_hide_set()) {
            each(sub, &path, check);
        }
    }

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn every_command_has_two_examples_and_a_help_of_80_columns() {
        let mut built = command();
        built.build();
        each(&built, "", &mut |command, path| {
            let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let lines = examples.lines().filter(|line| line.contains(path)).count();
            assert!(lines >= 2, "`{path}` has {lines} examples: {examples}");
            for help in [command.render_help().to_string(), command.render_long_help().to_string()] {
                for line in help.lines() {
                    assert!(line.chars().count() <= HELP_COLUMNS, "`{path}`: {line}");
                }
            }
        });
    }

    #[test]
    fn every_global_flag_has_its_twin() {
        for arg in command().get_arguments().filter(|arg| arg.is_global_set()) {
            let expected = format!("VSCTL_{}", arg.get_id().as_str().to_uppercase());
            assert_eq!(arg.get_env().and_then(|name| name.to_str()), Some(expected.as_str()));
        }
    }

    #[test]
    fn examples_parse() {
        let mut built = command();
        built.build();
        each(&built, "", &mut |each, _| {
            let text = each.get_after_help().map(ToString::to_string).unwrap_or_default();
            for line in text.lines().map(str::trim).filter(|line| line.starts_with("vsctl ")) {
                let line = line.split(" | ").next().unwrap_or_default().split(" > ").next().unwrap_or_default();
                if let Err(error) = command().try_get_matches_from(words(line)) {
                    assert!(!error.use_stderr(), "{line}: {error}");
                }
            }
        });
    }

    /// Words of a shell line, with quotes.
    fn words(line: &str) -> Vec<String> {
        let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
        for char in line.chars() {
            match (char, quote) {
                (' ', None) => words.push(std::mem::take(&mut word)),
                ('"' | '\'', None) => quote = Some(char),
                (char, Some(open)) if char == open => quote = None,
                (char, _) => word.push(char),
            }
        }
        words.push(word);
        words
    }
}
