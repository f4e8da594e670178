//! A client of a real cluster that changes nothing there.
use super::PendingObjects;
use crate::{
    render::patches::strategic_merge,
    secret::Secret,
    world::{
        Cluster, WorldResult,
        api::{ApiClient, Credentials},
        object_ref::{reference, target},
        rehearsal::{
            api_server::{apply, sign_with_throwaway_authority},
            kubelet,
        },
        revision::Revision,
    },
};
use kubephase_wit::{Failure, FailureCode, ObjectRef};
use serde_json::Value;
use std::sync::Arc;

/// A client of a real cluster that changes nothing there.
pub struct DryRunClient {
    client: ApiClient,
    /// Whether the cluster can authenticate the client. If not, the cluster is not asked: reads
    /// return only the results of earlier changes.
    can_authenticate: bool,
    /// Path of a kubeconfig whose credentials the cluster does not know.
    unknown_kubeconfig: Option<String>,
    pending: Arc<PendingObjects>,
}

/// Whether a real cluster can authenticate these credentials. The certificate of the node's kubelet
/// was signed by the rehearsal, so the cluster does not know it.
fn can_authenticate(credentials: &Credentials, unknown: Option<&str>) -> bool {
    match credentials {
        Credentials::File(path) => path != kubelet::KUBECONFIG && Some(path.as_str()) != unknown,
        Credentials::Text(_) => true,
    }
}

fn not_found(reference: &ObjectRef) -> Failure {
    Failure::new(
        FailureCode::NotFound,
        format!("{} not found", target(reference)),
    )
}

impl DryRunClient {
    /// Returns a client. `client` makes server-side dry runs, with these credentials. The cluster
    /// does not know the `unknown_kubeconfig`, if there is one.
    pub(super) fn new(
        client: ApiClient,
        credentials: &Credentials,
        unknown_kubeconfig: Option<String>,
        pending: Arc<PendingObjects>,
    ) -> DryRunClient {
        DryRunClient {
            client,
            can_authenticate: can_authenticate(credentials, unknown_kubeconfig.as_deref()),
            unknown_kubeconfig,
            pending,
        }
    }

    /// Asks the cluster for the result of the first change of an object. Returns `manifest` if the
    /// cluster cannot be asked, or if it does not know the namespace because an earlier change
    /// would create that.
    fn dry_run(
        &self,
        reference: &ObjectRef,
        manifest: &Value,
        request: impl FnOnce(&ApiClient) -> WorldResult<Value>,
    ) -> WorldResult<Value> {
        if !self.can_authenticate {
            return Ok(manifest.clone());
        }
        match request(&self.client) {
            Err(failure)
                if failure.code == FailureCode::NotFound
                    && self.pending.has_namespace_of(reference) =>
            {
                Ok(manifest.clone())
            }
            outcome => outcome,
        }
    }

    /// Returns a client with other credentials, which sees the same results of changes.
    fn with_client(&self, client: ApiClient, credentials: &Credentials) -> Box<dyn Cluster> {
        Box::new(DryRunClient::new(
            client,
            credentials,
            self.unknown_kubeconfig.clone(),
            self.pending.clone(),
        ))
    }
}

impl Cluster for DryRunClient {
    fn get(&self, reference: &ObjectRef) -> WorldResult<Option<Value>> {
        match self.pending.get(reference) {
            Some(object) => Ok(object),
            None if self.can_authenticate => self.client.get(reference),
            None => Ok(None),
        }
    }

    fn list(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        selector: Option<&str>,
    ) -> WorldResult<Vec<Value>> {
        let mut listed = if self.can_authenticate {
            self.client.list(api_version, kind, namespace, selector)?
        } else {
            Vec::new()
        };
        self.pending
            .update_list(&mut listed, (api_version, kind), namespace, selector);
        Ok(listed)
    }

    fn create(&self, manifest: &Value) -> WorldResult<Value> {
        let reference = reference(manifest)?;
        let mut created = match self.pending.get(&reference) {
            Some(Some(_)) => {
                return Err(Failure::new(
                    FailureCode::AlreadyExists,
                    format!("{} already exists", target(&reference)),
                ));
            }
            Some(None) => manifest.clone(),
            None => self.dry_run(&reference, manifest, |client| client.create(manifest))?,
        };
        // The controllers of the cluster would approve and sign the request.
        if reference.kind == "CertificateSigningRequest" {
            sign_with_throwaway_authority(&mut created);
        }
        Ok(self.pending.set(&reference, created))
    }

    fn replace(&self, manifest: &Value) -> WorldResult<Value> {
        let reference = reference(manifest)?;
        let replaced = match self.pending.get(&reference) {
            Some(_) => manifest.clone(),
            None => self.dry_run(&reference, manifest, |client| client.replace(manifest))?,
        };
        Ok(self.pending.set(&reference, replaced))
    }

    fn server_side_apply(&self, manifest: &Value) -> WorldResult<Value> {
        let reference = reference(manifest)?;
        let applied = match self.pending.get(&reference) {
            Some(current) => apply(current.as_ref(), manifest)?,
            None => self.dry_run(&reference, manifest, |client| {
                client.server_side_apply(manifest)
            })?,
        };
        Ok(self.pending.set(&reference, applied))
    }

    fn patch(&self, reference: &ObjectRef, patch: &Value) -> WorldResult<Value> {
        let patched = match self.pending.get(reference) {
            Some(Some(current)) => strategic_merge(&reference.kind, current, patch.clone())
                .map_err(|why| Failure::new(FailureCode::Invalid, why))?,
            None if self.can_authenticate => self.client.patch(reference, patch)?,
            Some(None) | None => return Err(not_found(reference)),
        };
        Ok(self.pending.set(reference, patched))
    }

    fn delete(&self, reference: &ObjectRef, only: Option<&Revision>) -> WorldResult<()> {
        if self.can_authenticate && self.pending.get(reference).is_none() {
            self.client.delete(reference, only)?;
        }
        self.pending.delete(reference);
        Ok(())
    }

    fn probe(&self, kubeconfig: &str, url: &str) -> WorldResult<u16> {
        self.client.probe(kubeconfig, url)
    }

    fn as_holder_of(&self, kubeconfig: &Secret<String>) -> WorldResult<Box<dyn Cluster>> {
        Ok(self.with_client(
            self.client.with_text(kubeconfig),
            &Credentials::from_text(kubeconfig),
        ))
    }

    fn with_kubeconfig(&self, path: &str) -> WorldResult<Box<dyn Cluster>> {
        Ok(self.with_client(
            self.client.with_file(path)?,
            &Credentials::File(path.to_owned()),
        ))
    }
}
