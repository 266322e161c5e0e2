//! Sealed superblocks whose records are holes: a store of any size that takes no more disk than its headers and footers,
//! to measure how long a directory takes to open. No chunk of it can be read.

use vs_core::{hash::Hash, id::AssetId};

use super::{
    Key,
    engine::Config,
    format::{
        FILE_HEADER_COPIES, FileHeader, FooterEntry, Kind, RECORDS_START, encode_footer, file_name, footer_bytes,
        record_bytes,
    },
    tail::Damage,
};

/// One such file.
#[derive(Debug)]
pub struct Sparse {
    pub name: String,
    /// At the beginning of the file.
    pub header: Vec<u8>,
    /// Where the footer lies, and what it says; it ends the file.
    pub footer_offset: u64,
    pub footer: Vec<u8>,
    pub chunks: u64,
}

/// A full superblock of chunks of so many bytes, named by their number from `first` on.
///
/// # Panics
/// When no such chunk fits into a superblock.
#[must_use]
pub fn superblock(config: &Config, number: u32, chunk_bytes: u32, first: u64) -> Sparse {
    let record = record_bytes(chunk_bytes);
    let most = (config.superblock_bytes_max - RECORDS_START) / record;
    let room = |chunks: &u64| {
        let listed = usize::try_from(*chunks).expect("at most 2^18");
        RECORDS_START + chunks * record + footer_bytes(listed) <= config.superblock_bytes_max
    };
    let chunks = (1..=most).rev().find(room).expect("a chunk fits");
    let entry = |nth: u64| FooterEntry {
        key: Key { hash: Hash::of(&(first + nth).to_le_bytes()), asset: AssetId(1) },
        sequence: u64::from(number) << 32 | nth,
        offset: RECORDS_START + nth * record,
        payload_bytes: chunk_bytes,
        kind: Kind::Chunk,
    };
    let salt = config.salt(number);
    let footer_offset = RECORDS_START + chunks * record;
    let footer = encode_footer(&mut (0..chunks).map(entry).collect::<Vec<_>>(), footer_offset, Damage::default(), salt);
    let header = FileHeader { number, dir: config.dir, salt }.encode().repeat(FILE_HEADER_COPIES);
    Sparse { name: file_name(number), header, footer_offset, footer, chunks }
}
