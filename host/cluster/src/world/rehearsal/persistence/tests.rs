#![allow(
    clippy::disallowed_methods,
    reason = "the tests look at the scratch tree itself"
)]
use super::*;
use crate::world::files::RootedFiles;
use serde_json::json;
use std::fs;

fn object(name: &str) -> LogEntry {
    LogEntry::Object {
        version: 7,
        resource: "/configmaps".into(),
        object: json!({"metadata": {"name": name}}),
    }
}

#[test]
fn entries_are_read_again_except_a_line_that_was_cut_off() {
    let root = tempfile::tempdir().unwrap();
    let files = RootedFiles::open(root.path()).unwrap();
    assert_eq!(ClusterLog::read(&files).unwrap(), []);
    let log = ClusterLog::new(root.path());
    log.add(|| object("before the log is open"));
    log.begin([object("a")].into_iter()).unwrap();
    log.add(|| LogEntry::Members(json!([1])));
    log.add(|| object("b"));
    assert_eq!(
        ClusterLog::read(&files).unwrap(),
        [object("a"), LogEntry::Members(json!([1])), object("b")]
    );
    let path = state::path_below(root.path()).join(NAME);
    let text = fs::read(&path).unwrap();
    fs::write(&path, &text[..text.len() - 3]).unwrap();
    assert_eq!(
        ClusterLog::read(&files).unwrap(),
        [object("a"), LogEntry::Members(json!([1]))]
    );
    ClusterLog::new(root.path())
        .begin([object("c")].into_iter())
        .unwrap();
    assert_eq!(ClusterLog::read(&files).unwrap(), [object("c")]);
    fs::write(&path, "{}\n{\"members\":[]}\n").unwrap();
    let damaged = ClusterLog::read(&files).unwrap_err();
    assert!(
        damaged.message.contains("cluster.jsonl:1 is damaged") && damaged.remedy.is_some(),
        "{damaged:?}"
    );
}

#[test]
fn a_link_in_the_tree_is_not_written_through() {
    let root = tempfile::tempdir().unwrap();
    let victim = root.path().join("victim");
    fs::write(&victim, "precious").unwrap();
    let directory = state::make(root.path()).unwrap();
    for name in [".cluster.jsonl.new", ".cluster.jsonl.unfinished", NAME] {
        std::os::unix::fs::symlink(&victim, directory.path().join(name)).unwrap();
    }
    assert!(!ClusterLog::exists(root.path()), "a link is not a log");
    ClusterLog::new(root.path())
        .begin([object("a")].into_iter())
        .unwrap();
    assert!(ClusterLog::exists(root.path()));
    assert_eq!(fs::read(&victim).unwrap(), b"precious");
}

#[test]
fn only_the_last_change_of_an_object_is_read() {
    let root = tempfile::tempdir().unwrap();
    let log = ClusterLog::new(root.path());
    log.begin([object("a"), object("b")].into_iter()).unwrap();
    (0..1000).for_each(|_| log.add(|| object("a")));
    log.add(|| LogEntry::Deleted {
        version: 9,
        resource: "/configmaps".into(),
        namespace: String::new(),
        name: "b".into(),
    });
    let read = ClusterLog::read(&RootedFiles::open(root.path()).unwrap()).unwrap();
    assert_eq!(read[0], object("a"));
    assert!(matches!(&read[1], LogEntry::Deleted { name, .. } if name == "b"));
    assert_eq!(read.len(), 2);
}
