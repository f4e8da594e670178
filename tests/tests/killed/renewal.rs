//! A `certs renew all` that is killed.
use crate::{
    PROGRAM,
    init::init,
    journal::{count_kills, kill_at_effect},
};
use harness::{copy_tree, has_program, kubephase, run};
use std::{fs, path::Path, process::Command};

/// Number of certificates that a renewal makes.
const ALL: usize = 11;

fn renew(folder: &Path, root: &Path) -> Command {
    let mut command = kubephase(PROGRAM);
    command
        .args(["certs", "renew", "all", "--config"])
        .arg(folder.join("cluster.yaml"))
        .arg("--root")
        .arg(root);
    command
}

fn openssl(arguments: &str, file: &Path) -> String {
    let mut command = Command::new("openssl");
    let output = run(command.args(arguments.split(' ')).arg(file));
    assert_eq!(output.status, 0, "{}: {}", file.display(), output.stderr);
    output.stdout
}

/// Kills a renewal at an effect and runs it again. Returns `false` if it ended before the kill.
fn renewal_survives(effect: usize, folder: &Path, undisturbed: &Path) -> bool {
    let scratch = tempfile::tempdir().unwrap();
    let root = scratch.path().join("root");
    copy_tree(undisturbed, &root).unwrap();
    // Only the journal of this run is watched.
    fs::remove_dir_all(root.join("var/lib/kubephase")).unwrap();
    if !kill_at_effect(&mut renew(folder, &root), &root, effect) {
        return false;
    }
    let output = run(&mut renew(folder, &root));
    assert_eq!(output.status, 0, "{}", output.printed());
    assert_eq!(output.stdout.matches(" renewed\n").count(), ALL);
    let pki = root.join("etc/kubernetes/pki");
    for (base, authority) in [
        ("apiserver", "ca"),
        ("apiserver-kubelet-client", "ca"),
        ("apiserver-etcd-client", "etcd/ca"),
        ("etcd/healthcheck-client", "etcd/ca"),
        ("etcd/peer", "etcd/ca"),
        ("etcd/server", "etcd/ca"),
        ("front-proxy-client", "front-proxy-ca"),
    ] {
        let file = |suffix: &str| pki.join(format!("{base}.{suffix}"));
        assert_eq!(
            openssl("x509 -noout -pubkey -in", &file("crt")),
            openssl("pkey -pubout -in", &file("key")),
            "{base}, killed at effect {effect}"
        );
        let authority = pki.join(format!("{authority}.crt"));
        openssl(
            &format!("verify -CAfile {}", authority.display()),
            &file("crt"),
        );
    }
    let left = [&pki, &pki.join("etcd")].map(|directory| {
        let names = fs::read_dir(directory).unwrap().flatten();
        names
            .filter(|entry| entry.file_name().to_string_lossy().starts_with('.'))
            .count()
    });
    assert_eq!(left, [0, 0], "no temporary file stays");
    true
}

#[test]
fn a_renewal_that_is_killed_at_any_effect_is_continued() {
    if !has_program("openssl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    run(&mut init(folder.path(), &root)).expect_success();
    let kills: Vec<usize> = (1..=ALL).collect();
    let killed = count_kills(&kills, |effect| {
        renewal_survives(*effect, folder.path(), &root)
    });
    // A run may end before it can be killed at one of its last effects.
    assert!(killed * 10 > ALL * 6, "{killed} of {ALL} runs were killed");
}
