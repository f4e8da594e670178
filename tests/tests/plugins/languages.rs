//! Plugins in other languages than Rust, and the templates of each language.
use crate::{example, plugin};
use harness::has_program;

#[test]
fn checks_in_other_languages_pass_the_same_cases() {
    for (name, tool) in [("memory-js", "npm"), ("memory-py", "python3")] {
        if has_program(tool) {
            let at = example(name).display().to_string();
            plugin(&["build", &at]).expect_success();
            assert!(
                plugin(&["test", &at])
                    .expect_success()
                    .contains("2 passed, 0 failed"),
                "{name}"
            );
        }
    }
}

#[test]
fn every_template_of_addons_and_phases_passes_its_cases() {
    let folder = tempfile::tempdir().unwrap();
    for (language, tool) in [("rust", "cargo"), ("js", "npm"), ("python", "python3")] {
        for kind in ["addon", "phase"].into_iter().filter(|_| has_program(tool)) {
            let at = folder
                .path()
                .join(format!("{kind}-{language}"))
                .display()
                .to_string();
            plugin(&["new", kind, &at, "--language", language]).expect_success();
            plugin(&["build", &at]).expect_success();
            assert!(
                plugin(&["test", &at])
                    .expect_success()
                    .contains("1 passed, 0 failed"),
                "{kind} in {language}"
            );
        }
    }
}
