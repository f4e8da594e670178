//! The answer of a server that a joining node does not trust yet. If the first byte is even, the
//! rest is the data of the ConfigMap `cluster-info` as JSON. If it is odd, the rest is the
//! kubeconfig in it, with a valid signature, so that the code behind the signature is reached.
#![no_main]
use kubephase::{
    config::{JoinConfiguration, TokenDiscovery},
    discovery::discover,
    pki::jws,
    secret::Secret,
    world::{
        Cluster, WorldResult,
        node::{described::DescribedNode, facts::NodeFacts},
        revision::Revision,
    },
};
use kubephase_wit::{Failure, FailureCode, ObjectRef};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use std::sync::Arc;

const TOKEN: &str = "abcdef.0123456789abcdef";

/// A server that answers every request with one ConfigMap.
#[derive(Clone)]
struct Untrusted(Value);

fn refuse<T>() -> WorldResult<T> {
    Err(Failure::new(FailureCode::Denied, "discovery only looks"))
}

impl Cluster for Untrusted {
    fn get(&self, _: &ObjectRef) -> WorldResult<Option<Value>> {
        Ok(Some(json!({"data": self.0})))
    }
    fn as_holder_of(&self, _: &Secret<String>) -> WorldResult<Box<dyn Cluster>> {
        Ok(Box::new(self.clone()))
    }
    fn list(&self, _: &str, _: &str, _: Option<&str>, _: Option<&str>) -> WorldResult<Vec<Value>> {
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

fn joining() -> JoinConfiguration {
    let mut join = JoinConfiguration::default();
    join.discovery.bootstrap_token = Some(TokenDiscovery {
        token: TOKEN.into(),
        api_server_endpoint: "192.0.2.1:6443".into(),
        ca_cert_hashes: Vec::new(),
        unsafe_skip_ca_verification: true,
    });
    join
}

thread_local!(static STATE: (JoinConfiguration, DescribedNode) =
    (joining(), DescribedNode::new(Arc::new(NodeFacts::default()), Box::new(|_, _| Ok(false)))));

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, rest)) = bytes.split_first() else {
        return;
    };
    let data = if choice % 2 == 0 {
        let Ok(data) = serde_json::from_slice(rest) else {
            return;
        };
        data
    } else {
        let Ok(kubeconfig) = std::str::from_utf8(rest) else {
            return;
        };
        json!({
            "kubeconfig": kubeconfig,
            "jws-kubeconfig-abcdef": jws::sign(kubeconfig, &TOKEN.into()),
        })
    };
    // The time limit of discovery is 0 here, so there is no pause between requests.
    STATE.with(|(join, net)| {
        let _ = discover(join, &Untrusted(data), net, false, None);
    });
});
