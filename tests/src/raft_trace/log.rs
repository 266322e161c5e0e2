//! A node's log as far as its trace tells it.

use std::collections::BTreeMap;

use super::Event;

/// What is known of an entry. A snapshot's last one has no checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) term: u64,
    pub(super) crc: Option<u64>,
}

/// What a log says of an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    Entry(Entry),
    /// There is none.
    Nothing,
    /// It is in a snapshot, or was written when nobody could tell of it.
    Unknown,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    entries: BTreeMap<u64, Entry>,
    /// Everything up to here is in a snapshot.
    purged: Option<u64>,
    /// There may be more entries than those that were told of, since the process was started.
    has_unknown_end: bool,
}

impl Log {
    pub(super) fn at(&self, index: u64) -> At {
        match self.entries.get(&index) {
            Some(entry) => At::Entry(*entry),
            None if self.has_unknown_end || Some(index) <= self.last() => At::Unknown,
            None => At::Nothing,
        }
    }

    pub(super) fn last(&self) -> Option<u64> {
        self.entries.last_key_value().map(|(index, _)| *index).max(self.purged)
    }

    /// Whether an entry at this index would take the place of one that is known to be there.
    pub(super) fn overwrites(&self, index: u64) -> bool {
        !self.has_unknown_end && Some(index) <= self.last()
    }

    pub(super) fn apply(&mut self, event: &Event) {
        match *event {
            Event::Start => self.has_unknown_end = true,
            Event::Append { term, index, crc } => {
                self.entries.split_off(&index);
                self.entries.insert(index, Entry { term, crc: Some(crc) });
                self.has_unknown_end = false;
            }
            Event::Truncate { from } => {
                self.has_unknown_end &= Some(from) > self.last().map(|last| last + 1);
                self.entries.split_off(&from);
            }
            Event::Purge { term, index } | Event::Install { term, index, .. } => self.forget(term, index),
            Event::Lead { .. } | Event::Apply { .. } => {}
        }
    }

    /// Everything up to this entry is in a snapshot. What is known of it stays true, unless the snapshot is another node's and ends
    /// where this log does not go: then the log is given up.
    fn forget(&mut self, term: u64, index: u64) {
        if !matches!(self.at(index), At::Entry(entry) if entry.term == term) {
            self.entries.clear();
        }
        self.purged = self.purged.max(Some(index));
        self.entries.entry(index).or_insert(Entry { term, crc: None });
    }
}
