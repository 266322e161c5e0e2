//! How much memory a node takes for a film that is larger than any memory it may have.

use crate::{
    Node,
    clip::{Clip, repeated},
    sha256,
};

/// The most that the daemon may ever hold, its children apart.
pub const MEMORY_BYTES_MAX: u64 = 300 << 20;

/// Uploads a film of about so many bytes and brings it back; the node's memory stays below the bound.
pub fn upload_stays_small(node: &mut Node, clip: Clip, bytes: u64) {
    let film = repeated(clip, bytes, &node.work());
    let size = std::fs::metadata(&film).expect("a film").len();
    assert!(size > bytes / 10 * 9, "the film has only {size} bytes");
    let video = node.tools().upload(&film, &[]);
    assert_eq!(video.said["status"], "ready", "{}", video.said);
    assert_eq!(node.tools().download(&video.id, &node.work().join("back.mp4")), sha256(&film));
    let played = node.tools().vsplay(&[&video.id, "--headless", "--no-clock", "--report", "-"]).ok().json();
    assert!(played["tracks"][0]["bytes"].as_u64().is_some_and(|track| track > size / 2), "{played}");
    let peak = node.memory_peak_bytes();
    eprintln!("{} MiB film: the daemon held at most {} MiB", size >> 20, peak >> 20);
    assert!(peak < MEMORY_BYTES_MAX, "the daemon held {} MiB", peak >> 20);
    node.assert_alive();
    node.await_tidy();
}
