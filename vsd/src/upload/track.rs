//! Writes one track while it is made: its chunks go to the nodes in groups, its parts to the log as they fill.

use std::sync::Arc;

use bytes::Bytes;
use tokio::{sync::OwnedSemaphorePermit, task::JoinSet};
use vs_core::{
    error::{Code, Failure},
    id::Ballot,
    manifest::Track,
};
use vsd_core::upload::{
    once::Once,
    track::{Gathered, Sealed, TrackBuilder, Written},
};

use super::chunks::ChunkWriter;

/// Groups on their way with which the next segment is still taken.
const GROUPS_MAX: usize = 3;

/// Takes the parts of a track as they are filled.
pub(crate) trait PartSink: Sync {
    fn part(&self, part: Sealed) -> impl Future<Output = Result<(), Failure>> + Send;
    /// How far into the film the track is.
    fn reached(&self, us: u64);
}

/// A track that is being written. Dropped, it sends nothing more.
#[derive(Debug)]
pub(crate) struct TrackWriter {
    name: Arc<str>,
    writer: ChunkWriter,
    builder: TrackBuilder,
    once: Arc<Once>,
    /// Parts that are complete.
    sealed: u32,
    /// Tasks of their own: they must go on while their track waits for memory that they hold.
    writing: JoinSet<(u64, Result<Written, Failure>)>,
}

impl TrackWriter {
    pub(crate) fn new(writer: ChunkWriter, track: Track, ballot: Ballot) -> Self {
        let name = track.name.as_str().into();
        let builder = TrackBuilder::new(track, ballot, writer.scheme());
        Self { name, writer, builder, once: Arc::default(), sealed: 0, writing: JoinSet::new() }
    }

    /// Begins to store the next segment, once few groups are on their way. `memory` is held until its own are stored.
    pub(crate) async fn segment(
        &mut self,
        start_us: u64,
        duration_us: u64,
        chunks: Vec<Bytes>,
        memory: Option<OwnedSemaphorePermit>,
        sink: &impl PartSink,
    ) -> Result<(), Failure> {
        while self.writing.len() > GROUPS_MAX {
            self.settle(sink).await?;
        }
        let memory = memory.map(Arc::new);
        for group in self.builder.segment(start_us, duration_us, chunks) {
            self.begin(group, memory.clone());
        }
        Ok(())
    }

    /// Until when the track plays, and how many bytes it has beside its init segment, as far as it is stored.
    pub(crate) fn stored(&self) -> (u64, u64) {
        self.builder.stored()
    }

    /// The track has ended: its last group, its last part.
    pub(crate) async fn finish(mut self, sink: &impl PartSink) -> Result<Track, Failure> {
        if let Some(group) = self.builder.end() {
            self.begin(group, None);
        }
        while !self.writing.is_empty() {
            self.settle(sink).await?;
        }
        let (track, last) = self.builder.finish();
        if let Some(part) = last {
            sink.part(part).await?;
        }
        Ok(track)
    }

    fn begin(&mut self, group: Gathered, memory: Option<Arc<OwnedSemaphorePermit>>) {
        let (writer, name, once) = (self.writer.clone(), self.name.clone(), self.once.clone());
        self.writing.spawn(async move {
            let _memory = memory;
            (group.no, writer.write(name, group, &once).await)
        });
    }

    /// Waits for a group, and commits the parts that it completes.
    async fn settle(&mut self, sink: &impl PartSink) -> Result<(), Failure> {
        let Some(ended) = self.writing.join_next().await else { return Ok(()) };
        let (no, written) = ended.map_err(|error| Failure::new(Code::Internal, error.to_string()))?;
        for part in self.builder.written(no, written?) {
            sink.part(part).await?;
            self.sealed += 1;
            self.once.close_before(self.sealed);
        }
        Ok(())
    }
}
