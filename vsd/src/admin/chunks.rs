//! The part of the `Admin` service that is about this node's own chunks: what it holds, whether that is intact, and the
//! background care for it.

use std::{ops::RangeInclusive, time::Duration};

use futures::{Stream, StreamExt, stream};
use vs_core::{
    error::{Code, Failure},
    hash::Hash,
    id::AssetId,
    limit::PAGE_ITEMS_MAX,
};
use vs_wire::v1::{self, CareAction, CareJob, CareState, ChunkState};
use vsd_core::{
    care::{Compacted, Order, Position, Scrubbed, State},
    superblock::{GetError, Key},
};

use super::{Services, check_limit};
use crate::{run::wall_ms, storage::Caretaker};

/// Keys that one call looks through for those that are asked for.
const SCAN_KEYS_MAX: usize = 50_000;
/// Keys that are read from the index at a time.
const SCAN_KEYS: usize = 1_000;
/// Digits of a hash.
const HASH_DIGITS: usize = 64;

impl Services {
    pub(super) fn chunks(&self, request: &v1::ListChunksRequest) -> Result<v1::ListChunksResponse, Failure> {
        let limit = check_limit(request.limit)?;
        let prefix = Prefix::parse(&request.prefix)?;
        let mut after = match request.page_token.as_str() {
            "" => None,
            token => Some(token.parse::<Position>().map_err(|_| invalid("not a page token of ours"))?.0),
        };
        let mut answer = v1::ListChunksResponse { node: self.node.0, ..v1::ListChunksResponse::default() };
        for _ in 0..SCAN_KEYS_MAX / SCAN_KEYS {
            let keys = match request.damaged {
                true => self.store.damaged(after, SCAN_KEYS),
                false => self.store.list(&prefix.leading(), after, SCAN_KEYS),
            };
            for key in &keys {
                if answer.items.len() == limit {
                    answer.next_page_token = after.map(|key| Position(key).to_string()).unwrap_or_default();
                    return Ok(answer);
                }
                after = Some(*key);
                if prefix.begins(&key.hash) && request.asset.is_none_or(|asset| key.asset.0 == asset) {
                    answer.items.push(self.chunk(*key));
                }
            }
            if keys.len() < SCAN_KEYS {
                return Ok(answer);
            }
        }
        answer.next_page_token = after.map(|key| Position(key).to_string()).unwrap_or_default();
        Ok(answer)
    }

    pub(super) fn chunks_named(&self, request: &v1::GetChunksRequest) -> Result<v1::GetChunksResponse, Failure> {
        let items = keys(&request.chunks)?.into_iter().map(|key| self.chunk(key)).collect();
        Ok(v1::GetChunksResponse { items, node: self.node.0 })
    }

    /// Each chunk once it was read, in the order asked: one after the other, so that a client that goes ends it.
    pub(super) fn verify(
        &self,
        request: &v1::VerifyChunksRequest,
    ) -> Result<impl Stream<Item = v1::ChunkInfo> + use<>, Failure> {
        let (services, mut closed) = (self.clone(), self.closed.clone());
        let keys = keys(&request.chunks)?;
        let verified = stream::iter(keys).then(move |key| {
            let services = services.clone();
            async move {
                let checked = services.store.check(key.asset, key.hash).await;
                let mut info = services.chunk(key);
                let (state, why) = match checked {
                    Ok(_) => (ChunkState::Intact, String::new()),
                    Err(GetError::NotFound) => (ChunkState::Missing, String::new()),
                    Err(error @ GetError::Corrupt { .. }) => (ChunkState::Damaged, error.to_string()),
                    Err(error @ GetError::Io(_)) => (ChunkState::Unreadable, error.to_string()),
                };
                info.set_state(state);
                info.why = why;
                info
            }
        });
        Ok(verified.take_until(async move {
            let _ = closed.wait_for(|closed| *closed).await;
        }))
    }

    /// What this node knows of a chunk without reading it.
    fn chunk(&self, key: Key) -> v1::ChunkInfo {
        let mut info = v1::ChunkInfo { asset: key.asset.0, hash: key.hash.0.to_vec(), ..v1::ChunkInfo::default() };
        info.set_state(ChunkState::Missing);
        let holders = self.store.holders(&key);
        if let Some((dir, place)) = holders.first().and_then(|dir| Some((dir, dir.reader().locate(&key)?))) {
            let is_damaged = dir.reader().is_listed_damaged(&key);
            info.set_state(if is_damaged { ChunkState::Damaged } else { ChunkState::Stored });
            info.bytes = place.payload_bytes;
            info.dir = dir.id().0;
            info.superblock = place.superblock;
            info.offset = place.offset;
            info.sequence = place.sequence;
        }
        info
    }

    pub(super) fn care_status(&self, job: CareJob) -> Result<v1::GetCareResponse, Failure> {
        Ok(v1::GetCareResponse { items: self.statuses(job)?, node: self.node.0 })
    }

    fn statuses(&self, job: CareJob) -> Result<Vec<v1::CareStatus>, Failure> {
        let status = match job {
            CareJob::Unspecified => return Err(invalid("no job named")),
            CareJob::Scrub => scrub_status,
            CareJob::Compact => compact_status,
        };
        Ok(self.care.iter().map(status).collect())
    }

    pub(super) async fn order(&self, request: v1::OrderCareRequest) -> Result<v1::OrderCareResponse, Failure> {
        let order = match request.action() {
            CareAction::Unspecified => return Err(invalid("no action named")),
            CareAction::Start => Order::Start,
            CareAction::Pause => Order::Pause,
            CareAction::Resume => Order::Resume,
            CareAction::Stop => Order::Stop,
        };
        let percent = |percent| u8::try_from(percent).ok().filter(|percent| (1..100).contains(percent));
        let garbage_percent = match request.garbage_percent {
            None => None,
            Some(asked) => Some(percent(asked).ok_or_else(|| invalid("garbage_percent is not between 1 and 99"))?),
        };
        let job = request.job();
        let mut answer = v1::OrderCareResponse { node: self.node.0, ..v1::OrderCareResponse::default() };
        if request.dry_run {
            if (job, order) == (CareJob::Compact, Order::Start) {
                answer.plan = self.plan(garbage_percent).await?;
            }
        } else {
            for caretaker in self.care.iter() {
                answer.changed |= match job {
                    CareJob::Scrub => caretaker.scrub(order),
                    CareJob::Compact => caretaker.compact(order, garbage_percent),
                    CareJob::Unspecified => false,
                };
            }
        }
        answer.items = self.statuses(job)?;
        Ok(answer)
    }

    /// What a compaction would do now.
    async fn plan(&self, garbage_percent: Option<u8>) -> Result<Vec<v1::CompactPlan>, Failure> {
        let care = self.care.clone();
        let look = move || {
            let mut all = Vec::new();
            for caretaker in care.iter() {
                let dir = caretaker.dir().id().0;
                all.extend(caretaker.plan(garbage_percent)?.into_iter().map(|planned| v1::CompactPlan {
                    dir,
                    superblock: planned.superblock,
                    move_bytes: planned.move_bytes,
                    free_bytes: planned.free_bytes,
                }));
            }
            Ok::<_, std::io::Error>(all)
        };
        let looked =
            tokio::task::spawn_blocking(look).await.map_err(|ended| Failure::new(Code::Internal, ended.to_string()))?;
        looked.map_err(|error| Failure::new(Code::Internal, "the superblocks cannot be looked at").because(error))
    }
}

fn invalid(what: &str) -> Failure {
    Failure::new(Code::Invalid, what)
}

fn keys(names: &[v1::ChunkName]) -> Result<Vec<Key>, Failure> {
    if names.len() > usize::try_from(PAGE_ITEMS_MAX).unwrap_or(usize::MAX) {
        return Err(invalid(&format!("{} chunks; at most {PAGE_ITEMS_MAX} are looked at", names.len())));
    }
    let key = |name: &v1::ChunkName| {
        let hash = vs_wire::hash(&name.hash).map_err(|error| invalid(&error.to_string()))?;
        Ok(Key { hash, asset: AssetId(name.asset) })
    };
    names.iter().map(key).collect()
}

/// The first digits of a hash.
struct Prefix(String);

impl Prefix {
    fn parse(text: &str) -> Result<Self, Failure> {
        let is_digit = |digit: u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit);
        if text.len() > HASH_DIGITS || !text.bytes().all(is_digit) {
            return Err(invalid("the beginning of a hash is up to 64 digits from 0 to 9 and a to f"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The numbers that hashes with this beginning begin with.
    fn leading(&self) -> RangeInclusive<u64> {
        let digits = &self.0[..self.0.len().min(16)];
        let low = u64::from_str_radix(&format!("{digits:0<16}"), 16).unwrap_or(0);
        let high = u64::from_str_radix(&format!("{digits:f<16}"), 16).unwrap_or(u64::MAX);
        low..=high
    }

    fn begins(&self, hash: &Hash) -> bool {
        self.0.is_empty() || hash.to_string().starts_with(&self.0)
    }
}

fn state(state: State) -> CareState {
    match state {
        State::Idle => CareState::Idle,
        State::Running => CareState::Running,
        State::Paused => CareState::Paused,
        State::Stopped => CareState::Stopped,
    }
}

fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn scrub_status(caretaker: &Caretaker) -> v1::CareStatus {
    let status = caretaker.scrub_status();
    let run = |run: &Scrubbed| v1::CareRun {
        began_at_ms: run.began_at_ms,
        ended_at_ms: Some(run.ended_at_ms).filter(|ended| *ended > 0),
        chunks: run.chunks,
        bytes: run.bytes,
        damaged: run.damaged,
        whole: run.whole,
        ..v1::CareRun::default()
    };
    let mut notes = Vec::new();
    if status.is_raised {
        let rate = vs_core::unit::human_bytes(status.bytes_per_s_max);
        notes.push(format!("storage.scrub_rate is too low to check every chunk within 30 days: raised to {rate}/s"));
    }
    if status.unreadable > 0 {
        notes.push(format!("the disk did not answer {} times; the log names the chunks", status.unreadable));
    }
    v1::CareStatus {
        dir: caretaker.dir().id().0,
        path: caretaker.dir().path().display().to_string(),
        state: state(status.state).into(),
        chunks_done: status.pass.as_ref().map_or(0, |pass| pass.chunks),
        bytes_done: status.pass.as_ref().map_or(0, |pass| pass.bytes),
        run: status.pass.as_ref().map(run),
        last: status.last.as_ref().map(run),
        chunks_total: status.chunks_total,
        bytes_total: status.bytes_total,
        superblock: None,
        bytes_per_s: status.bytes_per_s,
        bytes_per_s_max: status.bytes_per_s_max,
        eta_ms: status.eta.map(ms),
        next_at_ms: status.next_in.map(|next| wall_ms().saturating_add(ms(next))),
        damaged: status.damaged,
        notes,
    }
}

fn compact_status(caretaker: &Caretaker) -> v1::CareStatus {
    let status = caretaker.compact_status();
    let run = |run: &Compacted| v1::CareRun {
        began_at_ms: run.began_at_ms,
        ended_at_ms: Some(run.ended_at_ms).filter(|ended| *ended > 0),
        bytes: run.moved_bytes,
        superblocks: run.superblocks,
        freed_bytes: run.freed_bytes,
        whole: run.whole,
        ..v1::CareRun::default()
    };
    let (superblock, bytes_done, bytes_total) = match status.superblock {
        Some((superblock, done, total)) => (Some(superblock), done, total),
        None => (None, 0, 0),
    };
    let waiting = status.waiting.iter().map(|(superblock, chunks)| {
        format!("superblock {superblock} stays until {chunks} unreadable chunks in it are written again")
    });
    v1::CareStatus {
        dir: caretaker.dir().id().0,
        path: caretaker.dir().path().display().to_string(),
        state: state(status.state).into(),
        run: status.run.as_ref().map(run),
        last: status.last.as_ref().map(run),
        superblock,
        bytes_total,
        bytes_done,
        bytes_per_s: status.bytes_per_s,
        bytes_per_s_max: status.bytes_per_s_max,
        eta_ms: status.eta.map(ms),
        next_at_ms: status.next_in.map(|next| wall_ms().saturating_add(ms(next))),
        notes: status.held_by.iter().map(|why| format!("held up: {why}")).chain(waiting).collect(),
        ..v1::CareStatus::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beginnings_of_hashes_bound_what_is_looked_through() {
        let leading = |text: &str| Prefix::parse(text).ok().map(|prefix| prefix.leading());
        assert_eq!(leading(""), Some(0..=u64::MAX));
        assert_eq!(leading("8"), Some(0x8000_0000_0000_0000..=0x8fff_ffff_ffff_ffff));
        assert_eq!(leading("0123456789abcdef01"), Some(0x0123_4567_89ab_cdef..=0x0123_4567_89ab_cdef));
        let hash = Hash::of(b"x");
        assert!(Prefix(hash.to_string()).begins(&hash) && !Prefix("00".repeat(32)).begins(&hash));
        for bad in ["g", "8F", "+1", &"0".repeat(65)] {
            assert!(Prefix::parse(bad).is_err(), "{bad}");
        }
    }
}
