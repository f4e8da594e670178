//! A node and a cluster to run phases over.
use crate::{
    run::{
        access::Access,
        event::{Bus, Event, Subscriber, What},
        session::{Session, Shared},
    },
    world::{Cluster, Files, Net, Node, Runtime, Tried, World, files::RootedFiles, node::described::DescribedNode},
};
use kubephase_wit::{Failure, ObjectRef};
use serde_json::Value;
use std::sync::{Arc, Mutex};

/// What phases said, a line each.
pub type Said = Arc<Mutex<Vec<String>>>;

struct Listener(Said);

impl Subscriber for Listener {
    fn notice(&mut self, event: &Event) {
        if let What::Message { label, text, .. } = &event.what {
            self.0.lock().unwrap().push(format!("[{label}] {text}"));
        }
    }
}

/// Objects that are there already; nothing is written.
struct Objects(Vec<Value>);

fn read_only<T>() -> Tried<T> {
    Err(Failure::new("denied", "phases do not write"))
}

impl Cluster for Objects {
    fn get(&self, of: &ObjectRef) -> Tried<Option<Value>> {
        Ok(self.0.iter().find(|object| crate::effect::objects::reference(object).is_ok_and(|found| found == *of)).cloned())
    }
    fn list(&self, api_version: &str, kind: &str, namespace: Option<&str>, _selector: Option<&str>) -> Tried<Vec<Value>> {
        let listed = |object: &&Value| {
            object["apiVersion"] == api_version && object["kind"] == kind && object["metadata"]["namespace"].as_str() == namespace
        };
        Ok(self.0.iter().filter(listed).cloned().collect())
    }
    fn create(&self, _manifest: &Value) -> Tried<Value> {
        read_only()
    }
    fn replace(&self, _manifest: &Value) -> Tried<Value> {
        read_only()
    }
    fn server_side_apply(&self, _manifest: &Value) -> Tried<Value> {
        read_only()
    }
    fn patch(&self, _of: &ObjectRef, _patch: &Value) -> Tried<Value> {
        read_only()
    }
    fn delete(&self, _of: &ObjectRef) -> Tried<()> {
        read_only()
    }
    fn probe(&self, _kubeconfig: &str, _path: &str) -> Tried<u16> {
        Ok(200)
    }
    fn with_kubeconfig(&self, _path: &str) -> Tried<Box<dyn Cluster>> {
        read_only()
    }
}

struct Described {
    files: RootedFiles,
    node: DescribedNode,
    objects: Objects,
}

impl World for Described {
    fn files(&self) -> &dyn Files {
        &self.files
    }
    fn node(&self) -> &dyn Node {
        &self.node
    }
    fn net(&self) -> &dyn Net {
        &self.node
    }
    fn runtime(&self) -> &dyn Runtime {
        &self.node
    }
    fn cluster(&self) -> &dyn Cluster {
        &self.objects
    }
}

/// A session of one phase, and what is said in it.
pub fn session(config: Value, objects: Vec<Value>, root: &std::path::Path, access: Access) -> (Session, Said) {
    let said = Said::default();
    let node = DescribedNode::new(Arc::default(), Box::new(|_, _| Ok(false)));
    let shared = Shared {
        world: Arc::new(Described { files: RootedFiles::open(root).unwrap(), node, objects: Objects(objects) }),
        bus: Bus::new(vec![Box::new(Listener(said.clone()))]),
        config,
        patches: Default::default(),
        facts: Mutex::default(),
        made: Mutex::default(),
    };
    (Session::new(Arc::new(shared), "addon/under-test", &serde_json::json!({}), access), said)
}
