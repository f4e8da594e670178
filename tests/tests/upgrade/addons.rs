//! Addons: what the operator chose stays.
use crate::{Cluster, OLD, change, proxy_image};
use serde_json::Value;

/// Returns a part of CoreDNS's Deployment.
fn coredns(cluster: &Cluster, pointer: &str) -> Value {
    let state = cluster.state();
    let deployment = state.objects("apps/deployments")["coredns"];
    deployment.pointer(pointer).cloned().unwrap_or_default()
}

const IMAGE: &str = "/spec/template/spec/containers/0/image";

#[test]
fn coredns_gets_its_new_version() {
    let cluster = Cluster::of_one();
    let old = coredns(&cluster, IMAGE);
    let output = cluster.apply("").expect_success();
    assert!(
        output.contains("[addons] Applied essential addon: CoreDNS"),
        "{output}"
    );
    assert_ne!(coredns(&cluster, IMAGE), old);
    assert_eq!(coredns(&cluster, "/spec/replicas"), 2);
}

/// Replicas, resources and a Corefile are the operator's choice.
#[test]
fn what_the_operator_changed_in_coredns_stays() {
    let cluster = Cluster::of_one();
    let own = ".:53 {\n    errors\n    forward . 192.0.2.53\n}\n";
    change(&cluster, "apps/deployments", "coredns", |deployment| {
        deployment["spec"]["replicas"] = 5.into();
        deployment["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"] =
            "500Mi".into();
    });
    change(&cluster, "/configmaps", "coredns", |map| {
        map["data"]["Corefile"] = own.into();
    });
    let output = cluster.apply("").expect_success();
    assert_eq!(coredns(&cluster, "/spec/replicas"), 5);
    let limits = "/spec/template/spec/containers/0/resources/limits/memory";
    assert_eq!(coredns(&cluster, limits), "500Mi");
    let line = "[addons] The resources of CoreDNS stay as they are in the cluster";
    assert!(output.contains(line), "{output}");
    let state = cluster.state();
    assert_eq!(
        state.objects("/configmaps")["coredns"]["data"]["Corefile"],
        own
    );
}

/// An option that the new version of CoreDNS does not know is removed; the rest stays.
#[test]
fn a_corefile_of_the_operator_is_migrated() {
    let cluster = Cluster::of_one();
    let own = ".:53 {\n    errors\n    kubernetes cluster.local {\n        upstream\n    }\n    \
               forward . 192.0.2.53\n}\n";
    change(&cluster, "apps/deployments", "coredns", |deployment| {
        deployment["spec"]["template"]["spec"]["containers"][0]["image"] =
            "registry.k8s.io/coredns:1.6.7".into();
    });
    change(&cluster, "/configmaps", "coredns", |map| {
        map["data"]["Corefile"] = own.into();
    });
    // Later versions do not know what an earlier one removed (kubeadm behaviour).
    let output = cluster
        .apply("--ignore-preflight-errors=CoreDNSUnsupportedPlugins")
        .expect_success();
    assert!(
        output.contains("[addons] Migrating CoreDNS Corefile"),
        "{output}"
    );
    let state = cluster.state();
    let data = &state.objects("/configmaps")["coredns"]["data"];
    assert_eq!(data["Corefile-backup"], own);
    let corefile = data["Corefile"].as_str().unwrap();
    assert!(!corefile.contains("upstream"), "{corefile}");
    assert!(corefile.contains("forward . 192.0.2.53"), "{corefile}");
}

/// The choice is part of the cluster's configuration.
#[test]
fn an_addon_that_was_left_out_stays_out() {
    let cluster = Cluster::of_one();
    change(&cluster, "/configmaps", "kubeadm-config", |map| {
        let text = map["data"]["ClusterConfiguration"].as_str().unwrap();
        let text = text.replace("proxy: {}", "proxy:\n  disabled: true");
        map["data"]["ClusterConfiguration"] = text.into();
    });
    let output = cluster.apply("").expect_success();
    let line = "[upgrade/addon] Skipping the addon/kube-proxy phase. The addon is disabled.";
    assert!(output.contains(line), "{output}");
    let image = proxy_image(&cluster);
    assert!(image.ends_with(OLD), "{image}");
    let configuration = cluster.document("kubeadm-config", "ClusterConfiguration");
    assert_eq!(configuration["proxy"]["disabled"], true);
}

#[test]
fn plugins_of_a_corefile_that_no_migration_knows_stop_the_upgrade() {
    let cluster = Cluster::of_one();
    change(&cluster, "/configmaps", "coredns", |map| {
        map["data"]["Corefile"] = ".:53 {\n    errors\n    ourplugin\n}\n".into();
    });
    let output = cluster.apply("");
    let text = output.printed();
    assert_ne!(output.status, 0, "{text}");
    let expected = "[ERROR CoreDNSUnsupportedPlugins]: CoreDNS cannot migrate the following";
    assert!(text.contains(expected), "{text}");
    let line = "--ignore-preflight-errors=CoreDNSUnsupportedPlugins,ControlPlaneNodesReady";
    cluster.apply(line).expect_success();
}

/// No migration leads from a version that kubeadm does not know.
#[test]
fn a_coredns_of_an_unknown_version_stops_the_upgrade() {
    let cluster = Cluster::of_one();
    change(&cluster, "apps/deployments", "coredns", |deployment| {
        deployment["spec"]["template"]["spec"]["containers"][0]["image"] =
            "registry.k8s.io/coredns:0.9.9".into();
    });
    let output = cluster.apply("");
    let text = output.printed();
    assert_ne!(output.status, 0, "{text}");
    let expected = "[ERROR CoreDNSMigration]: CoreDNS will not be upgraded: start version '0.9.9' \
                    not supported";
    assert!(text.contains(expected), "{text}");
    let ignored = "--ignore-preflight-errors=CoreDNSMigration,CoreDNSUnsupportedPlugins,\
                   ControlPlaneNodesReady";
    cluster.apply(ignored).expect_success();
}
