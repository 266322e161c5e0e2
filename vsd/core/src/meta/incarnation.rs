//! A new beginning after entries of the log may have been lost: `vsd recover` and a loaded snapshot.
//!
//! The lost entries gave out ids that other machines, disks and clients may still know. So every later id has the
//! number of the incarnation in its high bits, and an asset id that the lost entries may have given out is
//! [`AssetFate::Unknown`](super::AssetFate), never dead. This is no command: it happens while nobody applies the log.
//! The indexes of the log go on; where they are told to nodes of any incarnation, they have its number in their high
//! bits too ([`index_in`]).

use super::{
    table::{
        cluster::{Cluster, Ended},
        counters::{self, Counter, INCARNATION_BIT},
        events::{self, EventKind},
        layouts,
    },
    tables::{TableError, Txn},
    view::View,
};

/// What counts ids. Events go on without a gap, by which they are dropped.
const IDS: [Counter; 5] = [Counter::Asset, Counter::Node, Counter::Dir, Counter::Epoch, Counter::Job];

/// Begins the next incarnation and returns its number. The current layout becomes its first epoch.
///
/// # Errors
/// When the tables cannot be read, or hold no cluster; the transaction is then not to be used.
pub fn begin_incarnation(txn: &mut Txn<'_>, wall_ms: u64) -> Result<u64, TableError> {
    let (cluster, layout) = (View::new(txn).cluster()?, View::new(txn).current_layout()?);
    let (Some(mut cluster), Some(mut layout)) = (cluster, layout) else {
        return Err(TableError::Read("no cluster was begun in it".to_owned()));
    };
    txn.put::<Ended>(&cluster.incarnation, &counters::next(txn, Counter::Asset)?);
    cluster.incarnation = cluster.incarnation.saturating_add(1);
    txn.put::<Cluster>(&(), &cluster);
    for counter in IDS {
        counters::raise(txn, counter, cluster.incarnation)?;
    }
    layout.epoch = layouts::next(txn)?;
    layouts::commit(txn, &layout)?;
    let now = View::new(txn).cluster_time()?;
    events::push(txn, 0, now, wall_ms, EventKind::IncarnationBegun { incarnation: cluster.incarnation })?;
    Ok(cluster.incarnation.into())
}

/// An index of the log among those of all incarnations: one of a later incarnation is higher.
#[must_use]
pub fn index_in(incarnation: u64, index: u64) -> u64 {
    index | incarnation << INCARNATION_BIT
}
