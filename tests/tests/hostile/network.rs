//! Servers: a plugin asks those that its grant names, with the files that the same grant names, and
//! the answer is read up to limits of bytes and time.
use crate::support::{
    Trial, call,
    server::{Manner, Server},
};
use serde_json::{Value, json};

/// Returns a manner of answering with a text.
fn reply(text: &str) -> Manner {
    Manner::Reply {
        status: 200,
        headers: String::new(),
        body: text.into(),
    }
}

/// Returns a call of `http-get`.
fn get(url: &str) -> Value {
    call("observe-net.http-get", json!([url, 2000]))
}

/// Returns a grant for a server.
fn grant(server: &Server) -> String {
    format!(
        "capability: observe-net.http-get, hosts: ['127.0.0.1:{}']",
        server.port
    )
}

#[test]
fn a_body_without_end_is_read_up_to_a_limit() {
    for manner in [Manner::EndlessBody, Manner::Dripping, Manner::Silent] {
        let server = Server::start(manner);
        let trial = Trial::check()
            .grants(&[&grant(&server)])
            .calls(&[get(&format!("http://127.0.0.1:{}/", server.port))]);
        let result = trial.record();
        assert!(!result.answer("0.0").is_ok, "{:?}", result.answers);
    }
}

#[test]
fn a_plugin_reaches_only_the_host_and_port_of_its_grant() {
    let (granted, other) = (
        Server::start(reply("granted")),
        Server::start(reply("canary-other")),
    );
    let (port, elsewhere) = (granted.port, other.port);
    let urls = [
        format!("http://127.0.0.1:{elsewhere}/"),
        format!("http://127.0.0.1:{port}@127.0.0.1:{elsewhere}/"),
        format!("http://localhost:{elsewhere}/"),
        format!("http://127.0.0.1:{port}\r\nx: y@127.0.0.1:{elsewhere}/"),
        format!("http://0x7f000001:{elsewhere}/"),
        "file:///etc/passwd".to_owned(),
        format!("http://127.0.0.1:{port}:{elsewhere}/"),
        format!("//127.0.0.1:{elsewhere}/"),
        format!("http://user:password@127.0.0.1:{port}/"),
        String::new(),
        "-x".to_owned(),
    ];
    let mut calls: Vec<Value> = urls.iter().map(|url| get(url)).collect();
    calls.push(get(&format!("http://127.0.0.1:{port}/")));
    let result = Trial::check()
        .grants(&[&grant(&granted)])
        .calls(&calls)
        .record();
    let (last, others) = result.answers.split_last().unwrap();
    for (url, answer) in urls.iter().zip(others) {
        assert!(!answer.is_ok, "{url}: {answer:?}");
    }
    assert_eq!(last.text, "200 granted");
    assert!(other.requests().is_empty(), "{:?}", other.requests());
}

#[test]
fn a_redirect_leads_nowhere_that_was_not_granted() {
    let other = Server::start(reply("canary-other"));
    let headers = format!("location: http://127.0.0.1:{}/\r\n", other.port);
    let granted = Server::start(Manner::Reply {
        status: 302,
        headers,
        body: Vec::new(),
    });
    let result = Trial::check()
        .grants(&[&grant(&granted)])
        .calls(&[get(&format!("http://127.0.0.1:{}/", granted.port))])
        .record();
    assert!(
        !result.answers_text().contains("canary-other") && other.requests().is_empty(),
        "{:?}",
        result.answers
    );
}

/// Returns a grant for a server with a file of authorities.
fn grant_with_file(server: &Server, path: &str) -> String {
    format!(
        "capability: observe-net.http-get-as, hosts: ['127.0.0.1:{}'], paths: [{path}]",
        server.port
    )
}

/// Returns a call of `http-get-as` with a file of authorities.
fn get_with_file(url: &str, path: &str) -> Value {
    call("observe-net.http-get-as", json!([url, path, "", "", 2000]))
}

#[test]
fn files_of_one_grant_are_not_shown_to_hosts_of_another() {
    let (one, two) = (Server::start(reply("one")), Server::start(reply("two")));
    let (first, second) = (
        format!("https://127.0.0.1:{}/", one.port),
        format!("https://127.0.0.1:{}/", two.port),
    );
    let trial = Trial::check()
        .grants(&[
            &grant_with_file(&one, "/srv/one.crt"),
            &grant_with_file(&two, "/srv/two.crt"),
        ])
        .calls(&[
            get_with_file(&first, "/srv/two.crt"),
            get_with_file(&second, "/srv/one.crt"),
            get_with_file(&first, "/etc/kubernetes/pki/ca.crt"),
        ]);
    let result = trial.record();
    for answer in &result.answers {
        assert!(
            !answer.is_ok && answer.text.starts_with("denied"),
            "{answer:?}"
        );
    }
    assert!(one.requests().is_empty() && two.requests().is_empty());
}

#[test]
fn names_that_are_not_host_names_are_not_looked_up() {
    let names = [
        "--help",
        "a b",
        "a/b",
        "a\u{0}",
        "\u{1b}[2J",
        "",
        "a..b",
        "%2f",
    ];
    let calls: Vec<Value> = names
        .iter()
        .map(|name| call("observe-net.resolve", json!([name])))
        .collect();
    let result = Trial::check()
        .grants(&["capability: observe-net.resolve, hosts: ['**']"])
        .calls(&calls)
        .record();
    for (name, answer) in names.iter().zip(&result.answers) {
        assert!(!answer.is_ok, "{name:?}: {answer:?}");
    }
}
