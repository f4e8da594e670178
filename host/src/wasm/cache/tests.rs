use super::{room::*, *};
use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown, symlink},
    thread,
    time::SystemTime,
};

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn set_age(path: &Path, age: Duration) {
    File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_modified(SystemTime::now() - age)
        .unwrap();
}

fn why_unusable(place: &Path) -> String {
    let cache = Cache::open_at(place);
    cache.put("key", b"code");
    assert!(cache.get("key").is_none());
    cache.unusable_reason().unwrap().to_owned()
}

#[test]
fn an_entry_that_was_changed_is_not_used() {
    let place = tempfile::tempdir().unwrap();
    let cache = Cache::open_at(place.path());
    cache.put("key", b"code");
    assert_eq!(cache.get("key").unwrap(), b"code");
    let path = place.path().join("key");
    assert!(cache.file("key").is_some());
    let entry = fs::read(&path).unwrap();
    let none = |entry: &[u8]| {
        fs::write(&path, entry).unwrap();
        assert!(cache.get("key").is_none() && cache.file("key").is_none());
    };
    for at in 0..entry.len() {
        let mut touched = entry.clone();
        touched[at] ^= 1;
        none(&touched);
        none(&entry[..at]);
    }
    none(&[&entry[..], b"x"].concat());
    assert!(cache.get("other").is_none() && cache.file("other").is_none());
}

#[test]
fn a_directory_others_can_write_to_is_not_used() {
    let place = tempfile::tempdir().unwrap();
    set_mode(place.path(), 0o777);
    assert!(
        why_unusable(place.path())
            .contains("other users can write to it (mode 0777); run: chmod go-w /")
    );
}

#[test]
fn a_link_to_a_directory_is_not_used() {
    let place = tempfile::tempdir().unwrap();
    let link = place.path().join("link");
    symlink(place.path(), &link).unwrap();
    assert!(why_unusable(&link).contains("is not a directory"));
}

#[test]
fn a_directory_below_one_that_others_can_write_to_is_not_used() {
    let place = tempfile::tempdir().unwrap();
    let open = place.path().join("open");
    fs::create_dir_all(open.join("between/cache")).unwrap();
    set_mode(&open, 0o777);
    let why = why_unusable(&open.join("between/cache"));
    assert!(why.contains("open (mode 0777); run: chmod go-w /"), "{why}");
    // As in /tmp, other users cannot exchange what belongs to this user.
    set_mode(&open, 0o1777);
    assert_eq!(
        Cache::open_at(&open.join("between/cache")).unusable_reason(),
        None
    );
    assert_eq!(
        Cache::open_at(&open.join("made/on/the/way")).unusable_reason(),
        None
    );
}

#[test]
fn a_directory_below_one_of_another_user_is_not_used() {
    // Only root gives directories away.
    if !crate::requirements::is_root() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let other = place.path().join("other");
    fs::create_dir_all(other.join("cache")).unwrap();
    chown(&other, Some(65_534), None).unwrap();
    let why = why_unusable(&other.join("cache"));
    assert!(why.contains("other belongs to user 65534"), "{why}");
    // The path to the directory makes no difference.
    let link = place.path().join("link");
    symlink(&other, &link).unwrap();
    assert!(why_unusable(&link.join("cache")).contains("belongs to user 65534"));
}

#[test]
fn an_entry_that_others_could_have_written_is_not_used() {
    let place = tempfile::tempdir().unwrap();
    let cache = Cache::open_at(place.path());
    cache.put("key", b"code");
    let path = place.path().join("key");
    set_mode(&path, 0o666);
    assert!(cache.get("key").is_none() && cache.file("key").is_none());
    fs::rename(&path, place.path().join("elsewhere")).unwrap();
    set_mode(&place.path().join("elsewhere"), 0o600);
    symlink("elsewhere", &path).unwrap();
    assert!(cache.get("key").is_none() && cache.file("key").is_none());
}

/// Renaming the directory changes nothing for a run that has opened it.
#[test]
fn the_directory_that_was_checked_is_the_one_that_is_used() {
    let place = tempfile::tempdir().unwrap();
    let (checked, moved) = (place.path().join("cache"), place.path().join("moved"));
    let cache = Cache::open_at(&checked);
    fs::rename(&checked, &moved).unwrap();
    fs::create_dir(&checked).unwrap();
    cache.put("key", b"code");
    assert_eq!(fs::read_dir(&checked).unwrap().count(), 0);
    assert!(moved.join("key").is_file());
    assert_eq!(cache.get("key").unwrap(), b"code");
}

#[test]
fn entries_that_nobody_uses_go_and_those_in_use_stay() {
    let place = tempfile::tempdir().unwrap();
    let cache = Cache::open_at(place.path());
    for key in ["old", "used", "young"] {
        cache.put(key, b"code");
    }
    for (key, days) in [("old", 100), ("used", 89), ("young", 1)] {
        set_age(&place.path().join(key), Duration::from_hours(days * 24 + 1));
    }
    assert!(cache.get("used").is_some(), "a use is noted");
    set_age(&place.path().join("young"), Duration::from_hours(1));
    for (name, hours) in [("half", 25), ("fresh", 1)] {
        let path = place.path().join(format!("{HALF_WRITTEN_PREFIX}{name}"));
        fs::write(&path, "half").unwrap();
        set_age(&path, Duration::from_hours(hours));
    }
    cache.put("new", b"code");
    let mut left: Vec<String> = fs::read_dir(place.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, [".new-fresh", "new", "used", "young"]);
    assert!(
        place
            .path()
            .join("used")
            .metadata()
            .unwrap()
            .modified()
            .unwrap()
            .elapsed()
            .unwrap()
            < Duration::from_hours(1)
    );
}

#[test]
fn the_oldest_entries_go_where_all_are_too_large() {
    let place = tempfile::tempdir().unwrap();
    let cache = Cache::open_at(place.path());
    for (hours, key) in [(3, "third"), (2, "second"), (1, "first")] {
        let path = place.path().join(key);
        // Without content: it takes no room on the disk.
        File::create(&path)
            .unwrap()
            .set_len(MAX_TOTAL_BYTES / 2 - 100)
            .unwrap();
        set_age(&path, Duration::from_hours(hours));
    }
    cache.put("new", b"code");
    assert_eq!(
        ["new", "first", "second", "third"].map(|key| place.path().join(key).exists()),
        [true, true, true, false]
    );
}

#[test]
fn several_runs_write_and_evict_at_once() {
    let place = tempfile::tempdir().unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let cache = Cache::open_at(place.path());
                for number in 0..50 {
                    let key = format!("key-{}", number % 7);
                    cache.put(&key, key.as_bytes());
                    assert_eq!(cache.get(&key).unwrap(), key.as_bytes());
                }
            });
        }
    });
    assert_eq!(
        fs::read_dir(place.path()).unwrap().count(),
        7,
        "nothing half-written is left"
    );
}
