//! Errors of commands that ask a cluster: a rehearsed cluster that serves.
use super::{Case, check_case, expect_no_other_snapshots};
use crate::workbench::{Workbench, words};
use harness::ServingRehearsal;
use std::{fs, net::TcpListener};

const CERTIFICATE_KEY: &str = "e6a2eb8581237ab72a4f494f30285ec12a9694d750b9785706a83bfcbbbd2204";

/// Starts a cluster in the folder of the workbench. Returns its address, too.
fn serve(bench: &Workbench) -> (ServingRehearsal, String) {
    // The kubeconfigs of the cluster name the port before the server listens, so the test uses a
    // port that was free a moment ago.
    let endpoint = TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .expect("a port is free");
    let text = fs::read_to_string(bench.folder().join("cluster.yaml")).expect("it is there");
    let text = text
        .replace(
            "localAPI",
            &format!("certificateKey: {CERTIFICATE_KEY}\nlocalAPI"),
        )
        .replace(
            "networking:",
            &format!("controlPlaneEndpoint: {endpoint}\nnetworking:"),
        );
    bench.write("cluster.yaml", text);
    let line = format!(
        "rehearse --upload-certs --config cluster.yaml --node node.yaml --root root --serve={}",
        endpoint.port()
    );
    let rehearsal = ServingRehearsal::start(&mut bench.command(&words(&line)));
    (rehearsal, endpoint.to_string())
}

#[test]
fn a_cluster_that_refuses() {
    let mut bench = Workbench::new();
    let (_server, endpoint) = serve(&bench);
    bench.set_environment("KUBECONFIG", "root/var/lib/kubephase/serve/admin.conf");
    let join = bench.succeed("token create --print-join-command");
    let words: Vec<&str> = join.split_whitespace().collect();
    let (token, pin) = (words[4], words[6]);
    let id = token.split('.').next().expect("a token has an id");
    for (text, name) in [
        (endpoint.as_str(), "[endpoint]"),
        (token, "[token]"),
        (id, "[token id]"),
    ] {
        bench.hide(text, name);
    }
    let table = include_str!("cluster.yaml")
        .replace("{endpoint}", &endpoint)
        .replace("{token}", token)
        .replace("{token id}", id)
        .replace("{pin}", pin);
    let cases = Case::parse_table(&table);
    expect_no_other_snapshots("cluster", &cases);
    for case in &cases {
        check_case("cluster", case, &mut bench);
    }
}
