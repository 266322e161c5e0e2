//! The dashboard on a real pseudo-terminal: keys, signals, and the terminal as it is left behind.

use std::{
    fs::File,
    io::{Read, Write},
    os::fd::OwnedFd,
    process::{Child, Stdio},
    sync::{Arc, Mutex, atomic::Ordering},
    time::{Duration, Instant},
};

use crate::fake::{Fake, Fault, Source, VIDEO_ID, clip};
use nix::{
    fcntl::{FcntlArg, FdFlag, fcntl},
    pty::{Winsize, openpty},
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use vs_core::manifest::TrackKind;

/// What leaves the alternate screen: the terminal is the person's again.
const LEAVE: &str = "\u{1b}[?1049l";
const SHOW_CURSOR: &str = "\u{1b}[?25h";
const HIDE_CURSOR: &str = "\u{1b}[?25l";
const COLUMNS: u16 = 100;
const ROWS: u16 = 30;

/// What is on the screen after `said`: cursor moves, clearing and text; everything else is passed over.
fn screen(said: &str) -> String {
    let mut cells = vec![vec![' '; COLUMNS.into()]; ROWS.into()];
    let (mut row, mut column) = (0usize, 0usize);
    let mut rest = said;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        let Some(sequence) = rest.strip_prefix('[').filter(|_| c == '\u{1b}') else {
            if let Some(cell) = cells.get_mut(row).and_then(|row| row.get_mut(column)) {
                *cell = c;
            }
            column += unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
            continue;
        };
        let Some(end) = sequence.find(|c: char| c.is_ascii_alphabetic()) else { break };
        let numbers: Vec<usize> = sequence[..end].split(';').map(|number| number.parse().unwrap_or(0)).collect();
        match (&sequence[end..=end], numbers.as_slice()) {
            ("H", [line, at]) => (row, column) = (line.saturating_sub(1), at.saturating_sub(1)),
            ("J", _) => cells.iter_mut().for_each(|row| row.fill(' ')),
            _ => {}
        }
        rest = &sequence[end + 1..];
    }
    cells.into_iter().map(|row| row.into_iter().collect::<String>() + "\n").collect()
}

struct Terminal {
    child: Child,
    keys: File,
    said: Arc<Mutex<Vec<u8>>>,
}

impl Terminal {
    fn open(fake: &Fake, args: &[&str]) -> Self {
        let size = Winsize { ws_row: ROWS, ws_col: COLUMNS, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(Some(&size), None).expect("a pseudo-terminal");
        // A terminal that its own program holds open would never hang up.
        fcntl(&pty.master, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).expect("a flag");
        let copy = |fd: &OwnedFd| fd.try_clone().expect("a descriptor");
        let mut command = fake.command(args);
        command.env("TERM", "xterm-256color").env("COLORTERM", "truecolor").env_remove("NO_COLOR");
        command.stdin(Stdio::from(copy(&pty.slave))).stdout(Stdio::from(copy(&pty.slave)));
        let child = command.stderr(Stdio::from(pty.slave)).spawn().expect("vsplay runs");
        let said = Arc::new(Mutex::new(Vec::new()));
        let mut screen = File::from(copy(&pty.master));
        let heard = said.clone();
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(count @ 1..) = screen.read(&mut piece) {
                heard.lock().expect("not poisoned").extend_from_slice(&piece[..count]);
            }
        });
        Self { child, keys: File::from(pty.master), said }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.said.lock().expect("not poisoned")).into_owned()
    }

    /// Waits until `wanted` is on the screen.
    fn wait_for(&self, wanted: &str) {
        let began = Instant::now();
        while !screen(&self.text()).contains(wanted) {
            assert!(began.elapsed() < Duration::from_secs(10), "no `{wanted}` in\n{}", screen(&self.text()));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("it listens");
    }

    /// Waits for the end; gives the exit code and everything written.
    fn end(mut self) -> (Option<i32>, String) {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                std::thread::sleep(Duration::from_millis(100));
                return (status.code(), self.text());
            }
            assert!(began.elapsed() < Duration::from_secs(10), "it does not end:\n{}", screen(&self.text()));
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn film() -> Vec<Source> {
    vec![
        Source::noise("v0", TrackKind::Video, 30, 2_000, 60_000),
        Source::noise("a0-eng", TrackKind::Audio, 30, 2_000, 10_000),
    ]
}

fn assert_restored(text: &str) {
    assert!(text.contains(LEAVE), "the alternate screen was left");
    assert!(text.rfind(SHOW_CURSOR) > text.rfind(HIDE_CURSOR), "the cursor is back");
}

#[test]
fn quitting_restores_the_terminal() {
    let fake = Fake::start(film(), 3);
    for key in ["q", "\u{1b}"] {
        let mut terminal = Terminal::open(&fake, &[VIDEO_ID]);
        terminal.wait_for("PLAYING");
        terminal.press(key);
        let (code, text) = terminal.end();
        assert_eq!(code, Some(0));
        assert_restored(&text);
        assert!(text.contains("Big \\u{1b}[31mBuck\\u{202e}"), "titles are shown, not obeyed");
        assert!(text.contains("plays no sound"));
    }
}

#[test]
fn interrupts_and_signals_restore_it_too() {
    let fake = Fake::start(film(), 1);
    let mut terminal = Terminal::open(&fake, &[VIDEO_ID]);
    terminal.wait_for("PLAYING");
    terminal.press("\u{3}");
    let (code, text) = terminal.end();
    assert_eq!(code, Some(130));
    assert_restored(&text);
    let terminal = Terminal::open(&fake, &[VIDEO_ID]);
    terminal.wait_for("PLAYING");
    kill(Pid::from_raw(i32::try_from(terminal.child.id()).expect("small")), Signal::SIGTERM).expect("alive");
    let (code, text) = terminal.end();
    assert_eq!(code, Some(143));
    assert_restored(&text);
}

#[test]
fn keys_pause_seek_and_write_the_report() {
    let fake = Fake::start(film(), 1);
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("report.json");
    let mut terminal = Terminal::open(&fake, &["--report", path.to_str().expect("text"), VIDEO_ID]);
    terminal.wait_for("PLAYING");
    terminal.press(" ");
    terminal.wait_for("PAUSED");
    terminal.press("5");
    terminal.wait_for("00:00:30");
    terminal.press("w");
    terminal.wait_for("report written");
    assert!(path.exists());
    terminal.press("?");
    terminal.wait_for("10 seconds back");
    terminal.press("?l");
    terminal.wait_for("seek to 00:00:30");
    terminal.press("q");
    assert_eq!(terminal.end().0, Some(0));
}

#[test]
fn a_lost_chunk_is_told_after_the_terminal_is_back() {
    let fake = Fake::start(film(), 2);
    (0..2).for_each(|node| fake.set_fault(node, Fault::Corrupt));
    let terminal = Terminal::open(&fake, &[VIDEO_ID]);
    let (code, text) = terminal.end();
    assert_eq!(code, Some(8), "{text}");
    assert!(text.rfind(LEAVE) < text.rfind("[VS-E0801]"), "{text}");
}

#[test]
fn playing_goes_on_without_metadata_and_the_pane_says_how_old_it_is() {
    let fake = Fake::start(film(), 1);
    let mut terminal = Terminal::open(&fake, &[VIDEO_ID]);
    terminal.wait_for("FOLLOWER");
    fake.metadata_up.store(false, Ordering::Relaxed);
    terminal.wait_for("as of");
    assert!(!terminal.text().contains("REBUFFERING"));
    terminal.press("q");
    assert_eq!(terminal.end().0, Some(0));
}

#[test]
fn a_picture_is_drawn_and_the_decoder_is_gone_afterwards() {
    let Some(clip) = clip(20) else { return };
    let fake = Fake::start(vec![clip], 1);
    fake.nodes[0].rate.store(150_000, Ordering::Relaxed);
    let mut terminal = Terminal::open(&fake, &[VIDEO_ID]);
    terminal.wait_for("▀");
    let id = terminal.child.id();
    let first = decoder_of(id, &[]);
    // A larger pane and another place each need a decoder of their own.
    terminal.press("\t");
    let second = decoder_of(id, &[&first]);
    terminal.press("8");
    let third = decoder_of(id, &[&first, &second]);
    terminal.press("q");
    assert_eq!(terminal.end().0, Some(0));
    assert!([first, second, third].iter().all(|id| parent_of(id).is_none()), "every decoder is gone");
}

/// The one decoder that runs, as soon as it is none of the `past`.
fn decoder_of(id: u32, past: &[&String]) -> String {
    let began = Instant::now();
    loop {
        if let [one] = children_of(id).as_slice()
            && !past.contains(&one)
        {
            return one.clone();
        }
        assert!(began.elapsed() < Duration::from_secs(10), "no decoder");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The processes that a process has started and not waited for.
fn children_of(id: u32) -> Vec<String> {
    let all = std::fs::read_dir("/proc").expect("a Linux machine").flatten();
    let names = all.filter_map(|entry| entry.file_name().into_string().ok());
    names.filter(|name| parent_of(name) == Some(id)).collect()
}

fn parent_of(id: &str) -> Option<u32> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name in parentheses may contain anything.
    stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

#[test]
fn a_track_that_cannot_be_decoded_says_so_and_plays_on() {
    if clip(1).is_none() {
        return;
    }
    // Short enough to be fed to its end at once: ffmpeg hopes for something sensible until then.
    let fake = Fake::start(vec![Source::noise("v0", TrackKind::Video, 8, 2_000, 60_000)], 1);
    let mut terminal = Terminal::open(&fake, &[VIDEO_ID]);
    terminal.wait_for("ffmpeg cannot decode");
    terminal.wait_for("00:00:03");
    terminal.press("q");
    assert_eq!(terminal.end().0, Some(0));
}
