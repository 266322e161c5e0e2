//! The checker against histories whose verdict is known: of a register that is atomic, of one that lies, and of a few operations of
//! which every order can be tried.

use std::collections::HashSet;

use super::{
    Model, Operation, OperationOf, check,
    videos::{Input, Output, Title, Video, VideoOperation, VideoState, forget_unseen_titles},
};
use crate::crash::Dice;

const CLIENTS: usize = 5;

/// A register without a rank: nothing bounds what operations of unknown outcome may have done.
#[derive(Clone, Copy, Debug)]
struct Register;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Ask {
    Read,
    Write(u8),
    /// Writes the second when it finds the first.
    Swap(u8, u8),
}

/// What was read, and for a swap whether it took place.
type Told = Option<u8>;

impl Model for Register {
    type State = u8;
    type Input = Ask;
    type Output = Told;

    fn step(state: &u8, input: &Ask, output: Option<&Told>) -> Option<u8> {
        let (after, told) = match *input {
            Ask::Read => (*state, Some(*state)),
            Ask::Write(value) => (value, None),
            Ask::Swap(old, new) if old == *state => (new, Some(1)),
            Ask::Swap(..) => (*state, Some(0)),
        };
        output.is_none_or(|output| *output == told).then_some(after)
    }

    fn is_read(input: &Ask) -> bool {
        *input == Ask::Read
    }
}

/// Whether some order of the operations, and some choice of those of unknown outcome, explains every answer. Tries all of them.
fn has_an_order<M: Model>(state: &M::State, operations: &[OperationOf<M>], done: u32) -> bool {
    let left = || (0..operations.len()).filter(|at| done & (1 << at) == 0);
    if left().all(|at| operations[at].output.is_none()) {
        return true;
    }
    let first_deadline = left().map(|at| operations[at].deadline()).min().expect("something is left");
    left().filter(|at| operations[*at].called <= first_deadline).any(|at| {
        let next = M::step(state, &operations[at].input, operations[at].output.as_ref());
        next.is_some_and(|next| has_an_order::<M>(&next, operations, done | 1 << at))
    })
}

fn index(dice: &mut Dice, end: usize) -> usize {
    usize::try_from(dice.below(end as u64)).expect("below a usize")
}

/// A few operations at random times with random answers: some of these histories have an order, most have none.
fn any_history<I, O>(dice: &mut Dice, mut draw: impl FnMut(&mut Dice) -> (I, O)) -> Vec<Operation<I, O>> {
    let count = 2 + dice.below(5);
    let span = 3 + dice.below(12);
    let mut operation = |client: u64| {
        let (input, output) = draw(dice);
        let called = dice.below(span);
        let returned = called + dice.below(5);
        let output = (dice.below(4) > 0).then_some(output);
        Operation { client: usize::try_from(client).expect("few"), input, output, called, returned }
    };
    (0..count).map(&mut operation).collect()
}

#[test]
fn it_agrees_with_trying_every_order() {
    let mut dice = Dice::new();
    let mut with_an_order = [0, 0];
    let small = |dice: &mut Dice| u8::try_from(dice.below(3)).expect("small");
    for _ in 0..40_000 {
        let history = any_history(&mut dice, |dice| match dice.below(5) {
            0..=1 => (Ask::Read, Some(small(dice))),
            2..=3 => (Ask::Write(small(dice)), None),
            _ => (Ask::Swap(small(dice), small(dice)), Some(u8::from(dice.below(2) == 0))),
        });
        let expected = has_an_order::<Register>(&0, &history, 0);
        with_an_order[0] += u32::from(expected);
        assert_eq!(check::<Register>(&0, &history).is_ok(), expected, "{history:#?}");

        let (history, begin) = (any_history(&mut dice, any_of_a_video), state(false, 0, 1));
        let expected = has_an_order::<Video>(&begin, &history, 0);
        with_an_order[1] += u32::from(expected);
        assert_eq!(check::<Video>(&begin, &history).is_ok(), expected, "{history:#?}");
        let mut forgotten = history.clone();
        forget_unseen_titles(&mut forgotten);
        if titles_are_unique(&history) {
            assert_eq!(check::<Video>(&begin, &forgotten).is_ok(), expected, "{history:#?}");
        }
    }
    assert!(with_an_order.iter().all(|n| (2_000..38_000).contains(n)), "both verdicts are tested: {with_an_order:?}");
}

fn title(number: u64) -> Title {
    Some(format!("t{number}").into())
}

fn state(trashed: bool, number: u64, revision: u64) -> VideoState {
    VideoState { trashed, title: title(number), revision }
}

fn any_of_a_video(dice: &mut Dice) -> (Input, Output) {
    let title = title(1 + dice.below(20));
    let done = |dice: &mut Dice| match dice.below(4) {
        0 => Output::Done(Some(1 + dice.below(3))),
        _ => Output::Done(None),
    };
    let refused = |dice: &mut Dice| if dice.below(4) == 0 { Output::Conflict } else { done(dice) };
    match dice.below(7) {
        0 => (Input::Create, done(dice)),
        1 => (Input::Rename(title), refused(dice)),
        2 => (Input::CompareAndSet { revision: 1 + dice.below(3), title }, refused(dice)),
        3 => (Input::Delete, done(dice)),
        4 => (Input::Read, glimpsed(&state(dice.below(3) == 0, dice.below(3), 0))),
        _ => (Input::Read, Output::Seen(state(dice.below(3) == 0, dice.below(3), 1 + dice.below(3)))),
    }
}

fn glimpsed(state: &VideoState) -> Output {
    Output::Glimpsed { trashed: state.trashed, title: state.title.clone() }
}

fn titles_are_unique(history: &[VideoOperation]) -> bool {
    let mut set = HashSet::from([title(0)]);
    history.iter().all(|operation| match &operation.input {
        Input::Rename(title) | Input::CompareAndSet { title, .. } => set.insert(title.clone()),
        _ => true,
    })
}

/// A history of a video that really is atomic: clients wait, ask, and each operation takes effect at some moment in between. One in
/// `lost` is not answered; it took effect before it was given up, or does long after, or never.
fn atomic_history(dice: &mut Dice, operations: usize, lost: u64) -> Vec<VideoOperation> {
    let mut now = state(false, 0, 1);
    let mut clocks = [0; CLIENTS];
    let mut history = Vec::new();
    let mut effects: Vec<(u64, usize)> = Vec::new();
    let mut titles = 0;
    for _ in 0..operations {
        let client = (0..CLIENTS).min_by_key(|client| clocks[*client]).expect("clients");
        let called = clocks[client] + dice.below(20);
        let returned = called + 1 + dice.below(100);
        titles += 1;
        let input = match dice.below(8) {
            0 => Input::Create,
            1..=2 => Input::Rename(title(titles)),
            // filled in when it takes effect, most often with what it will find
            3..=4 => Input::CompareAndSet { revision: dice.below(4), title: title(titles) },
            5 => Input::Delete,
            _ => Input::Read,
        };
        let is_lost = lost > 0 && dice.below(lost) == 0;
        let takes_effect = match dice.below(3) {
            _ if !is_lost => Some(called + dice.below(returned - called)),
            0 => Some(called + dice.below(returned - called)),
            1 => Some(called + dice.below(2_000)),
            _ => None,
        };
        effects.extend(takes_effect.map(|at| (at, history.len())));
        history.push((Operation { client, input, output: None, called, returned }, is_lost));
        clocks[client] = returned;
    }
    effects.sort_unstable();
    for (_, at) in effects {
        let (operation, is_lost) = &mut history[at];
        if let Input::CompareAndSet { revision, .. } = &mut operation.input {
            *revision = now.revision.saturating_sub(*revision / 2);
        }
        let after = Video::step(&now, &operation.input, None).expect("an unknown outcome is always possible");
        let answers = [Output::Done(Some(after.revision).filter(|_| dice.below(2) == 0)), Output::Conflict];
        let looks = [Output::Seen(now.clone()), glimpsed(&now)];
        let is_right = |output: &Output| Video::step(&now, &operation.input, Some(output)).is_some();
        let answer = match operation.input {
            Input::Read => looks.into_iter().nth(usize::from(dice.below(4) == 0)),
            _ => answers.into_iter().find(is_right),
        };
        operation.output = answer.filter(|_| !*is_lost);
        now = after;
    }
    history.into_iter().map(|(operation, _)| operation).collect()
}

fn checked(history: &[VideoOperation]) -> Result<(), String> {
    let mut history = history.to_vec();
    forget_unseen_titles(&mut history);
    check::<Video>(&state(false, 0, 1), &history).map_err(|violation| violation.to_string())
}

#[test]
fn what_is_atomic_passes_however_much_of_it_is_lost() {
    let mut dice = Dice::new();
    for (operations, lost) in [(20_000, 0), (4_000, 100), (1_000, 20), (200, 6)] {
        let history = atomic_history(&mut dice, operations, lost);
        let unknown = history.iter().filter(|operation| operation.output.is_none()).count();
        eprintln!("{operations} operations of one video, {unknown} of them of unknown outcome");
        checked(&history).unwrap_or_else(|why| panic!("{why}"));
    }
}

fn revision_seen(operation: &VideoOperation) -> Option<u64> {
    match &operation.output {
        Some(Output::Seen(state)) => Some(state.revision),
        _ => None,
    }
}

/// Where a read could be made stale: something newer than `older` was seen, and answered, before it began.
fn stale_read(history: &[VideoOperation], dice: &mut Dice) -> (usize, VideoState) {
    let reads: Vec<_> = (0..history.len()).filter(|at| revision_seen(&history[*at]).is_some()).collect();
    loop {
        let (older, victim) = (reads[index(dice, reads.len())], reads[index(dice, reads.len())]);
        let known = reads.iter().filter(|at| history[**at].returned < history[victim].called);
        let known = known.filter_map(|at| revision_seen(&history[*at])).max();
        if let Some(Output::Seen(state)) = &history[older].output
            && known.is_some_and(|known| state.revision < known)
        {
            return (victim, state.clone());
        }
    }
}

#[test]
fn what_is_not_atomic_is_caught_and_shown_in_a_few_lines() {
    let mut dice = Dice::new();
    for _ in 0..30 {
        let history = atomic_history(&mut dice, 300, 40);
        let (victim, older) = stale_read(&history, &mut dice);
        let mut stale = history.clone();
        stale[victim].output = Some(Output::Seen(older));
        assert_caught(&stale, "a stale read");
    }
    for _ in 0..30 {
        let history = atomic_history(&mut dice, 300, 0);
        assert_caught(&applied_twice(&history, &mut dice), "a change applied twice");
        assert_caught(&lost_change(&history, &mut dice), "a lost change");
    }
}

fn assert_caught(history: &[VideoOperation], what: &str) {
    let why = checked(history).expect_err(what);
    assert!(why.contains("no order explains"), "{what}: {why}");
    assert!(why.lines().count() <= 100, "{what}: {why}");
}

/// The renaming that led to a revision which somebody saw, and that revision.
fn seen_change(history: &[VideoOperation], dice: &mut Dice) -> u64 {
    let last = history.iter().filter_map(revision_seen).max().expect("reads");
    let seen: Vec<_> = history.iter().filter_map(revision_seen).filter(|seen| (3..last).contains(seen)).collect();
    seen[index(dice, seen.len())]
}

/// From some revision on everybody sees one more than there should be.
fn applied_twice(history: &[VideoOperation], dice: &mut Dice) -> Vec<VideoOperation> {
    shifted(history, seen_change(history, dice), 1)
}

/// From some revision on everybody sees one less.
fn lost_change(history: &[VideoOperation], dice: &mut Dice) -> Vec<VideoOperation> {
    shifted(history, seen_change(history, dice), -1)
}

fn shifted(history: &[VideoOperation], from: u64, by: i64) -> Vec<VideoOperation> {
    let mut history = history.to_vec();
    for operation in &mut history {
        if let Some(Output::Seen(VideoState { revision, .. }) | Output::Done(Some(revision))) = &mut operation.output
            && *revision >= from
        {
            *revision = revision.checked_add_signed(by).expect("a revision");
        }
    }
    history
}

#[test]
fn a_window_names_the_operations_that_have_no_order() {
    let operation = |client, input, output, called, returned| Operation { client, input, output, called, returned };
    let seen = |number, revision| Some(Output::Seen(state(false, number, revision)));
    let mut history = vec![
        operation(0, Input::Rename(title(1)), Some(Output::Done(Some(2))), 0, 10),
        operation(1, Input::Read, seen(1, 2), 12, 15),
        operation(2, Input::Rename(title(2)), Some(Output::Done(None)), 20, 30),
        operation(1, Input::Read, seen(2, 3), 21, 28),
        operation(0, Input::Read, seen(1, 2), 31, 40),
        operation(3, Input::Read, seen(2, 3), 50, 60),
    ];
    let violation = check::<Video>(&state(false, 0, 1), &history).expect_err("a stale read");
    assert_eq!(violation.operations, [history[3].clone(), history[4].clone()], "{violation}");
    // explained by somebody whose answer was lost: a renaming back, which raises the revision all the same
    history[4].output = seen(9, 4);
    history[5].output = seen(9, 4);
    assert!(check::<Video>(&state(false, 0, 1), &history).is_err());
    history.push(operation(4, Input::Rename(title(9)), None, 5, 6));
    assert!(check::<Video>(&state(false, 0, 1), &history).is_ok());
}
