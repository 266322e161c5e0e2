//! Settings of the whole cluster. Durations have keys that say so (CLI §1); other units are named beside the number.

use serde_json::{Value, json};
use vs_core::unit::human_bytes;
use vs_wire::v1;

use super::extended;
use crate::out::{
    Column, Kind,
    human::{self, text},
};

/// Units of settings, as the contract names them.
pub(crate) const MILLISECONDS: &str = "ms";
pub(crate) const BYTES_PER_SECOND: &str = "bytes_per_s";

pub(crate) static SETTINGS: Kind = Kind {
    id: "name",
    keys: &[
        "name",
        "value_ms",
        "default_ms",
        "min_ms",
        "max_ms",
        "value",
        "default",
        "min",
        "max",
        "is_set",
        "about",
        "unit",
    ],
    columns: &[
        Column { key: "name", heading: "SETTING", wide: false, right: false, show: |s, _| text(s, "name") },
        Column { key: "value_ms", heading: "VALUE", wide: false, right: true, show: |s, _| show(s, "value") },
        Column { key: "default_ms", heading: "DEFAULT", wide: false, right: true, show: |s, _| show(s, "default") },
        Column { key: "min_ms", heading: "MIN", wide: true, right: true, show: |s, _| show(s, "min") },
        Column { key: "max_ms", heading: "MAX", wide: true, right: true, show: |s, _| show(s, "max") },
        Column { key: "about", heading: "ABOUT", wide: false, right: false, show: |s, _| text(s, "about") },
    ],
};

/// A setting of the whole cluster.
pub(crate) fn setting(setting: &v1::Setting) -> Value {
    let v1::Setting { value, default, min, max, .. } = *setting;
    let numbers = match setting.unit.as_str() {
        MILLISECONDS => json!({ "value_ms": value, "default_ms": default, "min_ms": min, "max_ms": max }),
        _ => json!({ "value": value, "default": default, "min": min, "max": max }),
    };
    let about = json!({ "is_set": setting.is_set, "about": setting.about, "unit": setting.unit });
    extended(extended(json!({ "name": setting.name }), numbers), about)
}

fn show(item: &Value, key: &str) -> String {
    let number = item[format!("{key}_ms").as_str()].as_u64().or_else(|| item[key].as_u64());
    number.map_or_else(|| human::NOTHING.to_owned(), |number| quantity(number, &text(item, "unit")))
}

/// A number with its unit, as it is written to set it.
pub(crate) fn quantity(number: u64, unit: &str) -> String {
    match unit {
        MILLISECONDS => span(number),
        BYTES_PER_SECOND => format!("{}/s", human_bytes(number)),
        _ => number.to_string(),
    }
}

/// A duration in its largest whole unit.
fn span(ms: u64) -> String {
    let units = [("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1)];
    let (name, scale) = units.into_iter().find(|(_, scale)| ms.is_multiple_of(*scale)).unwrap_or(("ms", 1));
    format!("{}{name}", ms / scale)
}

#[cfg(test)]
mod tests {
    use vs_client::cli::OutputFormat;

    use super::*;
    use crate::out::{self, tests::style};

    #[test]
    fn each_unit_is_shown_as_it_is_written() {
        let with = |name: &str, value, unit: &str| {
            let (name, unit) = (name.to_owned(), unit.to_owned());
            setting(&v1::Setting { name, value, default: value, unit, ..v1::Setting::default() })
        };
        let items = [
            with("trash.keep", 7 * 86_400_000, "ms"),
            with("repair.rate", 64 << 20, "bytes_per_s"),
            with("policy.hot_views", 1_000, "count"),
        ];
        let expected = "\
SETTING              VALUE     DEFAULT  ABOUT
trash.keep              7d          7d  –
repair.rate     64.0 MiB/s  64.0 MiB/s  –
policy.hot_views      1000        1000  –
";
        let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let shown = out::render_list(&style(OutputFormat::Table), &SETTINGS, &items);
        assert_eq!(squeezed(&shown), squeezed(expected));
        let keys = |item: &Value| item.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
        assert_eq!(keys(&items[0]), "name value_ms default_ms min_ms max_ms is_set about unit");
        assert_eq!(keys(&items[1]), "name value default min max is_set about unit");
    }
}
