//! Inputs that kubeadm refuses, or accepts although they look wrong.
use crate::{
    expect_none,
    recorded_run::{for_each_case, run_recorded_command},
};
use harness::{folders_in, recorded_runs};

/// Whether a word is a dotted path of names that begin in lower case (types of Go do not).
fn is_field_path(word: &str) -> bool {
    word.contains('.')
        && word
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".[]_-".contains(c))
        && word
            .split('.')
            .all(|part| !part.starts_with(|c: char| c.is_ascii_uppercase()))
}

/// Returns the fields that kubeadm names in an error: dotted paths before a colon.
fn field_paths(stderr: &str) -> Vec<String> {
    let words = stderr
        .split_whitespace()
        .filter_map(|word| word.trim_start_matches(['[', ',']).strip_suffix(':'));
    words
        .filter(|word| is_field_path(word))
        .map(str::to_owned)
        .collect()
}

#[test]
fn configurations_that_kubeadm_refuses_are_refused() {
    let Some(recordings) = recorded_runs() else {
        return;
    };
    let cases = folders_in(&recordings.join("bad"));
    let problems = for_each_case(cases, |case| {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let output = run_recorded_command(case, scratch.path());
        if output.status == 0 {
            return Some("accepted".into());
        }
        if scratch.path().join("out").exists()
            && std::fs::read_dir(scratch.path().join("out"))
                .is_ok_and(|mut dir| dir.next().is_some())
        {
            return Some("something was written".into());
        }
        let recorded = std::fs::read_to_string(case.join("stderr.txt")).unwrap_or_default();
        let missing: Vec<String> = field_paths(&recorded)
            .into_iter()
            .filter(|field| !output.stderr.contains(field.as_str()))
            .collect();
        (!missing.is_empty())
            .then(|| format!("does not name {}:\n{}", missing.join(", "), output.stderr))
    });
    expect_none(&problems);
}

#[test]
fn configurations_that_kubeadm_accepts_are_accepted() {
    let Some(recordings) = recorded_runs() else {
        return;
    };
    let cases = folders_in(&recordings.join("lenient"));
    let problems = for_each_case(cases, |case| {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let output = run_recorded_command(case, scratch.path());
        (output.status != 0).then(|| format!("exit {}\n{}", output.status, output.stderr))
    });
    expect_none(&problems);
}
