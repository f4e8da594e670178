//! A fake cluster, for the tests of this folder.
mod servers;
mod trust;

use super::*;
use crate::{
    config::TokenDiscovery,
    loopback::Authority,
    pki::jws,
    secret::Secret,
    world::{
        node::{described::DescribedNode, facts::NodeFacts},
        revision::Revision,
    },
};
use kubephase_sdk::{duration::Duration as Seconds, kubeadm::Timeouts};
use kubephase_wit::{FailureCode, ObjectRef};
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::sync::Arc;

pub const TOKEN: &str = "abcdef.0123456789abcdef";

/// A cluster with one answer for clients that do not verify its certificate, and one for clients
/// that do.
#[derive(Clone, Default)]
struct FakeServers {
    untrusted: Value,
    trusted: Value,
    /// the kubeconfigs of all clients so far
    used_kubeconfigs: Arc<Mutex<Vec<String>>>,
}

/// The API with one of the two answers.
struct FakeApi(Value);

fn refuse<T>() -> WorldResult<T> {
    Err(Failure::new(FailureCode::Denied, "discovery only looks"))
}

macro_rules! read_only_cluster {
    ($of:ty, $get:expr, $as:expr) => {
        impl Cluster for $of {
            fn get(&self, of: &ObjectRef) -> WorldResult<Option<Value>> {
                $get(self, of)
            }
            fn as_holder_of(&self, kubeconfig: &Secret<String>) -> WorldResult<Box<dyn Cluster>> {
                $as(self, kubeconfig)
            }
            fn list(
                &self,
                _: &str,
                _: &str,
                _: Option<&str>,
                _: Option<&str>,
            ) -> WorldResult<Vec<Value>> {
                refuse()
            }
            fn create(&self, _: &Value) -> WorldResult<Value> {
                refuse()
            }
            fn replace(&self, _: &Value) -> WorldResult<Value> {
                refuse()
            }
            fn server_side_apply(&self, _: &Value) -> WorldResult<Value> {
                refuse()
            }
            fn patch(&self, _: &ObjectRef, _: &Value) -> WorldResult<Value> {
                refuse()
            }
            fn delete(&self, _: &ObjectRef, _: Option<&Revision>) -> WorldResult<()> {
                refuse()
            }
            fn probe(&self, _: &str, _: &str) -> WorldResult<u16> {
                refuse()
            }
            fn with_kubeconfig(&self, _: &str) -> WorldResult<Box<dyn Cluster>> {
                refuse()
            }
        }
    };
}

read_only_cluster!(
    FakeApi,
    |api: &FakeApi, of: &ObjectRef| {
        assert_eq!(*of, ObjectRef::cluster_info());
        match api.0.as_str().and_then(FailureCode::parse) {
            Some(code) => Err(Failure::new(code, "the answer of this test")),
            None => Ok(Some(json!({ "data": api.0 }))),
        }
    },
    |_: &FakeApi, _: &Secret<String>| refuse()
);
read_only_cluster!(
    FakeServers,
    |_: &FakeServers, _: &ObjectRef| refuse(),
    |cluster: &FakeServers, kubeconfig: &Secret<String>| {
        let kubeconfig = kubeconfig.reveal();
        cluster.used_kubeconfigs.lock().push(kubeconfig.clone());
        let insecure = kubeconfig.contains("insecure-skip-tls-verify: true");
        Ok(Box::new(FakeApi(if insecure {
            cluster.untrusted.clone()
        } else {
            cluster.trusted.clone()
        })) as Box<dyn Cluster>)
    }
);

/// Makes an authority. Returns its certificate.
fn authority(name: &str) -> Certificate {
    Authority::new(name).certificate
}

/// Returns the data of `cluster-info` of an authority's cluster, signed by a token.
pub fn info(pem: &str, token: &str) -> Value {
    let kubeconfig = render::kubeconfig::cluster_info("https://10.0.0.1:6443", pem, false);
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

#[test]
fn discovery_ends_when_no_wait_in_this_world_is_longer() {
    let mut join = joining(&[]);
    join.timeouts.as_mut().unwrap().discovery = Some(Seconds::from_secs(300));
    let net = DescribedNode::new(Arc::new(NodeFacts::default()), Box::new(|_, _| Ok(false)));
    let begun = std::time::Instant::now();
    let cluster = FakeServers::default();
    let found = discover(&join, &cluster, &net, false, Some(Duration::ZERO));
    let failure = found.map(drop).unwrap_err();
    assert!(failure.message.contains("cluster-info"), "{failure:?}");
    assert!(begun.elapsed() < Duration::from_secs(60));
}

/// Runs discovery. Checks that every failure says what to do.
pub fn find(join: &JoinConfiguration, api: &dyn Cluster) -> Result<FoundCluster, String> {
    let net = DescribedNode::new(Arc::new(NodeFacts::default()), Box::new(|_, _| Ok(false)));
    discover(join, api, &net, true, None).map_err(|failure| {
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
