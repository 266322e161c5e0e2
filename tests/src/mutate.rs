//! Changes that find what a decoder does not expect: flipped bits, integers at their edges, pieces moved, doubled, removed and
//! taken from other inputs.

use crate::crash::Dice;

/// Longest input that is made.
const BYTES_MAX: usize = 128 << 10;
/// Most changes made to one input at once.
const CHANGES_MAX: u64 = 4;
/// Sizes of what formats are made of: bytes, words, entries, blocks.
const UNITS: [usize; 5] = [1, 4, 8, 64, 4096];
/// Where fields are: at the beginning of a block, and at the end of a file.
const FIELDS_BYTES: usize = 128;

/// Changes an input; pieces come from `others` too.
pub fn mutate(bytes: &mut Vec<u8>, others: &[Vec<u8>], dice: &mut Dice) {
    for _ in 0..=dice.below(CHANGES_MAX) {
        change(bytes, others, dice);
    }
    bytes.truncate(BYTES_MAX);
}

fn change(bytes: &mut Vec<u8>, others: &[Vec<u8>], dice: &mut Dice) {
    if bytes.is_empty() {
        bytes.resize(1 + index(dice, 64), 0);
    }
    let at = position(bytes.len(), dice);
    match dice.below(10) {
        0..=1 => bytes[at] ^= 1 << dice.below(8),
        2 => bytes[at] = dice.roll().to_le_bytes()[0],
        3..=5 => set_integer(bytes, at, dice),
        6 => {
            let (from, length) = piece(bytes.len(), dice);
            let taken = bytes[from..from + length].to_vec();
            put(bytes, at, &taken, dice);
        }
        7 => {
            let other = &others[index(dice, others.len())];
            if !other.is_empty() {
                let (from, length) = piece(other.len(), dice);
                // most often to where it was
                let to = if dice.below(3) > 0 { from.min(bytes.len() - 1) } else { at };
                put(bytes, to, &other[from..from + length], dice);
            }
        }
        8 => {
            let (from, length) = piece(bytes.len(), dice);
            match dice.below(3) {
                0 => bytes.truncate(from),
                1 => drop(bytes.drain(from..from + length)),
                _ => bytes[from..from + length].fill(0),
            }
        }
        _ => {
            let unit = UNITS[index(dice, UNITS.len())];
            let longer = bytes.len() + unit * (1 + index(dice, 3));
            bytes.resize(longer, 0);
        }
    }
}

/// Writes an integer that is likely to be one too many or one too few.
fn set_integer(bytes: &mut [u8], at: usize, dice: &mut Dice) {
    let width = 1usize << dice.below(4);
    let at = if dice.below(4) > 0 { at - at % width } else { at };
    let Some(field) = bytes.get_mut(at..at + width) else { return };
    let mut old = [0; 8];
    old[..width].copy_from_slice(field);
    let edge = match dice.below(6) {
        0 => 0,
        1 => u64::MAX,
        2 => 1 << dice.below(64),
        3 => (1 << dice.below(64)) - 1,
        4 => u64::from_le_bytes(old).wrapping_add(1 + dice.below(4)),
        _ => u64::from_le_bytes(old).wrapping_sub(1 + dice.below(4)),
    };
    field.copy_from_slice(&edge.to_le_bytes()[..width]);
    if dice.below(4) == 0 {
        field.reverse();
    }
}

/// Writes a piece over what is there, or between it.
fn put(bytes: &mut Vec<u8>, at: usize, piece: &[u8], dice: &mut Dice) {
    let end = if dice.below(2) == 0 { at } else { (at + piece.len()).min(bytes.len()) };
    bytes.splice(at..end, piece.iter().copied());
}

/// Some byte, more often one where fields are.
fn position(length: usize, dice: &mut Dice) -> usize {
    let block = UNITS[UNITS.len() - 1];
    match dice.below(3) {
        0 => index(dice, length),
        1 => (index(dice, length.div_ceil(block)) * block + index(dice, FIELDS_BYTES)).min(length - 1),
        _ => length - 1 - index(dice, FIELDS_BYTES.min(length)),
    }
}

/// Where a piece begins and how long it is: whole units.
fn piece(length: usize, dice: &mut Dice) -> (usize, usize) {
    let unit = UNITS[index(dice, UNITS.len())];
    let from = index(dice, length.div_ceil(unit)) * unit;
    (from, (unit * (1 + index(dice, 3))).min(length - from))
}

fn index(dice: &mut Dice, end: usize) -> usize {
    usize::try_from(dice.below(end as u64)).expect("below a usize")
}
