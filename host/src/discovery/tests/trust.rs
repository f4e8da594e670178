//! Which clusters are trusted, by token and by file.
use super::{FakeServers, TOKEN, authority, find, hash, info, joining};
use crate::{
    config::{FileDiscovery, FoundCluster},
    pki::jws,
};
use serde_json::{Value, json};

#[test]
fn a_cluster_that_the_token_signed_and_the_pin_names_is_found() {
    let authority = authority("kubernetes");
    let info = info(&authority.to_pem(), TOKEN);
    let cluster = FakeServers {
        untrusted: info.clone(),
        trusted: info,
        ..FakeServers::default()
    };
    let found = find(
        &joining(&[format!("sha256:{}", "00".repeat(32)), hash(&authority)]),
        &cluster,
    )
    .unwrap();
    assert_eq!(
        (found.server.as_str(), found.authority_pem.as_str()),
        ("https://10.0.0.1:6443", authority.to_pem().as_str())
    );
    assert!(
        found
            .kubeconfig
            .reveal()
            .contains(&format!("token: {TOKEN}"))
            && found
                .kubeconfig
                .reveal()
                .contains("tls-bootstrap-token-user")
    );
    assert_eq!(
        cluster.used_kubeconfigs.lock().len(),
        2,
        "once without trust, once with"
    );
    assert!(
        cluster
            .used_kubeconfigs
            .lock()
            .iter()
            .all(|kubeconfig| !kubeconfig.contains("0123456789abcdef")),
        "no request holds the token's secret"
    );
}

#[test]
fn without_a_pin_a_signature_of_the_token_is_enough() {
    let cluster = FakeServers {
        untrusted: info(&authority("kubernetes").to_pem(), TOKEN),
        ..FakeServers::default()
    };
    assert!(find(&joining(&[]), &cluster).is_ok());
}

#[test]
fn a_server_without_proof_is_refused() {
    let (ours, theirs) = (authority("kubernetes"), authority("kubernetes"));
    let good = info(&ours.to_pem(), TOKEN);
    let pins = [hash(&ours)];
    let forged = info(&ours.to_pem(), "abcdef.ffffffffffffffff");
    for (case, untrusted, trusted, why) in [
        (
            "another authority",
            info(&theirs.to_pem(), TOKEN),
            good.clone(),
            "none of the public keys",
        ),
        (
            "a forged signature",
            forged,
            good.clone(),
            "failed to verify JWS signature",
        ),
        (
            "a token that is not there",
            info(&ours.to_pem(), "aaaaaa.0123456789abcdef"),
            good.clone(),
            "could not find a JWS signature",
        ),
        (
            "no kubeconfig",
            json!({"jws-kubeconfig-abcdef": "x..y"}),
            good.clone(),
            "there is no kubeconfig key",
        ),
        (
            "something else with trust",
            good.clone(),
            info(&theirs.to_pem(), TOKEN),
            "was different from the first",
        ),
    ] {
        let cluster = FakeServers {
            untrusted,
            trusted,
            ..FakeServers::default()
        };
        let message = find(&joining(&pins), &cluster).map(drop).unwrap_err();
        assert!(
            message.starts_with("couldn't validate the identity of the API Server: ")
                && message.contains(why),
            "{case}: {message}"
        );
    }
}

#[test]
fn a_server_that_does_not_answer_is_reported_with_and_without_trust() {
    let authority = authority("kubernetes");
    let good = info(&authority.to_pem(), TOKEN);
    for (untrusted, trusted) in [
        ("unavailable".into(), good.clone()),
        (good, "unavailable".into()),
    ] {
        let cluster = FakeServers {
            untrusted,
            trusted,
            ..FakeServers::default()
        };
        let message = find(&joining(&[hash(&authority)]), &cluster)
            .map(drop)
            .unwrap_err();
        assert!(
            message.starts_with("couldn't validate the identity of the API Server: ")
                && message.contains("failed to request the cluster-info"),
            "{message}"
        );
    }
}

#[test]
fn a_signed_text_without_a_cluster_is_refused() {
    let text = "apiVersion: v1\nkind: Config\nclusters: []\n";
    let data = json!({"kubeconfig": text, "jws-kubeconfig-abcdef": jws::sign(text, &TOKEN.into())});
    let message = find(
        &joining(&[]),
        &FakeServers {
            untrusted: data,
            ..FakeServers::default()
        },
    )
    .map(drop)
    .unwrap_err();
    assert!(message.contains("names no cluster"), "{message}");
}

/// Runs discovery by a file with this user.
fn by_file(user: Value, trusted: Value, tls: &str) -> Result<FoundCluster, String> {
    let folder = tempfile::tempdir().unwrap();
    let authority = authority("kubernetes").to_pem();
    std::fs::write(folder.path().join("ca.pem"), &authority).unwrap();
    let kubeconfig = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{
            "name": "",
            "cluster": {"server": "https://10.0.0.9:6443", "certificate-authority": "ca.pem"},
        }],
        "contexts": [{"name": "x", "context": {"cluster": "", "user": "me"}}],
        "current-context": "x",
        "users": [{"name": "me", "user": user}],
    });
    let file = folder.path().join("discovery.conf");
    std::fs::write(&file, kubeconfig.to_string()).unwrap();
    let mut join = joining(&[]);
    join.discovery.bootstrap_token = None;
    join.discovery.tls_bootstrap_token = tls.into();
    join.discovery.file = Some(FileDiscovery {
        kube_config_path: file.display().to_string(),
    });
    find(
        &join,
        &FakeServers {
            trusted,
            ..FakeServers::default()
        },
    )
}

#[test]
fn a_file_finds_the_cluster_with_its_own_credentials_or_a_token() {
    let info = info(&authority("kubernetes").to_pem(), TOKEN);
    let found = by_file(json!({"token": "t0ps3cret"}), info.clone(), "").unwrap();
    assert!(
        found.kubeconfig.reveal().contains("t0ps3cret")
            && found
                .kubeconfig
                .reveal()
                .contains("certificate-authority-data")
    );
    assert_eq!(
        found.server, "https://10.0.0.9:6443",
        "the file's server is kept"
    );
    assert!(
        found.warnings[0].contains("https://10.0.0.1:6443"),
        "{:?}",
        found.warnings
    );
    let found = by_file(json!({}), "forbidden".into(), TOKEN).unwrap();
    assert!(
        found.kubeconfig.reveal().contains(TOKEN)
            && found.warnings[0].contains("Could not access the cluster-info")
    );
    let refused = by_file(json!({}), info, "").map(drop).unwrap_err();
    assert!(
        refused
            .starts_with("could not find authentication credentials for the TLS bootstrap process"),
        "{refused}"
    );
}
