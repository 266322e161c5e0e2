//! What the leader sees to without being asked: that every chunk is where it should be, as often as it should be.

pub(crate) mod status;
