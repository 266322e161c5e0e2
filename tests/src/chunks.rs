//! Chunks that many clients put at once, straight over HTTP, while the node comes and goes, and what it must have of them (DUR-1,
//! INT-1).
//!
//! A put whose answer is lost may be stored or not, so it is put again until it is acknowledged; from then on the chunk is there,
//! whole, for ever. Chunks are made from numbers: their bytes need not be kept to be known.

use std::{
    io,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use crate::{crash::Dice, http, sha256_of};

/// Clients that put chunks at the same time.
pub const CLIENTS: u64 = 16;
/// Most bytes of new chunks; later puts are of chunks that are there.
const BYTES_MAX: u64 = 256 << 20;
/// Longest chunk.
const CHUNK_BYTES_MAX: u64 = 2 << 20;
/// Their assets: so high that the log gives none of these numbers to an upload.
const ASSETS: u64 = 1 << 40;
/// How long a client waits that finds no node.
const PAUSE: Duration = Duration::from_millis(5);

/// A chunk by what it was made from.
#[derive(Clone, Debug)]
struct Chunk {
    asset: u64,
    seed: u64,
    bytes: u64,
    sha256: String,
}

impl Chunk {
    /// One of any length that a chunk may have; most are short, so that there are many.
    fn new(dice: &mut Dice) -> Self {
        let bytes = match dice.below(8) {
            0 => CHUNK_BYTES_MAX - dice.below(10_000),
            1 => 1 + dice.below(100),
            _ => 1 + dice.below(256 << 10),
        };
        let chunk = Self { asset: ASSETS + dice.below(3), seed: dice.roll(), bytes, sha256: String::new() };
        Self { sha256: sha256_of(&chunk.content()), ..chunk }
    }

    fn content(&self) -> Vec<u8> {
        let mut dice = Dice::seeded(self.seed);
        let words = std::iter::repeat_with(|| dice.roll().to_le_bytes());
        let length = usize::try_from(self.bytes).expect("a chunk fits in memory");
        words.flatten().take(length).collect()
    }

    fn path(&self) -> String {
        format!("/chunk/{}/{}", self.asset, self.sha256)
    }
}

/// What the clients were told is stored.
#[derive(Debug, Default)]
pub struct Ledger {
    chunks: Mutex<Vec<Chunk>>,
    bytes: AtomicU64,
}

impl Ledger {
    fn chunks(&self) -> MutexGuard<'_, Vec<Chunk>> {
        self.chunks.lock().expect("no client failed")
    }

    /// How many chunks are acknowledged.
    #[must_use]
    pub fn len(&self) -> usize {
        self.chunks().len()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One client: puts chunks until it is over, some of them a second time.
    pub fn put_until(&self, addr: &str, is_over: &AtomicBool, dice: &mut Dice) {
        while !is_over.load(Ordering::SeqCst) {
            match self.known(dice) {
                Some(known) => {
                    if let Some(status) = put(addr, &known, is_over) {
                        assert_eq!(status, 200, "acknowledged, and then taken for new: {known:?}");
                    }
                }
                None => {
                    let fresh = Chunk::new(dice);
                    if put(addr, &fresh, is_over).is_some() {
                        self.bytes.fetch_add(fresh.bytes, Ordering::SeqCst);
                        self.chunks().push(fresh);
                    }
                }
            }
        }
    }

    /// A chunk to be put again: now and then, and always once there are enough.
    fn known(&self, dice: &mut Dice) -> Option<Chunk> {
        let enough = self.bytes.load(Ordering::SeqCst) >= BYTES_MAX;
        let chunks = self.chunks();
        let again = !chunks.is_empty() && (enough || dice.below(8) == 0);
        again.then(|| chunks[usize::try_from(dice.below(chunks.len() as u64)).expect("an index")].clone())
    }

    /// Everything acknowledged so far is there, byte for byte.
    pub fn check(&self, addr: &str) {
        let chunks = self.chunks().clone();
        for chunk in chunks {
            let answer = http::get(addr, &chunk.path()).unwrap_or_else(|| panic!("no answer for {chunk:?}"));
            assert_eq!(
                answer.status,
                200,
                "acknowledged and lost: {chunk:?}: {}",
                String::from_utf8_lossy(&answer.body)
            );
            assert_eq!(sha256_of(&answer.body), chunk.sha256, "acknowledged and changed: {chunk:?}");
        }
    }
}

/// Puts a chunk until that is acknowledged, and tells how; `None` when it is over before.
fn put(addr: &str, chunk: &Chunk, is_over: &AtomicBool) -> Option<u16> {
    let content = chunk.content();
    while !is_over.load(Ordering::SeqCst) {
        match http::ask(addr, "PUT", &chunk.path(), &[], &content) {
            Ok(answer) if matches!(answer.status, 200 | 201) => return Some(answer.status),
            // it stops, or has too much to do: it says that it did not store the chunk
            Ok(answer) if answer.status == 503 => thread::sleep(PAUSE),
            Ok(answer) => panic!("{chunk:?}: {} {}", answer.status, String::from_utf8_lossy(&answer.body)),
            Err(error) => {
                assert_ne!(error.kind(), io::ErrorKind::WouldBlock, "the node hangs: {chunk:?}");
                thread::sleep(PAUSE);
            }
        }
    }
    None
}
