//! Addresses: a server may answer only this machine (the cloud's metadata server, a service on
//! loopback). A plugin reaches it only by the name that the grant has and the operator allowed.
use crate::support::{
    Trial, call, namespace,
    server::{Manner, Server},
};
use serde_json::json;
use std::net::{IpAddr, UdpSocket};

fn grant(capability: &str, host: &str) -> String {
    let files = if capability.ends_with("-as") {
        ", paths: [/opt/hostile/client.crt]"
    } else {
        ""
    };
    format!("capability: observe-net.{capability}, hosts: ['{host}']{files}")
}

#[test]
fn hosts_that_may_answer_only_this_machine_amount_to_root() {
    for host in [
        "169.254.169.254",
        "1*",
        "*.254",
        "*:80",
        "*.internal",
        "*.com",
        "fd00:ec2::254",
        "[::ffff:169.254.169.254]",
        "[::ffff:a9fe:a9fe]",
        "100.100.100.200",
        "168.63.129.16",
        "127.0.0.1:*",
        "127.0.0.1:8500",
        "localhost",
        "*",
    ] {
        for capability in ["http-get", "http-get-as"] {
            let ended = Trial::check().grants(&[&grant(capability, host)]).add();
            assert!(
                ended.status != 0 && ended.output().contains("--allow-root"),
                "{capability} {host}: {}",
                ended.output()
            );
        }
    }
    for host in [
        "mirror.example.com",
        "*.mirror.example.com:8443",
        "192.0.2.7:8080",
        "10.0.0.7",
        "[2001:db8::7]:6443",
    ] {
        let added = Trial::check().grants(&[&grant("http-get", host)]).add();
        added.expect_status(0);
    }
}

#[test]
fn a_pattern_reaches_no_address_that_only_this_machine_has() {
    let server = Server::start(Manner::Reply {
        status: 200,
        headers: String::new(),
        body: b"canary".to_vec(),
    });
    let port = server.port;
    let hosts = ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0"];
    let calls: Vec<_> = hosts
        .iter()
        .map(|host| {
            call(
                "observe-net.http-get",
                json!([format!("http://{host}:{port}/"), 2000]),
            )
        })
        .collect();
    let ended = Trial::check()
        .grants(&[&grant("http-get", "*:*")])
        .calls(&calls)
        .record();
    for (host, answer) in hosts.iter().zip(&ended.answers) {
        assert!(
            !answer.is_ok && answer.text.starts_with("denied"),
            "{host}: {answer:?}"
        );
    }
    assert!(server.requests().is_empty(), "{:?}", server.requests());
}

#[test]
fn a_name_leads_to_no_address_that_only_this_machine_has() {
    if !namespace::is_possible() {
        return;
    }
    let server = Server::start(Manner::Reply {
        status: 200,
        headers: String::new(),
        body: b"canary".to_vec(),
    });
    let host = format!("mirror.example.com:{}", server.port);
    let trial = Trial::check()
        .grants(&[&grant("http-get", &host)])
        .environment("HOSTS", "127.0.0.1 mirror.example.com")
        .calls(&[call(
            "observe-net.http-get",
            json!([format!("http://{host}/"), 2000]),
        )]);
    trial.prepare();
    let command = ["init", "phase", "preflight", "--config", "cluster.yaml"];
    let ended = namespace::run(&trial, None, &command);
    let answer = ended.answer("0.0");
    assert!(
        !answer.is_ok && answer.text.contains("127.0.0.1") && answer.text.contains("denied"),
        "{answer:?}"
    );
    assert!(server.requests().is_empty(), "{:?}", server.requests());
}

/// Returns a phase that sends the key of the API server to a server. `directory` has the
/// certificates.
fn impersonation(directory: &str) -> Trial {
    let grant = format!(
        "capability: observe-net.http-get-as, hosts: [192.0.2.9], paths: ['{directory}/*']"
    );
    let file = |name: &str| format!("{directory}/{name}");
    Trial::phase()
        .grants(&[&grant])
        .cluster(&format!("certificatesDir: {directory}\n"))
        .calls(&[call(
            "observe-net.http-get-as",
            json!([
                "https://192.0.2.9/",
                file("ca.crt"),
                file("apiserver-kubelet-client.crt"),
                file("apiserver-kubelet-client.key"),
                2000
            ]),
        )])
}

#[test]
fn the_identity_of_the_node_is_shown_to_no_server_wherever_it_lies() {
    let added = impersonation("/srv/pki").add();
    let output = added.output();
    assert!(
        added.status != 0 && output.contains("--allow-cluster-admin"),
        "{output}"
    );
    // In the plugin's own directory, only the configuration says who owns the files.
    let ended = impersonation("/var/lib/kubephase-plugins/hostile/pki").rehearse();
    let answer = ended.answer("0.0");
    assert!(
        !answer.is_ok && answer.text.contains("belongs to the host"),
        "{answer:?}"
    );
}

/// Returns the address by which other machines reach this one; `None` without a network.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // This sends nothing.
    socket.connect("198.51.100.7:9").ok()?;
    Some(socket.local_addr().ok()?.ip())
}

#[test]
fn only_a_grant_that_names_them_reaches_addresses_of_this_machine_and_of_services() {
    if !namespace::is_possible() {
        return;
    }
    let Some(own) = own_address().map(|own| own.to_string()) else {
        return;
    };
    let service = "10.96.0.1".to_owned();
    for (granted, asked, address, is_reached) in [
        ("own.example.com:9", "own.example.com:9", &own, false),
        ("*:9", &format!("{own}:9"), &own, false),
        (&format!("{own}:9"), &format!("{own}:9"), &own, true),
        ("a.example.com:9", "a.example.com:9", &service, false),
        ("*:9", "10.96.0.1:9", &service, false),
        ("10.96.0.1:9", "10.96.0.1:9", &service, true),
    ] {
        let hosts = format!("{own} own.example.com\n{service} a.example.com");
        let trial = Trial::check()
            .grants(&[&grant("http-get", granted)])
            .allow_root()
            .environment("HOSTS", &hosts)
            .calls(&[call(
                "observe-net.http-get",
                json!([format!("http://{asked}/"), 300]),
            )]);
        trial.prepare();
        let ended = namespace::run(&trial, None, &namespace::PREFLIGHT);
        // No server listens there.
        let answer = ended.answer("0.0");
        let is_denied = answer.text.starts_with("denied") && answer.text.contains(address);
        assert_eq!(is_denied, !is_reached, "{granted} {asked}: {answer:?}");
    }
}

#[test]
fn addresses_of_this_machine_and_of_services_are_granted_only_with_the_consent_of_root() {
    let own = own_address().map(|own| format!("{own}:9"));
    for host in own.iter().map(String::as_str).chain(["10.96.0.1:443"]) {
        let ended = Trial::check().grants(&[&grant("http-get", host)]).add();
        let output = ended.output();
        assert!(
            ended.status != 0 && output.contains("--allow-root"),
            "{host}: {output}"
        );
        let trial = Trial::check().grants(&[&grant("http-get", host)]);
        trial.allow_root().add().expect_status(0);
    }
}
