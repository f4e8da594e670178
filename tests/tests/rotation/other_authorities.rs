//! The exchange of the authorities that only control planes have: that of the front proxy, and that
//! of etcd.
use crate::{Cluster, serving::Machines};
use harness::trust::{ETCD_CERTIFICATES, authorities_of, certificate};
use std::{collections::BTreeMap, fs, path::Path};

/// An authority, and the certificates that it signs, below the certificates directory.
struct Authority {
    name: &'static str,
    base: &'static str,
    leaves: &'static [&'static str],
    /// the static Pods that are restarted in each stage
    components: &'static [&'static str],
}

const FRONT_PROXY: Authority = Authority {
    name: "front-proxy-ca",
    base: "front-proxy-ca",
    leaves: &["front-proxy-client"],
    components: &["kube-apiserver", "kube-controller-manager"],
};

const ETCD: Authority = Authority {
    name: "etcd-ca",
    base: "etcd/ca",
    leaves: &ETCD_CERTIFICATES,
    components: &["etcd", "kube-apiserver"],
};

/// Checks what has to hold after every single run: each member of the control plane trusts the
/// certificates of each.
fn expect_trust_between_all(cluster: &Cluster, authority: &Authority, case: &str) {
    let members = [cluster.first(), cluster.second()];
    for one in &members {
        for leaf in authority.leaves {
            let certificate = certificate(one, leaf);
            for other in &members {
                let trusted = authorities_of(other, authority.base);
                assert!(
                    trusted.iter().any(|ca| certificate.chains_to(ca)),
                    "{case}: {leaf} of {} is not trusted by {}",
                    one.display(),
                    other.display()
                );
            }
        }
    }
}

/// Completes a stage on both members of the control plane, with checks after each run.
fn go_through(cluster: &Cluster, authority: &Authority, stage: &str) {
    let mut line = authority.name.to_owned();
    for (place, tree) in [cluster.first(), cluster.second()].iter().enumerate() {
        let text = cluster.rotate(tree, &line).expect_success();
        let opening = format!("Stage {stage:?} of the exchange of {}", authority.name);
        assert!(text.contains(&opening), "{text}");
        for component in authority.components {
            let is_up = match *component {
                "etcd" => "[rotate-ca] The new static Pod of etcd answers".to_owned(),
                _ => format!("[rotate-ca] The static Pod of {component} is ready"),
            };
            assert!(text.contains(&is_up), "{text}");
        }
        assert!(!text.contains("[upgrade/staticpods]"), "{text}");
        expect_trust_between_all(cluster, authority, &text);
        let next = if place == 0 {
            "on these nodes, one after the other"
        } else {
            "All nodes are through"
        };
        assert!(text.contains(next), "{text}");
        assert!(!text.contains("worker-1"), "{text}");
        if place == 0 && stage == "trust" {
            let (_, rest) = text.split_once("--certificate-key ").expect(&text);
            let key = rest.split_whitespace().next().unwrap();
            line = format!("{} --certificate-key {key}", authority.name);
        }
    }
}

fn manifests(tree: &Path) -> BTreeMap<String, serde_json::Value> {
    let entries = fs::read_dir(tree.join("etc/kubernetes/manifests")).unwrap();
    let read = |entry: fs::DirEntry| {
        let text = fs::read_to_string(entry.path()).unwrap();
        let manifest = serde_yaml::from_str(&text).unwrap();
        (entry.file_name().to_string_lossy().into_owned(), manifest)
    };
    entries.map(|entry| read(entry.unwrap())).collect()
}

fn exchange(authority: &Authority) -> Cluster {
    let cluster = Cluster::copied();
    let members = [cluster.first(), cluster.second()];
    let before = members.each_ref().map(|tree| manifests(tree));
    let old = authorities_of(&cluster.first(), authority.base)[0].clone();
    go_through(&cluster, authority, "trust");
    for tree in &members {
        let trusted = authorities_of(tree, authority.base);
        assert_eq!(trusted.len(), 2);
        assert_eq!(trusted[0], old, "the old one signs");
    }
    go_through(&cluster, authority, "reissue");
    let new = authorities_of(&cluster.first(), authority.base)[0].clone();
    assert_ne!(new, old);
    go_through(&cluster, authority, "drop");
    for (tree, before) in members.iter().zip(before) {
        assert_eq!(
            authorities_of(tree, authority.base),
            std::slice::from_ref(&new)
        );
        for leaf in authority.leaves {
            assert!(certificate(tree, leaf).chains_to(&new), "{leaf}");
        }
        assert_eq!(manifests(tree), before);
        for left in ["-next.crt", "-next.key", "-old.key"] {
            let path = tree.join(format!("etc/kubernetes/pki/{}{left}", authority.base));
            assert!(!path.exists(), "{}", path.display());
        }
    }
    let over = cluster.rotate(&cluster.first(), authority.name);
    assert!(
        over.printed().contains("the exchange is over on this node"),
        "{}",
        over.printed()
    );
    Machines::start(&cluster).expect_all_served();
    cluster
}

#[test]
fn members_of_etcd_trust_each_other_all_the_while() {
    let cluster = exchange(&ETCD);
    // Another control plane gets the new authority, and can join.
    cluster.grow("3", "1");
    let third = cluster.machine("control-plane-3");
    assert_eq!(
        authorities_of(&third, "etcd/ca"),
        authorities_of(&cluster.first(), "etcd/ca")
    );
}

#[test]
fn extension_api_servers_trust_only_the_new_front_proxy() {
    let cluster = exchange(&FRONT_PROXY);
    let state = cluster.state();
    let map = state.objects("/configmaps")["extension-apiserver-authentication"];
    let new = authorities_of(&cluster.first(), "front-proxy-ca")[0].to_pem();
    assert_eq!(map["data"]["requestheader-client-ca-file"], new);
    let ca = authorities_of(&cluster.first(), "ca")[0].to_pem();
    assert_eq!(map["data"]["client-ca-file"], ca);
}

#[test]
fn another_control_plane_does_not_begin_an_exchange_of_its_own() {
    for authority in [FRONT_PROXY, ETCD] {
        let cluster = Cluster::copied();
        cluster
            .rotate(&cluster.first(), authority.name)
            .expect_success();
        let output = cluster.rotate(&cluster.second(), authority.name);
        let text = output.printed();
        assert_ne!(output.status, 0, "{text}");
        let words: Vec<&str> = text.split_whitespace().collect();
        let expected = format!("certs rotate-ca {} --stage trust", authority.name);
        for part in ["does not have the key of the new authority", &expected] {
            assert!(words.join(" ").contains(part), "{text}");
        }
        assert_eq!(authorities_of(&cluster.second(), authority.base).len(), 1);
    }
}

#[test]
fn authorities_are_refused_that_a_node_or_a_cluster_does_not_have() {
    let cluster = Cluster::copied();
    for authority in [FRONT_PROXY, ETCD] {
        let output = cluster.rotate(&cluster.worker(), authority.name);
        let text = output.printed();
        assert_ne!(output.status, 0, "{text}");
        let words: Vec<&str> = text.split_whitespace().collect();
        let expected = format!("only members of the control plane have {}", authority.name);
        assert!(words.join(" ").contains(&expected), "{text}");
        let key = format!("etc/kubernetes/pki/{}.key", authority.base);
        fs::remove_file(cluster.first().join(key)).unwrap();
        let output = cluster.rotate(&cluster.first(), authority.name);
        let text = output.printed();
        assert!(text.contains("the authority is kept elsewhere"), "{text}");
    }
    let output = cluster.rotate(&cluster.first(), "sa");
    assert_eq!(output.status, 2, "{}", output.printed());
}
