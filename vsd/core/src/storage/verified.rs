//! What a node can say of a chunk, of which each of its directories may have a copy.

use crate::superblock::GetError;

/// In the order in which the worse one of two copies that are not good is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verified {
    #[default]
    Missing,
    Stored,
    /// No copy of it is good, or will be there after the next start, or can be had from its directory.
    Damaged,
    /// No disk says.
    Unreadable,
}

impl Verified {
    /// What reading a copy from its device says of it. A doubted one may be gone after the next start.
    #[must_use]
    pub fn of(checked: &Result<u32, GetError>, is_doubted: bool) -> Self {
        match checked {
            Ok(_) if is_doubted => Self::Damaged,
            Ok(_) => Self::Stored,
            Err(GetError::NotFound) => Self::Missing,
            Err(error) if error.is_of_the_copy() => Self::Damaged,
            Err(_) => Self::Unreadable,
        }
    }

    /// What is known after another copy was looked at: one good copy is enough, and none is sought after it.
    #[must_use]
    pub fn and(self, next: Self) -> Self {
        if next == Self::Stored { next } else { self.max(next) }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_good_copy_counts_whatever_the_others_are_and_an_error_of_one_disk_ends_nothing() {
        let io = |errno| Err(GetError::Io(io::Error::from_raw_os_error(errno)));
        let corrupt = || Err(GetError::Corrupt { superblock: 1, offset: 0 });
        let told = |copies: Vec<(Result<u32, GetError>, bool)>| {
            let told = |told: Verified, (checked, is_doubted): (_, bool)| told.and(Verified::of(&checked, is_doubted));
            copies.into_iter().fold(Verified::default(), told)
        };
        let (busy, broken) = (24, 5);
        assert_eq!(told(vec![]), Verified::Missing);
        assert_eq!(told(vec![(corrupt(), false), (io(busy), false), (Ok(7), false)]), Verified::Stored);
        assert_eq!(told(vec![(Ok(7), true)]), Verified::Damaged, "it may be gone");
        assert_eq!(told(vec![(io(broken), false), (Err(GetError::NotFound), false)]), Verified::Damaged);
        assert_eq!(told(vec![(io(busy), false), (corrupt(), false)]), Verified::Unreadable);
    }
}
