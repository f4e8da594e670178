//! The configuration of `join`.
use super::*;

fn with_flags(flags: JoinFlags) -> Result<LoadedJoin, Problems> {
    let flags = JoinFlags {
        token: Some("abcdef.0123456789abcdef".into()),
        discovery_token_unsafe_skip_ca_verification: true,
        ..flags
    };
    load_join(None, &flags, &NodeFacts::default())
}

#[test]
fn the_endpoint_of_a_join_has_a_host_and_a_port_of_any_form() {
    let with_endpoint = |endpoint: &str| {
        with_flags(JoinFlags {
            endpoint: Some(endpoint.into()),
            ..JoinFlags::default()
        })
    };
    // Ports and hosts are not checked here: discovery fails if they do not lead to a cluster
    // (kubeadm behaviour).
    for endpoint in [
        "192.0.2.2:99999",
        "[2001:db8::2]:https",
        "lb_1:",
        ":6443",
        "a b:+1",
    ] {
        with_endpoint(endpoint).unwrap();
    }
    for (endpoint, why) in [
        ("192.0.2.2", "missing port in address"),
        ("[2001:db8::2]", "missing port in address"),
        ("2001:db8::2:6443", "too many colons in address"),
        ("[2001:db8::2:6443", "missing ']' in address"),
    ] {
        let message = with_endpoint(endpoint).unwrap_err().to_string();
        assert!(message.contains(why), "{endpoint}: {message}");
    }
}

#[test]
fn hashes_are_read_when_the_cluster_is_sought() {
    with_flags(JoinFlags {
        endpoint: Some("192.0.2.2:6443".into()),
        discovery_token_ca_cert_hash: vec!["sha256:0a".into()],
        ..JoinFlags::default()
    })
    .unwrap();
}

#[test]
fn the_kubeconfig_of_a_discovery_is_a_file_unless_a_server_has_it() {
    let (_folder, path) = file("");
    let on_disk = path.display().to_string();
    let escaped = on_disk.replace("config.yaml", "config%2Eyaml");
    for (given, path) in [
        (on_disk.clone(), Some(on_disk.as_str())),
        (format!("file://{on_disk}"), Some(&on_disk)),
        (format!("FILE:{on_disk}"), Some(&on_disk)),
        (format!("file://somewhere{escaped}?a#b"), Some(&on_disk)),
        ("https://10.0.0.1/discovery.conf".to_owned(), None),
        ("HTTPS://10.0.0.1".to_owned(), None),
        ("https:10.0.0.1".to_owned(), None),
    ] {
        let flags = JoinFlags {
            discovery_file: Some(given.clone()),
            ..JoinFlags::default()
        };
        let loaded = load_join(None, &flags, &NodeFacts::default()).unwrap();
        let discovery = loaded.join.discovery.file.unwrap();
        assert_eq!(discovery.path(), path.map(Path::new), "{given}");
    }
    for (given, why) in [
        ("", "not a valid HTTPS URL or a file on disk"),
        (
            "/nowhere/discovery.conf",
            "not a valid HTTPS URL or a file on disk",
        ),
        ("file:nowhere", "not a valid HTTPS URL or a file on disk"),
        (&escaped, "not a valid HTTPS URL or a file on disk"),
        ("https://lb:x", "not a valid HTTPS URL or a file on disk"),
        ("http://10.0.0.1", "the scheme must be https"),
        ("lb:6443", "the scheme must be https"),
    ] {
        let flags = JoinFlags {
            discovery_file: Some(given.to_owned()),
            ..JoinFlags::default()
        };
        let problems = load_join(None, &flags, &NodeFacts::default()).unwrap_err();
        assert!(problems.to_string().contains(why), "{given}: {problems}");
    }
}
