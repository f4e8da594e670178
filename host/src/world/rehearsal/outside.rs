//! A cluster outside of the rehearsal, as a machine sees it that would join it. It is looked at,
//! and asked what would come of each change (server-side dry run); nothing there is changed. What
//! would be is kept here, for whoever looks again.
use super::{
    cluster::{apply, selects, sign_by_nobody},
    etcd::Members,
    kubelet,
};
use crate::{
    render::patches::strategic_merge,
    secret::Secret,
    world::{
        Cluster, Etcd, Tried,
        api::{ApiClient, Credentials, Dial, Endpoint},
        object_ref::{reference, target},
    },
};
use kubephase_wit::{Failure, ObjectRef};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

pub struct Outside {
    dial: Arc<dyn Dial>,
    etcd: Box<dyn Etcd>,
    /// its members were taken over
    met: Mutex<bool>,
    would_be: Arc<WouldBe>,
}

impl Outside {
    /// A cluster behind whose servers are dialled so; of its `etcd` the members are looked at.
    pub fn new(dial: Arc<dyn Dial>, etcd: Box<dyn Etcd>) -> Outside {
        Outside {
            dial,
            etcd,
            met: Mutex::default(),
            would_be: Arc::default(),
        }
    }

    /// Where a server is to be dialled.
    pub fn endpoint(&self, server: &url::Url) -> Option<Endpoint> {
        self.dial.endpoint(server)
    }

    /// Takes over the members of etcd, until that has been done once.
    ///
    /// # Errors
    /// Where too few of them are well.
    pub fn meet(&self, members: &Members) -> Tried<()> {
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        if !*met {
            members.meet(self.etcd.as_ref())?;
            *met = true;
        }
        Ok(())
    }

    /// The cluster as whoever has these credentials sees it.
    pub fn seen(&self, client: ApiClient, credentials: &Credentials) -> Seen {
        Seen {
            client: client.dry(),
            known: is_known(credentials),
            would_be: self.would_be.clone(),
        }
    }
}

/// Whether the cluster knows who has these: the certificate of the node's kubelet is one that
/// nobody there signed.
fn is_known(credentials: &Credentials) -> bool {
    *credentials != Credentials::File(kubelet::KUBECONFIG.to_owned())
}

/// Objects by what they are: as they would be, or none where they would be gone.
type WouldBe = Mutex<BTreeMap<Key, Option<Value>>>;

/// API version, kind, namespace and name.
type Key = (String, String, Option<String>, String);

fn key(of: &ObjectRef) -> Key {
    (
        of.api_version.clone(),
        of.kind.clone(),
        of.namespace.clone(),
        of.name.clone(),
    )
}

pub struct Seen {
    client: ApiClient,
    /// whoever asks is known to the cluster; what nobody there could answer is answered from here
    known: bool,
    would_be: Arc<WouldBe>,
}

impl Seen {
    fn would_be(&self) -> MutexGuard<'_, BTreeMap<Key, Option<Value>>> {
        self.would_be.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An object as it would be, where anything would come of it.
    fn kept(&self, of: &ObjectRef) -> Option<Option<Value>> {
        self.would_be().get(&key(of)).cloned()
    }

    fn keep(&self, of: &ObjectRef, object: Value) -> Value {
        self.would_be().insert(key(of), Some(object.clone()));
        object
    }

    /// What the cluster says to a change of what is as it was there; it knows nothing of a
    /// namespace that would be.
    fn asked(
        &self,
        of: &ObjectRef,
        otherwise: &Value,
        ask: impl FnOnce(&ApiClient) -> Tried<Value>,
    ) -> Tried<Value> {
        if !self.known {
            return Ok(otherwise.clone());
        }
        match ask(&self.client) {
            Err(failure) if failure.code == "not-found" && self.in_new_namespace(of) => {
                Ok(otherwise.clone())
            }
            outcome => outcome,
        }
    }

    fn in_new_namespace(&self, of: &ObjectRef) -> bool {
        let namespace =
            |name: &String| ("v1".to_owned(), "Namespace".to_owned(), None, name.clone());
        of.namespace
            .as_ref()
            .is_some_and(|name| self.would_be().contains_key(&namespace(name)))
    }

    fn other(&self, client: ApiClient, credentials: &Credentials) -> Box<dyn Cluster> {
        Box::new(Seen {
            client,
            known: is_known(credentials),
            would_be: self.would_be.clone(),
        })
    }
}

impl Cluster for Seen {
    fn get(&self, of: &ObjectRef) -> Tried<Option<Value>> {
        match self.kept(of) {
            Some(object) => Ok(object),
            None if self.known => self.client.get(of),
            None => Ok(None),
        }
    }

    fn list(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        selector: Option<&str>,
    ) -> Tried<Vec<Value>> {
        let mut listed = if self.known {
            self.client.list(api_version, kind, namespace, selector)?
        } else {
            Vec::new()
        };
        let would_be = self.would_be();
        let here = would_be.iter().filter(|((version, of, within, _), _)| {
            version == api_version
                && of == kind
                && namespace.is_none_or(|namespace| within.as_deref() == Some(namespace))
        });
        for ((.., within, name), object) in here {
            let same = |metadata: &Value| {
                metadata["name"] == name.as_str()
                    && metadata["namespace"].as_str() == within.as_deref()
            };
            listed.retain(|object| !same(&object["metadata"]));
            if let Some(object) = object
                && selects(selector, object)
            {
                listed.push(object.clone());
            }
        }
        Ok(listed)
    }

    fn create(&self, manifest: &Value) -> Tried<Value> {
        let of = reference(manifest)?;
        let mut created = match self.kept(&of) {
            Some(Some(_)) => {
                return Err(Failure::new(
                    "already-exists",
                    format!("{} already exists", target(&of)),
                ));
            }
            Some(None) => manifest.clone(),
            None => self.asked(&of, manifest, |client| client.create(manifest))?,
        };
        // Its controllers would approve and sign.
        if of.kind == "CertificateSigningRequest" {
            sign_by_nobody(&mut created);
        }
        Ok(self.keep(&of, created))
    }

    fn replace(&self, manifest: &Value) -> Tried<Value> {
        let of = reference(manifest)?;
        let replaced = match self.kept(&of) {
            Some(_) => manifest.clone(),
            None => self.asked(&of, manifest, |client| client.replace(manifest))?,
        };
        Ok(self.keep(&of, replaced))
    }

    fn server_side_apply(&self, manifest: &Value) -> Tried<Value> {
        let of = reference(manifest)?;
        let applied = match self.kept(&of) {
            Some(current) => apply(current.as_ref(), manifest)?,
            None => self.asked(&of, manifest, |client| client.server_side_apply(manifest))?,
        };
        Ok(self.keep(&of, applied))
    }

    fn patch(&self, of: &ObjectRef, patch: &Value) -> Tried<Value> {
        let patched = match self.kept(of) {
            Some(Some(current)) => strategic_merge(&of.kind, &current, patch)
                .map_err(|why| Failure::new("invalid", why))?,
            None if self.known => self.client.patch(of, patch)?,
            Some(None) | None => {
                return Err(Failure::new(
                    "not-found",
                    format!("{} not found", target(of)),
                ));
            }
        };
        Ok(self.keep(of, patched))
    }

    fn delete(&self, of: &ObjectRef) -> Tried<()> {
        if self.known && self.kept(of).is_none() {
            self.client.delete(of)?;
        }
        self.would_be().insert(key(of), None);
        Ok(())
    }

    fn probe(&self, kubeconfig: &str, url: &str) -> Tried<u16> {
        self.client.probe(kubeconfig, url)
    }

    fn as_holder_of(&self, kubeconfig: &Secret<String>) -> Tried<Box<dyn Cluster>> {
        Ok(self.other(
            self.client.of_text(kubeconfig),
            &Credentials::text(kubeconfig),
        ))
    }

    fn with_kubeconfig(&self, path: &str) -> Tried<Box<dyn Cluster>> {
        Ok(self.other(
            self.client.of_file(path)?,
            &Credentials::File(path.to_owned()),
        ))
    }
}

#[cfg(test)]
mod tests;
