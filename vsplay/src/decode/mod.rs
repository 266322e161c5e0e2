//! From verified bytes to pictures on time: one ffmpeg at a time, begun anew after a seek, a resize or when it falls
//! behind.
//!
//! Invariants:
//! - The child is fed nothing but the track's init segment and chunks the core fed, beginning with a segment's first
//!   chunk.
//! - Chunks are kept only from the segment on that is being shown, so what is held here the core holds as well.
//! - A child that was started is reaped; a decoder that cannot decode says so once and leaves the playback alone.

mod child;
mod picture;

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;

pub(crate) use child::find as find_ffmpeg;
use child::{Child, FRAMES_PER_SECOND};
pub(crate) use picture::{Palette, Picture, Size};

/// A decoder this far behind the position begins anew at it, at most this often.
const BEHIND_MAX: Duration = Duration::from_secs(3);
const RESTART_INTERVAL: Duration = Duration::from_secs(6);

#[derive(Debug)]
struct Kept {
    segment: u32,
    starts: Duration,
    bytes: Bytes,
}

/// The picture of one video track.
#[derive(Debug)]
pub(crate) struct Decoder {
    init: Bytes,
    palette: Palette,
    size: Size,
    kept: VecDeque<Kept>,
    /// Where to show from.
    from: Duration,
    ended: bool,
    child: Option<Running>,
    shown: Option<Arc<Picture>>,
    trouble: Option<String>,
    reaping: Vec<tokio::task::JoinHandle<()>>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    /// The time of the child's first frame, and how many came.
    base: Duration,
    frames: u32,
    ahead: Option<(Duration, Arc<Picture>)>,
    latest: Duration,
    began: Instant,
}

impl Decoder {
    pub(crate) fn new(init: Vec<u8>, palette: Palette, size: Size) -> Self {
        Self {
            init: init.into(),
            palette,
            size,
            kept: VecDeque::new(),
            from: Duration::ZERO,
            ended: false,
            child: None,
            shown: None,
            trouble: None,
            reaping: Vec::new(),
        }
    }

    /// The next chunk of the track.
    pub(crate) fn feed(&mut self, segment: u32, starts: Duration, bytes: Bytes) {
        if let Some(running) = &self.child {
            running.child.feed(bytes.clone());
        }
        self.kept.push_back(Kept { segment, starts, bytes });
    }

    /// Everything up to the track's end was fed.
    pub(crate) fn end_of_track(&mut self) {
        self.ended = true;
        if let Some(running) = &mut self.child {
            running.child.end();
        }
    }

    /// The film goes on elsewhere: what is fed from now on belongs to the new place.
    pub(crate) fn restart(&mut self, position: Duration) {
        self.stop();
        self.kept.clear();
        self.ended = false;
        self.from = position;
        self.trouble = None;
    }

    /// Draws in another size from now on.
    pub(crate) fn resize(&mut self, size: Size, position: Duration) {
        if size != self.size {
            self.size = size;
            self.from = position;
            self.trouble = None;
            self.stop();
        }
    }

    /// The picture at `position`. True when it is another than before.
    pub(crate) fn show(&mut self, position: Duration) -> bool {
        self.forget_before(position);
        self.reaping.retain(|reaping| !reaping.is_finished());
        if self.is_behind(position) {
            self.from = position;
            self.stop();
        }
        if self.child.is_none() {
            self.start();
        }
        let Some(running) = &mut self.child else { return false };
        let mut newest = None;
        while let Some((_, picture)) = running.next_due(position) {
            newest = Some(picture);
        }
        let another = newest.is_some();
        self.shown = newest.or(self.shown.take());
        if let Some(trouble) = self.child.as_mut().and_then(|running| running.child.trouble()) {
            self.trouble = Some(trouble);
            self.stop();
            return true;
        }
        another
    }

    pub(crate) fn shown(&self) -> Option<&Arc<Picture>> {
        self.shown.as_ref()
    }

    /// Why there is no picture, when there cannot be one.
    pub(crate) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// Ends the child and waits until it is reaped.
    pub(crate) async fn close(mut self) {
        self.stop();
        for reaping in self.reaping.drain(..) {
            let _ = reaping.await;
        }
    }

    /// Drops the segments before the one that `position` lies in.
    fn forget_before(&mut self, position: Duration) {
        let current = self.kept.iter().rev().find(|kept| kept.starts <= position).map(|kept| kept.segment);
        while self.kept.front().is_some_and(|kept| current.is_some_and(|current| kept.segment < current)) {
            self.kept.pop_front();
        }
    }

    fn is_behind(&self, position: Duration) -> bool {
        let next_segment = self.kept.front().map(|kept| kept.starts);
        self.child.as_ref().is_some_and(|running| {
            let lag = position.saturating_sub(running.latest);
            // Beginning anew helps only where a later segment can be begun with.
            let later = next_segment.is_some_and(|starts| starts > running.latest);
            lag > BEHIND_MAX && later && running.began.elapsed() > RESTART_INTERVAL
        })
    }

    fn start(&mut self) {
        let Some(first) = self.kept.front().filter(|_| self.trouble.is_none() && !self.size.is_empty()) else { return };
        let base = first.starts;
        let skip = self.from.saturating_sub(base).as_millis() * u128::from(FRAMES_PER_SECOND) / 1000;
        let skip = u32::try_from(skip).unwrap_or(u32::MAX);
        match Child::spawn(self.size, self.palette, skip) {
            Ok(mut child) => {
                child.feed(self.init.clone());
                self.kept.iter().for_each(|kept| child.feed(kept.bytes.clone()));
                if self.ended {
                    child.end();
                }
                let latest = self.from.max(base);
                self.child = Some(Running { child, base, frames: skip, ahead: None, latest, began: Instant::now() });
            }
            Err(trouble) => self.trouble = Some(trouble),
        }
    }

    fn stop(&mut self) {
        self.reaping.extend(self.child.take().map(|running| running.child.stop()));
    }
}

impl Running {
    /// The next frame whose time has come.
    fn next_due(&mut self, position: Duration) -> Option<(Duration, Arc<Picture>)> {
        if self.ahead.is_none() {
            let picture = self.child.next_picture()?;
            let time = self.base + Duration::from_secs(1) * self.frames / FRAMES_PER_SECOND;
            self.frames = self.frames.saturating_add(1);
            self.latest = time;
            self.ahead = Some((time, picture));
        }
        self.ahead.take_if(|(time, _)| *time <= position)
    }
}
