use super::{super::territory_of, *};

fn argument(name: &str, value: &str) -> Arg {
    Arg {
        name: name.into(),
        value: value.into(),
    }
}

fn volume(host_path: &str, mount_path: &str) -> HostPathMount {
    HostPathMount {
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
    let territory = territory_of(&config);
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
    let territory = territory_of(&config);
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
    let territory = territory_of(&config);
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
    let territory = territory_of(&config);
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
    assert!(territory_of(&config).owns("/var/lib/kubelet/audit/policy.yaml"));
}
