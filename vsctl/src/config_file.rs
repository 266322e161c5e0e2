//! Changing the configuration file: comments and order stay, and what would not be read back is never written.

use std::{
    fs,
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use toml_edit::{DocumentMut, Item, Table, TableLike, value};
use vs_client::{
    cli::{Program, endpoints},
    context::{self, Config, Settings},
};
use vs_core::error::{Code, Failure};

/// The file as a document that can be changed.
#[derive(Debug)]
pub(crate) struct ConfigFile {
    path: PathBuf,
    document: DocumentMut,
}

impl ConfigFile {
    /// Reads the file; a missing one is empty.
    pub(crate) fn open() -> Result<Self, Failure> {
        Self::open_at(context::path(Program::Vsctl)?)
    }

    fn open_at(path: PathBuf) -> Result<Self, Failure> {
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(local(&path, "read", &error)),
        };
        Config::parse(&path, &text)?;
        let document = text.parse().map_err(|error: toml_edit::TomlError| {
            Failure::new(Code::Config, format!("{}: {error}", path.display()))
        })?;
        Ok(Self { path, document })
    }

    /// What the file would say.
    pub(crate) fn text(&self) -> String {
        self.document.to_string()
    }

    /// Sets a key of the defaults, or of a context.
    pub(crate) fn set(&mut self, context: Option<&str>, key: &str, text: &str) -> Result<(), Failure> {
        check_key(key)?;
        let item = match key {
            "endpoints" => {
                let list = endpoints(text).map_err(|why| Failure::new(Code::Invalid, why))?;
                value(list.0.into_iter().collect::<toml_edit::Array>())
            }
            "stale" | "bytes" | "utc" => {
                let parsed = text.parse::<bool>();
                value(parsed.map_err(|_| Failure::new(Code::Invalid, format!("`{key}` is true or false")))?)
            }
            _ => value(text),
        };
        let whole = self.document.as_table_mut();
        let table = match context {
            Some(name) => subtable(subtable(whole, "contexts", true)?, name, false)?,
            None => subtable(whole, "defaults", false)?,
        };
        replace(table, key, item);
        self.check()
    }

    /// Removes a key of the defaults, or of a context. Removing what is not there is done already.
    pub(crate) fn unset(&mut self, context: Option<&str>, key: &str) -> Result<(), Failure> {
        check_key(key)?;
        let table = match context {
            Some(name) => self.document.get_mut("contexts").and_then(|contexts| contexts.get_mut(name)),
            None => self.document.get_mut("defaults"),
        };
        if let Some(table) = table.and_then(Item::as_table_like_mut) {
            table.remove(key);
        }
        self.check()
    }

    /// Makes a context the current one, or none.
    pub(crate) fn use_context(&mut self, name: Option<&str>) {
        match name {
            Some(name) => replace(self.document.as_table_mut(), "current", value(name)),
            None => {
                self.document.remove("current");
            }
        }
    }

    pub(crate) fn remove_context(&mut self, name: &str) {
        if let Some(contexts) = self.document.get_mut("contexts").and_then(Item::as_table_like_mut) {
            contexts.remove(name);
        }
    }

    /// What the file would mean.
    pub(crate) fn config(&self) -> Result<Config, Failure> {
        Config::parse(&self.path, &self.text())
    }

    fn check(&self) -> Result<(), Failure> {
        let known =
            |failure: Failure| Failure::new(Code::Invalid, failure.what.rsplit(": ").next().unwrap_or_default());
        self.config().map(|_| ()).map_err(known)
    }

    /// Replaces the file: written beside it first, so that a crash leaves the old or the new.
    pub(crate) fn save(&self) -> Result<(), Failure> {
        let fail = |error: std::io::Error| local(&self.path, "write", &error);
        let folder = self.path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).map_err(fail)?;
        let beside = self.path.with_extension(format!("toml.{}", std::process::id()));
        let mut options = fs::OpenOptions::new();
        let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&beside).map_err(fail)?;
        let written = file.write_all(self.text().as_bytes()).and_then(|()| file.sync_all());
        written.and_then(|()| fs::rename(&beside, &self.path)).map_err(|error| {
            let _ = fs::remove_file(&beside);
            fail(error)
        })
    }
}

/// Puts an item where another may stand, whose comments stay.
fn replace(table: &mut dyn TableLike, key: &str, mut item: Item) {
    let Some(old) = table.get_mut(key) else {
        table.insert(key, item);
        return;
    };
    if let (Some(old), Some(new)) = (old.as_value(), item.as_value_mut()) {
        *new.decor_mut() = old.decor().clone();
    }
    *old = item;
}

/// The table of that key, made where it is missing; `implicit` when it needs no header of its own.
fn subtable<'a>(table: &'a mut dyn TableLike, key: &str, implicit: bool) -> Result<&'a mut dyn TableLike, Failure> {
    if !table.contains_key(key) {
        let mut fresh = Table::new();
        fresh.set_implicit(implicit);
        table.insert(key, Item::Table(fresh));
    }
    let made = table.get_mut(key).and_then(Item::as_table_like_mut);
    made.ok_or_else(|| Failure::new(Code::Config, format!("`{key}` is not a table in the configuration file")))
}

fn check_key(key: &str) -> Result<(), Failure> {
    if Settings::KEYS.iter().any(|(known, _)| *known == key) {
        return Ok(());
    }
    let mut failure = Failure::new(Code::Invalid, format!("no setting `{key}`"));
    failure.why.extend(Settings::KEYS.iter().map(|(key, meaning)| format!("{key:<10} {meaning}")));
    Err(failure.hint("see what is set: `vsctl config view`"))
}

fn local(path: &Path, act: &str, error: &std::io::Error) -> Failure {
    Failure::new(Code::LocalFile, format!("cannot {act} {}", path.display())).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> (tempfile::TempDir, ConfigFile) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        fs::write(&path, text).unwrap();
        (dir, ConfigFile::open_at(path).unwrap())
    }

    #[test]
    fn comments_and_order_survive() {
        let (_dir, mut file) = file("# mine\ncurrent = \"a\" # this one\n\n[contexts.a]\nendpoints = [\"h:1\"]\n");
        file.set(Some("b"), "endpoints", "h:2,h:3").unwrap();
        file.set(None, "timeout", "5s").unwrap();
        file.use_context(Some("b"));
        let expected = "# mine\ncurrent = \"b\" # this one\n\n[contexts.a]\nendpoints = [\"h:1\"]\n\n[contexts.b]\n\
                        endpoints = [\"h:2\", \"h:3\"]\n\n[defaults]\ntimeout = \"5s\"\n";
        assert_eq!(file.text(), expected);
        file.unset(None, "timeout").unwrap();
        file.save().unwrap();
        assert_eq!(fs::read_to_string(&file.path).unwrap(), expected.replace("timeout = \"5s\"\n", ""));
    }

    #[test]
    fn what_would_not_be_read_back_is_refused() {
        let (_dir, mut file) = file("");
        for (key, text) in [("timeout", "soon"), ("color", "pink"), ("stale", "maybe"), ("endpoints", "x"), ("x", "1")]
        {
            assert_eq!(file.set(None, key, text).unwrap_err().code, Code::Invalid, "{key}");
        }
    }
}
