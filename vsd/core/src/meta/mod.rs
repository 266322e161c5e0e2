//! The metadata state machine: what the library knows, and the only ways in which that changes.
//!
//! A log of [`Entry`]s is applied one by one to ordered key-value [`Tables`]. This module decides; storing, agreeing on
//! and carrying the log is the daemon's business (`vsd::meta`).
//!
//! Invariants:
//! - CON-2: [`apply()`] is deterministic and total. It reads the tables and the entry and nothing else; a command that
//!   the rules forbid is answered with [`Response::Refused`] and changes nothing. Only tables that cannot be read stop
//!   it.
//! - CON-3: a command that carries a client session is applied once, however often it is proposed.
//! - A dead asset stays dead, and no id is given out twice.
//! - A listed video's asset is live, and every part of every track of a live asset is in the tables.
//! - What a live asset plays does not change: a version that replaces another has the same segments of the same chunks.
//! - The epochs that an asset is placed by, and that its pending version is written by, have their layouts.
//! - A writer of an older ballot changes nothing, and neither does an executor of an older term.
//! - Cluster time never runs backwards, and a tick applied twice counts once.
//! - One command does a bounded amount of work: what can be large is done by [`Command::Housekeep`] in steps.
//!
//! # Keys
//!
//! One byte of family, then the id in an encoding that sorts as the id does. Values are in the form of
//! [`vs_core::codec`].
//!
//! | byte | family | id | value |
//! |---|---|---|---|
//! | `01` | [`table::counters`] | counter u8 | next id, or index |
//! | `02` | [`table::cluster`] | - | cluster id and incarnation |
//! | `03` | [`table::clock`] | - | cluster time |
//! | `04` | [`table::cluster`], ended incarnations | incarnation u16 | first asset id that may be lost |
//! | `10` | [`table::videos`] | video | [`VideoRecord`] |
//! | `11` | [`table::videos`], by title | SHA-256 of the title, video | - |
//! | `12` | [`table::videos`], by asset | asset, video | - |
//! | `20` | [`table::assets`] | asset | [`AssetRecord`] |
//! | `21` | [`table::parts`] | asset, version, ballot, track, number | the part's kept form |
//! | `22` | [`table::displaced`] | asset, chunk, place, stand-in or 0 | - |
//! | `23` | [`table::dedup`] | SHA-256 of content and options | asset |
//! | `24` | [`table::cleanup`] | asset | where to go on |
//! | `30` | [`table::uploads`] | upload | [`UploadRecord`] |
//! | `40` | [`table::layouts`] | epoch | layout |
//! | `41` | [`table::layouts`], uses | epoch | assets placed by it, and pending versions |
//! | `42` | [`table::nodes`] | node | [`NodeRecord`] |
//! | `43` | [`table::dirs`] | directory | [`DirRecord`] |
//! | `44` | [`table::jobs`] | job | [`JobRecord`] |
//! | `50` | [`table::settings`] | name | value |
//! | `51` | [`table::clients`] | client | [`ClientRecord`] |
//! | `52` | [`table::aging`] | kind u8, since when, id | - |
//! | `53` | [`table::events`] | sequence | [`Event`] |

mod apply;
mod check;
mod command;
mod family;
mod incarnation;
mod layout_cache;
mod response;
pub mod table;
mod tables;
mod view;

pub use apply::{LEFT_ALONE_MS, apply, housekeeping_due, time_matters};
pub use check::{MetaFlaw, check_tables};
pub use command::{Command, Entry, JobAction, UploadBegin};
pub use incarnation::{begin_incarnation, index_in};
pub use layout_cache::LayoutCache;
pub use response::{Refused, Response};
pub use table::{
    assets::{AssetFate, AssetRecord, AssetState, AssetStatus, Pending, SourceInfo, SourceStream},
    clients::{ClientId, ClientRecord},
    clock::{Clock, ClusterTime, LeaderTerm, TICK_MS_MAX},
    cluster::ClusterRecord,
    dirs::{DirRecord, DirSpec, DirState},
    events::{EVENTS_KEPT, Event, EventKind},
    jobs::{JOB_LOG_LINES_MAX, JOBS_ENDED_MAX, JOBS_OPEN_MAX, JobKind, JobRecord, JobState},
    nodes::{NODES_MAX, NodeRecord, NodeSpec, Role},
    settings::{SettingName, SettingUnit},
    uploads::{End, OnDuplicate, Redundancy, TrackOptions, UploadPhase, UploadRecord},
    videos::{Trashed, VideoRecord},
};
pub use tables::{MemTables, Pair, TableError, Tables, Txn};
pub use view::{Resolved, SettingValue, View};

#[cfg(test)]
pub(crate) mod test;
