//! The closing words, and the kubeconfigs and URLs in them.
use super::{Config, cases};
use crate::render::{kubeconfig, messages};

/// Returns the word after another word of a text.
fn word_after(text: &str, word: &str) -> String {
    let mut words = text.split_whitespace().skip_while(|found| *found != word);
    words.nth(1).unwrap_or_default().to_owned()
}

#[test]
fn closing_words_are_kubeadms() {
    for case in cases().into_iter().filter(|case| {
        ["minimal", "production-ha", "upload-certs", "cpe-dns"].contains(&case.name.as_str())
    }) {
        let recorded = case.text("stdout-real.txt").unwrap();
        let Some(at) = recorded.find("\nYour Kubernetes control-plane") else {
            panic!("{}", case.name)
        };
        let words = &recorded[at..];
        let join = messages::JoinTarget {
            endpoint: recorded
                .split("kubeadm join ")
                .nth(1)
                .and_then(|rest| rest.split(' ').next())
                .unwrap()
                .into(),
            authority_hashes: vec![
                word_after(words, "--discovery-token-ca-cert-hash")
                    .trim_start_matches("sha256:")
                    .into(),
            ],
        };
        let key = word_after(words, "--certificate-key");
        let others = match (
            case.config.cluster.control_plane_endpoint.as_str(),
            key.as_str(),
        ) {
            ("", _) => messages::ControlPlaneJoin::No,
            (_, "") => messages::ControlPlaneJoin::Copied,
            _ => messages::ControlPlaneJoin::Uploaded(&key),
        };
        let ours = messages::initialized(
            "/etc/kubernetes/admin.conf",
            &join,
            &word_after(words, "--token"),
            others,
        );
        assert_eq!(ours.trim_end(), words.trim_end(), "{}", case.name);
    }
}

#[test]
fn urls_of_the_control_plane() {
    let mut config: Config = Config::default();
    config.init.local_api_endpoint.advertise_address = "2001:db8::2".into();
    config.init.local_api_endpoint.bind_port = 6443;
    for (endpoint, url, warns) in [
        ("", "https://[2001:db8::2]:6443", false),
        ("api.example.com", "https://api.example.com:6443", false),
        (
            "api.example.com:6443",
            "https://api.example.com:6443",
            false,
        ),
        ("api.example.com:443", "https://api.example.com:443", true),
        ("2001:db8::9", "https://[2001:db8::9]:6443", false),
        ("[2001:db8::9]:8443", "https://[2001:db8::9]:8443", true),
    ] {
        config.cluster.control_plane_endpoint = endpoint.into();
        let (ours, warning) = kubeconfig::control_plane_url(&config).unwrap();
        assert_eq!(
            (ours.as_str(), warning.is_some()),
            (url, warns),
            "{endpoint}"
        );
    }
    config.cluster.control_plane_endpoint = "api.example.com:0".into();
    assert!(kubeconfig::control_plane_url(&config).is_err());
}

#[test]
fn a_kubeconfig_names_its_user_and_cluster() {
    let client = kubeconfig::ClientKubeconfig {
        preferences: false,
        cluster: "kubernetes",
        server: "https://192.0.2.2:6443",
        authority_pem: "a",
        user: "kubernetes-admin",
        certificate_pem: "c",
        key_pem: &"k".into(),
    };
    let text = "apiVersion: v1\n\
        clusters:\n\
        - cluster:\n\
        \x20   certificate-authority-data: YQ==\n\
        \x20   server: https://192.0.2.2:6443\n\
        \x20 name: kubernetes\n\
        contexts:\n\
        - context:\n\
        \x20   cluster: kubernetes\n\
        \x20   user: kubernetes-admin\n\
        \x20 name: kubernetes-admin@kubernetes\n\
        current-context: kubernetes-admin@kubernetes\n\
        kind: Config\n\
        users:\n\
        - name: kubernetes-admin\n\
        \x20 user:\n\
        \x20   client-certificate-data: Yw==\n\
        \x20   client-key-data: aw==\n";
    assert_eq!(kubeconfig::client(&client).reveal(), text);
}
