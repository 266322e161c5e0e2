//! Real `vsd serve` that make one cluster, and what they hold.

use std::{
    fs,
    os::unix::fs::MetadataExt,
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::{
    Lab,
    common::{
        Outcome,
        server::{Server, metric, written_bytes},
    },
    tools::{Tools, Video},
};

/// How long the nodes may take to be a cluster, and until what was uploaded lies where it should.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(100);
/// What `st_blocks` counts in, whatever the file system's own blocks are.
const STAT_BLOCK_BYTES: u64 = 512;

pub(crate) struct Nodes {
    servers: Vec<Server>,
    dirs: Vec<PathBuf>,
    pub(crate) tools: Tools,
}

/// What all nodes that run hold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Held {
    /// Of chunks alone.
    pub(crate) bytes: f64,
    /// Of the files they are in.
    pub(crate) file_bytes: f64,
    /// Of the disk that those take: holes do not count.
    pub(crate) disk_bytes: f64,
}

impl Nodes {
    /// Begins a cluster, in a folder of this name, and waits until all of it votes and stores.
    pub(crate) fn start(lab: &Lab<'_>, name: &str, count: usize) -> Outcome<Self> {
        let root = lab.root.join(name);
        let dirs: Vec<_> = (1..=count).map(|nth| root.join(format!("n{nth}"))).collect();
        let mut first = Server::vsd(&dirs[0], &["--bootstrap"])?;
        first.start()?;
        first.await_ready()?;
        let seed = first.addr.to_string();
        let mut servers = vec![first];
        for dir in &dirs[1..] {
            let mut server = Server::vsd(dir, &["--join", &seed])?;
            server.start()?;
            servers.push(server);
        }
        servers.iter_mut().try_for_each(Server::await_ready)?;
        let endpoints = servers.iter().map(|server| server.addr.to_string()).collect::<Vec<_>>().join(",");
        let nodes = Self { servers, dirs, tools: Tools::new(&root.join("home"), endpoints)? };
        let is_whole = |node: &&Value| node["weight"].as_f64() > Some(0.0) && node["voter"] == true;
        await_true("the nodes to be one cluster", || Ok(nodes.listed()?.iter().filter(is_whole).count() == count))?;
        Ok(nodes)
    }

    /// Starts one more, which joins and takes its share; its address.
    pub(crate) fn add(&mut self) -> Outcome<String> {
        let dir = self.dirs[0].with_file_name(format!("n{}", self.dirs.len() + 1));
        let mut server = Server::vsd(&dir, &["--join", &self.servers[0].addr.to_string()])?;
        server.start()?;
        let addr = server.addr.to_string();
        self.servers.push(server);
        self.dirs.push(dir);
        Ok(addr)
    }

    /// Bytes that any leader has moved so far.
    pub(crate) fn moved_bytes(&self) -> f64 {
        let moved = |(server, _): (&Server, &PathBuf)| metric(server.addr, "vsd_moved_bytes_total{kind=\"move\"}");
        // a node that has moved nothing tells nothing
        self.running().map(moved).filter_map(Result::ok).sum()
    }

    fn listed(&self) -> Outcome<Vec<Value>> {
        let mut listed = self.tools.vsctl(&["node", "ls"])?;
        Ok(listed["items"].as_array_mut().map(std::mem::take).unwrap_or_default())
    }

    fn running(&self) -> impl Iterator<Item = (&Server, &PathBuf)> {
        self.servers.iter().zip(&self.dirs).filter(|(server, _)| server.pid() > 0)
    }

    pub(crate) fn addrs(&self) -> Vec<String> {
        self.servers.iter().map(|server| server.addr.to_string()).collect()
    }

    /// Ends one that does not lead, as a power cut would.
    pub(crate) fn kill_follower(&mut self) -> Outcome<()> {
        let listed = self.listed()?;
        let leads = |server: &Server| {
            let addr = server.addr.to_string();
            listed.iter().any(|node| node["leader"] == true && node["addr"] == addr.as_str())
        };
        let follower = self.servers.iter_mut().rev().find(|server| !leads(server));
        let follower = follower.ok_or("no node follows")?;
        follower.signal(Signal::SIGKILL)?;
        follower.await_end()
    }

    /// Bytes of chunks that each running node holds.
    pub(crate) fn chunk_bytes(&self) -> Outcome<Vec<f64>> {
        self.running().map(|(server, _)| metric(server.addr, "vsd_chunk_bytes")).collect()
    }

    pub(crate) fn held(&self) -> Outcome<Held> {
        let (mut file_bytes, mut blocks) = (0, 0);
        for (_, dir) in self.running() {
            for file in fs::read_dir(dir.join("data").join("chunks"))? {
                // one that was compacted meanwhile is gone
                let Ok(file) = file?.metadata() else { continue };
                file_bytes += file.len();
                blocks += file.blocks();
            }
        }
        let disk_bytes = (blocks * STAT_BLOCK_BYTES) as f64;
        Ok(Held { bytes: self.chunk_bytes()?.iter().sum(), file_bytes: file_bytes as f64, disk_bytes })
    }

    /// Bytes that all running nodes together had the kernel write to disks.
    pub(crate) fn written_bytes(&self) -> Outcome<f64> {
        self.running().map(|(server, _)| written_bytes(server.pid())).sum()
    }

    /// The video once every member of it is where it should be, and what the nodes hold then.
    pub(crate) fn await_whole(&self, id: &str) -> Outcome<(Video, Held)> {
        let mut whole = None;
        await_true("every copy to be stored", || {
            whole = Some(self.tools.video(id)?).filter(|video| video.is_whole);
            Ok(whole.is_some())
        })?;
        Ok((whole.ok_or("nothing was stored")?, self.held()?))
    }
}

impl Drop for Nodes {
    /// At once: nobody wants their data.
    fn drop(&mut self) {
        for server in self.servers.iter().filter(|server| server.pid() > 0) {
            let _ = server.signal(Signal::SIGKILL);
        }
        self.servers.clear();
        for dir in &self.dirs {
            let _ = fs::remove_dir_all(dir);
        }
    }
}

/// Looks until something is so.
pub(crate) fn await_true(what: &str, mut is_so: impl FnMut() -> Outcome<bool>) -> Outcome<()> {
    let began = Instant::now();
    loop {
        match is_so() {
            Ok(true) => return Ok(()),
            Err(error) if began.elapsed() > PATIENCE => return Err(error),
            Ok(false) if began.elapsed() > PATIENCE => return Err(format!("waited in vain for {what}").into()),
            Ok(false) | Err(_) => thread::sleep(LOOK),
        }
    }
}
