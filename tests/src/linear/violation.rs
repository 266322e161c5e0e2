//! What a person needs to see of a history that no order explains: as little of it as still has none.

use std::fmt;

use super::{
    Model, OperationOf,
    search::{Certain, Stuck, has_no_order},
};

/// Longest window in which each operation is looked at.
const LOOKED_AT_MAX: usize = 1_000;

/// Operations that no order explains.
#[derive(Clone, Debug)]
pub struct Violation<M: Model> {
    /// The state in which the history, or this part of it, began.
    pub from: M::State,
    /// In the order of their calls.
    pub operations: Vec<OperationOf<M>>,
    /// Other operations that may have changed something meanwhile. Whether and when they did makes no difference.
    pub others: usize,
}

impl<M: Model> Violation<M> {
    /// The smallest window around the place where the search ended.
    pub(super) fn shrunk(initial: &M::State, operations: &[OperationOf<M>], stuck: Stuck<M>) -> Self {
        if let Some(pair) = went_back::<M>(operations) {
            return Self { from: initial.clone(), operations: pair.to_vec(), others: 0 };
        }
        let culprit = operations[stuck.operation].clone();
        let (mut from, mut window) = (initial.clone(), operations.to_vec());
        if let Some(certain) = stuck.certain {
            let later = since(&certain, operations);
            if has_no_order::<M>(&certain.state, &later) {
                (from, window) = (certain.state, later);
            }
        }
        let earlier: Vec<_> = window.iter().filter(|operation| operation.called <= culprit.returned).cloned().collect();
        if has_no_order::<M>(&from, &earlier) {
            window = earlier;
        }
        if window.len() <= LOOKED_AT_MAX {
            window = weakened::<M>(&from, window, &culprit);
        }
        window.sort_by_key(|operation| operation.called);
        let all = window.len();
        window.retain(|operation| operation.output.is_some());
        Self { from, others: all - window.len(), operations: window }
    }
}

/// Two operations one after the other, the later of which was answered from before the earlier one: nothing else matters.
fn went_back<M: Model>(operations: &[OperationOf<M>]) -> Option<[OperationOf<M>; 2]> {
    let answered = |operation: &OperationOf<M>| {
        let output = operation.output.as_ref()?;
        Some((M::rank_min(&operation.input, output), M::rank_max(&operation.input, output)))
    };
    let mut by_return: Vec<_> =
        operations.iter().filter_map(|operation| Some((operation, answered(operation)?))).collect();
    let mut by_call = by_return.clone();
    by_return.sort_by_key(|(operation, _)| operation.returned);
    by_call.sort_by_key(|(operation, _)| operation.called);
    let mut over = by_return.into_iter().peekable();
    let mut furthest: Option<(&OperationOf<M>, u64)> = None;
    for (later, (_, rank_max)) in by_call {
        while let Some((operation, (rank_min, _))) = over.next_if(|(operation, _)| operation.returned < later.called) {
            if furthest.is_none_or(|(_, rank)| rank < rank_min) {
                furthest = Some((operation, rank_min));
            }
        }
        if let Some((earlier, _)) = furthest.filter(|(_, rank)| *rank > rank_max) {
            return Some([earlier.clone(), later.clone()]);
        }
    }
    None
}

/// Leaves out what was only read, and takes the outcome of changes for unknown, wherever there is still no order then. What has an
/// order keeps one, so that what is left is to blame.
fn weakened<M: Model>(
    from: &M::State,
    mut window: Vec<OperationOf<M>>,
    culprit: &OperationOf<M>,
) -> Vec<OperationOf<M>> {
    // those far away first
    window.sort_by_key(|operation| std::cmp::Reverse(operation.called.abs_diff(culprit.called)));
    let mut at = 0;
    while at < window.len() {
        let mut weaker = window.clone();
        let is_read = M::is_read(&weaker[at].input);
        if is_read {
            weaker.remove(at);
        } else {
            weaker[at].output = None;
        }
        let is_needless = window[at].output.is_some() && has_no_order::<M>(from, &weaker);
        if is_needless {
            window = weaker;
        }
        at += usize::from(!(is_needless && is_read));
    }
    window
}

/// What was not over when the state was certain, without what had taken effect.
fn since<M: Model>(certain: &Certain<M>, operations: &[OperationOf<M>]) -> Vec<OperationOf<M>> {
    let mut left: Vec<_> = operations.iter().filter(|operation| operation.deadline() > certain.at).cloned().collect();
    left.sort_by_key(|operation| operation.called);
    for (input, times) in &certain.used {
        for _ in 0..*times {
            let used = left.iter().position(|operation| operation.output.is_none() && operation.input == *input);
            used.map(|used| left.remove(used));
        }
    }
    left
}

impl<M: Model> fmt::Display for Violation<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "no order explains these operations, from {:?} on:", self.from)?;
        for operation in &self.operations {
            let returned = operation.output.as_ref().map_or("?".to_owned(), |_| operation.returned.to_string());
            write!(f, "  [{:>10} {returned:>10}] client {}  ", operation.called, operation.client)?;
            match &operation.output {
                Some(output) => writeln!(f, "{:?} -> {output:?}", operation.input)?,
                None => writeln!(f, "{:?} -> not known", operation.input)?,
            }
        }
        match self.others {
            0 => Ok(()),
            others => writeln!(f, "  nor do they together with {others} other changes, each made at any time or never"),
        }
    }
}
