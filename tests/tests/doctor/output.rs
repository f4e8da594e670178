//! Tests the output of an examination, and that it changes nothing else.
use crate::{Cluster, PROGRAM};
use harness::{kubephase, run};
use std::{collections::BTreeMap, fs, path::Path};

/// Returns the content of all files of a tree.
fn files(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else {
                let content = fs::read(&path).unwrap_or_default();
                all.insert(path.display().to_string(), content);
            }
        }
    }
    all
}

#[test]
fn an_examination_changes_nothing_and_keeps_no_journal() {
    let cluster = Cluster::of_three();
    let before = files(&cluster.root());
    let output = cluster.run(&cluster.root(), "doctor");
    assert_eq!(output.status, 4, "{}", output.printed());
    assert_eq!(files(&cluster.root()), before);
    assert!(
        output.stdout.contains("\ncertificates: ok, "),
        "{}",
        output.stdout
    );
    let lines = [
        "  error NodeReady: the Node control-plane-1 is not ready: ",
        "    what to do: install a network plugin",
        "problems found in ",
    ];
    for line in lines {
        assert!(output.stdout.contains(line), "{line}\n{}", output.stdout);
    }
    assert!(!output.stdout.contains("  ok "), "{}", output.stdout);
    let output = cluster.run(&cluster.root(), "doctor --v 1");
    assert!(
        output
            .stdout
            .contains("  ok Certificate-apiserver: 364 days left"),
        "{}",
        output.stdout
    );
}

#[test]
fn metrics_are_replaced_in_one_step() {
    let cluster = Cluster::of_three();
    let file = cluster.path("kubephase.prom");
    fs::write(&file, "old\n").unwrap();
    let line = "doctor --textfile kubephase.prom \
                --ignore-preflight-errors ControlPlaneNodesReady \
                --ignore-preflight-errors NodeReady";
    let output = cluster.run(&cluster.root(), line);
    assert_eq!(output.status, 0, "{}", output.printed());
    let text = fs::read_to_string(&file).unwrap();
    for part in [
        "# TYPE kubephase_doctor_findings gauge\n",
        "kubephase_doctor_findings{verdict=\"fail\"} 0\n",
        "kubephase_doctor_problems{code=\"NodeReady\",verdict=\"warn\"} 1\n",
        "kubephase_certificate_expiration_timestamp_seconds{certificate=\"etcd-ca\"} ",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let mut names: Vec<String> = fs::read_dir(file.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["kubephase.prom", "root"]);
    let output = cluster.run(&cluster.root(), "doctor --textfile metrics.txt");
    assert_eq!(output.status, 2, "{}", output.printed());
}

/// Examines the machine that runs the tests. An examination only reads.
#[test]
fn this_machine_is_examined_without_a_lock() {
    let output = run(kubephase(PROGRAM).args(["doctor", "-o", "json"]));
    assert!(
        output.stdout.contains("\"event\":\"run-ended\""),
        "{}",
        output.printed()
    );
    assert!(
        output.stdout.contains("KubeletService"),
        "{}",
        output.printed()
    );
}

#[test]
fn the_plan_shows_the_phases() {
    let cluster = Cluster::of_three();
    let plan = cluster.run(&cluster.root(), "plan doctor").expect_success();
    for phase in ["+   system ", "+ drift ", "+   access "] {
        assert!(plan.contains(phase), "{plan}");
    }
    let worker = cluster.run(&cluster.machine("worker-1"), "plan doctor");
    let plan = worker.expect_success();
    assert!(plan.contains("this node being a worker"), "{plan}");
}
