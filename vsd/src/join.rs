//! How the node's data directories come into use: found, told to the cluster, opened.
//!
//! The cluster is asked before any of them is opened, because superblocks carry the id that it gives, and because it
//! remembers what an opened directory cannot know: that a sync of it failed before the restart (DSK-1).
//!
//! Invariants:
//! - What is wrong with one directory costs that directory: the others are served, and `vsctl status` says why.
//! - A directory that cannot be used is missing for the cluster until it can be.
//! - A fault is only taken for mended once, and before anything is written to the directory again.
//! - Without a quorum the directories that this node knows are served as it knows them (AVL-1). Should the cluster know
//!   of a fault that this node does not, the node stops.
//! - A node that has none of those has nothing to serve: it waits until the cluster has taken one.

use std::{path::PathBuf, sync::Arc, time::Duration};

use uuid::Uuid;
use vs_core::{
    error::{Code, Failure},
    id::{DirId, NodeId},
};
use vsd_core::{
    meta::{Command, DirRecord, DirSpec, DirState, NodeSpec, Response, View},
    superblock,
};

use crate::{
    admin,
    config::Config,
    meta::{Meta, MetaError, StateRead},
    node::DataDir,
    storage::{self, Directory, DiskFaults, Held, Limits, Lost, Owner, Store, Unusable},
};

/// How long a node that starts waits for a quorum before it serves without one what it has.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);
/// The same for a node that waits as long as it takes.
const PAUSE_LONG: Duration = Duration::from_millis(500);

/// What the node tells of itself, and of which directories.
#[derive(Clone, Debug)]
pub(crate) struct Membership {
    node: NodeId,
    spec: NodeSpec,
    dirs: Vec<(DirId, DirSpec)>,
    /// The cluster has not heard of this start yet; these are the directories that are served as sound.
    untold: Option<Vec<Uuid>>,
}

impl Membership {
    /// Tells the cluster what it does not know: of a start without a quorum, and of failed syncs. False when the cluster
    /// knows of a fault in a directory that is served as sound.
    pub(crate) async fn tell_news(&mut self, meta: &Meta, failed: Vec<(DirId, String)>) -> Result<bool, Failure> {
        if let Some(sound) = self.untold.clone() {
            self.tell(meta).await?;
            let known = known(&meta.read().await?.view(), self.node)?;
            self.untold = None;
            if known.iter().any(|dir| sound.contains(&dir.key) && dir.unmended().is_some()) {
                return Ok(false);
            }
        }
        self.tell_faults(meta, failed).await?;
        Ok(true)
    }

    /// The directories of which a sync failed since they were last told of, told to the cluster.
    async fn tell_faults(&mut self, meta: &Meta, failed: Vec<(DirId, String)>) -> Result<(), Failure> {
        let mut news = self.clone();
        for (failed, why) in failed {
            let dir = news.dirs.iter_mut().find(|(dir, _)| *dir == failed);
            if let Some((_, spec)) = dir {
                spec.fault.get_or_insert(why);
            }
        }
        if news.dirs != self.dirs {
            news.tell(meta).await?;
            *self = news;
        }
        Ok(())
    }

    /// Tells it as often as it takes.
    async fn tell_in_the_end(&self, meta: &Meta) -> Result<Vec<DirId>, Failure> {
        let mut waits = false;
        loop {
            match self.tell(meta).await {
                Err(failure) if failure.code.retryable() => {
                    if !std::mem::replace(&mut waits, true) {
                        tracing::warn!(%failure, "waiting until the cluster has taken the directories of this node");
                    }
                    tokio::time::sleep(PAUSE_LONG).await;
                }
                told => return told,
            }
        }
    }

    async fn tell(&self, meta: &Meta) -> Result<Vec<DirId>, Failure> {
        let dirs = self.dirs.iter().map(|(_, dir)| dir.clone()).collect();
        let update = Command::NodeUpdate { node: self.node, spec: self.spec.clone(), dirs };
        match meta.propose(update).await?.accepted()? {
            Response::Node { dirs, .. } => Ok(dirs),
            other => Err(Failure::new(Code::Internal, format!("an unexpected answer: {other:?}"))),
        }
    }
}

/// Takes every directory of the configuration into use that can be. A lab can break their disks where there are `faults`.
///
/// # Errors
/// When none can be, or the cluster does not take them.
pub(crate) async fn join(
    config: &Config,
    data: &DataDir,
    meta: &Meta,
    spec: NodeSpec,
    faults: Option<&Arc<dyn DiskFaults>>,
) -> Result<(Store, Membership), Failure> {
    let node = data.identity.node;
    let state = freshest(meta).await?;
    let mut lost = Vec::new();
    let known_here = known(&state.view(), node)?;
    let mut held = hold_all(config, data, &known_here, &mut lost);
    let id = |held: &Held| known_here.iter().find(|dir| dir.key == held.identity.key).map(|dir| dir.id);
    let dirs = held.iter().map(|held| (DirId(0), told(held))).collect();
    let mut membership = Membership { node, spec, dirs, untold: None };
    let all_are_new = !held.is_empty() && held.iter().all(|held| id(held).is_none());
    let answer = if all_are_new { membership.tell_in_the_end(meta).await } else { membership.tell(meta).await };
    let ids = match answer {
        Ok(ids) => ids,
        // that leaders come and go says no more than that nobody leads
        Err(failure) if failure.code.retryable() => {
            held.retain(|held| {
                id(held).is_some() || {
                    lose(&mut lost, held.path.clone(), "the cluster has to know it first".to_owned());
                    false
                }
            });
            membership.dirs.retain(|(_, dir)| held.iter().any(|held| held.identity.key == dir.key));
            membership.untold = Some(membership.dirs.iter().map(|(_, dir)| dir.key).collect());
            tracing::warn!("without a quorum: chunks are served as this node knows them");
            held.iter().filter_map(id).collect()
        }
        Err(failure) => return Err(failure),
    };
    membership.dirs.iter_mut().zip(&ids).for_each(|((id, dir), given)| {
        *id = *given;
        dir.mended = false;
    });

    let settled = held.iter_mut().zip(&ids).map(|(held, id)| settle(held, *id)).collect::<Vec<_>>();
    // what was told may have changed it
    let state = if membership.untold.is_none() { freshest(meta).await? } else { state };
    let known = known(&state.view(), node)?;
    if let Some(sound) = &mut membership.untold {
        sound.retain(|key| known.iter().all(|dir| dir.key != *key || dir.unmended().is_none()));
    }
    let failed_fsync =
        |key: Uuid| known.iter().any(|dir| dir.key == key && matches!(dir.state, DirState::ReadOnly { .. }));
    let told = held.len();
    let mut dirs = Vec::new();
    for ((held, settled), id) in held.into_iter().zip(settled).zip(ids) {
        let path = held.path.clone();
        let opened = settled.map_err(|why| why.to_string()).and_then(|check_forgotten| {
            let failed_fsync = failed_fsync(held.identity.key) || !check_forgotten;
            open(config, held, id, failed_fsync, faults.cloned()).map_err(|why| why.to_string())
        });
        match opened {
            Ok(dir) => dirs.push(dir),
            Err(why) => lose(&mut lost, path, why),
        }
    }
    if dirs.is_empty() {
        return Err(lost
            .into_iter()
            .fold(unusable(), |failure, Lost { path, why }| failure.because(format!("{}: {why}", path.display()))));
    }
    if dirs.len() < told {
        membership.dirs.retain(|(id, _)| dirs.iter().any(|dir| dir.id() == *id));
        if membership.untold.is_none() {
            membership.tell(meta).await?;
        }
    }
    let store = Store::new(dirs, lost).map_err(|error| unusable().because(error))?;
    Ok((store, membership))
}

/// The directories that are there and this node's.
fn hold_all(config: &Config, data: &DataDir, known: &[DirRecord], lost: &mut Vec<Lost>) -> Vec<Held> {
    let owner = Owner { cluster: data.identity.cluster, node: data.identity.node, known };
    let mut all: Vec<Held> = Vec::new();
    let is_default = config.storage.dirs.is_empty();
    let paths = if is_default { vec![data.chunks()] } else { config.storage.dirs.clone() };
    for path in paths {
        let held = owner.hold(&path, is_default).and_then(|held| {
            match all.iter().find(|other| other.identity.key == held.identity.key) {
                Some(other) => Err(Unusable::Copy(other.path.clone())),
                None => Ok(held),
            }
        });
        match held {
            Ok(held) => all.push(held),
            Err(why) => lose(lost, path, why.to_string()),
        }
    }
    all
}

/// Makes the cluster's id for a directory its own. Whether what was mended cannot be taken for mended again.
fn settle(held: &mut Held, id: DirId) -> Result<bool, Unusable> {
    held.settle(id)?;
    if !held.mended {
        return Ok(true);
    }
    let forgotten = held.forget_check();
    if let Err(error) = &forgotten {
        tracing::warn!(dir = %id, path = %held.path.display(), %error, "fsck.toml cannot be removed");
    }
    Ok(forgotten.is_ok())
}

fn open(
    config: &Config,
    held: Held,
    id: DirId,
    failed_fsync: bool,
    faults: Option<Arc<dyn DiskFaults>>,
) -> Result<Directory, superblock::OpenError> {
    let options = superblock::Config {
        failed_fsync,
        full_percent: config.storage.full_percent,
        ..superblock::Config::new(id, rand::random())
    };
    let limits = Limits::new(config.storage.warn_percent.min(config.storage.full_percent));
    storage::open(held, options, limits, faults)
}

fn told(held: &Held) -> DirSpec {
    let path = held.path.to_string_lossy().into_owned();
    DirSpec { key: held.identity.key, path, fault: None, mended: held.mended }
}

/// The node's directories as the cluster knows them.
fn known(view: &View<'_>, node: NodeId) -> Result<Vec<DirRecord>, Failure> {
    view.dirs_of(node).map_err(admin::internal)
}

/// The newest state that can be had: the cluster's, or without a quorum this node's.
async fn freshest(meta: &Meta) -> Result<StateRead, Failure> {
    let until = tokio::time::Instant::now() + PATIENCE;
    loop {
        match meta.read().await {
            Ok(state) => return Ok(state),
            Err(MetaError::Stopped(why)) => return Err(MetaError::Stopped(why).into()),
            Err(_) if tokio::time::Instant::now() < until => tokio::time::sleep(PAUSE).await,
            Err(_) => return Ok(meta.stale().state),
        }
    }
}

fn lose(lost: &mut Vec<Lost>, path: PathBuf, why: String) {
    tracing::error!(path = %path.display(), why, "a data directory is not in use");
    lost.push(Lost { path, why });
}

fn unusable() -> Failure {
    Failure::new(Code::DataDir, "the chunks cannot be opened")
}
