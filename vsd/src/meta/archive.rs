//! A snapshot as one file: the files of a RocksDB checkpoint, one after the other.
//!
//! | bytes | content |
//! |---|---|
//! | 8 | magic `VSSNAP1\n` |
//! | 4 | length of the header, little-endian |
//! | n | header ([`Header`]) in the form of [`vs_core::codec`] |
//! | 4 | CRC-32C of the header |
//! | | for each file: |
//! | 1 | length of its name, not 0 |
//! | n | name, letters, digits, `.`, `-` and `_` |
//! | 8 | length, little-endian |
//! | n | content |
//! | 4 | CRC-32C of name and content |
//! | | then: |
//! | 1 | 0 |
//! | 4 | number of files, little-endian; the archive ends here |
//!
//! Whatever is wrong with an archive is found while it is unpacked, before anything uses it.

use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter, Read, Write},
    path::Path,
};

use serde::{Deserialize, Serialize};
use vs_core::{
    codec,
    id::{ClusterId, NodeId},
};

use super::types::SnapshotMeta;

const MAGIC: &[u8; 8] = b"VSSNAP1\n";
const HEADER_BYTES_MAX: usize = 1 << 20;
/// Bytes copied at a time.
const COPY_BYTES: usize = 256 << 10;

/// What is known of a snapshot before it is unpacked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) meta: SnapshotMeta,
    /// What `vsd snapshot save` says of it. Snapshots that nodes make for themselves have nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) saved: Option<Saved>,
}

/// Where a saved snapshot comes from, and what is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Saved {
    pub(crate) cluster: ClusterId,
    pub(crate) incarnation: u64,
    pub(crate) node: NodeId,
    /// Wall time, for display.
    pub(crate) saved_ms: u64,
    /// The last entry in it, and how many of the last ones are not known to have been committed.
    pub(crate) index: u64,
    pub(crate) unconfirmed: u64,
    pub(crate) videos: u64,
    pub(crate) assets: u64,
    pub(crate) nodes: u64,
}

/// Writes the plain files of a folder.
pub(super) fn pack(header: &Header, folder: &Path, into: &File) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(COPY_BYTES, into);
    let header = codec::encode(header);
    out.write_all(MAGIC)?;
    out.write_all(&u32::try_from(header.len()).map_err(io::Error::other)?.to_le_bytes())?;
    out.write_all(&header)?;
    out.write_all(&crc32c::crc32c(&header).to_le_bytes())?;
    let mut files: u32 = 0;
    for name in names(folder)? {
        let length = u8::try_from(name.len()).map_err(io::Error::other)?;
        let mut file = File::open(folder.join(&name))?;
        let bytes = file.metadata()?.len();
        out.write_all(&[length])?;
        out.write_all(name.as_bytes())?;
        out.write_all(&bytes.to_le_bytes())?;
        let crc = copy(&mut file, &mut out, bytes, crc32c::crc32c(name.as_bytes()))?;
        out.write_all(&crc.to_le_bytes())?;
        files += 1;
    }
    out.write_all(&[0])?;
    out.write_all(&files.to_le_bytes())?;
    out.flush()
}

/// Names of the files that make a database. Its own messages and lock are not among them.
fn names(folder: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name().into_string().map_err(|_| wrong("a file name that is not text"))?;
        if is_plain(&name) && !name.starts_with("LOG") && name != "LOCK" {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    !name.is_empty() && !name.starts_with('.') && name.bytes().all(plain)
}

/// Reads the header and leaves `from` at the first file.
pub(super) fn header(from: &mut impl Read) -> io::Result<Header> {
    if &array::<8>(from)? != MAGIC {
        return Err(wrong("it is not a snapshot of this format"));
    }
    let length = usize::try_from(u32::from_le_bytes(array(from)?)).map_err(io::Error::other)?;
    if length > HEADER_BYTES_MAX {
        return Err(wrong("its header is too long"));
    }
    let mut header = vec![0; length];
    from.read_exact(&mut header)?;
    if u32::from_le_bytes(array(from)?) != crc32c::crc32c(&header) {
        return Err(wrong("its header is damaged"));
    }
    codec::decode(&header).map_err(io::Error::other)
}

/// Unpacks an archive into a folder that does not exist yet, and makes it durable.
pub(super) fn unpack(from: &File, folder: &Path) -> io::Result<Header> {
    let open = |name: &str| File::create_new(folder.join(name));
    let header = read(from, || fs::create_dir(folder), open, |file| file.sync_all())?;
    super::database::sync_dir(folder)?;
    Ok(header)
}

/// Reads all of an archive, and keeps nothing.
pub(super) fn verify(from: &File) -> io::Result<Header> {
    read(from, || Ok(()), |_| Ok(io::sink()), |_| Ok(()))
}

/// Reads all of an archive: `begin` comes after the header; what is in a file goes into what `open` makes of its name,
/// and `close` gets that once it is known to be whole.
fn read<W: Write>(
    from: &File,
    begin: impl FnOnce() -> io::Result<()>,
    open: impl Fn(&str) -> io::Result<W>,
    close: impl Fn(W) -> io::Result<()>,
) -> io::Result<Header> {
    let mut from = BufReader::with_capacity(COPY_BYTES, from);
    let header = header(&mut from)?;
    begin()?;
    let mut files: u32 = 0;
    loop {
        let [length] = array(&mut from)?;
        if length == 0 {
            break;
        }
        close(read_file(&mut from, usize::from(length), &open)?)?;
        files += 1;
    }
    if u32::from_le_bytes(array(&mut from)?) != files {
        return Err(wrong("files are missing"));
    }
    if from.read(&mut [0])? != 0 {
        return Err(wrong("it goes on after its end"));
    }
    Ok(header)
}

fn read_file<W: Write>(
    from: &mut impl Read,
    name_length: usize,
    open: impl Fn(&str) -> io::Result<W>,
) -> io::Result<W> {
    let mut name = vec![0; name_length];
    from.read_exact(&mut name)?;
    let name = String::from_utf8(name).map_err(io::Error::other)?;
    if !is_plain(&name) {
        return Err(wrong("a file name that leads elsewhere"));
    }
    let bytes = u64::from_le_bytes(array(from)?);
    let mut file = open(&name)?;
    let crc = copy(from, &mut file, bytes, crc32c::crc32c(name.as_bytes()))?;
    if u32::from_le_bytes(array(from)?) != crc {
        return Err(wrong(&format!("{name} is damaged")));
    }
    Ok(file)
}

/// Copies exactly `bytes` bytes and answers `crc` continued over them.
fn copy(from: &mut impl Read, to: &mut impl Write, bytes: u64, mut crc: u32) -> io::Result<u32> {
    let mut buffer = vec![0; COPY_BYTES];
    let mut left = bytes;
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        from.read_exact(&mut buffer[..most])?;
        to.write_all(&buffer[..most])?;
        crc = crc32c::crc32c_append(crc, &buffer[..most]);
        left -= u64::try_from(most).map_err(io::Error::other)?;
    }
    Ok(crc)
}

fn array<const N: usize>(from: &mut impl Read) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

fn wrong(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("the snapshot cannot be used: {why}"))
}

#[cfg(test)]
mod tests {
    use std::io::Seek;

    use super::*;

    fn archive(content: &[u8]) -> Vec<u8> {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("000001.sst"), content).expect("written");
        fs::write(folder.path().join("CURRENT"), b"").expect("written");
        fs::write(folder.path().join("LOG"), b"not part of it").expect("written");
        let mut file = tempfile::tempfile().expect("a file");
        pack(&Header { meta: SnapshotMeta::default(), saved: None }, folder.path(), &file).expect("packed");
        let mut bytes = Vec::new();
        file.rewind().expect("seekable");
        file.read_to_end(&mut bytes).expect("readable");
        bytes
    }

    fn unpacked(bytes: &[u8]) -> io::Result<Vec<(String, Vec<u8>)>> {
        let folder = tempfile::tempdir().expect("a folder");
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(bytes).expect("written");
        file.rewind().expect("seekable");
        let target = folder.path().join("new");
        let verified = verify(&file);
        file.rewind().expect("seekable");
        let unpacked = unpack(&file, &target);
        assert_eq!(verified.is_ok(), unpacked.is_ok(), "both see the same");
        unpacked?;
        names(&target)?.into_iter().map(|name| Ok((name.clone(), fs::read(target.join(name))?))).collect()
    }

    #[test]
    fn files_come_back_as_they_were() {
        let content = vec![7; COPY_BYTES + 1];
        let files = unpacked(&archive(&content)).expect("sound");
        assert_eq!(files, [("000001.sst".to_owned(), content), ("CURRENT".to_owned(), vec![])]);
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let good = archive(b"content");
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert!(unpacked(&bad).is_err(), "byte {at}");
            assert!(unpacked(&good[..at]).is_err(), "cut at {at}");
        }
        assert!(unpacked(&[good, vec![0]].concat()).is_err());
    }

    #[test]
    fn names_cannot_lead_elsewhere() {
        for bad in ["", ".", "..", "../x", "a/b", "a\0", "é"] {
            assert!(!is_plain(bad), "{bad:?}");
        }
    }
}
