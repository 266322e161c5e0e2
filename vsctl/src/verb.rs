//! The verbs, a file each.

pub(crate) mod care;
pub(crate) mod chunk;
pub(crate) mod cluster;
pub(crate) mod compact;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod context;
pub(crate) mod download;
pub(crate) mod edit;
pub(crate) mod ls;
pub(crate) mod man;
pub(crate) mod node;
pub(crate) mod node_change;
pub(crate) mod node_show;
pub(crate) mod purge;
pub(crate) mod restore;
pub(crate) mod rm;
pub(crate) mod scrub;
pub(crate) mod session;
pub(crate) mod settings;
pub(crate) mod show;
pub(crate) mod status;
pub(crate) mod topic;
pub(crate) mod upload;
pub(crate) mod version;
pub(crate) mod video;
