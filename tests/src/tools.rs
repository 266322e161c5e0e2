//! `vsctl` and `vsplay` as one person uses them: with a home of their own and a cluster to talk to.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::program::{self, Said};

/// The two client programs with a home folder and an endpoint; cheap to clone.
#[derive(Clone, Debug)]
pub struct Tools {
    home: PathBuf,
    endpoint: String,
    /// Whatever else runs on this machine goes first.
    yields: bool,
}

/// What an upload that went well says of itself.
#[derive(Clone, Debug)]
pub struct Video {
    pub id: String,
    pub said: Value,
}

impl Tools {
    #[must_use]
    pub fn new(home: &Path, endpoint: String) -> Self {
        Self { home: home.to_owned(), endpoint, yields: false }
    }

    /// The same person at another endpoint.
    #[must_use]
    pub fn at(&self, endpoint: &str) -> Self {
        Self { endpoint: endpoint.to_owned(), ..self.clone() }
    }

    /// Another person, with a home of their own inside this one's.
    #[must_use]
    pub fn someone_else(&self, name: &str) -> Self {
        let home = self.home.join(name);
        fs::create_dir_all(&home).expect("a new home");
        Self { home, ..self.clone() }
    }

    /// The same person, who takes no time from the nodes on this machine: real ones have one of their own.
    #[must_use]
    pub fn yielding(&self) -> Self {
        Self { yields: true, ..self.clone() }
    }

    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// A program with this home, talking to this endpoint, its standard streams no terminals.
    #[must_use]
    pub fn command(&self, name: &str) -> Command {
        if !self.yields {
            return self.dress(program::bare(program::path(name)));
        }
        let mut command = program::bare("nice");
        command.args(["-n", "19"]).arg(program::path(name));
        self.dress(command)
    }

    /// A line of shell in a terminal of its own, which types what it is given as standard input. What the terminal shows is the
    /// standard output.
    #[must_use]
    pub fn terminal(&self, line: &str) -> Command {
        let mut command = self.dress(program::bare("script"));
        command.args(["-qefc", line, "/dev/null"]).env("TERM", "xterm-256color").env("SHELL", "/bin/sh");
        command
    }

    fn dress(&self, mut command: Command) -> Command {
        command.env("HOME", &self.home).env("XDG_CONFIG_HOME", self.home.join("config"));
        command.env("XDG_STATE_HOME", self.home.join("state")).env("XDG_CACHE_HOME", self.home.join("cache"));
        command.env("XDG_DATA_HOME", self.home.join("data")).current_dir(&self.home);
        command.env("VSCTL_ENDPOINT", &self.endpoint).env("VSPLAY_ENDPOINT", &self.endpoint);
        command
    }

    /// Runs `vsctl` with these arguments.
    pub fn vsctl<A: AsRef<std::ffi::OsStr>>(&self, args: &[A]) -> Said {
        program::run(self.command("vsctl").args(args))
    }

    /// Runs `vsplay` with these arguments.
    pub fn vsplay<A: AsRef<std::ffi::OsStr>>(&self, args: &[A]) -> Said {
        program::run(self.command("vsplay").args(args))
    }

    /// Uploads a file with further flags, which must go well.
    #[must_use]
    #[track_caller]
    pub fn upload(&self, path: &Path, flags: &[&str]) -> Video {
        let said = self.try_upload(path, flags).ok();
        let said = said.json_lines().pop().expect("an object a file");
        Video { id: said["video_id"].as_str().expect("a video").to_owned(), said }
    }

    /// Uploads a file with further flags, whatever comes of it.
    pub fn try_upload(&self, path: &Path, flags: &[&str]) -> Said {
        let mut command = self.command("vsctl");
        command.args(["upload", "-o", "jsonl"]).args(flags).arg("--").arg(path);
        program::run(&mut command)
    }

    /// Everything about one video.
    #[must_use]
    #[track_caller]
    pub fn show(&self, id: &str) -> Value {
        self.vsctl(&["show", "-o", "json", id]).ok().json()
    }

    /// The items of `vsctl ls` with further flags.
    #[must_use]
    #[track_caller]
    pub fn ls(&self, flags: &[&str]) -> Vec<Value> {
        let said = self.vsctl(&[&["ls", "-o", "json"], flags].concat()).ok().json();
        said["items"].as_array().expect("a list").clone()
    }

    /// The uploads that the server knows of, with further flags.
    #[must_use]
    #[track_caller]
    pub fn sessions(&self, flags: &[&str]) -> Vec<Value> {
        let said = self.vsctl(&[&["session", "ls", "-o", "json"], flags].concat()).ok().json();
        said["items"].as_array().expect("a list").clone()
    }

    /// Brings the original back into a file, whose hash it gives.
    #[must_use]
    #[track_caller]
    pub fn download(&self, id: &str, dest: &Path) -> String {
        let mut command = self.command("vsctl");
        let _ = program::run(command.args(["download", "--force", id]).arg(dest)).ok();
        crate::sha256(dest)
    }
}
