use super::{identities::*, objects::*, paths::*, programs::*, *};
use crate::wasm::manifest::ObjectPattern;

fn paths(pattern: &str) -> Request {
    Request {
        paths: vec![pattern.into()],
        ..Request::default()
    }
}

#[test]
fn writing_files_of_the_system_amounts_to_root() {
    for pattern in [
        "/etc/cron.d/x",
        "/etc/**",
        "/**",
        "/*/cron.d/x",
        "/e*/cron.d/*",
        "/usr/local/bin/x",
        "/lib/systemd/system/x.service",
        "/lib64/x",
        "/root/.profile",
        "/etc/ld.so.preload",
        "/etc/profile.d/x.sh",
        "/etc",
        "/var/spool/cron/x",
        "/run/systemd/system/x",
        "/etc/cni/**",
        "/var/lib/**",
        "/opt/cni/bin/x",
        "/*",
        "/",
        "/var",
        "/var/*",
        "/srv/*",
        "/snap/bin/x",
        "/var/lib/extensions/x",
        "/etc/kubernetes/kubelet.conf.d/x",
        "/unknown/x",
    ] {
        assert!(
            changed_paths(&paths(pattern)).first().is_some(),
            "{pattern}"
        );
    }
    for pattern in [
        "/opt/evil/**",
        "/etc/cni/net.d/10-x.conf",
        "/var/lib/probe/**",
        "/var/log/x.log",
        "/srv/own/*",
        "/etc/kubernetes/audit/policy.yaml",
        "/tmp/x",
    ] {
        assert_eq!(changed_paths(&paths(pattern)), Vec::new(), "{pattern}");
    }
}

#[test]
fn a_program_amounts_to_root_if_the_plugin_chooses_what_it_does() {
    let command = |line: &[&str]| Request {
        commands: vec![line.iter().map(ToString::to_string).collect()],
        ..Request::default()
    };
    for line in [
        &["sh", "-c", "*"][..],
        &["bash", "-c", "id"],
        &["/usr/bin/python3", "/x.py"],
        &["cat", "*"],
        &["cat", "/etc/shadow"],
        &["linux64", "sh", "-c", "id"],
        &["/srv/own/uname"],
        &["uname", "-*"],
        &["timedatectl", "set-time", "0"],
        &["systemctl", "is-active", "-Hhost"],
        &["systemctl", "stop", "x"],
        &["/srv/own/x", "--version"],
        &["hostname", "x"],
    ] {
        assert!(
            reading_program(&command(line)).first().is_some(),
            "{line:?}"
        );
    }
    for line in [
        &["chronyc", "tracking"][..],
        &["uname", "-r"],
        &["kubelet", "--version"],
        &["nproc"],
        &["systemctl", "is-active", "chronyd"],
    ] {
        assert_eq!(reading_program(&command(line)), Vec::new(), "{line:?}");
    }
}

#[test]
fn objects_that_may_give_rights_amount_to_cluster_admin() {
    let judge = |api_version: &str, kind: &str, namespace: Option<&str>, names: &[&str]| {
        let names = names.iter().map(ToString::to_string).collect();
        let pattern = ObjectPattern {
            api_version: api_version.into(),
            kind: kind.into(),
            namespace: namespace.map(Into::into),
            names,
            host_access: false,
        };
        changed_objects(&Request {
            objects: vec![pattern],
            ..Request::default()
        })
    };
    for (api_version, kind, namespace, names) in [
        ("v1", "PersistentVolume", None, &["x"][..]),
        ("storage.k8s.io/v1", "StorageClass", None, &["x"]),
        ("example.com/v1", "Anything", Some("own"), &["x"]),
        (
            "v1",
            "ServiceAccount",
            Some("kube-system"),
            &["clusterrole-aggregation-controller"],
        ),
        ("v1", "ConfigMap", Some("kube-system"), &["kube-proxy"]),
        ("v1", "ConfigMap", Some("kube-system"), &[]),
        ("v1", "ConfigMap", None, &["x"][..0]),
        ("v1", "Service", Some("default"), &["kubernetes"]),
        ("v1", "Secret", Some("own"), &["x"]),
    ] {
        assert!(
            judge(api_version, kind, namespace, names).first().is_some(),
            "{kind} {namespace:?} {names:?}"
        );
    }
    for (api_version, kind, namespace, names) in [
        ("v1", "ConfigMap", Some("kube-system"), &["own"][..]),
        ("v1", "ConfigMap", Some("own"), &[]),
        ("apps/v1", "Deployment", Some("own"), &[]),
        ("v1", "ServiceAccount", Some("own"), &["own"]),
    ] {
        assert_eq!(
            judge(api_version, kind, namespace, names),
            Vec::new(),
            "{kind} {namespace:?} {names:?}"
        );
    }
}

#[test]
fn certificates_for_privileged_names_amount_to_cluster_admin() {
    let request = |subject: &str, group: &str| Request {
        directories: vec!["/etc/kubernetes/pki/own".into()],
        subjects: vec![subject.into()],
        groups: vec![group.into()],
        ..Request::default()
    };
    for (subject, group) in [
        ("x", "system:masters"),
        ("system:kube-scheduler", "x"),
        ("*", "x"),
        ("x", "s*"),
        ("kubernetes-admin", "x"),
        ("x", "cluster-admins"),
    ] {
        assert!(
            identities(&request(subject, group)).first().is_some(),
            "{subject} {group}"
        );
    }
    assert_eq!(identities(&request("monitoring", "readers")), Vec::new());
}

#[test]
fn certificates_amount_to_cluster_admin_unless_they_are_for_a_service_of_its_own() {
    let judge = |name: &str| {
        identities(&Request {
            names: vec![name.into()],
            ..Request::default()
        })
    };
    for name in [
        "*",
        "kubernetes",
        "kubernetes.default.svc",
        "k*.default.svc",
        "*.svc",
        "*.*.svc",
        "metrics.*.svc",
        "metrics.kube-system.svc",
        "metrics.own.svc*",
        "metrics.own.svc.example.com",
        "metrics.example",
        "api.example.com",
        "10.96.0.1",
        "node-1",
        ".own.svc",
        "svc",
    ] {
        assert_eq!(
            judge(name).first().map(|danger| danger.risk),
            Some(Risk::ClusterAdmin),
            "{name}"
        );
    }
    for name in [
        "metrics.own.svc",
        "metrics.own.svc.cluster.local",
        "*.own.svc",
    ] {
        assert_eq!(judge(name), Vec::new(), "{name}");
    }
}

#[test]
fn certificates_amount_to_cluster_admin_if_the_cluster_may_trust_their_authority() {
    let judge = |authority: &str| {
        identities(&Request {
            authorities: vec![authority.into()],
            ..Request::default()
        })
    };
    for authority in ["/etc/ssl/private/ca", "/**", "/srv/*"] {
        assert_eq!(
            judge(authority).first().map(|danger| danger.risk),
            Some(Risk::ClusterAdmin),
            "{authority}"
        );
    }
    for authority in ["/etc/kubernetes/pki/ca", "/srv/own/ca"] {
        assert_eq!(judge(authority), Vec::new(), "{authority}");
    }
}
