//! Corefiles that were the default of a version of Kubernetes.
use super::syntax::{Corefile, Plugin, Server, Setting};

/// The Corefiles that Kubernetes 1.11 to 1.20 installed, the oldest first. `*` is any word, and
/// `***` any rest of a line. kubeadm knows only these: it treats the defaults of later versions as
/// Corefiles that were changed.
const DEFAULTS: [&str; 6] = [
    ".:53 {
        errors
        health
        kubernetes * *** {
            pods insecure
            upstream
            fallthrough in-addr.arpa ip6.arpa
        }
        prometheus :9153
        proxy . *
        cache 30
        reload
    }",
    ".:53 {
        errors
        health
        kubernetes * *** {
            pods insecure
            upstream
            fallthrough in-addr.arpa ip6.arpa
        }
        prometheus :9153
        proxy . *
        cache 30
        loop
        reload
        loadbalance
    }",
    ".:53 {
        errors
        health
        kubernetes * *** {
            pods insecure
            upstream
            fallthrough in-addr.arpa ip6.arpa
            ttl 30
        }
        prometheus :9153
        forward . *
        cache 30
        loop
        reload
        loadbalance
    }",
    ".:53 {
        errors
        health
        ready
        kubernetes * *** {
            pods insecure
            fallthrough in-addr.arpa ip6.arpa
            ttl 30
        }
        prometheus :9153
        forward . *
        cache 30
        loop
        reload
        loadbalance
    }",
    ".:53 {
        errors
        health {
            lameduck 5s
        }
        ready
        kubernetes * *** {
            pods insecure
            fallthrough in-addr.arpa ip6.arpa
            ttl 30
        }
        prometheus :9153
        forward . *
        cache 30
        loop
        reload
        loadbalance
    }",
    ".:53 {
        errors
        health {
            lameduck 5s
        }
        ready
        kubernetes * *** {
            pods insecure
            fallthrough in-addr.arpa ip6.arpa
            ttl 30
        }
        prometheus :9153
        forward . * {
            max_concurrent 1000
        }
        cache 30
        loop
        reload
        loadbalance
    }",
];

/// Whether a Corefile is the default of one of these versions, or is empty. The order of plugins
/// and options does not count.
pub fn is_default(corefile: &str) -> bool {
    let Ok(corefile) = Corefile::parse(corefile) else {
        return false;
    };
    let mut defaults = DEFAULTS
        .iter()
        .filter_map(|text| Corefile::parse(text).ok());
    corefile.servers.is_empty() || defaults.any(|default| is_like(&corefile, &default))
}

fn is_like(corefile: &Corefile, default: &Corefile) -> bool {
    corefile.servers.len() == default.servers.len()
        && corefile.servers.iter().all(|server| {
            let like = |default: &&Server| fit(&server.keys, &default.keys);
            let default = default.servers.iter().find(like);
            default.is_some_and(|default| has_plugins_of(server, default))
        })
}

fn has_plugins_of(server: &Server, default: &Server) -> bool {
    server.plugins.len() == default.plugins.len()
        && server.plugins.iter().all(|plugin| {
            let like = |default: &&Plugin| {
                plugin.name == default.name && fit(&plugin.arguments, &default.arguments)
            };
            let default = default.plugins.iter().find(like);
            default.is_some_and(|default| has_options_of(plugin, default))
        })
}

fn has_options_of(plugin: &Plugin, default: &Plugin) -> bool {
    plugin.options.len() == default.options.len()
        && plugin.options.iter().all(|option| {
            let like = |default: &Setting| {
                option.name == default.name && fit(&option.arguments, &default.arguments)
            };
            default.options.iter().any(like)
        })
}

/// Whether words match the words of a default, which may have `*` and `***`.
fn fit(words: &[String], default: &[String]) -> bool {
    let rest = default.iter().position(|word| word == "***");
    let compared = rest.unwrap_or(default.len());
    let is_long_enough = match rest {
        Some(_) => true,
        None => words.len() == default.len(),
    };
    is_long_enough
        && default[..compared]
            .iter()
            .enumerate()
            .all(|(index, wanted)| wanted == "*" || words.get(index) == Some(wanted))
}
