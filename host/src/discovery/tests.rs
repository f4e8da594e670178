//! A cluster that tells anyone what a test wants told.
use super::*;
use crate::{
    config::{FileDiscovery, TokenDiscovery},
    pki::{jws, loopback::Authority},
    secret::Secret,
    world::node::{described::DescribedNode, facts::NodeFacts},
};
use kubephase_sdk::{duration::Duration as Seconds, kubeadm::Timeouts};
use parking_lot::Mutex;
use serde_json::json;
use std::sync::Arc;

pub const TOKEN: &str = "abcdef.0123456789abcdef";

/// What is told without trust, and to whoever trusts the authority.
#[derive(Clone, Default)]
struct Told {
    anyone: Value,
    trusting: Value,
    /// kubeconfigs that were used
    asked_as: Arc<Mutex<Vec<String>>>,
}

/// The API as one of both sees it.
struct Seen(Value);

fn no<T>() -> Tried<T> {
    Err(Failure::new("denied", "discovery only looks"))
}

macro_rules! looks_only {
    ($of:ty, $get:expr, $as:expr) => {
        impl Cluster for $of {
            fn get(&self, of: &ObjectRef) -> Tried<Option<Value>> {
                $get(self, of)
            }
            fn as_holder_of(&self, kubeconfig: &Secret<String>) -> Tried<Box<dyn Cluster>> {
                $as(self, kubeconfig)
            }
            fn list(
                &self,
                _: &str,
                _: &str,
                _: Option<&str>,
                _: Option<&str>,
            ) -> Tried<Vec<Value>> {
                no()
            }
            fn create(&self, _: &Value) -> Tried<Value> {
                no()
            }
            fn replace(&self, _: &Value) -> Tried<Value> {
                no()
            }
            fn server_side_apply(&self, _: &Value) -> Tried<Value> {
                no()
            }
            fn patch(&self, _: &ObjectRef, _: &Value) -> Tried<Value> {
                no()
            }
            fn delete(&self, _: &ObjectRef) -> Tried<()> {
                no()
            }
            fn probe(&self, _: &str, _: &str) -> Tried<u16> {
                no()
            }
            fn with_kubeconfig(&self, _: &str) -> Tried<Box<dyn Cluster>> {
                no()
            }
        }
    };
}

looks_only!(
    Seen,
    |seen: &Seen, of: &ObjectRef| {
        assert_eq!(*of, cluster_info());
        match seen.0.as_str() {
            Some(code) => Err(Failure::new(code, "so it was answered")),
            None => Ok(Some(json!({ "data": seen.0 }))),
        }
    },
    |_: &Seen, _: &Secret<String>| no()
);
looks_only!(
    Told,
    |_: &Told, _: &ObjectRef| no(),
    |told: &Told, kubeconfig: &Secret<String>| {
        let kubeconfig = kubeconfig.reveal();
        told.asked_as.lock().push(kubeconfig.clone());
        let insecure = kubeconfig.contains("insecure-skip-tls-verify: true");
        Ok(Box::new(Seen(if insecure {
            told.anyone.clone()
        } else {
            told.trusting.clone()
        })) as Box<dyn Cluster>)
    }
);

/// The certificate of an authority.
fn authority(name: &str) -> Certificate {
    Authority::new(name).certificate
}

/// What the cluster of this authority tells, signed by a token.
pub fn info(pem: &str, token: &str) -> Value {
    let kubeconfig = render::kubeconfig::cluster_info("https://10.0.0.1:6443", pem);
    let token = Secret::from(token);
    let mut data = json!({ "kubeconfig": kubeconfig });
    data[format!(
        "jws-kubeconfig-{}",
        crate::secret::bootstrap_token::id(&token)
    )] = jws::sign(&kubeconfig, &token).into();
    data
}

pub fn joining(hashes: &[String]) -> JoinConfiguration {
    let timeouts = Some(Timeouts {
        discovery: Some(Seconds::from_secs(0)),
        ..Timeouts::default()
    });
    let mut join = JoinConfiguration {
        timeouts,
        ..JoinConfiguration::default()
    };
    join.discovery.tls_bootstrap_token = TOKEN.into();
    join.discovery.bootstrap_token = Some(TokenDiscovery {
        token: TOKEN.into(),
        api_server_endpoint: "10.0.0.1:6443".into(),
        ca_cert_hashes: hashes.to_vec(),
        unsafe_skip_ca_verification: hashes.is_empty(),
    });
    join
}

/// What comes of it. Whatever is refused, it is said what to do.
pub fn find(join: &JoinConfiguration, api: &dyn Cluster) -> Result<FoundCluster, String> {
    let net = DescribedNode::new(Arc::new(NodeFacts::default()), Box::new(|_, _| Ok(false)));
    discover(join, api, &net, true).map_err(|failure| {
        assert!(
            failure.remedy.is_some() || failure.message.contains("Please use"),
            "{}",
            failure.message
        );
        failure.to_text()
    })
}

pub fn hash(of: &Certificate) -> String {
    format!("SHA256:{}", of.public_key_sha256())
}

#[test]
fn a_cluster_that_the_token_signed_and_the_pin_names_is_found() {
    let authority = authority("kubernetes");
    let info = info(&authority.to_pem(), TOKEN);
    let told = Told {
        anyone: info.clone(),
        trusting: info,
        ..Told::default()
    };
    let found = find(
        &joining(&[format!("sha256:{}", "00".repeat(32)), hash(&authority)]),
        &told,
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
        told.asked_as.lock().len(),
        2,
        "once without trust, once with"
    );
    assert!(
        told.asked_as
            .lock()
            .iter()
            .all(|kubeconfig| !kubeconfig.contains("0123456789abcdef")),
        "nobody is told the token"
    );
}

#[test]
fn without_a_pin_whoever_has_the_token_is_believed() {
    let told = Told {
        anyone: info(&authority("kubernetes").to_pem(), TOKEN),
        ..Told::default()
    };
    assert!(find(&joining(&[]), &told).is_ok());
}

#[test]
fn who_cannot_prove_to_be_the_cluster_is_not_believed() {
    let (ours, theirs) = (authority("kubernetes"), authority("kubernetes"));
    let good = info(&ours.to_pem(), TOKEN);
    let pins = [hash(&ours)];
    let with = |anyone: Value, trusting: Value| {
        find(
            &joining(&pins),
            &Told {
                anyone,
                trusting,
                ..Told::default()
            },
        )
        .map(drop)
        .unwrap_err()
    };
    let forged = info(&ours.to_pem(), "abcdef.ffffffffffffffff");
    for (case, anyone, trusting, why) in [
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
        (
            "a server that does not answer",
            "unavailable".into(),
            good.clone(),
            "failed to request the cluster-info",
        ),
        (
            "a server that another authority signed",
            good.clone(),
            "unavailable".into(),
            "failed to request the cluster-info",
        ),
    ] {
        let told = with(anyone, trusting);
        assert!(
            told.starts_with("couldn't validate the identity of the API Server: ")
                && told.contains(why),
            "{case}: {told}"
        );
    }
}

#[test]
fn a_signed_text_without_a_cluster_is_refused() {
    let text = "apiVersion: v1\nkind: Config\nclusters: []\n";
    let data = json!({"kubeconfig": text, "jws-kubeconfig-abcdef": jws::sign(text, &TOKEN.into())});
    let told = find(
        &joining(&[]),
        &Told {
            anyone: data,
            ..Told::default()
        },
    )
    .map(drop)
    .unwrap_err();
    assert!(told.contains("names no cluster"), "{told}");
}

/// A file that finds the cluster, and what came of it.
fn by_file(user: Value, trusting: Value, tls: &str) -> Result<FoundCluster, String> {
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
        &Told {
            trusting,
            ..Told::default()
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
