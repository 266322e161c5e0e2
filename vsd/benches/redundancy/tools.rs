//! `vsctl` and `vsplay` as a person uses them, and the films that they are given.

use std::{
    fs::{self, OpenOptions},
    io::Write,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use crate::common::{Outcome, package};

/// Frames a second, and how many there are from one keyframe to the next.
const FRAME_RATE: u32 = 25;
const KEYFRAME_FRAMES: &str = "50";
const SOUND_KBIT_S: u32 = 128;

/// The programs with a home and a cluster of their own.
#[derive(Clone, Debug)]
pub(crate) struct Tools {
    home: PathBuf,
    /// Of the nodes, with commas in between.
    endpoints: String,
}

/// A video that can be played.
#[derive(Clone, Debug)]
pub(crate) struct Video {
    pub(crate) id: String,
    pub(crate) logical_bytes: f64,
    pub(crate) physical_bytes: f64,
    /// Data chunks.
    pub(crate) chunks: u64,
    /// Whether every member of it is where it should be, as the nodes say.
    pub(crate) is_whole: bool,
}

impl Tools {
    pub(crate) fn new(home: &Path, endpoints: String) -> Outcome<Self> {
        fs::create_dir_all(home)?;
        Ok(Self { home: home.to_owned(), endpoints })
    }

    /// What `vsctl` answers, one JSON document.
    pub(crate) fn vsctl(&self, args: &[&str]) -> Outcome<Value> {
        let output = self.command("vsctl")?.args(args).args(["-o", "json"]).output()?;
        Ok(serde_json::from_slice(&said("vsctl", output)?)?)
    }

    /// Uploads a film until it can be played, as content of its own although it was uploaded before; its id.
    pub(crate) fn upload(&self, film: &Path, redundancy: &str) -> Outcome<String> {
        make_different(film)?;
        let mut command = self.command("vsctl")?;
        command.args(["upload", "-o", "jsonl", "--wait", "ready", "--renditions", "none"]);
        let output = command.args(["--redundancy", redundancy]).arg(film).output()?;
        let uploaded: Value = serde_json::from_slice(&said("vsctl upload", output)?)?;
        let id = uploaded["video_id"].as_str();
        Ok(id.ok_or_else(|| format!("not uploaded: {uploaded}"))?.to_owned())
    }

    pub(crate) fn video(&self, id: &str) -> Outcome<Video> {
        let shown = self.vsctl(&["show", id])?;
        let number = |value: &Value| value.as_u64().ok_or_else(|| format!("a figure is missing: {shown}"));
        let chunks = shown["tracks"].as_array().into_iter().flatten().map(|track| number(&track["chunks"]));
        let chunks = chunks.sum::<Result<_, _>>()?;
        Ok(Video {
            id: id.to_owned(),
            logical_bytes: number(&shown["logical_bytes"])? as f64,
            physical_bytes: number(&shown["physical_bytes"])? as f64,
            chunks,
            is_whole: number(&shown["redundancy"]["healthy"])? == chunks && shown["redundancy"]["owed"] == 0,
        })
    }

    /// Starts a player that writes a report when the film ends.
    pub(crate) fn play(&self, id: &str, report: &Path) -> Outcome<Child> {
        let mut command = self.command("vsplay")?;
        command.args(["--headless", "--report"]).arg(report).arg(id);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
        Ok(command.spawn()?)
    }

    fn command(&self, name: &str) -> Outcome<Command> {
        let program = Path::new(env!("CARGO_BIN_EXE_vsd")).with_file_name(name);
        if !program.is_file() {
            return Err(format!("{} is not there; build it first, as `make bench` does", program.display()).into());
        }
        let mut command = Command::new(program);
        command.env("HOME", &self.home).env("XDG_CONFIG_HOME", self.home.join("config"));
        command.env("XDG_STATE_HOME", self.home.join("state")).env("XDG_CACHE_HOME", self.home.join("cache"));
        command.env("VSCTL_ENDPOINT", &self.endpoints).env("VSPLAY_ENDPOINT", &self.endpoints);
        Ok(command)
    }
}

/// Ends the file with one more box that players skip. Its chunks are stored again, as those of every asset are.
fn make_different(film: &Path) -> Outcome<()> {
    Ok(OpenOptions::new().append(true).open(film)?.write_all(b"\0\0\0\x08free")?)
}

/// What a program wrote, if it went well.
fn said(name: &str, output: std::process::Output) -> Outcome<Vec<u8>> {
    match output.status.success() {
        true => Ok(output.stdout),
        false => {
            let said = [&output.stdout[..], &output.stderr].concat();
            Err(format!("{name} {}: {}", output.status, String::from_utf8_lossy(&said).trim()).into())
        }
    }
}

/// A film of so many seconds at so many Mbit/s, with sound, whose tracks go in as they are. Made once for each `folder`.
pub(crate) fn film(folder: &Path, mbit_s: u32, seconds: u32) -> Outcome<PathBuf> {
    let path = folder.join(format!("{mbit_s}-mbit-{seconds}-s.mp4"));
    if path.exists() {
        return Ok(path);
    }
    let rate = format!("{}k", mbit_s * 1_000 - SOUND_KBIT_S);
    let picture = format!("testsrc2=size=320x180:rate={FRAME_RATE},noise=alls=60:allf=t");
    let mut command = Command::new(package::program("ffmpeg", "ffmpeg")?);
    command.args(["-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", &picture]);
    command.args(["-f", "lavfi", "-i", "sine=frequency=440:beep_factor=4", "-t", &seconds.to_string()]);
    command.args(["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", KEYFRAME_FRAMES]);
    command.args(["-b:v", &rate, "-maxrate", &rate, "-bufsize", &rate, "-x264-params", "nal-hrd=cbr"]);
    command.args(["-c:a", "aac", "-b:a", &format!("{SOUND_KBIT_S}k")]).arg(&path);
    said("ffmpeg", command.output()?)?;
    Ok(path)
}
