//! The risk of certificates, keys and kubeconfigs.
use super::*;

fn judge_connection(path: &str, host: &str) -> Vec<Risk> {
    let request = Request {
        hosts: vec![host.into()],
        paths: vec![path.into()],
        ..Request::default()
    };
    let dangers = node_identity(&request, "own");
    dangers.iter().map(|danger| danger.risk).collect::<Vec<_>>()
}

#[test]
fn an_identity_amounts_to_cluster_admin_unless_it_is_the_plugins_own() {
    for path in [
        "/srv/pki/*",
        "/etc/kubernetes/pki/**",
        "/**",
        "/etc/own/x",
        "/opt/*/own",
    ] {
        assert_eq!(
            judge_connection(path, "a.example"),
            [Risk::ClusterAdmin],
            "{path}"
        );
    }
    assert_eq!(
        judge_connection("/var/lib/kubephase-plugins/own/client.*", "a.example"),
        []
    );
    assert_eq!(
        judge_connection("/srv/pki/*", "*"),
        [Risk::Root, Risk::ClusterAdmin]
    );
}

#[test]
fn kubeconfigs_amount_to_root_where_the_cluster_may_go_by_them() {
    for path in [
        "/etc/kubernetes/authn-webhook.yaml",
        "/etc/kubernetes/pki/webhook.yaml",
        "/etc/kubernetes/audit/webhook.yaml",
        "/etc/cni/net.d/own.kubeconfig",
    ] {
        assert!(!key_files(&paths(path)).is_empty(), "{path}");
    }
    assert_eq!(
        key_files(&paths("/var/lib/kubephase-plugins/own/reader.conf")),
        Vec::new()
    );
    for (directory, is_harmless) in [
        ("/etc/kubernetes/pki", true),
        ("/etc/kubernetes/pki/own", true),
        ("/etc/kubernetes", false),
        ("/etc/kubernetes/pki-of-others", false),
    ] {
        let request = Request {
            directories: vec![directory.into()],
            ..Request::default()
        };
        assert_eq!(key_files(&request).is_empty(), is_harmless, "{directory}");
    }
}

fn judge_subject(subject: &str, groups: &[&str]) -> Vec<Danger> {
    let request = Request {
        directories: vec!["/etc/kubernetes/pki/own".into()],
        subjects: vec![subject.into()],
        groups: groups.iter().map(ToString::to_string).collect(),
        ..Request::default()
    };
    identities(&request, "own")
}

/// A user has the rights that were given to its name and groups, even if they were meant for
/// another user.
#[test]
fn certificates_amount_to_cluster_admin_unless_their_user_is_the_plugins() {
    for (subject, groups) in [
        ("kubephase-plugin-own", &["system:masters"][..]),
        ("kubephase-plugin-own", &["sre"]),
        ("kubephase-plugin-own", &["kubephase-plugin-own"]),
        ("system:kube-scheduler", &[]),
        ("*", &[]),
        ("kubernetes-admin", &[]),
        ("own", &[]),
        ("alice", &[]),
        ("alice@corp.example", &[]),
        ("kubephase-plugin-own-other", &[]),
        ("kubephase-plugin-*", &[]),
    ] {
        assert!(
            !judge_subject(subject, groups).is_empty(),
            "{subject} {groups:?}"
        );
    }
    assert_eq!(judge_subject("kubephase-plugin-own", &[]), Vec::new());
}

fn judge_name(name: &str) -> Vec<Danger> {
    let request = Request {
        names: vec![name.into()],
        ..Request::default()
    };
    identities(&request, "own")
}

#[test]
fn certificates_amount_to_cluster_admin_unless_they_are_for_a_service_of_its_own() {
    for name in [
        "*",
        "kubernetes",
        "kubernetes.default.svc",
        "k*.default.svc",
        "*.svc",
        "*.*.svc",
        "metrics.*.svc",
        "metrics.kube-system.svc",
        "metrics.own.svc",
        "cert-manager-webhook.cert-manager.svc",
        "metrics.kubephase-plugin-own-other.svc",
        "metrics.kubephase-plugin-own.svc*",
        "metrics.kubephase-plugin-own.svc.example.com",
        "metrics.example",
        "api.example.com",
        "10.96.0.1",
        "node-1",
        ".kubephase-plugin-own.svc",
        "svc",
    ] {
        assert_eq!(
            judge_name(name).first().map(|danger| danger.risk),
            Some(Risk::ClusterAdmin),
            "{name}"
        );
    }
    for name in [
        "metrics.kubephase-plugin-own.svc",
        "metrics.kubephase-plugin-own.svc.cluster.local",
        "*.kubephase-plugin-own.svc",
    ] {
        assert_eq!(judge_name(name), Vec::new(), "{name}");
    }
}

fn judge_authority(authority: &str) -> Vec<Danger> {
    let request = Request {
        authorities: vec![authority.into()],
        ..Request::default()
    };
    identities(&request, "own")
}

#[test]
fn certificates_amount_to_cluster_admin_if_the_cluster_may_trust_their_authority() {
    for authority in ["/etc/ssl/private/ca", "/**", "/srv/*"] {
        assert_eq!(
            judge_authority(authority).first().map(|danger| danger.risk),
            Some(Risk::ClusterAdmin),
            "{authority}"
        );
    }
    for authority in [
        "/etc/kubernetes/pki/ca",
        "/var/lib/kubephase-plugins/own/ca",
    ] {
        assert_eq!(judge_authority(authority), Vec::new(), "{authority}");
    }
}
