//! Texts of manifests, capsules and locks on the terminal.
use crate::support::Trial;
use std::fs;

/// Texts that could repaint a terminal, in the notation of YAML.
const ESCAPES: [&str; 5] = [
    r"\e[2J\e[H\e[32mnothing\e[0m",
    r"\u009b2J",
    r"\u202e drow",
    r"\r It asks for: nothing",
    r"\e]0;title\a",
];

/// Whether a character acts on a terminal instead of being shown.
fn acts_on_terminal(character: char) -> bool {
    let changes_direction = matches!(
        character,
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}'
    );
    changes_direction || (character.is_control() && !matches!(character, '\n' | '\t'))
}

fn assert_printable(output: &str, case: &str) {
    let found = output
        .chars()
        .find(|character| acts_on_terminal(*character));
    assert!(found.is_none(), "{case} prints {found:?}: {output:?}");
}

#[test]
fn no_field_of_a_manifest_reaches_the_terminal_raw() {
    let good = Trial::check()
        .grants(&["capability: observe-files.read-file, paths: [/srv/x]"])
        .manifest();
    let fields = [
        ("name: hostile", "name: \"hostile%\""),
        ("version: 0.1.0", "version: \"0.1.0%\""),
        ("license: Apache-2.0", "license: \"A%\""),
        ("description: A test.", "description: \"A%\""),
        ("id: preflight/hostile", "id: \"preflight/hostile%\""),
        ("title: Misuse the host", "title: \"A%\", needs: [\"x%\"]"),
        ("title: Misuse the host", "title: A, before: [\"x%\"]"),
        ("title: Misuse the host", "title: A, replaces: [\"x%\"]"),
        ("title: Misuse the host", "title: A, slot: \"x%\""),
        ("title: Misuse the host", "title: A, \"x%\": 1"),
        ("kind: check", "kind: \"check%\""),
        ("workflow: [init]", "workflow: [\"init%\"]"),
        ("reason: It is needed.", "reason: \"A%\""),
        (
            "capability: observe-files.read-file",
            "capability: \"observe-files.read-file%\"",
        ),
        ("paths: [/srv/x]", "paths: [\"/srv/x%\"]"),
        ("paths: [/srv/x]", "paths: [/srv/x], \"x%\": 1"),
        ("settings: {}", "settings: {\"x%\": 1, $ref: \"x%\"}"),
        ("schema: 1", "schema: 1\n\"x%\": 1"),
    ];
    let trial = Trial::check();
    for (field, hostile) in fields {
        assert!(good.contains(field), "{field}");
        let escape = ESCAPES.concat();
        let manifest = good.replacen(field, &hostile.replace('%', &escape), 1);
        fs::write(
            trial.folder().join("hostile.wasm"),
            crate::support::guest::component(&manifest),
        )
        .unwrap();
        trial.write_config();
        for arguments in [
            &["plugin", "inspect", "hostile.wasm"][..],
            &[
                "plugin",
                "add",
                "hostile.wasm",
                "--config",
                "cluster.yaml",
                "--allow",
            ],
            &["plugin", "list", "--config", "cluster.yaml"],
            &["plan", "init", "--config", "cluster.yaml"],
        ] {
            let result = trial.run(arguments);
            assert_printable(&result.output(), &format!("{hostile} in {arguments:?}"));
        }
        // The next manifest starts without a lock.
        let _ = fs::remove_file(trial.folder().join("kubephase.lock"));
    }
}

#[test]
fn texts_of_a_capsule_reach_the_terminal_as_text() {
    let trial = Trial::check().calls(&[crate::support::call("input.round", serde_json::json!([]))]);
    trial.record().expect_status(0);
    let path = trial.folder().join("capsule.json");
    let mut capsule: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    for field in ["phase", "plugin", "failure", "version", "digest"] {
        capsule[field] = "x\u{1b}[2J\u{9b}2J\u{202e}\r\u{7}".into();
    }
    fs::write(&path, capsule.to_string()).unwrap();
    let result = trial.run(&["plugin", "test", "hostile.wasm", "--replay", "capsule.json"]);
    assert_printable(&result.output(), "a capsule");
}

#[test]
fn texts_of_a_lock_reach_the_terminal_as_text() {
    let trial = Trial::check().grants(&["capability: observe-files.read-file, paths: [/srv/x]"]);
    trial.prepare();
    let path = trial.folder().join("kubephase.lock");
    let lock = fs::read_to_string(&path).unwrap();
    let hostile = ESCAPES.concat();
    for (field, value) in [
        ("source: ", "./hostile.wasm"),
        ("version: ", "0.1.0"),
        ("digest: ", "0"),
        ("name: ", "hostile"),
    ] {
        let lines = lock.lines().map(|line| {
            let at = line.find(field).filter(|_| !line.starts_with("version"));
            at.map_or_else(
                || line.to_owned(),
                |at| format!("{}{field}\"{value}{hostile}\"", &line[..at]),
            )
        });
        fs::write(&path, lines.map(|line| line + "\n").collect::<String>()).unwrap();
        for arguments in [
            &["plugin", "list", "--config", "cluster.yaml"][..],
            &["plan", "init", "--config", "cluster.yaml"],
        ] {
            assert_printable(
                &trial.run(arguments).output(),
                &format!("{field} of a lock"),
            );
        }
    }
}
