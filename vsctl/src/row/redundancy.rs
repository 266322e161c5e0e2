//! How videos are kept, how they are to be kept, and what each way of keeping costs.

use serde_json::{Value, json};
use vs_core::{layout::Scheme, limit::CHUNK_BYTES_MAX};
use vs_wire::v1;

use super::{layout::share, short_or_whole_id};
use crate::out::{
    Column, Kind, Style,
    human::{self, number, text},
};

fn scheme(scheme: Option<v1::Scheme>) -> Option<String> {
    vs_wire::scheme_from_wire(scheme).ok().map(|scheme| scheme.to_string())
}

pub(crate) fn redundancy(info: &v1::RedundancyInfo) -> Value {
    let words = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    json!({
        "id": info.video,
        "title": info.title,
        "scheme": scheme(info.scheme),
        "wanted": scheme(info.wanted),
        "pending": scheme(info.pending),
        "chosen": info.chosen,
        "why": words(&info.why),
        "note": words(&info.note),
        "views": info.views,
        "age_ms": info.age_ms,
        "logical_bytes": info.logical_bytes,
        "physical_bytes": info.physical_bytes,
        "wanted_bytes": info.wanted_bytes,
        "stand_ins": info.stand_ins,
        "owed": info.owed,
        "asset": info.asset,
    })
}

pub(crate) static REDUNDANCIES: Kind = Kind {
    id: "id",
    keys: &[
        "id",
        "title",
        "scheme",
        "wanted",
        "pending",
        "chosen",
        "why",
        "note",
        "views",
        "age_ms",
        "logical_bytes",
        "physical_bytes",
        "wanted_bytes",
        "stand_ins",
        "owed",
        "asset",
    ],
    columns: &[
        Column { key: "id", heading: "ID", wide: false, right: false, show: short_or_whole_id },
        Column { key: "title", heading: "TITLE", wide: false, right: false, show: |v, _| text(v, "title") },
        Column { key: "scheme", heading: "SCHEME", wide: false, right: false, show: |v, _| text(v, "scheme") },
        Column { key: "wanted", heading: "WANTED", wide: false, right: false, show: show_wanted },
        Column { key: "chosen", heading: "CHOSEN", wide: true, right: false, show: |v, _| text(v, "chosen") },
        Column { key: "views", heading: "VIEWS", wide: true, right: true, show: |v, _| text(v, "views") },
        Column {
            key: "age_ms",
            heading: "AGE",
            wide: true,
            right: true,
            show: |v, _| human::length(number(v, "age_ms")),
        },
        Column {
            key: "logical_bytes",
            heading: "SIZE",
            wide: false,
            right: true,
            show: |v, s| size(v, "logical_bytes", s),
        },
        Column {
            key: "physical_bytes",
            heading: "STORED",
            wide: false,
            right: true,
            show: |v, s| size(v, "physical_bytes", s),
        },
        Column {
            key: "wanted_bytes",
            heading: "WOULD BE",
            wide: true,
            right: true,
            show: |v, s| size(v, "wanted_bytes", s),
        },
        Column { key: "stand_ins", heading: "STAND-INS", wide: true, right: true, show: |v, _| text(v, "stand_ins") },
        Column { key: "owed", heading: "OWED", wide: true, right: true, show: |v, _| text(v, "owed") },
        Column { key: "why", heading: "WHY", wide: false, right: false, show: show_why },
    ],
};

fn size(item: &Value, key: &str, style: &Style) -> String {
    human::bytes(style, number(item, key))
}

/// What it is to be, where that is not what it is.
fn show_wanted(item: &Value, _: &Style) -> String {
    match item["pending"].as_str() {
        Some(_) => format!("{} (being written)", text(item, "pending")),
        None if item["wanted"] == item["scheme"] => human::NOTHING.to_owned(),
        None => text(item, "wanted"),
    }
}

/// What holds it up says more than what is wished for.
fn show_why(item: &Value, _: &Style) -> String {
    text(item, if item["note"].is_string() { "note" } else { "why" })
}

/// A way of keeping, what it costs on paper and what it costs in this library.
pub(crate) fn efficiency(scheme: Scheme, videos: u64, logical_bytes: u64, physical_bytes: u64) -> Value {
    let (overhead, losses) = match scheme {
        Scheme::Replicate(n) => (f64::from(n), n.saturating_sub(1)),
        Scheme::Erasure { data, parity } => (f64::from(data + parity) / f64::from(data.max(1)), parity),
    };
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small")]
    let chunk_bytes = (CHUNK_BYTES_MAX as f64 * overhead) as u64;
    json!({
        "mode": scheme.to_string(),
        "overhead": overhead,
        "chunk_bytes": chunk_bytes,
        "losses_tolerated": losses,
        "videos": videos,
        "logical_bytes": logical_bytes,
        "physical_bytes": physical_bytes,
        "ratio": (logical_bytes > 0).then(|| share(physical_bytes, logical_bytes)),
    })
}

pub(crate) static EFFICIENCIES: Kind = Kind {
    id: "mode",
    keys: &[
        "mode",
        "overhead",
        "chunk_bytes",
        "losses_tolerated",
        "videos",
        "logical_bytes",
        "physical_bytes",
        "ratio",
    ],
    columns: &[
        Column { key: "mode", heading: "MODE", wide: false, right: false, show: |e, _| text(e, "mode") },
        Column { key: "overhead", heading: "OVERHEAD", wide: false, right: true, show: |e, _| times(e, "overhead") },
        Column {
            key: "chunk_bytes",
            heading: "PER 2 MiB CHUNK",
            wide: false,
            right: true,
            show: |e, s| size(e, "chunk_bytes", s),
        },
        Column {
            key: "losses_tolerated",
            heading: "LOSSES",
            wide: false,
            right: true,
            show: |e, _| text(e, "losses_tolerated"),
        },
        Column { key: "videos", heading: "VIDEOS", wide: false, right: true, show: |e, _| text(e, "videos") },
        Column {
            key: "logical_bytes",
            heading: "SIZE",
            wide: false,
            right: true,
            show: |e, s| size(e, "logical_bytes", s),
        },
        Column {
            key: "physical_bytes",
            heading: "STORED",
            wide: false,
            right: true,
            show: |e, s| size(e, "physical_bytes", s),
        },
        Column { key: "ratio", heading: "MEASURED", wide: false, right: true, show: |e, _| times(e, "ratio") },
    ],
};

/// `1.67x`.
fn times(item: &Value, key: &str) -> String {
    item[key].as_f64().map_or_else(|| human::NOTHING.to_owned(), |ratio| format!("{ratio:.2}x"))
}

#[cfg(test)]
mod tests {
    use vs_client::cli::OutputFormat;
    use vs_wire::scheme_to_wire;

    use super::*;
    use crate::out::{self, tests::style};

    const CODED: Scheme = Scheme::Erasure { data: 3, parity: 2 };

    #[test]
    fn what_is_to_change_and_what_holds_it_up_is_told() {
        let kept = v1::RedundancyInfo {
            video: "8f3c2a1e-5b7d-4c9a-9e21-0d4f6b8a7c35".to_owned(),
            title: "Big Buck Bunny".to_owned(),
            scheme: Some(scheme_to_wire(Scheme::Replicate(3))),
            wanted: Some(scheme_to_wire(Scheme::Replicate(3))),
            why: "younger than 24 h".to_owned(),
            logical_bytes: 1 << 20,
            physical_bytes: 3 << 20,
            ..v1::RedundancyInfo::default()
        };
        let deferred = v1::RedundancyInfo {
            wanted: Some(scheme_to_wire(CODED)),
            note: "erasure deferred: 5 nodes needed, 3 up".to_owned(),
            ..kept.clone()
        };
        let pending = v1::RedundancyInfo { pending: Some(scheme_to_wire(CODED)), ..kept.clone() };
        let items = [kept, deferred, pending].map(|info| redundancy(&info));
        assert_eq!(items[0].as_object().unwrap().keys().collect::<Vec<_>>(), REDUNDANCIES.keys);
        let expected = "\
ID        TITLE           SCHEME        WANTED                        SIZE   STORED  WHY
8f3c2a1e  Big Buck Bunny  replicate(3)  –                          1.0 MiB  3.0 MiB  younger than 24 h
8f3c2a1e  Big Buck Bunny  replicate(3)  erasure(3+2)               1.0 MiB  3.0 MiB  erasure deferred: 5 nodes needed, 3 up
8f3c2a1e  Big Buck Bunny  replicate(3)  erasure(3+2) (being written)  1.0 MiB  3.0 MiB  younger than 24 h
";
        let shown = out::render_list(&style(OutputFormat::Table), &REDUNDANCIES, &items);
        let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(squeezed(&shown), squeezed(expected));
    }

    #[test]
    fn costs_are_computed_and_measured() {
        let items = [efficiency(Scheme::Replicate(3), 2, 100 << 20, 300 << 20), efficiency(CODED, 0, 0, 0)];
        assert_eq!(items[0].as_object().unwrap().keys().collect::<Vec<_>>(), EFFICIENCIES.keys);
        let expected = "\
MODE          OVERHEAD  PER 2 MiB CHUNK  LOSSES  VIDEOS       SIZE     STORED  MEASURED
replicate(3)     3.00x          6.0 MiB       2       2  100.0 MiB  300.0 MiB     3.00x
erasure(3+2)     1.67x          3.3 MiB       2       0        0 B        0 B         –
";
        assert_eq!(out::render_list(&style(OutputFormat::Table), &EFFICIENCIES, &items), expected);
    }
}
