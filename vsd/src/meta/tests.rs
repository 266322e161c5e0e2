//! The stores against openraft's own suite, and the whole against kill -9.

mod cluster;
mod incarnation;
mod install;
mod kill;
mod restart;
mod store;

use std::{collections::BTreeMap, path::Path, time::Duration};

use uuid::Uuid;
use vs_core::{
    hash::Hash,
    id::{Ballot, ClusterId, NodeId, UploadId, VideoId},
};
use vsd_core::meta::{Command, DirSpec, NodeSpec, OnDuplicate, Redundancy, Response, Role, TrackOptions, UploadBegin};

use super::*;

fn options(dir: &Path) -> MetaOptions {
    let spec = NodeSpec {
        addr: "127.0.0.1:7400".to_owned(),
        zone: "default".to_owned(),
        roles: Role::ALL.into(),
        version: "0.1.0".to_owned(),
    };
    let dirs = vec![DirSpec { key: Uuid::from_u128(1), path: "/data".to_owned(), fault: None, mended: false }];
    let bootstrap = Command::Bootstrap { cluster: ClusterId::from_random([7; 16]), node: spec, dirs };
    MetaOptions {
        dir: dir.to_owned(),
        cluster: ClusterId::from_random([7; 16]),
        incarnation: 0,
        node: NodeId(1),
        addr: "127.0.0.1:7400".to_owned(),
        from: None,
        begin: Begin::Bootstrap(Box::new(bootstrap)),
        seeds: Vec::new(),
        snapshot_entries: 40,
    }
}

/// Opens the metadata.
pub(crate) async fn open(dir: &Path) -> Meta {
    reopen(options(dir)).await.expect("sound")
}

/// Opens the metadata, once an earlier opening in this process has let go of it.
async fn reopen(options: MetaOptions) -> Result<Meta, OpenError> {
    loop {
        match Meta::open(options.clone()).await {
            Err(OpenError::Io { source, .. }) if source.to_string().contains("lock hold by current process") => {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            opened => return opened,
        }
    }
}

/// Stops, and waits until no file is open any more.
async fn close(meta: Meta) {
    let dir = meta.inner.log.path().parent().expect("in a folder").to_owned();
    meta.shutdown().await;
    drop(meta);
    let is_open = || {
        let files = std::fs::read_dir("/proc/self/fd").expect("Linux").filter_map(Result::ok);
        files.filter_map(|file| std::fs::read_link(file.path()).ok()).any(|target| target.starts_with(&dir))
    };
    while is_open() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Makes a snapshot of everything applied so far, and purges the log behind it.
async fn snapshot(meta: &Meta) {
    let mut metrics = meta.inner.raft.metrics();
    let target = metrics.borrow().last_applied.map(|id| id.index);
    while metrics.borrow_and_update().snapshot.map(|id| id.index) < target {
        meta.inner.raft.trigger().snapshot().await.expect("running");
        // one that was under way when this began may be older than what is asked for
        let _ = tokio::time::timeout(Duration::from_secs(1), metrics.changed()).await;
    }
}

fn metrics(meta: &Meta) -> standing::Metrics {
    meta.inner.standing.metrics()
}

fn purged(meta: &Meta) -> Option<u64> {
    metrics(meta).purged.map(|id| id.index)
}

fn applied(meta: &Meta) -> u64 {
    *meta.watch_applied().borrow()
}

pub(crate) fn upload_id(n: u64) -> UploadId {
    UploadId(Uuid::from_u64_pair(1, n))
}

/// A command whose effect can be looked for: upload `n` exists afterwards.
pub(crate) fn begin(n: u64) -> Command {
    Command::UploadBegin(Box::new(UploadBegin {
        upload: upload_id(n),
        video: VideoId(Uuid::from_u64_pair(2, n)),
        node: NodeId(1),
        file_name: String::new(),
        title: format!("Film {n}"),
        description: String::new(),
        tags: BTreeMap::new(),
        size: None,
        options: TrackOptions::default(),
        redundancy: Redundancy::Auto,
        on_duplicate: OnDuplicate::Skip,
        offered_sha256: None,
    }))
}

/// Another one, for the same upload.
fn received(n: u64) -> Command {
    Command::UploadReceived { upload: upload_id(n), ballot: Ballot(1), sha256: Hash::of(&n.to_le_bytes()), bytes: n }
}

pub(crate) async fn done(meta: &Meta, command: Command) -> Response {
    meta.propose(command).await.expect("answered").accepted().expect("accepted")
}
