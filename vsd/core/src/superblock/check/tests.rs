use std::ops::Range;

use bytes::Bytes;

use super::{
    super::{
        Engine, FooterState, NotSuperblock, Op, Outcome, Payload, Put, Record, RecordKind,
        format::{Kind, encode_footer},
        inspect::{newest_of, open_superblock, records_of},
        sim::{self, SimDisk, write},
        tail::Damage,
    },
    *,
};

const DIR: DirId = DirId(7);
/// Bytes of a record, of which each takes three blocks.
const RECORD: Range<usize> = 8192..20_480;

fn put(name: u8) -> Put {
    sim::put(1, Bytes::from(vec![name; 10_000]))
}

fn config() -> Config {
    Config::new(DIR, [5; 32])
}

fn open(disk: &SimDisk) -> Engine<SimDisk> {
    Engine::open(disk.clone(), config()).expect("opens").0
}

/// A disk on which these chunks were stored one by one; then the process died.
fn stored(names: &[u8]) -> SimDisk {
    let disk = SimDisk::new();
    let mut engine = open(&disk);
    for &name in names {
        assert!(matches!(write(&mut engine, &[put(name)])[..], [Ok(Outcome::Created)]));
    }
    disk
}

/// The same, and the process ended as it should.
fn sealed(names: &[u8]) -> SimDisk {
    let disk = stored(names);
    open(&disk).close();
    disk
}

/// Flips a bit in the nth record of the first superblock, or in what follows the records.
fn flip(disk: &SimDisk, nth: usize, at: usize) {
    disk.flip(&file_name(1), RECORD.start + nth * RECORD.len() + at, 3);
}

fn look(disk: &SimDisk, payloads: bool, failed_fsync: bool) -> Checked {
    let before = disk.files();
    let checked = check(disk, Check { dir: DIR, failed_fsync, payloads }, &mut |_| {}).expect("readable");
    assert_eq!(disk.files(), before, "a check changes nothing");
    checked
}

/// What a plain check says, and what a deep one does.
fn flaws(disk: &SimDisk) -> [Vec<Flaw>; 2] {
    [false, true].map(|payloads| look(disk, payloads, false).flaws)
}

fn repaired(disk: &SimDisk) -> [Vec<Flaw>; 2] {
    mend(disk.clone(), &config()).expect("mended");
    flaws(disk)
}

fn quarantined(nth: usize, chunk: Option<u8>) -> Flaw {
    let offset = (RECORD.start + nth * RECORD.len()) as u64;
    let chunk = chunk.map(|name| put(name).key());
    Flaw::Found(Finding::Quarantined { superblock: 1, offset, bytes: RECORD.len() as u64, chunk })
}

const CLEAN: [Vec<Flaw>; 2] = [vec![], vec![]];

#[test]
fn a_store_that_was_closed_is_clean_and_one_that_crashed_is_only_unsealed() {
    let disk = sealed(&[1, 2, 3]);
    assert_eq!(flaws(&disk), CLEAN);
    let checked = look(&disk, true, false);
    assert_eq!((checked.chunks, checked.chunk_bytes, checked.sealed), (3, 30_000, 1));
    assert_eq!(checked.chunk_bytes(&put(2).key()), Some(10_000));
    assert_eq!(checked.chunk_bytes(&put(4).key()), None);

    let disk = stored(&[1, 2]);
    let unsealed = Flaw::Unsealed { superblock: 1, records: 2 };
    assert!(unsealed.is_normal());
    assert_eq!(flaws(&disk), [vec![unsealed.clone()], vec![unsealed]]);
    assert_eq!(repaired(&disk), CLEAN);
    assert!(open(&disk).reader().get(&put(2).key()).is_ok());
}

#[test]
fn only_reading_the_payload_finds_it_bad_and_a_new_copy_ends_it() {
    let disk = sealed(&[1, 2, 3]);
    flip(&disk, 1, 5_000);
    assert_eq!(flaws(&disk), [vec![], vec![quarantined(1, Some(2))]]);
    assert_eq!(look(&disk, true, false).chunk_bytes(&put(2).key()), None);
    assert_eq!(repaired(&disk), [vec![], vec![quarantined(1, Some(2))]], "no record is made up");
    let mut engine = open(&disk);
    assert!(matches!(write(&mut engine, &[put(2)])[..], [Ok(Outcome::Created)]));
    engine.close();
    assert_eq!(flaws(&disk), CLEAN);
}

#[test]
fn what_is_cached_does_not_hide_what_the_disk_has() {
    let disk = sealed(&[1, 2]);
    disk.flip_on_platter(&file_name(1), RECORD.end + 5_000, 3);
    assert_eq!(look(&disk, false, false).flaws, []);
    let deep = check(&disk, Check { dir: DIR, failed_fsync: false, payloads: true }, &mut |_| {});
    assert_eq!(deep.expect("readable").flaws, [quarantined(1, Some(2))]);
}

#[test]
fn a_bad_record_header_is_found_without_reading_payloads() {
    let disk = sealed(&[1, 2, 3]);
    flip(&disk, 2, 20);
    assert_eq!(flaws(&disk), [vec![quarantined(2, Some(3))], vec![quarantined(2, Some(3))]]);
}

#[test]
fn damage_that_recovery_found_is_still_known_when_it_sealed_the_file() {
    let disk = stored(&[1, 2, 3]);
    flip(&disk, 1, 5_000);
    for _ in 0..2 {
        let [plain, deep] = flaws(&disk);
        assert!(plain.contains(&quarantined(1, Some(2))) && deep == plain, "{plain:?}");
        open(&disk).close();
    }
    assert_eq!(flaws(&disk)[0], [quarantined(1, Some(2))]);
}

#[test]
fn deleted_and_punched_is_not_damaged() {
    let disk = stored(&[1, 2]);
    let mut engine = open(&disk);
    assert!(matches!(engine.write_group(&[Op::Delete(put(1).key())])[..], [Ok(Outcome::Deleted)]));
    engine.close();
    assert_eq!(flaws(&disk), CLEAN);
    let checked = look(&disk, true, false);
    assert_eq!((checked.chunks, checked.tombstones), (1, 1));
}

#[test]
fn a_damaged_footer_is_told_from_a_torn_tail_wherever_it_was_hit() {
    let trailer = 4096 - 64;
    for at in [10, 70, trailer, trailer + 9, trailer + 63] {
        let disk = sealed(&[1, 2]);
        flip(&disk, 2, at);
        let damaged = vec![Flaw::FooterDamaged { superblock: 1 }];
        assert_eq!(flaws(&disk), [damaged.clone(), damaged], "at {at}");
        assert_eq!(repaired(&disk), CLEAN, "at {at}");
    }
    let disk = stored(&[1, 2]);
    flip(&disk, 1, 5_000);
    let torn = [
        Flaw::Unsealed { superblock: 1, records: 1 },
        Flaw::Found(Finding::TornTail { superblock: 1, bytes: RECORD.len() as u64 }),
    ];
    assert_eq!(flaws(&disk)[0], torn);
    assert!(torn.iter().all(Flaw::is_normal));
    assert_eq!(repaired(&disk), CLEAN);
}

#[test]
fn a_footer_that_hides_records_is_noticed() {
    let disk = stored(&[1, 2]);
    let mut file = disk.files()[&file_name(1)].clone();
    let first = FooterEntry {
        key: put(1).key(),
        sequence: 1 << 32,
        offset: RECORDS_START,
        payload_bytes: 10_000,
        kind: Kind::Chunk,
    };
    file.extend(encode_footer(&mut [first], file.len() as u64, Damage::default(), config().salt(1)));
    let other = SimDisk::new();
    other.plant(&file_name(1), &file);
    assert_eq!(flaws(&other), [vec![], vec![Flaw::NotListed { superblock: 1, records: 1 }]]);
}

#[test]
fn a_copy_of_the_file_header_is_mended_and_without_both_the_file_is_left_alone() {
    let disk = sealed(&[1]);
    disk.flip(&file_name(1), 30, 0);
    let half = vec![Flaw::HeaderCopy { superblock: 1 }];
    assert_eq!(flaws(&disk), [half.clone(), half]);
    assert_eq!(repaired(&disk), CLEAN);
    disk.flip(&file_name(1), 30, 0);
    disk.flip(&file_name(1), 4096 + 30, 0);
    let before = disk.files();
    let lost = vec![Flaw::Found(Finding::HeaderLost { superblock: 1 })];
    assert_eq!(repaired(&disk), [lost.clone(), lost]);
    assert_eq!(disk.files(), before);
}

#[test]
fn after_a_failed_fsync_only_what_the_disk_has_is_believed() {
    for loses in [false, true] {
        let disk = stored(&[]);
        let mut engine = open(&disk);
        assert!(write(&mut engine, &[put(1)])[0].is_ok());
        disk.inject(|faults| faults.sync_fails_after = Some(0));
        assert!(write(&mut engine, &[put(2)])[0].is_err());
        drop(engine);
        // the kernel had written it, and only said otherwise
        let file = disk.files()[&file_name(1)].clone();
        disk.remove(&file_name(1)).expect("there");
        disk.plant(&file_name(1), &file);
        if loses {
            disk.flip_on_platter(&file_name(1), RECORD.end + 5_000, 3);
        }
        let checked = look(&disk, false, true);
        let withheld = Flaw::Found(Finding::Withheld { superblock: 1, records: 1 });
        assert!(checked.flaws.contains(&withheld), "{:?}", checked.flaws);
        let doubted = Config { failed_fsync: true, ..config() };
        disk.inject(|faults| faults.sync_fails_after = Some(0));
        assert!(mend(disk.clone(), &doubted).is_err(), "a sync that fails again ends it");
        mend(disk.clone(), &doubted).expect("mended");
        assert_eq!(flaws(&disk), CLEAN);
        let engine = open(&disk);
        assert_eq!(engine.reader().chunk_bytes(&put(1).key()), Some(10_000));
        assert_eq!(engine.reader().chunk_bytes(&put(2).key()).is_none(), loses);
    }
}

#[test]
fn files_that_are_not_what_their_name_says_are_told_apart() {
    let disk = sealed(&[1]);
    let file = disk.files()[&file_name(1)].clone();
    let with_header = |number, dir, version: u8| {
        let mut header = FileHeader { number, dir, salt: config().salt(1) }.encode();
        header[8] = version;
        let crc = crc32c::crc32c(&header[..4092]).to_le_bytes();
        header[4092..].copy_from_slice(&crc);
        [&header[..], &header, &file[8192..]].concat()
    };
    disk.plant(&file_name(3), b"");
    disk.plant(&file_name(4), &[7; 5_000]);
    disk.plant(&file_name(5), &[7; 50_000]);
    disk.plant(&file_name(6), &with_header(6, DIR, 2));
    disk.plant(&file_name(7), &with_header(7, DirId(8), 1));
    disk.plant(&file_name(8), &with_header(9, DIR, 1));
    disk.plant("holiday.jpg", b"x");
    let cut_off = |superblock| Flaw::Found(Finding::CutOff { superblock });
    let expected = vec![
        cut_off(2),
        cut_off(3),
        cut_off(4),
        Flaw::Found(Finding::HeaderLost { superblock: 5 }),
        Flaw::Newer { superblock: 6, version: 2 },
        Flaw::OtherDirectory { superblock: 7, found: DirId(8), expected: DIR },
        Flaw::OtherNumber { superblock: 8, found: 9 },
    ];
    assert_eq!(flaws(&disk), [expected.clone(), expected]);
    for name in [6, 7] {
        assert!(mend(disk.clone(), &config()).is_err(), "not to be written to");
        disk.remove(&file_name(name)).expect("there");
    }
    mend(disk.clone(), &config()).expect("mended");
    let left: Vec<u32> = flaws(&disk)[0].iter().map(Flaw::superblock).collect();
    assert_eq!(left, [5, 8], "those that hold nothing are gone");
    let opened = |bytes: &[u8]| {
        disk.plant("x", bytes);
        open_superblock(&disk, "x").map(|file| file.number)
    };
    assert!(matches!(opened(b""), Err(NotSuperblock::Empty)));
    assert!(matches!(opened(&[0; 9_000]), Err(NotSuperblock::Damaged)));
    assert!(matches!(opened(&with_header(1, DIR, 3)), Err(NotSuperblock::Newer(3))));
    assert!(matches!(opened(&file), Ok(1)), "whatever it is called");
}

#[test]
fn looking_into_a_file_shows_every_record_with_what_became_of_it() {
    let disk = stored(&[1, 2, 3]);
    let mut engine = open(&disk);
    engine.write_group(&[Op::Delete(put(1).key())]);
    engine.close();
    flip(&disk, 1, 5_000);
    let file = open_superblock(&disk, &file_name(1)).expect("sound");
    let contents = file.contents(&disk);
    assert_eq!(contents.footer, FooterState::Sound { records: 3, quarantined_bytes: 0 });
    let payloads: Vec<_> = contents.records.iter().map(|record| record.payload).collect();
    assert_eq!(payloads, [Payload::Punched, Payload::BadCrc, Payload::Good]);
    assert!(contents.bad.is_empty() && contents.complete);

    let of = |name: u8| {
        let key = put(name).key();
        let found = records_of(&disk, |other| *other == key, |number, why| panic!("{number}: {why}"));
        found.expect("readable").iter().map(|Record { kind, payload, .. }| (*kind, *payload)).collect::<Vec<_>>()
    };
    assert_eq!(of(1), [(RecordKind::Chunk, Payload::Punched), (RecordKind::Tombstone, Payload::Good)]);
    assert_eq!(of(2), [(RecordKind::Chunk, Payload::BadCrc)]);
    let newest = newest_of(&disk, DIR, |_| true).expect("readable");
    assert_eq!(newest.len(), 3);
    assert!(newest.iter().any(|(key, (_, superblock, _))| *key == put(1).key() && *superblock > 1));
}
