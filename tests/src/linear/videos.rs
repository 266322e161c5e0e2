//! What one video is to those who create, rename, delete and read it, exactly as the daemon's `apply` has it:
//! - creating is beginning an upload of bytes that the library has: it takes the video out of the trash, or changes nothing;
//! - renaming is refused while the video is in the trash, and when it is not at the revision that was asked for;
//! - deleting puts it into the trash, where deleting again changes nothing;
//! - whatever changes something raises the revision by one, and nothing else does;
//! - a change is answered with the revision after it, and with the rest as it was read somewhat later.
//!
//! Titles are never used twice in a history, so that a read tells which renaming it saw.

use std::{collections::HashSet, sync::Arc};

use super::{Model, Operation};

/// A title, or any of those that nobody ever saw.
pub type Title = Option<Arc<str>>;

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct VideoState {
    pub trashed: bool,
    pub title: Title,
    pub revision: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    Create,
    Rename(Title),
    CompareAndSet { revision: u64, title: Title },
    Delete,
    Read,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// It took place, or there was nothing to do; with the revision after it, where that was told.
    Done(Option<u64>),
    Conflict,
    Seen(VideoState),
    /// What was seen without its revision.
    Glimpsed {
        trashed: bool,
        title: Title,
    },
}

/// The model of one video.
#[derive(Clone, Copy, Debug)]
pub struct Video;

pub type VideoOperation = Operation<Input, Output>;

impl Model for Video {
    type State = VideoState;
    type Input = Input;
    type Output = Output;

    fn step(state: &VideoState, input: &Input, output: Option<&Output>) -> Option<VideoState> {
        let after = changed(state, input);
        let is_right = match (output, &after) {
            (None, _) | (Some(Output::Done(None)), Some(_)) => true,
            (Some(Output::Done(Some(revision))), Some(after)) => *revision == after.revision,
            (Some(Output::Conflict), after) => after.is_none(),
            (Some(Output::Seen(seen)), _) => seen == state,
            (Some(Output::Glimpsed { trashed, title }), _) => (*trashed, title) == (state.trashed, &state.title),
            (Some(Output::Done(_)), None) => false,
        };
        is_right.then(|| after.unwrap_or_else(|| state.clone()))
    }

    fn is_read(input: &Input) -> bool {
        *input == Input::Read
    }

    fn rank(state: &VideoState) -> u64 {
        state.revision
    }

    fn rank_min(_: &Input, output: &Output) -> u64 {
        match output {
            Output::Done(Some(revision)) | Output::Seen(VideoState { revision, .. }) => *revision,
            _ => 0,
        }
    }

    fn rank_max(input: &Input, output: &Output) -> u64 {
        match (input, output) {
            (Input::CompareAndSet { revision, .. }, Output::Done(_)) => *revision,
            (_, Output::Done(Some(revision)) | Output::Seen(VideoState { revision, .. })) => *revision,
            _ => u64::MAX,
        }
    }
}

/// The state after an operation; none when it is refused.
fn changed(state: &VideoState, input: &Input) -> Option<VideoState> {
    match input {
        Input::Create => Some(with_trashed(state, false)),
        Input::Delete => Some(with_trashed(state, true)),
        Input::Read => Some(state.clone()),
        Input::Rename(_) | Input::CompareAndSet { .. } if state.trashed => None,
        Input::CompareAndSet { revision, .. } if *revision != state.revision => None,
        Input::Rename(title) | Input::CompareAndSet { title, .. } => Some(renamed(state, title)),
    }
}

fn with_trashed(state: &VideoState, trashed: bool) -> VideoState {
    let raised = u64::from(state.trashed != trashed);
    VideoState { trashed, revision: state.revision + raised, title: state.title.clone() }
}

fn renamed(state: &VideoState, title: &Title) -> VideoState {
    // two titles that nobody saw are two titles
    let raised = u64::from(title.is_none() || state.title != *title);
    VideoState { title: title.clone(), revision: state.revision + raised, trashed: state.trashed }
}

/// Makes renamings of unknown outcome alike whose title nobody ever saw: whether it was the one or the other that took effect, no
/// answer can tell.
pub fn forget_unseen_titles(operations: &mut [VideoOperation]) {
    let seen: HashSet<Arc<str>> = operations
        .iter()
        .filter_map(|operation| match operation.output.as_ref()? {
            Output::Seen(VideoState { title, .. }) | Output::Glimpsed { title, .. } => title.clone(),
            _ => None,
        })
        .collect();
    for operation in operations.iter_mut().filter(|operation| operation.output.is_none()) {
        if let Input::Rename(title) | Input::CompareAndSet { title, .. } = &mut operation.input
            && title.as_ref().is_some_and(|title| !seen.contains(title))
        {
            *title = None;
        }
    }
}
