//! Nodes that are lost in the middle of something, two at a time, and come back: meanwhile every film is to be read as it was.

use std::path::PathBuf;

use crate::{
    Cluster,
    clip::{Clip, numbered},
    redundancy::{Film, await_answers},
};

/// What happens to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blow {
    Kill,
    Freeze,
}

/// Whom it happens to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Victim {
    /// It executes what is under way, too.
    Leader,
    /// Something is being written to it.
    Target,
    Both,
}

/// One blow at a time, each kind to each victim.
pub const EACH: [(Victim, Blow); 4] = [
    (Victim::Leader, Blow::Kill),
    (Victim::Target, Blow::Freeze),
    (Victim::Leader, Blow::Freeze),
    (Victim::Target, Blow::Kill),
];

/// Whatever may happen to leader and target.
pub const ALL: [(Victim, Blow); 6] =
    [EACH[0], EACH[1], EACH[2], EACH[3], (Victim::Both, Blow::Kill), (Victim::Both, Blow::Freeze)];

/// The films that have to be there all the time.
#[derive(Debug, Default)]
pub struct Kept {
    pub films: Vec<Film>,
    uploads: u64,
}

impl Kept {
    #[must_use]
    pub fn new(films: Vec<Film>) -> Self {
        Self { films, uploads: 0 }
    }

    /// Takes the victims away, and as many others as make two nodes; reads everything, and uploads one more film, before
    /// they come back.
    pub fn strike(&mut self, cluster: &mut Cluster, target: usize, victim: Victim, blow: Blow) {
        let leader = cluster.await_leader();
        // a target that leads is struck as what it is
        let mut struck = match victim {
            Victim::Leader => vec![leader],
            Victim::Target => vec![target],
            Victim::Both => vec![leader, target],
        };
        struck.dedup();
        let others: Vec<_> = (0..cluster.size()).filter(|at| ![leader, target].contains(at)).collect();
        // another one each time
        let bystander = others.get(self.films.len() % others.len()).copied().filter(|_| struck.len() < 2);
        eprintln!("{blow:?} of {victim:?}: nodes {struck:?}, and {bystander:?} is dead");
        for at in &struck {
            match blow {
                Blow::Kill => cluster.kill(*at),
                Blow::Freeze => cluster.freeze(*at),
            }
        }
        bystander.iter().for_each(|at| cluster.kill(*at));
        let away: Vec<_> = struck.iter().chain(&bystander).copied().collect();
        self.assert_reads_without(cluster, &away);
        let upload = self.next_upload(cluster);
        let anywhere = cluster.tools_anywhere();
        self.films.push(Film::store(&anywhere, &upload, &[]));
        for at in &struck {
            match blow {
                Blow::Kill => cluster.node_mut(*at).launch(),
                Blow::Freeze => cluster.thaw(*at),
            }
        }
        bystander.iter().for_each(|at| cluster.node_mut(*at).launch());
        away.iter().for_each(|at| cluster.node_mut(*at).await_ready());
        await_answers(&anywhere);
    }

    fn next_upload(&mut self, cluster: &Cluster) -> PathBuf {
        self.uploads += 1;
        numbered(Clip::Short, 1_000 + self.uploads, &cluster.work())
    }

    /// Requires that everything is as it was, while these nodes are away.
    #[track_caller]
    pub fn assert_reads_without(&self, cluster: &Cluster, away: &[usize]) {
        let here: Vec<_> = (0..cluster.size()).filter(|at| !away.contains(at)).collect();
        let _ = cluster.await_leader_among(&here);
        let anywhere = cluster.tools_anywhere();
        await_answers(&anywhere);
        self.films.iter().for_each(|film| film.assert_reads(&anywhere));
    }

    /// Ends these nodes for a while and requires that everything is as it was.
    #[track_caller]
    pub fn assert_survives(&self, cluster: &mut Cluster, lost: &[usize]) {
        lost.iter().for_each(|at| cluster.kill(*at));
        self.assert_reads_without(cluster, lost);
        lost.iter().for_each(|at| cluster.node_mut(*at).launch());
        lost.iter().for_each(|at| cluster.node_mut(*at).await_ready());
    }
}
