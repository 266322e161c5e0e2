//! Opening a directory of a million chunks, and what their index takes in memory. The store is sparse: its records are holes.

use std::{fs::File, os::unix::fs::FileExt, path::Path, process::Command};

use nix::{
    fcntl::{PosixFadviseAdvice, posix_fadvise},
    sys::resource::{Resource, getrlimit, setrlimit},
    unistd::{SysconfVar, sysconf},
};
use serde_json::{Value, json};
use vsd::bench::{Chunks, config};
use vsd_core::superblock::sparse;

use crate::{
    CHUNK_BYTES, Effort, Outcome,
    table::{Rounds, Row, Table, Target, say, timed},
};

/// How the bench calls itself: memory is measured in a process that has done nothing else.
pub(crate) const CHILD: &str = "--open";
const OPEN_S_MAX: f64 = 2.0;
const CHUNK_RESIDENT_BYTES_MAX: f64 = 64.0;

pub(crate) fn measure(table: &mut Table, root: &Path, effort: Effort) -> Outcome<()> {
    let dir = root.join("sparse");
    let mut sizes = effort.sparse.to_vec();
    let timed_at = sizes[0];
    sizes.sort_unstable();
    let (mut built, mut seconds, mut cold, mut resident) = (0, Rounds::default(), Rounds::default(), Rounds::default());
    std::fs::create_dir(&dir)?;
    let mut number = 1;
    for size in sizes {
        while built < size {
            built += add(&dir, number, built)?;
            number += 1;
        }
        let opened = open_elsewhere(&dir)?;
        resident.push(figure(&opened, "resident_bytes")? / figure(&opened, "chunks")?);
        if size == timed_at {
            for _ in 0..effort.rounds {
                forget(&dir)?;
                cold.push(figure(&open_elsewhere(&dir)?, "seconds")?);
                seconds.push(figure(&open_elsewhere(&dir)?, "seconds")?);
            }
        }
    }
    std::fs::remove_dir_all(&dir)?;
    say(&format!("{} superblocks of 2 MiB chunks, all records holes; opened by a fresh process", number - 1));
    let what = format!("open, {timed_at} chunks");
    let target = Some(Target::AtMost(OPEN_S_MAX));
    table.row(&Row { what: &what, unit: "s", ours: &seconds, peer: None, target });
    let what = format!("open, {timed_at} chunks, footers not cached");
    table.row(&Row { what: &what, unit: "s", ours: &cold, peer: None, target });
    table.row(&Row {
        what: "resident a chunk, mean over the sizes",
        unit: "bytes",
        ours: &resident.mean(),
        peer: None,
        target: Some(Target::AtMost(CHUNK_RESIDENT_BYTES_MAX)),
    });
    table.row(&Row { what: "  … at each size", unit: "bytes", ours: &resident, peer: None, target: None });
    Ok(())
}

/// Adds a superblock whose chunks are named by the numbers from `first` on; how many they are.
fn add(dir: &Path, number: u32, first: u64) -> Outcome<u64> {
    let sparse = sparse::superblock(&config(), number, u32::try_from(CHUNK_BYTES)?, first);
    let file = File::create(dir.join(&sparse.name))?;
    file.write_all_at(&sparse.header, 0)?;
    file.write_all_at(&sparse.footer, sparse.footer_offset)?;
    Ok(sparse.chunks)
}

/// Drops what is cached of the files.
fn forget(dir: &Path) -> Outcome<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.is_file() {
            let file = File::open(path)?;
            file.sync_all()?;
            posix_fadvise(&file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED)?;
        }
    }
    Ok(())
}

fn figure(said: &Value, name: &str) -> Outcome<f64> {
    said[name].as_f64().ok_or_else(|| format!("no {name} in {said}").into())
}

fn open_elsewhere(dir: &Path) -> Outcome<Value> {
    let output = Command::new(std::env::current_exe()?).arg(CHILD).arg(dir).output()?;
    Ok(serde_json::from_slice(&output.stdout).map_err(|error| {
        format!("{error}: {}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    })?)
}

/// The other process: opens the directory and says what that took.
pub(crate) fn child(dir: &Path) -> Outcome<()> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    let before = resident_bytes()?;
    let (chunks, took) = timed(|| Chunks::open(dir, config()));
    let chunks = chunks?;
    let resident = resident_bytes()? - before;
    say(&json!({ "seconds": took.as_secs_f64(), "resident_bytes": resident, "chunks": chunks.stats().chunks })
        .to_string());
    Ok(())
}

fn resident_bytes() -> Outcome<i64> {
    let statm = std::fs::read_to_string("/proc/self/statm")?;
    let pages: i64 = statm.split(' ').nth(1).ok_or("no resident size in /proc/self/statm")?.parse()?;
    let page_bytes = sysconf(SysconfVar::PAGE_SIZE)?.ok_or("no page size")?;
    Ok(pages * page_bytes)
}
