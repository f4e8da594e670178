//! The exchange on all nodes, from beginning to end.
use crate::{Cluster, serving::Machines};
use harness::trust::{authorities, certificate, kubeconfigs};
use kubephase::pki::Certificate;
use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, path::Path};

/// Certificates of a control plane that the cluster's authority signs.
const LEAVES: [&str; 2] = ["apiserver", "apiserver-kubelet-client"];

fn manifests(tree: &Path) -> BTreeMap<String, serde_json::Value> {
    [
        "kube-apiserver",
        "kube-controller-manager",
        "kube-scheduler",
    ]
    .map(|name| {
        let path = tree.join(format!("etc/kubernetes/manifests/{name}.yaml"));
        let text = fs::read_to_string(path).unwrap();
        (name.to_owned(), serde_yaml::from_str(&text).unwrap())
    })
    .into()
}

#[test]
fn after_all_stages_every_kubeconfig_works_and_nothing_trusts_the_old_authority() {
    let cluster = Cluster::copied();
    let old = authorities(&cluster.first())[0].clone();
    let manifests_before = [cluster.first(), cluster.second()].map(|tree| manifests(&tree));

    cluster.trust_both();
    // It trusts both authorities, and the old one signed its certificate.
    let old_admin = cluster.first().join("etc/kubernetes/old");
    fs::copy(
        cluster.first().join("etc/kubernetes/admin.conf"),
        &old_admin,
    )
    .unwrap();
    expect_both_trusted(&cluster, &old);
    expect_known_to_extensions(&cluster, &authorities(&cluster.first()));
    Machines::start(&cluster).expect_all_served();

    cluster.go_through("reissue");
    let new = authorities(&cluster.first())[0].clone();
    assert_ne!(new, old);
    expect_both_trusted(&cluster, &new);
    let machines = Machines::start(&cluster);
    machines.expect_all_served();
    let is_served = machines.serves("/etc/kubernetes/old");
    assert!(is_served, "the old authority is still trusted");
    drop(machines);

    cluster.go_through("drop");
    expect_only_trusted(&cluster, &new);
    for (tree, before) in [cluster.first(), cluster.second()]
        .iter()
        .zip(manifests_before)
    {
        for base in LEAVES {
            assert!(certificate(tree, base).chains_to(&new), "{base}");
        }
        assert_eq!(
            manifests(tree),
            before,
            "the manifests are the first ones again"
        );
        for name in ["ca-next.crt", "ca-next.key", "ca-old.key", "ca-signer.crt"] {
            assert!(
                !tree.join("etc/kubernetes/pki").join(name).exists(),
                "{name}"
            );
        }
    }
    let machines = Machines::start(&cluster);
    machines.expect_all_served();
    let is_served = machines.serves("/etc/kubernetes/old");
    assert!(!is_served, "the old authority is trusted by nobody");
    drop(machines);
    expect_objects_with(&cluster, &new.to_pem());
}

/// Checks that extension API servers trust these authorities of clients.
fn expect_known_to_extensions(cluster: &Cluster, authorities: &[Certificate]) {
    let state = cluster.state();
    let map = state.objects("/configmaps")["extension-apiserver-authentication"];
    let text = map["data"]["client-ca-file"].as_str().unwrap();
    for authority in authorities {
        assert!(text.contains(&authority.to_pem()), "{text}");
    }
}

/// Checks that all files trust two authorities, and that this one has signed everything.
fn expect_both_trusted(cluster: &Cluster, signer: &Certificate) {
    for tree in cluster.trees() {
        let trusted = authorities(&tree);
        assert_eq!(trusted.len(), 2, "{}", tree.display());
        for (name, (of_kubeconfig, client)) in kubeconfigs(&tree) {
            assert_eq!(of_kubeconfig.len(), 2, "{name}");
            assert!(
                trusted.iter().all(|one| of_kubeconfig.contains(one)),
                "{name}"
            );
            assert!(client.chains_to(signer), "{name}");
        }
    }
    for tree in [cluster.first(), cluster.second()] {
        assert_eq!(authorities(&tree)[0], *signer);
        expect_signer(&tree, signer);
    }
}

/// Checks that all files trust only this authority, which has signed everything.
fn expect_only_trusted(cluster: &Cluster, authority: &Certificate) {
    let only = std::slice::from_ref(authority);
    for tree in cluster.trees() {
        assert_eq!(authorities(&tree), only, "{}", tree.display());
        for (name, (trusted, client)) in kubeconfigs(&tree) {
            assert_eq!(trusted, only, "{name}");
            assert!(client.chains_to(authority), "{name}");
        }
    }
}

/// Checks the certificate that the controller manager signs with, and the modes of keys.
fn expect_signer(tree: &Path, authority: &Certificate) {
    assert_eq!(certificate(tree, "ca-signer"), *authority);
    let path = tree.join("etc/kubernetes/manifests/kube-controller-manager.yaml");
    let text = fs::read_to_string(path).unwrap();
    let flag = "--cluster-signing-cert-file=/etc/kubernetes/pki/ca-signer.crt";
    assert!(text.contains(flag), "{text}");
    for name in ["ca.key", "ca-next.key", "ca-old.key"] {
        if let Ok(meta) = fs::metadata(tree.join("etc/kubernetes/pki").join(name)) {
            assert_eq!(meta.permissions().mode() & 0o777, 0o600, "{name}");
        }
    }
}

/// Checks that the objects of the cluster name only this authority, and that its Pods were
/// restarted.
fn expect_objects_with(cluster: &Cluster, pem: &str) {
    let state = cluster.state();
    let maps = state.objects("/configmaps");
    assert_eq!(maps["kube-root-ca.crt"]["data"]["ca.crt"], pem);
    let of_clients = &maps["extension-apiserver-authentication"]["data"]["client-ca-file"];
    assert_eq!(*of_clients, pem);
    let info = maps["cluster-info"]["data"]["kubeconfig"].as_str().unwrap();
    let info: serde_json::Value = serde_yaml::from_str(info).unwrap();
    let encoded = info["clusters"][0]["cluster"]["certificate-authority-data"].as_str();
    let decoded = data_encoding::BASE64.decode(encoded.unwrap().as_bytes());
    assert_eq!(decoded.unwrap(), pem.as_bytes());
    let nodes = state.objects("/nodes");
    let annotations = |object: &serde_json::Value| object["metadata"]["annotations"].clone();
    for (name, node) in &nodes {
        let found = annotations(node);
        let signer = &found["kubephase.dev/signing-authority"];
        assert!(signer.is_string(), "{name}");
        assert_eq!(
            *signer, found["kubephase.dev/trusted-authorities"],
            "{name}"
        );
        let proxy = state.objects("apps/daemonsets")["kube-proxy"];
        let template = annotations(&proxy["spec"]["template"]);
        assert_eq!(template["kubephase.dev/trusted-authorities"], *signer);
    }
}

#[test]
fn a_machine_joins_with_a_new_token_after_the_exchange() {
    let cluster = Cluster::copied();
    cluster.trust_both();
    cluster.go_through("reissue");
    cluster.go_through("drop");
    cluster.grow("2", "2");
    let joined = cluster.machine("worker-2");
    assert_eq!(authorities(&joined), authorities(&cluster.first()));
    let nodes = cluster.state().names("/nodes");
    assert!(nodes.iter().any(|name| name == "worker-2"), "{nodes:?}");
}

#[test]
fn the_last_control_plane_waits_until_no_pod_is_old() {
    let cluster = Cluster::copied();
    let output = cluster.rotate(&cluster.first(), "").expect_success();
    assert!(!output.contains("All Pods of"), "{output}");
    let (_, rest) = output.split_once("--certificate-key ").expect(&output);
    let key = rest.split_whitespace().next().unwrap();
    let output = cluster
        .rotate(&cluster.second(), &format!("--certificate-key {key}"))
        .expect_success();
    for line in [
        "[rotate-ca] Restarting the Pods of kube-proxy, and waiting for them",
        "[rotate-ca] All Pods of kube-proxy are new after",
        "[rotate-ca] All Pods of coredns are new after",
        "[rotate-ca] The static Pod of kube-apiserver is ready after",
    ] {
        assert!(output.contains(line), "{line}: {output}");
    }
    assert!(!output.contains("[upgrade/staticpods]"), "{output}");
    assert!(
        output.contains("one after the other: worker-1."),
        "{output}"
    );
}

#[test]
fn a_serving_certificate_of_the_old_authority_is_exchanged_before_that_is_dropped() {
    let cluster = Cluster::copied();
    let worker = cluster.worker();
    let serving = worker.join("var/lib/kubelet/pki/kubelet-server-current.pem");
    // The certificate of the kubelet as a client is of the same authority.
    let client = worker.join("var/lib/kubelet/pki/kubelet-client-current.pem");
    let of_old = fs::read(client).unwrap();
    cluster.trust_both();
    fs::write(&serving, &of_old).unwrap();
    for tree in [cluster.first(), cluster.second()] {
        let text = cluster.rotate(&tree, "").expect_success();
        assert!(!text.contains("serving certificate. Until"), "{text}");
    }
    let text = cluster.rotate(&worker, "").expect_success();
    let words: Vec<&str> = text.split_whitespace().collect();
    assert!(
        words
            .join(" ")
            .contains("The kubelet asks the cluster for another serving certificate"),
        "{text}"
    );
    assert!(!serving.exists(), "{text}");
    // A kubelet that got it from a controller manager of the old authority.
    fs::write(&serving, &of_old).unwrap();
    for tree in [cluster.first(), cluster.second()] {
        cluster.rotate(&tree, "").expect_success();
    }
    let output = cluster.rotate(&worker, "");
    let text = output.printed();
    assert_ne!(output.status, 0, "{text}");
    assert!(text.contains("kubelet-server-current.pem"), "{text}");
    fs::remove_file(&serving).unwrap();
    cluster.rotate(&worker, "").expect_success();
}

#[test]
fn a_second_exchange_follows_the_first() {
    let cluster = Cluster::copied();
    for _ in 0..2 {
        let before = authorities(&cluster.first());
        let output = cluster
            .rotate(&cluster.first(), "--stage trust")
            .expect_success();
        let (_, rest) = output.split_once("--certificate-key ").expect(&output);
        let key = rest.split_whitespace().next().unwrap();
        let line = format!("--certificate-key {key}");
        cluster.rotate(&cluster.second(), &line).expect_success();
        cluster.rotate(&cluster.worker(), "").expect_success();
        cluster.go_through("reissue");
        cluster.go_through("drop");
        assert_ne!(authorities(&cluster.first()), before);
    }
    Machines::start(&cluster).expect_all_served();
}
