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
