//! Memory stays flat, whatever is uploaded.

use vs_tests::{Node, clip::Clip, memory::upload_stays_small};

const FILM_BYTES: u64 = 200 << 20;

#[test]
fn memory_stays_flat_over_an_upload_of_200_mib() {
    upload_stays_small(&mut Node::start(&[]), Clip::Heavy, FILM_BYTES);
}
