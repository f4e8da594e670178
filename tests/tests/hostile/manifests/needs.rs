//! Needs of phases that do not exist.
use crate::support::Trial;

/// Returns a trial of a plugin with `phases` phases, each of which needs `needs` phases that do not
/// exist.
fn needing(phases: usize, needs: usize) -> Trial {
    let needs: Vec<String> = (0..needs)
        .map(|number| format!("unknown-{number}"))
        .collect();
    let phase = |number: usize| {
        format!(
            "- {{id: hostile-{number}, title: Misuse the host, kind: check, workflow: [init], \
             needs: [{}]}}\n",
            needs.join(", ")
        )
    };
    Trial::with_phases(&(0..phases).map(phase).collect::<String>())
}

#[test]
fn needs_of_unknown_phases_are_told_when_a_plugin_is_added_and_shortly_in_plans() {
    let trial = needing(40, 50);
    let added = trial.add().expect_status(0);
    assert!(
        added.output().contains("Its phases need unknown-0, ")
            && added
                .output()
                .contains(" and 40 more, which neither kubephase nor the plugin has"),
        "{:.3000}",
        added.output()
    );
    let inspected = trial.inspect().output();
    assert!(
        inspected.contains("Its phases need unknown-0, "),
        "{inspected:.3000}"
    );
    for command in ["plan init", "rehearse"] {
        let words: Vec<&str> = command.split(' ').collect();
        let ended = trial.run(&[&words[..], &["--config", "cluster.yaml"]].concat());
        let output = ended.expect_soon().expect_status(6).output();
        assert!(
            output.lines().count() < 120 && output.contains("and 1950 more problems"),
            "{command}: {} lines: {output:.2000}",
            output.lines().count()
        );
    }
}

#[test]
fn the_phases_of_a_plugin_need_a_limited_number_of_phases() {
    let refused = needing(41, 50).add();
    assert!(
        refused.status != 0 && refused.output().contains("are more than 2000"),
        "{:.2000}",
        refused.output()
    );
}
