//! Which files a command line means: those named, those a list names, and with `-r` those below a folder.

use std::{
    ffi::OsString,
    fs,
    io::{self, Read},
    os::unix::ffi::OsStringExt,
    path::{Path, PathBuf},
};

use vs_core::error::{Code, Failure};

use super::glob;
use crate::out::human::quoted_path;

/// Longest list of `--files-from`, in bytes.
const LIST_BYTES_MAX: u64 = 64 << 20;

/// One thing to upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Input {
    File(PathBuf),
    Stdin,
}

impl Input {
    /// As the person named it.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Stdin => "-".to_owned(),
        }
    }
}

/// What to take from folders.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    pub(crate) recursive: bool,
    pub(crate) include: Vec<String>,
    pub(crate) exclude: Vec<String>,
}

/// A thing to upload, or why a name on the command line means none.
pub(crate) type Found = Result<Input, (String, Failure)>;

/// Everything that is meant, in the order in which it was named; folders in the order of their names.
pub(crate) fn collect(paths: &[PathBuf], files_from: Option<&Path>, rules: &Rules) -> Result<Vec<Found>, Failure> {
    let listed = files_from.map(read_list).transpose()?.unwrap_or_default();
    let mut found = Vec::new();
    for path in paths.iter().chain(&listed) {
        if path.as_os_str() == "-" {
            found.push(Ok(Input::Stdin));
        } else if !path.is_dir() {
            found.push(Ok(Input::File(path.clone())));
        } else if rules.recursive {
            found.extend(below(path, rules));
        } else {
            let shown = path.display().to_string();
            let failure = Failure::new(Code::Invalid, format!("{shown} is a directory"))
                .hint(format!("upload the files in it: `vsctl upload -r {}`", quoted_path(path)));
            found.push(Err((shown, failure)));
        }
    }
    if found.iter().filter(|found| matches!(found, Ok(Input::Stdin))).count() > 1 {
        return Err(Failure::new(Code::Invalid, "standard input can be uploaded once only"));
    }
    if found.is_empty() {
        return Err(Failure::new(Code::NotFound, "no file to upload").because("no folder or list named any"));
    }
    Ok(found)
}

/// A name a line.
fn read_list(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let fail = |error: io::Error| {
        let code = if error.kind() == io::ErrorKind::NotFound { Code::NotFound } else { Code::LocalFile };
        Failure::new(code, format!("cannot read {}", path.display())).because(error)
    };
    let mut bytes = Vec::new();
    let read = if path.as_os_str() == "-" {
        io::stdin().lock().take(LIST_BYTES_MAX).read_to_end(&mut bytes)
    } else {
        fs::File::open(path).and_then(|file| file.take(LIST_BYTES_MAX).read_to_end(&mut bytes))
    };
    read.map_err(fail)?;
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    Ok(lines.map(|line| PathBuf::from(OsString::from_vec(line.to_vec()))).collect())
}

/// Regular files below a folder, hidden ones and those behind linked folders aside.
fn below(root: &Path, rules: &Rules) -> Vec<Found> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        match entries(&folder) {
            Ok((files, subfolders)) => {
                let wanted = |file: &PathBuf| is_wanted(root, file, rules);
                found.extend(files.into_iter().filter(wanted).map(|file| Ok(Input::File(file))));
                folders.extend(subfolders.into_iter().rev());
            }
            Err(error) => {
                let shown = folder.display().to_string();
                let failure = Failure::new(Code::LocalFile, format!("cannot list {shown}")).because(error);
                found.push(Err((shown, failure)));
            }
        }
    }
    found
}

/// Files and folders in a folder, each by name.
fn entries(folder: &Path) -> io::Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_name().as_encoded_bytes().starts_with(b".") {
            continue;
        }
        if entry.file_type()?.is_dir() {
            folders.push(entry.path());
        } else if entry.path().is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    folders.sort();
    Ok((files, folders))
}

fn is_wanted(root: &Path, file: &Path, rules: &Rules) -> bool {
    let path = file.strip_prefix(root).unwrap_or(file).to_string_lossy().into_owned();
    let any = |patterns: &[String]| patterns.iter().any(|pattern| glob::matches(pattern, &path));
    (rules.include.is_empty() || any(&rules.include)) && !any(&rules.exclude)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_walked_by_rule() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        fs::create_dir_all(root.join("b/.hidden")).unwrap();
        for file in ["a.mp4", "b/c.mp4", "b/d.txt", "b/.hidden/e.mp4", ".f.mp4", "z.mkv"] {
            fs::write(root.join(file), "x").unwrap();
        }
        std::os::unix::fs::symlink(root, root.join("loop")).unwrap();
        let names = |rules: &Rules| -> Vec<String> {
            let found = collect(&[root.to_owned()], None, rules).unwrap();
            let path = |found: Found| match found {
                Ok(Input::File(path)) => path.strip_prefix(root).unwrap().display().to_string(),
                other => format!("{other:?}"),
            };
            found.into_iter().map(path).collect()
        };
        let mut rules = Rules { recursive: true, ..Rules::default() };
        assert_eq!(names(&rules), ["a.mp4", "z.mkv", "b/c.mp4", "b/d.txt"]);
        (rules.include, rules.exclude) = (vec!["*.mp4".to_owned()], vec!["b/*".to_owned()]);
        assert_eq!(names(&rules), ["a.mp4"]);
        let found = collect(&[root.to_owned()], None, &Rules::default()).unwrap();
        assert_eq!(found[0].as_ref().unwrap_err().1.code, Code::Invalid);
    }

    #[test]
    fn lists_name_files() {
        let dir = tempfile::tempdir().unwrap();
        let list = dir.path().join("list");
        fs::write(&list, "a b.mp4\n\n$x.mkv\n").unwrap();
        let found = collect(&[], Some(&list), &Rules::default()).unwrap();
        assert_eq!(found, [Ok(Input::File("a b.mp4".into())), Ok(Input::File("$x.mkv".into()))]);
        let twice = [PathBuf::from("-"), PathBuf::from("-")];
        assert_eq!(collect(&twice, None, &Rules::default()).unwrap_err().code, Code::Invalid);
    }
}
