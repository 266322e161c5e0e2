//! Applying the log: one entry, all of it or nothing.
//!
//! Each command is a function of [`Step`] that checks, changes the transaction and answers. A refusal drops what it had
//! changed.

mod clients;
mod cluster;
mod death;
mod dirs;
mod displaced;
mod housekeep;
mod jobs;
mod layouts;
mod nodes;
mod parts;
mod placed;
mod publish;
mod same;
mod settings;
mod uploads;
mod versions;
mod videos;
mod wishes;

pub use housekeep::{housekeeping_due, time_matters};
pub use jobs::LEFT_ALONE_MS;

use vs_core::{
    error::Code,
    mutant::{Mutant, planted},
};

use super::{
    command::{Command, Entry},
    response::{Refused, Response},
    table::{
        clients::{ClientRecord, Clients},
        clock::{ClusterTime, LeaderTerm},
        events::{self, EventKind},
    },
    tables::{TableError, Txn},
    view::View,
};

/// Applies one entry.
///
/// # Errors
/// When the tables cannot be read; the transaction is then not to be used.
pub fn apply(txn: &mut Txn<'_>, index: u64, entry: &Entry) -> Result<Response, TableError> {
    let Some((client, seq)) = entry.client else { return run(txn, index, entry) };
    if seq == ClientRecord::CLOSED {
        return Ok(Response::Refused(Refused::new(Code::Invalid, "no command of a session has this number")));
    }
    let Some(session) = txn.load::<Clients>(&client)?.filter(|session| !session.is_closed()) else {
        return Ok(Response::SessionExpired);
    };
    if seq == session.seq
        && let Some(response) = session.response
    {
        return Ok(response);
    }
    if seq <= session.seq {
        let what = format!("command {seq} of the session was answered before; the last one is {}", session.seq);
        return Ok(Response::Refused(Refused::new(Code::Conflict, what)));
    }
    let response = run(txn, index, entry)?;
    clients::answered(txn, client, seq, &response)?;
    Ok(response)
}

/// Applies the command of an entry, once it is clear that it is to be applied.
fn run(txn: &mut Txn<'_>, index: u64, entry: &Entry) -> Result<Response, TableError> {
    let now = View::new(txn).cluster_time()?;
    let mut over = Txn::over(txn);
    let mut step = Step { txn: &mut over, index, wall_ms: entry.wall_ms, now };
    match step.command(&entry.command) {
        Ok(response) => {
            let writes = over.into_writes();
            txn.absorb(writes);
            Ok(response)
        }
        Err(Stop::Refused(refused)) => Ok(Response::Refused(refused)),
        Err(Stop::Broken(error)) => Err(error),
    }
}

/// Why a command ends early.
enum Stop {
    Refused(Refused),
    Broken(TableError),
}

impl From<TableError> for Stop {
    fn from(error: TableError) -> Self {
        Self::Broken(error)
    }
}

fn refuse<T>(code: Code, what: impl Into<String>) -> Result<T, Stop> {
    Err(Stop::Refused(Refused::new(code, what)))
}

/// One command being applied.
struct Step<'t, 'a> {
    txn: &'t mut Txn<'a>,
    index: u64,
    wall_ms: u64,
    now: ClusterTime,
}

type Answer = Result<Response, Stop>;

impl Step<'_, '_> {
    fn view(&self) -> View<'_> {
        View::new(self.txn)
    }

    fn event(&mut self, kind: EventKind) -> Result<(), TableError> {
        events::push(self.txn, self.index, self.now, self.wall_ms, kind)
    }

    /// Refuses what was proposed by a leader that has a successor.
    fn check_term(&self, term: LeaderTerm) -> Result<(), Stop> {
        let current = self.view().clock()?.term;
        if term != current && !planted(Mutant::OldExecutorResumed) {
            return refuse(Code::Fenced, format!("it was proposed in {term}, and this is {current}"));
        }
        Ok(())
    }

    fn command(&mut self, command: &Command) -> Answer {
        if self.view().cluster()?.is_none() && !matches!(command, Command::Bootstrap { .. }) {
            return refuse(Code::Conflict, "the cluster is not bootstrapped");
        }
        match command {
            Command::Bootstrap { cluster, node, dirs } => self.bootstrap(*cluster, node, dirs),
            Command::NodeUpdate { node, spec, dirs } => self.node_update(*node, spec, dirs),
            Command::Tick { term, elapsed_ms } => self.tick(*term, *elapsed_ms),
            Command::NodeJoin { key, spec } => self.node_join(*key, spec),
            Command::NodeSet { node, zone, weight_milli } => self.node_set(*node, zone.as_deref(), *weight_milli),
            Command::NodeWish { node, wish } => self.node_wish(*node, *wish),
            Command::NodeRemove { node, layout, lost, job } => self.node_remove(*node, layout.as_ref(), *lost, *job),
            Command::LayoutSet { layout } => self.layout_set(layout),
            Command::NodeReadmit { node, addr, key } => self.node_readmit(*node, addr, *key),
            Command::Mark => Ok(Response::Marked { index: self.index }),
            Command::ClientOpen { client } => self.client_open(*client),
            Command::ClientClose { client } => self.client_close(*client),
            Command::UploadBegin(begin) => self.upload_begin(begin),
            Command::UploadReceived { upload, ballot, sha256, bytes } => {
                self.upload_received(*upload, *ballot, *sha256, *bytes)
            }
            Command::UploadTake { upload, node } => self.upload_take(*upload, *node),
            Command::LeaseRenew { upload, ballot } => self.lease_renew(*upload, *ballot),
            Command::PartPut { asset, version, ballot, part } => self.part_put(*asset, *version, *ballot, part),
            Command::OriginalStored { upload, ballot, source, track } => {
                self.original_stored(*upload, *ballot, source, track)
            }
            Command::Commit { upload, ballot, tracks, source, failure } => {
                self.commit(*upload, *ballot, tracks, source.as_ref(), failure.as_deref())
            }
            Command::UploadFail { upload, ballot, code, reason } => self.upload_fail(*upload, *ballot, code, reason),
            Command::UploadAbort { upload } => self.upload_abort(*upload),
            Command::VideoEdit { video, expected, title, description, tags_set, tags_unset } => {
                let edit = videos::Edit { title, description, tags_set, tags_unset };
                self.video_edit(*video, *expected, &edit)
            }
            Command::VideoTrash { video } => self.video_trash(*video),
            Command::VideoRestore { video } => self.video_restore(*video),
            Command::VideoPurge { video } => self.video_purge(*video),
            Command::Placed { asset, version, epoch, term } => self.placed(*asset, *version, *epoch, *term),
            Command::AssetDamaged { asset, version, damaged, term } => {
                self.asset_damaged(*asset, *version, *damaged, *term)
            }
            Command::VersionBegin { asset, scheme, epoch, term } => self.version_begin(*asset, *scheme, *epoch, *term),
            Command::VersionCommit { asset, version, tracks, term } => {
                self.version_commit(*asset, *version, tracks, *term)
            }
            Command::VersionAbort { asset, version, term } => self.version_abort(*asset, *version, *term),
            Command::RedundancySet { video, redundancy } => self.redundancy_set(*video, *redundancy),
            Command::Views { counts } => self.views(counts),
            Command::JobPut { job, term } => self.job_put(job, *term),
            Command::JobControl { job, action } => self.job_control(*job, *action),
            Command::MovesStop { epoch } => self.moves_stop(*epoch),
            Command::MovesStart => self.moves_start(),
            Command::SettingSet { name, value } => self.setting_set(*name, *value),
            Command::SettingReset { name } => self.setting_reset(*name),
            Command::Housekeep { limit } => self.housekeep(*limit),
        }
    }
}

/// Refuses text that is longer than `chars_max` characters.
fn check_text(what: &str, text: &str, chars_max: usize) -> Result<(), Stop> {
    if text.chars().nth(chars_max).is_some() {
        return refuse(Code::Invalid, format!("the {what} is longer than {chars_max} characters"));
    }
    Ok(())
}
