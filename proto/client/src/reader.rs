//! A film that is read while the cluster moves and recodes it.
//!
//! What a [`Film`] says holds when it is loaded. A change of scheme takes the parts of the version before away at once, and
//! moves end at epochs and nodes that it does not list. So when a part is gone or nobody gives a chunk the manifest is
//! loaded again, and what was asked for is asked for once more, by what is newer.
//!
//! Invariants:
//! - A failure costs one load and one more try at most, and it stands when there is nothing newer to try.
//! - What counts is never older than what counted before, and of the same asset with the same bytes in the same segments:
//!   versions differ in how these are kept.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use vs_core::{
    error::{Code, Failure},
    id::{Epoch, NodeId},
    manifest::{ChunkRef, Part, PartRef, Track},
};

use crate::{chunk::ChunkClient, film::Film};

/// How long it may take to learn what is newer, when something failed already. Elections take less.
const RENEW_TIMEOUT: Duration = Duration::from_secs(10);

/// A film, as the newest of what was loaded of it says.
#[derive(Debug)]
pub struct Reader {
    film: Mutex<Arc<Film>>,
    /// Whether reads that may be old were asked for.
    stale: bool,
    /// One load at a time: who waited for it uses what it brought.
    loading: tokio::sync::Mutex<()>,
}

impl Reader {
    #[must_use]
    pub fn new(film: Film, stale: bool) -> Self {
        Self { film: Mutex::new(Arc::new(film)), stale, loading: tokio::sync::Mutex::new(()) }
    }

    /// What counts now.
    #[must_use]
    pub fn film(&self) -> Arc<Film> {
        self.film.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Part `no` of the track of that name.
    ///
    /// # Errors
    /// As for [`Film::part`].
    pub async fn part(&self, track: &str, no: u32) -> Result<Part, Failure> {
        let film = self.film();
        match part(&film, track, no).await {
            Err(failure) if failure.code == Code::NotFound => match self.newer(&film).await {
                Some(newer) => part(&newer, track, no).await,
                None => Err(failure),
            },
            read => read,
        }
    }

    /// A chunk of a part, which may be of an earlier version.
    ///
    /// # Errors
    /// As for [`Film::chunk`].
    pub async fn chunk(&self, chunks: &ChunkClient, of: &Part, chunk: &ChunkRef) -> Result<Bytes, Failure> {
        let film = self.film();
        let failure = match film.chunk(chunks, of, chunk).await {
            Err(failure) => failure,
            read => return read,
        };
        let newer = self.newer(&film).await;
        let newest = newer.as_ref().unwrap_or(&film);
        if names(newest, of) {
            return match newer {
                Some(newer) => newer.chunk(chunks, of, chunk).await,
                None => Err(failure),
            };
        }
        match part(newest, &of.track, of.no).await {
            Ok(renewed) if renewed.segments == of.segments => newest.chunk(chunks, &renewed, chunk).await,
            _ => Err(failure),
        }
    }

    /// Loads the film again; gives it if it differs from what counted, in a way that matters to who reads.
    pub async fn renew(&self) -> Option<Arc<Film>> {
        let before = self.film();
        self.newer(&before).await
    }

    /// The same for whoever asks now and then: an old read will do, and how nodes are comes with it.
    pub async fn refresh(&self, deadline: Duration) -> Option<Arc<Film>> {
        let loaded = self.film().load_again(true, deadline).await.ok()?;
        self.take(loaded)
    }

    async fn newer(&self, seen: &Arc<Film>) -> Option<Arc<Film>> {
        let _one = self.loading.lock().await;
        if differs(&self.film(), seen) {
            return Some(self.film());
        }
        let loaded = match seen.load_again(self.stale, RENEW_TIMEOUT).await {
            Err(_) if !self.stale => seen.load_again(true, RENEW_TIMEOUT).await,
            loaded => loaded,
        };
        self.take(loaded.ok()?).filter(|taken| differs(taken, seen))
    }

    /// Makes what was loaded count, unless it is older or of something else.
    fn take(&self, loaded: Film) -> Option<Arc<Film>> {
        let mut film = self.film.lock().unwrap_or_else(PoisonError::into_inner);
        let is_older = loaded.version < film.version || newest_epoch(&loaded) < newest_epoch(&film);
        if is_older || !has_same_bytes(&loaded, &film) {
            return None;
        }
        *film = Arc::new(loaded);
        Some(film.clone())
    }
}

async fn part(film: &Film, track: &str, no: u32) -> Result<Part, Failure> {
    let found = film.track(track).ok_or_else(|| Failure::new(Code::NotFound, format!("no track `{track}`")))?;
    film.part(found, no).await
}

/// Whether the film has this very part, and not one of another version.
fn names(film: &Film, part: &Part) -> bool {
    let named = |track: &Track| track.parts.get(usize::try_from(part.no).ok()?).map(|named| named.hash);
    film.track(&part.track).and_then(named) == Some(part.encode().1)
}

fn newest_epoch(film: &Film) -> Option<Epoch> {
    film.layouts.last().map(|layout| layout.epoch)
}

/// Whether other nodes may be asked, or the same for other members.
fn differs(a: &Film, b: &Film) -> bool {
    let epochs = |film: &Film| film.layouts.iter().map(|layout| layout.epoch).collect::<Vec<_>>();
    let addrs =
        |film: &Film| film.nodes.iter().map(|(id, node)| (*id, node.addr.clone())).collect::<HashMap<NodeId, String>>();
    a.version != b.version || epochs(a) != epochs(b) || addrs(a) != addrs(b)
}

fn has_same_bytes(a: &Film, b: &Film) -> bool {
    let shape = |part: &PartRef| (part.first_segment, part.segments);
    let same = |a: &Track, b: &Track| {
        a.sha256 == b.sha256 && a.bytes == b.bytes && a.parts.iter().map(shape).eq(b.parts.iter().map(shape))
    };
    a.asset == b.asset && b.tracks.iter().all(|track| a.track(&track.name).is_some_and(|other| same(other, track)))
}
