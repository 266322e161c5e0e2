//! What happens with nobody asking, as the leader's process does it: redundancy is looked after, content moves to where
//! the layout places it and changes how it is kept, and nodes that are to go are let go (DESIGN §10).
//!
//! What is to be done is decided in [`plan`](crate::plan); this asks the nodes, has the bytes moved and commits, all of it
//! through one [`Shell`]. So the very same code runs in the daemon and in the simulator.

mod note;
mod picture;
mod shell;

pub use note::{Note, Purpose};
pub use picture::{NodePicture, Picture, Shown};
pub use shell::{Get, GetError, PutError, Question, Shell, State, Unavailable};
