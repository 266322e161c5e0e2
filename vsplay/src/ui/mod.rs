//! The dashboard's screen: `scene` is what is to be shown, `keys` what a key means, `arrange` where panes lie, `draw`
//! and the panes turn a scene into cells. Nothing here waits, decides or fetches, so every screen can be tested without
//! a terminal.

pub(crate) mod arrange;
mod buffer;
mod consensus;
mod downloads;
pub(crate) mod draw;
mod help;
pub(crate) mod keys;
mod log;
mod nodes;
pub(crate) mod scene;
mod theme;
mod throughput;
mod video;

#[cfg(test)]
mod tests;
