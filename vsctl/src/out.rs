//! Values to text: every format is made from the same JSON objects.
//!
//! Invariants:
//! - JSON, YAML and CSV carry exact values; only tables round.
//! - No control character that came from a person reaches the terminal in any format: JSON and YAML escape it inside the string,
//!   tables and CSV show it escaped.
//! - A closed pipe surfaces as an [`io::Error`] of that kind, which ends the program silently.

mod data;
pub(crate) use data::escape_json;
pub(crate) mod human;
mod table;

use std::io::{self, Write};

use serde_json::{Value, json};
use vs_client::cli::OutputFormat;
use vs_core::error::{Code, Failure};

/// How the person wants results written.
#[derive(Clone, Debug)]
pub(crate) struct Style {
    pub(crate) format: OutputFormat,
    pub(crate) columns: Vec<String>,
    pub(crate) headers: bool,
    pub(crate) exact_bytes: bool,
    pub(crate) exact_times: bool,
    pub(crate) color: bool,
    pub(crate) quiet: bool,
    pub(crate) now_ms: u64,
}

/// A column of a table: which key it shows, under what heading, and how.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) key: &'static str,
    pub(crate) heading: &'static str,
    /// Only with `-o wide` or when asked for by name.
    pub(crate) wide: bool,
    pub(crate) right: bool,
    pub(crate) show: fn(&Value, &Style) -> String,
}

/// What a list is of: its keys, its columns, and the key that names an item.
#[derive(Debug)]
pub(crate) struct Kind {
    pub(crate) id: &'static str,
    /// Every key of an item, in order: what CSV writes and `--columns` chooses from.
    pub(crate) keys: &'static [&'static str],
    pub(crate) columns: &'static [Column],
}

impl Kind {
    /// Refuses a `--columns` that names none of ours, before any work is done.
    pub(crate) fn check(&self, style: &Style) -> Result<(), Failure> {
        let unknown = |name: &&String| !self.keys.contains(&name.as_str()) && self.column(name).is_none();
        match style.columns.iter().find(unknown) {
            Some(name) => Err(Failure::new(Code::Invalid, format!("no column `{name}`"))
                .because(format!("there are {}", self.keys.join(", ")))
                .hint(format!("choose some: `--columns {}`", self.keys[..self.keys.len().min(3)].join(",")))),
            None => Ok(()),
        }
    }

    fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.key == name || column.heading.eq_ignore_ascii_case(name))
    }

    /// The key a `--columns` name stands for.
    fn key<'a>(&self, name: &'a str) -> &'a str {
        let named = || self.column(name).map(|column| column.key);
        if self.keys.contains(&name) { name } else { named().unwrap_or(name) }
    }
}

/// Writes a whole list.
pub(crate) fn list(style: &Style, kind: &Kind, items: &[Value], next: Option<&str>) -> anyhow::Result<()> {
    kind.check(style)?;
    write(&render(style, kind, items, next)?)
}

fn render(style: &Style, kind: &Kind, items: &[Value], next: Option<&str>) -> anyhow::Result<String> {
    let whole = || json!({ "items": data::project(style, kind, items), "next": next });
    Ok(match style.format {
        OutputFormat::Json => document(&whole())?,
        OutputFormat::Yaml => data::yaml(&whole()),
        _ => lines(style, kind, items, style.headers)?,
    })
}

#[cfg(test)]
pub(crate) fn render_list(style: &Style, kind: &Kind, items: &[Value]) -> String {
    render(style, kind, items, None).unwrap()
}

/// Writes more items of a list that is being followed, in formats that have items; documents repeat the whole.
pub(crate) fn more(style: &Style, kind: &Kind, items: &[Value]) -> anyhow::Result<()> {
    write(&lines(style, kind, items, false)?)
}

/// Writes one thing; `human` tells it to a person.
pub(crate) fn one(
    style: &Style,
    kind: &Kind,
    item: &Value,
    human: impl FnOnce(&Style) -> String,
) -> anyhow::Result<()> {
    kind.check(style)?;
    let items = std::slice::from_ref(item);
    let text = match style.format {
        OutputFormat::Table | OutputFormat::Wide if style.columns.is_empty() => human(style),
        OutputFormat::Json => document(&data::project(style, kind, items)[0])?,
        OutputFormat::Yaml => data::yaml(&data::project(style, kind, items)[0]),
        _ => lines(style, kind, items, style.headers)?,
    };
    write(&text)
}

/// A table inside a longer text.
pub(crate) fn table(style: &Style, kind: &Kind, items: &[Value]) -> String {
    table::render(style, kind, items, style.headers)
}

fn lines(style: &Style, kind: &Kind, items: &[Value], headers: bool) -> anyhow::Result<String> {
    Ok(match style.format {
        OutputFormat::Name => data::names(kind, items),
        OutputFormat::Csv => data::csv(style, kind, items, headers),
        OutputFormat::Jsonl => {
            let mut text = String::new();
            for item in data::project(style, kind, items) {
                text.push_str(&escape_json(&serde_json::to_string(&item)?));
                text.push('\n');
            }
            text
        }
        _ => table::render(style, kind, items, headers),
    })
}

fn document(value: &Value) -> anyhow::Result<String> {
    Ok(escape_json(&serde_json::to_string_pretty(value)?) + "\n")
}

/// Writes data as it is.
pub(crate) fn write(text: &str) -> anyhow::Result<()> {
    write_bytes(text.as_bytes())
}

pub(crate) fn write_bytes(bytes: &[u8]) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    stdout.flush()?;
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn style(format: OutputFormat) -> Style {
        Style {
            format,
            columns: Vec::new(),
            headers: true,
            exact_bytes: false,
            exact_times: false,
            color: false,
            quiet: false,
            now_ms: 1_700_000_190_000,
        }
    }
}
