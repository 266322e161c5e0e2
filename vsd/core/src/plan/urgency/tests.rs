use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const LIST_MAX: usize = 16;
/// What one task takes, and a list.
const TASK: Duration = Duration::from_secs(2);
const PASS_MAX: Duration = Duration::from_secs(32);

#[derive(Clone, Copy, Debug)]
struct Task {
    no: u64,
    class: Class,
    weight: u64,
    /// Until then it fails.
    fails_until: Duration,
}

fn tasks(class: Class, from: u64, max: usize) -> impl Strategy<Value = Vec<Task>> {
    let never = Duration::from_secs(u64::MAX / 4);
    let until = prop_oneof![
        4 => Just(Duration::ZERO),
        2 => (1u64..2_000).prop_map(Duration::from_secs),
        1 => Just(never),
    ];
    prop::collection::vec((0u64..4, until), 0..max).prop_map(move |drawn| {
        let task = |(no, (weight, fails_until))| Task { no, class, weight, fails_until };
        (from..).zip(drawn).map(task).collect()
    })
}

fn rank(task: &Task, failed: &HashSet<u64>) -> Rank {
    Rank { class: task.class, has_failed: failed.contains(&task.no), weight: task.weight, asset: AssetId(task.no) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// An executor with a short list, tasks of which some fail for a while or for good, and many moves.
    #[test]
    fn nothing_moves_while_something_could_be_repaired_and_what_failed_comes_again_soon(
        repairs in tasks(Class::Repair, 0, 60),
        lost in tasks(Class::Lost, 1_000, 30),
        moves in tasks(Class::Move, 2_000, 60),
    ) {
        let mut open: Vec<_> = repairs.into_iter().chain(lost).chain(moves).collect();
        let (mut failures, mut now) = (Failures::default(), Duration::from_secs(1_000));
        let mut tried_at: HashMap<u64, Duration> = HashMap::new();
        for _ in 0..800 {
            let began = now;
            let failed = failures.begin_pass(now);
            let mut list = open.clone();
            keep_most_urgent(&mut list, LIST_MAX, |task| rank(task, &failed));
            prop_assert!(list.len() == LIST_MAX.min(open.len()));
            for task in list {
                if task.class == Class::Move && failures.is_repair_due(now, Duration::ZERO) {
                    break;
                }
                if task.class == Class::Move {
                    let waiting: Vec<_> = open.iter().filter(|other| other.class == Class::Repair).collect();
                    for other in &waiting {
                        let Some(at) = tried_at.get(&other.no) else {
                            return Err(TestCaseError::fail(format!("{other:?} was not tried, and {task:?} runs")));
                        };
                        prop_assert!(now - *at <= AGAIN_AFTER_MAX + PASS_MAX);
                        prop_assert!(*at > began || waiting.len() > LIST_MAX / 4, "it could be tried at once");
                    }
                }
                now += TASK;
                tried_at.insert(task.no, now);
                if now < task.fails_until {
                    failures.failed(task.no, task.class, now);
                } else {
                    failures.done(&task.no);
                    open.retain(|other| other.no != task.no);
                }
            }
            now = now.max(began + PASS_MAX);
        }
        let left: Vec<_> = open.iter().filter(|task| task.fails_until <= Duration::from_secs(2_000)).collect();
        prop_assert!(left.is_empty(), "what fails for good holds up {left:?}");
    }

    #[test]
    fn the_same_tasks_are_kept_at_once_or_one_after_the_other(
        repairs in tasks(Class::Repair, 0, 40),
        lost in tasks(Class::Lost, 1_000, 40),
        moves in tasks(Class::Move, 2_000, 40),
        failed in prop::collection::hash_set(0u64..40, 0..20),
        order: u64,
    ) {
        let mut all: Vec<_> = repairs.into_iter().chain(lost).chain(moves).collect();
        all.sort_by_key(|task| (task.no + 1).wrapping_mul(order | 1));
        let names = |tasks: &[Task]| tasks.iter().map(|task| task.no).collect::<Vec<_>>();
        let mut slowly = Vec::new();
        let mut dropped = BTreeSet::new();
        for task in &all {
            slowly.push(*task);
            if slowly.len() >= 2 * LIST_MAX {
                dropped.extend(names(&keep_most_urgent(&mut slowly, LIST_MAX, |task| rank(task, &failed))));
            }
        }
        dropped.extend(names(&keep_most_urgent(&mut slowly, LIST_MAX, |task| rank(task, &failed))));
        let mut at_once = all.clone();
        keep_most_urgent(&mut at_once, LIST_MAX, |task| rank(task, &failed));
        prop_assert_eq!(names(&slowly), names(&at_once));
        prop_assert_eq!(dropped.len() + slowly.len(), all.len());
        let count = |tasks: &[Task], kind| tasks.iter().filter(|task| rank(task, &failed).kind() == kind).count();
        for (kind, share) in [(AGAIN, LIST_MAX / 4), (LOST, LIST_MAX / 8)] {
            prop_assert!(count(&slowly, kind) >= count(&all, kind).min(share), "kind {kind} has no share");
        }
        prop_assert!(count(&slowly, MOVE) == 0 || count(&slowly, FRESH) == count(&all, FRESH));
    }
}

#[test]
fn a_repair_that_failed_interrupts_moves_but_not_sooner_than_it_takes_to_look() {
    let (mut failures, no) = (Failures::default(), Duration::ZERO);
    let at = Duration::from_secs;
    failures.begin_pass(at(0));
    failures.failed(1, Class::Move, at(1));
    failures.failed(2, Class::Lost, at(1));
    assert!(!failures.is_repair_due(at(1_000), no), "neither is more urgent than moves");
    failures.failed(3, Class::Repair, at(5));
    failures.failed(4, Class::Repair, at(60));
    assert!(!failures.is_repair_due(at(64), no) && failures.is_repair_due(at(65), no), "the first one counts");
    assert!(!failures.is_repair_due(at(65), at(600)) && failures.is_repair_due(at(605), at(600)));
    assert_eq!(failures.begin_pass(at(700)), [1, 2, 3, 4].into(), "that pass was long");
    assert!(!failures.is_repair_due(at(1_000), no));
    assert_eq!(failures.begin_pass(at(1_000)), [].into());
}
