//! A collection of real and of malformed media files, where there is one beside the repository or where `VS_MEDIA` says.

use std::path::{Path, PathBuf};

use crate::repo;

/// Where the collection is looked for, from the root of the repository.
const BESIDE: &str = "../shared/media";
/// The folder in it whose files are broken on purpose.
pub const MALFORMED: &str = "malformed";

/// The collection's folder; none, and a word about it, where there is no collection.
#[must_use]
pub fn collection() -> Option<PathBuf> {
    let folder = std::env::var_os("VS_MEDIA").map_or_else(|| repo::root().join(BESIDE), PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: no collection of media in {} (VS_MEDIA names another place)", folder.display());
    None
}

/// The files of the collection that are, or are not, malformed, in the order of their names.
#[must_use]
pub fn files(collection: &Path, is_malformed: bool) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for folder in std::fs::read_dir(collection).expect("a readable collection").flatten() {
        let is_wanted = (folder.file_name() == MALFORMED) == is_malformed;
        if is_wanted && folder.path().is_dir() {
            let inside = std::fs::read_dir(folder.path()).expect("a readable folder").flatten();
            files.extend(inside.map(|entry| entry.path()).filter(|path| path.is_file()));
        }
    }
    files.sort();
    files
}
