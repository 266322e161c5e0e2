//! A large library in one node: how long it takes to start, to make a snapshot and to list a page, and what memory it takes.
//!
//! It is filled by the commands of so many uploads over the log, as a library grows, only without their chunks. One node, for
//! all of this is each node's own.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;
use tokio::runtime::Runtime;
use vs_client::channel::call;
use vs_core::{
    id::{NodeId, VideoId},
    limit::PAGE_ITEMS_MAX,
};
use vs_wire::v1::{self, admin_client::AdminClient, meta_client::MetaClient};

use crate::{
    Lab,
    common::{
        Outcome,
        server::{Server, resident_mb},
        table::{Rounds, Row, say},
    },
    film::Library,
    load::{connect, value},
    vsd::cluster_id,
};

/// While the library is made: a snapshot of all of it every 3,000 films would take longer than the films.
const FILL_SNAPSHOT_ENTRIES: &str = "metadata.snapshot_entries=200000";
/// How often a node that starts is asked whether it answers.
const LOOK: Duration = Duration::from_millis(2);
const ANSWER: Duration = Duration::from_secs(120);
/// How often a first snapshot is asked for.
const SNAPSHOT_TRIES: usize = 3;
/// Pages listed in a round.
const PAGES: usize = 10;
/// Edits between a snapshot and the next.
const EDITS: usize = 10;

/// Where the library is, and one of its films.
struct Large<'a> {
    runtime: &'a Runtime,
    server: Server,
    film: VideoId,
}

pub(crate) fn measure(lab: &mut Lab<'_>) -> Outcome<()> {
    let dir = lab.root.join("library");
    let film = fill(lab, &dir)?;
    let server = Server::vsd(&dir, &[])?;
    let mut large = Large { runtime: lab.runtime, server, film };
    large.start_ms()?;
    snapshots(lab, &large, &dir)?;
    restarts(lab, &mut large)?;
    let after_start = Rounds::from_iter([resident_mb(large.server.pid())?]);
    pages(lab, &large)?;
    let after_lists = Rounds::from_iter([resident_mb(large.server.pid())?]);
    alone(lab, "resident after a restart", "MB", &after_start);
    alone(lab, "resident after all of it was listed", "MB", &after_lists);
    Ok(())
}

fn alone(lab: &mut Lab<'_>, what: &str, unit: &str, ours: &Rounds) {
    lab.table.row(&Row { what, unit, ours, peer: None, target: None });
}

/// Makes the library in `dir`.
fn fill(lab: &Lab<'_>, dir: &Path) -> Outcome<VideoId> {
    let mut server = Server::vsd(dir, &["--bootstrap", "--set", FILL_SNAPSHOT_ENTRIES])?;
    server.start()?;
    server.await_ready()?;
    let began = Instant::now();
    let films = lab.runtime.block_on(async {
        let mut library = Library::new(cluster_id(&server).await?, NodeId(1), server.addr);
        library.fill(lab.effort.films).await
    })?;
    let took_s = began.elapsed().as_secs_f64();
    say(&format!("a library of {} films on one node, made in {took_s:.0} s", films.len()));
    server.signal(Signal::SIGTERM)?;
    server.await_end()?;
    films.first().copied().ok_or_else(|| "no films".into())
}

fn snapshots(lab: &mut Lab<'_>, large: &Large<'_>, dir: &Path) -> Outcome<()> {
    // one may be under way that was begun without being asked for
    let idle = (0..SNAPSHOT_TRIES).map(|_| large.snapshot_bytes()).find(Result::is_ok);
    idle.ok_or("no snapshot was made")??;
    let (mut took_s, mut size_mb) = (Rounds::default(), Rounds::default());
    for _ in 0..lab.effort.rounds {
        large.edit()?;
        let began = Instant::now();
        let bytes = large.snapshot_bytes()?;
        took_s.push(began.elapsed().as_secs_f64());
        size_mb.push(bytes as f64 / 1e6);
    }
    alone(lab, "snapshot", "s", &took_s);
    alone(lab, "  … its size", "MB", &size_mb);
    let meta = dir.join("data").join("meta");
    for (what, part) in [("state with its snapshot, on the disk", "state"), ("log, on the disk", "raft")] {
        alone(lab, what, "MB", &Rounds::from_iter([folder_bytes(&meta.join(part))? as f64 / 1e6]));
    }
    Ok(())
}

fn restarts(lab: &mut Lab<'_>, large: &mut Large<'_>) -> Outcome<()> {
    for (signal, how) in [(Signal::SIGTERM, "SIGTERM"), (Signal::SIGKILL, "kill -9")] {
        let (mut stopping, mut starting) = (Rounds::default(), Rounds::default());
        for _ in 0..lab.effort.rounds {
            large.edit()?;
            let began = Instant::now();
            large.server.signal(signal)?;
            large.server.await_end()?;
            stopping.push(began.elapsed().as_secs_f64() * 1e3);
            starting.push(large.start_ms()?);
        }
        alone(lab, &format!("start to the first answer, after {how}"), "ms", &starting);
        if signal == Signal::SIGTERM {
            alone(lab, "  … to the end after SIGTERM", "ms", &stopping);
        }
    }
    Ok(())
}

fn pages(lab: &mut Lab<'_>, large: &Large<'_>) -> Outcome<()> {
    let all = large.runtime.block_on(async {
        let mut meta = MetaClient::new(connect(large.server.addr).await?);
        let (mut tokens, mut all_ms, mut token) = (Vec::new(), 0.0, String::new());
        loop {
            let (next, took_ms) = page(&mut meta, token).await?;
            all_ms += took_ms;
            if next.is_empty() {
                return Outcome::Ok((tokens, all_ms));
            }
            tokens.push(next.clone());
            token = next;
        }
    });
    let (tokens, all_ms) = all?;
    let middle = tokens.get(tokens.len() / 2).cloned().unwrap_or_default();
    let (mut first_ms, mut middle_ms) = (Rounds::default(), Rounds::default());
    large.runtime.block_on(async {
        let mut meta = MetaClient::new(connect(large.server.addr).await?);
        for _ in 0..lab.effort.rounds * PAGES {
            first_ms.push(page(&mut meta, String::new()).await?.1);
            middle_ms.push(page(&mut meta, middle.clone()).await?.1);
        }
        Outcome::Ok(())
    })?;
    let items = format!("{PAGE_ITEMS_MAX} films");
    alone(lab, &format!("the first page, {items}"), "ms", &first_ms);
    alone(lab, &format!("a page in the middle, {items}"), "ms", &middle_ms);
    alone(lab, "all pages", "ms", &Rounds::from_iter([all_ms]));
    let status_ms = large.runtime.block_on(async {
        let mut admin = AdminClient::new(connect(large.server.addr).await?);
        let began = Instant::now();
        call(ANSWER, admin.status(v1::StatusRequest::default())).await?;
        Outcome::Ok(began.elapsed().as_secs_f64() * 1e3)
    })?;
    alone(lab, "status", "ms", &Rounds::from_iter([status_ms]));
    Ok(())
}

/// A page as `vsctl ls` asks for it; the next page's token, and how long this one took.
async fn page(meta: &mut MetaClient<tonic::transport::Channel>, page_token: String) -> Outcome<(String, f64)> {
    let request = v1::ListVideosRequest { limit: PAGE_ITEMS_MAX, page_token, ..v1::ListVideosRequest::default() };
    let began = Instant::now();
    let answer = meta.list_videos(request).await?.into_inner();
    Ok((answer.next_page_token, began.elapsed().as_secs_f64() * 1e3))
}

impl Large<'_> {
    /// Starts it, and waits until it answers a linearizable read.
    fn start_ms(&mut self) -> Outcome<f64> {
        let began = Instant::now();
        self.server.start()?;
        while self.runtime.block_on(self.read()).is_err() {
            if self.server.has_ended()? || began.elapsed() > ANSWER {
                return Err(self.server.failed("the large library does not start"));
            }
            std::thread::sleep(LOOK);
        }
        Ok(began.elapsed().as_secs_f64() * 1e3)
    }

    async fn read(&self) -> Outcome<()> {
        let mut meta = MetaClient::new(connect(self.server.addr).await?);
        let request = v1::GetVideoRequest { video: self.film.to_string(), ..v1::GetVideoRequest::default() };
        meta.get_video(request).await?;
        Ok(())
    }

    fn snapshot_bytes(&self) -> Outcome<u64> {
        self.runtime.block_on(async {
            let mut admin = AdminClient::new(connect(self.server.addr).await?);
            let taken = call(ANSWER, admin.take_snapshot(v1::TakeSnapshotRequest::default())).await?;
            let taken = taken.items.first().ok_or("nobody was asked for a snapshot")?;
            if taken.why.is_empty() { Ok(taken.bytes) } else { Err(taken.why.clone().into()) }
        })
    }

    /// Something that the last snapshot does not have.
    fn edit(&self) -> Outcome<()> {
        self.runtime.block_on(async {
            let mut meta = MetaClient::new(connect(self.server.addr).await?);
            for _ in 0..EDITS {
                let (video, description) = (self.film.to_string(), Some(value()));
                let edit = v1::EditVideoRequest { video, description, ..v1::EditVideoRequest::default() };
                meta.edit_video(edit).await?;
            }
            Ok(())
        })
    }
}

fn folder_bytes(folder: &Path) -> Outcome<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let meta = entry.metadata()?;
        bytes += if meta.is_dir() { folder_bytes(&entry.path())? } else { meta.len() };
    }
    Ok(bytes)
}
