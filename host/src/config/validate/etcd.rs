//! Checks of etcd's configuration.
use super::{absolute, args, repository, sans};
use crate::config::Problem;
use kubephase_sdk::{
    kubeadm::{ClusterConfiguration, ExternalEtcd},
    net::Url,
    node::without_user_info,
    release::Release,
};

/// Checks the configuration of a local or an external etcd.
pub(super) fn etcd(cluster: &ClusterConfiguration) -> Vec<Problem> {
    let mut problems = Vec::new();
    match (&cluster.etcd.local, &cluster.etcd.external) {
        (None, None) => problems.push(Problem::invalid(
            "etcd",
            "",
            "either .Etcd.Local or .Etcd.External is required",
        )),
        (Some(_), Some(_)) => problems.push(Problem::invalid(
            "etcd",
            "",
            ".Etcd.Local and .Etcd.External are mutually exclusive",
        )),
        _ => {}
    }
    if let Some(local) = &cluster.etcd.local {
        absolute(
            &mut problems,
            "etcd.local.dataDir",
            if local.data_dir.is_empty() {
                "/"
            } else {
                &local.data_dir
            },
        );
        problems.extend(sans("etcd.local.serverCertSANs", &local.server_cert_sans));
        problems.extend(sans("etcd.local.peerCertSANs", &local.peer_cert_sans));
        repository(
            &mut problems,
            "etcd.local.imageRepository",
            &local.image_repository,
        );
        problems.extend(args("etcd.local.extraArgs", &local.extra_args));
    }
    if let Some(external) = &cluster.etcd.external {
        problems.extend(external_etcd(external, cluster.release()));
    }
    problems
}

fn external_etcd(external: &ExternalEtcd, release: &Release) -> Vec<Problem> {
    let mut problems = Vec::new();
    let ExternalEtcd {
        ca_file,
        cert_file,
        key_file,
        ..
    } = external;
    if !cert_file.is_empty() && !key_file.is_empty() && ca_file.is_empty() {
        problems.push(Problem::invalid(
            "etcd.external",
            "",
            "setting .Etcd.External.CertFile and .Etcd.External.KeyFile requires \
             .Etcd.External.CAFile",
        ));
    }
    if cert_file.is_empty() != key_file.is_empty() {
        problems.push(Problem::invalid(
            "etcd.external",
            "",
            "either both or none of .Etcd.External.CertFile and .Etcd.External.KeyFile must be set",
        ));
    }
    let needs_https = !(ca_file.is_empty() && cert_file.is_empty() && key_file.is_empty());
    if external.endpoints.is_empty() && release.configuration.requires_etcd_endpoints {
        problems.push(Problem::invalid(
            "etcd.external.endpoints",
            "",
            "at least one endpoint must be specified",
        ));
    }
    problems.extend(urls(
        "etcd.external.endpoints",
        &external.endpoints,
        needs_https,
    ));
    problems.extend(urls(
        "etcd.external.httpEndpoints",
        &external.http_endpoints,
        false,
    ));
    for (name, file) in [
        ("caFile", ca_file),
        ("certFile", cert_file),
        ("keyFile", key_file),
    ]
    .into_iter()
    .filter(|(_, file)| !file.is_empty())
    {
        absolute(&mut problems, &format!("etcd.external.{name}"), file);
    }
    problems
}

fn urls(path: &str, urls: &[String], needs_https: bool) -> Vec<Problem> {
    urls.iter()
        .filter_map(|url| {
            let reason = url_problem(url, needs_https)?;
            Some(Problem::invalid(path, without_user_info(url), reason))
        })
        .collect()
}

/// Returns why a text is not the URL of an etcd; `None` if it is.
fn url_problem(text: &str, needs_https: bool) -> Option<String> {
    match Url::parse(text) {
        // The scheme of `host:2379` is `host`.
        Ok(url) if url.scheme().is_empty() => {
            Some("the URL without scheme is not allowed".to_owned())
        }
        Ok(url) if needs_https && url.scheme() != "https" => {
            Some("the URL must be using the HTTPS scheme".to_owned())
        }
        Ok(_) => None,
        Err(why) => Some(format!(
            "URL parse error: parse {:?}: {why}",
            without_user_info(text)
        )),
    }
}
