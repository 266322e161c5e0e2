//! A directory whose sync failed, from the fault to the next start.

use std::{fs, path::Path};

use bytes::Bytes;
use vs_core::{
    hash::Hash,
    id::{AssetId, ClusterId, DirId},
};
use vsd_core::{
    meta::{Command, DirSpec, NodeSpec, Role},
    superblock::{Engine, Op, Put, VerifiedChunk},
};

use super::*;
use crate::{
    meta::{Begin, Meta, MetaOptions},
    node::{DataDir, NewNode},
    storage::Owner,
};

fn chunk(name: u8) -> Put {
    let bytes = Bytes::from(vec![name; 10_000]);
    let hash = Hash::of(&bytes);
    Put { asset: AssetId(1), chunk: VerifiedChunk::verify(bytes, hash).expect("named by its hash") }
}

/// A node that stopped after a sync of its chunks had failed, and that told the cluster.
async fn after_a_failed_sync(root: &Path) {
    let cluster = ClusterId::from_random([7; 16]);
    let mut data = DataDir::open(root, NewNode::Bootstrap(cluster), "a:1").expect("bootstrapped");
    data.now_member().expect("written");
    let owner = Owner { cluster, node: NodeId(1), known: &[] };
    let mut held = owner.hold(&data.chunks(), true).expect("new");
    held.settle(DirId(1)).expect("written");
    let config = superblock::Config::new(DirId(1), [3; 32]);
    let (mut engine, _) = Engine::open(RealDisk::new(&held.path, None), config).expect("opens");
    for name in 1..=3 {
        assert!(engine.write_group(&[Op::Put(chunk(name))])[0].is_ok());
    }
    drop(engine);

    let spec = NodeSpec {
        addr: "a:1".to_owned(),
        zone: "default".to_owned(),
        roles: Role::ALL.into(),
        version: String::new(),
    };
    let path = held.path.to_string_lossy().into_owned();
    let dir = DirSpec { key: held.identity.key, path, fault: None, mended: false };
    let first = Command::Bootstrap { cluster, node: spec.clone(), dirs: vec![dir.clone()] };
    let options = MetaOptions {
        dir: data.meta(),
        cluster,
        incarnation: 0,
        node: NodeId(1),
        addr: "127.0.0.1:7400".to_owned(),
        from: None,
        begin: Begin::Bootstrap(Box::new(first)),
        seeds: Vec::new(),
        snapshot_entries: 1000,
    };
    let meta = Meta::open(options).await.expect("opens");
    let dirs = vec![DirSpec { fault: Some("fsync failed: EIO".to_owned()), ..dir }];
    meta.propose(Command::NodeUpdate { node: NodeId(1), spec, dirs }).await.expect("applied");
    meta.shutdown().await;
}

fn fsck(root: &Path, deep: bool, fix: bool) -> Report {
    let place = WhereArgs { config: None, data_dir: Some(root.to_owned()) };
    examine(&FsckArgs { place, deep, fix, json: true }).expect("nobody else uses it")
}

fn kinds(report: &Report, severity: Severity) -> Vec<&'static str> {
    report.findings.iter().filter(|finding| finding.severity == severity).map(|finding| finding.kind).collect()
}

#[tokio::test]
async fn a_directory_whose_sync_failed_is_believed_once_its_disk_was_read_and_sealed() {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let root = scratch.path().join("n1");
    after_a_failed_sync(&root).await;
    let chunks = root.join("chunks");
    let file = chunks.join("00000001.vsb");
    let before = fs::read(&file).expect("a superblock");
    for (deep, fix) in [(false, false), (true, false), (false, true)] {
        let report = fsck(&root, deep, fix);
        assert_eq!(kinds(&report, Severity::Attention), ["failed_fsync", "withheld"], "{}", report.text());
        assert!(report.hints()[0].contains("vsd fsck --deep --fix"));
        assert!(fs::read(&file).expect("there") == before && !chunks.join("fsck.toml").exists(), "left as it is");
    }
    let report = fsck(&root, true, true);
    assert!(!report.needs_attention(), "{}", report.text());
    assert!(kinds(&report, Severity::Mended).contains(&"failed_fsync"), "{}", report.text());

    let cluster = ClusterId::from_random([7; 16]);
    let held = Owner { cluster, node: NodeId(1), known: &[] }.hold(&chunks, false).expect("its own");
    assert!(held.mended, "what the next start tells the cluster");
    let config = superblock::Config::new(DirId(1), [3; 32]);
    let (engine, recovery) = Engine::open(RealDisk::new(&chunks, None), config).expect("opens");
    assert!(recovery.findings.is_empty(), "{:?}", recovery.findings);
    assert!((1..=3).all(|name| engine.reader().get(&chunk(name).key()).is_ok()), "nothing was lost");
}
