//! Dynamic completion: what the shell offers after a tab.
//!
//! Invariants:
//! - An answer within [`BUDGET`], or none: a shell that hangs is worse than one that does not complete.
//! - Nothing is ever written: not when no daemon answers, not when the configuration is wrong.

use std::{
    ffi::{OsStr, OsString},
    time::Duration,
};

use clap::{Parser, builder::StyledStr};
use clap_complete::CompletionCandidate;
use vs_client::{
    Client,
    cli::{Common, Connection, Program},
    context::Config,
};
use vs_core::{
    id::{JobId, NodeId},
    text::shown,
};
use vs_wire::v1::{self, VideoStatus};

use crate::row::{STATUSES, session_state_name};

/// Between the key and the list (CLI §6); what is left goes to starting the process.
const BUDGET: Duration = Duration::from_millis(250);
/// Most candidates worth reading.
const CANDIDATES_MAX: u32 = 500;

/// Ids of videos outside the trash, with their titles.
pub(crate) fn videos(current: &OsStr) -> Vec<CompletionCandidate> {
    listed(current, Vec::new())
}

/// Ids of videos in the trash.
pub(crate) fn trash(current: &OsStr) -> Vec<CompletionCandidate> {
    listed(current, vec![VideoStatus::Trashed.into()])
}

/// Ids of all videos, trash included.
pub(crate) fn all_videos(current: &OsStr) -> Vec<CompletionCandidate> {
    listed(current, STATUSES.map(Into::into).to_vec())
}

/// Names of contexts.
pub(crate) fn contexts() -> Vec<CompletionCandidate> {
    let config = Config::load(Program::Vsctl).unwrap_or_default();
    config.contexts().keys().map(CompletionCandidate::new).collect()
}

/// Ids of uploads in flight, with their files.
pub(crate) fn sessions(current: &OsStr) -> Vec<CompletionCandidate> {
    let ask = async |client: Client| {
        let request = v1::ListSessionsRequest { limit: CANDIDATES_MAX, ..Default::default() };
        let page = client.upload().list_sessions(request).await.ok()?.into_inner();
        Some(page.items.into_iter().map(|session| {
            let about = format!("{} ({})", session.file_name, session_state_name(session.state()));
            (session.upload, about)
        }))
    };
    within_budget(ask).map(|found| candidates(current, found)).unwrap_or_default()
}

/// Ids of nodes, with their addresses.
pub(crate) fn nodes(current: &OsStr) -> Vec<CompletionCandidate> {
    nodes_as(current, |node| (NodeId(node.id).to_string(), node.addr))
}

/// The same, for a value behind each.
pub(crate) fn nodes_to_set(current: &OsStr) -> Vec<CompletionCandidate> {
    nodes_as(current, |node| (format!("{}=", NodeId(node.id)), node.addr))
}

/// Addresses of nodes, with their ids.
pub(crate) fn addresses(current: &OsStr) -> Vec<CompletionCandidate> {
    nodes_as(current, |node| (node.addr, NodeId(node.id).to_string()))
}

fn nodes_as(current: &OsStr, named: impl Fn(v1::NodeInfo) -> (String, String)) -> Vec<CompletionCandidate> {
    let ask = async |client: Client| {
        let request = v1::ListNodesRequest { consistency: v1::Consistency::Stale.into() };
        let nodes = client.admin().list_nodes(request).await.ok()?.into_inner();
        Some(nodes.items.into_iter().map(&named))
    };
    within_budget(ask).map(|found| candidates(current, found)).unwrap_or_default()
}

/// Ids of jobs, with what they are about.
pub(crate) fn jobs(current: &OsStr) -> Vec<CompletionCandidate> {
    let ask = async |client: Client| {
        let consistency = v1::Consistency::Stale.into();
        let request = v1::ListJobsRequest { consistency, limit: CANDIDATES_MAX, ..Default::default() };
        let jobs = client.admin().list_jobs(request).await.ok()?.into_inner();
        Some(jobs.items.into_iter().map(|job| (JobId(job.id).to_string(), format!("{} ({})", job.kind, job.state))))
    };
    within_budget(ask).map(|found| candidates(current, found)).unwrap_or_default()
}

/// By id, or by title when what is typed begins one.
fn listed(current: &OsStr, statuses: Vec<i32>) -> Vec<CompletionCandidate> {
    let ask = async |client: Client| {
        let request = v1::ListVideosRequest {
            consistency: v1::Consistency::Stale.into(),
            limit: CANDIDATES_MAX,
            page_token: String::new(),
            statuses,
        };
        let page = client.meta().list_videos(request).await.ok()?.into_inner();
        Some(page.items.into_iter().map(|video| (video.id, video.title)))
    };
    within_budget(ask).map(|found| candidates(current, found)).unwrap_or_default()
}

fn candidates(current: &OsStr, found: impl Iterator<Item = (String, String)>) -> Vec<CompletionCandidate> {
    let typed = current.to_string_lossy();
    let mut out = Vec::new();
    for (id, about) in found {
        let is_plain = shown(&about) == about;
        if id.starts_with(typed.as_ref()) {
            out.push(CompletionCandidate::new(id).help(Some(StyledStr::from(shown(&about)))));
        } else if is_plain && about.starts_with(typed.as_ref()) {
            out.push(CompletionCandidate::new(about).help(Some(StyledStr::from(id))));
        }
    }
    out
}

fn within_budget<T>(ask: impl AsyncFnOnce(Client) -> Option<T>) -> Option<T> {
    let connection = connection()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
    let answer = async {
        let client = Client::connect(&connection.endpoints.value, BUDGET).await.ok()?;
        ask(client).await
    };
    let answered = runtime.block_on(async { tokio::time::timeout(BUDGET, answer).await });
    runtime.shutdown_background();
    answered.ok()?
}

/// The flags that say where to ask, out of a command line that is still being typed.
#[derive(Debug, Parser)]
#[command(ignore_errors = true, disable_help_flag = true)]
struct Typed {
    #[command(flatten)]
    common: Common,
}

fn connection() -> Option<Connection> {
    use clap::{CommandFactory, FromArgMatches};
    // The shell passes the words of the line behind a `--`.
    let words = std::env::args_os().skip_while(|word| word != "--").skip(1);
    let command = vs_client::cli::twins(Typed::command(), Program::Vsctl);
    let matches = command.try_get_matches_from(where_words(words)).ok()?;
    Typed::from_arg_matches(&matches).ok()?.common.resolve(&matches, Program::Vsctl).ok()
}

/// The program's name and the words about where to ask; all others mean nothing to [`Typed`].
fn where_words(words: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut kept = vec![OsString::from("vsctl")];
    let mut takes_value = false;
    for word in words {
        let text = word.to_string_lossy();
        let is_flag = ["-e", "-C", "--endpoint", "--context"].contains(&text.as_ref());
        let is_whole = text.starts_with("--endpoint=") || text.starts_with("--context=");
        if takes_value || is_flag || is_whole {
            kept.push(word.clone());
        }
        takes_value = is_flag;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_titles_complete_and_hostile_titles_are_shown_only() {
        let found = [("8f3c2a1e", "Big Buck"), ("8f3caaaa", "B\x1b[2Jad"), ("77aa01bc", "Other")];
        let found = || found.map(|(id, title)| (id.to_owned(), title.to_owned())).into_iter();
        let values = |typed: &str| -> Vec<_> {
            let list = candidates(OsStr::new(typed), found());
            list.iter().map(|c| c.get_value().to_string_lossy().into_owned()).collect()
        };
        assert_eq!(values("8f3c"), ["8f3c2a1e", "8f3caaaa"]);
        assert_eq!(values("B"), ["Big Buck"]);
        assert_eq!(values("").len(), 3);
    }

    #[test]
    fn only_words_about_where_are_read() {
        let words = ["vsctl", "-x", "show", "-e", "h:1", "--context=a", "8f"].map(OsString::from);
        let kept = where_words(words.into_iter().skip(1));
        assert_eq!(kept, ["vsctl", "-e", "h:1", "--context=a"].map(OsString::from));
    }
}
