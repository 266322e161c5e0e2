//! What happens with nobody asking, as the leader's process does it: redundancy is looked after, content moves to where
//! the layout places it and changes how it is kept, and nodes that are to go are let go (DESIGN §10).
//!
//! What is to be done is decided in [`plan`](crate::plan); the [`Repairer`] asks the nodes, has the bytes moved and
//! commits, all of it through one [`Shell`]. So the very same code runs in the daemon and in the simulator.
//!
//! Invariants:
//! - The world comes in through the shell alone, so the same answers in the same order lead to the same questions: time is
//!   the shell's, whatever is gone through is ordered, and nothing is chosen at random among futures that are ready.
//! - A [`Repairer`] runs on whatever polls it: it spawns nothing, blocks nothing, and may be dropped at any moment.
//! - Nothing in memory matters beyond one term (`term.rs`) or one migration (`migrate.rs`): who comes next finds the rest
//!   by looking, and commits name the term, so that who wakes up late changes nothing.

mod holdings;
mod jobs;
mod migrate;
mod note;
mod orders;
mod picture;
mod place;
mod progress;
mod repair;
mod shell;
mod status;
mod survey;
mod task;
mod term;
mod world;

pub use holdings::{Astray, Said};
pub use note::{Note, Purpose};
pub use picture::{NodePicture, Picture, Shown};
pub use repair::Repairer;
pub use shell::{Get, GetError, PutError, Question, Shell, State, Unavailable};
pub use status::{About, Order, Progress, Status, WorkState};
