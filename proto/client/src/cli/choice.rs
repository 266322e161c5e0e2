//! The closed sets a flag or a configuration key chooses from.

use std::{fmt, io::IsTerminal};

use clap::ValueEnum;
use serde::Deserialize;

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColorWhen {
    /// On a terminal, unless NO_COLOR is set or TERM is dumb
    #[default]
    Auto,
    Always,
    Never,
}

impl ColorWhen {
    /// Whether to colour what goes to `stream`.
    #[must_use]
    pub fn applies_to(self, stream: &impl IsTerminal) -> bool {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        match self {
            Self::Always => true,
            Self::Never => false,
            Self::Auto => {
                stream.is_terminal() && variable("NO_COLOR").is_none() && variable("TERM").is_none_or(|t| t != "dumb")
            }
        }
    }
}

/// How results are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutputFormat {
    /// For people
    #[default]
    Table,
    /// For people, with every column
    Wide,
    /// One document; the stable contract
    Json,
    /// One JSON object a line
    Jsonl,
    Yaml,
    /// With a header line, exact values
    Csv,
    /// Ids only
    Name,
}

/// How progress is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProgressWhen {
    /// Bars on a terminal, plain lines elsewhere
    #[default]
    Auto,
    Bar,
    /// A line every five seconds
    Plain,
    /// An object a second
    Json,
    None,
}

macro_rules! shown_by_name {
    ($($name:ident)*) => {
        $(impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.to_possible_value().map_or(Ok(()), |value| f.write_str(value.get_name()))
            }
        })*
    };
}

shown_by_name!(ColorWhen OutputFormat ProgressWhen);
