//! Whether a history could have happened one operation after another, each at some moment between its call and its return
//! (linearizability).
//!
//! The search is Wing and Gong's with Lowe's improvements ("Testing for linearizability", 2017): an operation takes effect just in
//! time, directly before the first return that needs it, and no configuration is looked at twice. What can be told apart by key is
//! checked key by key; a history is linearizable when each of its keys is.
//!
//! An operation whose outcome nobody knows may take effect at any moment after its call, or never. It stays open for ever, which is
//! what makes such searches explode; three things keep it cheap, and none of them changes the verdict:
//! - open operations that ask for the same are counted, not told apart;
//! - of two configurations that differ only in what they used up of these, the one that used less is kept;
//! - a model may say how far its state has got ([`Model::rank`]), and an operation answered later bounds what may have happened
//!   before it.

mod search;
#[cfg(test)]
mod tests;
pub mod videos;
mod violation;

use std::{fmt::Debug, hash::Hash};

pub use search::check;
pub use violation::Violation;

/// What one key is, and what operations do to it.
pub trait Model {
    type State: Clone + Debug + Eq + Hash;
    type Input: Clone + Debug + Eq + Hash;
    type Output: Clone + Debug;

    /// The state after the operation took effect, if it can answer this from here. With an unknown outcome it always can.
    fn step(state: &Self::State, input: &Self::Input, output: Option<&Self::Output>) -> Option<Self::State>;

    /// Whether it changes nothing, whatever the state.
    fn is_read(input: &Self::Input) -> bool;

    /// How far the state has got: no operation ever lowers it.
    #[must_use]
    fn rank(_: &Self::State) -> u64 {
        0
    }

    /// The lowest rank of the state after the operation answered this.
    #[must_use]
    fn rank_min(_: &Self::Input, _: &Self::Output) -> u64 {
        0
    }

    /// The highest rank of a state from which the operation can answer this.
    #[must_use]
    fn rank_max(_: &Self::Input, _: &Self::Output) -> u64 {
        u64::MAX
    }
}

/// One operation as its client saw it. Times come from one clock of any unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation<I, O> {
    pub client: usize,
    pub input: I,
    /// None when its outcome is not known.
    pub output: Option<O>,
    pub called: u64,
    /// When it was answered, or given up.
    pub returned: u64,
}

impl<I, O> Operation<I, O> {
    /// When it must have taken effect, if it ever does.
    #[must_use]
    pub fn deadline(&self) -> u64 {
        if self.output.is_some() { self.returned } else { u64::MAX }
    }

    /// Whether neither was over before the other began.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.called <= other.deadline() && other.called <= self.deadline()
    }
}

/// An operation of a model.
pub type OperationOf<M> = Operation<<M as Model>::Input, <M as Model>::Output>;
