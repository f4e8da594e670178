//! What is rendered, against what kubeadm itself wrote for the recorded configurations.
mod recorded;

use super::{
    kubeconfig, kubelet, messages, objects,
    patches::{KUBELET, Patches},
    static_pod,
};
use crate::config::BootstrapToken;
use kubephase_sdk::{
    kubeadm::{Arg, Config, Duration, Taint},
    spec::{ControlPlaneUsers, User},
    yaml,
};
use recorded::{cases, complete};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn compare(failures: &mut Vec<String>, what: &str, ours: &str, theirs: &str) {
    if ours == theirs {
        return;
    }
    let lines = |text: &str, other: &str| -> String {
        text.lines()
            .filter(|line| !other.lines().any(|there| there == *line))
            .take(8)
            .collect::<Vec<_>>()
            .join("\n    ")
    };
    failures.push(format!(
        "{what}\n  ours\n    {}\n  theirs\n    {}",
        lines(ours, theirs),
        lines(theirs, ours)
    ));
}

#[test]
fn files_are_kubeadms_to_the_byte() {
    let users = ControlPlaneUsers {
        etcd: User { uid: 103, gid: 106 },
        kube_apiserver: User { uid: 104, gid: 107 },
        kube_controller_manager: User { uid: 105, gid: 108 },
        kube_scheduler: User { uid: 106, gid: 109 },
        sa_key_readers: 110,
    };
    let mut failures = Vec::new();
    for case in cases() {
        let patches = case.patches().map(|(patches, _)| patches);
        let mut files = vec![
            (
                "var/lib/kubelet/kubeadm-flags.env".to_string(),
                kubelet::flags_env(&case.config, false),
            ),
            (
                "var/lib/kubelet/instance-config.yaml".to_string(),
                kubelet::instance_config(&case.config).unwrap_or_default(),
            ),
            ("var/lib/kubelet/config.yaml".to_string(), {
                let (document, _) = kubelet::document(&case.config);
                let document = patches
                    .as_ref()
                    .map_or(Ok((document.clone(), Vec::new())), |patches| {
                        patches.apply(KUBELET, document)
                    })
                    .unwrap()
                    .0;
                kubelet::on_this_node(&case.config, document).unwrap().0
            }),
        ];
        for (component, render) in static_pod::COMPONENTS {
            let mut pod = render(&case.config);
            if case
                .config
                .cluster
                .feature_gates
                .get("RootlessControlPlane")
                == Some(&true)
            {
                static_pod::rootless::run_as(&mut pod, component, &users);
            }
            if let Some(patches) = &patches {
                pod = static_pod::normalize_pod(patches.apply(component, pod).unwrap().0).unwrap();
            }
            files.push((
                format!("etc/kubernetes/manifests/{component}.yaml"),
                yaml::to_string(&pod),
            ));
        }
        for (path, ours) in files {
            let Some(theirs) = case.text(&format!("files/{path}")) else {
                continue;
            };
            // The serializer quotes a leading colon where Go does not.
            let ours = ours.replace("\"::1\"", "::1");
            compare(
                &mut failures,
                &format!("{}: {path}", case.name),
                &ours,
                &theirs,
            );
        }
    }
    assert!(
        failures.is_empty(),
        "{} differ\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[test]
fn objects_are_kubeadms() {
    let mut failures = Vec::new();
    for case in cases() {
        let Some(recorded) = case.text("objects.yaml") else {
            continue;
        };
        let recorded: Vec<Value> = recorded
            .split("\n---\n")
            .filter_map(|document| serde_yaml::from_str(document).ok())
            .collect();
        let config = &case.config;
        let authority = "an authority";
        let (server, _) = kubeconfig::control_plane_url(config).unwrap();
        let mut ours = objects::kubeadm_config(config);
        ours.extend(objects::kubelet_config(config));
        ours.extend(objects::certificates_access());
        let taints = config
            .init
            .node_registration
            .taints
            .clone()
            .unwrap_or_default();
        ours.push(objects::node_patch(&json!({}), &taints));
        ours.extend(objects::bootstrap_access());
        ours.extend(objects::cluster_info(&server, authority));
        let mut met = 0;
        for object in &mut ours {
            if let Some(text) = object["data"]["kubeconfig"].as_str() {
                object["data"]["kubeconfig"] = text.replace("YW4gYXV0aG9yaXR5", "<CA_DATA>").into();
            }
            let same = |there: &&Value| {
                there["kind"] == object["kind"]
                    && there["metadata"]["name"] == object["metadata"]["name"]
            };
            let Some((at, theirs)) = recorded.iter().enumerate().find(|(_, there)| same(there))
            else {
                continue;
            };
            compare(
                &mut failures,
                &format!("{}: object {at}", case.name),
                &yaml::to_string(object),
                &yaml::to_string(theirs),
            );
            if at < met {
                failures.push(format!("{}: object {at} is out of order", case.name));
            }
            met = at;
        }
    }
    assert!(
        failures.is_empty(),
        "{} differ\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[test]
fn kube_proxys_configuration_is_kubeadms() {
    let mut failures = Vec::new();
    for case in cases() {
        let recorded = case.text("objects.yaml").unwrap_or_default();
        let documents = recorded
            .split("\n---\n")
            .filter_map(|document| serde_yaml::from_str::<Value>(document).ok());
        let Some(map) = documents.into_iter().find(|object| {
            object["kind"] == "ConfigMap" && object["metadata"]["name"] == "kube-proxy"
        }) else {
            continue;
        };
        let mut data: BTreeMap<String, String> =
            serde_json::from_value(map["data"].clone()).unwrap();
        let ours = yaml::to_string(&case.config.kube_proxy.document);
        compare(
            &mut failures,
            &case.name,
            ours.trim_end(),
            &data["config.conf"],
        );
        data.insert("config.conf".into(), ours.trim_end().into());
        let signed = map["metadata"]["annotations"][objects::HASH_ANNOTATION].as_str();
        assert_eq!(
            signed.is_none(),
            case.config.kube_proxy.user_supplied,
            "{}",
            case.name
        );
        if let Some(signed) = signed {
            compare(
                &mut failures,
                &format!("{}: hash", case.name),
                &kubephase_sdk::component_hash(&data),
                signed,
            );
        }
    }
    assert!(
        failures.is_empty(),
        "{} differ\n{}",
        failures.len(),
        failures.join("\n")
    );
}

#[test]
fn warnings_about_components_are_kubeadms() {
    for case in cases() {
        let recorded = case.text("warnings.txt").unwrap_or_default();
        let theirs: Vec<_> = recorded
            .lines()
            .filter_map(|line| line.strip_prefix("W] The recommended"))
            .collect();
        let ours: Vec<_> = case
            .warnings
            .iter()
            .filter_map(|line| line.strip_prefix("The recommended"))
            .collect();
        assert_eq!(ours, theirs, "{}", case.name);
    }
}

#[test]
fn images_are_listed_in_kubeadms_order() {
    let mut config = Config::default();
    complete(&mut config, &json!({"hostname": "h", "caDirectories": []}));
    let list = [
        "registry.k8s.io/kube-apiserver:v1.36.2",
        "registry.k8s.io/kube-controller-manager:v1.36.2",
        "registry.k8s.io/kube-scheduler:v1.36.2",
        "registry.k8s.io/kube-proxy:v1.36.2",
        "registry.k8s.io/coredns/coredns:v1.14.2",
        "registry.k8s.io/pause:3.10.2",
        "registry.k8s.io/etcd:3.6.8-0",
    ];
    assert_eq!(super::images::all(&config), list);
    config.cluster.image_repository = "registry.example.com/k8s".into();
    config.cluster.kubernetes_version = "v1.37.0-alpha.1+abc".into();
    config.run.ci_image_repository = Some("gcr.io/k8s-staging-ci-images".into());
    let images = super::images::all(&config);
    assert_eq!(
        images[0],
        "gcr.io/k8s-staging-ci-images/kube-apiserver:v1.37.0-alpha.1_abc"
    );
    assert_eq!(images[4], "registry.example.com/k8s/coredns:v1.14.2");
}

#[test]
fn closing_words_are_kubeadms() {
    for case in cases().into_iter().filter(|case| {
        ["minimal", "production-ha", "upload-certs", "cpe-dns"].contains(&case.name.as_str())
    }) {
        let recorded = case.text("stdout-real.txt").unwrap();
        let Some(at) = recorded.find("\nYour Kubernetes control-plane") else {
            panic!("{}", case.name)
        };
        let words = |key: &str| {
            recorded[at..]
                .split_whitespace()
                .skip_while(|word| *word != key)
                .nth(1)
                .unwrap_or_default()
                .to_string()
        };
        let join = messages::JoinTarget {
            endpoint: recorded
                .split("kubeadm join ")
                .nth(1)
                .and_then(|rest| rest.split(' ').next())
                .unwrap()
                .into(),
            authority_hashes: vec![
                words("--discovery-token-ca-cert-hash")
                    .trim_start_matches("sha256:")
                    .into(),
            ],
        };
        let key = words("--certificate-key");
        let others = match (
            case.config.cluster.control_plane_endpoint.as_str(),
            key.as_str(),
        ) {
            ("", _) => messages::ControlPlaneJoin::No,
            (_, "") => messages::ControlPlaneJoin::Copied,
            _ => messages::ControlPlaneJoin::Uploaded(&key),
        };
        let ours = messages::initialized(
            "/etc/kubernetes/admin.conf",
            &join,
            &words("--token"),
            others,
        );
        assert_eq!(ours.trim_end(), recorded[at..].trim_end(), "{}", case.name);
    }
}

#[test]
fn urls_of_the_control_plane() {
    let mut config: Config = Config::default();
    config.init.local_api_endpoint.advertise_address = "2001:db8::2".into();
    config.init.local_api_endpoint.bind_port = 6443;
    for (endpoint, url, warns) in [
        ("", "https://[2001:db8::2]:6443", false),
        ("api.example.com", "https://api.example.com:6443", false),
        (
            "api.example.com:6443",
            "https://api.example.com:6443",
            false,
        ),
        ("api.example.com:443", "https://api.example.com:443", true),
        ("2001:db8::9", "https://[2001:db8::9]:6443", false),
        ("[2001:db8::9]:8443", "https://[2001:db8::9]:8443", true),
    ] {
        config.cluster.control_plane_endpoint = endpoint.into();
        let (ours, warning) = kubeconfig::control_plane_url(&config).unwrap();
        assert_eq!(
            (ours.as_str(), warning.is_some()),
            (url, warns),
            "{endpoint}"
        );
    }
    config.cluster.control_plane_endpoint = "api.example.com:0".into();
    assert!(kubeconfig::control_plane_url(&config).is_err());
}

#[test]
fn a_kubeconfig_names_its_user_and_cluster() {
    let of = kubeconfig::Client {
        cluster: "kubernetes",
        server: "https://192.0.2.2:6443",
        authority_pem: "a",
        user: "kubernetes-admin",
        certificate_pem: "c",
        key_pem: &"k".into(),
    };
    let text = "apiVersion: v1\nclusters:\n- cluster:\n    certificate-authority-data: YQ==\n    server: https://192.0.2.2:6443\n  \
                name: kubernetes\ncontexts:\n- context:\n    cluster: kubernetes\n    user: \
                kubernetes-admin\n  name: \
                kubernetes-admin@kubernetes\ncurrent-context: kubernetes-admin@kubernetes\nkind: \
                Config\nusers:\n- name: \
                kubernetes-admin\n  user:\n    client-certificate-data: Yw==\n    client-key-data: \
                aw==\n";
    assert_eq!(kubeconfig::client(&of).reveal(), text);
}

#[test]
fn tokens_become_secrets() {
    let mut token = BootstrapToken {
        token: "abcdef.0123456789abcdef".into(),
        ttl: Some(Duration::from_secs(5400)),
        usages: vec!["signing".into()],
        groups: vec![
            "system:bootstrappers:a".into(),
            "system:bootstrappers:b".into(),
        ],
        ..BootstrapToken::default()
    };
    let secret = objects::token_secret(&token, 1_767_323_045).unwrap();
    assert_eq!(secret.name, "bootstrap-token-abcdef");
    let encoded = |text: &str| Value::from(data_encoding::BASE64.encode(text.as_bytes()));
    let data = &secret.manifest["data"];
    assert_eq!(data["expiration"], encoded("2026-01-02T04:34:05Z"));
    assert_eq!(data["usage-bootstrap-signing"], encoded("true"));
    assert_eq!(
        data["auth-extra-groups"],
        encoded("system:bootstrappers:a,system:bootstrappers:b")
    );
    assert!(
        data.get("description").is_none() && data.get("usage-bootstrap-authentication").is_none()
    );
    token.ttl = Some(Duration(0));
    assert!(
        objects::token_secret(&token, 0).unwrap().manifest["data"]
            .get("expiration")
            .is_none()
    );
    token.token = "abcdef".into();
    assert!(
        !objects::token_secret(&token, 0)
            .map(drop)
            .unwrap_err()
            .contains("0123")
    );
}

#[test]
fn a_node_keeps_its_other_taints() {
    let taint = |key: &str| Taint {
        key: key.into(),
        effect: "NoSchedule".into(),
        ..Taint::default()
    };
    let mut node = json!({
        "metadata": {"labels": {}},
        "spec": {"taints": [{"key": "mine", "effect": "NoExecute"}]},
    });
    let patch = objects::node_patch(&node, &[taint("a")]);
    assert_eq!(
        patch["spec"]["taints"],
        json!([{"key": "a", "effect": "NoSchedule"}, {"key": "mine", "effect": "NoExecute"}])
    );
    node["spec"]["taints"] = patch["spec"]["taints"].clone();
    node["metadata"]["labels"] = patch["metadata"]["labels"].clone();
    assert_eq!(objects::node_patch(&node, &[taint("a")]), json!({}));
}

#[test]
fn flags_and_paths_are_gos() {
    let arg = |name: &str, value: &str| Arg {
        name: name.into(),
        value: value.into(),
    };
    let users = [arg("v", "4"), arg("b", "x"), arg("v", "5")];
    assert_eq!(
        super::command_line([("z", "1"), ("b", "2"), ("a", "3")], &users),
        ["--a=3", "--z=1", "--v=4", "--b=x", "--v=5"]
    );
    assert_eq!(super::last_argument(&users, "v"), Some("5"));
    assert_eq!(
        super::join("/etc//kubernetes/./pki/", "ca.crt"),
        "/etc/kubernetes/pki/ca.crt"
    );
    assert_eq!(super::join("/a/../..", "b"), "/b");
}

#[test]
fn a_patched_pod_is_written_as_go_writes_it() {
    let mut config = Config::default();
    complete(&mut config, &json!({"hostname": "h", "caDirectories": []}));
    let apply = |patch: &str| {
        let files = vec![("kube-scheduler.yaml".to_string(), patch.as_bytes().to_vec())];
        let (patches, _) = Patches::load("p", files).unwrap();
        static_pod::normalize_pod(
            patches
                .apply("kube-scheduler", static_pod::kube_scheduler(&config))
                .unwrap()
                .0,
        )
    };
    let pod = apply(
        "noSuch: 1\nspec:\n  containers:\n  - name: kube-scheduler\n    resources: \
            {requests: {cpu: 0.5}}\n  - name: x",
    )
    .unwrap();
    assert!(pod.get("noSuch").is_none());
    assert_eq!(
        pod["spec"]["containers"][0]["resources"]["requests"]["cpu"],
        "500m"
    );
    assert_eq!(pod["spec"]["containers"][1]["resources"], json!({}));
    let error = apply("spec: {containers: oops}").unwrap_err();
    assert!(
        error.starts_with("failed to unmarshal patched manifest: spec.containers: "),
        "{error}"
    );
}

#[test]
fn unusual_authorization_is_warned_about() {
    let mut config = Config::default();
    let mut with = |modes: &str| {
        config.cluster.api_server.extra_args = vec![Arg {
            name: "authorization-mode".into(),
            value: modes.into(),
        }];
        static_pod::authorization_warnings(&config)
    };
    assert_eq!(with("Node,RBAC"), [""; 0]);
    assert_eq!(with("RBAC,Magic").len(), 2);
}

#[test]
fn a_member_that_joins_names_the_others() {
    let mut config = Config::default();
    complete(&mut config, &json!({"hostname": "b", "caDirectories": []}));
    let member = |name: &str, peer: &str| static_pod::Member {
        name: name.into(),
        peer_url: peer.into(),
    };
    let pod = static_pod::etcd_joining(
        &config,
        &[
            member("a", "https://192.0.2.2:2380"),
            member("b", "https://192.0.2.3:2380"),
        ],
    );
    let command = pod["spec"]["containers"][0]["command"].as_array().unwrap();
    for flag in [
        "--initial-cluster=a=https://192.0.2.2:2380,b=https://192.0.2.3:2380",
        "--initial-cluster-state=existing",
    ] {
        assert!(command.contains(&flag.into()), "{flag}");
    }
}
