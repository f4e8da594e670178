//! The state of runs: journals, locks and kept clusters stay where they belong, in trees that
//! somebody else prepared as well, and a damaged or newer journal is told of.
use crate::support::{Trial, namespace};
use std::{
    fs,
    os::unix::fs::{MetadataExt, symlink},
};

const STATE: &str = "/var/lib/kubephase";

#[test]
fn links_in_a_scratch_root_lead_no_state_out_of_it() {
    for name in [
        "lock",
        ".cluster.jsonl.new",
        "cluster.jsonl",
        "journal-000001.jsonl",
        "secrets.json",
        ".secrets.json.new",
    ] {
        let trial = Trial::check();
        let victim = trial.folder().join("victim");
        fs::write(&victim, "precious").unwrap();
        trial.link(&format!("{STATE}/{name}"), &victim);
        // Whether the run is refused or replaces the link is its own affair.
        trial.rehearse_without_plugin();
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious", "{name}");
    }
    for folder in ["/var", "/var/lib", STATE, "/etc", "/etc/kubernetes"] {
        let trial = Trial::check();
        let outside = trial.folder().join("outside");
        fs::create_dir(&outside).unwrap();
        trial.link(folder, &outside);
        trial.rehearse_without_plugin();
        let left: Vec<_> = fs::read_dir(&outside)
            .unwrap()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        assert!(left.is_empty(), "{folder}: {left:?}");
    }
}

#[test]
fn directories_above_the_state_are_open_to_all() {
    let trial = Trial::check();
    trial.rehearse_without_plugin().expect_status(0);
    for (path, mode) in [("/var", 0o755), ("/var/lib", 0o755), (STATE, 0o700)] {
        assert_eq!(
            fs::metadata(trial.on_node(path)).unwrap().mode() & 0o777,
            mode,
            "{path}"
        );
    }
}

#[test]
fn the_machine_itself_is_no_scratch_root() {
    if !namespace::is_possible() {
        return;
    }
    let trial = Trial::check();
    trial.write_config();
    symlink("/", trial.folder().join("top")).unwrap();
    for root in ["/", "//", "/../", "top", "/proc/self/root"] {
        let result = namespace::run(
            &trial,
            None,
            &[
                "rehearse",
                "--config",
                "cluster.yaml",
                "--node",
                "node.yaml",
                "--root",
                root,
            ],
        );
        assert!(
            [1, 2].contains(&result.status),
            "{root}: {}",
            result.output()
        );
    }
}

/// Replaces the newest journal of a trial.
fn change_journal(trial: &Trial, change: impl Fn(&str) -> String) {
    let mut journals: Vec<_> = fs::read_dir(trial.on_node(STATE))
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("journal-"))
        })
        .collect();
    journals.sort();
    let newest = journals.pop().expect("there is a journal");
    fs::write(&newest, change(&fs::read_to_string(&newest).unwrap())).unwrap();
}

#[test]
fn a_damaged_or_newer_journal_is_told_of() {
    let damages: [fn(&str) -> String; 3] = [
        |text| text.replacen("\"format\":1", "\"format\":2", 1),
        |text| {
            text.lines()
                .enumerate()
                .map(|(number, line)| {
                    if number == 19 {
                        "garbage\n".to_owned()
                    } else {
                        format!("{line}\n")
                    }
                })
                .collect()
        },
        |text| {
            // The first half of a record, and the rest of the file.
            let (before, after) = text.split_at(text[..text.len() / 2].rfind('\n').unwrap() + 1);
            let (record, after) = after.split_once('\n').unwrap();
            format!(
                "{before}{}\n{after}",
                &record[..record.floor_char_boundary(record.len() / 2)]
            )
        },
    ];
    for (number, damage) in damages.into_iter().enumerate() {
        let trial = Trial::check();
        trial.rehearse_without_plugin().expect_status(0);
        change_journal(&trial, damage);
        let result = trial.run(&["reset", "--force", "--root", "root"]);
        assert!(
            result.output().contains("journal-0"),
            "damage {number} is not told of: {} {}",
            result.status,
            result.output()
        );
    }
}

#[test]
fn a_journal_of_any_size_stops_neither_run_nor_reset() {
    let trial = Trial::check();
    trial.rehearse_without_plugin().expect_status(0);
    change_journal(&trial, |text| {
        let line = text
            .lines()
            .find(|line| line.contains("\"message\""))
            .unwrap_or("{}")
            .to_owned()
            + "\n";
        text.to_owned() + &line.repeat((70 << 20) / line.len())
    });
    trial.rehearse_again().expect_status(0);
    trial
        .run(&["reset", "--force", "--root", "root"])
        .expect_status(0);
}

#[test]
fn a_journal_makes_nobody_delete_what_no_run_made() {
    let trial = Trial::check();
    trial.rehearse_without_plugin().expect_status(0);
    let outside = trial.folder().join("precious");
    fs::write(&outside, "precious").unwrap();
    change_journal(&trial, |text| {
        let line = text
            .lines()
            .find(|line| line.contains("\"made\":[\""))
            .expect("an effect made a file")
            .to_owned();
        let made = line
            .split_once("\"made\":[\"")
            .and_then(|(_, rest)| rest.split_once('"'))
            .unwrap()
            .0
            .to_owned();
        let up = format!("/../../../../../../../..{}", outside.display());
        format!(
            "{text}{}\n{}\n",
            line.replace(&made, &up),
            line.replace(&made, &outside.display().to_string())
        )
    });
    trial.run(&["reset", "--force", "--root", "root"]);
    assert_eq!(fs::read_to_string(&outside).unwrap(), "precious");
}

#[test]
fn a_tree_that_lost_a_certificate_can_be_mended_and_reset() {
    for command in [
        &[
            "rehearse",
            "--config",
            "cluster.yaml",
            "--node",
            "node.yaml",
            "--root",
            "root",
        ][..],
        &["reset", "--force", "--root", "root"],
    ] {
        let trial = Trial::check();
        trial.rehearse_without_plugin().expect_status(0);
        for name in ["apiserver.crt", "apiserver.key"] {
            fs::remove_file(trial.on_node("/etc/kubernetes/pki").join(name)).unwrap();
        }
        trial.run(command).expect_status(0);
    }
}

#[test]
fn a_run_that_was_cut_off_is_not_at_work_because_its_number_was_given_again() {
    let trial = Trial::check();
    trial.rehearse_without_plugin().expect_status(0);
    change_journal(&trial, |text| {
        text.lines()
            .filter(|line| !line.contains("run-ended") && !line.contains("runEnded"))
            .map(|line| format!("{line}\n"))
            .collect()
    });
    fs::write(
        trial.on_node(STATE).join("lock"),
        "{\"pid\":1,\"command\":\"init\"}",
    )
    .unwrap();
    let result = trial.run(&["report", "--root", "root"]);
    assert!(
        !result.output().contains("still at work"),
        "{}",
        result.output()
    );
}

#[test]
fn configurations_that_never_end_are_refused() {
    let trial = Trial::check();
    trial.write_config();
    nix::unistd::mkfifo(
        &trial.folder().join("pipe"),
        nix::sys::stat::Mode::from_bits_truncate(0o644),
    )
    .unwrap();
    fs::write(trial.folder().join("large"), "#".repeat(1 << 20)).unwrap();
    fs::File::options()
        .write(true)
        .open(trial.folder().join("large"))
        .unwrap()
        .set_len(1 << 32)
        .unwrap();
    for source in ["/dev/zero", "pipe", "large"] {
        assert_ne!(
            trial
                .run(&["config", "validate", "--config", source])
                .status,
            0,
            "{source}"
        );
        let node = trial.run(&[
            "rehearse",
            "--config",
            "cluster.yaml",
            "--node",
            source,
            "--root",
            "root",
        ]);
        assert_ne!(node.status, 0, "--node {source}");
        let file = trial.run(&["join", "--discovery-file", source, "--dry-run"]);
        assert_ne!(file.status, 0, "--discovery-file {source}");
    }
}

#[test]
fn a_map_of_many_keys_is_read_in_one_pass() {
    let trial = Trial::check();
    let keys: String = (0..120_000)
        .map(|number| format!("  key-{number}: 1\n"))
        .collect();
    fs::write(
        trial.folder().join("many.yaml"),
        format!(
            "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nextra:\n{keys}"
        ),
    )
    .unwrap();
    // That it ends at all is the assertion: with a quadratic check it does not.
    trial.run(&["config", "validate", "--config", "many.yaml"]);
}

#[test]
fn nothing_of_a_patch_that_is_not_yaml_is_printed() {
    let trial = Trial::check();
    trial.write_config();
    let patches = trial.folder().join("patches");
    fs::create_dir(&patches).unwrap();
    fs::write(
        patches.join("kube-apiserver.yaml"),
        "spec: {a: [\ncanary-patch\u{1b}[2J\n",
    )
    .unwrap();
    let result = trial.run_in_place(&["rehearse", "--patches", "patches"]);
    assert_ne!(result.status, 0);
    assert!(
        !result.output().contains("canary-patch") && !result.output().contains('\u{1b}'),
        "{}",
        result.output()
    );
}

#[test]
fn a_full_disk_is_told_of_at_once() {
    if !namespace::is_possible() {
        return;
    }
    let trial = Trial::check();
    trial.write_config();
    let result = namespace::run_on_small_disk(
        &trial,
        &[
            "rehearse",
            "--config",
            "cluster.yaml",
            "--node",
            "node.yaml",
            "--root",
            "root",
        ],
    );
    assert_ne!(result.status, 0, "{}", result.output());
    assert!(
        result.output().contains("No space left"),
        "{}",
        result.output()
    );
}

#[test]
fn texts_of_a_journal_reach_the_terminal_as_text() {
    let trial = Trial::check();
    trial.rehearse_without_plugin().expect_status(0);
    change_journal(&trial, |text| {
        text.replace("\"text\":\"", "\"text\":\"\\u001b[2J\\u202e\\u009b2J")
            .replace("\"target\":\"", "\"target\":\"\\u001b[2J")
    });
    for arguments in [
        &["report", "--root", "root"][..],
        &["report", "--root", "root", "--timeline"],
        &["report", "--root", "root", "--list"],
    ] {
        let result = trial.run(arguments);
        assert!(
            !result.output().contains(['\u{1b}', '\u{9b}', '\u{202e}']),
            "{:?}",
            result.output()
        );
    }
}
