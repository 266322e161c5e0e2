//! The exact formats: JSON, YAML, CSV, names.

use serde_json::{Map, Value};
use vs_core::text::shown;

use super::{Kind, Style};

/// The items with the keys that were asked for, or all of them.
pub(super) fn project(style: &Style, kind: &Kind, items: &[Value]) -> Vec<Value> {
    if style.columns.is_empty() {
        return items.to_vec();
    }
    let keys: Vec<_> = style.columns.iter().map(|name| kind.key(name)).collect();
    let pick = |item: &Value| {
        let pairs = keys.iter().map(|key| ((*key).to_owned(), item.get(*key).cloned().unwrap_or(Value::Null)));
        Value::Object(pairs.collect::<Map<_, _>>())
    };
    items.iter().map(pick).collect()
}

/// JSON with every character escaped that a terminal would obey. Outside strings JSON has none of them.
pub(crate) fn escape_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        let mut buffer = [0; 4];
        let alone: &str = char.encode_utf8(&mut buffer);
        if char == '\n' || shown(alone) == alone {
            out.push(char);
        } else {
            out.push_str(&format!("\\u{:04x}", u32::from(char)));
        }
    }
    out
}

/// One id a line.
pub(super) fn names(kind: &Kind, items: &[Value]) -> String {
    let ids = items.iter().filter_map(|item| item.get(kind.id)?.as_str());
    ids.map(|id| shown(id) + "\n").collect()
}

/// RFC 4180 with LF: a header of keys, exact values, nested values as JSON.
pub(super) fn csv(style: &Style, kind: &Kind, items: &[Value], headers: bool) -> String {
    let asked = style.columns.iter().map(|name| kind.key(name));
    let keys: Vec<_> = if style.columns.is_empty() { kind.keys.to_vec() } else { asked.collect() };
    let mut text = String::new();
    if headers {
        text.push_str(&(keys.join(",") + "\n"));
    }
    for item in items {
        let fields = keys.iter().map(|key| csv_field(item.get(*key).unwrap_or(&Value::Null)));
        text.push_str(&(fields.collect::<Vec<_>>().join(",") + "\n"));
    }
    text
}

fn csv_field(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => shown(text),
        Value::Array(_) | Value::Object(_) => escape_json(&value.to_string()),
        other => other.to_string(),
    };
    if text.contains([',', '"']) || text.starts_with(' ') || text.ends_with(' ') {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

/// YAML in block style. Strings that could be read as anything else are quoted as in JSON, which YAML 1.2 contains.
pub(super) fn yaml(value: &Value) -> String {
    let mut text = String::new();
    match value {
        Value::Object(map) if !map.is_empty() => yaml_map(map, 0, &mut text),
        Value::Array(items) if !items.is_empty() => yaml_list(items, 0, &mut text),
        scalar => text.push_str(&(yaml_scalar(scalar) + "\n")),
    }
    text
}

fn yaml_map(map: &Map<String, Value>, depth: usize, text: &mut String) {
    for (at, (key, value)) in map.iter().enumerate() {
        // The first key of a map in a list stands behind the dash.
        if at > 0 || !text.ends_with("- ") {
            text.push_str(&"  ".repeat(depth));
        }
        text.push_str(&yaml_string(key));
        text.push(':');
        match value {
            Value::Object(map) if !map.is_empty() => {
                text.push('\n');
                yaml_map(map, depth + 1, text);
            }
            Value::Array(items) if !items.is_empty() => {
                text.push('\n');
                yaml_list(items, depth, text);
            }
            scalar => text.push_str(&format!(" {}\n", yaml_scalar(scalar))),
        }
    }
}

fn yaml_list(items: &[Value], depth: usize, text: &mut String) {
    for item in items {
        text.push_str(&"  ".repeat(depth));
        text.push_str("- ");
        match item {
            Value::Object(map) if !map.is_empty() => yaml_map(map, depth + 1, text),
            // A list in a list stays on its line.
            other => text.push_str(&(yaml_scalar(other) + "\n")),
        }
    }
}

fn yaml_scalar(value: &Value) -> String {
    match value {
        Value::String(text) => yaml_string(text),
        other => escape_json(&other.to_string()),
    }
}

fn yaml_string(text: &str) -> String {
    const READ_AS_SOMETHING_ELSE: [&str; 9] = ["y", "n", "yes", "no", "true", "false", "on", "off", "null"];
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-./".contains(c))
        && !READ_AS_SOMETHING_ELSE.contains(&text.to_ascii_lowercase().as_str());
    if plain { text.to_owned() } else { escape_json(&Value::from(text).to_string()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_stays_json_and_shows_nothing_a_terminal_obeys() {
        let hostile = json!({ "title": "a\u{1b}[2J\u{202e}b\u{9b}31m \u{7f} 名前 \u{1f600} \"q\"" });
        let text = escape_json(&hostile.to_string());
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), hostile);
        assert!(text.chars().all(|c| !c.is_control() && c != '\u{202e}'), "{text}");
        assert!(text.contains("名前 \u{1f600}"));
    }

    #[test]
    fn yaml_is_in_block_style_and_quotes_what_could_be_misread() {
        let value = json!({
            "items": [{ "id": "8f3c2a1e", "ok": true, "list": [1, "no"], "tags": {}, "deep": { "a": null } }],
            "next": null, "yes": "a: b", "none": []
        });
        let expected = "items:\n- id: \"8f3c2a1e\"\n  ok: true\n  list:\n  - 1\n  - \"no\"\n  tags: {}\n  deep:\n    \
                        a: null\nnext: null\n\"yes\": \"a: b\"\nnone: []\n";
        assert_eq!(yaml(&value), expected);
    }

    #[test]
    fn csv_quotes_and_escapes() {
        assert_eq!(csv_field(&json!("a,\"b\"\nc")), "\"a,\"\"b\"\"\\nc\"");
        assert_eq!(csv_field(&json!(7)), "7");
        assert_eq!(csv_field(&json!(["x"])), "\"[\"\"x\"\"]\"");
        assert_eq!(csv_field(&Value::Null), "");
    }
}
