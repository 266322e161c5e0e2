//! The player as a pure state machine: events in, effects out.
//!
//! [`Player::step`](player::Player::step) takes the time and one event and pushes what the shell must do. There is no
//! clock, no network and no thread here, and no media byte either: a chunk is named by its place ([`event::ChunkAt`]),
//! the shell keeps the bytes. So every rule of playing is tested in fake time.
//!
//! Invariants:
//! - Never more fetches in flight than the settings allow, and never more bytes held or asked for than the memory cap.
//! - Each track is fed in play order, every chunk once for each start of the outputs, and only after it was verified
//!   (INT-1).
//! - After a seek nothing of the old place is fed: what the outputs say about it is ignored by its generation.
//! - A node that fails costs the chunk it was asked for a detour, not the playback (AVL-2).
//!
//! Modules in reading order: `settings`, `event`, `timeline` (time to segments), `placement` (chunk to nodes), `node`
//! (how good they are), `buffer` (what is held), `throughput` and `estimate` (when to start), `clock` (position and
//! stalls), `parts` and `scheduler` (what to fetch next, from where), `fetch` (what came of it), `stripe` (what to
//! compute because nobody gives it), `verdict` (when it starts and ends), `player` (all of it in one step), `snapshot`
//! and `report` (what is shown).

pub mod buffer;
pub mod clock;
pub mod estimate;
pub mod event;
mod fetch;
pub mod node;
mod parts;
pub mod placement;
pub mod player;
pub mod report;
mod scheduler;
pub mod settings;
pub mod snapshot;
mod stripe;
pub mod throughput;
pub mod timeline;
mod verdict;
