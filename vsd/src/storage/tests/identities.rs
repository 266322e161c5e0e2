//! Whose a directory is, and what is never taken for another.

use std::{fs, path::Path};

use tempfile::TempDir;
use uuid::Uuid;
use vs_core::id::{ClusterId, DirId, NodeId};
use vsd_core::meta::{DirRecord, DirState};

use super::super::{Held, Owner, Unusable};

fn cluster(nth: u8) -> ClusterId {
    ClusterId::from_random([nth; 16])
}

fn hold(path: &Path, known: &[DirRecord]) -> Result<Held, Unusable> {
    Owner { cluster: cluster(1), node: NodeId(1), known }.hold(path, false)
}

fn scratch() -> TempDir {
    tempfile::tempdir().expect("a scratch folder")
}

fn record(id: u64, key: Uuid, path: &Path) -> DirRecord {
    let path = path.to_string_lossy().into_owned();
    DirRecord { id: DirId(id), node: NodeId(1), key, path, state: DirState::Ok, fault: None }
}

#[test]
fn a_new_directory_joins_and_keeps_key_and_id() {
    let dir = scratch();
    let mut first = hold(dir.path(), &[]).expect("new");
    let key = first.identity.key;
    assert_eq!(first.identity.dir, None);
    assert!(matches!(hold(dir.path(), &[]), Err(Unusable::InUse)), "held once");
    drop(first);
    first = hold(dir.path(), &[]).expect("a crash before it had an id");
    assert_eq!((first.identity.key, first.identity.dir), (key, None));
    first.settle(DirId(3)).expect("written");
    drop(first);
    let mut again = hold(dir.path(), &[record(3, key, dir.path())]).expect("known");
    assert_eq!((again.identity.key, again.identity.dir), (key, Some(DirId(3))));
    again.settle(DirId(3)).expect("the same");
    assert!(matches!(again.settle(DirId(4)), Err(Unusable::OtherId { .. })));
}

#[test]
fn an_empty_directory_where_a_member_was_is_a_missing_disk_until_the_operator_says_it_is_new() {
    let dir = scratch();
    let known = [record(2, Uuid::from_u128(2), dir.path())];
    let missing = hold(dir.path(), &known).expect_err("its disk is not mounted").to_string();
    assert!(missing.contains("d2") && missing.contains("touch"), "{missing}");
    assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 0, "nothing was written under the mount point");
    let gone = dir.path().join("gone");
    let of_it = [record(2, Uuid::from_u128(2), &gone)];
    assert!(matches!(hold(&gone, &of_it), Err(Unusable::Missing { there: false, .. })));
    assert!(matches!(hold(&gone, &known), Err(Unusable::Absent(_))), "never made by itself");
    fs::write(dir.path().join("dir.new"), "").expect("written");
    let held = hold(dir.path(), &known).expect("a new disk");
    assert!(held.identity.dir.is_none() && !dir.path().join("dir.new").exists());
}

#[test]
fn a_disk_of_somebody_else_is_left_alone() {
    let dir = scratch();
    drop(hold(dir.path(), &[]).expect("new"));
    let before = fs::read_to_string(dir.path().join("dir.toml")).expect("written");
    let of = |cluster, node| Owner { cluster, node, known: &[] }.hold(dir.path(), false);
    for other in [of(cluster(2), NodeId(1)), of(cluster(1), NodeId(2))] {
        assert!(matches!(other, Err(Unusable::OfAnother { .. })));
    }
    assert_eq!(fs::read_to_string(dir.path().join("dir.toml")).expect("there"), before);
    for (text, expected) in [("format = 9\nmystery = 1\n", "newer"), ("format = 1\n", "damaged"), ("\0", "damaged")] {
        fs::write(dir.path().join("dir.toml"), text).expect("written");
        let refused = hold(dir.path(), &[]).expect_err("refused").to_string();
        assert!(refused.contains(expected), "{refused}");
    }
    let foreign = scratch();
    fs::write(foreign.path().join("00000001.vsb"), "x").expect("written");
    assert!(matches!(hold(foreign.path(), &[]), Err(Unusable::Foreign)));
    assert_eq!(fs::read_dir(foreign.path()).expect("a folder").count(), 1);
}

#[test]
fn only_a_check_of_this_very_directory_mends_it_and_only_once() {
    let dir = scratch();
    let key = hold(dir.path(), &[]).expect("new").identity.key;
    let checked = |key: Uuid| {
        fs::write(dir.path().join("fsck.toml"), format!("format = 1\nkey = \"{key}\"\nchecked_at_ms = 5\n"))
    };
    checked(Uuid::from_u128(9)).expect("written");
    assert!(!hold(dir.path(), &[]).expect("held").mended, "a check of another directory");
    checked(key).expect("written");
    let held = hold(dir.path(), &[]).expect("held");
    assert!(held.mended);
    held.forget_check().expect("removed");
    drop(held);
    assert!(!hold(dir.path(), &[]).expect("held").mended);
}
