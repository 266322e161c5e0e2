//! Each fault by itself, with what it is to lead to, and the directory that the first release wrote.

use std::{collections::BTreeSet, thread};

use bytes::Bytes;
use vs_core::id::DirId;

use super::{
    Compaction, Config, Engine, Finding, GetError, InvalidChunk, Key, Op, OpenError, Outcome, Put, Recovery, Refusal,
    VerifiedChunk, WriteError,
    format::{FileHeader, Kind, RECORDS_START, RecordHeader, Salt, file_name},
    sim::{self, Call, Dice, SimDisk, write},
};

const DIR: DirId = DirId(7);

fn put(name: u8) -> Put {
    sim::put(1, Bytes::from(vec![name; 10_000]))
}

fn open(disk: &SimDisk) -> (Engine<SimDisk>, Recovery) {
    Engine::open(disk.clone(), Config::new(DIR, [5; 32])).expect("opens")
}

/// A disk on which these chunks were stored one by one, and then the process died.
fn stored(names: &[u8]) -> SimDisk {
    let disk = SimDisk::new();
    let (mut engine, _) = open(&disk);
    for &name in names {
        assert!(matches!(write(&mut engine, &[put(name)])[..], [Ok(Outcome::Created)]));
    }
    disk
}

fn holds(engine: &Engine<SimDisk>, name: u8) -> bool {
    engine.reader().get(&put(name).key()).is_ok_and(|bytes| bytes == put(name).chunk.bytes())
}

/// Offset of the nth record: each takes three blocks.
fn record(nth: usize) -> usize {
    8192 + nth * 12_288
}

#[test]
fn a_chunk_is_what_its_name_says_or_no_chunk() {
    let hash = put(1).chunk.hash();
    let verify = |bytes: Vec<u8>| VerifiedChunk::verify(bytes.into(), hash).map(drop);
    assert_eq!(verify(vec![]), Err(InvalidChunk::Empty));
    assert_eq!(verify(vec![0; (2 << 20) + 1]), Err(InvalidChunk::TooLong));
    assert_eq!(verify(vec![2; 10_000]), Err(InvalidChunk::Mismatch { actual: put(2).chunk.hash() }));
}

#[test]
fn a_group_shares_one_fsync_and_a_duplicate_in_it_waits_for_that() {
    let disk = stored(&[1]);
    let (mut engine, _) = open(&disk);
    write(&mut engine, &[put(2)]);
    let before = engine.reader().stats().fsyncs;
    let answers = write(&mut engine, &[put(3), put(1), put(4), put(3)]);
    let outcomes: Vec<_> = answers.into_iter().map(Result::ok).collect();
    let [new, known] = [Some(Outcome::Created), Some(Outcome::AlreadyDurable)];
    assert_eq!(outcomes, [new, known, new, new]);
    let stats = engine.reader().stats();
    assert_eq!((stats.fsyncs, stats.chunks, stats.chunk_bytes), (before + 1, 4, 40_000));
}

#[test]
fn a_bad_stored_copy_is_reported_and_a_put_writes_it_again() {
    let disk = stored(&[1]);
    let (mut engine, _) = open(&disk);
    disk.flip(&file_name(1), record(0) + 5_000, 0);
    let read = engine.reader().get(&put(1).key());
    assert!(matches!(read, Err(GetError::Corrupt { superblock: 1, offset: 8192 })));
    assert_eq!(engine.reader().stats().corrupt_reads, 1);
    assert!(matches!(write(&mut engine, &[put(1)])[..], [Ok(Outcome::Created)]));
    assert!(holds(&engine, 1));
    assert_eq!(engine.reader().stats().chunks, 1);
    drop(engine);
    assert!(holds(&open(&disk).0, 1), "the later copy wins");
}

#[test]
fn damage_in_the_middle_costs_one_chunk_and_is_reported_until_repaired() {
    let disk = stored(&[1, 2, 3]);
    disk.flip(&file_name(1), record(1) + 5_000, 3);
    let (engine, recovery) = open(&disk);
    let chunk = Some(put(2).key());
    let found = Finding::Quarantined { superblock: 1, offset: 20_480, bytes: 12_288, chunk };
    assert_eq!(recovery.findings, [found]);
    assert!(holds(&engine, 1) && !holds(&engine, 2) && holds(&engine, 3));
    drop(engine);
    let (engine, recovery) = open(&disk);
    assert_eq!(recovery.findings, [], "sealed by now");
    assert_eq!(engine.reader().stats().quarantined_bytes, 12_288, "and the footer remembers");
}

#[test]
fn a_lost_record_header_costs_that_chunk_only() {
    let disk = stored(&[1, 2, 3]);
    disk.flip(&file_name(1), record(1) + 20, 3);
    let (engine, recovery) = open(&disk);
    let found = Finding::Quarantined { superblock: 1, offset: 20_480, bytes: 12_288, chunk: None };
    assert_eq!(recovery.findings, [found]);
    assert!(holds(&engine, 1) && holds(&engine, 3));
}

#[test]
fn a_torn_last_group_is_no_damage_and_is_not_written_over() {
    let disk = stored(&[1, 2]);
    disk.flip(&file_name(1), record(1) + 5_000, 3);
    let torn = disk.files()[&file_name(1)].clone();
    let (mut engine, recovery) = open(&disk);
    assert_eq!(recovery.findings, [Finding::TornTail { superblock: 1, bytes: 12_288 }]);
    assert!(holds(&engine, 1) && !holds(&engine, 2));
    write(&mut engine, &[put(3)]);
    let files = disk.files();
    assert!(files[&file_name(1)].starts_with(&torn), "sealed behind what was there");
    assert!(files.contains_key(&file_name(2)), "writing went on elsewhere");
}

#[test]
fn a_damaged_footer_is_rebuilt() {
    let disk = stored(&[1, 2]);
    open(&disk).0.close();
    disk.flip(&file_name(1), record(2) + 10, 0);
    let (engine, recovery) = open(&disk);
    assert_eq!(recovery.findings, [Finding::FooterDamaged { superblock: 1 }]);
    assert!(holds(&engine, 1) && holds(&engine, 2));
    drop(engine);
    assert_eq!(open(&disk).1.findings, []);
}

#[test]
fn either_copy_of_the_file_header_is_enough_and_without_both_nothing_else_is_touched() {
    let disk = stored(&[1]);
    disk.flip(&file_name(1), 30, 0);
    assert!(holds(&open(&disk).0, 1));
    disk.flip(&file_name(1), 4096 + 30, 0);
    let (mut engine, recovery) = open(&disk);
    assert_eq!(recovery.findings, [Finding::HeaderLost { superblock: 1 }]);
    let before = disk.files()[&file_name(1)].clone();
    assert!(matches!(write(&mut engine, &[put(1)])[..], [Ok(Outcome::Created)]));
    assert_eq!(disk.files()[&file_name(1)], before);
}

#[test]
fn a_disk_that_does_not_answer_during_recovery_hides_chunks_only_until_the_next() {
    for nth_read in 3..6 {
        let disk = stored(&[1, 2]);
        disk.inject(|faults| faults.read_fails_after = Some(nth_read));
        let (engine, recovery) = open(&disk);
        assert!(recovery.findings.iter().any(|finding| matches!(finding, Finding::NotSealed { .. })), "{recovery:?}");
        drop(engine);
        let (engine, _) = open(&disk);
        assert!(holds(&engine, 1) && holds(&engine, 2));
    }
}

#[test]
fn a_failed_fsync_withdraws_the_group_and_ends_all_writing() {
    let disk = stored(&[]);
    let (mut engine, _) = open(&disk);
    write(&mut engine, &[put(1)]);
    disk.inject(|faults| faults.sync_fails_after = Some(0));
    for name in [2, 3] {
        assert!(matches!(write(&mut engine, &[put(name)])[..], [Err(WriteError::NoWrites(_))]));
        assert!(!holds(&engine, name));
    }
    assert!(matches!(write(&mut engine, &[put(1)])[..], [Ok(Outcome::AlreadyDurable)]));
    assert!(holds(&engine, 1));
    drop(engine);

    let config = Config { failed_fsync: true, ..Config::new(DIR, [5; 32]) };
    let before = disk.files();
    let (mut engine, recovery) = Engine::open(disk.clone(), config).expect("opens for reading");
    assert!(recovery.findings.contains(&Finding::Withheld { superblock: 1, records: 1 }), "{recovery:?}");
    assert!(holds(&engine, 1) && !holds(&engine, 2), "the second is in the cache only");
    assert!(matches!(write(&mut engine, &[put(3)])[..], [Err(WriteError::NoWrites(_))]));
    assert_eq!(disk.files(), before);
}

#[test]
fn a_write_that_fails_is_a_typed_error_and_the_next_goes_on() {
    let disk = SimDisk::new();
    let config = Config { reserve_bytes: RECORDS_START, ..Config::new(DIR, [5; 32]) };
    let (mut engine, _) = Engine::open(disk.clone(), config).expect("opens");
    write(&mut engine, &[put(1)]);
    for enospc_after in [0, 5_000, 9_000, 9_000] {
        disk.inject(|faults| faults.enospc_after = Some(enospc_after));
        assert!(matches!(write(&mut engine, &[put(2)])[..], [Err(WriteError::Full)]), "{enospc_after}");
        assert!(!holds(&engine, 2));
    }
    assert!(matches!(write(&mut engine, &[put(2)])[..], [Ok(Outcome::Created)]));
    drop(engine);
    let (engine, recovery) = open(&disk);
    assert!(holds(&engine, 1) && holds(&engine, 2));
    assert_eq!(recovery.findings, []);
}

#[test]
fn a_group_that_meets_a_full_disk_keeps_what_was_written_before() {
    let disk = SimDisk::new();
    let config = Config { reserve_bytes: RECORDS_START, ..Config::new(DIR, [5; 32]) };
    let (mut engine, _) = Engine::open(disk.clone(), config).expect("opens");
    // the next superblock with its reserve, and more than one chunk but less than two
    disk.inject(|faults| faults.enospc_for_good_after = Some(8192 + 20_000));
    let answers = write(&mut engine, &[put(1), put(2), put(3)]);
    assert!(matches!(answers[..], [Ok(Outcome::Created), Err(WriteError::Full), Err(WriteError::Full)]));
    assert!(holds(&engine, 1) && !holds(&engine, 2));
}

#[test]
fn a_directory_that_is_full_refuses_new_chunks_and_knows_the_old() {
    let disk = stored(&[1]);
    let (mut engine, _) = open(&disk);
    disk.set_total_bytes(25_000);
    let answers = write(&mut engine, &[put(1), put(2)]);
    assert!(matches!(answers[..], [Ok(Outcome::AlreadyDurable), Err(WriteError::Full)]));
}

#[test]
fn a_full_superblock_is_sealed_and_the_next_begun() {
    let disk = SimDisk::new();
    let config = || Config { superblock_bytes_max: 64 << 10, ..Config::new(DIR, [5; 32]) };
    let (mut engine, _) = Engine::open(disk.clone(), config()).expect("opens");
    let names: Vec<u8> = (0..20).collect();
    let answers = write(&mut engine, &names.iter().map(|&name| put(name)).collect::<Vec<_>>());
    assert!(answers.iter().all(|answer| matches!(answer, Ok(Outcome::Created))));
    engine.close();
    let files = disk.files();
    assert_eq!(files.len(), 6, "five, and the one to follow");
    assert!(files.values().all(|bytes| bytes.len() <= 64 << 10));
    let (engine, recovery) = Engine::open(disk, config()).expect("opens");
    assert_eq!((recovery.findings, engine.reader().stats().fsyncs), (vec![], 3), "all were sealed");
    assert!(names.iter().all(|&name| holds(&engine, name)));
    let listed = engine.reader().list(&(0..=u64::MAX), None, 100);
    assert!(listed.len() == 20 && listed.is_sorted());
}

#[test]
fn a_directory_that_is_not_ours_is_refused() {
    let disk = stored(&[1]);
    let other = Engine::open(disk.clone(), Config::new(DirId(8), [5; 32])).map(drop);
    assert!(matches!(other, Err(OpenError::OtherDirectory { found: DIR, expected: DirId(8), .. })));

    let mut newer = disk.files()[&file_name(1)].clone();
    newer[8] = 2;
    let crc = crc32c::crc32c(&newer[..4092]).to_le_bytes();
    newer[4092..4096].copy_from_slice(&crc);
    disk.plant(&file_name(2), &newer);
    let refused = Engine::open(disk, Config::new(DIR, [5; 32])).map(drop);
    assert!(matches!(refused, Err(OpenError::Newer { version: 2, .. })));
}

/// A superblock with these records, as (key, sequence, payload or tombstone).
fn forge(number: u32, records: &[(Key, u64, Option<&[u8]>)]) -> Vec<u8> {
    let salt = Salt([9; 16]);
    let mut file = FileHeader { number, dir: DIR, salt }.encode().repeat(2);
    for &(key, sequence, payload) in records {
        let bytes = payload.unwrap_or_default();
        let header = RecordHeader {
            kind: if payload.is_some() { Kind::Chunk } else { Kind::Tombstone },
            key,
            payload_bytes: u32::try_from(bytes.len()).expect("small"),
            payload_crc: crc32c::crc32c(bytes),
            sequence,
            durable_to: file.len() as u64,
        };
        file.extend(header.encode(salt, file.len() as u64));
        file.extend(bytes);
        file.resize(file.len().next_multiple_of(4096), 0);
    }
    file
}

#[test]
fn a_tombstone_hides_what_is_older_wherever_it_lies_and_nothing_newer() {
    let (deleted, again) = (put(1), put(2));
    let disk = SimDisk::new();
    let payload = |put: &Put| put.chunk.bytes().clone();
    let later = [
        (deleted.key(), 12, None),
        (again.key(), 13, None),
        (again.key(), 14, Some(&payload(&again)[..])),
        (put(3).key(), 15, Some(&payload(&put(3))[..])),
    ];
    let mut earlier =
        forge(2, &[(deleted.key(), 10, Some(&payload(&deleted))), (again.key(), 11, Some(&payload(&again)))]);
    // its payload is punched out, which leaves the first block
    earlier[12_288..20_480].fill(0);
    disk.plant(&file_name(1), &forge(1, &later));
    disk.plant(&file_name(2), &earlier);
    for _ in 0..2 {
        let (engine, recovery) = open(&disk);
        assert!(!holds(&engine, 1) && holds(&engine, 2) && holds(&engine, 3));
        assert!(!recovery.findings.iter().any(Finding::is_loss), "deleted is not damaged: {recovery:?}");
    }
}

#[test]
fn a_superblock_stored_as_a_chunk_is_not_taken_for_records() {
    let inner = forge(1, &[(put(9).key(), 1 << 40, Some(put(9).chunk.bytes()))]);
    let disk = SimDisk::new();
    let (mut engine, _) = open(&disk);
    // so that the copy begins on a block, where the scan will look once the outer header is gone
    let outer = sim::put(1, [vec![0; 4096 - 128], inner].concat().into());
    write(&mut engine, &[outer]);
    write(&mut engine, &[put(1)]);
    drop(engine);
    disk.flip(&file_name(1), usize::try_from(RECORDS_START).expect("small"), 0);
    let (engine, _) = open(&disk);
    assert!(holds(&engine, 1) && !holds(&engine, 9));
}

/// Written by the first release: superblock 1 is sealed and holds chunks 1 and 2; superblock 2 is not and holds a
/// tombstone of 2, chunk 3 and a torn chunk 4. If this fails, the store of every user has become unreadable.
#[test]
fn the_first_format_is_read_for_ever() {
    let disk = SimDisk::new();
    disk.plant("00000001.vsb", include_bytes!("../../tests/golden/superblock-v1/00000001.vsb"));
    disk.plant("00000002.vsb", include_bytes!("../../tests/golden/superblock-v1/00000002.vsb"));
    let (engine, recovery) = open(&disk);
    assert_eq!(recovery.findings, [Finding::TornTail { superblock: 2, bytes: 12_288 }]);
    let held: Vec<u8> = (1..=4).filter(|&name| holds(&engine, name)).collect();
    assert_eq!(held, [1, 3]);
    assert_eq!(engine.reader().stats().chunks, 2);
}

fn delete(engine: &mut Engine<SimDisk>, name: u8) -> Result<Outcome, WriteError> {
    engine.write_group(&[Op::Delete(put(name).key())]).remove(0)
}

/// Compacts whatever is at least half garbage, until nothing is.
fn compact(engine: &mut Engine<SimDisk>) {
    while let Ok(Some(mut compaction)) = Compaction::plan(&engine.reader(), 50, &BTreeSet::new()) {
        while compaction.bytes_left() > 0 {
            let batch = compaction.next(&engine.reader(), 16 << 10);
            if engine.write_group(&batch.moves).iter().any(Result::is_err) || !batch.unreadable.is_empty() {
                return;
            }
        }
        if engine.retire(&compaction).is_err() {
            return;
        }
    }
}

fn open_small(disk: &SimDisk) -> Engine<SimDisk> {
    let config = Config { superblock_bytes_max: 64 << 10, reserve_bytes: 32 << 10, ..Config::new(DIR, [5; 32]) };
    Engine::open(disk.clone(), config).expect("opens").0
}

/// Superblocks of 64 KiB with four chunks each, all but every fourth of them deleted since, and a sealed one with the
/// tombstones.
fn with_garbage() -> (SimDisk, Vec<u8>) {
    let disk = SimDisk::new();
    let mut engine = open_small(&disk);
    for name in 0..16 {
        assert!(matches!(write(&mut engine, &[put(name)])[..], [Ok(Outcome::Created)]));
    }
    let (kept, deleted): (Vec<u8>, Vec<u8>) = (0..16).partition(|name| name % 4 == 0);
    for name in deleted {
        assert!(matches!(delete(&mut engine, name), Ok(Outcome::Deleted)));
    }
    engine.close();
    (disk, kept)
}

#[test]
fn a_reader_that_a_delete_overtakes_finds_nothing_and_no_damage() {
    let disk = stored(&[1]);
    let (mut engine, _) = open(&disk);
    let reader = engine.reader();
    disk.stall(Call::Read);
    let reading = thread::spawn(move || reader.get(&put(1).key()));
    disk.wait_for_stalled();
    assert!(matches!(delete(&mut engine, 1), Ok(Outcome::Deleted)));
    disk.release();
    assert!(matches!(reading.join().expect("no panic"), Err(GetError::NotFound)));
    assert_eq!(engine.reader().stats().corrupt_reads, 0);
}

#[test]
fn a_reader_that_a_compaction_overtakes_reads_the_chunk_where_it_is_now() {
    let (disk, kept) = with_garbage();
    let mut engine = open_small(&disk);
    let mut compaction =
        Compaction::plan(&engine.reader(), 50, &BTreeSet::new()).expect("a plan").expect("there is garbage");
    let mut moves = Vec::new();
    while moves.is_empty() {
        moves = compaction.next(&engine.reader(), 1 << 20).moves;
    }
    let key = moves[0].key();
    let name = *kept.iter().find(|&&name| put(name).key() == key).expect("a chunk that was kept");
    let (reader, before) = (engine.reader(), engine.reader().locate(&key));
    disk.stall(Call::Read);
    let reading = thread::spawn(move || reader.get(&key));
    disk.wait_for_stalled();
    assert!(engine.write_group(&moves).iter().all(|moved| matches!(moved, Ok(Outcome::Moved))));
    assert!(engine.retire(&compaction).is_ok());
    assert_ne!(engine.reader().locate(&key), before);
    disk.release();
    assert_eq!(reading.join().expect("no panic").expect("served"), put(name).chunk.bytes());
}

#[test]
fn readers_do_not_wait_for_a_disk_that_stalls_in_an_fsync() {
    let disk = stored(&[1]);
    let (mut engine, _) = open(&disk);
    let reader = engine.reader();
    disk.stall(Call::Sync);
    let writing = thread::spawn(move || write(&mut engine, &[put(2)]));
    disk.wait_for_stalled();
    assert!(reader.get(&put(1).key()).is_ok());
    assert!(matches!(reader.get(&put(2).key()), Err(GetError::NotFound)), "not before it is durable");
    disk.release();
    assert!(matches!(writing.join().expect("no panic")[..], [Ok(Outcome::Created)]));
    assert!(reader.get(&put(2).key()).is_ok());
}

#[test]
fn a_tombstone_stays_while_it_hides_something_and_goes_when_it_does_not() {
    let disk = SimDisk::new();
    let mut engine = open_small(&disk);
    write(&mut engine, &[put(1), put(2), put(3), put(4)]);
    engine.close();
    let mut engine = open_small(&disk);
    assert!(matches!(delete(&mut engine, 1), Ok(Outcome::Deleted)));
    engine.close();

    let mut engine = open_small(&disk);
    compact(&mut engine);
    let stats = engine.reader().stats();
    assert_eq!((stats.retired_superblocks, stats.tombstones), (1, 1), "moved, for the record it hides is still there");
    drop(engine);
    let mut engine = open_small(&disk);
    assert!(!holds(&engine, 1));
    for name in 2..5 {
        assert!(matches!(delete(&mut engine, name), Ok(Outcome::Deleted)));
    }
    engine.close();
    let mut engine = open_small(&disk);
    compact(&mut engine);
    let stats = engine.reader().stats();
    assert_eq!((stats.chunks, stats.tombstones, disk.files().len()), (0, 0, 1), "only the next superblock is left");
}

#[test]
fn a_crash_at_any_call_of_a_compaction_loses_nothing_and_the_next_one_finishes() {
    for power_cut in [false, true] {
        let mut calls = 0;
        loop {
            let (disk, kept) = with_garbage();
            let mut engine = open_small(&disk);
            disk.inject(|faults| faults.killed_after = Some(calls));
            compact(&mut engine);
            let mut killed = false;
            disk.inject(|faults| killed = faults.killed_after == Some(0));
            drop(engine);
            disk.heal();
            if power_cut {
                disk.reboot(&mut Dice(calls as u64));
            }
            let mut engine = open_small(&disk);
            compact(&mut engine);
            engine.close();
            let engine = open_small(&disk);
            assert!((0..16).all(|name| holds(&engine, name) == kept.contains(&name)), "killed after {calls} calls");
            assert!(disk.used_bytes() < 200 << 10, "{} bytes stay", disk.used_bytes());
            if !killed {
                break;
            }
            calls += 1;
        }
        assert!(calls > 50, "a compaction makes more calls than {calls}");
    }
}

#[test]
fn the_superblock_made_ready_is_used_after_a_restart() {
    let disk = SimDisk::new();
    let reserve = open_small(&disk).reader().stats().reserve_bytes;
    let before: Vec<_> = disk.files().into_keys().collect();
    let engine = open_small(&disk);
    assert_eq!(
        (disk.files().into_keys().collect::<Vec<_>>(), engine.reader().stats().reserve_bytes),
        (before, reserve)
    );
    assert!(reserve > 0);
}

#[test]
fn a_full_disk_can_be_emptied() {
    let disk = SimDisk::new();
    disk.set_total_bytes(600 << 10);
    let mut engine = open_small(&disk);
    let stored: Vec<u8> =
        (0..100).take_while(|&name| matches!(write(&mut engine, &[put(name)])[..], [Ok(Outcome::Created)])).collect();
    assert!(stored.len() > 20);
    disk.fill_up_to(0);
    for &name in &stored {
        assert!(matches!(delete(&mut engine, name), Ok(Outcome::Deleted)), "{name}");
    }
    engine.close();
    let mut engine = open_small(&disk);
    compact(&mut engine);
    engine.close();
    let mut engine = open_small(&disk);
    compact(&mut engine);
    assert!(disk.used_bytes() < 64 << 10, "{} bytes stay", disk.used_bytes());
    assert!(matches!(write(&mut engine, &[put(1)])[..], [Ok(Outcome::Created)]));
}

#[test]
fn a_read_only_file_system_is_served_from_and_written_to_once_it_is_repaired() {
    let disk = stored(&[1, 2]);
    let (mut engine, _) = open(&disk);
    disk.set_read_only(true);
    assert!(matches!(write(&mut engine, &[put(3)])[..], [Err(WriteError::NoWrites(Refusal::ReadOnly))]));
    disk.set_read_only(false);
    assert!(matches!(delete(&mut engine, 1), Err(WriteError::NoWrites(Refusal::ReadOnly))), "until it is opened again");
    assert!(holds(&engine, 1));
    drop(engine);
    disk.set_read_only(true);
    let (mut engine, _) = open(&disk);
    assert!(holds(&engine, 1) && holds(&engine, 2));
    assert!(matches!(write(&mut engine, &[put(3)])[..], [Err(WriteError::NoWrites(Refusal::ReadOnly))]));
    drop(engine);
    disk.set_read_only(false);
    let (mut engine, _) = open(&disk);
    assert!(matches!(write(&mut engine, &[put(3)])[..], [Ok(Outcome::Created)]));
}

#[test]
fn a_stretch_that_cannot_be_read_costs_what_lies_in_it_until_it_is_written_again() {
    let disk = stored(&[1, 2, 3]);
    let (mut engine, _) = open(&disk);
    disk.set_unreadable(&file_name(1), record(1)..record(1) + 4096);
    assert!(holds(&engine, 1) && holds(&engine, 3));
    for read in [engine.reader().get(&put(2).key()).map(drop), engine.reader().check(&put(2).key()).map(drop)] {
        assert!(matches!(read, Err(GetError::Io(_))), "the copy may be good");
    }
    assert!(matches!(write(&mut engine, &[put(2)])[..], [Ok(Outcome::Created)]));
    assert!(holds(&engine, 2));
}

#[test]
fn whatever_the_kernel_says_of_a_read_is_held_against_the_copy_unless_it_is_short_of_something() {
    let disk = stored(&[1]);
    let (mut engine, _) = open(&disk);
    let (short_of, broken) = ([4, 12, 23, 24, 110], [5, 6, 19, 74, 116, 117, 121]);
    for errno in short_of.into_iter().chain(broken) {
        disk.inject(|faults| faults.read_errno = Some(errno));
        assert!(matches!(engine.reader().get(&put(1).key()), Err(GetError::Io(_))));
        let expected = if short_of.contains(&errno) { vec![] } else { vec![put(1).key()] };
        assert_eq!(engine.reader().damaged(None, 10), expected, "errno {errno}");
        disk.heal();
        assert!(engine.reader().check(&put(1).key()).is_ok());
    }
    disk.inject(|faults| faults.read_errno = Some(117));
    assert!(matches!(write(&mut engine, &[put(1)])[..], [Ok(Outcome::Created)]), "a PUT writes it anew");
    disk.heal();
    assert!(engine.reader().damaged(None, 10).is_empty() && holds(&engine, 1));
}

#[test]
fn scrubbing_finds_what_the_cache_hides() {
    let disk = stored(&[1]);
    let (mut engine, _) = open(&disk);
    disk.flip_on_platter(&file_name(1), record(0) + 5_000, 0);
    assert!(holds(&engine, 1));
    assert!(matches!(engine.reader().check(&put(1).key()), Err(GetError::Corrupt { .. })));
    assert_eq!(engine.reader().damaged(None, 10), [put(1).key()]);
    assert!(matches!(write(&mut engine, &[put(1)])[..], [Ok(Outcome::Created)]));
    assert!(engine.reader().damaged(None, 10).is_empty());
    assert!(engine.reader().check(&put(1).key()).is_ok());
}

#[test]
fn a_delete_that_failed_leaves_its_chunk_and_no_put_relies_on_that() {
    let disk = stored(&[1]);
    let (mut engine, _) = open(&disk);
    // the next superblock is begun, and then the tombstone written, perhaps all of it
    disk.inject(|faults| faults.write_fails_after = Some(1));
    assert!(matches!(delete(&mut engine, 1), Err(WriteError::Io(_))));
    assert!(holds(&engine, 1));
    assert!(matches!(write(&mut engine, &[put(1)])[..], [Ok(Outcome::Created)]), "behind what may be a tombstone");

    disk.inject(|faults| faults.sync_fails_after = Some(0));
    assert!(matches!(delete(&mut engine, 1), Err(WriteError::NoWrites(_))));
    assert!(holds(&engine, 1), "withdrawn");
    assert!(matches!(write(&mut engine, &[put(1)])[..], [Err(WriteError::NoWrites(_))]));
}
