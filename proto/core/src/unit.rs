//! Sizes, durations and rates as people write and read them.
//!
//! Values carry units (`2MiB`, `30s`, `50MiB/s`): a bare number is accepted only where it cannot be misread, as bytes.

use std::time::Duration;

/// Text that is not a quantity of the kind asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {kind}; write it like {example}")]
pub struct InvalidQuantity {
    text: String,
    kind: &'static str,
    example: &'static str,
}

const SIZES: &[(&str, u64)] = &[
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("kB", 1_000),
    ("KB", 1_000),
    ("B", 1),
    ("", 1),
];

const DURATIONS_US: &[(&str, u64)] = &[
    ("ms", 1_000),
    ("us", 1),
    ("s", 1_000_000),
    ("min", 60_000_000),
    ("m", 60_000_000),
    ("h", 3_600_000_000),
    ("d", 86_400_000_000),
];

fn scaled(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = (&text[..digits], text[digits..].trim());
    let scale = units.iter().find(|(name, _)| *name == unit)?.1;
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(scale);
    }
    let (whole, fraction) = number.split_once('.')?;
    if whole.is_empty() || fraction.is_empty() || fraction.len() > 9 {
        return None;
    }
    let place = 10u128.pow(u32::try_from(fraction.len()).ok()?);
    let value = whole.parse::<u64>().map(u128::from).ok()?.checked_mul(place)? + fraction.parse::<u128>().ok()?;
    u64::try_from(value.checked_mul(u128::from(scale))? / place).ok()
}

/// Bytes from `1.5GiB`, `300MB` or `4096`.
///
/// # Errors
/// When the text is not a size.
pub fn parse_bytes(text: &str) -> Result<u64, InvalidQuantity> {
    let error = || InvalidQuantity { text: text.to_owned(), kind: "size", example: "`512MiB` or `1.5GB`" };
    scaled(text, SIZES).ok_or_else(error)
}

/// A duration from `30s`, `250ms`, `5min` or `7d`.
///
/// # Errors
/// When the text is not a duration.
pub fn parse_duration(text: &str) -> Result<Duration, InvalidQuantity> {
    let error = || InvalidQuantity { text: text.to_owned(), kind: "duration", example: "`30s`, `5min` or `7d`" };
    scaled(text, DURATIONS_US).map(Duration::from_micros).ok_or_else(error)
}

/// Bytes a second from `50MiB/s`.
///
/// # Errors
/// When the text is not a rate.
pub fn parse_rate(text: &str) -> Result<u64, InvalidQuantity> {
    let error = || InvalidQuantity { text: text.to_owned(), kind: "rate", example: "`50MiB/s`" };
    let size = text.trim().strip_suffix("/s").ok_or_else(error)?;
    scaled(size, SIZES).ok_or_else(error)
}

/// `1.4 GiB`; exact below 1 KiB.
#[must_use]
pub fn human_bytes(bytes: u64) -> String {
    match SIZES[..4].iter().find(|(_, scale)| bytes >= *scale) {
        Some((unit, scale)) => {
            let tenths = u128::from(bytes) * 10 / u128::from(*scale);
            format!("{}.{} {unit}", tenths / 10, tenths % 10)
        }
        None => format!("{bytes} B"),
    }
}

/// `9m56s`, `1h02m03s`, `850ms`: how long something is or takes.
#[must_use]
pub fn human_duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0) => format!("{}ms", duration.as_millis()),
        (0, 0, s) if s < 10 => format!("{s}.{}s", duration.subsec_millis() / 100),
        (0, 0, s) => format!("{s}s"),
        (0, m, s) => format!("{m}m{s:02}s"),
        (h, m, s) => format!("{h}h{m:02}m{s:02}s"),
    }
}

/// `00:03:12`: a position in a video.
#[must_use]
pub fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// `3m ago`, `just now`: how long ago something happened, in its largest unit.
#[must_use]
pub fn human_ago(ago: Duration) -> String {
    let seconds = ago.as_secs();
    match seconds {
        0..=9 => "just now".to_owned(),
        10..=59 => format!("{seconds}s ago"),
        60..=3_599 => format!("{}m ago", seconds / 60),
        3_600..=86_399 => format!("{}h ago", seconds / 3_600),
        _ => format!("{}d ago", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_with_their_units() {
        assert_eq!(parse_bytes("2MiB"), Ok(2 << 20));
        assert_eq!(parse_bytes("1.5 GiB"), Ok(3 << 29));
        assert_eq!(parse_bytes("4096"), Ok(4096));
        assert_eq!(parse_duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(parse_duration("0.5ms"), Ok(Duration::from_micros(500)));
        assert_eq!(parse_rate("50MiB/s"), Ok(50 << 20));
        for bad in ["", "MiB", "-1MiB", "1.MiB", "1..2B", "99999999TiB", "3 parsecs", "1e3"] {
            assert!(parse_bytes(bad).is_err(), "{bad}");
        }
        assert!(parse_duration("30").is_err());
        assert!(parse_rate("50MiB").is_err());
    }

    #[test]
    fn people_read_short_numbers() {
        assert_eq!(human_bytes(1023), "1023 B");
        assert_eq!(human_bytes(1_503_238_553), "1.3 GiB");
        assert_eq!(human_duration(Duration::from_millis(850)), "850ms");
        assert_eq!(human_duration(Duration::from_secs(596)), "9m56s");
        assert_eq!(human_duration(Duration::from_secs(3723)), "1h02m03s");
        assert_eq!(clock(Duration::from_secs(192)), "00:03:12");
        assert_eq!(human_ago(Duration::from_secs(190)), "3m ago");
    }
}
