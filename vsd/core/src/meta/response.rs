//! What a command is answered. Kept with client sessions, so it is stored in the same forms as commands are.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use vs_core::{
    error::{Code, Failure},
    hash::Hash,
    id::{AssetId, Ballot, DirId, Epoch, JobId, NodeId, UploadId, Version, VideoId},
    layout::Scheme,
};

use super::table::jobs::JobState;

/// A rule forbids the command, and nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{what}")]
pub struct Refused {
    #[serde(serialize_with = "code_name", deserialize_with = "named_code")]
    pub code: Code,
    /// One line, starting in lower case.
    pub what: String,
    /// What led there, a line each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub why: Vec<String>,
    /// A literal command that helps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Refused {
    #[must_use]
    pub fn new(code: Code, what: impl Into<String>) -> Self {
        Self { code, what: what.into(), why: Vec::new(), hint: None }
    }

    #[must_use]
    pub fn because(mut self, why: impl Into<String>) -> Self {
        self.why.push(why.into());
        self
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        let Refused { code, what, why, hint } = refused;
        Self { code, what, why, hint }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Response {
    /// Nothing to tell; also of entries that carry no command.
    Done,
    Refused(Refused),
    /// The client's session is not open (any more): whether an earlier command was applied cannot be told.
    SessionExpired,
    /// Bootstrapped, joined or updated. `dirs` in the order they were named.
    Node {
        node: NodeId,
        dirs: Vec<DirId>,
    },
    /// Cluster time after the tick, in milliseconds.
    Ticked {
        now_ms: u64,
    },
    /// The session is open, and this was its last command.
    Client {
        seq: u64,
    },
    /// The upload is open for writing by `node` under `ballot`.
    Opened {
        upload: UploadId,
        video: VideoId,
        asset: AssetId,
        version: Version,
        since: Epoch,
        scheme: Scheme,
        node: NodeId,
        ballot: Ballot,
        lease_ms: u64,
    },
    /// The library has these bytes: the upload is over.
    Duplicate {
        video: VideoId,
        asset: AssetId,
        restored: bool,
    },
    /// The upload is over and nothing of it is kept. Unlike a refusal, this is a change, or the answer to one made
    /// before.
    UploadFailed(Refused),
    /// The part is stored under this name.
    Part {
        hash: Hash,
    },
    /// The asset is live and shown by `video`.
    Listed {
        video: VideoId,
        asset: AssetId,
    },
    /// The video as it is now.
    Video {
        video: VideoId,
        revision: u64,
        changed: bool,
    },
    /// A setting as it is now.
    Setting {
        value: u64,
    },
    /// This version of the asset is pending, to be written under `ballot` by this scheme and this epoch.
    Pending {
        asset: AssetId,
        version: Version,
        ballot: Ballot,
        scheme: Scheme,
        epoch: Epoch,
    },
    /// The job as it is now.
    Job {
        id: JobId,
        state: JobState,
    },
    /// The entry at this index is the mark.
    Marked {
        index: u64,
    },
    /// Housekeeping did this many records; more may be due.
    Housekept {
        records: u32,
        more: bool,
    },
}

impl Response {
    /// The response, or why there is none to use.
    ///
    /// # Errors
    /// When the command was refused, or the upload it belongs to has failed.
    pub fn accepted(self) -> Result<Self, Refused> {
        match self {
            Self::Refused(refused) | Self::UploadFailed(refused) => Err(refused),
            Self::SessionExpired => Err(Refused::new(Code::Conflict, "the client's session has expired")),
            accepted => Ok(accepted),
        }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn code_name<S: Serializer>(code: &Code, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(code.name())
}

fn named_code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Code, D::Error> {
    let name = String::deserialize(deserializer)?;
    name.parse().map_err(|()| de::Error::custom(format!("`{name}` is not an error code")))
}

#[cfg(test)]
mod tests {
    use vs_core::codec;

    use super::*;

    #[test]
    fn refusals_read_back_with_their_code() {
        for &code in Code::ALL {
            let response = Response::Refused(Refused::new(code, "no").because("it is so").hint("vsctl help"));
            assert_eq!(codec::decode(&codec::encode(&response)), Ok(response));
        }
    }
}
