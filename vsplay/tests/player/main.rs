//! The player as people run it, against a made-up cluster.

mod dashboard;
mod fake;
mod headless;
