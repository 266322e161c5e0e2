//! Playing without a terminal.

use std::time::Duration;

use tokio::time::interval;
use vs_client::cli::{self, ColorWhen};
use vs_core::{
    error::{Exit, Failure},
    text::shown,
};
use vsplay_core::event::Event;

use crate::{
    args::Options,
    engine::Engine,
    report::{StatusFile, summary, write_report},
};

const STATUS_INTERVAL: Duration = Duration::from_secs(1);

/// Plays to the end, or until a signal asks to stop.
pub(crate) async fn run(mut engine: Engine, options: &Options, color: ColorWhen) -> Result<Exit, Failure> {
    let mut status = options.status_json.as_deref().map(StatusFile::open).transpose()?;
    let mut status_ticks = interval(STATUS_INTERVAL);
    let mut stopped = Box::pin(cli::stopped());
    let mut exit = Exit::Ok;
    tracing::info!(title = shown(&engine.film.video.title), tracks = engine.tracks.len(), "playing");
    while !engine.has_ended() {
        tokio::select! {
            () = engine.next() => {}
            why = &mut stopped => {
                exit = why;
                engine.send(Event::Quit);
            }
            _ = status_ticks.tick(), if status.is_some() => {
                if !tell_status(&engine, &mut status)? {
                    engine.send(Event::Quit);
                }
            }
        }
    }
    let ended = engine.close().await;
    let report = engine.report();
    if ended.is_ok() {
        tell_status(&engine, &mut status)?;
    }
    if let Some(path) = &options.report {
        // How the playback ended matters more than a report that cannot be written.
        let written = write_report(path, &report);
        if let (Err(failure), Err(_)) = (&written, &ended) {
            cli::print_failure(failure, color);
        }
        ended.and(written)?;
    } else {
        ended?;
    }
    if exit == Exit::Ok {
        eprintln!("{}", summary(&report));
    }
    Ok(exit)
}

/// False when nobody reads the status any more.
fn tell_status(engine: &Engine, status: &mut Option<StatusFile>) -> Result<bool, Failure> {
    match status {
        Some(status) => status.write(engine.player.snapshot(engine.now())),
        None => Ok(true),
    }
}
