use super::{
    cluster_versions::ClusterVersions,
    corefile::{self, InstalledCoreDns},
    health,
    object::{ConfigVersion, RemovedObjects, UpgradePlan},
    removed_apis, tables,
};
use crate::{
    phase::upgrade::health::CONTROL_PLANE_LABEL,
    world::{World, fake::FakeWorld},
};
use kubephase_sdk::{
    kubeadm::ClusterConfiguration,
    release::{Release, upgrade::Candidate},
    testing::Case,
};
use serde_json::{Value, json};

fn pod(component: &str, image: &str, node: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": format!("{component}-{node}"), "namespace": "kube-system",
            "labels": {"component": component, "tier": "control-plane"},
        },
        "spec": {"nodeName": node, "containers": [{"name": component, "image": image}]},
    })
}

fn node(name: &str, kubelet: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": name},
        "status": {"nodeInfo": {"kubeletVersion": kubelet}},
    })
}

/// Returns what a function finds in a cluster with these objects.
fn within<T>(objects: Vec<Value>, find: impl Fn(&FakeWorld) -> T) -> T {
    let root = tempfile::tempdir().expect("a folder");
    let case = Case {
        objects,
        ..Case::default()
    };
    find(&FakeWorld::new(&case, root.path()).expect("a world"))
}

fn versions(objects: Vec<Value>) -> ClusterVersions {
    within(objects, |world| ClusterVersions::read(world.cluster())).expect("versions")
}

#[test]
fn versions_are_read_from_images() {
    let digest = format!("sha256:{}", "a1".repeat(32));
    for (image, version) in [
        ("registry.k8s.io/kube-apiserver:v1.35.6", "1.35.6"),
        (
            "registry.example:5000/x/kube-apiserver:v1.36.0-rc.1",
            "1.36.0-rc.1",
        ),
        ("kube-apiserver:v1.36.0_build.1", "1.36.0+build.1"),
        (&format!("a.b/kube-apiserver:v1.34.1@{digest}"), "1.34.1"),
    ] {
        let found = versions(vec![pod("kube-apiserver", image, "a")]);
        assert_eq!(found.cluster().expect(image).to_string(), version);
    }
    for (image, message) in [
        (
            "registry:5000/kube-apiserver",
            "couldn't parse kube-apiserver version  from nodes [a]",
        ),
        (
            "kube-apiserver:latest",
            "couldn't parse kube-apiserver version latest from nodes [a]",
        ),
    ] {
        let found = versions(vec![pod("kube-apiserver", image, "a")]);
        assert_eq!(found.cluster().expect_err(image).to_string(), message);
    }
    let why = versions(Vec::new()).cluster().expect_err("no API server");
    assert!(
        why.to_string()
            .starts_with("no Pod of kube-apiserver was found")
    );
}

#[test]
fn components_are_upgraded_node_by_node() {
    let found = versions(vec![
        pod("kube-apiserver", "a:v1.35.6", "m1"),
        pod("kube-apiserver", "a:v1.34.9", "m2"),
        pod("kube-scheduler", "s:v1.35.6", "m1"),
        pod("etcd", "e:3.6.6-0", "m1"),
        node("m1", "v1.35.6"),
        node("w1", "v1.36.2"),
    ]);
    let candidate = Candidate {
        description: "stable version".into(),
        version: "v1.36.2".into(),
        kubeadm: "v1.36.2".into(),
    };
    let images = &Release::newest().images;
    let upgrade = found.upgrade(&candidate, "v1.36.1", images, true);
    let rows: Vec<_> = upgrade
        .components
        .iter()
        .map(|one| {
            let versions = (one.current_version.as_str(), one.new_version.as_str());
            (one.name, one.node_name.as_str(), versions)
        })
        .collect();
    assert_eq!(
        rows,
        [
            ("kubelet", "m1", ("v1.35.6", "v1.36.2")),
            ("kubelet", "w1", ("v1.36.2", "v1.36.2")),
            ("kube-apiserver", "m2", ("v1.34.9", "v1.36.2")),
            ("kube-apiserver", "m1", ("v1.35.6", "v1.36.2")),
            ("kube-scheduler", "m1", ("v1.35.6", "v1.36.2")),
            ("kube-proxy", "", ("1.35.6", "v1.36.2")),
            ("CoreDNS", "", ("", images.coredns)),
            ("kubeadm", "", ("v1.36.1", "v1.36.2")),
            ("etcd", "m1", ("3.6.6-0", images.etcd)),
        ]
    );
    let plan = UpgradePlan {
        available_upgrades: vec![upgrade],
        ..UpgradePlan::default()
    };
    let text = tables::text(&plan).expect("a plan");
    let note = "Note: Before you can perform this upgrade, you have to update kubeadm to v1.36.2.";
    assert!(text.contains(note), "{text}");
    assert!(
        text.ends_with("No information available on component configs.\n"),
        "{text}"
    );
    // An etcd outside of the cluster, and kubelets that have the version.
    let upgrade = found.upgrade(&candidate, "v1.36.2", images, false);
    assert!(upgrade.components.iter().all(|one| one.name != "etcd"));
    let same = versions(vec![
        pod("kube-apiserver", "a:v1.35.6", "m1"),
        node("m1", "v1.36.2"),
    ]);
    let upgrade = same.upgrade(&candidate, "v1.36.2", images, true);
    assert!(upgrade.components.iter().all(|one| one.name != "kubelet"));
}

#[test]
fn a_configuration_that_is_not_there_has_a_dash() {
    let state = ConfigVersion {
        group: "kubeproxy.config.k8s.io",
        preferred_version: "v1alpha1",
        ..ConfigVersion::default()
    };
    let plan = UpgradePlan {
        config_versions: vec![state],
        ..UpgradePlan::default()
    };
    let text = tables::text(&plan).expect("a plan");
    let row = "kubeproxy.config.k8s.io   -                 v1alpha1            no\n";
    assert!(text.contains(row), "{text}");
}

fn written(kind: &str, managers: &[(&str, &str)]) -> Value {
    let fields: Vec<Value> = managers
        .iter()
        .map(|(manager, version)| json!({"manager": manager, "apiVersion": version}))
        .collect();
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1beta1", "kind": kind,
        "metadata": {"name": "a", "managedFields": fields},
    })
}

#[test]
fn objects_of_versions_that_go_away_are_counted() {
    const BETA: &str = "admissionregistration.k8s.io/v1beta1";
    const POLICY: &str = "ValidatingAdmissionPolicy";
    let objects = vec![
        written(
            POLICY,
            &[
                ("helm", BETA),
                ("kubectl", "admissionregistration.k8s.io/v1"),
            ],
        ),
        written(POLICY, &[("argo", BETA)]),
        // It is served in every version, but nothing writes it in this one.
        written(POLICY, &[("kubectl", "admissionregistration.k8s.io/v1")]),
        json!({"apiVersion": BETA, "kind": "ValidatingAdmissionPolicyBinding", "metadata": {}}),
    ];
    let count = |from: &str, to: &str| {
        within(objects.clone(), |world| {
            removed_apis::count(world.cluster(), from, to)
        })
    };
    let found = count("1.33.4", "v1.34.9");
    let expected = |kind, objects, owners: &[&str]| RemovedObjects {
        api_version: BETA,
        kind,
        instead: "admissionregistration.k8s.io/v1",
        objects,
        owners: owners.iter().map(|owner| (*owner).to_owned()).collect(),
    };
    assert_eq!(
        found,
        [
            expected(POLICY, 2, &["argo", "helm"]),
            expected("ValidatingAdmissionPolicyBinding", 1, &["unknown"]),
        ]
    );
    assert!(count("1.34.1", "v1.36.2").is_empty());
    let plan = UpgradePlan {
        removed_apis: found,
        ..UpgradePlan::default()
    };
    let text = tables::text(&plan).expect("a plan");
    assert!(
        text.contains("ValidatingAdmissionPolicy          2         argo,helm"),
        "{text}"
    );
}

#[test]
fn corefiles_are_checked() {
    let installed = |corefile: &str, version: &str| {
        let (corefile, version) = (corefile.to_owned(), version.to_owned());
        Ok(Some(InstalledCoreDns { corefile, version }))
    };
    for (found, unsupported, migration) in [
        (Ok(None), "", ""),
        (installed(". {\n errors\n}", "1.13.1"), "", ""),
        (installed(". {\n mine\n}", "1.14.2"), "", ""),
        (
            installed(". {\n mine\n}", "1.14.1"),
            "CoreDNS cannot migrate the following plugins:\n[Plugin \"mine\" is unsupported by \
             this migration tool in 1.14.2.]",
            "",
        ),
        (
            installed(". {\n errors\n}", "1.0.0"),
            "start version '1.0.0' not supported",
            "CoreDNS will not be upgraded: start version '1.0.0' not supported",
        ),
        (
            Err("no answer".to_owned()),
            "no answer",
            "CoreDNS will not be upgraded: no answer",
        ),
    ] {
        let found = corefile::checks(found, "v1.14.2");
        let problems = found.map(|check| check.problem.unwrap_or_default());
        assert_eq!(problems, [unsupported, migration]);
    }
}

#[test]
fn nodes_have_to_be_ready() {
    let with_status = |status: &str| {
        json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": status, "labels": {CONTROL_PLANE_LABEL: ""}},
            "status": {"conditions": [{"type": "Ready", "status": status}]},
        })
    };
    let check = |objects: Vec<Value>| {
        within(objects, |world| {
            health::control_planes_ready(world.cluster()).problem
        })
    };
    assert_eq!(check(vec![with_status("True"), node("new", "")]), None);
    assert_eq!(
        check(vec![
            with_status("True"),
            with_status("False"),
            with_status("Unknown")
        ])
        .as_deref(),
        Some("there are NotReady control-planes in the cluster: [False Unknown]")
    );
}

#[test]
fn a_job_is_not_tried_without_a_node_for_it() {
    let cordoned = json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": "a"},
        "spec": {"unschedulable": true},
    });
    let check = within(vec![cordoned], |world| {
        health::create_job(world, world.cluster(), &ClusterConfiguration::default())
    });
    assert_eq!(check.problem, None);
}
