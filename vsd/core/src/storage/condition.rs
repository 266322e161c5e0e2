//! How a data directory is, as far as that is known without asking its disk.

use super::pick::Standing;
use crate::superblock::Space;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// Its disk does not answer in time.
    pub is_slow: bool,
    /// It takes no writes.
    pub refuses: bool,
    /// What its disk said last of its space.
    pub space: Option<Space>,
}

impl Condition {
    /// How good a place it is for a chunk that it does not hold.
    #[must_use]
    pub fn standing(self, full_percent: u8) -> Standing {
        match () {
            () if self.is_slow => Standing::Slow,
            () if self.refuses => Standing::Refuses,
            () if self.space.is_some_and(|space| space.room_bytes(full_percent) == 0) => Standing::Full,
            () => Standing::Well,
        }
    }

    /// Bytes of its disk, and how many of them can be had: none where nothing can be written.
    #[must_use]
    pub fn usable(self) -> Option<Space> {
        self.space.map(|space| if self.refuses { Space { free: 0, ..space } } else { space })
    }

    /// How many more bytes of chunks it takes; none when its disk does not say.
    #[must_use]
    pub fn room_bytes(self, full_percent: u8) -> Option<u64> {
        if self.refuses { Some(0) } else { Some(self.space?.room_bytes(full_percent)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_refuses_has_its_size_and_no_room() {
        let space = Space { total: 1_000, free: 600 };
        let well = Condition { space: Some(space), ..Condition::default() };
        let refuses = Condition { refuses: true, ..well };
        assert_eq!((well.usable(), well.room_bytes(95), well.standing(95)), (Some(space), Some(550), Standing::Well));
        let nothing_free = Space { free: 0, ..space };
        let found = (refuses.usable(), refuses.room_bytes(95), refuses.standing(95));
        assert_eq!(found, (Some(nothing_free), Some(0), Standing::Refuses));
        assert_eq!(well.standing(40), Standing::Full);
        assert_eq!(Condition { is_slow: true, ..refuses }.standing(40), Standing::Slow, "whoever asks it waits");
        assert_eq!(Condition { refuses: true, ..Condition::default() }.room_bytes(95), Some(0));
        assert_eq!(Condition::default().room_bytes(95), None, "its disk does not say");
    }
}
