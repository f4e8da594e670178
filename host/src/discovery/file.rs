//! Discovery by a kubeconfig that the operator gives: a file, or an HTTPS URL that the system's
//! authorities vouch for.
use super::{Discovered, server_and_authority, wait_for_cluster_info};
use crate::{
    arguments::HttpUrl,
    budget::Budget,
    cancel::Cancel,
    config::FileDiscovery,
    operator_files,
    pki::Kubeconfig,
    secret::Secret,
    world::{Cluster, Net, Tried, reach::Reach},
};
use data_encoding::BASE64;
use kubephase_wit::Failure;
use std::{path::Path, time::Duration};

/// Gets a kubeconfig from a server that the system's authorities vouch for.
fn fetch(url: &str, net: &dyn Net, limit: Duration) -> Tried<Secret<String>> {
    let parsed = HttpUrl::parse(url).map_err(|why| Failure::new("invalid", why))?;
    // While the cluster is looked for there is no run yet, and a signal ends the process.
    let reply = net.http_get(
        &parsed,
        Reach::All,
        &Budget::new(operator_files::LONGEST_INPUT, limit, &Cancel::never()),
    )?;
    if reply.status != 200 {
        return Err(Failure::new(
            "unavailable",
            format!("the server answered {} for {url}", reply.status),
        ));
    }
    String::from_utf8(reply.body)
        .map(Secret::new)
        .map_err(|_| Failure::new("invalid", format!("what {url} gives is not text")))
}

/// Finds the cluster by a kubeconfig. `may_run` allows a program in it that authenticates the user,
/// where it is a file.
///
/// # Errors
/// Why the kubeconfig cannot be used, or what the cluster answers instead of what it should.
pub fn discover(
    file: &FileDiscovery,
    api: &dyn Cluster,
    net: &dyn Net,
    limit: Duration,
    may_run: bool,
) -> Tried<Discovered> {
    let given = file.kube_config_path.as_str();
    let invalid = |message: String| Failure::new("invalid", message);
    let (text, folder) = match given.strip_prefix("file://").unwrap_or(given) {
        url if url.starts_with("https://") => (fetch(url, net, limit)?, None),
        path => {
            let text = operator_files::read_input_text(Path::new(path)).map(Secret::new);
            (
                text.map_err(|error| Failure::new("io", format!("cannot read {path}: {error}")))?,
                Path::new(path).parent(),
            )
        }
    };
    let mut kubeconfig = Kubeconfig::parse(text.reveal(), given)?;
    kubeconfig.embed_files(&|path: &str| {
        // A server does not get to name files of this machine.
        let folder = folder.ok_or_else(|| {
            invalid(format!(
                "{given} names the file {path}; it has to hold its content instead"
            ))
        })?;
        let content = operator_files::read_input(&folder.join(path));
        content.map_err(|error| {
            Failure::new(
                "io",
                format!("{given} names the file {path}, which cannot be read: {error}"),
            )
        })
    })?;
    let (server, mut authority) = server_and_authority(&kubeconfig)
        .ok_or_else(|| invalid(format!("{given} names no cluster")))?;
    let mut warnings = Vec::new();
    // A server does not get to name programs of this machine.
    let may_run_programs = folder.is_some() && may_run;
    let as_user = if may_run_programs {
        api.as_operator(&kubeconfig.to_text())?
    } else {
        api.as_holder_of(&kubeconfig.to_text())?
    };
    match wait_for_cluster_info(as_user.as_ref(), limit, |_| Ok(())) {
        Ok(info) => {
            let told = info["kubeconfig"]
                .as_str()
                .and_then(|text| Kubeconfig::parse(text, "cluster-info").ok());
            if let Some((other, known)) = told.as_ref().and_then(server_and_authority) {
                if other != server {
                    warnings.push(format!(
                        "[discovery] WARNING: the cluster calls its API server {other}, {given} \
                         calls it {server}; the file's is used"
                    ));
                }
                authority = authority.or(known);
            }
        }
        Err(failure) if failure.code == "forbidden" => {
            warnings.push(
                "[discovery] WARNING: Could not access the cluster-info ConfigMap for \
                refreshing the cluster-info information; what the file says is used"
                    .into(),
            );
        }
        Err(failure) => {
            let message = format!(
                "Abort reading the cluster-info ConfigMap after timeout of {}s: {}",
                limit.as_secs(),
                failure.message
            );
            return Err(Failure { message, ..failure });
        }
    }
    let authority_pem = authority.ok_or_else(|| {
        invalid(format!(
            "neither {given} nor the cluster says which authority is to be trusted"
        ))
    })?;
    let credentials = kubeconfig
        .has_credentials()
        .then(|| kubeconfig.with_authority(&BASE64.encode(authority_pem.as_bytes())));
    Ok(Discovered {
        server,
        authority_pem,
        credentials,
        may_run_programs,
        warnings,
    })
}
