//! `vsctl help TOPIC`: what is about no single command. A topic is a hidden command, so that `help` finds it.

use vs_core::error::Exit;

use crate::out;

/// What reads and changes promise.
pub(crate) const CONSISTENCY: &str = "\
What reads and changes promise

Metadata (videos, nodes, settings) is agreed on by the voters, one, three or
five of the nodes. Any node answers any call; it asks the leader itself.

Changes are acknowledged once a majority of the voters has them on disk. One
whose answer is lost is sent again with the same number, to another node if
need be, and is applied once. When time is up first, the error says that
whether it took effect is unknown; look before you repeat it.

Reads see everything acknowledged before they began. With --stale the node
that answers gives what it has, without asking the others: it may be behind,
and stderr says for how long it has not known itself up to date.

Without a majority (a partition, two of three voters down) changes and
ordinary reads end with `no quorum` (VS-E0701, exit 7) within seconds. Reads
with --stale still work, and so do playing and downloading with it. Nothing
has to be done when the nodes are back; `vsctl cluster status --stale` shows
who is missing.

  vsctl ls --stale
  vsctl cluster status --stale -e 10.0.0.12:7400
";

pub(crate) fn run(text: &str) -> anyhow::Result<Exit> {
    out::write(text)?;
    Ok(Exit::Ok)
}
