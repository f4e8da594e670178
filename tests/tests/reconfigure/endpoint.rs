//! Another address of the control plane, and other settings of kube-proxy.
use crate::{Cluster, expect_settled, manifests};
use serde_json::Value;
use std::{fs, path::Path};

const NEW: &str = "https://new.example.com:6443";

/// Returns the servers in a kubeconfig of a machine.
fn server(tree: &Path, name: &str) -> String {
    let text = fs::read_to_string(tree.join(format!("etc/kubernetes/{name}.conf"))).unwrap();
    let kubeconfig: Value = serde_yaml::from_str(&text).unwrap();
    let server = kubeconfig["clusters"][0]["cluster"]["server"].as_str();
    server.unwrap().to_owned()
}

/// Returns the time at which the Pods of kube-proxy were restarted; null if they never were.
fn restarted(cluster: &Cluster) -> Value {
    let state = cluster.state();
    let proxy = state.objects("apps/daemonsets")["kube-proxy"];
    assert_eq!(
        proxy["metadata"]["annotations"]["kubephase.dev/restart-due"],
        Value::Null
    );
    let template = &proxy["spec"]["template"]["metadata"];
    template["annotations"]["kubectl.kubernetes.io/restartedAt"].clone()
}

/// The name of the new endpoint among those of the certificates.
const NAMED: (&str, &str) = ("certSANs: [", "certSANs: [new.example.com, ");
const MOVED: (&str, &str) = (
    "controlPlaneEndpoint: api.example.com:6443",
    "controlPlaneEndpoint: new.example.com:6443",
);

#[test]
fn an_endpoint_that_is_not_in_the_certificate_is_refused_before_anything_changes() {
    let cluster = Cluster::of_one();
    let before = (
        manifests(&cluster.root()),
        fs::read(cluster.root().join("etc/kubernetes/pki/apiserver.crt")).unwrap(),
        server(&cluster.root(), "admin"),
    );
    cluster.write(&[MOVED]);
    let output = cluster.apply("");
    let text = output.printed();
    assert_ne!(output.status, 0, "{text}");
    let words: Vec<&str> = text.split_whitespace().collect();
    let words = words.join(" ");
    for part in [
        "an API server of this cluster at https://new.example.com:6443",
        "add it to apiServer.certSANs",
    ] {
        assert!(words.contains(part), "{part}: {text}");
    }
    let after = (
        manifests(&cluster.root()),
        fs::read(cluster.root().join("etc/kubernetes/pki/apiserver.crt")).unwrap(),
        server(&cluster.root(), "admin"),
    );
    assert_eq!(before, after);
    // The difference is printed nevertheless.
    let output = cluster.diff("");
    assert_eq!(output.status, 1, "{}", output.printed());
}

#[test]
fn another_endpoint_reaches_every_place_that_names_it() {
    let cluster = Cluster::of_three();
    let own = server(&cluster.root(), "kubelet");
    cluster.write(&[NAMED]);
    cluster.apply("").expect_success();
    cluster
        .follow(&cluster.machine("control-plane-2"))
        .expect_success();
    cluster.write(&[NAMED, MOVED]);
    let text = cluster.apply("").expect_success();
    for name in ["admin", "super-admin"] {
        assert_eq!(server(&cluster.root(), name), NEW, "{text}");
    }
    assert_eq!(server(&cluster.root(), "kubelet"), own, "{text}");
    let state = cluster.state();
    let maps = state.objects("/configmaps");
    for (map, key) in [
        ("cluster-info", "kubeconfig"),
        ("kube-proxy", "kubeconfig.conf"),
    ] {
        let found = maps[map]["data"][key].as_str().unwrap();
        assert!(found.contains(NEW), "{map}: {found}");
    }
    assert_ne!(restarted(&cluster), Value::Null, "{text}");
    let second = cluster.machine("control-plane-2");
    cluster.follow(&second).expect_success();
    assert_eq!(server(&second, "admin"), NEW);
    let worker = cluster.machine("worker-1");
    cluster.follow(&worker).expect_success();
    assert_eq!(server(&worker, "kubelet"), NEW);
    let before = restarted(&cluster);
    expect_settled(&cluster, &text);
    assert_eq!(before, restarted(&cluster));
}

#[test]
fn the_pods_of_kube_proxy_restart_only_with_another_configuration() {
    let cluster = Cluster::of_one();
    let proxy = "---\napiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: \
                 KubeProxyConfiguration\nmode: nftables\n---\napiVersion: kubelet";
    let kubelet = "---\napiVersion: kubelet";
    cluster.write(&[("maxPods: 200", "maxPods: 150")]);
    cluster.apply("").expect_success();
    assert_eq!(restarted(&cluster), Value::Null);
    cluster.write(&[(kubelet, proxy), ("maxPods: 200", "maxPods: 150")]);
    let text = cluster.apply("").expect_success();
    assert_ne!(restarted(&cluster), Value::Null, "{text}");
    assert_eq!(
        cluster.document("kube-proxy", "config.conf")["mode"],
        "nftables"
    );
    expect_settled(&cluster, &text);
}
