//! The terminal and the thread that draws on it.
//!
//! Invariants:
//! - Whoever opens it restores the terminal: on close, on drop, and on a panic of any thread.
//! - Handing over a scene never waits; a painter that is still busy gets the next one.

use std::{
    io,
    sync::mpsc::{self, SyncSender, TrySendError},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

use ratatui::{Terminal, backend::Backend};

use crate::ui::{draw::draw, scene::Scene};

/// How long a terminal that takes nothing is waited for at the end.
const CLOSE_TIMEOUT: Duration = Duration::from_millis(500);

/// What became of a scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handed {
    Over,
    /// The painter is still drawing another one.
    Busy,
    /// The terminal takes no more.
    Nobody,
}

#[derive(Debug)]
pub(crate) struct Painter {
    scenes: Option<SyncSender<Box<Scene>>>,
    thread: Option<JoinHandle<()>>,
}

impl Painter {
    /// Takes the terminal over.
    pub(crate) fn open() -> io::Result<Self> {
        let mut terminal = ratatui::try_init()?;
        let (scenes, queue) = mpsc::sync_channel::<Box<Scene>>(1);
        let thread = thread::Builder::new().name("painter".to_owned()).spawn(move || {
            while let Ok(scene) = queue.recv() {
                if paint(&mut terminal, &scene).is_err() {
                    return;
                }
            }
        });
        match thread {
            Ok(thread) => Ok(Self { scenes: Some(scenes), thread: Some(thread) }),
            Err(error) => {
                ratatui::restore();
                Err(error)
            }
        }
    }

    /// Hands a scene over.
    pub(crate) fn paint(&self, scene: Scene) -> Handed {
        let Some(scenes) = &self.scenes else { return Handed::Nobody };
        match scenes.try_send(Box::new(scene)) {
            Ok(()) => Handed::Over,
            Err(TrySendError::Full(_)) => Handed::Busy,
            Err(TrySendError::Disconnected(_)) => Handed::Nobody,
        }
    }

    /// Gives the terminal back.
    pub(crate) fn close(&mut self) {
        self.scenes = None;
        let Some(thread) = self.thread.take() else { return };
        let asked = Instant::now();
        while !thread.is_finished() && asked.elapsed() < CLOSE_TIMEOUT {
            thread::sleep(Duration::from_millis(5));
        }
        if thread.is_finished() {
            ratatui::restore();
        } else {
            // The terminal takes nothing, not even the way back: writing to it would wait as the painter does.
            let _ = crossterm::terminal::disable_raw_mode();
        }
    }
}

impl Drop for Painter {
    fn drop(&mut self) {
        self.close();
    }
}

/// Draws one scene: what changed, and everything after a resize. (`Terminal::clear` would ask the terminal where its
/// cursor is, and the answer would end up among the keys.)
pub(crate) fn paint<B: Backend>(terminal: &mut Terminal<B>, scene: &Scene) -> Result<(), B::Error> {
    terminal.draw(|frame| draw(frame, scene)).map(|_| ())
}
