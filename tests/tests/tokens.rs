//! `token …` against a rehearsed cluster that stays up.
#![allow(clippy::disallowed_methods, reason = "tests look at files and run programs")]
use harness::{Said, kubephase, run, workspace};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Stdio},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

/// A cluster, for as long as it is held.
struct Cluster {
    folder: tempfile::TempDir,
    server: Child,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let _ = self.server.kill().and_then(|()| self.server.wait());
    }
}

impl Cluster {
    fn up() -> Cluster {
        let folder = tempfile::tempdir().unwrap();
        let example = workspace().join("examples/single-node");
        let mut serving = kubephase(PROGRAM);
        serving.args(["rehearse", "--serve", "--config"]).arg(example.join("cluster.yaml"));
        serving.arg("--node").arg(example.join("node.yaml")).arg("--root").arg(folder.path());
        let mut server = serving.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
        assert!(lines.any(|line| line.unwrap().contains("The API server answers at")), "the cluster is not up");
        std::thread::spawn(move || lines.for_each(drop));
        Cluster { folder, server }
    }

    fn token(&self, args: &[&str]) -> Said {
        let kubeconfig = Path::join(self.folder.path(), "var/lib/kubephase/serve/admin.conf");
        run(kubephase(PROGRAM).arg("token").args(args).arg("--kubeconfig").arg(kubeconfig))
    }
}

#[test]
fn tokens_are_made_listed_and_deleted() {
    const TOKEN: &str = "abcde1.0123456789abcdef";
    let cluster = Cluster::up();
    let said = cluster.token(&["create", TOKEN, "--description", "for a test", "--ttl", "2h"]);
    assert_eq!((said.status, said.stdout.as_str()), (0, format!("{TOKEN}\n").as_str()), "{}", said.stderr);
    let again = cluster.token(&["create", TOKEN]);
    assert_eq!(again.status, 1);
    assert!(again.stderr.contains("a token with id \"abcde1\" already exists"), "{}", again.stderr);

    let said = cluster.token(&["create", "--print-join-command", "--certificate-key", &"a".repeat(64)]);
    assert_eq!(said.stdout.lines().count(), 1, "{}", said.stdout);
    let parts = ["kubeadm join ", " --token ", " --discovery-token-ca-cert-hash sha256:", " --control-plane --certificate-key aaaa"];
    assert!(parts.iter().all(|part| said.stdout.contains(part)), "{}", said.stdout);

    let listed = cluster.token(&["list"]);
    let row = listed.stdout.lines().find(|line| line.starts_with(TOKEN)).expect("the token is listed");
    assert!(row.contains(" 2h ") || row.contains(" 1h "), "{row}");
    for part in ["authentication,signing", "for a test", "system:bootstrappers:kubeadm:default-node-token"] {
        assert!(row.contains(part), "{row}");
    }
    assert!(listed.stdout.starts_with("TOKEN ") && cluster.token(&["list", "-o", "json"]).stdout.contains("\"kind\": \"BootstrapToken\""));

    let bad = cluster.token(&["create", "abcdef.tooshort"]);
    assert!(bad.status != 0 && bad.stderr.contains("not of the form"), "{}", bad.stderr);

    let gone = cluster.token(&["delete", "abcde1"]);
    assert_eq!(gone.stdout, "bootstrap token \"abcde1\" deleted\n", "{}", gone.stderr);
    assert!(!cluster.token(&["list"]).stdout.contains(TOKEN));
}

#[test]
fn without_a_token_or_a_cluster_nothing_is_done() {
    let refused = |args: &[&str]| run(kubephase(PROGRAM).arg("token").args(args).args(["--kubeconfig", "/nowhere"]));
    assert!(refused(&["delete"]).stderr.contains("missing argument; 'token delete'"));
    let said = refused(&["list"]);
    assert!(said.stderr.contains("failed to load kubeconfig: open /nowhere: no such file or directory"), "{}", said.stderr);
}
