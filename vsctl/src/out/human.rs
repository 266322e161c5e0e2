//! Values as people read them.

use std::{path::Path, time::Duration};

use serde_json::Value;
use vs_core::{
    text::shown,
    unit::{human_ago, human_bytes, human_duration},
};

use super::Style;

/// What stands where there is nothing.
pub(crate) const NOTHING: &str = "–";

/// `1.4 GiB`, or the number of bytes.
pub(crate) fn bytes(style: &Style, bytes: u64) -> String {
    if style.exact_bytes { bytes.to_string() } else { human_bytes(bytes) }
}

/// `8 035`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy).collect();
    groups.join(" ")
}

/// `3m ago`, `in 6d`, or the time in UTC.
pub(crate) fn when(style: &Style, at_ms: u64) -> String {
    if style.exact_times {
        return rfc3339(at_ms);
    }
    if at_ms <= style.now_ms {
        return human_ago(Duration::from_millis(style.now_ms - at_ms));
    }
    match human_ago(Duration::from_millis(at_ms - style.now_ms)).strip_suffix(" ago") {
        Some(span) => format!("in {span}"),
        None => "now".to_owned(),
    }
}

/// `2026-11-21T08:20:00Z`, with milliseconds where there are any.
pub(crate) fn rfc3339(at_ms: u64) -> String {
    let at = i64::try_from(at_ms).ok().and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    at.map_or_else(|| NOTHING.to_owned(), |at| at.to_string())
}

/// `9m56s`, or nothing for what has no length.
pub(crate) fn length(duration_ms: u64) -> String {
    if duration_ms == 0 { NOTHING.to_owned() } else { human_duration(Duration::from_millis(duration_ms)) }
}

/// `48.2 Mbit/s`.
pub(crate) fn bitrate(bps: u64) -> String {
    match bps {
        0 => NOTHING.to_owned(),
        1..1_000_000 => format!("{}.{} kbit/s", bps / 1_000, bps % 1_000 / 100),
        _ => format!("{}.{} Mbit/s", bps / 1_000_000, bps % 1_000_000 / 100_000),
    }
}

/// A value with nothing known about it.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::Null => NOTHING.to_owned(),
        Value::String(text) if text.is_empty() => NOTHING.to_owned(),
        Value::String(text) => shown(text),
        other => shown(&other.to_string()),
    }
}

/// A word of a command that can be pasted into a shell.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+=:@%,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A path as a word of a command; one that looks like a flag is kept from being one.
pub(crate) fn quoted_path(path: &Path) -> String {
    let word = path.display().to_string();
    quoted(&if word.starts_with('-') { format!("./{word}") } else { word })
}

/// The text of a key, safe to show.
pub(crate) fn text(item: &Value, key: &str) -> String {
    plain(item.get(key).unwrap_or(&Value::Null))
}

/// The number of a key, 0 when there is none.
pub(crate) fn number(item: &Value, key: &str) -> u64 {
    item.get(key).and_then(Value::as_u64).unwrap_or(0)
}

/// The time of a key, as milliseconds since 1970.
pub(crate) fn time_ms(item: &Value, key: &str) -> Option<u64> {
    let at: jiff::Timestamp = item.get(key)?.as_str()?.parse().ok()?;
    u64::try_from(at.as_millisecond()).ok()
}

/// The time of a key as [`when`] says it.
pub(crate) fn when_of(item: &Value, key: &str, style: &Style) -> String {
    time_ms(item, key).map_or_else(|| NOTHING.to_owned(), |at_ms| when(style, at_ms))
}

#[cfg(test)]
mod tests {
    use vs_client::cli::OutputFormat;

    use super::*;
    use crate::out::tests::style;

    #[test]
    fn counts_are_in_groups_of_three() {
        assert_eq!([0, 999, 8_035, 1_000_000].map(count), ["0", "999", "8 035", "1 000 000"]);
    }

    #[test]
    fn times_are_relative_or_exact() {
        let mut style = style(OutputFormat::Table);
        assert_eq!(when(&style, 1_700_000_000_000), "3m ago");
        assert_eq!(when(&style, 1_700_000_190_000 + 6 * 86_400_000), "in 6d");
        style.exact_times = true;
        assert_eq!(when(&style, 1_700_000_000_123), "2023-11-14T22:13:20.123Z");
    }

    #[test]
    fn words_can_be_pasted() {
        assert_eq!(quoted("a/b-1.mp4"), "a/b-1.mp4");
        assert_eq!(quoted("it's $x"), r"'it'\''s $x'");
        assert_eq!(quoted_path(Path::new("-rf")), "./-rf");
    }

    #[test]
    fn rates_have_one_digit() {
        assert_eq!(bitrate(48_250_000), "48.2 Mbit/s");
        assert_eq!(bitrate(128_400), "128.4 kbit/s");
    }
}
