//! Progress on stderr: bars on a terminal, a line every five seconds elsewhere, or an object a second for programs.
//!
//! What is shown is what the server said, never a guess ahead of it.

use std::{
    io::{self, IsTerminal, Write},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::json;
use unicode_width::UnicodeWidthStr;
use vs_client::cli::ProgressWhen;
use vs_core::{text::shown, unit::human_bytes};

use crate::desk::Desk;

const PLAIN_INTERVAL: Duration = Duration::from_secs(5);
const JSON_INTERVAL: Duration = Duration::from_secs(1);
/// Terminal columns of a bar's label.
const LABEL_COLUMNS: usize = 22;

/// All that is being shown.
#[derive(Debug)]
pub(crate) struct Board {
    mode: Mode,
    tasks: Arc<Mutex<Vec<Arc<Mutex<State>>>>>,
    ticker: Option<tokio::task::AbortHandle>,
}

#[derive(Clone, Debug)]
enum Mode {
    Bars { all: MultiProgress, color: bool },
    Plain,
    Json,
    Silent,
}

/// What one file is going through.
#[derive(Clone, Debug)]
struct State {
    file: String,
    stage: &'static str,
    label: String,
    done: u64,
    total: u64,
    unit: &'static str,
    note: String,
    since: Instant,
    done_at_start: u64,
}

impl Board {
    pub(crate) fn new(desk: &Desk) -> Self {
        let stderr = io::stderr();
        let is_capable = stderr.is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let mode = match desk.progress.value {
            _ if desk.style.quiet => Mode::Silent,
            ProgressWhen::None => Mode::Silent,
            ProgressWhen::Plain => Mode::Plain,
            ProgressWhen::Json => Mode::Json,
            ProgressWhen::Auto if !is_capable => Mode::Plain,
            ProgressWhen::Auto | ProgressWhen::Bar => {
                Mode::Bars { all: MultiProgress::new(), color: desk.connection.color.value.applies_to(&stderr) }
            }
        };
        let tasks = Arc::new(Mutex::new(Vec::new()));
        let interval = match mode {
            Mode::Plain => Some(PLAIN_INTERVAL),
            Mode::Json => Some(JSON_INTERVAL),
            _ => None,
        };
        let ticker = interval.map(|interval| {
            let (tasks, mode) = (Arc::clone(&tasks), mode.clone());
            tokio::spawn(tick(interval, mode, tasks)).abort_handle()
        });
        Self { mode, tasks, ticker }
    }

    /// Begins to show one file.
    pub(crate) fn task(&self, file: &str) -> Task {
        let state = State {
            file: file.to_owned(),
            stage: "starting",
            label: String::new(),
            done: 0,
            total: 0,
            unit: "bytes",
            note: String::new(),
            since: Instant::now(),
            done_at_start: 0,
        };
        let state = Arc::new(Mutex::new(state));
        if let Ok(mut tasks) = self.tasks.lock() {
            tasks.push(Arc::clone(&state));
        }
        Task { mode: self.mode.clone(), state, bar: Mutex::new(None), tasks: Arc::clone(&self.tasks) }
    }

    /// Lets somebody else write while no bar is in the way.
    pub(crate) fn aside<T>(&self, write: impl FnOnce() -> T) -> T {
        match &self.mode {
            Mode::Bars { all, .. } => all.suspend(write),
            _ => write(),
        }
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        if let Some(ticker) = &self.ticker {
            ticker.abort();
        }
    }
}

async fn tick(interval: Duration, mode: Mode, tasks: Arc<Mutex<Vec<Arc<Mutex<State>>>>>) {
    loop {
        tokio::time::sleep(interval).await;
        let tasks = tasks.lock().map(|tasks| tasks.clone()).unwrap_or_default();
        for state in tasks.iter().filter_map(|state| state.lock().ok().map(|state| state.clone())) {
            write_line(&mode, &state);
        }
    }
}

fn write_line(mode: &Mode, state: &State) {
    let line = match mode {
        Mode::Plain => state.plain(),
        Mode::Json => state.json(),
        _ => return,
    };
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// One file being shown. Dropping it stops that; its last lines stay.
#[derive(Debug)]
pub(crate) struct Task {
    mode: Mode,
    state: Arc<Mutex<State>>,
    bar: Mutex<Option<ProgressBar>>,
    tasks: Arc<Mutex<Vec<Arc<Mutex<State>>>>>,
}

impl Task {
    /// Begins a stage; the line of the one before stays as it ended.
    pub(crate) fn stage(&self, stage: &'static str, label: &str, done: u64, total: u64, unit: &'static str) {
        let Ok(mut state) = self.state.lock() else { return };
        if state.stage == stage {
            return;
        }
        let (since, label, note) = (Instant::now(), shown(label), String::new());
        *state = State { file: state.file.clone(), stage, label, done, total, unit, note, since, done_at_start: done };
        if matches!(self.mode, Mode::Json) {
            write_line(&self.mode, &state);
        }
        if let (Mode::Bars { all, color }, Ok(mut bar)) = (&self.mode, self.bar.lock()) {
            if let Some(ended) = bar.take() {
                ended.abandon();
            }
            let next = all.add(ProgressBar::new(total.max(1)));
            next.set_style(style(*color));
            state.draw(&next);
            *bar = Some(next);
        }
    }

    /// How far the stage is. `unit` and `label` may become clearer while it runs.
    pub(crate) fn set(&self, done: u64, total: u64) {
        self.change(|state| (state.done, state.total) = (done, total));
    }

    pub(crate) fn unit(&self, unit: &'static str) {
        self.change(|state| state.unit = unit);
    }

    pub(crate) fn label(&self, label: &str) {
        self.change(|state| state.label = shown(label));
    }

    /// What stands behind the numbers.
    pub(crate) fn note(&self, note: &str) {
        self.change(|state| state.note = shown(note));
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let Ok(mut state) = self.state.lock() else { return };
        change(&mut state);
        if let Some(bar) = self.bar.lock().ok().as_deref().and_then(Option::as_ref) {
            state.draw(bar);
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if let Ok(mut tasks) = self.tasks.lock() {
            tasks.retain(|state| !Arc::ptr_eq(state, &self.state));
        }
        if let (Mode::Json, Ok(state)) = (&self.mode, self.state.lock()) {
            write_line(&self.mode, &state);
        }
        if let Some(bar) = self.bar.lock().ok().and_then(|mut bar| bar.take()) {
            bar.abandon();
        }
    }
}

fn style(color: bool) -> ProgressStyle {
    let template = if color { "  {prefix}  {bar:20.cyan} {msg}" } else { "  {prefix}  {bar:20} {msg}" };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    style.progress_chars("━╸ ")
}

impl State {
    fn draw(&self, bar: &ProgressBar) {
        bar.set_length(self.total.max(1));
        bar.set_position(self.done.min(self.total));
        let label: String = fit(&self.label);
        bar.set_prefix(format!("{:<10}  {label}", self.stage));
        bar.set_message(format!("{}  {}   {}", self.percent(), self.amount(), self.behind()));
    }

    fn percent(&self) -> String {
        let percent = (self.done.min(self.total) * 100).checked_div(self.total);
        percent.map_or_else(|| "    ".to_owned(), |percent| format!("{percent:>3}%"))
    }

    fn amount(&self) -> String {
        match self.unit {
            "bytes" if self.done < self.total => format!("{} of {}", human_bytes(self.done), human_bytes(self.total)),
            "bytes" => human_bytes(self.done),
            "ms" => vs_core::unit::human_duration(Duration::from_millis(self.done)),
            unit => format!("{}/{} {unit}", self.done, self.total),
        }
    }

    /// The note, or how fast bytes go.
    fn behind(&self) -> String {
        match self.rate() {
            _ if !self.note.is_empty() => self.note.clone(),
            Some(rate) if self.unit == "bytes" => format!("{}/s", human_bytes(rate)),
            _ => String::new(),
        }
    }

    /// Units a second since the stage began.
    fn rate(&self) -> Option<u64> {
        let elapsed_ms = u64::try_from(self.since.elapsed().as_millis()).ok().filter(|ms| *ms > 0)?;
        (self.done.saturating_sub(self.done_at_start)).checked_mul(1000)?.checked_div(elapsed_ms)
    }

    fn plain(&self) -> String {
        let behind = Some(self.behind()).filter(|text| !text.is_empty()).map(|text| format!(", {text}"));
        let percent = self.percent();
        let percent = Some(percent.trim()).filter(|text| !text.is_empty()).map(|text| format!(" ({text})"));
        let (amount, percent, behind) = (self.amount(), percent.unwrap_or_default(), behind.unwrap_or_default());
        format!("{} {}: {amount}{percent}{behind}", self.stage, shown(&self.file))
    }

    fn json(&self) -> String {
        let object = json!({
            "file": self.file,
            "stage": self.stage,
            "done": self.done,
            "total": Some(self.total).filter(|total| *total > 0),
            "unit": self.unit,
            "rate_per_s": self.rate(),
            "note": Some(&self.note).filter(|note| !note.is_empty()),
        });
        crate::out::escape_json(&object.to_string())
    }
}

fn fit(label: &str) -> String {
    let mut kept = String::new();
    for char in label.chars() {
        if format!("{kept}{char}").width() > LABEL_COLUMNS {
            break;
        }
        kept.push(char);
    }
    let pad = " ".repeat(LABEL_COLUMNS.saturating_sub(kept.width()));
    kept + &pad
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> State {
        State {
            file: "a\n.mp4".to_owned(),
            stage: "sending",
            label: "a".to_owned(),
            done: 1 << 20,
            total: 4 << 20,
            unit: "bytes",
            note: String::new(),
            since: Instant::now(),
            done_at_start: 1 << 20,
        }
    }

    #[test]
    fn lines_tell_how_far() {
        let mut state = state();
        state.note = "waiting".to_owned();
        assert_eq!(state.plain(), "sending a\\n.mp4: 1.0 MiB of 4.0 MiB (25%), waiting");
        (state.total, state.note) = (0, String::new());
        state.unit = "chunks";
        assert_eq!(state.plain(), "sending a\\n.mp4: 1048576/0 chunks");
        assert!(state.json().starts_with(r#"{"file":"a\n.mp4","stage":"sending","done":1048576,"total":null"#));
    }

    #[test]
    fn labels_are_as_wide_as_each_other() {
        for label in ["", "short", "名前名前名前名前名前名前名前名前", "a label that is far too long"] {
            assert_eq!(fit(label).width(), LABEL_COLUMNS, "{label}");
        }
    }
}
