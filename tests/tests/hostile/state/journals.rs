//! Journals that are damaged, forged or too large.
use crate::{state::STATE, support::Trial};
use serde_json::{Value, json};
use std::fs;

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
fn a_damaged_or_newer_journal_is_reported() {
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
            "damage {number} is not reported: {} {}",
            result.status,
            result.output()
        );
    }
}

#[test]
fn runs_and_resets_work_with_a_journal_of_any_size() {
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
fn a_forged_journal_does_not_make_reset_delete_other_files() {
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
fn a_killed_run_is_not_at_work_because_another_process_has_its_id() {
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

/// Writes a journal of these events beside the tree, and reports on it in each form.
fn report_in_each_form(events: &[Value]) {
    let trial = Trial::check();
    let head = json!({"format": 1, "version": "0.1.0", "began": i64::MAX});
    let lines = [&head].into_iter().chain(events);
    let text: String = lines.map(|line| format!("{line}\n")).collect();
    fs::write(trial.folder().join("forged.jsonl"), text).unwrap();
    let forms: [&[&str]; 6] = [
        &[],
        &["--timeline"],
        &["--list"],
        &["--output", "json"],
        &["--html", "run.html"],
        &["--otlp", "run.json"],
    ];
    for form in forms {
        let command = [&["report", "--journal", "forged.jsonl"][..], form].concat();
        trial.run(&command).expect_soon().expect_status(0);
    }
}

#[test]
fn a_report_on_very_many_phases_and_needs_is_quick() {
    let phases: Vec<String> = (0..1000).map(|number| format!("p{number}")).collect();
    let needs = |number: usize| &phases[number.saturating_sub(50)..number];
    let all = (0..phases.len()).map(|number| (phases[number].clone(), json!(needs(number))));
    let needs: serde_json::Map<String, Value> = all.collect();
    let mut events = vec![
        json!({"event": "run-started", "at": 0, "workflow": "init", "version": "0.1.0",
        "phases": &phases, "needs": needs}),
    ];
    for (at, phase) in phases.iter().enumerate() {
        events.push(json!({"event": "phase-started", "at": at, "phase": phase}));
    }
    for (at, phase) in phases.iter().enumerate() {
        events.push(
            json!({"event": "phase-ended", "at": 1000 + at, "phase": phase,
            "result": "settled", "micros": 1000}),
        );
    }
    report_in_each_form(&events);
}
