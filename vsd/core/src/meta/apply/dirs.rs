//! A node's data directories, as it finds them.

use vs_core::{
    error::Code,
    id::{DirId, NodeId},
};

use super::{Step, Stop, check_text, refuse};
use crate::meta::table::{
    counters::{self, Counter},
    dirs::{DIRS_MAX, DirRecord, DirSpec, DirState, Dirs},
    events::EventKind,
    uploads::REASON_CHARS_MAX,
};

/// Longest path of a data directory, in characters.
const PATH_CHARS_MAX: usize = 4_096;

impl Step<'_, '_> {
    /// Makes the node's directories those named: new ones get an id, absent ones are missing.
    pub(super) fn update_dirs(&mut self, node: NodeId, specs: &[DirSpec]) -> Result<Vec<DirId>, Stop> {
        let known = self.view().dirs_of(node)?;
        for gone in known.iter().filter(|dir| specs.iter().all(|spec| spec.key != dir.key)) {
            if gone.state != DirState::Missing {
                let fault = gone.unmended().map(str::to_owned);
                self.txn.put::<Dirs>(&gone.id, &DirRecord { state: DirState::Missing, fault, ..gone.clone() });
                self.event(EventKind::DirMissing { dir: gone.id, node })?;
            }
        }
        let mut ids = Vec::with_capacity(specs.len());
        for spec in specs {
            ids.push(self.update_dir(node, spec, known.iter().find(|dir| dir.key == spec.key))?);
        }
        Ok(ids)
    }

    fn update_dir(&mut self, node: NodeId, spec: &DirSpec, known: Option<&DirRecord>) -> Result<DirId, Stop> {
        let id = match known {
            Some(dir) => dir.id,
            None => {
                let id = DirId(counters::take(self.txn, Counter::Dir)?);
                self.event(EventKind::DirAdded { dir: id, node })?;
                id
            }
        };
        // a failed sync is remembered although the directory looks well after a restart
        let remembered = known.and_then(DirRecord::unmended).filter(|_| !spec.mended);
        let fault = remembered.or(spec.fault.as_deref()).map(str::to_owned);
        let state = fault.clone().map_or(DirState::Ok, |reason| DirState::ReadOnly { reason });
        let record = DirRecord { id, node, key: spec.key, path: spec.path.clone(), state, fault };
        if known == Some(&record) {
            return Ok(id);
        }
        if let Some(known) = known
            && known.unmended().is_some()
            && record.state == DirState::Ok
        {
            self.event(EventKind::DirMended { dir: id, node })?;
        }
        if let DirState::ReadOnly { reason } = &record.state
            && known.is_none_or(|dir| dir.state != record.state)
        {
            self.event(EventKind::DirReadOnly { dir: id, node, reason: reason.clone() })?;
        }
        self.txn.put::<Dirs>(&id, &record);
        Ok(id)
    }
}

pub(super) fn check_dirs(dirs: &[DirSpec]) -> Result<(), Stop> {
    if dirs.len() > DIRS_MAX {
        return refuse(Code::Invalid, format!("more than {DIRS_MAX} data directories"));
    }
    for (i, dir) in dirs.iter().enumerate() {
        check_text("path", &dir.path, PATH_CHARS_MAX)?;
        check_text("fault", dir.fault.as_deref().unwrap_or_default(), REASON_CHARS_MAX)?;
        if dirs[..i].iter().any(|other| other.key == dir.key) {
            return refuse(Code::Invalid, format!("{} is named twice, or is a copy of another directory", dir.path));
        }
    }
    Ok(())
}
