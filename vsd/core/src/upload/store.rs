//! Stores a group of chunks on the nodes: [`Writing`] carried out through a [`Shell`].
//!
//! Invariants:
//! - Who is sent what, and when that is enough, is said by [`Writing`] alone; here it is asked again whenever a node has
//!   answered, whenever the picture of the cluster may have changed, and when it wants to be.
//! - When it has ended nothing of it goes on: whoever has not answered by then is left alone.

use std::{pin::pin, time::Duration};

use bytes::Bytes;
use futures::{
    StreamExt,
    future::{Either, select},
    stream::FuturesUnordered,
};
use vs_core::{
    error::{Code, Failure},
    group::Group,
    hash::ChunkHash,
    id::{AssetId, NodeId},
    layout::Layout,
    manifest::Displaced,
    mutant::{Mutant, planted},
};

use super::write::{Answer, PUT_TIMEOUT, Put, Step, Writing};
use crate::{
    background::{Note, PutError, Shell, State},
    meta::{TableError, index_in},
};

/// How often the picture of the cluster is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// For how long a step is repeated that fails for a moment, and with what pauses.
const PATIENCE: Duration = Duration::from_secs(60);
const RETRY_MIN: Duration = Duration::from_millis(200);
const RETRY_MAX: Duration = Duration::from_secs(5);

/// Repeats a step that may fail for a moment: starting a film anew because of one reset connection would be dear.
///
/// # Errors
/// When it fails for good, or for too long.
pub async fn patiently<T, F: Future<Output = Result<T, Failure>>>(
    shell: &impl Shell,
    step: impl Fn() -> F,
) -> Result<T, Failure> {
    let started = shell.now();
    let mut wait = RETRY_MIN;
    loop {
        match step().await {
            Err(failure) if failure.code.retryable() && shell.now().saturating_sub(started) < PATIENCE => {
                shell.note(Note::UploadStepFailed(&failure));
                shell.sleep(wait).await;
                wait = (wait * 2).min(RETRY_MAX);
            }
            ended => return ended,
        }
    }
}

/// Stores a group with the bytes of its members where `layout` places it, that of the epoch which its asset is placed by.
/// Returns once a quorum holds it durably and every other member is accounted for: which those are.
///
/// # Errors
/// When too few nodes hold it; what was written may be there all the same.
pub async fn store<S: Shell>(
    shell: &S,
    asset: AssetId,
    group: &Group,
    members: &[Bytes],
    layout: &Layout,
) -> Result<Vec<Displaced>, Failure> {
    if planted(Mutant::CommitBeforeWrite) {
        return Ok(Vec::new());
    }
    let started = shell.now();
    let elapsed = || shell.now().saturating_sub(started);
    // whoever cannot tell who may stand in does without
    let current = shell.layouts().current(&shell.stale().view()).ok().flatten();
    let mut writing = Writing::new(group.clone(), layout, current.as_deref().unwrap_or(layout));
    let mut open = FuturesUnordered::new();
    loop {
        let picture = shell.picture();
        let until = match writing.next(elapsed(), |node| picture.known(node)) {
            Step::Wait { puts, until } => {
                let put = |Put { node, member }| {
                    put_on(shell, node, asset, group.members[member].hash, members[member].clone())
                };
                open.extend(puts.into_iter().map(put));
                until
            }
            Step::Stored { displaced } => return Ok(displaced),
            Step::Failed(shortfall) => return Err(shortfall.into()),
        };
        let slept = pin!(shell.sleep(until.saturating_sub(elapsed()).min(LOOK)));
        if open.is_empty() {
            slept.await;
        } else if let Either::Left((Some((node, answer)), _)) = select(open.next(), slept).await {
            writing.answered(node, answer, elapsed());
        }
    }
}

async fn put_on<S: Shell>(shell: &S, node: NodeId, asset: AssetId, chunk: ChunkHash, bytes: Bytes) -> (NodeId, Answer) {
    let index = match index_now(shell) {
        Ok(index) => index,
        Err(error) => return (node, Answer::Failed(error.to_string())),
    };
    let answer = match shell.put(node, asset, chunk, bytes, index, PUT_TIMEOUT).await {
        Ok(()) => Answer::Durable,
        Err(PutError::Full(_)) => Answer::Full,
        Err(PutError::Node(why)) => Answer::Failed(why),
    };
    (node, answer)
}

/// How far this node has applied the log: below that the receiver's sweep decides nothing about what it is sent.
fn index_now(shell: &impl Shell) -> Result<u64, TableError> {
    Ok(index_in(shell.incarnation(), shell.stale().applied()?))
}

/// What ends a step whose computing did not end.
#[must_use]
pub fn not_computed() -> Failure {
    Failure::new(Code::Internal, "a group was not computed")
}
