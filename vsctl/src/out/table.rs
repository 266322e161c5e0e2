//! Tables for people: aligned by what a terminal shows, not by bytes.

use serde_json::Value;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};
use vs_client::cli::OutputFormat;

use super::{Column, Kind, Style};

/// Widest cell of a table that is not wide, in terminal columns.
const CELL_COLUMNS_MAX: usize = 48;
const GAP: &str = "  ";

/// The table as text; nothing but the header when there are no items.
pub(super) fn render(style: &Style, kind: &Kind, items: &[Value], headers: bool) -> String {
    let columns = columns(style, kind);
    let mut rows: Vec<Vec<String>> = Vec::new();
    if headers {
        rows.push(columns.iter().map(|column| column.heading.clone()).collect());
    }
    let cut = if style.format == OutputFormat::Wide { usize::MAX } else { CELL_COLUMNS_MAX };
    rows.extend(items.iter().map(|item| columns.iter().map(|column| fit(&column.show(item, style), cut)).collect()));
    let widths: Vec<_> =
        (0..columns.len()).map(|at| rows.iter().map(|row| row[at].width()).max().unwrap_or(0)).collect();
    let mut text = String::new();
    for (no, row) in rows.iter().enumerate() {
        let is_header = headers && no == 0;
        text.push_str(&line(style, &columns, &widths, row, is_header));
    }
    text
}

fn line(style: &Style, columns: &[Shown], widths: &[usize], row: &[String], is_header: bool) -> String {
    let mut line = String::new();
    for (at, (cell, column)) in row.iter().zip(columns).enumerate() {
        let pad = " ".repeat(widths[at].saturating_sub(cell.width()));
        let painted = paint(style, cell, is_header);
        let cell = if column.right { pad + &painted } else { painted + &pad };
        line.push_str(&cell);
        line.push_str(GAP);
    }
    line.trim_end().to_owned() + "\n"
}

/// Colour repeats what the word says, for the eye.
fn paint(style: &Style, cell: &str, is_header: bool) -> String {
    let code = match cell {
        _ if !style.color => return cell.to_owned(),
        _ if is_header => "1",
        "ready" | "up" | "stored" | "ok" => "32",
        "processing" | "uploading" | "suspect" | "draining" | "receiving" | "probing" | "storing" => "33",
        "failed" | "down" | "rejected" => "31",
        "trashed" | "out" | "aborted" => "2",
        _ => return cell.to_owned(),
    };
    format!("\x1b[{code}m{cell}\x1b[0m")
}

/// A column that is shown: one of the kind's own, or a bare key that was asked for.
struct Shown {
    heading: String,
    right: bool,
    column: Option<&'static Column>,
    key: String,
}

impl Shown {
    fn show(&self, item: &Value, style: &Style) -> String {
        match self.column {
            Some(column) => (column.show)(item, style),
            None => super::human::plain(item.get(&self.key).unwrap_or(&Value::Null)),
        }
    }
}

fn columns(style: &Style, kind: &Kind) -> Vec<Shown> {
    let own = |column: &'static Column| Shown {
        heading: column.heading.to_owned(),
        right: column.right,
        column: Some(column),
        key: column.key.to_owned(),
    };
    if style.columns.is_empty() {
        let wide = style.format == OutputFormat::Wide;
        return kind.columns.iter().filter(|column| wide || !column.wide).map(own).collect();
    }
    let bare = |name: &str| Shown { heading: name.to_uppercase(), right: false, column: None, key: name.to_owned() };
    style.columns.iter().map(|name| kind.column(name).map_or_else(|| bare(name), own)).collect()
}

fn fit(cell: &str, columns_max: usize) -> String {
    if cell.width() <= columns_max {
        return cell.to_owned();
    }
    let mut used = 0;
    let kept = cell.chars().take_while(|char| {
        used += char.width().unwrap_or(0);
        used < columns_max
    });
    kept.collect::<String>() + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_cut_by_what_is_seen() {
        assert_eq!(fit("short", 5), "short");
        assert_eq!(fit("shorter", 5), "shor…");
        assert_eq!(fit("名前名前", 5), "名前…");
    }
}
