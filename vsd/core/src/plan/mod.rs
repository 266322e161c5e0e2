//! Planners: they compare what is wanted with what is there, and say the next step (DESIGN §10). Losing a plan loses
//! nothing: the next comparison comes to the same.

pub mod guard;
pub mod jobs;
pub mod policy;
pub mod repair;
pub mod shift;
pub mod steward;
pub mod sweep;
pub mod urgency;
pub mod verify;
pub mod voters;
pub mod wanted;
pub mod weights;
