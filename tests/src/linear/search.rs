//! The search itself: which configurations are possible after each return.

use std::collections::{HashMap, VecDeque};

use super::{Model, OperationOf, violation::Violation};

/// Operations with a known outcome that may be under way at once: one bit each.
const UNDER_WAY_MAX: u32 = u64::BITS;
/// Configurations after which a search is given up rather than left to take all memory, and after which it is not worth while.
const CONFIGURATIONS_MAX: usize = 2_000_000;
const CONFIGURATIONS_QUICK: usize = 1_000;

/// Checks the history of one key that began in this state.
///
/// # Errors
/// With the operations that no order explains.
///
/// # Panics
/// When the search would take too much memory to be decided.
pub fn check<M: Model>(initial: &M::State, operations: &[OperationOf<M>]) -> Result<(), Box<Violation<M>>> {
    match Search::<M>::new(initial, operations, CONFIGURATIONS_MAX).run() {
        Verdict::Ordered => Ok(()),
        Verdict::Stuck(stuck) => Err(Box::new(Violation::shrunk(initial, operations, stuck))),
        Verdict::Undecided => panic!("undecided: more than {CONFIGURATIONS_MAX} configurations are possible"),
    }
}

/// Whether it is quickly seen that the history has no order.
pub(super) fn has_no_order<M: Model>(initial: &M::State, operations: &[OperationOf<M>]) -> bool {
    matches!(Search::<M>::new(initial, operations, CONFIGURATIONS_QUICK).run(), Verdict::Stuck(_))
}

enum Verdict<M: Model> {
    Ordered,
    Stuck(Stuck<M>),
    Undecided,
}

/// Where a search came to its end.
pub(super) struct Stuck<M: Model> {
    /// The operation whose answer no configuration explains.
    pub(super) operation: usize,
    pub(super) certain: Option<Certain<M>>,
}

/// The last moment at which only one state was possible.
pub(super) struct Certain<M: Model> {
    pub(super) at: u64,
    pub(super) state: M::State,
    /// What operations of unknown outcome that took effect until then asked for, and how many of each.
    pub(super) used: Vec<(M::Input, u16)>,
}

/// How often operations of unknown outcome took effect, by what they ask for.
type Used = Box<[u16]>;

#[derive(Clone, Debug)]
struct Configuration<S> {
    state: S,
    /// Operations under way that have taken effect.
    done: u64,
    used: Used,
}

/// Configurations none of which can do all that another one can.
#[derive(Clone, Debug)]
struct Frontier<S> {
    by_state: HashMap<(S, u64), Vec<Used>>,
    len: usize,
}

impl<S: Clone + Eq + std::hash::Hash> Frontier<S> {
    fn new() -> Self {
        Self { by_state: HashMap::new(), len: 0 }
    }

    /// Whether it adds something.
    fn insert(&mut self, new: &Configuration<S>) -> bool {
        let known = self.by_state.entry((new.state.clone(), new.done)).or_default();
        let is_within = |a: &Used, b: &Used| a.iter().zip(b.iter()).all(|(a, b)| a <= b);
        if known.iter().any(|used| is_within(used, &new.used)) {
            return false;
        }
        let before = known.len();
        known.retain(|used| !is_within(&new.used, used));
        self.len -= before - known.len();
        known.push(new.used.clone());
        self.len += 1;
        true
    }

    fn configurations(&self) -> impl Iterator<Item = Configuration<S>> {
        self.by_state.iter().flat_map(|((state, done), used)| {
            used.iter().map(|used| Configuration { state: state.clone(), done: *done, used: used.clone() })
        })
    }

    /// The configuration, if there is only one and nothing under way has taken effect.
    fn certain(&self) -> Option<Configuration<S>> {
        self.configurations().next().filter(|only| self.len == 1 && only.done == 0)
    }
}

/// A moment of the history.
#[derive(Clone, Copy, Debug)]
struct Event {
    at: u64,
    is_return: bool,
    operation: usize,
}

struct Search<'a, M: Model> {
    operations: &'a [OperationOf<M>],
    events: Vec<Event>,
    /// For each event the highest rank that the state may have there, for the sake of operations called later.
    rank_max: Vec<u64>,
    /// Operations with a known outcome that are under way, by bit.
    under_way: Vec<Option<usize>>,
    /// What operations of unknown outcome ask for, each once; and how many of them were called so far.
    asked: Vec<&'a M::Input>,
    open: Box<[u16]>,
    frontier: Frontier<M::State>,
    frontier_max: usize,
    certain: Option<Certain<M>>,
}

impl<'a, M: Model> Search<'a, M> {
    fn new(initial: &M::State, operations: &'a [OperationOf<M>], frontier_max: usize) -> Self {
        let mut asked: Vec<&M::Input> = Vec::new();
        let mut events = Vec::new();
        for (at, operation) in operations.iter().enumerate() {
            if operation.output.is_some() {
                events.push(Event { at: operation.returned, is_return: true, operation: at });
            } else if M::is_read(&operation.input) {
                continue;
            } else if !asked.contains(&&operation.input) {
                asked.push(&operation.input);
            }
            events.push(Event { at: operation.called, is_return: false, operation: at });
        }
        // a call at the moment of a return may have come first
        events.sort_by_key(|event| (event.at, event.is_return, event.operation));
        let mut rank_max = vec![u64::MAX; events.len()];
        let mut lowest = u64::MAX;
        for (at, event) in events.iter().enumerate().rev() {
            rank_max[at] = lowest;
            if !event.is_return {
                lowest = lowest.min(rank_max_of::<M>(&operations[event.operation]));
            }
        }
        let used = vec![0; asked.len()].into_boxed_slice();
        let mut frontier = Frontier::new();
        frontier.insert(&Configuration { state: initial.clone(), done: 0, used: used.clone() });
        let (under_way, open) = (Vec::new(), used);
        Self { operations, events, rank_max, under_way, asked, open, frontier, frontier_max, certain: None }
    }

    fn run(mut self) -> Verdict<M> {
        for at in 0..self.events.len() {
            let event = self.events[at];
            if !event.is_return {
                self.call(event.operation);
                continue;
            }
            if !self.settle(at, event.operation) {
                return Verdict::Undecided;
            }
            if self.frontier.len == 0 {
                return Verdict::Stuck(Stuck { operation: event.operation, certain: self.certain });
            }
            if let Some(only) = self.frontier.certain() {
                let used = self.asked.iter().zip(&only.used).filter(|(_, used)| **used > 0);
                let used = used.map(|(input, used)| ((*input).clone(), *used)).collect();
                self.certain = Some(Certain { at: event.at, state: only.state, used });
            }
        }
        Verdict::Ordered
    }

    fn call(&mut self, operation: usize) {
        let called = &self.operations[operation];
        if called.output.is_none() {
            let class = self.asked.iter().position(|input| **input == called.input).expect("gathered before");
            self.open[class] += 1;
        } else if let Some(free) = self.under_way.iter().position(Option::is_none) {
            self.under_way[free] = Some(operation);
        } else {
            self.under_way.push(Some(operation));
            assert!(self.under_way.len() <= UNDER_WAY_MAX as usize, "more than {UNDER_WAY_MAX} operations at once");
        }
    }

    /// Lets an operation return: keeps what is possible with its effect having taken place. Answers whether that was found out
    /// before there was too much of it.
    fn settle(&mut self, at: usize, operation: usize) -> bool {
        let bit = self.under_way.iter().position(|known| *known == Some(operation)).expect("it was called");
        let (mut seen, mut after) = (Frontier::new(), Frontier::new());
        let mut queue: VecDeque<_> = self.frontier.configurations().collect();
        while let Some(now) = queue.pop_front() {
            if seen.len > self.frontier_max {
                return false;
            }
            if now.done & (1 << bit) != 0 {
                after.insert(&Configuration { done: now.done & !(1 << bit), ..now });
                continue;
            }
            for next in self.successors(&now) {
                if M::rank(&next.state) <= self.rank_max_at(at, next.done) && seen.insert(&next) {
                    queue.push_back(next);
                }
            }
        }
        self.under_way[bit] = None;
        self.frontier = after;
        true
    }

    /// Every configuration that one more effect leads to.
    fn successors(&self, now: &Configuration<M::State>) -> Vec<Configuration<M::State>> {
        let known = (0..).zip(&self.under_way).filter(|(bit, _)| now.done & (1u64 << bit) == 0);
        let known = known.filter_map(|(bit, operation)| {
            let operation = &self.operations[(*operation)?];
            let state = M::step(&now.state, &operation.input, operation.output.as_ref())?;
            Some(Configuration { state, done: now.done | 1 << bit, used: now.used.clone() })
        });
        let unknown = self.asked.iter().enumerate().filter(|(class, _)| now.used[*class] < self.open[*class]);
        let unknown = unknown.filter_map(|(class, input)| {
            // one that would change nothing might as well never take effect
            let state = M::step(&now.state, input, None).filter(|state| *state != now.state)?;
            let mut used = now.used.clone();
            used[class] += 1;
            Some(Configuration { state, done: now.done, used })
        });
        known.chain(unknown).collect()
    }

    /// The highest rank from which all that is known to come can still be answered.
    fn rank_max_at(&self, at: usize, done: u64) -> u64 {
        let left = (0..).zip(&self.under_way).filter(|(bit, _)| done & (1u64 << bit) == 0);
        let left = left.filter_map(|(_, operation)| Some(rank_max_of::<M>(&self.operations[(*operation)?])));
        left.min().unwrap_or(u64::MAX).min(self.rank_max[at])
    }
}

fn rank_max_of<M: Model>(operation: &OperationOf<M>) -> u64 {
    operation.output.as_ref().map_or(u64::MAX, |output| M::rank_max(&operation.input, output))
}
