//! Changes that reach the static Pods and certificates of a control plane.
use crate::{Cluster, changed, expect_settled, manifests};
use std::{fs, process::Command};

/// Returns the certificate of the API server as text.
fn served_certificate(cluster: &Cluster) -> String {
    let path = cluster.root().join("etc/kubernetes/pki/apiserver.crt");
    let output = Command::new("openssl")
        .args(["x509", "-noout", "-text", "-in"])
        .arg(path)
        .output();
    String::from_utf8_lossy(&output.unwrap().stdout).into_owned()
}

#[test]
fn a_further_name_is_in_the_certificate_and_nothing_restarts() {
    let cluster = Cluster::of_one();
    let before = manifests(&cluster.root());
    cluster.write(&[(
        "certSANs: [api.example.com,",
        "certSANs: [api.example.com, extra.example.com,",
    )]);
    let output = cluster.apply("").expect_success();
    assert!(
        output.contains("ClusterConfiguration apiServer.certSANs: \"extra.example.com\" is added"),
        "{output}"
    );
    let text = served_certificate(&cluster);
    for name in [
        "DNS:extra.example.com",
        "DNS:control-plane-1",
        "IP Address:203.0.113.80",
    ] {
        assert!(text.contains(name), "{text}");
    }
    assert_eq!(changed(&before, &manifests(&cluster.root())), [""; 0]);
    let stored = cluster.document("kubeadm-config", "ClusterConfiguration");
    assert!(
        stored["apiServer"]["certSANs"]
            .to_string()
            .contains("extra.example.com"),
        "{stored}"
    );
    expect_settled(&cluster, &output);
    cluster.write(&[]);
    cluster.apply("").expect_success();
    assert!(!served_certificate(&cluster).contains("extra.example.com"));
}

#[test]
fn arguments_restart_only_their_component() {
    let arguments = "\n  extraArgs:\n  - name: v\n    value: \"4\"\n";
    for (component, field) in [
        ("kube-apiserver", None),
        ("kube-controller-manager", Some("controllerManager:")),
        ("kube-scheduler", Some("scheduler:")),
        ("etcd", Some("etcd:\n  local:")),
    ] {
        let cluster = Cluster::of_one();
        let before = manifests(&cluster.root());
        let text = match field {
            None => "  extraArgs:\n  - name: v\n    value: \"4\"\n".to_owned(),
            Some(field) if component == "etcd" => {
                format!(
                    "{field}{}apiServer:\n  extraArgs:\n",
                    arguments.replace("\n  ", "\n    ")
                )
            }
            Some(field) => format!("{field}{arguments}apiServer:\n  extraArgs:\n"),
        };
        if field.is_some() {
            cluster.write(&[(
                "apiServer:\n",
                &text.replace("apiServer:\n  extraArgs:\n", "apiServer:\n"),
            )]);
        } else {
            cluster.write(&[("  extraArgs:\n  - name: audit", &(text + "  - name: audit"))]);
        }
        let output = cluster.apply("").expect_success();
        let after = manifests(&cluster.root());
        assert_eq!(
            changed(&before, &after),
            [format!("{component}.yaml")],
            "{output}"
        );
        assert!(
            after[&format!("{component}.yaml")].contains("--v=4"),
            "{output}"
        );
        expect_settled(&cluster, component);
    }
}

#[test]
fn other_machines_follow_the_cluster() {
    let cluster = Cluster::of_three();
    let second = cluster.machine("control-plane-2");
    // The rehearsed machines have other folders of authorities than this one.
    cluster.follow(&second).expect_success();
    let before = manifests(&second);
    cluster.write(&[
        (
            "certSANs: [api.example.com,",
            "certSANs: [api.example.com, extra.example.com,",
        ),
        ("maxPods: 200", "maxPods: 150"),
        (
            "value: /var/log/kubernetes/audit.log\n",
            "value: /var/log/kubernetes/audit.log\n  - name: v\n    value: \"4\"\n",
        ),
    ]);
    let output = cluster.apply("").expect_success();
    assert!(
        output.contains("run `kubephase apply` on each other machine"),
        "{output}"
    );
    assert_eq!(cluster.run(&second, "diff").status, 1);
    cluster.follow(&second).expect_success();
    assert_eq!(
        changed(&before, &manifests(&second)),
        ["kube-apiserver.yaml"]
    );
    let worker = cluster.machine("worker-1");
    cluster.follow(&worker).expect_success();
    for tree in [cluster.root(), second.clone(), worker.clone()] {
        let path = tree.join("var/lib/kubelet/config.yaml");
        let text = fs::read_to_string(path).unwrap();
        assert!(text.contains("maxPods: 150"), "{text}");
    }
    for tree in [second, worker] {
        let output = cluster.run(&tree, "diff");
        assert_eq!(output.status, 0, "{}{}", output.stdout, output.stderr);
    }
}
