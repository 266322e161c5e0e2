//! Equal chunks of a part are one chunk, and are written once.
//!
//! Two writes of it at a time could each take other nodes to stand in, and together say what no layout allows. A name
//! stands for the same copies wherever the part has it: what the first write says of them is all there is to say.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::lock;
use vs_core::hash::Hash;

/// A part by its number in the track, and what of it is written or being written.
type Place = (u32, Hash);

/// Whether it is written. Whoever writes it has it locked.
type Cell = Arc<lock::Mutex<bool>>;

/// What is written of a track's open parts.
#[derive(Debug, Default)]
pub struct Once(Mutex<BTreeMap<Place, Cell>>);

impl Once {
    /// What `write` gives, or nothing when an equal one was or is written for the part. When that fails, this one is.
    ///
    /// # Errors
    /// Those of `write`.
    pub async fn write<T: Default, E>(
        &self,
        part: u32,
        key: Hash,
        write: impl AsyncFnOnce() -> Result<T, E>,
    ) -> Result<T, E> {
        let cell = self.open().entry((part, key)).or_default().clone();
        let mut is_written = cell.lock().await;
        if *is_written {
            return Ok(T::default());
        }
        let written = write().await?;
        *is_written = true;
        Ok(written)
    }

    /// The parts before this one are complete.
    pub fn close_before(&self, part: u32) {
        self.open().retain(|(open, _), _| *open >= part);
    }

    /// Every change is one insertion or removal, so a panic elsewhere leaves it sound.
    fn open(&self) -> MutexGuard<'_, BTreeMap<Place, Cell>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{cell, future::poll_fn, task::Poll};

    use futures::{executor::block_on, future::join_all};

    use super::*;

    /// Lets the others go on.
    async fn give_way() {
        let mut has = false;
        let later = poll_fn(|context| {
            context.waker().wake_by_ref();
            if std::mem::replace(&mut has, true) { Poll::Ready(()) } else { Poll::Pending }
        });
        later.await;
    }

    #[test]
    fn equal_chunks_of_a_part_are_written_by_the_first_that_can_and_told_of_once() {
        let (once, writes) = (Once::default(), cell::Cell::new(0_u32));
        let write = |part, name: &'static [u8]| {
            once.write(part, Hash::of(name), async || {
                writes.set(writes.get() + 1);
                let nth = writes.get();
                give_way().await;
                if nth == 1 { Err("no quorum") } else { Ok(vec![nth]) }
            })
        };
        let zeros = block_on(join_all((0..9).map(|_| write(0, b"zeros"))));
        assert_eq!(zeros.iter().filter(|written| written.is_err()).count(), 1, "{zeros:?}");
        let told: Vec<_> = zeros.into_iter().flatten().flatten().collect();
        assert_eq!((told, writes.get()), (vec![2], 2), "one failed, one did it");

        assert_eq!(block_on(write(0, b"zeros")), Ok(vec![]));
        assert_eq!(block_on(write(0, b"other")), Ok(vec![3]));
        assert_eq!(block_on(write(1, b"zeros")), Ok(vec![4]), "each part says all of its own");
        once.close_before(1);
        assert_eq!(
            (block_on(write(1, b"zeros")), once.open().len()),
            (Ok(vec![]), 1),
            "nothing is kept of what is complete"
        );
    }
}
