//! Interrupts: a first one ends a run soon, whatever it waits for, a second one at once; nothing
//! temporary is left.
use crate::support::{
    Ended, Trial, call, checks, namespace,
    process::{ENDS_AT_ALL, Running},
    server::{Manner, Server},
};
use rustix::process::Signal;
use serde_json::json;
use std::{
    fs,
    net::TcpListener,
    time::{Duration, Instant},
};

/// What ends later than this after a signal was not ended by it: everything that the cases wait for
/// takes longer.
const SOON: Duration = Duration::from_secs(20);
/// A pause that the longest life of a plugin's phase allows, in milliseconds.
const LONG_PAUSE: u32 = 590_000;

/// Sends the signals, each once the program has taken the one before, and waits for the end.
fn interrupt(running: Running, signals: &[Signal], send: impl Fn(&Running, Signal)) -> Ended {
    let began = Instant::now();
    signals.iter().for_each(|signal| send(&running, *signal));
    let ended = running.wait(ENDS_AT_ALL);
    let elapsed = began.elapsed();
    eprintln!("{signals:?} ended it after {elapsed:?}");
    assert_eq!(ended.status, 130, "{signals:?}: {}", ended.output());
    assert!(
        elapsed < SOON,
        "{signals:?} did not end it, but {elapsed:?}: {}",
        ended.output()
    );
    ended
}

/// A plugin that says so when it has begun to wait.
fn waiting(trial: Trial, milliseconds: u32) -> Trial {
    trial.rounds(&[json!({
        "calls": [{"function": "report.message", "arguments": ["info", "the wait begins"]}],
        "ending": {"againAfter": milliseconds},
    })])
}

#[test]
fn an_interrupt_ends_a_wait_that_a_plugin_asked_for() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let trial = waiting(Trial::check(), LONG_PAUSE);
        trial.prepare();
        let running = trial.start(&[vec!["rehearse".to_owned()], trial.place()].concat());
        running.wait_for_output("the wait begins");
        interrupt(running, &[signal], Running::signal);
    }
}

#[test]
fn a_wait_beyond_the_time_of_a_phase_is_refused_at_once() {
    let ended = waiting(Trial::check(), u32::MAX).rehearse();
    assert!(
        ended.status == 4
            && ended
                .output()
                .contains("asked to be called again after 4294967"),
        "{}",
        ended.output()
    );
}

#[test]
fn a_second_interrupt_ends_a_run_at_once() {
    let trial = waiting(Trial::check(), LONG_PAUSE);
    trial.prepare();
    let running = trial.start(&[vec!["rehearse".to_owned()], trial.place()].concat());
    running.wait_for_output("the wait begins");
    // Two signals of a kind that come close together are one.
    interrupt(running, &[Signal::INT, Signal::TERM], Running::signal);
}

#[test]
fn no_temporary_tree_is_left_however_a_run_ends() {
    for signals in [
        &[Signal::INT][..],
        &[Signal::TERM],
        &[Signal::HUP],
        &[Signal::INT, Signal::TERM],
    ] {
        let trial = waiting(Trial::phase(), LONG_PAUSE);
        trial.prepare();
        let running = trial.start(&[
            "init",
            "--dry-run",
            "--config",
            "cluster.yaml",
            "--node",
            "node.yaml",
        ]);
        running.wait_for_output("the wait begins");
        let temporary = trial.folder().join("tmp");
        assert_eq!(
            fs::read_dir(&temporary).unwrap().count(),
            1,
            "the dry run has a tree"
        );
        interrupt(running, signals, Running::signal);
        let left: Vec<_> = fs::read_dir(&temporary)
            .unwrap()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        assert!(left.is_empty(), "{signals:?} leaves {left:?}");
    }
}

#[test]
fn an_interrupt_ends_a_request_to_a_server_that_is_silent() {
    if !namespace::is_possible() {
        return;
    }
    let server = Server::start(Manner::Silent);
    let url = format!("http://127.0.0.1:{}/", server.port);
    let grant = format!(
        "capability: observe-net.http-get, hosts: ['127.0.0.1:{}']",
        server.port
    );
    let trial = Trial::check()
        .grants(&[&grant])
        .allow_root()
        .calls(&[call("observe-net.http-get", json!([url, 60_000]))]);
    trial.prepare();
    let running = namespace::start(&trial, None, &namespace::PREFLIGHT);
    super::wait_until(|| !server.requests().is_empty());
    interrupt(running, &[Signal::INT], namespace::signal);
}

/// A kubeconfig of a server that accepts connections and says nothing.
fn silent_kubeconfig(trial: &Trial, server: &TcpListener) -> String {
    let address = format!("127.0.0.1:{}", server.local_addr().unwrap().port());
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "a",
        "clusters": [{
            "name": "a",
            "cluster": {"server": format!("https://{address}"), "insecure-skip-tls-verify": true},
        }],
        "contexts": [{"name": "a", "context": {"cluster": "a", "user": "a"}}],
        "users": [{"name": "a", "user": {"token": "x"}}],
    });
    let path = trial.folder().join("kubeconfig");
    fs::write(&path, kubeconfig.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn an_interrupt_ends_an_effect_that_an_api_server_does_not_answer() {
    if !namespace::is_possible() {
        return;
    }
    let trial = Trial::check();
    trial.write_config();
    // The node's own API server is dialled, at whichever address the node has.
    let server = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let kubeconfig = silent_kubeconfig(&trial, &server);
    let own = format!(
        "---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nlocalAPIEndpoint: \
         {{bindPort: {port}}}\n"
    );
    let config = fs::read_to_string(trial.config()).unwrap();
    fs::write(trial.config(), config + &own).unwrap();
    for signals in [&[Signal::TERM][..], &[Signal::INT, Signal::TERM]] {
        let arguments = [
            "init",
            "phase",
            "upload-config",
            "kubeadm",
            "--config",
            "cluster.yaml",
            "--kubeconfig",
            &kubeconfig,
        ];
        let running = namespace::start(&trial, None, &arguments);
        let _connection = accept(&server, &running);
        interrupt(running, signals, namespace::signal);
    }
}

/// The program's connection to a server.
fn accept(server: &TcpListener, running: &Running) -> std::net::TcpStream {
    server.set_nonblocking(true).unwrap();
    let began = Instant::now();
    loop {
        if let Ok((connection, _)) = server.accept() {
            return connection;
        }
        assert!(
            began.elapsed() < ENDS_AT_ALL,
            "nobody connects: {}",
            running.printed()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn an_interrupt_ends_a_command_that_asks_a_silent_registry_or_api_server() {
    let trial = Trial::check();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, kubeconfig) = (
        server.local_addr().unwrap(),
        silent_kubeconfig(&trial, &server),
    );
    let registry = format!("oci://{address}/x:1");
    for arguments in [
        &["plugin", "inspect", &registry][..],
        &["token", "list", "--kubeconfig", &kubeconfig],
    ] {
        let running = trial.start(arguments);
        let _connection = accept(&server, &running);
        interrupt(running, &[Signal::INT], Running::signal);
    }
}

#[test]
fn an_interrupt_ends_the_judging_of_what_plugins_read() {
    let read = call("observe-files.read-file", json!(["/srv/file"]));
    let trial = Trial::providing(&checks(8))
        .phases("parallelism: 8\n")
        .grants(&["capability: observe-files.read-file, paths: [/srv/**]"])
        .rounds(&[json!({
            "calls": [
                {"function": "report.message", "arguments": ["info", "the reading begins"]},
                read,
            ],
        })]);
    // Base64 whose every decoding is base64 again.
    trial.put("/srv/file", "QUFB".repeat(1 << 20), 0o644);
    trial.prepare();
    let preflight = ["init", "phase", "preflight"].map(str::to_owned).to_vec();
    let running = trial.start(&[preflight, trial.place()].concat());
    running.wait_for_output("the reading begins");
    let began = Instant::now();
    interrupt(running, &[Signal::INT], Running::signal);
    let elapsed = began.elapsed();
    assert!(elapsed < Duration::from_secs(5), "{elapsed:?}");
}
