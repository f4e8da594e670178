//! Memory, time and numbers: whatever a plugin does, the host stays within its memory (which is
//! checked for every run of this suite) and the run ends.
use crate::support::{Trial, call, checks, quiet_calls, repeated};
use serde_json::{Value, json};
use std::fs;

const READ: &str = "capability: observe-files.read-file, paths: [/srv/**]";

#[test]
fn a_large_file_costs_the_host_no_more_than_its_size() {
    let trial = Trial::check().grants(&[READ]).calls(&[quiet_calls(
        "observe-files.read-file",
        json!(["/srv/large"]),
        1,
    )]);
    trial.put("/srv/large", vec![b'x'; 63 << 20], 0o644);
    trial.preflight();
}

#[test]
fn a_file_beyond_the_limit_is_not_read_at_all() {
    let trial = Trial::check()
        .grants(&[READ])
        .calls(&[call("observe-files.read-file", json!(["/srv/sparse"]))]);
    trial.put("/srv/sparse", "", 0o644);
    fs::File::options()
        .write(true)
        .open(trial.on_node("/srv/sparse"))
        .unwrap()
        .set_len(4 << 30)
        .unwrap();
    assert!(!trial.preflight().answer("0.0").is_ok);
}

#[test]
fn reading_a_file_again_and_again_does_not_pile_up() {
    let round = json!({
        "calls": [quiet_calls("observe-files.read-file", json!(["/srv/file"]), 40)],
        "ending": {"againUntil": 10},
    });
    let trial = Trial::check().grants(&[READ]).rounds(&[round]);
    trial.put("/srv/file", vec![b'x'; 900_000], 0o644);
    trial.preflight();
}

#[test]
fn asking_for_a_large_fact_again_and_again_does_not_pile_up() {
    let options: String = (0..3000)
        .map(|number| format!("  OPTION_{number}: y\n"))
        .collect();
    let round = json!({
        "calls": [quiet_calls("observe-node.node-fact", json!(["kernelOptions"]), 80)],
        "ending": {"againUntil": 20},
    });
    Trial::check()
        .node(&format!("kernelOptions:\n{options}"))
        .rounds(&[round])
        .preflight();
}

#[test]
fn special_files_are_not_read() {
    let trial = Trial::check()
        .grants(&["capability: observe-files.read-file, paths: [/srv/**, /dev/**, /proc/**]"])
        .calls(
            &["/srv/pipe", "/dev/zero", "/dev/tty", "/srv/link"]
                .map(|path| call("observe-files.read-file", json!([path]))),
        );
    fs::create_dir_all(trial.on_node("/srv")).unwrap();
    nix::unistd::mkfifo(
        &trial.on_node("/srv/pipe"),
        nix::sys::stat::Mode::from_bits_truncate(0o644),
    )
    .unwrap();
    trial.link("/srv/link", "/dev/zero");
    let ended = trial.preflight();
    assert!(
        ended.answers.len() == 4 && ended.answers.iter().all(|answer| !answer.is_ok),
        "{:?}",
        ended.answers
    );
}

#[test]
fn findings_without_end_leave_a_node_on_which_everything_still_runs() {
    let finding = call(
        "report.submit",
        json!([
            "warn",
            "Hostile",
            repeated("x", 16_000),
            "name",
            repeated("y", 16_000)
        ]),
    );
    let calls: Vec<Value> = vec![finding; 990];
    let trial = Trial::providing(&checks(5)).calls(&calls);
    let ended = trial.preflight();
    let journals: u64 = fs::read_dir(trial.on_node("/var/lib/kubephase"))
        .unwrap()
        .flatten()
        .map(|entry| entry.metadata().unwrap().len())
        .sum();
    assert!(
        journals < 64 << 20,
        "the journal has {journals} bytes; {} printed",
        ended.output().len()
    );
    trial.rehearse_without_plugin().expect_status(0);
    trial.run(&["report", "--root", "root"]).expect_status(0);
    trial
        .run(&["reset", "--force", "--root", "root"])
        .expect_status(0);
}

#[test]
fn a_plugin_that_never_returns_is_stopped() {
    for ending in [
        json!("endlessLoop"),
        json!("endlessRecursion"),
        json!("endlessMemory"),
        json!({"endlessMessages": 10_000}),
        json!({"panic": "on purpose"}),
        json!("again"),
    ] {
        let ended = Trial::check()
            .rounds(&[json!({"ending": ending})])
            .preflight();
        assert_eq!(ended.status, 4, "{ending}: {}", ended.output());
    }
}

#[test]
fn a_wait_that_a_plugin_asks_for_has_a_ceiling() {
    let ended = Trial::check()
        .entry("  limits: {deadline: 1s}\n")
        .rounds(&[json!({"ending": {"againAfter": u32::MAX}})])
        .preflight();
    assert_ne!(ended.status, 0, "{}", ended.output());
}

#[test]
fn proposals_facts_and_requirements_without_end_are_refused() {
    for calls in [
        vec![quiet_calls(
            "effects-files.make-dir",
            json!(["/var/lib/kubephase-plugins/hostile/x"]),
            5000,
        )],
        vec![quiet_calls(
            "report.set-fact",
            json!(["name", repeated("1", 100_000)]),
            5000,
        )],
        vec![quiet_calls(
            "report.progress",
            json!([1, 2, repeated("x", 1000)]),
            100_000,
        )],
        vec![
            call(
                "effects-files.make-dir",
                json!(["/var/lib/kubephase-plugins/hostile/x"]),
            ),
            quiet_calls("effects.requires", json!([0, 0]), 600_000),
            quiet_calls("effects.because", json!([0, repeated("x", 1 << 20)]), 1000),
        ],
    ] {
        let grant =
            "capability: effects-files.make-dir, paths: [/var/lib/kubephase-plugins/hostile/*]";
        let ended = Trial::early_phase()
            .grants(&[grant])
            .calls(&calls)
            .rehearse();
        assert!(
            [4, 5].contains(&ended.status),
            "{calls:?}: {}",
            ended.output()
        );
    }
}

const OWN: &str = "capability: effects-files.write-file, paths: \
    [/var/lib/kubephase-plugins/hostile/**]";

/// Writes files below so many directories of its own each.
fn deep(files: usize, directories: usize, name: &str) -> Trial {
    let write = |number: usize| {
        let below = format!("/{name}").repeat(directories);
        let path = format!("/var/lib/kubephase-plugins/hostile/{number}{below}");
        quiet_calls("effects-files.write-file", json!([path, "x"]), 1)
    };
    let writes: Vec<Value> = (0..files).map(write).collect();
    Trial::phase().grants(&[OWN]).calls(&writes)
}

/// Resets the tree, and expects that nothing of the plugin's is left there.
fn reset(trial: &Trial) {
    trial
        .run(&["reset", "--force", "--root", "root"])
        .expect_status(0)
        .expect_soon();
    let left = trial.on_node("/var/lib/kubephase-plugins/hostile");
    assert!(!left.exists(), "{} is left", left.display());
}

#[test]
fn files_thousands_of_directories_deep_are_not_made() {
    let trial = deep(40, 1900, "a");
    trial.rehearse().expect_status(0).expect_soon();
    let made = trial.on_node("/var/lib/kubephase-plugins/hostile");
    assert!(!made.exists());
    reset(&trial);
}

#[test]
fn the_deepest_directories_that_a_plugin_may_make_are_removed_by_reset() {
    let trial = deep(200, 27, "directory");
    trial.rehearse().expect_status(0).expect_soon();
    assert!(trial.on_node("/var/lib/kubephase-plugins/hostile").exists());
    reset(&trial);
}

#[test]
fn effects_without_end_do_not_fill_the_journal() {
    let long = "x".repeat(120);
    let trial = deep(250, 27, &long);
    let ended = trial.rehearse().expect_soon();
    assert!(
        ended.status != 0
            && ended
                .output()
                .contains("the journal for effects of one plugin"),
        "{:.4000}",
        ended.output()
    );
    let journal = trial.on_node("/var/lib/kubephase/journal-000001.jsonl");
    assert!(fs::metadata(journal).unwrap().len() < 16 << 20);
    reset(&trial);
}
