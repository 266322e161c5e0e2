//! One file from its name to what became of it.

use std::io;

use serde_json::{Value, json};
use uuid::Uuid;
use vs_client::context;
use vs_core::{error::Failure, id::UploadId};
use vs_wire::v1::{self, SessionState};

use super::{
    Pace,
    collect::Input,
    keep::{Entry, Key},
    options::{Options, Wait},
    patience::Patience,
    send::{Sender, Source, reason},
    source::{FileSource, StreamSource},
};
use crate::{
    desk::Desk,
    out::{Column, Kind, Style, human, human::text},
    progress::{Board, Task},
};

/// Name of what comes from standard input.
const STDIN_NAME: &str = "stdin";

/// What holds for every file of a command.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) options: Options,
    pub(crate) wait: Wait,
    pub(crate) pace: Pace,
    /// Whether to look for, and leave, a note about the session.
    pub(crate) resumable: bool,
    /// The cluster, for whose sessions notes are kept.
    pub(crate) cluster: String,
    /// The session to go on with, when it was named.
    pub(crate) session: Option<UploadId>,
}

/// What became of a file.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) path: String,
    pub(crate) session: Option<v1::Session>,
    pub(crate) bytes: u64,
    pub(crate) sha256: Option<String>,
    pub(crate) failure: Option<Failure>,
}

/// A fresh session id.
pub(super) fn new_upload() -> UploadId {
    UploadId::from_random(*Uuid::new_v4().as_bytes())
}

/// Uploads one thing.
pub(crate) async fn one(input: &Input, plan: &Plan, board: &Board, desk: &Desk) -> Outcome {
    let path = input.shown();
    let mut outcome = Outcome { path, session: None, bytes: 0, sha256: None, failure: None };
    match Box::pin(deliver(input, plan, board, desk, &mut outcome)).await {
        Ok(session) => {
            outcome.failure = reason(&session);
            if session.size > 0 {
                outcome.bytes = session.size;
            }
            let told = vs_wire::hash(&session.sha256).ok().map(|hash| hash.to_string());
            outcome.sha256 = told.or(outcome.sha256);
            outcome.session = Some(session);
        }
        Err(failure) => outcome.failure = Some(failure),
    }
    outcome
}

async fn deliver(
    input: &Input,
    plan: &Plan,
    board: &Board,
    desk: &Desk,
    outcome: &mut Outcome,
) -> Result<v1::Session, Failure> {
    let (source, file_name) = match input {
        Input::File(path) => {
            let file_name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
            (Source::File(FileSource::open(path)?), file_name)
        }
        Input::Stdin => {
            (Source::Stream(StreamSource::new(io::stdin(), plan.pace.piece_bytes())), STDIN_NAME.to_owned())
        }
    };
    let mut offered = None;
    let (mut entry, mut kept) = (None, None);
    if let Source::File(file) = &source {
        outcome.bytes = file.stamp.size;
        offered = file.hash_if_short().await?;
        outcome.sha256 = offered.map(|hash| hash.to_string());
        if plan.resumable {
            entry = open_entry(file, plan);
            kept = entry.as_mut().and_then(Entry::read);
        }
    }
    let upload = plan.session.or(kept.as_ref().map(|kept| kept.upload)).unwrap_or_else(new_upload);
    let client = match kept.as_ref().map(|kept| kept.node_addr.clone()).filter(|addr| !addr.is_empty()) {
        // Where the bytes are first; any other node can tell who has taken them over.
        Some(addr) => {
            let others = desk.connection.endpoints.value.iter().filter(|other| **other != addr);
            desk.connect_to(&[&[addr.clone()][..], &others.cloned().collect::<Vec<_>>()].concat()).await?
        }
        None => desk.client().await?,
    };
    desk.at_interrupt(Some(interrupted(input, entry.is_some(), upload)));
    let task: Task = board.task(&outcome.path);
    let mut sender = Sender {
        desk,
        options: &plan.options,
        pace: &plan.pace,
        task: &task,
        source: source.clone(),
        file_name: &file_name,
        upload,
        entry,
        was_kept: kept.is_some(),
        offered,
        client,
        patience: Patience::new(),
        begun: false,
    };
    let ended = sender.run(plan.wait).await;
    match &source {
        Source::File(file) => outcome.sha256 = outcome.sha256.take().or(file.hash().map(|hash| hash.to_string())),
        Source::Stream(stream) => {
            let (bytes, hash) = stream.whole();
            (outcome.bytes, outcome.sha256) = (bytes, Some(hash.to_string()));
        }
    }
    ended.map_err(|failure| with_way_on(failure, input, plan))
}

/// The note about a file, for this command on this cluster.
fn open_entry(file: &FileSource, plan: &Plan) -> Option<Entry> {
    let path = file.path.canonicalize().ok()?;
    // Whatever shapes the video is part of the key: another title is another upload.
    let options = format!("{:?}", plan.options.begin(String::new(), "", 0, Vec::new()));
    let (size, modified_ns) = (file.stamp.size, file.stamp.modified_ns);
    Entry::open(&context::state_dir().ok()?, &Key { path: &path, size, modified_ns, cluster: &plan.cluster, options })
}

fn interrupted(input: &Input, is_kept: bool, upload: UploadId) -> String {
    let Input::File(path) = input else {
        return "interrupted; what comes from standard input cannot be resumed".to_owned();
    };
    let path = human::quoted_path(path);
    if is_kept {
        format!("interrupted; the same command goes on from the server's offset: vsctl upload {path}")
    } else {
        format!("interrupted; go on with: vsctl session resume {upload} {path}")
    }
}

/// A failure that may pass says how to go on afterwards.
fn with_way_on(failure: Failure, input: &Input, plan: &Plan) -> Failure {
    match input {
        Input::File(path) if failure.code.retryable() && failure.hint.is_none() && plan.resumable => {
            let path = human::quoted_path(path);
            failure.hint(format!("the same command goes on from the server's offset: `vsctl upload {path}`"))
        }
        _ => failure,
    }
}

impl Outcome {
    fn status(&self) -> Option<&'static str> {
        let state = self.session.as_ref().map(v1::Session::state);
        match state {
            Some(SessionState::Ready) => Some("ready"),
            Some(SessionState::Processing) => Some("stored"),
            Some(SessionState::Rejected) => Some("rejected"),
            Some(SessionState::Failed | SessionState::Aborted) => Some("failed"),
            // Handed over, and nothing said of it yet.
            Some(SessionState::Probing | SessionState::Storing | SessionState::Receiving) => None,
            _ if self.failure.as_ref().is_some_and(|f| f.code == vs_core::error::Code::MediaRejected) => {
                Some("rejected")
            }
            _ => Some("failed"),
        }
    }

    fn video(&self) -> Option<&str> {
        self.session.as_ref().map(|session| session.video.as_str()).filter(|video| !video.is_empty())
    }

    /// The object of `-o jsonl` (CLI §3).
    pub(crate) fn item(&self) -> Value {
        json!({
            "path": self.path,
            "status": self.status(),
            "video_id": self.video(),
            "bytes": self.bytes,
            "sha256": self.sha256,
            "deduplicated": self.session.as_ref().is_some_and(|session| session.deduplicated),
            "code": self.failure.as_ref().map(|failure| failure.code.name()),
            "error": self.failure.as_ref().map(ToString::to_string),
        })
    }

    /// The line a person reads when it went well.
    pub(crate) fn tell(&self, style: &Style) -> String {
        let Some(session) = &self.session else { return String::new() };
        let title = vs_core::text::shown(&session.title);
        let Some(video) = self.video() else {
            let id = crate::row::short_id(&session.upload);
            return format!("✓ {title}  handed over as session {id}  {}", human::bytes(style, self.bytes));
        };
        let mut words = vec![format!("✓ {title}"), video.to_owned()];
        if session.duration_ms > 0 {
            words.push(human::length(session.duration_ms));
        }
        let (logical, physical) = (session.logical_bytes.max(self.bytes), session.physical_bytes);
        let stored = if physical > 0 { format!(" ({} stored)", human::bytes(style, physical)) } else { String::new() };
        words.push(human::bytes(style, logical) + &stored);
        if session.deduplicated {
            words.push("the same bytes were there already".to_owned());
        } else if self.status() == Some("stored") {
            words.push("stored; tracks are still being made".to_owned());
        }
        words.join("  ")
    }
}

pub(crate) static OUTCOMES: Kind = Kind {
    id: "video_id",
    keys: &["path", "status", "video_id", "bytes", "sha256", "deduplicated", "code", "error"],
    columns: &[
        Column { key: "path", heading: "PATH", wide: false, right: false, show: |o, _| text(o, "path") },
        Column { key: "status", heading: "STATUS", wide: false, right: false, show: |o, _| text(o, "status") },
        Column { key: "video_id", heading: "VIDEO", wide: false, right: false, show: |o, _| text(o, "video_id") },
        Column {
            key: "bytes",
            heading: "SIZE",
            wide: false,
            right: true,
            show: |o, style| human::bytes(style, human::number(o, "bytes")),
        },
        Column { key: "sha256", heading: "SHA256", wide: true, right: false, show: |o, _| text(o, "sha256") },
        Column { key: "code", heading: "CODE", wide: false, right: false, show: |o, _| text(o, "code") },
    ],
};

#[cfg(test)]
mod tests {
    use super::*;
    use vs_client::cli::OutputFormat;

    fn outcome(state: SessionState) -> Outcome {
        let session = v1::Session {
            state: state.into(),
            title: "Big Buck Bunny".to_owned(),
            video: "8f3c2a1e-5b7d-4c9a-9e21-0d4f6b8a7c35".to_owned(),
            duration_ms: 596_000,
            logical_bytes: 1_503_238_553,
            physical_bytes: 4_304_715_659,
            ..v1::Session::default()
        };
        let failure = reason(&session);
        Outcome { path: "bunny.mp4".to_owned(), session: Some(session), bytes: 724_775_731, sha256: None, failure }
    }

    #[test]
    fn success_is_told_as_in_the_contract() {
        let told = outcome(SessionState::Ready).tell(&crate::out::tests::style(OutputFormat::Table));
        assert_eq!(told, "✓ Big Buck Bunny  8f3c2a1e-5b7d-4c9a-9e21-0d4f6b8a7c35  9m56s  1.3 GiB (4.0 GiB stored)");
    }

    #[test]
    fn an_object_a_file() {
        let item = outcome(SessionState::Ready).item();
        let keys: Vec<_> = item.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(keys, OUTCOMES.keys);
        for (state, status, code) in [
            (SessionState::Ready, json!("ready"), Value::Null),
            (SessionState::Processing, json!("stored"), Value::Null),
            (SessionState::Rejected, json!("rejected"), json!("VS-E0102")),
            (SessionState::Failed, json!("failed"), json!("VS-E0102")),
            (SessionState::Aborted, json!("failed"), json!("VS-E0601")),
            (SessionState::Probing, Value::Null, Value::Null),
        ] {
            let item = outcome(state).item();
            assert_eq!((&item["status"], &item["code"]), (&status, &code), "{state:?}");
        }
    }
}
