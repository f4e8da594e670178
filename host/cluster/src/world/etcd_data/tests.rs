//! Snapshots of an invented member. Copies of a real member are in `world/real/tests/etcd/`.
use super::*;
use crate::cancel::Cancel;
use crate::world::{
    Etcd, EtcdMember, Files, NoEtcd, TakePart, WorldResult,
    etcd_data::{copy::DataTree, snapshot::save_database},
    files::RootedFiles,
};
use aws_lc_rs::digest::{SHA256, digest};
use kubephase_wit::{Failure, FailureCode};

const URL: &str = "https://192.0.2.1:2379";
const PATH: &str = "/backup/snapshot.db";

/// A member that sends these parts, each with the number of bytes that follow it, and then fails if
/// it has a failure.
#[derive(Default)]
struct Member {
    parts: Vec<(Vec<u8>, u64)>,
    failure: Option<Failure>,
}

impl Etcd for Member {
    fn members(&self) -> WorldResult<Vec<EtcdMember>> {
        NoEtcd.members()
    }

    fn add_learner(&self, peer_url: &str) -> WorldResult<()> {
        NoEtcd.add_learner(peer_url)
    }

    fn promote(&self, id: u64) -> WorldResult<()> {
        NoEtcd.promote(id)
    }

    fn remove(&self, id: u64) -> WorldResult<()> {
        NoEtcd.remove(id)
    }

    fn health(&self) -> WorldResult<(usize, usize)> {
        NoEtcd.health()
    }

    fn serves(&self, client_url: &str) -> WorldResult<bool> {
        NoEtcd.serves(client_url)
    }

    fn snapshot(&self, client_url: &str, take: &mut TakePart<'_>) -> WorldResult<()> {
        assert_eq!(client_url, URL);
        for (part, remaining) in &self.parts {
            take(part, *remaining)?;
        }
        self.failure.clone().map_or(Ok(()), Err)
    }
}

/// Returns a database of this many bytes.
fn database(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|place| (place % 251) as u8).collect()
}

/// Returns a member that sends a database and its digest in parts of this size.
fn member(database: &[u8], size: usize) -> Member {
    let digest = digest(&SHA256, database);
    let whole = [database, digest.as_ref()].concat();
    let parts = whole.chunks(size).enumerate().map(|(place, part)| {
        let sent = (place + 1) * size;
        (part.to_vec(), database.len().saturating_sub(sent) as u64)
    });
    Member {
        parts: parts.collect(),
        failure: None,
    }
}

/// Makes an empty tree.
fn tree() -> (tempfile::TempDir, RootedFiles) {
    let folder = tempfile::tempdir().unwrap();
    let files = RootedFiles::open(folder.path()).unwrap();
    files.make_dir("/backup", 0o700).unwrap();
    (folder, files)
}

/// Checks that nothing was left in the directory of the backup.
fn expect_nothing(files: &RootedFiles, case: &str) {
    assert_eq!(files.list("/backup").unwrap(), [""; 0], "{case}");
}

#[test]
fn a_snapshot_keeps_its_digest_and_a_database_does_not() {
    let (_folder, files) = tree();
    let data = database(2048);
    let whole = [&data[..], digest(&SHA256, &data).as_ref()].concat();
    // The digest can come in a part of its own, behind data, or in several parts.
    for size in [1, 31, 32, 33, 512, 2048, 2060, 4096] {
        let member = member(&data, size);
        let bytes = save_snapshot(&member, URL, &files, PATH).unwrap();
        assert_eq!(bytes, 2080, "parts of {size} bytes");
        assert!(files.read(PATH).unwrap() == whole, "parts of {size} bytes");
        assert_eq!(files.stat(PATH).unwrap().unwrap().mode, 0o600);
        save_database(&member, URL, &files, "/backup/db").unwrap();
        assert!(files.read("/backup/db").unwrap() == data);
    }
}

#[test]
fn a_snapshot_that_is_damaged_or_cut_off_is_not_kept() {
    let (_folder, files) = tree();
    let data = database(1024);
    let whole = member(&data, 256);
    let mut changed = member(&data, 256);
    changed.parts[1].0[7] ^= 1;
    let mut cut = member(&data, 256);
    cut.parts.truncate(3);
    let only_digest = member(&[], 256);
    let nothing = Member::default();
    for (case, member) in [
        ("changed", changed),
        ("cut", cut),
        ("only a digest", only_digest),
        ("nothing", nothing),
    ] {
        let failure = save_snapshot(&member, URL, &files, PATH).unwrap_err();
        let expected = format!("the snapshot of etcd at {URL} is damaged or not complete");
        assert!(
            failure.message.starts_with(&expected),
            "{case}: {}",
            failure.message
        );
        assert!(failure.retryable && failure.code == FailureCode::Invalid);
        expect_nothing(&files, case);
    }
    let failing = Member {
        failure: Some(Failure::new(FailureCode::Unavailable, "it went away")),
        ..whole
    };
    let failure = save_snapshot(&failing, URL, &files, PATH).unwrap_err();
    assert_eq!(failure.message, "it went away");
    expect_nothing(&files, "a member that fails");
}

#[test]
fn a_snapshot_that_is_too_long_or_does_not_fit_on_the_disk_ends_at_once() {
    let (_folder, files) = tree();
    let endless = |remaining| Member {
        parts: vec![(vec![0; 512], remaining), (Vec::new(), 0)],
        failure: None,
    };
    for remaining in [MAX_SNAPSHOT, u64::MAX] {
        let failure = save_snapshot(&endless(remaining), URL, &files, PATH).unwrap_err();
        assert_eq!(failure.code, FailureCode::Limit, "{}", failure.message);
        assert!(
            failure.message.contains("is longer than"),
            "{}",
            failure.message
        );
        expect_nothing(&files, "too long");
    }
    // A member that says less than it sends is stopped all the same; this disk is full.
    let full = |writer: &mut dyn crate::world::PartWriter| writer.reserve(1 << 62);
    let failure = files
        .write_in_parts(PATH, 0o600, &mut { full })
        .unwrap_err();
    let is_refused = matches!(
        failure.known_code(),
        Some(FailureCode::NoSpace | FailureCode::Io)
    );
    assert!(is_refused, "{}", failure.message);
    assert!(
        failure
            .message
            .contains("cannot reserve 4611686018427387904 bytes"),
        "{}",
        failure.message
    );
    expect_nothing(&files, "a full disk");
}

/// Paths below `member`, as etcd names its files.
const SNAPSHOT_OF_RAFT: &str = "snap/0000000000000002-0000000000002711.snap";
const LOG: &str = "wal/0000000000000000-0000000000000000.wal";

#[test]
fn a_copy_has_the_database_of_the_member_and_its_other_files() {
    let (_folder, files) = tree();
    for (path, text) in [
        ("snap/db", "a file that changes meanwhile"),
        (SNAPSHOT_OF_RAFT, "raft"),
        ("snap/db.tmp", "not finished"),
        ("wal/0.tmp", "not finished"),
        (LOG, "log"),
    ] {
        let path = format!("/var/lib/etcd/member/{path}");
        files.write(&path, text.as_bytes(), 0o600, None).unwrap();
    }
    let cancel = Cancel::never();
    let data = DataTree {
        files: &files,
        data_dir: "/var/lib/etcd",
        cancel: &cancel,
    };
    let database = database(512);
    let member = member(&database, 100);
    copy_data(&member, URL, &data, "/backup/etcd").unwrap();
    assert_eq!(files.list("/backup").unwrap(), ["etcd"]);
    let names = |path: &str| files.list(&format!("/backup/etcd/{path}")).unwrap();
    assert_eq!(names("member"), ["snap", "wal"]);
    assert_eq!(names("member/snap"), [&SNAPSHOT_OF_RAFT[5..], "db"]);
    assert_eq!(names("member/wal"), [&LOG[4..]]);
    assert!(files.read("/backup/etcd/member/snap/db").unwrap() == database);
    // The copy is put back in one step, and the replaced data stay beside it.
    let mut stops = 0;
    replace_data(&data, "/backup/etcd", &mut || {
        stops += 1;
        let db = files.read("/var/lib/etcd/member/snap/db").unwrap();
        assert_eq!(
            db == database,
            stops == 2,
            "the exchange is between the two stops"
        );
        Ok(())
    })
    .unwrap();
    assert_eq!(stops, 2);
    assert_eq!(files.list("/var/lib/etcd").unwrap(), ["member", REPLACED]);
    let replaced = files.read(&format!("/var/lib/etcd/{REPLACED}/snap/db"));
    assert_eq!(replaced.unwrap(), b"a file that changes meanwhile");
    assert!(files.stat("/backup/etcd/member/snap/db").unwrap().is_some());
    // Again, also without any data.
    files.remove_all("/var/lib/etcd/member").unwrap();
    replace_data(&data, "/backup/etcd", &mut || Ok(())).unwrap();
    assert_eq!(files.list("/var/lib/etcd").unwrap(), ["member"]);
    let nothing = replace_data(&data, "/backup", &mut || Ok(())).unwrap_err();
    assert_eq!(nothing.message, "/backup has no data of a member of etcd");
}

/// Each run has a directory of its own, so no later run would replace what a killed one left there.
#[test]
fn what_killed_runs_left_is_removed_and_complete_backups_stay() {
    let (_folder, files) = tree();
    let write = |path: &str| files.write(path, b"x", 0o600, None).unwrap();
    write("/tmp/snapshot-1/.snapshot.db.unfinished");
    write("/tmp/snapshot-1/other");
    write("/tmp/snapshot-2/snapshot.db");
    write("/tmp/etcd-1/etcd.unfinished/member/snap/db");
    write("/tmp/etcd-1/members.yaml");
    write("/tmp/etcd-2/etcd/member/snap/db");
    write("/tmp/a-file");
    let member = member(&database(1024), 256);
    files.make_dir("/tmp/snapshot-3", 0o700).unwrap();
    save_snapshot(&member, URL, &files, "/tmp/snapshot-3/snapshot.db").unwrap();
    files.make_dir("/tmp/etcd-3", 0o700).unwrap();
    let data = DataTree {
        files: &files,
        data_dir: "/var/lib/etcd",
        cancel: &Cancel::never(),
    };
    copy_data(&member, URL, &data, "/tmp/etcd-3/etcd").unwrap();
    let names = |path: &str| files.list(path).unwrap();
    assert_eq!(names("/tmp/snapshot-1"), ["other"]);
    assert_eq!(names("/tmp/snapshot-2"), ["snapshot.db"]);
    assert_eq!(names("/tmp/snapshot-3"), ["snapshot.db"]);
    assert_eq!(names("/tmp/etcd-1"), ["members.yaml"]);
    assert_eq!(names("/tmp/etcd-2"), ["etcd"]);
    assert_eq!(names("/tmp/etcd-3"), ["etcd"]);
}
