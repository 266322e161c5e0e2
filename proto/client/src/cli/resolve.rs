//! Flag, environment, context, file, default: the first that has a value wins.

use std::{fmt, time::Duration};

use clap::{ArgMatches, parser::ValueSource};
use vs_core::{error::Failure, limit::PORT};

use super::{ColorWhen, Common, Program};
use crate::{
    Reach,
    context::{Config, Settings},
};

/// What a whole command may take unless told otherwise.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    Flag(String),
    Environment(String),
    Context(String),
    File,
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "flag --{name}"),
            Self::Environment(name) => write!(f, "environment {name}"),
            Self::Context(name) => write!(f, "context {name}"),
            Self::File => f.write_str("file"),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A value and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    pub value: T,
    pub origin: Origin,
}

/// How to reach the cluster and how to talk to the person.
#[derive(Clone, Debug)]
pub struct Connection {
    pub config: Config,
    /// The context in use, when there is one.
    pub context: Option<Setting<String>>,
    pub endpoints: Setting<Vec<String>>,
    pub timeout: Setting<Duration>,
    pub stale: Setting<bool>,
    pub color: Setting<ColorWhen>,
    pub verbose: u8,
}

/// Whether and where an argument of this id was given: on the command line or by the environment.
#[must_use]
pub fn given(matches: &ArgMatches, id: &str, variable: Option<&str>) -> Option<Origin> {
    match matches.value_source(id)? {
        ValueSource::CommandLine => Some(Origin::Flag(id.replace('_', "-"))),
        ValueSource::EnvVariable => Some(Origin::Environment(variable.unwrap_or_default().to_owned())),
        _ => None,
    }
}

impl Common {
    /// Settles every value. `matches` are the program's own: they know which values came from the environment.
    ///
    /// # Errors
    /// When the configuration file is wrong or lacks the context asked for.
    pub fn resolve(&self, matches: &ArgMatches, program: Program) -> Result<Connection, Failure> {
        let config = Config::load(program)?;
        let origin = |id: &str| given(matches, id, program.twin(id));
        let named = self.context.clone().zip(origin("context"));
        let context = match named {
            Some((value, origin)) => {
                config.context(&value)?;
                Some(Setting { value, origin })
            }
            None => config.current()?.map(|name| Setting { value: name.to_owned(), origin: Origin::File }),
        };
        let name = context.as_ref().map(|context| context.value.as_str());
        let endpoint = self.endpoint.clone().map(|list| list.0).zip(origin("endpoint"));
        let stale = Some(self.stale).zip(origin("stale"));
        Ok(Connection {
            endpoints: config.layered(endpoint, name, |s: &Settings| s.endpoints.clone(), vec![local_endpoint()]),
            timeout: config.layered(self.timeout.zip(origin("timeout")), name, |s| s.timeout, TIMEOUT),
            stale: config.layered(stale, name, |s| s.stale, false),
            color: config.layered(self.color.zip(origin("color")), name, |s| s.color, ColorWhen::Auto),
            verbose: self.verbose,
            context,
            config,
        })
    }
}

impl Connection {
    /// Defaults alone, for commands that reach nobody and must work beside a broken configuration file.
    #[must_use]
    pub fn offline(common: &Common) -> Self {
        Self {
            config: Config::default(),
            context: None,
            endpoints: Setting { value: vec![local_endpoint()], origin: Origin::Default },
            timeout: Setting { value: TIMEOUT, origin: Origin::Default },
            stale: Setting { value: false, origin: Origin::Default },
            color: Setting { value: common.color.unwrap_or_default(), origin: Origin::Default },
            verbose: common.verbose,
        }
    }

    /// The name of the context in use.
    #[must_use]
    pub fn context_name(&self) -> Option<&str> {
        self.context.as_ref().map(|context| context.value.as_str())
    }

    /// The way to the cluster.
    #[must_use]
    pub fn reach(&self) -> Reach {
        Reach::new(self.endpoints.value.clone())
    }
}

fn local_endpoint() -> String {
    format!("127.0.0.1:{PORT}")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const FILE: &str = "current = 'a'\n[defaults]\ntimeout = '5s'\nstale = true\n[contexts.a]\nendpoints = ['h:1']\n\
                        stale = false\n[contexts.b]\nendpoints = ['h:2', 'h:3']\n";

    #[test]
    fn the_first_layer_that_has_a_value_wins() {
        let config = Config::parse(Path::new("c.toml"), FILE).expect("valid");
        let stale = |flag, context| config.layered(flag, context, |s| s.stale, false);
        assert_eq!(stale(None, Some("a")), Setting { value: false, origin: Origin::Context("a".to_owned()) });
        assert_eq!(stale(None, Some("b")), Setting { value: true, origin: Origin::File });
        let flag = Origin::Flag("stale".to_owned());
        assert_eq!(stale(Some((true, flag.clone())), Some("a")), Setting { value: true, origin: flag });
        assert_eq!(config.layered(None, Some("a"), |s| s.color, ColorWhen::Auto).origin, Origin::Default);
    }
}
