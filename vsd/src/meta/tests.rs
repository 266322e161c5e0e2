//! The stores against openraft's own suite, and the whole against kill -9.

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
    let dirs = vec![DirSpec { key: Uuid::from_u128(1), path: "/data".to_owned(), fault: None }];
    let bootstrap = Command::Bootstrap { cluster: ClusterId::from_random([7; 16]), node: spec, dirs };
    MetaOptions { dir: dir.to_owned(), node: NodeId(1), bootstrap: Some(bootstrap), snapshot_entries: 40 }
}

/// Stops and waits until both databases are closed, so that files can be looked at and opened again.
async fn close(meta: Meta) {
    meta.shutdown().await;
    let (log, state) = (meta.0.log.watch_closed(), meta.0.state.watch_closed());
    drop(meta);
    while log.strong_count() + state.strong_count() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Opens the metadata.
async fn open(dir: &Path) -> Meta {
    Meta::open(options(dir)).await.expect("sound")
}

fn upload_id(n: u64) -> UploadId {
    UploadId(Uuid::from_u64_pair(1, n))
}

/// A command whose effect can be looked for: upload `n` exists afterwards.
fn begin(n: u64) -> Command {
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

async fn done(meta: &Meta, command: Command) -> Response {
    meta.propose(command).await.expect("answered").accepted().expect("accepted")
}
