//! Kubeconfigs of the operator, refused as kubeadm refuses them.
use crate::{
    pki::{KubeconfigProblem, problem_of_kubeconfig},
    world::{Files, text_file::read_secret_text},
};
use anyhow::{Result, anyhow};
use kubephase_wit::Failure;

/// Refuses the kubeconfig at a path if no client can be made from it: it does not exist, or it
/// leads to no server. `loading` says in kubeadm's words what failed if it is not a kubeconfig.
///
/// # Errors
/// The kubeconfig cannot be used. The words are kubeadm's.
pub fn require_usable_kubeconfig(files: &dyn Files, path: &str, loading: &str) -> Result<()> {
    let text = read_secret_text(files, path).map_err(Failure::into_error)?;
    let text = text.ok_or_else(|| anyhow!("{loading}: open {path}: no such file or directory"))?;
    let read = |file: &str| files.read(file);
    match problem_of_kubeconfig(text.reveal(), path, &read) {
        None => Ok(()),
        Some(KubeconfigProblem::Document(why)) => Err(anyhow!("{loading}: {why}")),
        Some(KubeconfigProblem::Context(why)) => Err(anyhow!(
            "failed to create API client configuration from kubeconfig: {why}"
        )),
        Some(KubeconfigProblem::Client(why)) => Err(anyhow!("failed to create API client: {why}")),
    }
}
