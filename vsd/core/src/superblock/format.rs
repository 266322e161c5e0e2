//! Bytes of a superblock, format version 1. Integers are little-endian; reserved bytes are written as zero and ignored
//! when read.
//!
//! A superblock is the file `NNNNNNNN.vsb` (its number in decimal) of at most 1 GiB:
//!
//! | offset | content |
//! |---|---|
//! | 0 | file header |
//! | 4096 | the same file header again: without the salt no record could be told from chance |
//! | 8192 | records, each starting on a multiple of 4096, padded with zeros to the next |
//! | … | footer, once sealed; nothing is appended after it |
//!
//! Blocks may be allocated behind the end of an unsealed file: they are the reserve for tombstones on a full disk, and
//! no part of it. Of a chunk that was deleted or moved all blocks but the first may be a hole.
//!
//! File header, 4096 bytes. Magic, version and CRC stay where they are in every later version, so that an older
//! release can tell a newer file from a damaged one.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 8 | magic `VSSUPERB` |
//! | 8 | 4 | format version |
//! | 12 | 4 | number of the superblock |
//! | 16 | 8 | id of the data directory |
//! | 24 | 16 | salt, random |
//! | 40 | 4052 | reserved |
//! | 4092 | 4 | CRC-32C of the bytes before |
//!
//! Record: header of 128 bytes, then the payload. The CRC starts from the file's salt and the record's offset: a
//! header is valid in the one place it was written to, and a payload that contains superblocks (ours or forged) is
//! never taken for records.
//!
//! | offset | bytes | field |
//! |---|---|---|
//! | 0 | 4 | magic `VSRC` |
//! | 4 | 1 | kind: 1 chunk, 2 tombstone (no payload) |
//! | 5 | 3 | reserved |
//! | 8 | 4 | payload length |
//! | 12 | 4 | CRC-32C of the payload |
//! | 16 | 8 | asset |
//! | 24 | 32 | SHA-256 of the payload: the chunk's name |
//! | 56 | 8 | sequence: superblock number it was first written to in the high half, a count in the low half; compaction keeps it |
//! | 64 | 8 | `durable_to`: this file was known to be synced up to here when the record was written |
//! | 72 | 52 | reserved |
//! | 124 | 4 | CRC-32C of salt, offset and the bytes before |
//!
//! Footer: entries of 64 bytes sorted by (hash, asset, sequence), zeros up to the last 64 bytes of a block, trailer.
//!
//! | offset | bytes | field of an entry |
//! |---|---|---|
//! | 0 | 32 | SHA-256 |
//! | 32 | 8 | asset |
//! | 40 | 8 | sequence |
//! | 48 | 4 | offset of the record, in blocks of 4096 |
//! | 52 | 4 | payload length |
//! | 56 | 1 | kind |
//! | 57 | 7 | reserved |
//!
//! | offset | bytes | field of the trailer, the last 64 bytes of the file |
//! |---|---|---|
//! | 0 | 4 | magic `VSFT` |
//! | 4 | 4 | number of entries |
//! | 8 | 8 | offset of the first entry: where the records end |
//! | 16 | 8 | bytes quarantined among the records |
//! | 24 | 4 | CRC-32C of the entries |
//! | 28 | 8 | everything below was durable when the file was sealed; 0: all records |
//! | 36 | 24 | reserved |
//! | 60 | 4 | CRC-32C of salt, offset of the trailer and the bytes before |

use vs_core::{
    hash::Hash,
    id::{AssetId, DirId},
    limit::CHUNK_BYTES_MAX,
};

use super::{
    bug::{Bug, planted},
    chunk::Key,
    tail::Damage,
};

/// Version this release writes and the newest it reads.
pub const FORMAT_VERSION: u32 = 1;
/// Longest superblock file.
pub const SUPERBLOCK_BYTES_MAX: u64 = 1 << 30;
/// Records and footers start on multiples of this.
pub(super) const BLOCK_BYTES: u64 = 4096;
pub(super) const FILE_HEADER_BYTES: usize = 4096;
pub(super) const FILE_HEADER_COPIES: usize = 2;
/// Offset of the first record.
pub(super) const RECORDS_START: u64 = (FILE_HEADER_BYTES * FILE_HEADER_COPIES) as u64;
pub(super) const RECORD_HEADER_BYTES: usize = 128;
pub(super) const ENTRY_BYTES: usize = 64;
pub(super) const TRAILER_BYTES: usize = 64;
/// Highest superblock number: the index keeps 24 bits of it. That is 16 PiB written to one directory.
pub(super) const NUMBER_MAX: u32 = (1 << 24) - 1;

const FILE_MAGIC: [u8; 8] = *b"VSSUPERB";
const RECORD_MAGIC: [u8; 4] = *b"VSRC";
const TRAILER_MAGIC: [u8; 4] = *b"VSFT";
const CRC_BYTES: usize = 4;

const _: () = assert!(RECORDS_START.is_multiple_of(BLOCK_BYTES));
const _: () =
    assert!(BLOCK_BYTES.is_multiple_of(RECORD_HEADER_BYTES as u64), "a header never crosses a 512-byte sector");
const _: () = assert!(BLOCK_BYTES.is_multiple_of(ENTRY_BYTES as u64) && TRAILER_BYTES == ENTRY_BYTES);
const _: () = assert!(40 + 4052 + CRC_BYTES == FILE_HEADER_BYTES);
const _: () = assert!(72 + 52 + CRC_BYTES == RECORD_HEADER_BYTES);
const _: () = assert!(57 + 7 == ENTRY_BYTES);
const _: () = assert!(36 + 24 + CRC_BYTES == TRAILER_BYTES);
const _: () = assert!(SUPERBLOCK_BYTES_MAX / BLOCK_BYTES <= 1 << 18, "the index keeps 18 bits of a block");
const _: () = assert!(CHUNK_BYTES_MAX < 1 << 22, "the index keeps 22 bits of a length");

/// What makes the CRCs of one superblock its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Salt(pub(super) [u8; 16]);

impl Salt {
    pub(super) fn crc(self, offset: u64, bytes: &[u8]) -> u32 {
        let seed = crc32c::crc32c_append(crc32c::crc32c(&self.0), &offset.to_le_bytes());
        crc32c::crc32c_append(seed, bytes)
    }
}

/// The file name of a superblock.
pub(super) fn file_name(number: u32) -> String {
    format!("{number:08}.vsb")
}

/// The number in a file name; `None` for files that are not superblocks.
pub(super) fn file_number(name: &str) -> Option<u32> {
    let number = name.strip_suffix(".vsb")?.parse().ok()?;
    (number <= NUMBER_MAX && file_name(number) == name).then_some(number)
}

/// `bytes` rounded up to whole blocks.
pub(super) fn whole_blocks(bytes: u64) -> u64 {
    bytes.next_multiple_of(BLOCK_BYTES)
}

/// Bytes a record takes in the file.
pub(super) fn record_bytes(payload: u32) -> u64 {
    whole_blocks(RECORD_HEADER_BYTES as u64 + u64::from(payload))
}

/// Bytes the footer of a file with so many records takes.
pub(super) fn footer_bytes(entries: usize) -> u64 {
    whole_blocks((entries * ENTRY_BYTES + TRAILER_BYTES) as u64)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileHeader {
    pub(super) number: u32,
    pub(super) dir: DirId,
    pub(super) salt: Salt,
}

/// What a block says when read as a file header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ReadHeader {
    Valid(FileHeader),
    /// Sound, and of a version this release does not know.
    Newer(u32),
    Damaged,
}

impl FileHeader {
    pub(super) fn encode(&self) -> [u8; FILE_HEADER_BYTES] {
        let mut out = [0; FILE_HEADER_BYTES];
        out[..8].copy_from_slice(&FILE_MAGIC);
        out[8..12].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
        out[12..16].copy_from_slice(&self.number.to_le_bytes());
        out[16..24].copy_from_slice(&self.dir.0.to_le_bytes());
        out[24..40].copy_from_slice(&self.salt.0);
        let crc = crc32c::crc32c(&out[..FILE_HEADER_BYTES - CRC_BYTES]);
        out[FILE_HEADER_BYTES - CRC_BYTES..].copy_from_slice(&crc.to_le_bytes());
        out
    }

    pub(super) fn decode(bytes: &[u8; FILE_HEADER_BYTES]) -> ReadHeader {
        let crc = crc32c::crc32c(&bytes[..FILE_HEADER_BYTES - CRC_BYTES]);
        if bytes[..8] != FILE_MAGIC || crc != u32_at(bytes, FILE_HEADER_BYTES - CRC_BYTES) {
            return ReadHeader::Damaged;
        }
        match u32_at(bytes, 8) {
            FORMAT_VERSION => ReadHeader::Valid(Self {
                number: u32_at(bytes, 12),
                dir: DirId(u64_at(bytes, 16)),
                salt: Salt(array_at(bytes, 24)),
            }),
            version => ReadHeader::Newer(version),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Chunk = 1,
    /// The chunk was deleted; hides every record of it with a lower sequence.
    Tombstone = 2,
}

impl Kind {
    /// The kind, when it can have a payload of this length.
    fn decode(byte: u8, payload: u32) -> Option<Self> {
        match (byte, payload as usize) {
            (1, 1..=CHUNK_BYTES_MAX) => Some(Self::Chunk),
            (2, 0) => Some(Self::Tombstone),
            _ => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RecordHeader {
    pub(super) kind: Kind,
    pub(super) key: Key,
    pub(super) payload_bytes: u32,
    pub(super) payload_crc: u32,
    pub(super) sequence: u64,
    pub(super) durable_to: u64,
}

impl RecordHeader {
    pub(super) fn encode(&self, salt: Salt, offset: u64) -> [u8; RECORD_HEADER_BYTES] {
        let mut out = [0; RECORD_HEADER_BYTES];
        out[..4].copy_from_slice(&RECORD_MAGIC);
        out[4] = self.kind as u8;
        out[8..12].copy_from_slice(&self.payload_bytes.to_le_bytes());
        out[12..16].copy_from_slice(&self.payload_crc.to_le_bytes());
        out[16..24].copy_from_slice(&self.key.asset.0.to_le_bytes());
        out[24..56].copy_from_slice(&self.key.hash.0);
        out[56..64].copy_from_slice(&self.sequence.to_le_bytes());
        out[64..72].copy_from_slice(&self.durable_to.to_le_bytes());
        let crc = salt.crc(offset, &out[..RECORD_HEADER_BYTES - CRC_BYTES]);
        out[RECORD_HEADER_BYTES - CRC_BYTES..].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// The header, if these bytes are one written at `offset` of the file with this salt.
    pub(super) fn decode(bytes: &[u8; RECORD_HEADER_BYTES], salt: Salt, offset: u64) -> Option<Self> {
        let crc = u32_at(bytes, RECORD_HEADER_BYTES - CRC_BYTES);
        if bytes[..4] != RECORD_MAGIC || crc != salt.crc(offset, &bytes[..RECORD_HEADER_BYTES - CRC_BYTES]) {
            return None;
        }
        let payload_bytes = u32_at(bytes, 8);
        Some(Self {
            kind: Kind::decode(bytes[4], payload_bytes)?,
            key: Key { hash: Hash(array_at(bytes, 24)), asset: AssetId(u64_at(bytes, 16)) },
            payload_bytes,
            payload_crc: u32_at(bytes, 12),
            sequence: u64_at(bytes, 56),
            durable_to: u64_at(bytes, 64),
        })
    }

    /// The record at `offset` as the footer lists it.
    pub(super) fn entry(&self, offset: u64) -> FooterEntry {
        let Self { key, sequence, payload_bytes, kind, .. } = *self;
        FooterEntry { key, sequence, offset, payload_bytes, kind }
    }
}

/// A record as the footer lists it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FooterEntry {
    pub(super) key: Key,
    pub(super) sequence: u64,
    pub(super) offset: u64,
    pub(super) payload_bytes: u32,
    pub(super) kind: Kind,
}

impl FooterEntry {
    fn encode(&self) -> [u8; ENTRY_BYTES] {
        let block = u32::try_from(self.offset / BLOCK_BYTES).expect("a superblock has at most 2^18 blocks");
        let mut out = [0; ENTRY_BYTES];
        out[..32].copy_from_slice(&self.key.hash.0);
        out[32..40].copy_from_slice(&self.key.asset.0.to_le_bytes());
        out[40..48].copy_from_slice(&self.sequence.to_le_bytes());
        out[48..52].copy_from_slice(&block.to_le_bytes());
        out[52..56].copy_from_slice(&self.payload_bytes.to_le_bytes());
        out[56] = self.kind as u8;
        out
    }

    /// The entry, if it can be one of a file whose records end at `records_end`.
    fn decode(bytes: &[u8], records_end: u64) -> Option<Self> {
        let payload_bytes = u32_at(bytes, 52);
        let offset = u64::from(u32_at(bytes, 48)) * BLOCK_BYTES;
        let inside = offset >= RECORDS_START && offset + record_bytes(payload_bytes) <= records_end;
        let kind = Kind::decode(bytes[56], payload_bytes)?;
        let key = Key { hash: Hash(array_at(bytes, 0)), asset: AssetId(u64_at(bytes, 32)) };
        inside.then_some(Self { key, sequence: u64_at(bytes, 40), offset, payload_bytes, kind })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Trailer {
    pub(super) entries: u32,
    pub(super) entries_crc: u32,
    pub(super) records_end: u64,
    pub(super) quarantined_bytes: u64,
    pub(super) durable_to: u64,
}

impl Trailer {
    fn encode(&self, salt: Salt, offset: u64) -> [u8; TRAILER_BYTES] {
        let mut out = [0; TRAILER_BYTES];
        out[..4].copy_from_slice(&TRAILER_MAGIC);
        out[4..8].copy_from_slice(&self.entries.to_le_bytes());
        out[8..16].copy_from_slice(&self.records_end.to_le_bytes());
        out[16..24].copy_from_slice(&self.quarantined_bytes.to_le_bytes());
        out[24..28].copy_from_slice(&self.entries_crc.to_le_bytes());
        out[28..36].copy_from_slice(&self.durable_to.to_le_bytes());
        let crc = salt.crc(offset, &out[..TRAILER_BYTES - CRC_BYTES]);
        out[TRAILER_BYTES - CRC_BYTES..].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// The trailer, if these are the last bytes of a sealed file of `file_bytes`.
    pub(super) fn decode(bytes: &[u8; TRAILER_BYTES], salt: Salt, file_bytes: u64) -> Option<Self> {
        let offset = file_bytes.checked_sub(TRAILER_BYTES as u64)?;
        let crc = u32_at(bytes, TRAILER_BYTES - CRC_BYTES);
        if bytes[..4] != TRAILER_MAGIC || crc != salt.crc(offset, &bytes[..TRAILER_BYTES - CRC_BYTES]) {
            return None;
        }
        let trailer = Self::read(bytes);
        trailer.ends_at(file_bytes).then_some(trailer)
    }

    /// Whether these bytes were a trailer once. It lies within one sector, so no crash can have torn it.
    pub(super) fn is_damaged(bytes: &[u8; TRAILER_BYTES], salt: Salt, file_bytes: u64) -> bool {
        let looks_like_one = bytes[..4] == TRAILER_MAGIC || Self::read(bytes).ends_at(file_bytes);
        looks_like_one && Self::decode(bytes, salt, file_bytes).is_none()
    }

    fn read(bytes: &[u8; TRAILER_BYTES]) -> Self {
        Self {
            entries: u32_at(bytes, 4),
            records_end: u64_at(bytes, 8),
            quarantined_bytes: u64_at(bytes, 16),
            entries_crc: u32_at(bytes, 24),
            durable_to: u64_at(bytes, 28),
        }
    }

    fn ends_at(&self, file_bytes: u64) -> bool {
        let end = self.records_end.checked_add(footer_bytes(self.entries as usize));
        self.records_end >= RECORDS_START && end == Some(file_bytes)
    }
}

/// The footer of a file whose records end at `records_end`.
pub(super) fn encode_footer(entries: &mut [FooterEntry], records_end: u64, damage: Damage, salt: Salt) -> Vec<u8> {
    entries.sort_unstable_by_key(|entry| (entry.key, entry.sequence));
    let mut out: Vec<u8> = entries.iter().flat_map(FooterEntry::encode).collect();
    let trailer = Trailer {
        entries: u32::try_from(entries.len()).expect("a superblock has at most 2^18 records"),
        entries_crc: crc32c::crc32c(&out),
        records_end,
        quarantined_bytes: damage.quarantined_bytes,
        durable_to: damage.durable_to,
    };
    let length = footer_bytes(entries.len());
    let offset = records_end + length - TRAILER_BYTES as u64;
    out.resize(usize::try_from(length).expect("a footer fits in memory") - TRAILER_BYTES, 0);
    out.extend(trailer.encode(salt, offset));
    out
}

/// The entries of a footer; `None` when they are not those the trailer vouches for.
pub(super) fn decode_entries(bytes: &[u8], trailer: &Trailer) -> Option<Vec<FooterEntry>> {
    if crc32c::crc32c(bytes) != trailer.entries_crc && !planted(Bug::FooterWithoutCrc) {
        return None;
    }
    let decode = |entry| FooterEntry::decode(entry, trailer.records_end);
    let entries: Vec<_> = bytes.chunks_exact(ENTRY_BYTES).map(decode).collect::<Option<_>>()?;
    // whoever searches them relies on their order
    entries.is_sorted_by_key(|entry| (entry.key, entry.sequence)).then_some(entries)
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[at..at + N]);
    out
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(array_at(bytes, at))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array_at(bytes, at))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SALT: Salt = Salt([7; 16]);

    fn record(kind: Kind, payload_bytes: u32) -> RecordHeader {
        let key = Key { hash: Hash::of(b"x"), asset: AssetId(3) };
        RecordHeader { kind, key, payload_bytes, payload_crc: 5, sequence: 9, durable_to: 8192 }
    }

    #[test]
    fn a_record_header_is_valid_only_where_it_was_written() {
        let header = record(Kind::Chunk, 100);
        let bytes = header.encode(SALT, 8192);
        assert_eq!(RecordHeader::decode(&bytes, SALT, 8192), Some(header));
        assert_eq!(RecordHeader::decode(&bytes, SALT, 12288), None);
        assert_eq!(RecordHeader::decode(&bytes, Salt([8; 16]), 8192), None);
    }

    #[test]
    fn impossible_lengths_are_refused_even_with_a_good_crc() {
        for (kind, bytes) in [(Kind::Chunk, 0), (Kind::Chunk, (2 << 20) + 1), (Kind::Tombstone, 1)] {
            assert_eq!(RecordHeader::decode(&record(kind, bytes).encode(SALT, 0), SALT, 0), None);
        }
        let tombstone = record(Kind::Tombstone, 0);
        assert_eq!(RecordHeader::decode(&tombstone.encode(SALT, 0), SALT, 0), Some(tombstone));
    }

    #[test]
    fn a_newer_file_is_told_from_a_damaged_one() {
        let header = FileHeader { number: 1, dir: DirId(2), salt: SALT };
        let mut bytes = header.encode();
        assert_eq!(FileHeader::decode(&bytes), ReadHeader::Valid(header));
        bytes[8] = 2;
        assert_eq!(FileHeader::decode(&bytes), ReadHeader::Damaged);
        let crc = crc32c::crc32c(&bytes[..4092]);
        bytes[4092..].copy_from_slice(&crc.to_le_bytes());
        assert_eq!(FileHeader::decode(&bytes), ReadHeader::Newer(2));
    }

    #[test]
    fn only_our_names_are_superblocks() {
        assert_eq!(file_number(&file_name(7)), Some(7));
        for other in ["7.vsb", "00000007.vsb~", "+0000007.vsb", "99999999.vsb", "LOCK"] {
            assert_eq!(file_number(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn any_flipped_bit_of_a_footer_is_noticed(count in 0usize..70, bit: prop::sample::Index) {
            let header = record(Kind::Chunk, 100);
            let entry = |i| FooterEntry {
                key: header.key,
                sequence: i as u64,
                offset: RECORDS_START + i as u64 * BLOCK_BYTES,
                payload_bytes: 100,
                kind: Kind::Chunk,
            };
            let mut entries: Vec<_> = (0..count).map(entry).collect();
            let end = RECORDS_START + count as u64 * BLOCK_BYTES;
            let mut bytes = encode_footer(&mut entries, end, Damage::default(), SALT);
            let file_bytes = end + bytes.len() as u64;
            let read = |bytes: &[u8]| {
                let trailer = Trailer::decode(&array_at(bytes, bytes.len() - TRAILER_BYTES), SALT, file_bytes)?;
                decode_entries(&bytes[..trailer.entries as usize * ENTRY_BYTES], &trailer)
            };
            prop_assert_eq!(read(&bytes), Some(entries.clone()));
            let at = bit.index(bytes.len() * 8);
            bytes[at / 8] ^= 1 << (at % 8);
            let padding = count * ENTRY_BYTES..bytes.len() - TRAILER_BYTES;
            prop_assert_eq!(read(&bytes), padding.contains(&(at / 8)).then_some(entries));
        }

        #[test]
        fn foreign_bytes_never_panic(bytes: [u8; 128], offset: u64) {
            prop_assert_eq!(RecordHeader::decode(&bytes, SALT, offset), None);
            prop_assert_eq!(Trailer::decode(&array_at(&bytes, 0), SALT, offset), None);
        }
    }
}
