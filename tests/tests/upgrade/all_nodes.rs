//! Every machine of a cluster is upgraded.
use crate::{
    COMPONENTS, Cluster, NEW, OLD, backups, change, expect_mirrors, image, manifest, proxy_image,
};
use harness::static_pods_and_waits;
use std::fs;

#[test]
fn the_first_machine_then_the_second_and_the_worker_get_the_new_version() {
    let cluster = Cluster::of_three();
    upgrade_the_first(&cluster);
    upgrade_the_second(&cluster);
    upgrade_the_worker(&cluster);
}

fn upgrade_the_first(cluster: &Cluster) {
    let first = cluster.root();
    let second = cluster.machine("control-plane-2");
    let old = manifest(&first, "kube-apiserver");
    let output = cluster.apply("").expect_success();
    for line in [
        "[upgrade/preflight] You have chosen to upgrade the cluster version to \"v1.36.2\"",
        "[upgrade/control-plane] Upgrading your static Pod-hosted control plane to version \
         \"v1.36.2\" (timeout: 5m0s)...",
        "[upgrade/staticpods] Preparing for \"etcd\" upgrade",
        "[upgrade/staticpods] Renewing apiserver certificate",
        "[upgrade/staticpods] Preparing for \"kube-scheduler\" upgrade",
        "[upgrade/control-plane] The control plane instance for this node was successfully \
         upgraded!",
        "[upgrade/kubelet-config] The kubelet configuration for this node was successfully \
         upgraded!",
        "[upgrade/addon] Skipping upgrade of addons because control plane instances \
         [control-plane-2] have not been upgraded",
        "[upgrade] SUCCESS! A control plane node of your cluster was upgraded to \"v1.36.2\".",
    ] {
        assert!(output.contains(line), "{line}\n{output}");
    }
    let etcd = output.find("Preparing for \"etcd\"").unwrap();
    let api = output.find("Preparing for \"kube-apiserver\"").unwrap();
    assert!(etcd < api, "{output}");
    for component in &COMPONENTS[1..] {
        assert!(image(&first, component).ends_with(NEW), "{component}");
        assert!(image(&second, component).ends_with(OLD), "{component}");
    }
    expect_mirrors(cluster, &first, "control-plane-1", "the first");
    expect_mirrors(cluster, &second, "control-plane-2", "the second");
    let configuration = cluster.document("kubeadm-config", "ClusterConfiguration");
    assert_eq!(configuration["kubernetesVersion"], NEW);
    // kube-proxy is not newer than the oldest API server.
    assert!(proxy_image(cluster).ends_with(OLD));
    let kept = backups(&first, "kubeadm-backup-manifests-");
    assert_eq!(kept.len(), 1);
    let text = fs::read_to_string(kept[0].join("kube-apiserver.yaml")).unwrap();
    assert_eq!(
        serde_yaml::from_str::<serde_json::Value>(&text).unwrap(),
        old
    );
    assert_eq!(backups(&first, "kubeadm-kubelet-config-").len(), 1);
}

fn upgrade_the_second(cluster: &Cluster) {
    let second = cluster.machine("control-plane-2");
    let output = cluster
        .upgrade(&second, "node --ignore-preflight-errors=all")
        .expect_success();
    let line = "[upgrade/control-plane] Upgrading your Static Pod-hosted control plane instance \
                to version \"v1.36.2\"...";
    assert!(output.contains(line), "{output}");
    expect_mirrors(cluster, &second, "control-plane-2", "the second");
    for component in &COMPONENTS[1..] {
        assert!(image(&second, component).ends_with(NEW), "{component}");
    }
    assert!(
        proxy_image(cluster).ends_with(NEW),
        "the last API server is upgraded"
    );
    assert_eq!(
        cluster.state().members.len(),
        2,
        "both members of etcd are still there"
    );
}

fn upgrade_the_worker(cluster: &Cluster) {
    let worker = cluster.machine("worker-1");
    let output = cluster.upgrade(&worker, "node").expect_success();
    for line in [
        "[upgrade/preflight] Skipping prepull. Not a control plane node.",
        "[upgrade/control-plane] Skipping phase. Not a control plane node.",
        "[upgrade/kubeconfig] Skipping phase. Not a control plane node.",
        "[upgrade/addon] Skipping the addon/coredns phase. Not a control plane node.",
    ] {
        assert!(output.contains(line), "{line}\n{output}");
    }
    assert_eq!(backups(&worker, "kubeadm-kubelet-config-").len(), 1);
}

/// The kubelet takes a while until it starts a new Pod, and until it reports that it is ready. So
/// no round waits for more than the next one needs.
#[test]
fn components_are_replaced_in_rounds_and_all_are_ready_at_the_end() {
    let cluster = Cluster::of_one();
    cluster.apply("").expect_success();
    let done = static_pods_and_waits(&cluster.root(), "control-plane");
    let wait = |component| format!("the new static Pod of {component} on control-plane-1");
    let [etcd, api_server, manager, scheduler] = COMPONENTS;
    assert_eq!(
        done,
        [
            "a healthy etcd".to_owned(),
            "the kubelet of control-plane-1 to take over its static Pods".to_owned(),
            etcd.to_owned(),
            api_server.to_owned(),
            wait(etcd),
            wait(api_server),
            "a healthy etcd".to_owned(),
            manager.to_owned(),
            scheduler.to_owned(),
            // etcd has answered, and the others have one time limit.
            [manager, scheduler, api_server].map(wait).join(", "),
        ]
    );
}

/// What a second run finds is as it should be: no Pod is replaced, and nothing is backed up.
#[test]
fn a_second_upgrade_replaces_nothing() {
    let cluster = Cluster::of_one();
    cluster.apply("").expect_success();
    let pods = |cluster: &Cluster| -> Vec<String> {
        let state = cluster.state();
        let pods = state.objects("/pods");
        pods.values()
            .map(|pod| pod["metadata"]["uid"].to_string())
            .collect()
    };
    let before = pods(&cluster);
    let output = cluster.apply("").expect_success();
    for component in COMPONENTS {
        let line = format!("Current and new manifests of {component} are equal, skipping upgrade");
        assert!(output.contains(&line), "{output}");
    }
    assert_eq!(pods(&cluster), before);
    assert_eq!(
        backups(&cluster.root(), "kubeadm-backup-manifests-").len(),
        1
    );
}

#[test]
fn certificates_are_renewed_unless_the_operator_wants_none() {
    for (flag, is_renewed) in [("", true), ("--certificate-renewal=false", false)] {
        let cluster = Cluster::of_one();
        let read = |name: &str| fs::read(cluster.root().join("etc/kubernetes").join(name)).unwrap();
        let names = [
            "pki/apiserver.crt",
            "pki/etcd/server.crt",
            "pki/front-proxy-client.crt",
            "pki/apiserver-etcd-client.crt",
            "admin.conf",
            "scheduler.conf",
        ];
        let before = names.map(read);
        let authority = read("pki/ca.crt");
        cluster.apply(flag).expect_success();
        for (name, before) in names.into_iter().zip(before) {
            assert_eq!(read(name) != before, is_renewed, "{name} {flag}");
        }
        assert_eq!(read("pki/ca.crt"), authority);
    }
}

#[test]
fn an_etcd_that_is_not_to_be_upgraded_stays() {
    let cluster = Cluster::of_one();
    let etcd = manifest(&cluster.root(), "etcd");
    let output = cluster.apply("--etcd-upgrade=false").expect_success();
    assert!(!output.contains("\"etcd\" upgrade"), "{output}");
    assert_eq!(manifest(&cluster.root(), "etcd"), etcd);
    assert!(image(&cluster.root(), "kube-apiserver").ends_with(NEW));
}

/// The binding with which the API server reaches kubelets came with a patch release.
#[test]
fn rights_that_the_release_needs_are_there_after_an_upgrade() {
    let cluster = Cluster::of_one();
    cluster.apply("").expect_success();
    let bindings = cluster
        .state()
        .names("rbac.authorization.k8s.io/clusterrolebindings");
    for name in ["kubeadm:apiserver-kubelet-client", "kubeadm:get-nodes"] {
        assert!(
            bindings.iter().any(|binding| binding == name),
            "{bindings:?}"
        );
    }
}

/// A `cluster-info` by which no node could join is made again; a good one stays as it is.
#[test]
fn the_public_facts_of_the_cluster_are_repaired() {
    let line = "The ConfigMap \"cluster-info\" was missing or of no use, and is made again";
    let cluster = Cluster::of_one();
    let data =
        |cluster: &Cluster| cluster.state().objects("/configmaps")["cluster-info"]["data"].clone();
    let before = data(&cluster)["kubeconfig"].clone();
    change(&cluster, "/configmaps", "cluster-info", |map| {
        map["data"]["kubeconfig"] = "clusters: []".into();
    });
    let output = cluster.apply("").expect_success();
    assert!(output.contains(line), "{output}");
    assert_eq!(data(&cluster)["kubeconfig"], before);
    let output = cluster.apply("").expect_success();
    assert!(!output.contains(line), "{output}");
}

#[test]
fn patches_are_applied_to_the_new_manifests() {
    let cluster = Cluster::of_one();
    let patches = cluster.path("patches");
    fs::create_dir(&patches).unwrap();
    fs::write(
        patches.join("kube-scheduler.yaml"),
        "metadata: {annotations: {example.com/patched: 'yes'}}\n",
    )
    .unwrap();
    let flag = format!("--patches {}", patches.display());
    cluster.apply(&flag).expect_success();
    let scheduler = manifest(&cluster.root(), "kube-scheduler");
    assert_eq!(
        scheduler["metadata"]["annotations"]["example.com/patched"],
        "yes"
    );
}
