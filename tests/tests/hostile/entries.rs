//! Entries of plugins in a configuration: `plugin add` is a transaction, and a run uses no entry
//! without a line in the lock.
use crate::support::{Trial, guest, process};
use std::fs;

#[test]
fn plugins_that_are_added_at_one_time_are_all_added() {
    let trial = Trial::check();
    trial.write_config();
    let names: Vec<String> = (0..6).map(|number| format!("hostile-{number}")).collect();
    for name in &names {
        let manifest = trial
            .manifest()
            .replace("name: hostile\n", &format!("name: {name}\n"))
            .replace("preflight/hostile", &format!("preflight/{name}"));
        fs::write(
            trial.folder().join(format!("{name}.wasm")),
            guest::component(&manifest),
        )
        .unwrap();
    }
    let running: Vec<_> = names
        .iter()
        .map(|name| {
            trial.start(&[
                "plugin",
                "add",
                &format!("./{name}.wasm"),
                "--config",
                "cluster.yaml",
                "--allow",
            ])
        })
        .collect();
    for running in running {
        running.wait(process::LONGEST_RUN).expect_status(0);
    }
    let lock = fs::read_to_string(trial.folder().join("kubephase.lock")).unwrap();
    let config = fs::read_to_string(trial.config()).unwrap();
    for name in &names {
        assert!(
            lock.contains(&format!("name: {name}\n")),
            "{name} is not locked: {lock}"
        );
        assert!(
            config.contains(&format!("name: {name}\n")),
            "{name} has no entry: {config}"
        );
    }
    trial
        .run(&["plugin", "verify", "--config", "cluster.yaml"])
        .expect_status(0);
}

#[test]
fn an_entry_without_a_lock_line_is_refused() {
    let trial = Trial::check();
    trial.component();
    trial.write_config();
    let config = fs::read_to_string(trial.config()).unwrap();
    fs::write(
        trial.config(),
        config + "plugins:\n- name: hostile\n  source: ./hostile.wasm\n",
    )
    .unwrap();
    let result = trial.preflight_again();
    assert_eq!(result.status, 6, "{}", result.output());
    assert!(
        result.output().contains("plugin allow") || result.output().contains("plugin add"),
        "{}",
        result.output()
    );
}

#[test]
fn a_plugin_that_changed_after_it_was_locked_is_refused() {
    let trial = Trial::check();
    trial.prepare();
    let mut component = fs::read(trial.folder().join("hostile.wasm")).unwrap();
    component.extend([0, 3, 1, b'x', 0]);
    fs::write(trial.folder().join("hostile.wasm"), component).unwrap();
    let result = trial.preflight_again();
    assert_eq!(result.status, 6, "{}", result.output());
}
