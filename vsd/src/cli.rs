//! The command line of `vsd`.

use std::{
    io::{ErrorKind, Write},
    net::SocketAddr,
    path::PathBuf,
    process::ExitCode,
};

use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use vs_client::cli::{ColorWhen, exit_code, parse, print_failure, version};
use vs_core::error::{Code, Exit, Failure};
use vsd_core::meta::Role;

use crate::{
    config::{Config, Sources},
    dev, fsck, inspect, recover, run, snapshot,
};

/// The V-Stack daemon: keeps and serves a video library.
#[derive(Debug, Parser)]
#[command(name = "vsd", version = version(), max_term_width = 80, arg_required_else_help = true)]
#[command(
    after_help = "Examples:\n  vsd dev                                  a throwaway library to try things out\n  \
                        vsd serve --bootstrap --data-dir /srv/v  the first node of a real one"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a node.
    #[command(after_help = "Examples:\n  vsd serve --bootstrap --data-dir /srv/v\n  \
                            vsd serve --join 10.0.0.11:7400 --data-dir /srv/v\n  \
                            vsd serve --config /etc/vsd.toml --set log.format=json")]
    Serve(ServeArgs),
    /// Run a library for trying things out; it is removed when this ends.
    #[command(after_help = "Examples:\n  vsd dev\n  vsd dev --dir /tmp/library --keep --port 7410")]
    Dev(dev::DevArgs),
    /// Check a configuration and say what is wrong with it.
    #[command(after_help = "Examples:\n  vsd check-config /etc/vsd.toml\n  vsd check-config --print-effective")]
    CheckConfig(CheckArgs),
    /// Check what a stopped node has on its disks.
    #[command(after_help = "Exits with 1 when something needs attention.\n\n\
                            Examples:\n  vsd fsck --data-dir /srv/v\n  vsd fsck --deep --fix --config /etc/vsd.toml")]
    Fsck(fsck::FsckArgs),
    /// Look into what a node has on its disks, also while it runs.
    #[command(
        subcommand,
        after_help = "Examples:\n  vsd inspect superblock 7 --data-dir /srv/v\n  \
                      vsd inspect chunk 3f2a9c01 --data-dir /srv/v"
    )]
    Inspect(inspect::InspectCommand),
    /// Keep the metadata of a stopped node in a file, and begin anew from such a file.
    #[command(
        subcommand,
        after_help = "Examples:\n  vsd snapshot save /backup/v.snapshot --data-dir /srv/v\n  \
                      vsd snapshot load /backup/v.snapshot --data-dir /srv/new"
    )]
    Snapshot(snapshot::SnapshotCommand),
    /// Go on with one node when most of those that decide are gone for good.
    #[command(after_help = "What only the lost nodes knew is gone. Start the lost nodes that come back with\n\
                            `vsd serve --join ADDR`: they bring their chunks.\n\n\
                            Examples:\n  vsd recover --force-new-cluster --dry-run --data-dir /srv/v\n  \
                            vsd recover --force-new-cluster --data-dir /srv/v")]
    Recover(recover::RecoverArgs),
}

/// Which node's disks.
#[derive(Debug, Args)]
pub(crate) struct WhereArgs {
    /// Configuration file of the node
    #[arg(long, value_name = "FILE", env = "VSD_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Data directory of the node
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
}

impl WhereArgs {
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        let dir = self.data_dir.as_ref().map(|dir| dir.to_string_lossy().into_owned());
        let overrides = dir.map(|dir| ("node.data_dir".to_owned(), dir)).into_iter().collect();
        Config::load(&Sources { file: self.config.clone(), environment: environment(), overrides })
    }
}

#[derive(Debug, Args)]
struct ServeArgs {
    /// Configuration file
    #[arg(long, value_name = "FILE", env = "VSD_CONFIG")]
    config: Option<PathBuf>,
    /// Roles of this node: metadata, storage, uploader
    #[arg(long = "role", value_name = "LIST", value_delimiter = ',')]
    roles: Vec<String>,
    /// Where metadata and chunks live
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The one port, for gRPC and chunks
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Where others reach this node
    #[arg(long, value_name = "ADDR")]
    advertise: Option<String>,
    /// Failure domain
    #[arg(long, value_name = "Z")]
    zone: Option<String>,
    /// Begin a new cluster in an empty data directory
    #[arg(long)]
    bootstrap: bool,
    /// Join the cluster that these nodes belong to, with an empty data directory
    #[arg(long, value_name = "ADDR", value_delimiter = ',', conflicts_with = "bootstrap", value_parser = host_port)]
    join: Vec<String>,
    /// Listen off loopback although nothing is encrypted
    #[arg(long)]
    insecure: bool,
    /// Any other key of the configuration
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    set: Vec<(String, String)>,
    /// Take faults from labs; the `vsd dev` that started this node answers there
    #[arg(long, value_name = "ADDR", hide = true)]
    dev_faults: Option<SocketAddr>,
}

#[derive(Debug, Args)]
struct CheckArgs {
    /// Configuration file
    file: Option<PathBuf>,
    /// Print every key with the value it has
    #[arg(long)]
    print_effective: bool,
}

fn host_port(text: &str) -> Result<String, String> {
    match text.rsplit_once(':') {
        Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok_and(|port| port > 0) => Ok(text.to_owned()),
        _ => Err("write it as HOST:PORT".to_owned()),
    }
}

fn key_value(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("write it as KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

impl ServeArgs {
    fn begin(&self) -> run::Begin {
        match () {
            () if self.bootstrap => run::Begin::Bootstrap,
            () if !self.join.is_empty() => run::Begin::Join(self.join.clone()),
            () => run::Begin::GoOn,
        }
    }

    fn sources(&self) -> Sources {
        let mut overrides = self.set.clone();
        let mut flag = |key: &str, value: Option<String>| overrides.extend(value.map(|value| (key.to_owned(), value)));
        flag("node.roles", (!self.roles.is_empty()).then(|| self.roles.join(",")));
        flag("node.data_dir", self.data_dir.as_ref().map(|dir| dir.to_string_lossy().into_owned()));
        flag("node.listen", self.listen.map(|addr| addr.to_string()));
        flag("node.advertise", self.advertise.clone());
        flag("node.zone", self.zone.clone());
        flag("node.insecure", self.insecure.then(|| "true".to_owned()));
        Sources { file: self.config.clone(), environment: environment(), overrides }
    }
}

fn environment() -> Vec<(String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| name.starts_with("VSD_"))
        .collect()
}

/// The whole command line, for man pages and completions.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs what the command line asks for.
#[must_use]
pub fn main() -> ExitCode {
    let matches = match parse(command()) {
        Ok(matches) => matches,
        Err(exit) => return exit,
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => error.exit(),
    };
    let ended = match cli.command {
        Command::Serve(args) => {
            Config::load(&args.sources()).and_then(|config| run::main(&config, &args.begin(), args.dev_faults))
        }
        Command::Dev(args) => dev::main(&args),
        Command::CheckConfig(args) => check(&args).map(|()| Exit::Ok),
        Command::Fsck(args) => fsck::main(&args),
        Command::Inspect(command) => inspect::main(&command).map(|()| Exit::Ok),
        Command::Snapshot(command) => snapshot::main(&command).map(|()| Exit::Ok),
        Command::Recover(args) => recover::main(&args).map(|()| Exit::Ok),
    };
    match ended {
        Ok(exit) => exit_code(exit),
        Err(failure) => {
            print_failure(&failure, ColorWhen::Auto);
            exit_code(failure.code.exit())
        }
    }
}

fn check(args: &CheckArgs) -> Result<(), Failure> {
    let sources = Sources { file: args.file.clone(), environment: environment(), overrides: Vec::new() };
    let config = Config::load(&sources)?;
    let answer = match &args.file {
        _ if args.print_effective => config.to_string(),
        Some(file) => format!("{} is valid\n", file.display()),
        None => "the configuration is valid\n".to_owned(),
    };
    print(&answer)
}

/// Writes data. A pipe that was closed early is not an error.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::new(Code::LocalFile, "cannot write to standard output").because(error)),
        Ok(()) => Ok(()),
    }
}

/// Roles as text, for logs.
pub(crate) fn role_names(roles: &[Role]) -> String {
    roles.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(",")
}
