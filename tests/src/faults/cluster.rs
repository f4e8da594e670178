//! The Kubernetes API and etcd, with operations that fail on purpose.
use super::Faults;
use kubephase::{
    secret::Secret,
    world::{Cluster, Etcd, EtcdMember, TakePart, World, WorldResult, revision::Revision},
};
use kubephase_wit::ObjectRef;
use serde_json::Value;
use std::sync::Arc;

/// The API of a world, or with other credentials.
pub(super) struct FaultyCluster {
    source: Source,
    faults: Arc<Faults>,
}

enum Source {
    Run(Arc<dyn World>),
    OtherCredentials(Box<dyn Cluster>),
}

impl FaultyCluster {
    pub fn of_run(world: Arc<dyn World>, faults: Arc<Faults>) -> FaultyCluster {
        FaultyCluster {
            source: Source::Run(world),
            faults,
        }
    }

    fn inner(&self) -> &dyn Cluster {
        match &self.source {
            Source::Run(world) => world.cluster(),
            Source::OtherCredentials(cluster) => cluster.as_ref(),
        }
    }

    fn with(&self, cluster: Box<dyn Cluster>) -> Box<dyn Cluster> {
        Box::new(FaultyCluster {
            source: Source::OtherCredentials(cluster),
            faults: self.faults.clone(),
        })
    }

    fn around<T>(
        &self,
        operation: &str,
        target: &str,
        carry_out: impl FnOnce(&dyn Cluster) -> WorldResult<T>,
    ) -> WorldResult<T> {
        self.faults
            .around(operation, target, || carry_out(self.inner()))
    }
}

fn name_of(reference: &ObjectRef) -> String {
    let namespace = reference.namespace.as_deref().unwrap_or_default();
    format!("{} {namespace}/{}", reference.kind, reference.name)
}

fn name_in(manifest: &Value) -> String {
    let field = |pointer| manifest.pointer(pointer).and_then(Value::as_str);
    let (kind, namespace, name) = (
        field("/kind").unwrap_or_default(),
        field("/metadata/namespace").unwrap_or_default(),
        field("/metadata/name").unwrap_or_default(),
    );
    format!("{kind} {namespace}/{name}")
}

impl Cluster for FaultyCluster {
    fn get(&self, reference: &ObjectRef) -> WorldResult<Option<Value>> {
        self.around("cluster.get", &name_of(reference), |inner| {
            inner.get(reference)
        })
    }

    fn list(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        selector: Option<&str>,
    ) -> WorldResult<Vec<Value>> {
        self.around("cluster.list", kind, |inner| {
            inner.list(api_version, kind, namespace, selector)
        })
    }

    fn create(&self, manifest: &Value) -> WorldResult<Value> {
        self.around("cluster.create", &name_in(manifest), |inner| {
            inner.create(manifest)
        })
    }

    fn replace(&self, manifest: &Value) -> WorldResult<Value> {
        self.around("cluster.replace", &name_in(manifest), |inner| {
            inner.replace(manifest)
        })
    }

    fn server_side_apply(&self, manifest: &Value) -> WorldResult<Value> {
        self.around("cluster.apply", &name_in(manifest), |inner| {
            inner.server_side_apply(manifest)
        })
    }

    fn patch(&self, reference: &ObjectRef, patch: &Value) -> WorldResult<Value> {
        self.around("cluster.patch", &name_of(reference), |inner| {
            inner.patch(reference, patch)
        })
    }

    fn delete(&self, reference: &ObjectRef, only: Option<&Revision>) -> WorldResult<()> {
        self.around("cluster.delete", &name_of(reference), |inner| {
            inner.delete(reference, only)
        })
    }

    fn probe(&self, kubeconfig: &str, url: &str) -> WorldResult<u16> {
        self.around("cluster.probe", url, |inner| inner.probe(kubeconfig, url))
    }

    fn as_holder_of(&self, kubeconfig: &Secret<String>) -> WorldResult<Box<dyn Cluster>> {
        let cluster = self.inner().as_holder_of(kubeconfig)?;
        Ok(self.with(cluster))
    }

    fn as_operator(&self, kubeconfig: &Secret<String>) -> WorldResult<Box<dyn Cluster>> {
        let cluster = self.inner().as_operator(kubeconfig)?;
        Ok(self.with(cluster))
    }

    fn with_kubeconfig(&self, path: &str) -> WorldResult<Box<dyn Cluster>> {
        let cluster = self.inner().with_kubeconfig(path)?;
        Ok(self.with(cluster))
    }
}

/// The etcd of a world.
pub(super) struct FaultyEtcd(pub Arc<dyn World>, pub Arc<Faults>);

impl Etcd for FaultyEtcd {
    fn members(&self) -> WorldResult<Vec<EtcdMember>> {
        self.1
            .around("etcd.members", "", || self.0.etcd().members())
    }

    fn add_learner(&self, peer_url: &str) -> WorldResult<()> {
        let add = || self.0.etcd().add_learner(peer_url);
        self.1.around("etcd.add-learner", peer_url, add)
    }

    fn promote(&self, id: u64) -> WorldResult<()> {
        self.1
            .around("etcd.promote", "", || self.0.etcd().promote(id))
    }

    fn remove(&self, id: u64) -> WorldResult<()> {
        self.1
            .around("etcd.remove", "", || self.0.etcd().remove(id))
    }

    fn health(&self) -> WorldResult<(usize, usize)> {
        self.1.around("etcd.health", "", || self.0.etcd().health())
    }

    fn serves(&self, client_url: &str) -> WorldResult<bool> {
        let ask = || self.0.etcd().serves(client_url);
        self.1.around("etcd.serves", client_url, ask)
    }

    fn snapshot(&self, client_url: &str, take: &mut TakePart<'_>) -> WorldResult<()> {
        let read = || self.0.etcd().snapshot(client_url, take);
        self.1.around("etcd.snapshot", client_url, read)
    }
}
