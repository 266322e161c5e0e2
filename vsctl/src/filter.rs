//! `--filter 'status=ready,views>1000'` and `--sort -views`: which videos are listed, and in what order.
//!
//! A condition is KEY OP VALUE over the keys of an item, or `tag=K` and `tag=K=V`; all must hold. `~` means "contains", in any
//! case. Sizes and durations may carry units. The server knows nothing of filters except statuses, which it is asked for.

use std::cmp::Ordering;

use serde_json::Value;
use vs_core::{
    error::{Code, Failure},
    unit::{parse_bytes, parse_duration},
};
use vs_wire::v1::{self, VideoStatus};

use crate::{
    out::human,
    row::{STATUSES, VIDEOS, status_name},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Is,
    IsNot,
    Above,
    AtLeast,
    Below,
    AtMost,
    Contains,
}

/// Longer ones first: `>=` begins with `>`.
const OPS: [(&str, Op); 7] = [
    ("!=", Op::IsNot),
    (">=", Op::AtLeast),
    ("<=", Op::AtMost),
    ("=", Op::Is),
    (">", Op::Above),
    ("<", Op::Below),
    ("~", Op::Contains),
];

#[derive(Clone, Debug, PartialEq)]
enum Wanted {
    Number(u64),
    Text(String),
}

#[derive(Clone, Debug)]
struct Condition {
    key: &'static str,
    op: Op,
    wanted: Wanted,
}

/// All conditions of a command line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter {
    conditions: Vec<Condition>,
    tags: Vec<(String, Option<String>)>,
}

impl Filter {
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let mut filter = Self::default();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            filter.add(part)?;
        }
        Ok(filter)
    }

    fn add(&mut self, part: &str) -> Result<(), Failure> {
        let (key, op, value) = split(part).ok_or_else(|| invalid(part, "it has no operator"))?;
        if key == "tag" && op == Op::Is {
            let (name, value) = value.split_once('=').map_or((value, None), |(name, value)| (name, Some(value)));
            self.tags.push((name.to_owned(), value.map(str::to_owned)));
            return Ok(());
        }
        let known = VIDEOS.keys.iter().find(|known| **known == key);
        let key = *known.ok_or_else(|| invalid(part, &format!("the keys are tag, {}", VIDEOS.keys.join(", "))))?;
        let wanted = wanted(key, value).map_err(|why| invalid(part, &why))?;
        if key == "status" && matches!(op, Op::Is | Op::IsNot) && !STATUSES.iter().any(|s| status_name(*s) == value) {
            let names = STATUSES.map(status_name).join(", ");
            return Err(invalid(part, &format!("the statuses are {names}")));
        }
        self.conditions.push(Condition { key, op, wanted });
        Ok(())
    }

    /// What to ask the server for. Without a word about status that is nothing, by which it means all but trashed.
    pub(crate) fn statuses(&self) -> Vec<i32> {
        let mut about_status = self.conditions.iter().filter(|condition| condition.key == "status").peekable();
        if about_status.peek().is_none() {
            return Vec::new();
        }
        let asks_for_trash = |c: &Condition| c.op == Op::Is && c.wanted == Wanted::Text("trashed".to_owned());
        let with_trash = about_status.clone().any(asks_for_trash);
        let conditions: Vec<_> = about_status.collect();
        let holds = |status: &VideoStatus| {
            let value = Value::from(status_name(*status));
            conditions.iter().all(|condition| condition.holds(&value))
        };
        let asked = STATUSES.into_iter().filter(|status| with_trash || *status != VideoStatus::Trashed).filter(holds);
        asked.map(Into::into).collect()
    }

    /// Whether a video is to be listed; `item` is the same video as a row.
    pub(crate) fn admits(&self, video: &v1::Video, item: &Value) -> bool {
        let holds = |condition: &Condition| condition.holds(item.get(condition.key).unwrap_or(&Value::Null));
        let tagged = |(key, value): &(String, Option<String>)| {
            video.tags.iter().any(|tag| tag.key == *key && value.as_ref().is_none_or(|value| tag.value == *value))
        };
        self.conditions.iter().all(holds) && self.tags.iter().all(tagged)
    }
}

impl Condition {
    fn holds(&self, value: &Value) -> bool {
        let text = value.as_str().unwrap_or_default();
        let order = match &self.wanted {
            Wanted::Number(wanted) => value.as_u64().unwrap_or(0).cmp(wanted),
            Wanted::Text(wanted) if self.op == Op::Contains => {
                return text.to_lowercase().contains(&wanted.to_lowercase());
            }
            Wanted::Text(wanted) => text.cmp(wanted.as_str()),
        };
        match self.op {
            Op::Is => order == Ordering::Equal,
            Op::IsNot => order != Ordering::Equal,
            Op::Above => order == Ordering::Greater,
            Op::AtLeast => order != Ordering::Less,
            Op::Below => order == Ordering::Less,
            Op::AtMost => order != Ordering::Greater,
            Op::Contains => false,
        }
    }
}

fn split(part: &str) -> Option<(&str, Op, &str)> {
    let at = part.find(|c| "!=<>~".contains(c))?;
    let (op_text, op) = OPS.iter().find(|(text, _)| part[at..].starts_with(text))?;
    Some((part[..at].trim(), *op, part[at + op_text.len()..].trim()))
}

fn wanted(key: &str, value: &str) -> Result<Wanted, String> {
    let number = value.parse::<u64>();
    match key {
        "views" | "tracks" => number.map(Wanted::Number).map_err(|_| format!("`{value}` is not a number")),
        "duration_ms" => match number {
            Ok(ms) => Ok(Wanted::Number(ms)),
            Err(_) => parse_duration(value)
                .map(|duration| Wanted::Number(crate::desk::millis(duration)))
                .map_err(|error| error.to_string()),
        },
        "logical_bytes" | "physical_bytes" => parse_bytes(value).map(Wanted::Number).map_err(|error| error.to_string()),
        "created_at" => time(value).map(Wanted::Text),
        _ => Ok(Wanted::Text(value.to_owned())),
    }
}

/// A day or a moment, in the form in which items carry it, so that text order is time order.
fn time(value: &str) -> Result<String, String> {
    let moment = if value.contains('T') { value.to_owned() } else { format!("{value}T00:00:00Z") };
    let parsed: Result<jiff::Timestamp, _> = moment.parse();
    parsed
        .map(|at| at.to_string().trim_end_matches('Z').to_owned())
        .map_err(|_| format!("`{value}` is not a day like 2026-11-21 nor a time like 2026-11-21T08:00:00Z"))
}

fn invalid(part: &str, why: &str) -> Failure {
    Failure::new(Code::Invalid, format!("`{part}` is not a filter"))
        .because(why)
        .hint("write it like `--filter 'status=ready,views>1000'`")
}

/// By which key to sort; descending with a leading `-`. Equal items keep the server's order.
#[derive(Clone, Debug)]
pub(crate) struct Sort {
    key: &'static str,
    descending: bool,
}

impl Sort {
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        let name = text.strip_prefix('-').unwrap_or(text);
        match VIDEOS.keys.iter().find(|key| **key == name) {
            Some(key) => Ok(Self { key, descending: text.starts_with('-') }),
            None => Err(Failure::new(Code::Invalid, format!("no key `{name}` to sort by"))
                .because(format!("the keys are {}", VIDEOS.keys.join(", ")))
                .hint("the most viewed first: `vsctl ls --sort -views`")),
        }
    }

    pub(crate) fn apply(&self, items: &mut [Value]) {
        let by_key = |a: &Value, b: &Value| {
            let order = match self.key {
                "created_at" => human::time_ms(a, self.key).cmp(&human::time_ms(b, self.key)),
                key => compare(&a[key], &b[key]),
            };
            if self.descending { order.reverse() } else { order }
        };
        items.sort_by(by_key);
    }
}

fn compare(a: &Value, b: &Value) -> Ordering {
    match (a.as_u64(), b.as_u64()) {
        (Some(a), Some(b)) => a.cmp(&b),
        _ => a.as_str().unwrap_or_default().to_lowercase().cmp(&b.as_str().unwrap_or_default().to_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row;

    fn video(title: &str, status: VideoStatus, views: u64, created_at_ms: u64) -> v1::Video {
        let tags = vec![v1::Tag { key: "genre".to_owned(), value: "short".to_owned() }];
        let title = title.to_owned();
        v1::Video {
            title,
            status: status.into(),
            views,
            created_at_ms,
            duration_ms: 600_000,
            tags,
            ..v1::Video::default()
        }
    }

    fn admits(filter: &str, video: &v1::Video) -> bool {
        Filter::parse(filter).unwrap().admits(video, &row::video(video))
    }

    #[test]
    fn all_conditions_must_hold() {
        let video = video("Big Buck Bunny", VideoStatus::Ready, 1001, 1_700_000_000_500);
        for filter in [
            "",
            "status=ready,views>1000",
            "title~buck",
            "duration_ms<=10min",
            "duration_ms=600000",
            "logical_bytes<1GiB",
            "created_at>2023-11-14",
            "created_at<2023-11-15T00:00:00Z",
            "created_at>=2023-11-14T22:13:20Z",
            "tag=genre",
            "tag=genre=short",
            "title!=x",
        ] {
            assert!(admits(filter, &video), "{filter}");
        }
        for filter in ["status=failed", "views>1001", "views<1001", "title~x", "tag=other", "tag=genre=long"] {
            assert!(!admits(filter, &video), "{filter}");
        }
    }

    #[test]
    fn nonsense_is_refused() {
        for filter in ["views", "views>many", "colour=red", "status=good", "created_at>soon", "=x", "tag>a"] {
            assert_eq!(Filter::parse(filter).unwrap_err().code, Code::Invalid, "{filter}");
        }
        assert_eq!(Sort::parse("-colour").unwrap_err().code, Code::Invalid);
    }

    #[test]
    fn trash_is_listed_only_when_named() {
        let statuses = |filter: &str| Filter::parse(filter).unwrap().statuses();
        assert_eq!(statuses("views>1"), Vec::<i32>::new());
        assert_eq!(statuses("status=trashed"), [i32::from(VideoStatus::Trashed)]);
        assert_eq!(statuses("status!=ready").len(), 3);
    }

    #[test]
    fn sorting_goes_both_ways_and_by_kind() {
        let items = || -> Vec<Value> {
            let videos = [("b", 20, 3_000), ("A", 100, 3_500), ("c", 3, 1_000)];
            videos.map(|(title, views, at)| row::video(&video(title, VideoStatus::Ready, views, at))).to_vec()
        };
        let sorted = |by: &str| -> String {
            let mut items = items();
            Sort::parse(by).unwrap().apply(&mut items);
            items.iter().filter_map(|item| item["title"].as_str()).collect()
        };
        assert_eq!(sorted("views"), "cbA");
        assert_eq!(sorted("-views"), "Abc");
        assert_eq!(sorted("title"), "Abc");
        assert_eq!(sorted("created_at"), "cbA");
    }
}
