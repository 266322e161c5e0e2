//! A node of the library as a process: started, struck by a lab for a while, ended.
//!
//! Invariants:
//! - Only what a lab killed is started again. One that ends otherwise stays so: to see what happens without it is what it may have
//!   been killed for.
//! - Whatever a lab does ends when its time is over, and at the latest when the library stops.

use std::{
    net::{SocketAddr, TcpListener},
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use vs_core::error::{Code, Failure};
use vs_wire::v1::{self, Blow};

/// How soon it is looked again whether the port of a killed node is free.
const PORT_POLL: Duration = Duration::from_millis(100);

/// A node and its process, when there is one.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) addr: String,
    dir: PathBuf,
    join: Option<String>,
    supervisor: SocketAddr,
    child: Option<Child>,
    /// What a lab did, and when that ends.
    struck: Option<(Blow, Instant)>,
    starts: u32,
    /// How it ended, if by itself.
    ended: Option<String>,
}

impl Node {
    /// A node that was not started yet.
    pub(super) fn new(addr: String, dir: PathBuf, join: Option<String>, supervisor: SocketAddr) -> Self {
        Self { addr, dir, join, supervisor, child: None, struck: None, starts: 0, ended: None }
    }

    pub(super) fn start(&mut self) -> Result<(), Failure> {
        let failed = |error: std::io::Error| Failure::new(Code::Internal, "vsd cannot be started").because(error);
        // this very program, whatever has taken its place on the disk meanwhile
        let mut command = Command::new("/proc/self/exe");
        command.args(["serve", "--listen", &self.addr, "--data-dir"]).arg(&self.dir).stdin(Stdio::null());
        command.args(["--dev-faults", &self.supervisor.to_string()]);
        match &self.join {
            Some(first) => command.args(["--join", first]),
            None => command.arg("--bootstrap"),
        };
        // Its own group: a Ctrl-C of the terminal reaches this process, which then stops the node in order.
        command.process_group(0);
        if std::env::var_os("VSD_LOG_LEVEL").is_none() {
            command.env("VSD_LOG_LEVEL", "warn");
        }
        self.child = Some(command.spawn().map_err(failed)?);
        self.starts += 1;
        Ok(())
    }

    pub(super) fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// How the process ended, if it did since it was last looked.
    pub(super) fn reap(&mut self) -> Option<String> {
        let status = self.child.as_mut()?.try_wait().ok()??.to_string();
        (self.child, self.struck, self.ended) = (None, None, Some(status.clone()));
        Some(status)
    }

    /// Whether it runs, or will again.
    pub(super) fn is_there(&self) -> bool {
        self.child.is_some() || self.struck.is_some()
    }

    pub(super) fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid().and_then(|pid| i32::try_from(pid).ok()) {
            let _ = kill(Pid::from_raw(pid), signal);
        }
    }

    /// Kills or freezes it for so long; for no time at all, what was done before ends now.
    pub(super) fn strike(&mut self, blow: Blow, lasts: Duration) -> Result<(), Failure> {
        if !self.is_there() {
            return Err(Failure::new(Code::Conflict, format!("{} has ended by itself", self.addr)));
        }
        self.recover()?;
        if self.child.is_none() {
            return Err(Failure::new(Code::Conflict, format!("{} is dead, and its port is taken", self.addr)));
        }
        if lasts.is_zero() {
            return Ok(());
        }
        match blow {
            Blow::Unspecified => return Err(Failure::new(Code::Invalid, "no blow named")),
            Blow::Kill => self.kill(),
            Blow::Freeze => self.signal(Signal::SIGSTOP),
        }
        self.struck = Some((blow, Instant::now() + lasts));
        Ok(())
    }

    /// Ends what a lab did, if its time is over.
    pub(super) fn recover_in_time(&mut self) -> Result<(), Failure> {
        match self.struck {
            Some((_, until)) if until <= Instant::now() => self.recover(),
            _ => Ok(()),
        }
    }

    fn recover(&mut self) -> Result<(), Failure> {
        match self.struck.take() {
            // somebody's connection may have got its port meanwhile: that is waited for
            Some((Blow::Kill, _)) if TcpListener::bind(&self.addr).is_err() => {
                self.struck = Some((Blow::Kill, Instant::now() + PORT_POLL));
                Ok(())
            }
            Some((Blow::Kill, _)) => self.start(),
            Some(_) => {
                self.signal(Signal::SIGCONT);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Ends it as a power cut would.
    pub(super) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks it to stop, and not to come back.
    pub(super) fn terminate(&mut self) {
        self.signal(Signal::SIGTERM);
        // one that stands still hears nothing
        self.signal(Signal::SIGCONT);
        self.struck = None;
    }

    pub(super) fn describe(&self) -> v1::NodeProcess {
        let state = match (&self.struck, &self.child) {
            (Some((Blow::Kill, _)), _) => "killed",
            (Some(_), _) => "frozen",
            (None, Some(_)) => "running",
            (None, None) => "ended",
        };
        v1::NodeProcess {
            addr: self.addr.clone(),
            state: state.to_owned(),
            pid: self.pid(),
            starts: self.starts,
            ended: self.ended.clone().unwrap_or_default(),
        }
    }
}
