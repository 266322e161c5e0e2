//! ffmpeg as the judge: what is in a file, and whether it decodes.

use std::{
    collections::BTreeSet,
    io::Read,
    path::Path,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::program::{bare, run};

/// What decoding one stream gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    pub code: i32,
    /// Video frames, or audio samples of one channel.
    pub count: u64,
    /// The kinds of messages, without numbers, addresses and names of files.
    pub said: BTreeSet<String>,
}

/// Runs ffmpeg with these arguments, which must go well.
#[track_caller]
pub fn ffmpeg(args: &[&str]) {
    let _ = run(bare("ffmpeg").args(["-nostdin", "-v", "error", "-y"]).args(args)).ok();
}

/// ffprobe's list of the streams of a file.
#[must_use]
#[track_caller]
pub fn streams(path: &Path) -> Vec<Value> {
    let said = run(bare("ffprobe").args(["-v", "quiet", "-print_format", "json", "-show_streams"]).arg(path)).ok();
    said.json()["streams"].as_array().expect("a list of streams").clone()
}

/// Decodes one stream of a file, every frame of it, and counts what comes out.
#[must_use]
pub fn decode(path: &Path, stream: usize, kind: &str) -> Decoded {
    let mut command = bare("ffmpeg");
    command.args(["-nostdin", "-hide_banner", "-v", "warning", "-i"]).arg(path);
    command.args(["-map", &format!("0:{stream}"), "-dn"]);
    if kind == "video" {
        // A line a frame.
        command.args(["-fps_mode", "passthrough", "-f", "framecrc", "pipe:1"]);
        count(
            &mut command,
            |piece| {
                piece.split(|byte| *byte == b'\n').filter(|line| !line.is_empty() && line[0] != b'#').count() as u64
            },
            true,
        )
    } else {
        // Two bytes a sample.
        command.args(["-ac", "1", "-c:a", "pcm_s16le", "-f", "s16le", "pipe:1"]);
        let decoded = count(&mut command, |piece| piece.len() as u64, false);
        Decoded { count: decoded.count / 2, ..decoded }
    }
}

/// The text of a subtitle stream as WebVTT.
#[must_use]
#[track_caller]
pub fn subtitle(path: &Path, stream: usize) -> String {
    let mut command = bare("ffmpeg");
    command.args(["-nostdin", "-v", "error", "-i"]).arg(path);
    run(command.args(["-map", &format!("0:{stream}"), "-c:s", "webvtt", "-f", "webvtt", "pipe:1"])).ok().out()
}

/// Runs to the end without keeping the output, only what `measure` makes of it; whole lines at a time where it counts lines.
fn count(command: &mut Command, measure: impl Fn(&[u8]) -> u64, by_line: bool) -> Decoded {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("ffmpeg starts");
    let (mut stdout, mut stderr) = (child.stdout.take().expect("a pipe"), child.stderr.take().expect("a pipe"));
    let said = std::thread::spawn(move || {
        let mut said = Vec::new();
        let _ = stderr.read_to_end(&mut said);
        String::from_utf8_lossy(&said).into_owned()
    });
    let (mut buffer, mut kept, mut count) = (vec![0; 256 << 10], Vec::new(), 0);
    while let Ok(read @ 1..) = stdout.read(&mut buffer) {
        kept.extend_from_slice(&buffer[..read]);
        let end =
            if by_line { kept.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1) } else { kept.len() };
        count += measure(&kept[..end]);
        kept.drain(..end);
    }
    let status = child.wait().expect("ffmpeg ends");
    let said = said.join().expect("a reader of messages");
    Decoded { code: crate::program::code_of(status), count, said: said.lines().filter_map(kind_of).collect() }
}

/// A message without who said it where: `[aac @ 0x55] Number 7 of x` and `[mov @ 0x66] Number 9 of x` are the same.
fn kind_of(line: &str) -> Option<String> {
    let mut rest = line.trim();
    while let Some((source, text)) = rest.strip_prefix('[').and_then(|rest| rest.split_once("] "))
        && source.contains(" @ 0x")
    {
        rest = text;
    }
    let text: String = rest.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).collect();
    let mut kind = text.clone();
    while kind.contains("##") {
        kind = kind.replace("##", "#");
    }
    (!kind.is_empty() && !kind.contains("Last message repeated")).then_some(kind)
}
