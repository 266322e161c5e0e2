//! Decoders of foreign bytes are given what nobody wrote (DESIGN §11): superblocks and manifests, mutated from real ones.
//!
//! Each decoder has a corpus in `tests/fuzz/corpus/`, and golden files of first releases belong to it too. All of it is read
//! again at every run; then come mutations, half of them with sound checksums, some thousands or as many as a time allows:
//!
//! - `make fuzz MINUTES=10`: so long for each decoder. An input that fails is kept in the corpus, so that the next run fails too.
//! - `VS_SEED=…` repeats a run.
//! - `VS_FIX=1 cargo test -p vs-tests --test fuzz` adds to the corpus what the encoders write now. Nothing is ever taken away: what
//!   a release wrote is read by every later one.
//!
//! A decoder must not panic, must not take much more memory than its input, and what it accepts must be what encoding gives.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    time::{Duration, Instant},
};

use vs_core::{
    codec,
    hash::Hash,
    id::{AssetId, Ballot, Epoch, NodeId, Version},
    layout::Scheme,
    manifest::{ChunkRef, Displaced, Head, Part, PartRef, Segment, StripeParity, Track, TrackKind},
};
use vs_tests::{crash::Dice, mutate::mutate, repo};
use vsd_core::superblock::fuzz::Decoder;

/// Accepted mutations that further ones are made from.
const POOL: usize = 256;
/// What a decoder may allocate in any case: buffers of fixed size, and what a list is given before it is filled.
const ALLOCATED_BYTES: u64 = 8 << 20;
/// … and for each byte of its input.
const ALLOCATED_PER_BYTE: u64 = 64;

/// Makes checksums right again.
type Mend = Box<dyn Fn(&mut [u8])>;
/// Whether the decoder takes the bytes; panics when it breaks a rule.
type Accepts = Box<dyn Fn(&[u8]) -> bool>;

/// One decoder of foreign bytes.
struct Target {
    name: &'static str,
    /// Mutations in a run that has no time limit.
    runs: u32,
    samples: Vec<Vec<u8>>,
    golden: fn(&str) -> bool,
    /// Makes checksums right.
    mend: Mend,
    /// Whether the bytes are accepted; panics when they should not have been.
    accepts: Accepts,
}

#[test]
fn file_headers() {
    superblock(Decoder::FileHeader, 20_000).run();
}

#[test]
fn records() {
    superblock(Decoder::Record, 50_000).run();
}

#[test]
fn footers() {
    superblock(Decoder::Footer, 50_000).run();
}

#[test]
fn superblocks() {
    superblock(Decoder::Superblock, 2_000).run();
}

#[test]
fn manifest_parts() {
    let samples = [part(1, 1), part(7, 3), part(40, 12)].map(|part| part.encode().0).into();
    manifest("manifest-part", samples, |name| name.contains("/golden/part-"), accepts_part).run();
}

#[test]
fn manifest_heads() {
    let samples = [head(1), head(5)].map(|head| codec::encode(&head)).into();
    manifest("manifest-head", samples, |name| name.contains("/golden/head-"), accepts_head).run();
}

fn superblock(decoder: Decoder, runs: u32) -> Target {
    let is_image: fn(&str) -> bool = |name| name.contains("/golden/") && name.ends_with(".vsb");
    Target {
        name: decoder.name(),
        runs,
        samples: decoder.samples(),
        golden: if decoder == Decoder::Superblock { is_image } else { |_| false },
        mend: Box::new(move |bytes| decoder.mend(bytes)),
        accepts: Box::new(move |bytes| decoder.accepts(bytes)),
    }
}

fn manifest(name: &'static str, samples: Vec<Vec<u8>>, golden: fn(&str) -> bool, accepts: fn(&[u8]) -> bool) -> Target {
    Target { name, runs: 20_000, samples, golden, mend: Box::new(|_| {}), accepts: Box::new(accepts) }
}

/// What is accepted is a part that encodes to one that reads the same.
fn accepts_part(bytes: &[u8]) -> bool {
    let Ok(part) = Part::decode(bytes) else { return false };
    let (again, name) = part.encode();
    assert_eq!(name, Hash::of(&again));
    // short forms of integers and names in another order are longer or shorter than ours, and mean the same
    if again.len() <= vs_core::limit::PART_BYTES_MAX {
        let decoded = Part::decode(&again).expect("what is encoded is read");
        assert!((decoded.encode().0, &decoded) == (again, &part), "read otherwise: {part:?}");
    }
    true
}

fn accepts_head(bytes: &[u8]) -> bool {
    let Ok(head) = codec::decode::<Head>(bytes) else { return false };
    let again = codec::encode(&head);
    let decoded: Head = codec::decode(&again).expect("what is encoded is read");
    assert!((codec::encode(&decoded), &decoded) == (again, &head), "read otherwise: {head:?}");
    true
}

impl Target {
    fn run(self) {
        let mut dice = Dice::new();
        let mut pool = self.corpus();
        let (started, limit) = (Instant::now(), minutes());
        let mut accepted = 0;
        let goes_on = |runs: u32| limit.map_or(runs < self.runs, |limit| started.elapsed() < limit);
        let mut runs = 0;
        while goes_on(runs) {
            runs += 1;
            let mut input = pool[index(&mut dice, pool.len())].clone();
            mutate(&mut input, &pool, &mut dice);
            if dice.below(2) == 0 {
                (self.mend)(&mut input);
            }
            if self.check(&input) {
                accepted += 1;
                if pool.len() < POOL {
                    pool.push(input);
                } else {
                    let at = index(&mut dice, POOL);
                    pool[at] = input;
                }
            }
        }
        eprintln!("{}: {runs} inputs, {accepted} accepted", self.name);
        assert!(accepted > 0, "mutations that are accepted are what reaches behind the checks");
    }

    /// The kept inputs and golden files, all of which are checked: what was really written must be accepted.
    fn corpus(&self) -> Vec<Vec<u8>> {
        let folder = self.folder();
        let missing = self.samples.iter().filter(|sample| !folder.join(kept_name("real", sample)).exists());
        let missing: Vec<_> = missing.collect();
        if std::env::var_os("VS_FIX").is_some() {
            fs::create_dir_all(&folder).expect("a folder");
            for sample in missing {
                fs::write(folder.join(kept_name("real", sample)), sample).expect("written");
            }
        } else {
            assert!(missing.is_empty(), "{}: run `make fix`: the encoders write what is not in the corpus", self.name);
        }
        let kept = fs::read_dir(&folder).expect("a corpus").map(|entry| entry.expect("readable").path());
        let golden = repo::files().into_iter().filter(|name| (self.golden)(name)).map(|name| repo::root().join(name));
        let mut paths: Vec<_> = kept.chain(golden).collect();
        paths.sort();
        let read = |path: PathBuf| {
            let bytes = fs::read(&path).expect("readable");
            let accepted = self.check(&bytes);
            let is_found = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("found-"));
            assert!(accepted || is_found, "{} is not read any more", path.display());
            bytes
        };
        paths.into_iter().map(read).collect()
    }

    /// Whether an input is accepted. One that fails is kept.
    fn check(&self, input: &[u8]) -> bool {
        let mut accepted = None;
        let run = || (self.accepts)(input);
        let used = allocation_counter::measure(|| accepted = catch_unwind(AssertUnwindSafe(run)).ok());
        let allowed = ALLOCATED_BYTES + ALLOCATED_PER_BYTE * input.len() as u64;
        if let Some(accepted) = accepted.filter(|_| used.bytes_max <= allowed) {
            return accepted;
        }
        let name = kept_name("found", input);
        fs::write(self.folder().join(&name), input).expect("written");
        let why = if accepted.is_some() { "takes too much memory" } else { "panics or breaks a rule" };
        let test = std::thread::current().name().unwrap_or_default().to_owned();
        panic!(
            "an input of {} bytes {why} ({} bytes at most); kept as tests/fuzz/corpus/{}/{name}\n\
             run it again: cargo test -p vs-tests --test fuzz {test}",
            input.len(),
            used.bytes_max,
            self.name
        );
    }

    fn folder(&self) -> PathBuf {
        repo::root().join("tests/fuzz/corpus").join(self.name)
    }
}

fn kept_name(kind: &str, bytes: &[u8]) -> String {
    format!("{kind}-{}.bin", Hash::of(bytes).short())
}

/// How long to go on, when that was said.
fn minutes() -> Option<Duration> {
    let minutes = std::env::var("VS_FUZZ_MINUTES").ok()?;
    let minutes: f64 = minutes.parse().unwrap_or_else(|error| panic!("VS_FUZZ_MINUTES={minutes}: {error}"));
    Some(Duration::from_secs_f64(minutes * 60.0))
}

fn index(dice: &mut Dice, end: usize) -> usize {
    usize::try_from(dice.below(end as u64)).expect("below a usize")
}

fn chunk(no: u32) -> ChunkRef {
    ChunkRef { hash: Hash::of(&no.to_le_bytes()), bytes: 1 + no * 1000 }
}

fn part(segments: u32, chunks: u32) -> Part {
    let segment = |no: u32| Segment {
        start_us: u64::from(no) * 10_000_000,
        duration_us: 10_000_000,
        chunks: (no..no + chunks).map(chunk).collect(),
    };
    let displaced = |no: u32| Displaced {
        chunk: chunk(no).hash,
        place: NodeId(u64::from(no)),
        stand_in: Some(NodeId(9)).filter(|_| no > 1),
    };
    Part {
        track: "v0".to_owned(),
        no: 3,
        first_segment: 300,
        segments: (0..segments).map(segment).collect(),
        parity: (1..chunks).map(|no| StripeParity { stripe: u64::from(no), chunks: vec![chunk(no)] }).collect(),
        displaced: (1..chunks).map(displaced).collect(),
    }
}

fn head(tracks: u32) -> Head {
    let track = |no: u32| Track {
        name: format!("a{no}-eng"),
        kind: [TrackKind::Original, TrackKind::Video, TrackKind::Audio, TrackKind::Subtitle][no as usize % 4],
        codec: "opus".to_owned(),
        language: Some("eng".to_owned()).filter(|_| no > 0),
        transcoded_from: Some("wmav2".to_owned()).filter(|_| no > 1),
        width: 1920 * no,
        height: 1080,
        fps_milli: 23_976,
        sample_rate: 48_000,
        channels: 2,
        duration_us: 90_000_000,
        bytes: 1 << 33,
        segments: 9,
        chunks: 4_100,
        parity_bytes: 0,
        init: vec![7; 40],
        sha256: Hash::of(b"track"),
        ballot: Ballot(2),
        parts: vec![PartRef { hash: Hash::of(b"part"), bytes: 4_000, first_segment: 0, segments: 9 }],
    };
    let scheme = if tracks > 1 { Scheme::Erasure { data: 3, parity: 2 } } else { Scheme::Replicate(3) };
    Head { asset: AssetId(5), version: Version(1), scheme, since: Epoch(4), tracks: (0..tracks).map(track).collect() }
}
