//! Commands that change a configuration and its lock side by side, and entries that are not what
//! was locked.
use super::*;

/// Copies of a check under names of their own: its manifest is text, and a name of the same length
/// takes no other place.
fn copies(folder: &Path, count: usize) -> Vec<String> {
    const NAME: &[u8] = b"enough-memory";
    let component =
        fs::read(workspace().join("host/src/wasm/tests/released/interface-0.1.0.wasm")).unwrap();
    let places: Vec<usize> = component
        .windows(NAME.len())
        .enumerate()
        .filter(|(_, at)| *at == NAME)
        .map(|(at, _)| at)
        .collect();
    (0..count)
        .map(|number| {
            let (mut copy, name) = (component.clone(), format!("enough-memor{number}"));
            places
                .iter()
                .for_each(|at| copy[*at..at + NAME.len()].copy_from_slice(name.as_bytes()));
            let path = folder.join(format!("{name}.wasm"));
            fs::write(&path, copy).unwrap();
            path.display().to_string()
        })
        .collect()
}

fn refused(said: &Said, part: &str) {
    assert!(
        said.status == 6 && said.stderr.contains(part),
        "{part}: {}{}",
        said.stdout,
        said.stderr
    );
}

#[test]
fn plugins_that_are_added_at_once_are_all_added() {
    let folder = tempfile::tempdir().unwrap();
    let config = cluster(folder.path(), "");
    let add = |path: &String| {
        let mut command = kubephase(PROGRAM);
        command.args(["plugin", "add", path, "--config", &config, "--allow"]);
        command
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap()
    };
    let commands: Vec<_> = copies(folder.path(), 6).iter().map(add).collect();
    for command in commands {
        well(command.wait_with_output().unwrap().into());
    }
    let count = |file: &str| {
        fs::read_to_string(folder.path().join(file))
            .unwrap()
            .matches("name: enough-memor")
            .count()
    };
    assert_eq!((count("cluster.yaml"), count("kubephase.lock")), (6, 6));
    assert_eq!(
        well(plugin(&["verify", "--config", &config]))
            .lines()
            .count(),
        6
    );
    // They leave nothing beside the two files.
    let left = fs::read_dir(folder.path()).unwrap().filter(|entry| {
        entry
            .as_ref()
            .unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with('.')
    });
    assert_eq!(left.count(), 0);

    let removed: Vec<_> = (0..6)
        .map(|number| {
            let mut command = kubephase(PROGRAM);
            command
                .args([
                    "plugin",
                    "remove",
                    &format!("enough-memor{number}"),
                    "--config",
                    &config,
                ])
                .spawn()
                .unwrap()
        })
        .collect();
    removed
        .into_iter()
        .for_each(|mut command| assert!(command.wait().unwrap().success()));
    assert_eq!((count("cluster.yaml"), count("kubephase.lock")), (0, 0));
}

#[test]
fn an_entry_that_is_not_what_was_locked_is_refused_in_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let paths = copies(at, 2);
    let entry = "---\napiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\nplugins:\n- \
        name: enough-memor0\n  source: enough-memor0.wasm\n";
    let config = cluster(at, entry);
    let command = format!("kubephase plugin allow enough-memor0 --config {config}");
    let rehearse = || {
        run(kubephase(PROGRAM)
            .args(["rehearse", "--config", &config, "--root"])
            .arg(at.join("root")))
    };
    let plan = || run(kubephase(PROGRAM).args(["plan", "init", "--config", &config]));
    for said in [rehearse(), plan(), init(&config, &at.join("out"))] {
        refused(&said, "it is not in kubephase.lock");
        refused(&said, &command);
    }
    well(plugin(&["allow", "enough-memor0", "--config", &config]));
    well(plan());

    // Another source of the same name.
    fs::copy(&paths[0], at.join("other.wasm")).unwrap();
    fs::write(
        &config,
        fs::read_to_string(&config)
            .unwrap()
            .replace("source: enough-memor0.wasm", "source: other.wasm"),
    )
    .unwrap();
    refused(
        &plan(),
        "the configuration names the source other.wasm, the lock enough-memor0.wasm",
    );
    well(plugin(&["allow", "enough-memor0", "--config", &config]));
    well(plan());

    // A lock that was taken away, as a command that was killed may leave it.
    fs::remove_file(at.join("kubephase.lock")).unwrap();
    refused(&plan(), &command);
    well(plugin(&["remove", "enough-memor0", "--config", &config]));
    well(plan());
}

#[test]
fn the_names_of_plugins_that_are_part_of_the_program_cannot_be_taken() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["rules", "preflight", "coredns", "kube-proxy"] {
        let entry = format!(
            "---\napiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\nplugins: [{{name: \
             {name}, source: x.wasm}}]\n"
        );
        let config = cluster(folder.path(), &entry);
        refused(
            &init(&config, &folder.path().join("out")),
            "is the name of a plugin that is part of kubephase",
        );
    }
}
