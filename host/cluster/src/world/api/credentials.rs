//! The kubeconfig that a client uses.
use crate::secret::{Secret, configuration::Config};
use std::sync::Arc;

/// A kubeconfig, which names the server and authenticates the client.
#[derive(Clone, Debug, PartialEq)]
pub enum Credentials {
    /// Path of a file of the node, which is read anew for each request.
    File(String),
    /// The text of a kubeconfig.
    Text(Arc<Secret<String>>),
}

impl Credentials {
    /// Returns the credentials of a run: the bootstrap kubeconfig for a worker that joins, the
    /// admin kubeconfig otherwise.
    pub fn for_run(config: &Config) -> Credentials {
        match &config.join {
            Some(join) if !join.control_plane => Credentials::from_text(&join.bootstrap_kubeconfig),
            _ => Credentials::File(config.run.kubeconfig.clone()),
        }
    }

    /// Returns the credentials of a kubeconfig that is given as text.
    pub fn from_text(text: &Secret<String>) -> Credentials {
        Credentials::Text(Arc::new(text.clone()))
    }
}
