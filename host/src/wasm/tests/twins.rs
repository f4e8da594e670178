//! Runs the same source natively and as a component, with equal sessions: the proposals are equal,
//! and they are what kubeadm applies.
use super::{engine, world};
use crate::{
    cancel::Cancel,
    config::plugin_limits::Limits,
    effect::{IfExists, Object, proposal::Proposal},
    run::{access::Access, session::Session},
    wasm::{embedded, plugin::Plugin},
};
use kubephase_coredns::CoreDns;
use kubephase_kube_proxy::KubeProxy;
use kubephase_sdk::{Native, Phase};
use kubephase_wit::{Error, Failure, FailureCode, Outcome, phase::Host};
use serde_json::{Value, json};
use std::sync::LazyLock;

/// The result of a call, its proposals and its messages.
type CallRecord = (Result<Outcome, Failure>, Vec<Proposal>, Vec<String>);

fn call(session: &Session, messages: &world::Messages, phase: &mut dyn Host) -> CallRecord {
    session.begin(0);
    let result = match phase.run() {
        Ok(outcome) => Ok(outcome),
        Err(Error::Failure(failure)) => Err(failure),
        Err(Error::Stop(stop)) => panic!("{stop}"),
    };
    (result, session.take_proposals(), messages.lock().clone())
}

/// Runs a phase natively and as a component. Checks that the records of both calls are equal, and
/// returns the record.
fn run_both<P: Phase + 'static>(name: &str, config: &Value, objects: &[Value]) -> CallRecord {
    // The plugins are compiled once for all tests.
    static PLUGINS: LazyLock<Vec<Plugin>> = LazyLock::new(|| {
        embedded::defaults()
            .map(|default| engine().load(default.bytes).unwrap())
            .collect()
    });
    let plugin = PLUGINS
        .iter()
        .find(|plugin| plugin.manifest().name == name)
        .unwrap();
    let root = tempfile::tempdir().unwrap();
    let session = |access| world::session(config.clone(), objects.to_vec(), root.path(), access);
    let (session_of_native, messages) = session(Access::BuiltIn);
    let native = call(
        &session_of_native,
        &messages,
        &mut Native::new(session_of_native.clone(), P::run),
    );
    let (session_of_guest, messages) = session(Access::Granted(plugin.grant()));
    let guest = call(
        &session_of_guest,
        &messages,
        &mut plugin
            .phase(
                session_of_guest.clone(),
                Limits::default(),
                &Cancel::never(),
            )
            .unwrap(),
    );
    assert_eq!(native, guest);
    for proposal in &guest.1 {
        plugin.grant().allows_effect(&proposal.effect).unwrap();
    }
    guest
}

fn config() -> Value {
    json!({
        "cluster": {"networking": {"dnsDomain": "cluster.local"}},
        "kubeProxy": {
            "document": {"kind": "KubeProxyConfiguration", "mode": ""},
            "userSupplied": false,
        },
        "run": {
            "images": {
                "coredns": "registry.k8s.io/coredns/coredns:v1.14.2",
                "kube-proxy": "registry.k8s.io/kube-proxy:v1.36.2",
            },
            "dnsServiceAddress": "10.96.0.10",
            "controlPlaneUrl": "https://192.0.2.2:6443",
            "proxyEnvironment": [
                {"name": "no_proxy", "value": "b"},
                {"name": "HTTPS_PROXY", "value": "a"},
            ],
        },
    })
}

fn strategies(proposals: &[Proposal]) -> Vec<(String, IfExists)> {
    let strategies = proposals.iter().map(|Proposal { effect, .. }| {
        let object: &Object = effect.as_kind().expect("an object");
        (effect.summary().1, object.if_exists)
    });
    strategies.collect()
}

fn manifests(proposals: &[Proposal]) -> Vec<Value> {
    proposals
        .iter()
        .filter_map(|proposal| proposal.effect.as_kind())
        .map(|object: &Object| object.manifest.clone())
        .collect()
}

#[test]
fn coredns_in_an_empty_cluster() {
    let (outcome, proposals, _) = run_both::<CoreDns>("coredns", &config(), &[]);
    assert_eq!(outcome.unwrap(), Outcome::Settled);
    let names: Vec<_> = strategies(&proposals)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let kubeadm = [
        "configmaps kube-system/coredns",
        "clusterroles system:coredns",
        "clusterrolebindings system:coredns",
        "serviceaccounts kube-system/coredns",
        "deployments kube-system/coredns",
        "services kube-system/kube-dns",
    ];
    assert_eq!(names, kubeadm);
    let announced: Vec<_> = proposals
        .iter()
        .map(|proposal| proposal.announce.as_deref())
        .collect();
    assert_eq!(
        announced,
        [
            None,
            None,
            None,
            None,
            None,
            Some("[addons] Applied essential addon: CoreDNS")
        ]
    );
}

fn deployment(name: &str) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": name,
            "namespace": "kube-system",
            "labels": {"k8s-app": "kube-dns"},
        },
        "spec": {"replicas": 5},
    })
}

fn config_map(data: Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "coredns", "namespace": "kube-system"},
        "data": data,
    })
}

#[test]
fn coredns_keeps_what_somebody_chose() {
    let (_, proposals, _) = run_both::<CoreDns>(
        "coredns",
        &config(),
        &[
            deployment("coredns"),
            config_map(json!({"Corefile": "mine"})),
        ],
    );
    let kept = strategies(&proposals);
    assert_eq!(
        kept[0],
        ("configmaps kube-system/coredns".into(), IfExists::Retain)
    );
    assert!(
        kept[1..]
            .iter()
            .all(|(_, strategy)| *strategy == IfExists::Update)
    );
    assert_eq!(manifests(&proposals)[4]["spec"]["replicas"], 5);

    let empty = run_both::<CoreDns>("coredns", &config(), &[config_map(json!({"Corefile": ""}))]);
    assert_eq!(strategies(&empty.1)[0].1, IfExists::Update);
    let (failed, proposals, _) =
        run_both::<CoreDns>("coredns", &config(), &[config_map(json!({}))]);
    assert!(failed.unwrap_err().message.contains("has no Corefile") && proposals.is_empty());
    let (failed, ..) = run_both::<CoreDns>(
        "coredns",
        &config(),
        &[deployment("coredns"), deployment("other")],
    );
    assert!(
        failed
            .unwrap_err()
            .message
            .starts_with("multiple DNS addon deployments found")
    );
    let (failed, ..) = run_both::<CoreDns>("coredns", &json!({}), &[]);
    assert_eq!(failed.unwrap_err().code, FailureCode::NotFound);
}

#[test]
fn kube_proxy_gets_the_proxies_of_the_environment_in_order() {
    let (outcome, proposals, _) = run_both::<KubeProxy>("kube-proxy", &config(), &[]);
    assert_eq!(outcome.unwrap(), Outcome::Settled);
    let names: Vec<_> = strategies(&proposals)
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    let kubeadm = [
        "configmaps kube-system/kube-proxy",
        "daemonsets kube-system/kube-proxy",
        "serviceaccounts kube-system/kube-proxy",
        "clusterrolebindings kubeadm:node-proxier",
        "roles kube-system/kube-proxy",
        "rolebindings kube-system/kube-proxy",
    ];
    assert_eq!(names, kubeadm);
    let daemon_set = &manifests(&proposals)[1];
    let environment: Vec<_> = daemon_set["spec"]["template"]["spec"]["containers"][0]["env"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v["name"].as_str().unwrap())
        .collect();
    assert_eq!(environment, ["NODE_NAME", "HTTPS_PROXY", "no_proxy"]);
    assert_eq!(
        proposals.last().unwrap().announce.as_deref(),
        Some("[addons] Applied essential addon: kube-proxy")
    );
}

/// Returns the recorded objects of a case that have one of these names, in order, without the empty
/// status that clients send.
fn recorded_objects(case: &std::path::Path, names: &[&str]) -> Vec<Value> {
    let text = std::fs::read_to_string(case.join("objects.yaml")).unwrap_or_default();
    let documents = text
        .split("\n---\n")
        .filter_map(|document| serde_yaml::from_str::<Value>(document).ok());
    let named = documents.filter(|object| {
        object["metadata"]["name"]
            .as_str()
            .is_some_and(|name| names.contains(&name))
    });
    named.map(prune).collect()
}

fn prune(mut object: Value) -> Value {
    object.as_object_mut().map(|fields| fields.remove("status"));
    for field in ["resources"] {
        if let Some(container) = object
            .pointer_mut("/spec/template/spec/containers/0")
            .and_then(Value::as_object_mut)
            && container.get(field) == Some(&json!({}))
        {
            container.remove(field);
        }
    }
    object
}

/// Returns the word that follows a text in a document.
fn word_after<'t>(document: &'t Value, text: &str) -> &'t str {
    let (_, rest) = document.as_str().unwrap().split_once(text).unwrap();
    rest.split_whitespace().next().unwrap()
}

fn container(object: &Value) -> &Value {
    &object["spec"]["template"]["spec"]["containers"][0]
}

/// Compares CoreDNS with the objects of a case. The configuration is taken from the recording; only
/// the objects that are made from it are compared. Returns whether the case has them.
fn compare_coredns(case: &std::path::Path) -> bool {
    let expected = recorded_objects(case, &["coredns", "system:coredns", "kube-dns"]);
    let [corefile, _, _, _, deployment, service] = expected.as_slice() else {
        return false;
    };
    let domain = word_after(&corefile["data"]["Corefile"], "kubernetes ");
    let config = json!({
        "cluster": {"networking": {"dnsDomain": domain}},
        "run": {
            "images": {"coredns": container(deployment)["image"]},
            "dnsServiceAddress": service["spec"]["clusterIP"],
        },
    });
    let (_, proposals, _) = run_both::<CoreDns>("coredns", &config, &[]);
    assert_eq!(manifests(&proposals), expected, "{}", case.display());
    true
}

/// Compares kube-proxy with the objects of a case, as `compare_coredns` does.
fn compare_kube_proxy(case: &std::path::Path) -> bool {
    let expected = recorded_objects(case, &["kube-proxy", "kubeadm:node-proxier"]);
    let [files, daemon_set, ..] = expected.as_slice() else {
        return false;
    };
    let server = word_after(&files["data"]["kubeconfig.conf"], "server: ");
    let document: Value =
        serde_yaml::from_str(files["data"]["config.conf"].as_str().unwrap()).unwrap();
    let config = json!({
        "kubeProxy": {
            "document": document,
            "userSupplied": files["metadata"].get("annotations").is_none(),
        },
        "run": {
            "images": {"kube-proxy": container(daemon_set)["image"]},
            "controlPlaneUrl": server,
            "proxyEnvironment": container(daemon_set)["env"].as_array().unwrap()[1..],
        },
    });
    let (_, proposals, _) = run_both::<KubeProxy>("kube-proxy", &config, &[]);
    assert_eq!(manifests(&proposals), expected, "{}", case.display());
    true
}

#[test]
fn the_objects_are_those_that_kubeadm_applied() {
    let Some(recordings) = crate::requirements::recorded_runs() else {
        return;
    };
    let cases = std::fs::read_dir(&recordings).unwrap();
    let (mut dns, mut proxies) = (0, 0);
    for case in cases
        .map(|case| case.unwrap().path())
        .filter(|case| !case.ends_with("patches-json") && !case.ends_with("patches-strategic"))
    {
        dns += usize::from(compare_coredns(&case));
        proxies += usize::from(compare_kube_proxy(&case));
    }
    assert!(
        dns > 0 && proxies > 0,
        "no recordings in {}",
        recordings.display()
    );
}
