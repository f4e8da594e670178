//! Discovery by a kubeconfig of the operator: a file, or an HTTPS URL of a server whose certificate
//! the system's authorities signed.
use super::{
    Discovered,
    cluster_info::{server_and_authority, wait_for_cluster_info},
};
use crate::{
    arguments::HttpUrl,
    budget::Budget,
    cancel::Cancel,
    config::FileDiscovery,
    operator_files,
    pki::Kubeconfig,
    secret::Secret,
    world::{Cluster, Net, WorldResult, reach::Reach},
};
use data_encoding::BASE64;
use kubephase_wit::{Failure, FailureCode};
use std::{path::Path, time::Duration};

/// Finds the cluster by a kubeconfig. `may_run` allows the program in a kubeconfig file that
/// authenticates the user; a kubeconfig from a server never runs a program.
///
/// # Errors
/// The kubeconfig cannot be used, or the cluster does not answer as it should.
pub(super) fn discover(
    file: &FileDiscovery,
    api: &dyn Cluster,
    net: &dyn Net,
    limit: Duration,
    may_run: bool,
) -> WorldResult<Discovered> {
    let source = file.kube_config_path.as_str();
    let (mut kubeconfig, folder) = read_kubeconfig(file, net, limit)?;
    embed_files(&mut kubeconfig, source, folder)?;
    let (server, mut authority) = server_and_authority(&kubeconfig).ok_or_else(|| {
        unusable(
            format!("{source} names no cluster"),
            "add the cluster with its server to the kubeconfig, or use another one",
        )
    })?;
    let may_run_programs = folder.is_some() && may_run;
    let cluster = if may_run_programs {
        api.as_operator(&kubeconfig.to_text())?
    } else {
        api.as_holder_of(&kubeconfig.to_text())?
    };
    let mut warnings = Vec::new();
    match read_published(cluster.as_ref(), limit)? {
        Published::Cluster(published_server, published_authority) => {
            if published_server != server {
                warnings.push(format!(
                    "[discovery] WARNING: the cluster's own address of its API server is \
                     {published_server}, the address in {source} is {server}; the one in {source} \
                     is used"
                ));
            }
            authority = authority.or(published_authority);
        }
        Published::Nothing => {}
        Published::Forbidden => {
            warnings.push(
                "[discovery] WARNING: Could not access the cluster-info ConfigMap for refreshing \
                 the cluster-info information; the information of the file is used"
                    .into(),
            );
        }
    }
    let authority_pem = authority.ok_or_else(|| {
        unusable(
            format!("neither {source} nor the cluster names the authority to trust"),
            "add certificate-authority-data to the cluster in the kubeconfig",
        )
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

/// The content of the `cluster-info` of a cluster.
enum Published {
    /// the server, and the authority (PEM)
    Cluster(String, Option<String>),
    /// it names no cluster
    Nothing,
    /// the user of the kubeconfig may not read it
    Forbidden,
}

/// Waits for `cluster-info`, and reads it.
fn read_published(cluster: &dyn Cluster, limit: Duration) -> WorldResult<Published> {
    let info = match wait_for_cluster_info(cluster, limit, |_| Ok(())) {
        Ok(info) => info,
        Err(failure) if failure.code == FailureCode::Forbidden => return Ok(Published::Forbidden),
        Err(failure) => return Err(aborted(failure, limit)),
    };
    let kubeconfig = info["kubeconfig"]
        .as_str()
        .and_then(|text| Kubeconfig::parse(text, "cluster-info").ok());
    let published = kubeconfig.as_ref().and_then(server_and_authority);
    Ok(match published {
        Some((server, authority)) => Published::Cluster(server, authority),
        None => Published::Nothing,
    })
}

/// Reads the kubeconfig. Returns it with the folder of its file; a kubeconfig from a server has no
/// folder.
fn read_kubeconfig<'s>(
    file: &'s FileDiscovery,
    net: &dyn Net,
    limit: Duration,
) -> WorldResult<(Kubeconfig, Option<&'s Path>)> {
    let path = file.kube_config_path.as_str();
    if file.is_remote() {
        let text = fetch(path, net, limit)?;
        return Ok((Kubeconfig::parse(text.reveal(), path)?, None));
    }
    let text = operator_files::read_input_text(Path::new(path))
        .map(Secret::new)
        .map_err(|error| Failure::new(FailureCode::Io, format!("cannot read {path}: {error}")))?;
    Ok((
        Kubeconfig::parse(text.reveal(), path)?,
        Path::new(path).parent(),
    ))
}

/// Gets a kubeconfig from a server whose certificate the system's authorities signed.
fn fetch(url: &str, net: &dyn Net, limit: Duration) -> WorldResult<Secret<String>> {
    let parsed = HttpUrl::parse(url).map_err(|why| Failure::new(FailureCode::Invalid, why))?;
    // Before the run begins there is no token to cancel it: a signal ends the process.
    let budget = Budget::new(operator_files::LONGEST_INPUT, limit, &Cancel::never());
    let reply = net.http_get(&parsed, Reach::All, &budget)?;
    if reply.status != 200 {
        return Err(Failure::new(
            FailureCode::Unavailable,
            format!("the server answered {} for {url}", reply.status),
        ));
    }
    String::from_utf8(reply.body).map(Secret::new).map_err(|_| {
        Failure::new(
            FailureCode::Invalid,
            format!("the content of {url} is not text"),
        )
    })
}

/// Puts the contents of the files that a kubeconfig names into the kubeconfig. A kubeconfig from a
/// server must not name files of this machine.
fn embed_files(
    kubeconfig: &mut Kubeconfig,
    source: &str,
    folder: Option<&Path>,
) -> WorldResult<()> {
    kubeconfig.embed_files(&|path: &str| {
        let folder = folder.ok_or_else(|| {
            unusable(
                format!("{source} names the file {path}, and a server must not name files"),
                "put the content of the file into the kubeconfig, as `kubectl config view --raw \
                 --flatten` does",
            )
        })?;
        operator_files::read_input(&folder.join(path)).map_err(|error| {
            Failure::new(
                FailureCode::Io,
                format!("{source} names the file {path}, which cannot be read: {error}"),
            )
        })
    })
}

fn aborted(failure: Failure, limit: Duration) -> Failure {
    let message = format!(
        "Abort reading the cluster-info ConfigMap after timeout of {}s: {}",
        limit.as_secs(),
        failure.message
    );
    Failure { message, ..failure }
}

fn unusable(message: String, remedy: &str) -> Failure {
    Failure {
        remedy: Some(remedy.into()),
        ..Failure::new(FailureCode::Invalid, message)
    }
}
