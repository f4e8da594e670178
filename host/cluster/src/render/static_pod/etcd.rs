//! The static Pod of an etcd that runs on the control-plane nodes.
use super::{Component, certificate_file, environment, probe, probe::Probes, volume::Mount};
use crate::render::{command_line, host_port, images, last_flag_value};
use kubephase_sdk::{
    kubeadm::{Arg, Config},
    net::{Url, parse_address, parse_port},
};
use semver::Version;
use serde_json::{Value, json};
use std::net::IpAddr;

/// The annotation with the URL at which clients reach the member.
const ADVERTISE_ANNOTATION: &str = "kubeadm.kubernetes.io/etcd.advertise-client-urls";
/// Port of the metrics, and of the health endpoints for probes.
const METRICS_PORT: u16 = 2381;

/// A member of the etcd cluster. The name of a member that has not started yet is its id in
/// hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub name: String,
    pub peer_url: String,
}

/// Returns the manifest of a new cluster's first member.
pub fn etcd(config: &Config) -> Value {
    etcd_of_joining_member(config, &[])
}

/// Returns the manifest of a member that joins `members`, which include the member itself. If
/// `members` is empty, returns the manifest of a new cluster's first member.
pub fn etcd_of_joining_member(config: &Config, members: &[Member]) -> Value {
    let local = config.cluster.etcd.local.clone().unwrap_or_default();
    let address = &config.init.local_api_endpoint.advertise_address;
    let metrics = Metrics::from_arguments(&local.extra_args, loopback_address(address));
    Component {
        name: "etcd",
        image: images::etcd(&config.cluster),
        arguments: command_line(flags(config, &local.data_dir, members), &local.extra_args),
        environment: environment::merge_variables(&[&local.extra_envs]),
        annotations: vec![(
            ADVERTISE_ANNOTATION,
            format!("https://{}", host_port(address, 2379)),
        )],
        requests: json!({ "cpu": "100m", "memory": "100Mi" }),
        probes: Probes {
            host: metrics.host,
            scheme: metrics.scheme,
            liveness: "/livez",
            readiness: Some("/readyz"),
            startup: "/readyz",
            startup_failures: probe::startup_failures(config),
        },
        port: metrics.port.into(),
        mounts: vec![
            Mount::directory("etcd-data", &local.data_dir, false),
            Mount::directory(
                "etcd-certs",
                &format!("{}/etcd", config.cluster.certificates_dir),
                false,
            ),
        ],
    }
    .pod(config.cluster.release())
}

fn flags(config: &Config, data_dir: &str, members: &[Member]) -> Vec<(&'static str, String)> {
    let address = &config.init.local_api_endpoint.advertise_address;
    let node = config.init.node_registration.name.clone();
    let (client, peer) = (
        format!("https://{}", host_port(address, 2379)),
        format!("https://{}", host_port(address, 2380)),
    );
    let loopback = loopback_address(address);
    let mut flags = vec![
        ("advertise-client-urls", client.clone()),
        ("cert-file", certificate_file(config, "etcd/server.crt")),
        ("client-cert-auth", "true".into()),
        ("data-dir", data_dir.into()),
        ("initial-advertise-peer-urls", peer.clone()),
        ("key-file", certificate_file(config, "etcd/server.key")),
        (
            "listen-client-urls",
            format!("https://{},{client}", host_port(loopback, 2379)),
        ),
        (
            "listen-metrics-urls",
            format!("http://{}", host_port(loopback, METRICS_PORT)),
        ),
        ("listen-peer-urls", peer.clone()),
        ("peer-cert-file", certificate_file(config, "etcd/peer.crt")),
        ("peer-client-cert-auth", "true".into()),
        ("peer-key-file", certificate_file(config, "etcd/peer.key")),
        (
            "peer-trusted-ca-file",
            certificate_file(config, "etcd/ca.crt"),
        ),
        ("snapshot-count", "10000".into()),
        ("trusted-ca-file", certificate_file(config, "etcd/ca.crt")),
    ];
    flags.extend(
        flags_of_version(config)
            .iter()
            .map(|(name, value)| (*name, (*value).into())),
    );
    if members.is_empty() {
        flags.push(("initial-cluster", format!("{node}={peer}")));
    } else {
        let all: Vec<_> = members
            .iter()
            .map(|member| format!("{}={}", member.name, member.peer_url))
            .collect();
        flags.push(("initial-cluster", all.join(",")));
        flags.push(("initial-cluster-state", "existing".into()));
    }
    flags.push(("name", node));
    flags
}

/// Returns the flags that depend on the version of etcd, which is the tag of its image. If the tag
/// is not a version, these are the flags of the oldest etcd.
fn flags_of_version(config: &Config) -> &'static [(&'static str, &'static str)] {
    let tag = images::etcd_tag(&config.cluster).trim_start_matches('v');
    let version = Version::parse(tag).ok();
    let mut newest_first = config.cluster.release().static_pods.etcd_flags.iter().rev();
    let row = newest_first.find(|row| match row.since.map(Version::parse) {
        None => true,
        Some(since) => since.is_ok_and(|since| version.as_ref() >= Some(&since)),
    });
    row.map_or(&[], |row| row.flags)
}

/// Returns the loopback address of the family (IPv4 or IPv6) of an address.
pub(super) fn loopback_address(address: &str) -> &'static str {
    match parse_address(address) {
        Some(IpAddr::V6(_)) => "::1",
        _ => "127.0.0.1",
    }
}

/// The endpoint of etcd for probes: the first of the user's URLs for metrics, or the default.
struct Metrics {
    host: String,
    port: u16,
    scheme: &'static str,
}

impl Metrics {
    /// Reads the endpoint from the user's flags of etcd. `loopback` is the host if they name none.
    fn from_arguments(arguments: &[Arg], loopback: &str) -> Metrics {
        let given = last_flag_value(arguments, "listen-metrics-urls")
            .and_then(|urls| urls.split(',').next());
        let Some(url) = given.and_then(|url| Url::parse(url).ok()) else {
            return Metrics {
                host: loopback.into(),
                port: METRICS_PORT,
                scheme: "HTTP",
            };
        };
        let host = Some(url.host()).filter(|host| !host.is_empty());
        Metrics {
            host: host.unwrap_or(loopback).into(),
            port: parse_port(url.port()).unwrap_or(METRICS_PORT),
            scheme: if url.scheme() == "https" {
                "HTTPS"
            } else {
                "HTTP"
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probes_use_the_first_url_for_metrics() {
        for (given, host, port, scheme) in [
            ("http://0.0.0.0:2381,http://x", "0.0.0.0", 2381, "HTTP"),
            ("HTTPS://[2001:db8::7]:9001/x", "2001:db8::7", 9001, "HTTPS"),
            (
                "https://metrics.example",
                "metrics.example",
                METRICS_PORT,
                "HTTPS",
            ),
            ("https://:9001", "127.0.0.1", 9001, "HTTPS"),
            ("http://x:0", "x", METRICS_PORT, "HTTP"),
            ("http://x:99999", "x", METRICS_PORT, "HTTP"),
            ("https://x:+1", "127.0.0.1", METRICS_PORT, "HTTP"),
            ("x:9001", "127.0.0.1", METRICS_PORT, "HTTP"),
            ("", "127.0.0.1", METRICS_PORT, "HTTP"),
        ] {
            let argument = Arg {
                name: "listen-metrics-urls".into(),
                value: given.into(),
            };
            let metrics = Metrics::from_arguments(&[argument], "127.0.0.1");
            assert_eq!(
                (metrics.host.as_str(), metrics.port, metrics.scheme),
                (host, port, scheme),
                "{given}"
            );
        }
        assert_eq!(loopback_address("::ffff:192.0.2.7"), "127.0.0.1");
        assert_eq!(loopback_address("2001:db8::7"), "::1");
    }
}
