//! vsctl as a process against a daemon that is a fake in the test: what is sent, what is said, and with what exit code.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod care;
mod cluster;
mod fake;
mod library;
mod moves;
mod uploads;
