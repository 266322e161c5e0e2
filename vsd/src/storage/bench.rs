//! One data directory without a node around it, for `benches/store`.

use std::{io, path::Path, sync::Arc};

use bytes::Bytes;
use vs_core::id::DirId;
use vsd_core::{
    care::Order,
    superblock::{Config, GetError, Key, Location, Op, Outcome, Stats, WriteError},
};

use super::{Caretaker, Directory, Limits, disk::RealDisk, identity, make_dir};
use crate::{config::Storage, run::care_terms};

/// How full the disk may be before it is said.
const WARN_PERCENT: u8 = 85;

/// A directory as the daemon opens it: the same engine, writer and queue.
#[derive(Debug)]
pub struct Chunks(Arc<[Directory]>);

/// Scrub and compaction of a directory, at the default rates.
#[derive(Debug)]
pub struct Care(Vec<Caretaker>);

/// What it is opened with.
#[must_use]
pub fn config() -> Config {
    Config::new(DirId(1), [7; 32])
}

impl Chunks {
    /// Opens a directory, making it if need be.
    ///
    /// # Errors
    /// When it cannot be made, is in use, or cannot be read.
    pub fn open(path: &Path, config: Config) -> io::Result<Self> {
        make_dir(path)?;
        let lock = identity::lock(path).map_err(io::Error::other)?;
        let opened = Directory::open(RealDisk::new(path, Some(lock)), path, config, Limits::new(WARN_PERCENT));
        Ok(Self(Arc::new([opened.map_err(io::Error::other)?])))
    }

    /// Makes a change; durable when this returns.
    ///
    /// # Errors
    /// As the writer says.
    pub async fn write(&self, op: Op) -> Result<Outcome, WriteError> {
        self.0[0].write(op).await
    }

    /// The bytes of a chunk, on this thread.
    ///
    /// # Errors
    /// When the chunk is not here or cannot be read as it was written.
    pub fn get(&self, key: &Key) -> Result<Bytes, GetError> {
        self.0[0].reader().get(key)
    }

    #[must_use]
    pub fn locate(&self, key: &Key) -> Option<Location> {
        self.0[0].reader().locate(key)
    }

    #[must_use]
    pub fn stats(&self) -> Stats {
        self.0[0].stats()
    }

    /// Begins to look after it.
    ///
    /// # Errors
    /// When there is no thread to be had.
    pub fn care(&self) -> io::Result<Care> {
        Caretaker::start_all(&self.0, care_terms(&Storage::default())).map(Care)
    }
}

impl Care {
    fn order(&self, order: Order) {
        for caretaker in &self.0 {
            caretaker.scrub(order);
            caretaker.compact(order, None);
        }
    }

    /// Scrubs and compacts from now on, whether it is due or not.
    pub fn start(&self) {
        self.order(Order::Start);
    }

    /// Does nothing until started.
    pub fn pause(&self) {
        self.order(Order::Pause);
    }

    /// Bytes of chunks that were scrubbed.
    #[must_use]
    pub fn scrubbed_bytes(&self) -> u64 {
        self.0.iter().map(|caretaker| caretaker.counts().scrubbed_bytes).sum()
    }
}
