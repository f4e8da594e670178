//! The versions of CoreDNS, the oldest first. A version has what is different from the version
//! before it.
use super::rules::{
    Action::{
        self, FirstArgument, Keep, PolicyToForceTcp, ProtocolToForceTcp, Remove, RemoveHttpsGoogle,
    },
    CorefileChange, OptionRule, Rules,
    Status::{Deprecated, Ignored, NewDefault, Removed},
    Version, kept, option,
};

/// Writes rows: a version, the rules of the plugins that change, and a change of the whole file.
macro_rules! versions {
    ($($version:literal $(whole $whole:ident)? {$($plugin:literal: $rules:expr),* $(,)?})*) => {
        [$(Version {
            version: $version,
            changed: &[$(($plugin, $rules)),*],
            whole: versions!(@whole $($whole)?),
        }),*]
    };
    (@whole) => { None };
    (@whole $whole:ident) => { Some(CorefileChange::$whole) };
}

/// Every version that a Corefile can be migrated from or to.
pub static VERSIONS: [Version; 54] = versions! {
    "1.1.3" {}
    "1.1.4" {
        "errors": Some(kept(&[])),
        "log": Some(kept(&["class"])),
        "health": Some(kept(&["lameduck"])),
        "autopath": Some(kept(&[])),
        "kubernetes": Some(kept(KUBERNETES)),
        "prometheus": Some(kept(&[])),
        "proxy": Some(proxy(&[("protocol", option(Ignored, RemoveHttpsGoogle))])),
        "forward": Some(kept(FORWARD_TO_TCP)),
        "cache": Some(kept(CACHE)),
        "reload": Some(kept(&[])),
        "loadbalance": Some(kept(&[])),
        "hosts": Some(HOSTS),
        "rewrite": Some(kept(&["type", "class", "name", "edns0"])),
    }
    "1.2.0" {
        "proxy": Some(proxy(&[("protocol", option(Removed, RemoveHttpsGoogle))])),
        "forward": Some(kept(FORWARD)),
    }
    "1.2.1" { "loop": Some(new_beside(&["forward", "proxy"])) }
    "1.2.2" { "loop": Some(kept(&[])) }
    "1.2.3" {
        "kubernetes": Some(kept(KUBERNETES_WITH_KUBECONFIG)),
        "rewrite": Some(kept(&["type", "class", "name", "edns0", "ttl"])),
    }
    "1.2.4" {}
    "1.2.5" {}
    "1.2.6" { "errors": Some(kept(&["consolidate"])) }
    "1.3.0" { "k8s_external": Some(kept(&["apex", "ttl"])) }
    "1.3.1" {
        "kubernetes": Some(kubernetes(&[("endpoint", option(Deprecated, FirstArgument))])),
    }
    "1.4.0" whole SplitForwards {
        "kubernetes": Some(kubernetes(&[ENDPOINT, ("upstream", option(Deprecated, Remove))])),
        "proxy": Some(Rules { status: Deprecated, ..PROXY_TO_FORWARD }),
    }
    "1.5.0" whole SplitForwards {
        "ready": Some(new_beside(&["kubernetes"])),
        "kubernetes": Some(kubernetes(&[
            ("resyncperiod", option(Deprecated, Remove)),
            ENDPOINT,
            ("upstream", option(Ignored, Remove)),
        ])),
        "proxy": Some(PROXY_TO_FORWARD),
    }
    "1.5.1" {
        "ready": Some(kept(&[])),
        "proxy": None,
    }
    "1.5.2" {}
    "1.6.0" {
        "kubernetes": Some(kubernetes(&[
            ("resyncperiod", option(Ignored, Remove)),
            ENDPOINT,
            ("upstream", option(Ignored, Remove)),
        ])),
    }
    "1.6.1" {}
    "1.6.2" {}
    "1.6.3" {}
    "1.6.4" {}
    "1.6.5" { "health": Some(changing(&[], &[("lameduck", new("lameduck 5s"))])) }
    "1.6.6" {
        "health": Some(kept(&["lameduck"])),
        "cache": Some(kept(&["success", "denial", "prefetch", "serve_stale"])),
    }
    "1.6.7" {}
    "1.6.9" { "forward": Some(kept(FORWARD_WITH_LIMIT)) }
    "1.7.0" {
        "kubernetes": Some(kubernetes(&[
            ("resyncperiod", option(Removed, Remove)),
            ENDPOINT,
            ("upstream", option(Removed, Remove)),
        ])),
        "forward": Some(changing(FORWARD, &[("max_concurrent", new("max_concurrent 1000"))])),
        "cache": Some(kept(CACHE)),
    }
    "1.7.1" { "forward": Some(kept(FORWARD_WITH_LIMIT)) }
    "1.8.0" whole CopyTransfers {
        "kubernetes": Some(changing(KUBERNETES_TODAY, &[
            ENDPOINT,
            ("transfer", option(Removed, Remove)),
        ])),
        "transfer": Some(kept(&["to"])),
    }
    "1.8.3" { "kubernetes": Some(changing(KUBERNETES_TODAY, &[ENDPOINT])) }
    "1.8.4" {}
    "1.8.5" {}
    "1.8.6" {}
    "1.8.7" {}
    "1.9.0" {}
    "1.9.1" {}
    "1.9.2" {}
    "1.9.3" { "errors": Some(kept(&["consolidate", "stacktrace"])) }
    "1.9.4" {
        "cache": Some(kept(&[
            "success", "denial", "prefetch", "serve_stale", "disable", "servfail",
        ])),
    }
    "1.10.0" {}
    "1.10.1" {
        "cache": Some(kept(&[
            "success", "denial", "prefetch", "serve_stale", "disable", "servfail", "keepttl",
        ])),
    }
    "1.11.0" {
        "k8s_external": Some(kept(&["apex", "ttl", "fallthrough"])),
        "rewrite": Some(kept(&["type", "class", "name", "edns0", "ttl", "cname_target"])),
    }
    "1.11.1" {}
    "1.11.3" {}
    "1.11.4" { "forward": Some(kept(FORWARD_WITH_NEXT)) }
    "1.12.0" { "forward": Some(kept(FORWARD_TODAY)) }
    "1.12.1" {}
    "1.12.2" {}
    "1.12.3" {}
    "1.12.4" {}
    "1.13.0" {}
    "1.13.1" {}
    "1.13.2" {}
    "1.14.0" {}
    "1.14.1" {}
    "1.14.2" {}
};

const KUBERNETES: &[&str] = &[
    "resyncperiod",
    "endpoint",
    "tls",
    "namespaces",
    "labels",
    "pods",
    "endpoint_pod_names",
    "upstream",
    "ttl",
    "noendpoints",
    "transfer",
    "fallthrough",
    "ignore",
];
const KUBERNETES_WITH_KUBECONFIG: &[&str] = &[
    "resyncperiod",
    "endpoint",
    "tls",
    "kubeconfig",
    "namespaces",
    "labels",
    "pods",
    "endpoint_pod_names",
    "upstream",
    "ttl",
    "noendpoints",
    "transfer",
    "fallthrough",
    "ignore",
];
const KUBERNETES_TODAY: &[&str] = &[
    "tls",
    "kubeconfig",
    "namespaces",
    "labels",
    "pods",
    "endpoint_pod_names",
    "ttl",
    "noendpoints",
    "fallthrough",
    "ignore",
];
/// `endpoint` takes one address.
const ENDPOINT: (&str, OptionRule) = ("endpoint", option(Ignored, FirstArgument));

const FORWARD_TO_TCP: &[&str] = &[
    "except",
    "force_tcp",
    "expire",
    "max_fails",
    "tls",
    "tls_servername",
    "policy",
    "health_check",
];
const FORWARD: &[&str] = &[
    "except",
    "force_tcp",
    "prefer_udp",
    "expire",
    "max_fails",
    "tls",
    "tls_servername",
    "policy",
    "health_check",
];
const FORWARD_WITH_LIMIT: &[&str] = &[
    "except",
    "force_tcp",
    "prefer_udp",
    "expire",
    "max_fails",
    "tls",
    "tls_servername",
    "policy",
    "health_check",
    "max_concurrent",
];
const FORWARD_WITH_NEXT: &[&str] = &[
    "except",
    "force_tcp",
    "prefer_udp",
    "expire",
    "max_fails",
    "tls",
    "tls_servername",
    "policy",
    "health_check",
    "max_concurrent",
    "next",
    "fail_fast",
];
const FORWARD_TODAY: &[&str] = &[
    "except",
    "force_tcp",
    "prefer_udp",
    "expire",
    "max_fails",
    "tls",
    "tls_servername",
    "policy",
    "health_check",
    "max_concurrent",
    "next",
    "failfast_all_unhealthy_upstreams",
];

const CACHE: &[&str] = &["success", "denial", "prefetch"];

const HOSTS: Rules = Rules {
    takes_addresses: true,
    ..kept(&["ttl", "no_reverse", "reload", "fallthrough"])
};

/// `forward` replaces `proxy`.
const PROXY_TO_FORWARD: Rules = Rules {
    status: Removed,
    rename: Some("forward"),
    ..changing(
        &["except"],
        &[
            ("policy", rewritten(PolicyToForceTcp)),
            ("fail_timeout", rewritten(Remove)),
            ("max_fails", rewritten(Remove)),
            ("health_check", rewritten(Remove)),
            ("spray", rewritten(Remove)),
            ("protocol", rewritten(ProtocolToForceTcp)),
        ],
    )
};

const fn kubernetes(changed: &'static [(&'static str, OptionRule)]) -> Rules {
    changing(KUBERNETES_WITH_KUBECONFIG, changed)
}

const fn proxy(changed: &'static [(&'static str, OptionRule)]) -> Rules {
    changing(
        &[
            "policy",
            "fail_timeout",
            "max_fails",
            "health_check",
            "except",
            "spray",
        ],
        changed,
    )
}

/// Returns the rules of a plugin with options that change.
const fn changing(
    known: &'static [&'static str],
    changed: &'static [(&'static str, OptionRule)],
) -> Rules {
    Rules {
        changed,
        ..kept(known)
    }
}

/// Returns the rules of a plugin that became part of the default in servers that have one of these
/// other plugins.
const fn new_beside(add_beside: &'static [&'static str]) -> Rules {
    Rules {
        status: NewDefault,
        add_beside,
        ..kept(&[])
    }
}

/// Returns the rule of an option that became part of the default.
const fn new(add: &'static str) -> OptionRule {
    OptionRule {
        add,
        ..option(NewDefault, Keep)
    }
}

/// Returns the rule of an option that is supported in another form.
const fn rewritten(action: Action) -> OptionRule {
    option(super::rules::Status::Supported, action)
}
