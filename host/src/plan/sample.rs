//! kubeadm's init tree as a catalog, for tests of the plan and of the command line; and single
//! phases of a plan.
use super::{Node, State};
use crate::phase::catalog::{Catalog, Kind, Row, Source, Workflow};

const CERTS: &str = "cert-dir config kubernetes-version dry-run";
const SERVING: &str = "cert-dir config kubernetes-version dry-run apiserver-advertise-address \
    control-plane-endpoint apiserver-cert-extra-sans service-dns-domain service-cidr";
const KUBECONFIG: &str = "apiserver-advertise-address control-plane-endpoint apiserver-bind-port \
    cert-dir config kubeconfig-dir kubernetes-version dry-run";
const STATIC: &str = "config cert-dir kubernetes-version image-repository patches dry-run";
const APISERVER: &str = "config cert-dir kubernetes-version image-repository patches dry-run \
    apiserver-advertise-address control-plane-endpoint apiserver-bind-port apiserver-extra-args \
    feature-gates service-cidr";
const UPLOAD: &str = "config cri-socket kubeconfig dry-run";
const ADDON: &str = "config kubeconfig kubernetes-version image-repository dry-run print-manifest";

/// id, what it needs, flags
const ROWS: &[(&str, &str, &str)] = &[
    (
        "preflight",
        "",
        "config image-repository cri-socket ignore-preflight-errors dry-run",
    ),
    ("certs/", "preflight", ""),
    ("certs/ca", "", CERTS),
    ("certs/apiserver", "certs/ca", SERVING),
    ("certs/apiserver-kubelet-client", "certs/ca", CERTS),
    ("certs/front-proxy-ca", "", CERTS),
    ("certs/front-proxy-client", "certs/front-proxy-ca", CERTS),
    ("certs/etcd-ca", "", CERTS),
    ("certs/etcd-server", "certs/etcd-ca", CERTS),
    ("certs/etcd-peer", "certs/etcd-ca", CERTS),
    ("certs/etcd-healthcheck-client", "certs/etcd-ca", CERTS),
    ("certs/apiserver-etcd-client", "certs/etcd-ca", CERTS),
    ("certs/sa", "", CERTS),
    ("kubeconfig/", "certs/ca", ""),
    ("kubeconfig/admin", "", KUBECONFIG),
    ("kubeconfig/super-admin", "", KUBECONFIG),
    ("kubeconfig/kubelet", "", KUBECONFIG),
    ("kubeconfig/controller-manager", "", KUBECONFIG),
    ("kubeconfig/scheduler", "", KUBECONFIG),
    ("etcd/", "", ""),
    (
        "etcd/local",
        "certs/etcd-server certs/etcd-peer certs/etcd-healthcheck-client",
        "cert-dir config image-repository patches dry-run",
    ),
    ("control-plane/", "", ""),
    ("control-plane/apiserver", "certs", APISERVER),
    (
        "control-plane/controller-manager",
        "certs kubeconfig/controller-manager",
        STATIC,
    ),
    ("control-plane/scheduler", "kubeconfig/scheduler", STATIC),
    (
        "kubelet-start",
        "kubeconfig/kubelet",
        "config image-repository cri-socket node-name patches dry-run",
    ),
    (
        "wait-control-plane",
        "kubelet-start control-plane etcd/local kubeconfig/admin kubeconfig/super-admin",
        "",
    ),
    ("upload-config/", "wait-control-plane", ""),
    ("upload-config/kubeadm", "", UPLOAD),
    ("upload-config/kubelet", "", UPLOAD),
    (
        "upload-certs",
        "wait-control-plane",
        "config kubeconfig upload-certs certificate-key skip-certificate-key-print dry-run",
    ),
    (
        "mark-control-plane",
        "wait-control-plane",
        "node-name config dry-run",
    ),
    (
        "bootstrap-token",
        "upload-config",
        "config kubeconfig skip-token-print dry-run",
    ),
    ("kubelet-finalize/", "bootstrap-token", ""),
    (
        "kubelet-finalize/enable-client-cert-rotation",
        "",
        "config cert-dir dry-run",
    ),
    ("addon/", "wait-control-plane", ""),
    ("addon/coredns", "", ADDON),
    ("addon/kube-proxy", "", ADDON),
    (
        "show-join-command",
        "bootstrap-token upload-certs addon",
        "",
    ),
];

/// The catalog of `init`.
pub fn catalog() -> Catalog {
    Catalog {
        rows: ROWS
            .iter()
            .map(|(id, needs, flags)| row(id, needs, flags))
            .collect(),
    }
}

/// One built-in row; an id ending in `/` makes a group.
pub fn row(id: &str, needs: &str, flags: &str) -> Row {
    let words = |text: &str| {
        text.split_whitespace()
            .map(Into::into)
            .collect::<Vec<String>>()
    };
    let (id, kind) = match id.strip_suffix('/') {
        Some(group) => (group, Kind::Group),
        None if id.starts_with("addon/") => (id, Kind::Addon),
        None => (id, Kind::Phase),
    };
    let aliases = match id {
        "upload-config" => "uploadconfig",
        "bootstrap-token" => "bootstraptoken",
        _ => "",
    };
    Row {
        id: id.into(),
        title: format!("About {id}"),
        workflow: Workflow::Init,
        kind,
        needs: words(needs),
        requires: words(if id == "show-join-command" {
            "bootstrap-token upload-certs"
        } else {
            ""
        }),
        aliases: words(aliases),
        flags: words(flags),
        source: Source::BuiltIn,
        replaces: Vec::new(),
        slot: (id == "addon/kube-proxy").then(|| "proxy".into()),
        typical: 1,
        tidies: false,
    }
}

/// A phase of plugin `name`, standing in for `replaces`.
pub fn plugin(name: &str, replaces: &str) -> Row {
    Row {
        source: Source::Plugin {
            name: name.into(),
            version: "1.2.3".into(),
            embedded: false,
        },
        replaces: replaces.split_whitespace().map(Into::into).collect(),
        slot: None,
        ..row(name, "", "")
    }
}

/// A phase that runs, after others.
pub fn node(id: &str, after: &[&str]) -> Node {
    Node {
        id: id.into(),
        title: String::new(),
        kind: Kind::Phase,
        source: Source::BuiltIn,
        state: State::Run,
        after: after.iter().map(|id| (*id).to_owned()).collect(),
        typical: 0,
        tidies: false,
        replaces: Vec::new(),
    }
}
