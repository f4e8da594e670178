//! Kubeconfigs for clients outside of the rehearsed node. They have the credentials of the node's
//! kubeconfigs, an address on loopback, and the name in the server's certificate.
use crate::{
    config::Config,
    world::{Files, text_file::read_kubeconfig},
};
use anyhow::Result;
use kubephase_wit::Failure;
use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// The kubeconfigs of a node, without `.conf`.
const NAMES: &[&str] = &[
    "admin",
    "super-admin",
    "kubelet",
    "controller-manager",
    "scheduler",
];

/// Writes the kubeconfigs below the scratch root and returns their folder.
///
/// # Errors
/// A kubeconfig cannot be read or written.
pub fn write_kubeconfigs(
    files: &dyn Files,
    config: &Config,
    address: SocketAddr,
    root: &Path,
) -> Result<PathBuf> {
    const FOLDER: &str = "/var/lib/kubephase/serve";
    for name in NAMES {
        let path = format!("{}/{name}.conf", config.run.kubeconfig_dir);
        if let Some(kubeconfig) = read_kubeconfig(files, &path).map_err(Failure::into_error)? {
            let text = kubeconfig.with_address(&address).to_text();
            files
                .write(
                    &format!("{FOLDER}/{name}.conf"),
                    text.reveal().as_bytes(),
                    0o600,
                    None,
                )
                .map_err(Failure::into_error)?;
        }
    }
    Ok(root.join(FOLDER.trim_start_matches('/')))
}
