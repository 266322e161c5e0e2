//! Every bound that two processes must agree on. A bound that concerns one process only lives beside the code it bounds.

/// Largest chunk, in bytes. A chunk is the unit of placement, of verification and of retry.
pub const CHUNK_BYTES_MAX: usize = 2 << 20;
/// Largest encoded manifest part, in bytes: a Raft entry must stay small enough not to delay a heartbeat.
pub const PART_BYTES_MAX: usize = 256 << 10;
/// Aim for the length of a segment. Segments start on keyframes, so the true length varies.
pub const SEGMENT_SECONDS: u64 = 10;
/// A video stream without a keyframe for this long cannot be cut and is transcoded.
pub const KEYFRAME_GAP_SECONDS_MAX: u64 = 30;
/// Longest fragment inside a segment, in milliseconds.
pub const FRAGMENT_MS_MAX: u64 = 2_000;
/// Data chunks of one stripe.
pub const STRIPE_DATA: usize = 3;
/// Parity chunks of one stripe.
pub const STRIPE_PARITY: usize = 2;
/// Most nodes a slot lists: the width of the widest scheme.
pub const SLOT_NODES_MAX: usize = STRIPE_DATA + STRIPE_PARITY;
/// Slots of a layout, fixed at bootstrap.
pub const SLOTS: usize = 4096;
/// Share of the data that an ordinary node takes, in thousandths, and the largest one an operator can choose.
pub const WEIGHT_MILLI: u32 = 1_000;
pub const WEIGHT_MILLI_MAX: u32 = 100_000;
/// Shortest id prefix accepted where a person names something.
pub const ID_PREFIX_MIN: usize = 4;
/// Longest title, in characters.
pub const TITLE_CHARS_MAX: usize = 500;
/// Longest description, in characters.
pub const DESCRIPTION_CHARS_MAX: usize = 10_000;
/// Most tags on a video, and the longest key or value of one in characters.
pub const TAGS_MAX: usize = 64;
pub const TAG_CHARS_MAX: usize = 200;
/// Most tracks of an asset: a file that claims more is refused as hostile.
pub const TRACKS_MAX: usize = 64;
/// Largest init segment of a track, in bytes.
pub const INIT_BYTES_MAX: usize = 64 << 10;
/// Entries on one page of any list.
pub const PAGE_ITEMS_MAX: u32 = 1_000;
/// Piece of an upload sent in one message, in bytes.
pub const APPEND_BYTES_MAX: usize = 1 << 20;
/// Default port of `vsd`.
pub const PORT: u16 = 7400;
