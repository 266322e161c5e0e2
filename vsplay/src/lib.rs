//! The player: a thin shell around `vsplay-core`.
//!
//! `engine` runs the core's effects (fetches, pings, outputs) and feeds it what happens; it knows nothing of how
//! playback looks. `headless` and `dashboard` are the two ways to drive it. `decode` turns verified bytes into
//! pictures, `ui` draws state that others made.
//!
//! Invariants:
//! - No byte reaches a file, a hash or the decoder before it was verified and the core fed it (INT-1).
//! - Media is hostile: only the ffmpeg child process parses it, and it reads nothing but the pipe it is given.
//! - The terminal is restored however the program ends.

#![cfg_attr(test, allow(clippy::unwrap_used, reason = "a test that cannot go on should say where"))]

mod args;
mod choose;
mod cluster;
mod dashboard;
mod decode;
mod engine;
mod headless;
mod outputs;
mod painter;
mod report;
mod transfer;
mod ui;

use std::{
    io::IsTerminal,
    process::ExitCode,
    time::{Duration, Instant},
};

use clap::FromArgMatches;
use vs_client::{
    cli::{self, ColorWhen, Connection, Program},
    film::Film,
    reader::Reader,
};
use vs_core::{
    error::{Code, Exit, Failure},
    unit,
};

pub use args::command;
use args::{Args, Options};
use engine::Engine;

/// Waiting and hashing are most of what this program does.
const WORKERS: usize = 2;

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let began = Instant::now();
    clap_complete::CompleteEnv::with_factory(command).complete();
    let matches = match cli::parse(command()) {
        Ok(matches) => matches,
        Err(status) => return status,
    };
    let args = match Args::from_arg_matches(&matches) {
        Ok(args) => args,
        Err(error) => return tell(&Failure::new(Code::Invalid, error.to_string()), ColorWhen::Auto),
    };
    let connection = match args.common.resolve(&matches, Program::Vsplay) {
        Ok(connection) => connection,
        Err(failure) => return tell(&failure, args.common.color.unwrap_or_default()),
    };
    let color = connection.color.value;
    let options = match args.settle(connection.timeout.value) {
        Ok(options) => options,
        Err(failure) => return tell(&failure, color),
    };
    if options.headless {
        log_to_stderr(connection.verbose, color);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return tell(&Failure::new(Code::Internal, error.to_string()), color),
    };
    let ended = runtime.block_on(run(options, connection, began));
    // A thread may be waiting for the terminal, and would wait for ever.
    runtime.shutdown_background();
    match ended {
        Ok(exit) => cli::exit_code(exit),
        Err(failure) => tell(&failure, color),
    }
}

fn tell(failure: &Failure, color: ColorWhen) -> ExitCode {
    cli::print_failure(failure, color);
    cli::exit_code(failure.code.exit())
}

/// Plays one video and says with what to exit. `began` is when the process did.
async fn run(options: Options, connection: Connection, began: Instant) -> Result<Exit, Failure> {
    // Keys come from the terminal itself, so that `vsctl upload -q film.mp4 | xargs vsplay` works.
    let has_keys = std::io::stdin().is_terminal() || std::fs::File::open("/dev/tty").is_ok();
    let has_terminal = std::io::stdout().is_terminal() && has_keys;
    if !options.headless && !has_terminal {
        return Err(Failure::new(Code::Invalid, "the dashboard needs a terminal, and this is none")
            .hint(format!("play without one: `vsplay --headless {}`", options.video)));
    }
    // A signal that comes while connecting ends the program as well.
    let opened = tokio::select! {
        opened = open(&options, &connection, began) => opened?,
        exit = cli::stopped() => return Ok(exit),
    };
    match options.headless {
        true => headless::run(opened, &options, connection.color.value).await,
        false => dashboard::run(opened, &options, &connection).await,
    }
}

/// Connects, loads the manifest and prepares the engine.
async fn open(options: &Options, connection: &Connection, began: Instant) -> Result<Engine, Failure> {
    let timeout = connection.timeout.value;
    let stale = connection.stale.value;
    let connecting = Instant::now();
    let reach = connection.reach();
    reach.client(timeout).await?;
    let connect = connecting.elapsed();
    let name = cli::video_name(&reach, &options.video, stale, timeout).await?;
    let film = Film::load_from(&reach, &name, stale, timeout).await?;
    reach.learn(film.nodes.values().map(|node| node.addr.clone()));
    if let Some(age) = film.age.filter(|_| stale && options.headless) {
        eprintln!("note: stale read, {} old", unit::human_duration(age));
    }
    let tracks = choose::choose(&film.tracks, &options.wish).map_err(|failure| explain(failure, &film))?;
    let end = tracks.iter().map(|track| Duration::from_micros(track.duration_us)).max().unwrap_or_default();
    if options.settings.start >= end && !end.is_zero() {
        let (start, end) = (unit::clock(options.settings.start), unit::clock(end));
        return Err(Failure::new(Code::Invalid, format!("--start {start} is behind the end, which is at {end}")));
    }
    Engine::new(reach, Reader::new(film, stale), tracks, options, connect, began).await
}

/// Why a video has nothing to play, when that is so.
fn explain(failure: Failure, film: &Film) -> Failure {
    use vs_wire::v1::VideoStatus;
    if film.tracks.iter().any(|track| track.kind != vs_core::manifest::TrackKind::Original) {
        return failure;
    }
    let busy = matches!(film.video.status(), VideoStatus::Uploading | VideoStatus::Processing);
    let id = film.id.short();
    let what = if busy { "the video is still being processed" } else { "the video has no tracks to play" };
    let code = if busy { Code::Conflict } else { Code::NotSupported };
    let failure = Failure::new(code, what);
    let failure = if film.video.note.is_empty() { failure } else { failure.because(&film.video.note) };
    match busy {
        true => failure.hint(format!("wait for it: `vsctl show {id}` tells when it is ready")),
        false => failure.hint(format!("the original is kept: `vsctl download {id}`")),
    }
}

fn log_to_stderr(verbose: u8, color: ColorWhen) {
    let level = match verbose {
        0 => return,
        1 => "vsplay=info,vs_client=info",
        2 => "vsplay=debug,vs_client=debug",
        _ => "trace",
    };
    let _ = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_ansi(color.applies_to(&std::io::stderr()))
        .with_env_filter(tracing_subscriber::EnvFilter::new(level))
        .try_init();
}

/// How long something took, for messages.
fn long(time: Duration) -> String {
    unit::human_duration(time)
}
