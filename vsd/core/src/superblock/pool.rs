//! Buffers that reads are made into, kept for the next read.
//!
//! A fresh buffer of 2 MiB costs a page fault every 4 KiB, about as much as reading it from the page cache does.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// Shorter buffers are cheap to make.
const KEPT_BYTES_MIN: usize = 64 << 10;
/// Most memory that waits for the next read.
const IDLE_BYTES_MAX: usize = 64 << 20;

/// Idle buffers, shared by all readers of a directory.
#[derive(Debug, Default)]
pub(super) struct Pool(Mutex<Vec<Vec<u8>>>);

/// A buffer on loan: whoever drops the last reference to it gives it back.
#[derive(Debug)]
pub(super) struct Buffer {
    bytes: Vec<u8>,
    length: usize,
    pool: Arc<Pool>,
}

impl Pool {
    /// A buffer of `length` bytes with whatever a former read left in them.
    pub(super) fn take(self: &Arc<Self>, length: usize) -> Buffer {
        // few sizes, so that buffers fit again; pages beyond the length are never touched
        let size = length.next_power_of_two();
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fitting = idle.iter().rposition(|bytes| bytes.len() == size).map(|at| idle.swap_remove(at));
        drop(idle);
        Buffer { bytes: fitting.unwrap_or_else(|| vec![0; size]), length, pool: Arc::clone(self) }
    }
}

impl Buffer {
    pub(super) fn as_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.length]
    }

    pub(super) fn freeze(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Buffer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        if bytes.len() < KEPT_BYTES_MIN {
            return;
        }
        let mut idle = self.pool.0.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.iter().map(Vec::len).sum::<usize>() + bytes.len() <= IDLE_BYTES_MAX {
            idle.push(bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_comes_back_when_its_last_reader_is_gone_and_no_more_are_kept_than_allowed() {
        let pool = Arc::new(Pool::default());
        let mut buffer = pool.take(100_000);
        buffer.as_mut().fill(7);
        let bytes = buffer.freeze();
        let part = bytes.slice(10..20);
        drop(bytes);
        assert_eq!((&part[..], pool.0.lock().expect("sound").len()), (&[7; 10][..], 0));
        drop(part);
        assert_eq!(pool.0.lock().expect("sound").len(), 1);
        assert_eq!(pool.take(70_000).as_ref().len(), 70_000, "a buffer of the same size class");
        assert_eq!(pool.0.lock().expect("sound").len(), 1);
        let many: Vec<_> = (0..100).map(|_| pool.take(2 << 20)).collect();
        drop(many);
        assert!(pool.0.lock().expect("sound").iter().map(Vec::len).sum::<usize>() <= IDLE_BYTES_MAX);
    }
}
