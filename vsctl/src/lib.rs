//! The operator's tool: one file per verb, each from arguments to a client call to a value to output.
//!
//! Invariants:
//! - A verb returns a value or a [`Failure`](vs_core::error::Failure); [`out`] writes values, and only [`main`] tells failures.
//! - JSON is the stable contract; every other format is made from the same values.
//! - Nothing changes before it is confirmed where CLI §1.7 asks for it, and nothing at all with `--dry-run`.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot go on should say where"))]

pub mod args;
mod complete;
mod config_file;
mod desk;
mod filter;
mod lab;
mod out;
mod progress;
mod row;
mod upload;
mod verb;

use std::{process::ExitCode, time::Duration};

use clap::FromArgMatches;
use vs_client::cli::{self, ColorWhen, Connection, Program};
use vs_core::error::{Code, Exit, Failure};

pub use args::command;
use args::{Cli, Verb};
use desk::Desk;

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    clap_complete::CompleteEnv::with_factory(command).complete();
    let matches = match cli::parse(command()) {
        Ok(matches) => matches,
        Err(status) => return status,
    };
    let cli = match Cli::from_arg_matches(&matches) {
        Ok(cli) => cli,
        Err(error) => return tell(&error.into(), ColorWhen::Auto),
    };
    let connection = match cli.common.resolve(&matches, Program::Vsctl) {
        Ok(connection) => connection,
        Err(_) if cli.verb.is_offline() => Connection::offline(&cli.common),
        Err(failure) => return tell(&failure.into(), cli.common.color.unwrap_or_default()),
    };
    let color = connection.color.value;
    log_to_stderr(connection.verbose, color);
    let desk = match Desk::new(connection, &cli, &matches) {
        Ok(desk) => desk,
        Err(failure) => return tell(&failure.into(), color),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return tell(&error.into(), color),
    };
    let ended = runtime.block_on(async {
        let ended = run(&desk, cli.verb).await;
        desk.close().await;
        ended
    });
    // A thread may be waiting for standard input, and would wait for ever.
    runtime.shutdown_background();
    match ended {
        Ok(exit) => cli::exit_code(exit),
        Err(error) => tell(&error, color),
    }
}

/// Waiting is most of what this program does.
const WORKERS: usize = 2;

fn tell(error: &anyhow::Error, color: ColorWhen) -> ExitCode {
    cli::report(error.chain(), color)
}

async fn run(desk: &Desk, verb: Verb) -> anyhow::Result<Exit> {
    let deadline = desk.deadline();
    let too_late = async {
        match deadline {
            Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        ended = Box::pin(verb.run(desk)) => ended,
        exit = cli::stopped() => {
            desk.say_interrupted();
            Ok(exit)
        }
        () = too_late => {
            // Calls end by the same deadline, and say more about what was going on.
            tokio::time::sleep(Duration::from_millis(50)).await;
            Err(timed_out(desk).into())
        }
    }
}

fn timed_out(desk: &Desk) -> Failure {
    let limit = vs_core::unit::human_duration(desk.connection.timeout.value);
    Failure::new(Code::Timeout, format!("not done within {limit}")).hint("allow more time with `--timeout 2min`")
}

fn log_to_stderr(verbose: u8, color: ColorWhen) {
    let level = match verbose {
        0 => return,
        1 => "vsctl=info,vs_client=info",
        2 => "vsctl=debug,vs_client=debug",
        _ => "trace",
    };
    let _ = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(color.applies_to(&std::io::stderr()))
        .with_env_filter(tracing_subscriber::EnvFilter::new(level))
        .try_init();
}
