//! The decoders of a superblock as a fuzz test sees them: bytes go in, and whatever is accepted must hold.
//!
//! Checksums keep nearly every mutation away from what is behind them, so each decoder comes with a way to
//! [mend](Decoder::mend) them: a forger, or a bug of a writer, has sound checksums too.

use std::collections::BTreeMap;

use bytes::Bytes;
use vs_core::{
    hash::Hash,
    id::{AssetId, DirId},
};

use super::{
    Config, Engine, Finding, GetError, Key, OpenError, Reader,
    format::{
        BLOCK_BYTES, ENTRY_BYTES, FILE_HEADER_BYTES, FILE_HEADER_COPIES, FileHeader, FooterEntry, Kind,
        RECORD_HEADER_BYTES, RECORDS_START, ReadHeader, RecordHeader, Salt, TRAILER_BYTES, Trailer, decode_entries,
        encode_footer, file_name, record_bytes,
    },
    op::{Op, Outcome},
    sim::{Dice, SimDisk, put},
    tail::Damage,
};

/// What is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decoder {
    /// One copy of a file header.
    FileHeader,
    /// Salt (16 bytes), offset (8), record header.
    Record,
    /// Salt (16 bytes), length of the file (8), entries and trailer.
    Footer,
    /// A whole file: a directory with it and a sound neighbour is opened, read, written to and opened again.
    Superblock,
}

/// Salt and position, before the bytes that they are mixed into.
const PLACE_BYTES: usize = 24;
const CRC_BYTES: usize = 4;
/// Where no field is, in each structure.
const HEADER_RESERVED: std::ops::Range<usize> = 40..FILE_HEADER_BYTES - CRC_BYTES;
const RECORD_RESERVED: [std::ops::Range<usize>; 2] = [5..8, 72..RECORD_HEADER_BYTES - CRC_BYTES];
const ENTRY_RESERVED: std::ops::Range<usize> = 57..ENTRY_BYTES;
const TRAILER_RESERVED: std::ops::Range<usize> = 36..TRAILER_BYTES - CRC_BYTES;
/// The number of the file that is fuzzed, and of its neighbour.
const NUMBER: u32 = 1;
const NEIGHBOUR: u32 = 2;
const DIR: DirId = DirId(7);
const SALT: Salt = Salt([7; 16]);

impl Decoder {
    pub const ALL: [Self; 4] = [Self::FileHeader, Self::Record, Self::Footer, Self::Superblock];

    /// The name of its corpus.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FileHeader => "file-header",
            Self::Record => "record",
            Self::Footer => "footer",
            Self::Superblock => "superblock",
        }
    }

    /// Inputs as this release writes them; the same every time.
    #[must_use]
    pub fn samples(self) -> Vec<Vec<u8>> {
        match self {
            Self::FileHeader => [NUMBER, (1 << 24) - 1].map(|number| file_header(number).encode().to_vec()).into(),
            Self::Record => [(Kind::Chunk, 1), (Kind::Chunk, 2 << 20), (Kind::Tombstone, 0)]
                .map(|(kind, bytes)| {
                    let header = record(kind, 3, bytes).encode(SALT, RECORDS_START);
                    placed(SALT, RECORDS_START, &header)
                })
                .into(),
            Self::Footer => [0, 1, 5, 70].map(footer_of).into(),
            Self::Superblock => superblocks(),
        }
    }

    /// Makes every checksum right that can be found.
    pub fn mend(self, bytes: &mut [u8]) {
        match self {
            Self::FileHeader => mend_file_header(bytes),
            Self::Record => {
                if let Some((salt, offset, rest)) = place_of(bytes) {
                    mend_last(rest, salt, offset);
                }
            }
            Self::Footer => {
                if let Some((salt, file_bytes, rest)) = place_of(bytes) {
                    mend_footer(rest, salt, file_bytes);
                }
            }
            Self::Superblock => mend_superblock(bytes),
        }
    }

    /// Whether the bytes are accepted.
    ///
    /// # Panics
    /// When something accepted is impossible, or is not what encoding it again gives.
    #[must_use]
    pub fn accepts(self, bytes: &[u8]) -> bool {
        match self {
            Self::FileHeader => accepts_file_header(bytes),
            Self::Record => accepts_record(bytes),
            Self::Footer => accepts_footer(bytes),
            Self::Superblock => opens(bytes),
        }
    }
}

fn file_header(number: u32) -> FileHeader {
    FileHeader { number, dir: DIR, salt: SALT }
}

fn record(kind: Kind, name: u8, payload_bytes: u32) -> RecordHeader {
    let key = Key { hash: Hash::of(&[name]), asset: AssetId(u64::from(name)) };
    RecordHeader { kind, key, payload_bytes, payload_crc: 5, sequence: 1 << 32 | u64::from(name), durable_to: 8192 }
}

/// A footer of so many chunks, behind what it is decoded with.
fn footer_of(chunks: u8) -> Vec<u8> {
    let entry = |name: u8| {
        let RecordHeader { key, sequence, kind, .. } = record(Kind::Chunk, name, 100);
        let offset = RECORDS_START + u64::from(name) * BLOCK_BYTES;
        FooterEntry { key, sequence, offset, payload_bytes: 100, kind }
    };
    let mut entries: Vec<_> = (0..chunks).map(entry).collect();
    let records_end = RECORDS_START + u64::from(chunks) * BLOCK_BYTES;
    let footer = encode_footer(&mut entries, records_end, Damage::default(), SALT);
    placed(SALT, records_end + footer.len() as u64, &footer)
}

/// Files as the engine leaves them: sealed, not sealed, with a tombstone, empty, and torn.
fn superblocks() -> Vec<Vec<u8>> {
    let sealed = written(NUMBER, true);
    let open = written(NUMBER, false);
    let torn = open[..open.len() - 1000].to_vec();
    let empty = open[..usize::try_from(RECORDS_START).expect("8192")].to_vec();
    vec![sealed, open, torn, empty]
}

fn config() -> Config {
    let mut config = Config::new(DIR, [1; 32]);
    config.reserve_bytes = 64 << 10;
    config
}

/// A file of this number with three chunks, of which one was deleted.
fn written(number: u32, seal: bool) -> Vec<u8> {
    let disk = SimDisk::new();
    if number > 1 {
        disk.plant(&file_name(number - 1), &written(number - 1, true));
    }
    let (mut engine, _) = Engine::open(disk.clone(), config()).expect("a sound disk");
    let puts: Vec<Op> = chunks(number).into_iter().map(|(asset, bytes)| put(asset, bytes).into()).collect();
    let gone = puts[1].key();
    let mut answers = engine.write_group(&puts);
    answers.extend(engine.write_group(&[Op::Delete(gone)]));
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    if seal {
        engine.close();
    }
    disk.files().remove(&file_name(number)).expect("chunks were written to it")
}

fn chunks(number: u32) -> Vec<(u64, Bytes)> {
    let bytes = |length| Bytes::from(vec![u8::try_from(number).expect("small"); length]);
    vec![(u64::from(number), bytes(100)), (u64::from(number), bytes(5000)), (9, bytes(3968))]
}

/// `bytes` behind the salt and the position that their checksum is made with.
fn placed(salt: Salt, position: u64, bytes: &[u8]) -> Vec<u8> {
    [&salt.0[..], &position.to_le_bytes(), bytes].concat()
}

fn place_of(bytes: &mut [u8]) -> Option<(Salt, u64, &mut [u8])> {
    let (place, rest) = bytes.split_at_mut_checked(PLACE_BYTES)?;
    let (salt, position) = place.split_first_chunk()?;
    Some((Salt(*salt), u64::from_le_bytes(*position.first_chunk()?), rest))
}

/// Puts the checksum of salt, position and all bytes before it into the last four.
fn mend_last(bytes: &mut [u8], salt: Salt, position: u64) {
    if let Some((content, crc)) = bytes.split_last_chunk_mut() {
        *crc = salt.crc(position, content).to_le_bytes();
    }
}

fn mend_file_header(bytes: &mut [u8]) {
    if let Some((content, crc)) = bytes.split_last_chunk_mut() {
        *crc = crc32c::crc32c(content).to_le_bytes();
    }
}

/// `bytes` are the last ones of a file of `file_bytes`.
fn mend_footer(bytes: &mut [u8], salt: Salt, file_bytes: u64) {
    let start = file_bytes.wrapping_sub(bytes.len() as u64);
    let Some(at) = bytes.len().checked_sub(TRAILER_BYTES) else { return };
    let (before, trailer) = bytes.split_at_mut(at);
    let field = |at: usize| u64::from_le_bytes(*trailer[at..].first_chunk().expect("8 bytes"));
    let entries = usize::try_from(field(4) & u64::from(u32::MAX)).unwrap_or(usize::MAX);
    let first = usize::try_from(field(8).wrapping_sub(start)).unwrap_or(usize::MAX);
    let listed = entries.checked_mul(ENTRY_BYTES).and_then(|length| before.get(first..first.checked_add(length)?));
    if let Some(listed) = listed {
        trailer[24..28].copy_from_slice(&crc32c::crc32c(listed).to_le_bytes());
    }
    mend_last(trailer, salt, file_bytes.wrapping_sub(TRAILER_BYTES as u64));
}

fn mend_superblock(bytes: &mut [u8]) {
    let copies = RECORDS_START.min(bytes.len() as u64);
    let (headers, _) = bytes.split_at_mut(usize::try_from(copies).expect("8192"));
    headers.chunks_exact_mut(FILE_HEADER_BYTES).for_each(mend_file_header);
    let Some(salt) = bytes.get(24..40).and_then(|salt| salt.first_chunk()).copied().map(Salt) else { return };
    let mut offset = RECORDS_START;
    for block in bytes.chunks_mut(FILE_HEADER_BYTES).skip(FILE_HEADER_COPIES) {
        if let Some(header) = block.first_chunk_mut::<RECORD_HEADER_BYTES>().filter(|h| h.starts_with(b"VSRC")) {
            mend_last(header, salt, offset);
        }
        offset += BLOCK_BYTES;
    }
    let file_bytes = bytes.len() as u64;
    if bytes.len().checked_sub(TRAILER_BYTES).is_some_and(|at| bytes[at..].starts_with(b"VSFT")) {
        mend_footer(bytes, salt, file_bytes);
    }
}

fn accepts_file_header(bytes: &[u8]) -> bool {
    let Ok(block) = bytes.try_into() else { return false };
    match FileHeader::decode(block) {
        ReadHeader::Valid(header) => {
            let mut canonical = block.to_vec();
            canonical[HEADER_RESERVED].fill(0);
            mend_file_header(&mut canonical);
            assert!(header.encode()[..] == canonical, "encoded otherwise: {header:?}");
            true
        }
        ReadHeader::Newer(version) => {
            assert_ne!(version, super::FORMAT_VERSION);
            true
        }
        ReadHeader::Damaged => false,
    }
}

fn accepts_record(bytes: &[u8]) -> bool {
    let mut canonical = bytes.to_vec();
    let Some((salt, offset, rest)) = place_of(&mut canonical) else { return false };
    let Ok(header) = <&mut [u8; RECORD_HEADER_BYTES]>::try_from(rest) else { return false };
    let Some(decoded) = RecordHeader::decode(header, salt, offset) else { return false };
    assert!(record_bytes(decoded.payload_bytes).is_multiple_of(BLOCK_BYTES));
    assert_eq!(decoded.kind == Kind::Tombstone, decoded.payload_bytes == 0);
    RECORD_RESERVED.into_iter().for_each(|range| header[range].fill(0));
    mend_last(header, salt, offset);
    assert!(decoded.encode(salt, offset) == *header, "encoded otherwise: {decoded:?}");
    true
}

fn accepts_footer(bytes: &[u8]) -> bool {
    let mut bytes = bytes.to_vec();
    let Some((salt, file_bytes, footer)) = place_of(&mut bytes) else { return false };
    let Some(last) = footer.last_chunk() else { return false };
    let Some(trailer) = Trailer::decode(last, salt, file_bytes) else { return false };
    // what follows the header, up to the end: as the file would have it
    if trailer.records_end + footer.len() as u64 != file_bytes {
        return false;
    }
    let listed = trailer.entries as usize * ENTRY_BYTES;
    let Some(mut entries) = decode_entries(&footer[..listed], &trailer) else { return false };
    let inside = |entry: &FooterEntry| {
        entry.offset >= RECORDS_START && entry.offset + record_bytes(entry.payload_bytes) <= trailer.records_end
    };
    assert!(entries.iter().all(inside));
    let damage = Damage { quarantined_bytes: trailer.quarantined_bytes, durable_to: trailer.durable_to };
    let again = encode_footer(&mut entries, trailer.records_end, damage, salt);
    footer[..listed].chunks_exact_mut(ENTRY_BYTES).for_each(|entry| entry[ENTRY_RESERVED].fill(0));
    let end = footer.len() - TRAILER_BYTES;
    footer[listed..end].fill(0);
    footer[end..][TRAILER_RESERVED].fill(0);
    mend_footer(footer, salt, file_bytes);
    assert!(again == *footer, "encoded otherwise: {entries:?}");
    true
}

type Served = BTreeMap<Key, Option<Bytes>>;

/// Everything that is listed, with its bytes where they can be read.
fn served(reader: &Reader<SimDisk>) -> Served {
    let keys = reader.list(&(0..=u64::MAX), None, usize::MAX);
    let read = |key: Key| {
        let bytes = match reader.get(&key) {
            Ok(bytes) => Some(bytes),
            Err(GetError::Corrupt { .. }) => None,
            Err(error) => panic!("{key:?} is listed: {error}"),
        };
        let length = bytes.as_ref().map(|bytes| u32::try_from(bytes.len()).ok());
        assert!(length.is_none_or(|length| length == reader.chunk_bytes(&key)));
        (key, bytes)
    };
    keys.into_iter().map(read).collect()
}

/// Whether a directory with this file in it opens. Whatever the file holds, its neighbour's chunks are served, a chunk
/// can be stored, and after another start everything is as it was.
fn opens(bytes: &[u8]) -> bool {
    let disk = SimDisk::new();
    disk.plant(&file_name(NUMBER), bytes);
    disk.plant(&file_name(NEIGHBOUR), &written(NEIGHBOUR, true));
    let (mut engine, recovery) = match Engine::open(disk.clone(), config()) {
        Ok(opened) => opened,
        Err(OpenError::Newer { .. } | OpenError::OtherDirectory { .. }) => return false,
        Err(error) => panic!("{error}"),
    };
    for (nth, (asset, bytes)) in chunks(NEIGHBOUR).into_iter().enumerate() {
        let key = put(asset, bytes.clone()).key();
        let got = engine.reader().get(&key).ok();
        assert!(got == Some(bytes).filter(|_| nth != 1), "the neighbour's {nth}: {:?}", recovery.findings);
    }
    let fresh = put(1 << 40, Bytes::from_static(b"stored later"));
    let answers = engine.write_group(&[fresh.clone().into()]);
    assert!(matches!(answers[..], [Ok(Outcome::Created)]), "{answers:?}");
    let before = served(&engine.reader());
    assert!(before.contains_key(&fresh.key()));
    engine.close();
    let (again, second) = Engine::open(disk.clone(), config()).expect("it opened before");
    assert!(served(&again.reader()) == before, "another start: {:?}", second.findings);
    let is_fresh = |finding: &&Finding| !recovery.findings.contains(finding);
    assert_eq!(second.findings.iter().find(is_fresh), None);
    // and after a power cut, by which everything was durable
    drop(again);
    disk.reboot(&mut Dice(1));
    let (last, third) = Engine::open(disk, config()).expect("it opened before");
    assert!(served(&last.reader()) == before, "a power cut: {:?}", third.findings);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_accepted_and_mending_changes_nothing_of_it() {
        for decoder in Decoder::ALL {
            for sample in decoder.samples() {
                assert!(decoder.accepts(&sample), "{decoder:?}");
                let mut mended = sample.clone();
                decoder.mend(&mut mended);
                assert_eq!(mended, sample, "{decoder:?}");
            }
        }
    }
}
