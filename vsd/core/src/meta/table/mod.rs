//! The families of records, one file each: the record, its key, and what keeps its indexes true.

pub mod aging;
pub mod assets;
pub mod cleanup;
pub mod clients;
pub mod clock;
pub mod cluster;
pub mod counters;
pub mod dedup;
pub mod dirs;
pub mod displaced;
pub mod events;
pub mod jobs;
pub mod layouts;
pub mod nodes;
pub mod parts;
pub mod settings;
pub mod uploads;
pub mod videos;
