//! Where the bytes of an upload wait until they are chunks: a file for each upload, and beside it how much of it is synced.
//!
//! | file | content |
//! |---|---|
//! | `<upload>` | the bytes |
//! | `<upload>.synced` | length u64 LE up to which the bytes are synced, its CRC-32C u32 LE |
//!
//! Invariant: the offset told to a client is one whose bytes a power cut does not take.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Read},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use nix::sys::statvfs::statvfs;
use vs_core::{
    hash::{Hash, Hasher},
    id::UploadId,
};

/// Bytes written between two syncs: enough to keep a disk busy, little enough to lose.
pub(crate) const SYNC_BYTES: u64 = 32 << 20;
/// Bytes read at a time where a file is read through.
const READ_BYTES: usize = 1 << 20;

/// The spool of a node.
#[derive(Clone, Debug)]
pub(crate) struct Spool {
    dir: PathBuf,
}

/// The file of one upload, open for appending.
#[derive(Debug)]
pub(crate) struct SpoolFile {
    file: File,
    marker: File,
    /// Everything below is written and hashed.
    pub(crate) written: u64,
    /// Everything below survives a power cut.
    pub(crate) synced: u64,
    hasher: Hasher,
}

impl Spool {
    pub(crate) fn new(dir: PathBuf) -> Self {
        Self { dir }
    }

    pub(crate) fn path(&self, upload: UploadId) -> PathBuf {
        self.dir.join(upload.to_string())
    }

    fn marker(&self, upload: UploadId) -> PathBuf {
        self.dir.join(format!("{upload}.synced"))
    }

    /// How much of an upload is safe here.
    pub(crate) fn offset(&self, upload: UploadId) -> u64 {
        let length = fs::metadata(self.path(upload)).map_or(0, |meta| meta.len());
        read_marker(&self.marker(upload)).min(length)
    }

    /// Opens an upload's file at its synced offset. What was already there is read once more, for the hash.
    pub(crate) fn open(&self, upload: UploadId) -> io::Result<SpoolFile> {
        let synced = self.offset(upload);
        let open = |path: &Path| OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
        let file = open(&self.path(upload))?;
        let marker = open(&self.marker(upload))?;
        file.set_len(synced)?;
        let mut hasher = Hasher::default();
        read_through(&file, synced, |bytes| hasher.update(bytes))?;
        File::open(&self.dir)?.sync_all()?;
        Ok(SpoolFile { file, marker, written: synced, synced, hasher })
    }

    /// Drops what is here of an upload; harmless when there is nothing.
    pub(crate) fn remove(&self, upload: UploadId) {
        for path in [self.path(upload), self.marker(upload)] {
            match fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    tracing::warn!(%error, path = %path.display(), "a spool file could not be removed");
                }
                _ => {}
            }
        }
    }

    /// The uploads that have a file here.
    pub(crate) fn uploads(&self) -> io::Result<Vec<UploadId>> {
        let name = |entry: io::Result<fs::DirEntry>| entry.ok()?.file_name().into_string().ok();
        let mut uploads: Vec<UploadId> = fs::read_dir(&self.dir)?
            .filter_map(name)
            .filter_map(|name| name.strip_suffix(".synced").unwrap_or(&name).parse().ok())
            .collect();
        uploads.sort_unstable();
        uploads.dedup();
        Ok(uploads)
    }

    /// Whether the disk would be above `percent` full with `more` bytes on it.
    pub(crate) fn is_full(&self, percent: u8, more: u64) -> io::Result<bool> {
        let disk = statvfs(&self.dir)?;
        // as `df` counts: what is kept back for root belongs to nobody
        let used = disk.blocks().saturating_sub(disk.blocks_free()) * disk.fragment_size();
        let total = used + disk.blocks_available() * disk.fragment_size();
        Ok((u128::from(used) + u128::from(more)) * 100 > u128::from(total) * u128::from(percent))
    }
}

impl SpoolFile {
    /// Appends bytes; they are safe after the next [`Self::sync`].
    pub(crate) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all_at(bytes, self.written)?;
        self.hasher.update(bytes);
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// Makes everything appended safe.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        if self.synced == self.written {
            return Ok(());
        }
        self.file.sync_data()?;
        let length = self.written.to_le_bytes();
        let marker = [&length[..], &crc32c::crc32c(&length).to_le_bytes()].concat();
        self.marker.write_all_at(&marker, 0)?;
        self.marker.sync_data()?;
        self.synced = self.written;
        Ok(())
    }

    /// SHA-256 of everything appended so far.
    pub(crate) fn sha256(&self) -> Hash {
        self.hasher.clone().finish()
    }
}

fn read_marker(path: &Path) -> u64 {
    let mut bytes = [0; 12];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut bytes));
    let (length, crc) = bytes.split_at(8);
    if read.is_err() || crc32c::crc32c(length).to_le_bytes() != crc {
        return 0;
    }
    let mut value = [0; 8];
    value.copy_from_slice(length);
    u64::from_le_bytes(value)
}

fn read_through(file: &File, length: u64, mut each: impl FnMut(&[u8])) -> io::Result<()> {
    let mut buffer = vec![0; READ_BYTES];
    let mut at = 0;
    while at < length {
        let want = usize::try_from(length - at).map_or(READ_BYTES, |left| left.min(READ_BYTES));
        file.read_exact_at(&mut buffer[..want], at)?;
        each(&buffer[..want]);
        at += want as u64;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_goes_on_where_it_was_last_synced() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let spool = Spool::new(scratch.path().to_owned());
        let upload = UploadId::from_random([3; 16]);
        let mut file = spool.open(upload).expect("opened");
        file.append(b"synced").expect("written");
        file.sync().expect("synced");
        file.append(b" and not").expect("written");
        drop(file);
        assert_eq!(spool.offset(upload), 6);
        let mut file = spool.open(upload).expect("reopened");
        assert_eq!(file.written, 6);
        file.append(b"!").expect("written");
        assert_eq!(file.sha256(), Hash::of(b"synced!"));
        assert_eq!(spool.uploads().expect("listed"), [upload]);
        fs::write(scratch.path().join(format!("{upload}.synced")), [9; 12]).expect("damaged");
        assert_eq!(spool.offset(upload), 0, "a damaged marker promises nothing");
        spool.remove(upload);
        assert_eq!(spool.uploads().expect("listed"), []);
    }
}
