//! Somebody who reads chunks all the time, at a pace that players would have, and notes how long each takes.
//!
//! The next read begins when it is time for it, whether or not the last one is over: waiting would hide what is slow.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    runtime::Runtime,
    task::{JoinHandle, JoinSet},
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;
use vs_client::{Reach, chunk::ChunkClient, film::Film};
use vs_core::manifest::{ChunkRef, Part};

use crate::common::{Outcome, table::Rounds};

/// From one read to the next: 40 MB a second, as some eighty players of 4 Mbit/s read.
const PACE: Duration = Duration::from_millis(50);
const ANSWER: Duration = Duration::from_secs(10);
/// By so many chunks one goes on, so that neighbours are not read one after the other.
const STRIDE: usize = 17;

/// A read, when it was begun and how long it took.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Read {
    pub(crate) began: Instant,
    pub(crate) took_ms: f64,
}

pub(crate) struct Reader {
    stop: CancellationToken,
    reading: JoinHandle<Outcome<Vec<Read>>>,
}

/// What is read.
struct Shelf {
    chunks: Vec<(usize, ChunkRef)>,
    parts: Vec<(Film, Part)>,
    client: ChunkClient,
}

impl Reader {
    /// Begins to read the chunks of these videos.
    pub(crate) fn start(runtime: &Runtime, addrs: Vec<String>, videos: &[String]) -> Outcome<Self> {
        let shelf = Arc::new(runtime.block_on(Shelf::of(&Reach::new(addrs), videos))?);
        let stop = CancellationToken::new();
        Ok(Self { stop: stop.clone(), reading: runtime.spawn(read(shelf, stop)) })
    }

    /// All reads, once none is under way.
    pub(crate) fn stop(self, runtime: &Runtime) -> Outcome<Vec<Read>> {
        self.stop.cancel();
        runtime.block_on(self.reading)?
    }
}

/// The milliseconds that 99 of 100 reads begun in between took at most.
pub(crate) fn p99_ms(reads: &[Read], from: Instant, to: Instant) -> f64 {
    let within = reads.iter().filter(|read| (from..to).contains(&read.began));
    within.map(|read| read.took_ms).collect::<Rounds>().percentile(99)
}

impl Shelf {
    async fn of(reach: &Reach, videos: &[String]) -> Outcome<Self> {
        let (mut chunks, mut parts) = (Vec::new(), Vec::new());
        for video in videos {
            let film = Film::load_from(reach, video, false, ANSWER).await?;
            for track in &film.tracks {
                for no in 0..u32::try_from(track.parts.len())? {
                    let part = film.part(track, no).await?;
                    let own = part.segments.iter().flat_map(|segment| &segment.chunks);
                    chunks.extend(own.map(|chunk| (parts.len(), *chunk)));
                    parts.push((film.clone(), part));
                }
            }
        }
        Ok(Self { chunks, parts, client: ChunkClient::new() })
    }

    async fn read(&self, nth: usize) -> Outcome<Read> {
        let (part, chunk) = &self.chunks[nth * STRIDE % self.chunks.len()];
        let (film, part) = &self.parts[*part];
        let began = Instant::now();
        film.chunk(&self.client, part, chunk).await?;
        Ok(Read { began, took_ms: began.elapsed().as_secs_f64() * 1e3 })
    }
}

async fn read(shelf: Arc<Shelf>, stop: CancellationToken) -> Outcome<Vec<Read>> {
    let mut ticks = interval(PACE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let mut under_way = JoinSet::new();
    let mut nth = 0;
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let shelf = Arc::clone(&shelf);
        under_way.spawn(async move { shelf.read(nth).await });
        nth += 1;
    }
    under_way.join_all().await.into_iter().collect()
}
