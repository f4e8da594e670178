use super::*;
use crate::secret::Secret;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

mod namespaces;

/// A change by another client.
type Change = Box<dyn Fn(&VersionedCluster) + Send + Sync>;

/// A cluster that keeps what is written to it, as a new revision.
#[derive(Default)]
struct VersionedCluster {
    objects: Mutex<Vec<Value>>,
    /// the revision of the next write
    revision: AtomicU64,
    /// a change that another client makes before each of the next writes, and how many writes are
    /// left
    foreign_change: Mutex<Option<(Change, usize)>>,
}

impl VersionedCluster {
    fn put(&self, manifest: &Value) {
        let of = reference(manifest).unwrap();
        let mut object = manifest.clone();
        let revision = self.revision.fetch_add(1, Ordering::Relaxed).to_string();
        let uid = self
            .get(&of)
            .unwrap()
            .map(|it| it["metadata"]["uid"].clone());
        object["metadata"]["uid"] = uid.unwrap_or_else(|| format!("uid-{revision}").into());
        object["metadata"]["resourceVersion"] = revision.into();
        self.remove(&of);
        self.objects.lock().push(object);
    }

    fn remove(&self, object: &ObjectRef) {
        let mut objects = self.objects.lock();
        objects.retain(|stored| reference(stored).unwrap() != *object);
    }

    fn has(&self, object: &ObjectRef) -> bool {
        self.get(object).unwrap().is_some()
    }

    /// Lets another client make a change before each of the next writes.
    fn change_before(
        &self,
        writes: usize,
        change: impl Fn(&VersionedCluster) + Send + Sync + 'static,
    ) {
        *self.foreign_change.lock() = Some((Box::new(change), writes));
    }

    /// Starts a write. Fails with `conflict` if the metadata names a `uid` or `resourceVersion`
    /// that is not the current one.
    fn begin_write(&self, of: &ObjectRef, metadata: &Value) -> WorldResult<()> {
        let foreign_change = self.foreign_change.lock().take();
        if let Some((change, writes)) = foreign_change.filter(|(_, writes)| *writes > 0) {
            change(self);
            *self.foreign_change.lock() = Some((change, writes - 1));
        }
        let current = self.get(of)?.unwrap_or_default();
        for field in ["uid", "resourceVersion"] {
            if !metadata[field].is_null() && metadata[field] != current["metadata"][field] {
                return Err(Failure::new(FailureCode::Conflict, "it was changed"));
            }
        }
        Ok(())
    }
}

impl Cluster for VersionedCluster {
    fn get(&self, of: &ObjectRef) -> WorldResult<Option<Value>> {
        let objects = self.objects.lock();
        let found = objects
            .iter()
            .find(|object| reference(object).unwrap() == *of);
        Ok(found.cloned())
    }

    fn list(&self, _: &str, _: &str, _: Option<&str>, _: Option<&str>) -> WorldResult<Vec<Value>> {
        unreachable!()
    }

    fn create(&self, manifest: &Value) -> WorldResult<Value> {
        let of = reference(manifest)?;
        self.begin_write(&of, &Value::Null)?;
        if self.has(&of) {
            return Err(Failure::new(FailureCode::AlreadyExists, "it is there"));
        }
        self.put(manifest);
        Ok(manifest.clone())
    }

    fn replace(&self, manifest: &Value) -> WorldResult<Value> {
        self.begin_write(&reference(manifest)?, &manifest["metadata"])?;
        self.put(manifest);
        Ok(manifest.clone())
    }

    fn server_side_apply(&self, manifest: &Value) -> WorldResult<Value> {
        self.replace(manifest)
    }

    fn patch(&self, of: &ObjectRef, patch: &Value) -> WorldResult<Value> {
        self.begin_write(of, &patch["metadata"])?;
        let mut object = self.get(of)?.unwrap();
        json_patch::merge(&mut object, patch);
        self.put(&object);
        Ok(object)
    }

    fn delete(&self, of: &ObjectRef, only: Option<&Revision>) -> WorldResult<()> {
        let preconditions = only.map(Revision::preconditions).unwrap_or_default();
        self.begin_write(of, &preconditions)?;
        self.remove(of);
        Ok(())
    }

    fn probe(&self, _: &str, _: &str) -> WorldResult<u16> {
        unreachable!()
    }

    fn as_holder_of(&self, _: &Secret<String>) -> WorldResult<Box<dyn Cluster>> {
        unreachable!()
    }

    fn with_kubeconfig(&self, _: &str) -> WorldResult<Box<dyn Cluster>> {
        unreachable!()
    }
}

fn claim(identity: &str, namespace: Option<&str>) -> Claim {
    let mark = Mark {
        plugin: "own".into(),
        identity: identity.into(),
    };
    Claim {
        mark,
        namespace: namespace.map(Into::into),
    }
}

fn config_map(namespace: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "x", "namespace": namespace},
        "data": {"a": "b"},
    })
}

fn ensure(
    claim: &Claim,
    manifest: &Value,
    if_exists: IfExists,
    cluster: &dyn Cluster,
) -> WorldResult<EffectOutcome> {
    claim.ensure(manifest, if_exists, cluster, &Cancel::never())
}

fn patch_to_evil() -> Value {
    json!({"data": {"a": "evil"}})
}

/// One of the changes of an object `default/x` that a plugin can propose.
type ProposedChange = fn(&Claim, &VersionedCluster, &Cancel) -> WorldResult<EffectOutcome>;

const PROPOSED_CHANGES: [ProposedChange; 4] = [
    |claim, cluster, cancel| {
        let manifest = with_data(config_map("default"), "evil");
        claim.ensure(&manifest, IfExists::Update, cluster, cancel)
    },
    |claim, cluster, cancel| {
        let manifest = with_data(config_map("default"), "evil");
        claim.ensure(&manifest, IfExists::Apply, cluster, cancel)
    },
    |claim, cluster, cancel| {
        let of = reference(&config_map("default"))?;
        claim.patch(&of, &patch_to_evil(), cluster, cancel)
    },
    |claim, cluster, cancel| {
        let of = reference(&config_map("default"))?;
        claim.delete(&of, cluster, cancel)
    },
];

fn with_data(mut manifest: Value, data: &str) -> Value {
    manifest["data"]["a"] = data.into();
    manifest
}

#[test]
fn a_plugin_changes_what_the_host_made_for_it() {
    let (cluster, of) = (
        VersionedCluster::default(),
        reference(&config_map("default")).unwrap(),
    );
    let claim = claim("a", None);
    for data in ["b", "c"] {
        let mut manifest = config_map("default");
        manifest["data"]["a"] = data.into();
        for if_exists in [IfExists::Update, IfExists::Apply] {
            ensure(&claim, &manifest, if_exists, &cluster).unwrap();
            let stored = cluster.get(&of).unwrap().unwrap();
            assert!(
                stored["data"]["a"] == data && claim.mark.is_on(&stored),
                "{stored}"
            );
        }
    }
    let patch = json!({"metadata": {"labels": null}, "data": {"a": "d"}});
    claim
        .patch(&of, &patch, &cluster, &Cancel::never())
        .unwrap();
    let stored = cluster.get(&of).unwrap().unwrap();
    assert!(
        stored["data"]["a"] == "d" && claim.mark.is_on(&stored),
        "{stored}"
    );
    claim.delete(&of, &cluster, &Cancel::never()).unwrap();
    assert!(!cluster.has(&of));
}

#[test]
fn a_plugin_changes_nothing_that_somebody_else_made() {
    let of = reference(&config_map("default")).unwrap();
    let mut of_namesake = config_map("default");
    claim("other", None).mark.put_on(&mut of_namesake);
    for current in [config_map("default"), of_namesake] {
        let cluster = VersionedCluster::default();
        cluster.put(&current);
        let claim = claim("a", None);
        for change in PROPOSED_CHANGES {
            let failure = change(&claim, &cluster, &Cancel::never()).unwrap_err();
            assert!(
                failure.code == kubephase_wit::FailureCode::Denied
                    && failure.message.contains("configmaps default/x"),
                "{failure:?}"
            );
        }
        let stored = cluster.get(&of).unwrap().unwrap();
        assert_eq!(stored["data"], current["data"]);
    }
}

/// Returns a cluster with the object of a plugin.
fn cluster_of(claim: &Claim) -> VersionedCluster {
    let cluster = VersionedCluster::default();
    let mut object = config_map("default");
    claim.mark.put_on(&mut object);
    cluster.put(&object);
    cluster
}

#[test]
fn an_object_that_changes_owner_after_the_check_is_not_changed() {
    let claim = claim("a", None);
    let of = reference(&config_map("default")).unwrap();
    let takes_over =
        |cluster: &VersionedCluster| cluster.put(&with_data(config_map("default"), "theirs"));
    let makes_another = |cluster: &VersionedCluster| {
        cluster.remove(&reference(&config_map("default")).unwrap());
        cluster.put(&with_data(config_map("default"), "theirs"));
    };
    for propose in PROPOSED_CHANGES {
        for change in [takes_over as fn(&VersionedCluster), makes_another] {
            let cluster = cluster_of(&claim);
            cluster.change_before(1, change);
            let failure = propose(&claim, &cluster, &Cancel::never()).unwrap_err();
            let stored = cluster.get(&of).unwrap();
            assert_eq!(failure.code, FailureCode::Denied, "{failure:?}");
            assert!(stored.is_some_and(|stored| stored["data"]["a"] == "theirs"));
        }
    }
    // The change of an object that did not exist at the check fails in this way too.
    for propose in &PROPOSED_CHANGES[..2] {
        let cluster = VersionedCluster::default();
        cluster.change_before(1, takes_over);
        let failure = propose(&claim, &cluster, &Cancel::never()).unwrap_err();
        assert_eq!(failure.code, FailureCode::Denied, "{failure:?}");
    }
}

#[test]
fn an_object_of_the_plugin_that_changed_after_the_check_is_checked_again() {
    let claim = claim("a", None);
    let of = reference(&config_map("default")).unwrap();
    for propose in PROPOSED_CHANGES {
        let cluster = cluster_of(&claim);
        let unchanged = cluster.get(&of).unwrap().unwrap();
        // Three tries fail before one succeeds.
        cluster.change_before(3, move |cluster| cluster.put(&unchanged));
        propose(&claim, &cluster, &Cancel::never()).unwrap();
        let stored = cluster.get(&of).unwrap();
        assert!(stored.is_none_or(|stored| stored["data"]["a"] == "evil"));
    }
}

#[test]
fn a_cancelled_run_stops_retrying() {
    let claim = claim("a", None);
    let cluster = cluster_of(&claim);
    let unchanged = cluster.get(&reference(&config_map("default")).unwrap());
    let unchanged = unchanged.unwrap().unwrap();
    cluster.change_before(usize::MAX, move |cluster| cluster.put(&unchanged));
    let cancel = Cancel::new();
    cancel.request();
    let failure = PROPOSED_CHANGES[0](&claim, &cluster, &cancel).unwrap_err();
    assert_eq!(failure.code, FailureCode::Cancelled, "{failure:?}");
}
