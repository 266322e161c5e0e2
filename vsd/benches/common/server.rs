//! Processes that are measured, and what the kernel tells of them.

use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU16, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

use super::Outcome;

/// Ports that are handed out. They lie below those the kernel gives to outgoing connections, which would otherwise take
/// the port of a server that is down for a moment.
const PORTS: std::ops::Range<u16> = 20_000..24_000;
/// How long a server may take to come up.
const START: Duration = Duration::from_secs(30);
/// How often it is asked whether it has.
const LOOK: Duration = Duration::from_millis(5);
/// How `/proc` counts processor time: a constant of Linux towards programs.
const TICK_MS: f64 = 10.0;
/// Lines of a log that are shown when its server failed.
const LOG_LINES_SHOWN: usize = 10;

/// A server that can be started again and again. It ends with this.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    command: Command,
    log: PathBuf,
    child: Option<Child>,
}

impl Server {
    /// One that says what is wrong in the file `log`. It does not run yet.
    pub(crate) fn new(addr: SocketAddr, mut command: Command, log: &Path) -> Outcome<Self> {
        let file = OpenOptions::new().create(true).append(true).open(log)?;
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
        Ok(Self { addr, command, log: log.to_owned(), child: None })
    }

    /// A `vsd serve` that keeps everything in `dir`; `args` say how it begins.
    pub(crate) fn vsd(dir: &Path, args: &[&str]) -> Outcome<Self> {
        fs::create_dir_all(dir)?;
        let addr = free_addr()?;
        let mut command = Command::new(env!("CARGO_BIN_EXE_vsd"));
        command.args(["serve", "--listen", &addr.to_string(), "--set", "log.level=error"]).args(args);
        command.arg("--data-dir").arg(dir.join("data")).env("HOME", dir);
        Self::new(addr, command, &dir.join("log"))
    }

    /// Starts it, once it has ended if it ran before.
    pub(crate) fn start(&mut self) -> Outcome<()> {
        self.await_end()?;
        self.child = Some(self.command.spawn()?);
        Ok(())
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    pub(crate) fn signal(&self, signal: Signal) -> Outcome<()> {
        Ok(kill(Pid::from_raw(i32::try_from(self.pid())?), signal)?)
    }

    pub(crate) fn has_ended(&mut self) -> Outcome<bool> {
        Ok(match &mut self.child {
            Some(child) => child.try_wait()?.is_some(),
            None => true,
        })
    }

    pub(crate) fn await_end(&mut self) -> Outcome<()> {
        if let Some(mut child) = self.child.take() {
            child.wait()?;
        }
        Ok(())
    }

    pub(crate) fn await_listening(&mut self) -> Outcome<()> {
        await_listening(self.addr).map_err(|error| self.failed(&error.to_string()))
    }

    /// Waits until a `vsd` serves everybody, which is later than it listens.
    pub(crate) fn await_ready(&mut self) -> Outcome<()> {
        let began = Instant::now();
        while !is_ready(self.addr) {
            if self.has_ended()? || began.elapsed() > START {
                return Err(self.failed("vsd does not become ready"));
            }
            thread::sleep(LOOK);
        }
        Ok(())
    }

    /// What to say of a server that does not do as it should.
    pub(crate) fn failed(&self, what: &str) -> Box<dyn std::error::Error + Send + Sync> {
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<_> = log.lines().collect();
        let last = lines[lines.len().saturating_sub(LOG_LINES_SHOWN)..].join("\n");
        format!("{what}\n{last}").trim_end().to_owned().into()
    }
}

impl Drop for Server {
    /// By a signal that takes its children along, if it takes it.
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = kill(Pid::from_raw(i32::try_from(child.id()).unwrap_or(i32::MAX)), Signal::SIGTERM);
            let began = Instant::now();
            while matches!(child.try_wait(), Ok(None)) && began.elapsed() < START {
                thread::sleep(LOOK);
            }
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// An address that nobody listens on now, and that was not handed out before.
pub(crate) fn free_addr() -> Outcome<SocketAddr> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let count = PORTS.end - PORTS.start;
    // benches that run at the same time begin elsewhere
    let begin = u16::try_from(std::process::id() % u32::from(count))?;
    for _ in 0..count {
        let port = PORTS.start + (begin + NEXT.fetch_add(1, Relaxed)) % count;
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            return Ok(listener.local_addr()?);
        }
    }
    Err("no port is free".into())
}

pub(crate) fn await_listening(addr: SocketAddr) -> Outcome<()> {
    let began = Instant::now();
    loop {
        match TcpStream::connect(addr) {
            Ok(_) => return Ok(()),
            Err(error) if error.kind() != ErrorKind::ConnectionRefused || began.elapsed() > START => {
                return Err(format!("no answer from {addr}: {error}").into());
            }
            Err(_) => thread::sleep(LOOK),
        }
    }
}

/// What `/metrics` of a `vsd` says of something that has one value.
pub(crate) fn metric(addr: SocketAddr, name: &str) -> Outcome<f64> {
    let mut stream = TcpStream::connect(addr)?;
    stream.set_read_timeout(Some(START))?;
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let value = answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    Ok(value.ok_or_else(|| format!("{addr} tells no {name}"))?.trim().parse()?)
}

fn is_ready(addr: SocketAddr) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(addr)?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n")?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer)?;
        Ok(answer.ends_with(b"200"))
    };
    ask().unwrap_or(false)
}

/// Processor time that processes, and those of their children that they keep, have spent.
pub(crate) fn spent_ms(servers: &[u32]) -> Outcome<f64> {
    let mut spent = 0.0;
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { continue };
        let Some((_, fields)) = stat.rsplit_once(") ") else { continue };
        let fields: Vec<&str> = fields.split(' ').collect();
        if servers.contains(&pid) || fields[1].parse().is_ok_and(|parent| servers.contains(&parent)) {
            spent += (fields[11].parse::<f64>()? + fields[12].parse::<f64>()?) * TICK_MS;
        }
    }
    Ok(spent)
}

/// Bytes that a process had the kernel write to disks.
pub(crate) fn written_bytes(pid: u32) -> Outcome<f64> {
    figure(&format!("/proc/{pid}/io"), "write_bytes:")
}

/// Megabytes of memory that a process has.
pub(crate) fn resident_mb(pid: u32) -> Outcome<f64> {
    Ok(figure(&format!("/proc/{pid}/status"), "VmRSS:")? * 1024.0 / 1e6)
}

fn figure(file: &str, name: &str) -> Outcome<f64> {
    let text = fs::read_to_string(file)?;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let value = line.and_then(|line| line.split_whitespace().next()).ok_or_else(|| format!("no {name} in {file}"))?;
    Ok(value.parse()?)
}
