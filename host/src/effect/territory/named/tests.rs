use super::{
    super::{add_files_in_use, territory_of},
    *,
};
use crate::world::{World, fake::FakeWorld};
use kubephase_sdk::{release::Release, testing::Case};

fn argument(name: &str, value: &str) -> Arg {
    Arg {
        name: name.into(),
        value: value.into(),
    }
}

fn volume(host_path: &str, mount_path: &str) -> HostPathMount {
    HostPathMount {
        name: host_path.replace('/', "-"),
        host_path: host_path.into(),
        mount_path: mount_path.into(),
        ..HostPathMount::default()
    }
}

#[test]
fn arguments_of_a_component_name_paths_in_its_pod() {
    let mut config = Config::default();
    let server = &mut config.cluster.api_server;
    server.extra_volumes = vec![
        volume("/srv/tok", "/etc/tok/"),
        volume("/srv/deep", "/etc/tok/deep"),
        volume("/srv/unnamed", "/etc/unnamed"),
    ];
    server.extra_args = vec![
        argument("token-auth-file", "/etc/tok/t.csv"),
        argument("oidc-ca-file", "/etc/tok/deep/ca.crt"),
        argument(
            "tls-sni-cert-key",
            "/srv/sni/a.crt,/srv/sni/a.secret:example.com",
        ),
    ];
    let territory = territory_of(&config, &Patches::default());
    for path in [
        "/srv/tok/t.csv",
        "/srv/deep/ca.crt",
        "/srv/unnamed/x",
        "/srv/sni/a.crt",
        "/srv/sni/a.secret",
    ] {
        assert!(territory.owns(path), "{path}");
    }
    for path in ["/srv/sni", "/srv/other"] {
        assert!(!territory.owns(path), "{path}");
    }
}

#[test]
fn the_kubelets_files_belong_to_the_host_wherever_its_configuration_names_them() {
    let mut config = Config::default();
    config.kubelet.document = serde_json::json!({
        "resolvConf": "/srv/resolv.conf",
        "cgroupRoot": "/kubepods",
        "kubeletCgroups": "/system.slice/kubelet.service",
        "healthzBindAddress": "127.0.0.1",
        "authentication": {"x509": {"clientCAFile": "/srv/client-ca.crt"}},
        "list": [{"deep": "/srv/deep"}],
    });
    let arguments = &mut config.init.node_registration.kubelet_extra_args;
    *arguments = vec![
        argument("image-credential-provider-config", "/srv/k/cred.yaml"),
        argument("config-dir", "/srv/k/a:/srv/k/b,/srv/k/c"),
    ];
    let territory = territory_of(&config, &Patches::default());
    for path in [
        "/srv/resolv.conf",
        "/srv/client-ca.crt",
        "/srv/deep",
        "/srv/k/cred.yaml",
        "/srv/k/a",
        "/srv/k/b",
        "/srv/k/c",
    ] {
        assert!(territory.owns(path), "{path}");
    }
    for path in ["/kubepods", "/system.slice/kubelet.service"] {
        assert!(!territory.owns(path), "{path}");
    }
}

#[test]
fn a_plugin_writes_the_audit_policy_where_the_api_server_has_it_from_a_directory() {
    let mut config = Config::default();
    let server = &mut config.cluster.api_server;
    server.extra_volumes = vec![
        volume("/etc/kubernetes/audit", "/etc/audit"),
        volume("/var/log/audit-of-cluster", "/var/log/audit"),
    ];
    server.extra_args = vec![
        argument("audit-policy-file", "/etc/audit/policy.yaml"),
        argument("audit-webhook-config-file", "/etc/audit/webhook.yaml"),
    ];
    let territory = territory_of(&config, &Patches::default());
    assert!(!territory.owns("/etc/kubernetes/audit/policy.yaml"));
    for path in [
        "/etc/kubernetes/audit/webhook.yaml",
        "/var/log/audit-of-cluster/audit.log",
    ] {
        assert!(territory.owns(path), "{path}");
    }
}

#[test]
fn the_rest_of_a_volume_with_the_audit_policy_belongs_to_the_host() {
    let mut config = Config::default();
    let server = &mut config.cluster.api_server;
    server.extra_volumes = vec![volume("/etc/hk/./", "/etc/in-pod/")];
    server.extra_args = vec![
        argument("audit-policy-file", "/etc/in-pod/../in-pod/policy.yaml"),
        argument(
            "encryption-provider-config",
            "/etc/x/../in-pod//sub/keys.yaml",
        ),
    ];
    let territory = territory_of(&config, &Patches::default());
    for path in [
        "/etc/hk",
        "/etc/hk/unnamed",
        "/etc/hk/sub/keys.yaml",
        "/etc/hk/policy.yaml/below",
        "/etc/hk/policy.yaml.bak",
    ] {
        assert!(territory.owns(path), "{path}");
        assert!(territory.for_change_of(path).owns(path), "{path}");
    }
    let policy = "/etc/hk/policy.yaml";
    assert!(!territory.owns(policy));
    assert!(!territory.for_change_of(policy).owns("/etc/hk"));
    // A directory that belongs to the host in any case has no exceptions.
    let server = &mut config.cluster.api_server;
    server.extra_volumes = vec![volume("/var/lib/kubelet/audit", "/etc/in-pod")];
    assert!(territory_of(&config, &Patches::default()).owns("/var/lib/kubelet/audit/policy.yaml"));
}

/// Returns patches from files with these names and contents.
fn patches(files: &[(&str, &str)]) -> Patches {
    let files = files.iter();
    let files = files.map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()));
    Patches::load(
        "/srv/patches",
        files.collect(),
        Release::newest().patch_targets,
    )
    .unwrap()
    .0
}

#[test]
fn a_patch_names_files_as_the_configuration_does() {
    let mut config = Config::default();
    config.cluster.api_server.extra_args =
        vec![argument("encryption-provider-config", "/etc/enc/keys.yaml")];
    let server = "{\"spec\": {\
        \"containers\": [{\"name\": \"kube-apiserver\", \
            \"volumeMounts\": [{\"name\": \"enc\", \"mountPath\": \"/etc/enc\"}]}], \
        \"initContainers\": [{\"name\": \"a\", \"command\": [\"/opt/a\", \"--b\", \"/srv/b\"]}], \
        \"volumes\": [{\"name\": \"enc\", \"hostPath\": {\"path\": \"/srv/enc\"}}]}}";
    let scheduler = "[{\"op\": \"replace\", \"path\": \"/spec/volumes/0/hostPath/path\", \
        \"value\": \"/srv/scheduler.conf\"}]";
    let kubelet = "{\"authentication\": {\"x509\": {\"clientCAFile\": \"/srv/client.crt\"}}}";
    let patches = patches(&[
        ("kube-apiserver.json", server),
        ("kube-scheduler+json.json", scheduler),
        ("kubeletconfiguration+merge.json", kubelet),
    ]);
    let territory = territory_of(&config, &patches);
    for path in [
        "/srv/enc/keys.yaml",
        "/srv/enc/other",
        "/srv/b",
        "/srv/scheduler.conf",
        "/srv/client.crt",
    ] {
        assert!(territory.owns(path), "{path}");
        let without_patches = territory_of(&config, &Patches::default());
        assert!(!without_patches.owns(path), "{path} without the patches");
    }
    for path in ["/srv/other", "/opt/a", "/etc/ssl/certs/own.crt"] {
        assert!(!territory.owns(path), "{path}");
    }
}

#[test]
fn a_plugin_writes_the_audit_policy_that_a_patch_names() {
    let mut config = Config::default();
    config.cluster.api_server.extra_volumes = vec![volume("/etc/hk", "/etc/in-pod")];
    let add = "[{\"op\": \"add\", \"path\": \"/spec/containers/0/command/-\", \
        \"value\": \"--audit-policy-file=/etc/in-pod/policy.yaml\"}]";
    let territory = territory_of(&config, &patches(&[("kube-apiserver+json.json", add)]));
    assert!(!territory.owns("/etc/hk/policy.yaml"));
    assert!(territory.owns("/etc/hk/webhook.yaml"));
}

#[test]
fn files_that_the_nodes_own_configuration_names_belong_to_the_host() {
    let root = tempfile::tempdir().unwrap();
    let world = FakeWorld::new(&Case::parse("{}").unwrap(), root.path()).unwrap();
    let mut earlier = Config::default();
    earlier.cluster.api_server.extra_args = vec![argument("token-auth-file", "/etc/tok/t.csv")];
    earlier.cluster.api_server.extra_volumes = vec![volume("/srv/tok", "/etc/tok")];
    let manifest = COMPONENTS[1].1(&of_pods(&earlier)).to_string();
    for (path, text) in [
        (
            "/var/lib/kubelet/config.yaml",
            "staticPodPath: /srv/pods\nx: /srv/x",
        ),
        ("/srv/pods/kube-apiserver.yaml", &manifest),
        ("/etc/kubernetes/manifests/etcd.yaml", "{ no YAML"),
        (
            "/etc/default/kubelet",
            "# /srv/comment\nKUBELET_EXTRA_ARGS=\"--config-dir=/srv/a --root-dir=/srv/b\"\n",
        ),
    ] {
        world
            .files()
            .write(path, text.as_bytes(), 0o600, None)
            .unwrap();
    }
    let config = Config::default();
    let mut territory = territory_of(&config, &Patches::default());
    let named = [
        "/srv/tok/t.csv",
        "/srv/pods/a",
        "/srv/x",
        "/srv/a",
        "/srv/b",
    ];
    assert!(named.iter().all(|path| !territory.owns(path)));
    add_files_in_use(&mut territory, &config, world.files());
    for path in named {
        assert!(territory.owns(path), "{path}");
    }
    for path in ["/srv/comment", "/srv/tokens", "/etc/ssl/certs/own.crt"] {
        assert!(!territory.owns(path), "{path}");
    }
}
