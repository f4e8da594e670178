//! A node that is described by facts, as in every rehearsal. It answers from its description, and
//! changes of the node change its answers; nothing outside of this process changes. `machine`,
//! `network` and `runtime` implement the parts of a world for it.
mod machine;
mod network;
mod runtime;

use super::facts::NodeFacts;
use crate::world::{ServiceState, WorldResult};
use parking_lot::{Mutex, MutexGuard};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};

/// Called with the name of a service and the state that it is to be in. Returns whether it changed
/// anything.
pub type ServiceHook = Box<dyn Fn(&str, &str) -> WorldResult<bool> + Send + Sync>;

/// A node that is described by facts.
pub struct DescribedNode {
    facts: Arc<NodeFacts>,
    /// The facts that phases may ask for, by name.
    facts_by_name: BTreeMap<&'static str, Value>,
    on_service: ServiceHook,
    changes: Mutex<Changes>,
}

/// The differences from the description so far.
#[derive(Default)]
struct Changes {
    services: BTreeMap<String, ServiceState>,
    sysctls: BTreeMap<String, String>,
    modules: Vec<String>,
    /// Images that were to be pulled.
    pulled: Vec<String>,
}

impl DescribedNode {
    /// Returns a node that answers from a description. `on_service` is called before a service
    /// changes.
    pub fn new(facts: Arc<NodeFacts>, on_service: ServiceHook) -> Self {
        let changes = Mutex::new(Changes {
            services: facts.services.clone(),
            ..Changes::default()
        });
        DescribedNode {
            facts_by_name: facts.facts(),
            facts,
            on_service,
            changes,
        }
    }

    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock()
    }

    /// Returns what a described node cannot know, because only a real node would show it.
    pub fn unchecked_parts(&self) -> Vec<String> {
        let pulled = self.changes().pulled.len();
        let mut notes = vec![
            "whether the kubelet and the containers of the control plane would \
            start on this machine"
                .to_owned(),
        ];
        if pulled > 0 {
            notes.push(format!("whether {pulled} images can be pulled"));
        }
        if self.facts.cri_sockets.is_empty() {
            notes.push("the container runtime: none was described or found".into());
        }
        notes
    }
}
