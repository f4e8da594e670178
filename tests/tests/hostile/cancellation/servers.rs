//! Interrupts while a server is silent.
use crate::{
    cancellation::interrupt,
    support::{
        Trial, namespace,
        process::{LONGEST_RUN, Running},
        server::{Manner, Server},
    },
};
use rustix::process::Signal;
use serde_json::json;
use std::{
    fs,
    net::TcpListener,
    time::{Duration, Instant},
};

#[test]
fn an_interrupt_ends_a_request_to_a_server_that_is_silent() {
    if !namespace::is_possible() {
        return;
    }
    let server = Server::start(Manner::Silent);
    let trial = Trial::check_that_asks(&server);
    trial.prepare();
    let running = namespace::start(&trial, None, &namespace::PREFLIGHT);
    crate::wait_until(|| !server.requests().is_empty());
    interrupt(running, &[Signal::INT], namespace::signal);
}

/// Returns a kubeconfig of a server that accepts connections and sends nothing.
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
    // The program connects to the API server at the address of the node, so listen on all of them.
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

/// Waits until the program connects to a server.
fn accept(server: &TcpListener, running: &Running) -> std::net::TcpStream {
    server.set_nonblocking(true).unwrap();
    let began = Instant::now();
    loop {
        if let Ok((connection, _)) = server.accept() {
            return connection;
        }
        assert!(
            began.elapsed() < LONGEST_RUN,
            "the program does not connect: {}",
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
