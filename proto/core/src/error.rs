//! The closed set of error codes that every process answers with, and what each means to a caller.
//!
//! A code is stable: scripts match on it. The number's first two digits are its family and decide the exit code (CLI §2).

use std::{fmt, str::FromStr};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $exit:ident, $retry:literal;)*) => {
        /// What went wrong, from the caller's side.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The stable name, as in `VS-E0701`.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => concat!("VS-E", $number),)* }
            }

            /// What a command exits with.
            #[must_use]
            pub fn exit(self) -> Exit {
                match self { $(Self::$name => Exit::$exit,)* }
            }

            /// Whether the same request may succeed later without anybody changing anything.
            #[must_use]
            pub fn retryable(self) -> bool {
                match self { $(Self::$name => $retry,)* }
            }
        }
    };
}

codes! {
    /// A fault of ours.
    Internal = "0101", Failed, false;
    /// The media file is not one, or not one that can be taken in.
    MediaRejected = "0102", Failed, false;
    /// A local file could not be read or written.
    LocalFile = "0103", Failed, false;
    /// The request breaks a rule of the contract.
    Invalid = "0201", Usage, false;
    /// The configuration is wrong.
    Config = "0301", Config, false;
    /// The data directory is not what was asked for: in use, of a newer format, or neither empty nor ours.
    DataDir = "0302", Config, false;
    /// Allowed to nobody, or not from here.
    Denied = "0401", NotAllowed, false;
    NotFound = "0501", NotFound, false;
    /// Several things match where one was meant.
    Ambiguous = "0502", Usage, false;
    /// The state forbids it.
    Conflict = "0601", Conflict, false;
    /// The upload's bytes are on another offset than the client thought.
    WrongOffset = "0602", Conflict, true;
    /// A newer writer has taken the upload over.
    Fenced = "0603", Conflict, false;
    NoQuorum = "0701", Unavailable, true;
    /// Nobody answers.
    Unreachable = "0702", Unavailable, true;
    /// Too much is going on; the same request may succeed in a moment.
    Busy = "0703", Unavailable, true;
    NotLeader = "0704", Unavailable, true;
    /// Bytes are not what their name says, and no other copy is.
    Integrity = "0801", Integrity, false;
    Partial = "0901", Partial, false;
    Timeout = "1001", TimedOut, true;
    NoSpace = "1101", NoSpace, false;
    /// Needs a `--yes`.
    NotConfirmed = "1201", Refused, false;
    NotSupported = "1301", NotSupported, false;
}

/// Exit codes of all three programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    Ok = 0,
    Failed = 1,
    Usage = 2,
    Config = 3,
    NotAllowed = 4,
    NotFound = 5,
    Conflict = 6,
    Unavailable = 7,
    Integrity = 8,
    Partial = 9,
    TimedOut = 10,
    NoSpace = 11,
    Refused = 12,
    NotSupported = 13,
    Interrupted = 130,
    Terminated = 143,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Code {
    type Err = ();

    fn from_str(s: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|code| code.name() == s).ok_or(())
    }
}

/// An error as it travels between processes and reaches a person: what, why, and a way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub code: Code,
    /// One line, starting in lower case, without the code.
    pub what: String,
    /// What led there, a line each.
    pub why: Vec<String>,
    /// A literal command or setting that helps.
    pub hint: Option<String>,
}

impl Failure {
    #[must_use]
    pub fn new(code: Code, what: impl Into<String>) -> Self {
        Self { code, what: what.into(), why: Vec::new(), hint: None }
    }

    #[must_use]
    pub fn because(mut self, why: impl fmt::Display) -> Self {
        self.why.push(why.to_string());
        self
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        self.why.iter().try_for_each(|why| write!(f, ": {why}"))
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_read_back_and_agree_with_their_exit_code() {
        for &code in Code::ALL {
            assert_eq!(code.name().parse(), Ok(code));
            if code != Code::Ambiguous {
                assert_eq!(code.name()[4..6].parse::<u8>().ok(), Some(code.exit() as u8), "{code}");
            }
        }
    }
}
