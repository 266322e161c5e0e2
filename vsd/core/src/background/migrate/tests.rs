use vs_core::layout::Scheme;

use super::*;
use crate::background::{picture::Shown, stage::Stage};

/// A leader that remembers nothing changes films for so long.
fn lead(stage: &Stage, secs: u64) -> Vec<Command> {
    stage.lead(|leader| async move { leader.migrate().await }, secs)
}

/// So many that one, once it was refused, would be tried again before the last one was.
const REFUSED: u8 = 20;

#[test]
fn films_that_cannot_be_changed_do_not_keep_others_from_it() {
    let stage = Stage::of(5);
    let films: Vec<_> = (1..=REFUSED + 1).map(|n| stage.film(n)).collect();
    stage.set_layout(&[1, 2, 3, 4]);
    stage.show(5, Shown::Down);
    for n in 1..=REFUSED {
        stage.keep(n, 5);
    }
    stage.keep(REFUSED + 1, 2);
    let begun = |proposed: Vec<Command>, film: AssetId| {
        let begins = |command: &&Command| matches!(command, Command::VersionBegin { asset, .. } if *asset == film);
        proposed.iter().filter(begins).count()
    };
    lead(&stage, 200);
    let schemes: Vec<_> = films.iter().map(|film| stage.asset(*film).scheme).collect();
    let (last, others) = schemes.split_last().expect("there are some");
    assert_eq!(*last, Scheme::Replicate(2));
    assert!(others.iter().all(|scheme| *scheme == Scheme::REPLICATED), "five copies need the node that is gone");
    assert!(begun(lead(&stage, 400), films[0]) > 1, "they are tried again");
}

fn commits(command: &Command) -> bool {
    matches!(command, Command::VersionCommit { .. })
}

#[test]
fn a_change_has_one_job_whoever_leads_and_goes_on_before_others_begin() {
    for applied in [false, true] {
        let stage = Stage::of(5);
        let films = [1, 2].map(|n| stage.film(n));
        stage.keep(2, 2);
        stage.kill_at(commits, applied);
        lead(&stage, 60);
        let told = stage.jobs();
        assert_eq!(
            told.iter().map(|job| (job.asset, job.state)).collect::<Vec<_>>(),
            [(Some(films[1]), JobState::Running)]
        );
        stage.elect();
        stage.keep(1, 2);
        let begun = lead(&stage, 60).into_iter().find_map(|command| match command {
            Command::VersionBegin { asset, .. } => Some(asset),
            _ => None,
        });
        assert_eq!(begun, Some(films[usize::from(!applied)]), "what was committed is not begun anew");
        assert_eq!(films.map(|film| stage.asset(film).scheme), [Scheme::Replicate(2); 2]);
        let jobs = stage.jobs();
        assert_eq!(jobs.iter().map(|job| job.asset).collect::<Vec<_>>(), [1, 0].map(|film| Some(films[film])));
        assert!(jobs.iter().all(|job| job.state == JobState::Done), "{jobs:?}");
        assert_eq!(jobs[usize::from(applied)].chunks_done, 2, "none is counted twice");
    }
}

#[test]
fn a_job_whose_change_the_log_refuses_to_the_next_leader_has_failed_and_says_why() {
    let stage = Stage::of(5);
    stage.film(1);
    stage.keep(1, 5);
    stage.kill_at(commits, false);
    lead(&stage, 60);
    stage.elect();
    stage.set_layout(&[1, 2, 3, 4]);
    stage.show(5, Shown::Down);
    lead(&stage, 60);
    let jobs = stage.jobs();
    assert_eq!((jobs.len(), jobs[0].state), (1, JobState::Failed));
    assert!(jobs[0].what.contains("n5 is missing and was not removed"), "{}", jobs[0].what);
}

#[test]
fn what_a_dead_leader_wrote_is_kept_while_nothing_can_be_begun_but_holds_nothing_up_for_long() {
    const DROP_DELAY_SECS: u64 = 600;
    let begun = || {
        let stage = Stage::of(5);
        let film = stage.film(1);
        stage.keep(1, 2);
        stage.kill_at(commits, false);
        lead(&stage, 60);
        let pending = stage.asset(film).pending.expect("it was begun");
        stage.show(5, Shown::Down);
        stage.elect();
        lead(&stage, DROP_DELAY_SECS / 2);
        assert_eq!(stage.asset(film).pending, Some(pending), "its copies are wanted for as long as it is pending");
        (stage, film)
    };
    let is_changed = |stage: &Stage, film| {
        let asset = stage.asset(film);
        (asset.pending.is_none(), asset.scheme == Scheme::Replicate(2))
    };

    let (stage, film) = begun();
    stage.show(5, Shown::Up);
    lead(&stage, 60);
    assert_eq!(is_changed(&stage, film), (true, true), "the node is back");

    let (stage, film) = begun();
    stage.set_layout(&[1, 2, 3, 4]);
    lead(&stage, 60);
    assert_eq!(is_changed(&stage, film), (true, true), "it does without the node");

    let (stage, film) = begun();
    stage.keep(1, 3);
    lead(&stage, 60);
    assert_eq!(is_changed(&stage, film), (true, false), "nobody wants it any more");

    let (stage, film) = begun();
    lead(&stage, DROP_DELAY_SECS + 60);
    assert_eq!(is_changed(&stage, film), (true, false), "it cannot be placed anew for so long");
    assert_eq!(stage.jobs()[0].state, JobState::Running, "it is still to be done");

    let (stage, film) = begun();
    let urgent = |leader: std::sync::Arc<Repairer<Stage>>| async move {
        leader.is_urgent.store(true, Relaxed);
        leader.migrate().await;
    };
    stage.lead(urgent, 60);
    assert_eq!(is_changed(&stage, film), (true, false), "other copies come first");
}
