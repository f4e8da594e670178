//! Servers and files that are not trusted yet: nothing of them is run, believed or read without
//! end.
use crate::support::{
    Trial, process,
    server::{Manner, Server},
};
use serde_json::{Value, json};
use std::{fs, net::TcpStream, path::Path, process::Command, thread, time::Duration};

#[test]
fn a_key_that_does_not_belong_to_its_authority_signs_nothing() {
    let (one, other) = (Trial::check(), Trial::check());
    for trial in [&one, &other] {
        trial.write_config();
        let place = trial.place();
        trial
            .run(
                &[
                    vec!["init".into(), "phase".into(), "certs".into(), "ca".into()],
                    place,
                ]
                .concat(),
            )
            .expect_status(0);
    }
    fs::copy(
        other.on_node("/etc/kubernetes/pki/ca.key"),
        one.on_node("/etc/kubernetes/pki/ca.key"),
    )
    .unwrap();
    let place = one.place();
    let result = one.run(
        &[
            vec![
                "init".into(),
                "phase".into(),
                "certs".into(),
                "apiserver".into(),
            ],
            place,
        ]
        .concat(),
    );
    assert_ne!(result.status, 0, "{}", result.output());
    assert!(
        !one.on_node("/etc/kubernetes/pki/apiserver.crt").exists(),
        "a certificate was signed"
    );
    assert!(result.output().contains("ca.key"), "{}", result.output());
}

/// A kubeconfig whose user's credentials come from a program, which makes a file.
fn kubeconfig_that_runs(file: &Path) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": "https://192.0.2.2:6443"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
        "users": [{"name": "u", "user": {"exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": "/usr/bin/touch",
            "args": [file],
            "interactiveMode": "Never",
        }}}],
    })
}

#[test]
fn a_kubeconfig_that_a_tree_holds_runs_no_program() {
    let trial = Trial::check();
    let ran = trial.folder().join("ran");
    let kubeconfig = kubeconfig_that_runs(&ran);
    for name in [
        "admin.conf",
        "super-admin.conf",
        "kubelet.conf",
        "bootstrap-kubelet.conf",
        "controller-manager.conf",
        "scheduler.conf",
    ] {
        trial.put(
            &format!("/etc/kubernetes/{name}"),
            kubeconfig.to_string(),
            0o600,
        );
    }
    trial.rehearse_without_plugin();
    trial.run(&["reset", "--force", "--root", "root"]);
    assert!(!ran.exists(), "a program of the tree ran");
}

#[test]
fn discovery_reads_a_limited_answer() {
    let server = Server::start_tls(Manner::EndlessBody);
    let endpoint = format!("127.0.0.1:{}", server.port);
    let trial = Trial::check();
    let config = format!(
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\ntimeouts: {{discovery: \
         3s}}\ndiscovery: {{bootstrapToken: {{token: abcdef.0123456789abcdef, apiServerEndpoint: \
         '{endpoint}', unsafeSkipCAVerification: true}}}}\n"
    );
    fs::write(trial.folder().join("join.yaml"), config).unwrap();
    let result = trial.run(&["join", "--config", "join.yaml", "--dry-run"]);
    assert_ne!(result.status, 0, "{}", result.output());
    assert!(!server.requests().is_empty(), "{}", result.output());
}

#[test]
fn a_discovery_file_of_a_server_is_read_up_to_a_limit_and_only_over_trusted_tls() {
    let endless = Server::start(Manner::EndlessBody);
    let untrusted = Server::start_tls(Manner::EndlessBody);
    for url in [
        format!("http://127.0.0.1:{}/", endless.port),
        format!("https://localhost:{}/", untrusted.port),
    ] {
        let trial = Trial::check();
        let result = trial.run(&[
            "join",
            "--discovery-file",
            &url,
            "--tls-bootstrap-token",
            "abcdef.0123456789abcdef",
            "--dry-run",
        ]);
        assert_ne!(result.status, 0, "{}", result.output());
    }
    assert!(
        untrusted.requests().is_empty(),
        "a server that no authority knows was asked"
    );
}

#[test]
fn a_discovery_file_of_a_server_runs_no_program() {
    let trial = Trial::check();
    let ran = trial.folder().join("ran");
    let body = kubeconfig_that_runs(&ran).to_string().into_bytes();
    let server = Server::start(Manner::Reply {
        status: 200,
        headers: String::new(),
        body,
    });
    let url = format!("http://127.0.0.1:{}/", server.port);
    trial.run(&[
        "join",
        "--discovery-file",
        &url,
        "--tls-bootstrap-token",
        "abcdef.0123456789abcdef",
        "--dry-run",
    ]);
    assert!(!ran.exists(), "a program that a server named ran");
}

#[test]
fn a_token_that_is_not_one_is_not_printed() {
    let result = Trial::check().run(&[
        "join",
        "127.0.0.1:1",
        "--token",
        "abcdef.0123456789abcdeX",
        "--discovery-token-unsafe-skip-ca-verification",
        "--dry-run",
    ]);
    assert_ne!(result.status, 0);
    assert!(
        !result.output().contains("0123456789abcdeX"),
        "{}",
        result.output()
    );
}

/// Processor time that a process has used, in clock ticks (a hundredth of a second).
fn processor_ticks(process: i32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let after_name = stat.rsplit_once(')').unwrap().1;
    after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|ticks| ticks.parse::<u64>().unwrap())
        .sum()
}

#[test]
fn a_server_that_has_no_place_for_a_connection_waits_for_one() {
    let trial = Trial::check();
    trial.write_config();
    let mut command = Command::new("bash");
    let inner = trial.program();
    command.current_dir(trial.folder()).env_clear().envs(
        inner
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    command
        .args(["-c", "ulimit -n 100; exec \"$0\" \"$@\""])
        .arg(process::PROGRAM)
        .args(["rehearse", "--serve"])
        .args(trial.place());
    let running = process::start(trial.folder(), &mut command);
    running.wait_for_output("until interrupted");
    let printed = running.printed();
    let address = printed
        .split_once("answers at https://")
        .and_then(|(_, rest)| rest.split_whitespace().next())
        .unwrap()
        .to_owned();
    let connections: Vec<_> = (0..150)
        .map_while(|_| TcpStream::connect(&address).ok())
        .collect();
    let before = processor_ticks(running.id());
    thread::sleep(Duration::from_secs(2));
    let used = processor_ticks(running.id()) - before;
    assert!(
        used < 100,
        "{used} hundredths of a second of processor time in 2 s, with {} idle connections",
        connections.len()
    );
    running.signal(rustix::process::Signal::INT);
    running.wait(process::LONGEST_RUN);
}
