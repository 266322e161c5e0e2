//! Everything a screen shows, gathered by the dashboard and owned by nobody else.

use std::{collections::HashMap, sync::Arc, time::Duration};

use vs_core::id::NodeId;
use vs_wire::v1::ClusterState;
use vsplay_core::snapshot::Snapshot;

use crate::decode::{Palette, Picture};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pane {
    Video,
    Buffer,
    Nodes,
    Downloads,
    Consensus,
    Log,
}

impl Pane {
    /// In the order of their numbers, from 1.
    pub(crate) const ALL: [Self; 6] =
        [Self::Video, Self::Buffer, Self::Nodes, Self::Downloads, Self::Consensus, Self::Log];
}

/// What the person has opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct View {
    /// The pane that fills the screen; all of them share it otherwise.
    pub(crate) zoom: Option<Pane>,
    pub(crate) help: bool,
}

/// What the video pane shows.
#[derive(Clone, Debug)]
pub(crate) enum Screen {
    Picture(Arc<Picture>),
    /// Why there is no picture.
    Text(String),
}

/// What metadata says about a node.
#[derive(Clone, Debug, Default)]
pub(crate) struct NodeFacts {
    pub(crate) zone: String,
    pub(crate) state: String,
}

#[derive(Clone, Debug)]
pub(crate) struct Consensus {
    pub(crate) state: Option<ClusterState>,
    /// How old the picture is.
    pub(crate) age: Option<Duration>,
}

/// The stream tells something every second; older than this, the picture says how old it is.
const FRESH: Duration = Duration::from_millis(2_500);

impl Consensus {
    pub(crate) fn is_fresh(&self) -> bool {
        self.age.is_some_and(|age| age <= FRESH)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Scene {
    /// Safe to show.
    pub(crate) title: String,
    pub(crate) id: String,
    /// What is played, as in `720p auto`.
    pub(crate) quality: String,
    pub(crate) context: String,
    pub(crate) snapshot: Snapshot,
    pub(crate) screen: Screen,
    pub(crate) nodes: HashMap<NodeId, NodeFacts>,
    pub(crate) ping_interval: Duration,
    pub(crate) consensus: Consensus,
    /// Mbit/s, one a second, the latest last.
    pub(crate) history: Vec<u64>,
    pub(crate) log: Vec<(Duration, String)>,
    /// Told instead of the keys, for a moment.
    pub(crate) message: Option<String>,
    pub(crate) view: View,
    pub(crate) palette: Palette,
}
