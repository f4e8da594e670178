//! A node by its description: every rehearsal's. It answers from the facts, and what is changed
//! about it changes here.
use super::{
    facts::{NodeFacts, not_checked},
    proxy,
};
use crate::{
    arguments::{CommandLine, HttpUrl, ModuleName, SysctlKey, UnitName},
    world::{
        Container, Net, Node, Rights, Runtime, ServiceState, TlsFiles, Tried, budget::Budget,
        reach::Reach,
    },
};
use kubephase_wit::{CommandOutput, Failure, HttpReply};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Told of a service that is to be in a state; says whether anything changed.
pub type ServiceHook = Box<dyn Fn(&str, &str) -> Tried<bool> + Send + Sync>;

pub struct DescribedNode {
    facts: Arc<NodeFacts>,
    /// what phases may ask for, by name
    shown: BTreeMap<&'static str, Value>,
    on_service: ServiceHook,
    changed: Mutex<Changed>,
}

/// What differs from the description by now.
#[derive(Default)]
struct Changed {
    services: BTreeMap<String, ServiceState>,
    sysctls: BTreeMap<String, String>,
    modules: Vec<String>,
    pulled: Vec<String>,
}

impl DescribedNode {
    pub fn new(facts: Arc<NodeFacts>, on_service: ServiceHook) -> Self {
        let shown = facts.facts();
        let changed = Mutex::new(Changed {
            services: facts.services.clone(),
            ..Changed::default()
        });
        DescribedNode {
            facts,
            shown,
            on_service,
            changed,
        }
    }

    fn changed(&self) -> MutexGuard<'_, Changed> {
        self.changed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What nobody can know without doing it.
    pub fn not_checked(&self) -> Vec<String> {
        let pulled = self.changed().pulled.len();
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

impl Node for DescribedNode {
    fn fact(&self, name: &str) -> Option<Value> {
        self.shown.get(name).cloned()
    }

    fn sysctl(&self, key: &SysctlKey) -> Option<String> {
        let key = key.as_str();
        self.changed()
            .sysctls
            .get(key)
            .or_else(|| self.facts.sysctls.get(key))
            .cloned()
    }

    fn kernel_option(&self, name: &str) -> Tried<Option<String>> {
        Ok(self.facts.kernel_option(name))
    }

    fn service(&self, name: &UnitName) -> Tried<Option<ServiceState>> {
        Ok(self.facts.init_system.as_ref().map(|_| {
            self.changed()
                .services
                .get(name.as_str())
                .copied()
                .unwrap_or_default()
        }))
    }

    fn ensure_service(&self, name: &UnitName, state: &str) -> Tried<bool> {
        let acted = (self.on_service)(name, state)?;
        let mut changed = self.changed();
        let service = changed
            .services
            .entry(name.to_string())
            .or_insert(ServiceState {
                exists: true,
                ..ServiceState::default()
            });
        let before = *service;
        match state {
            "running" | "restarted" => service.active = true,
            "stopped" => service.active = false,
            "enabled" => service.enabled = true,
            "disabled" => service.enabled = false,
            other => {
                return Err(Failure::new(
                    "invalid",
                    format!("{other:?} is no state of a service"),
                ));
            }
        }
        Ok(acted || before != *service)
    }

    fn set_sysctl(&self, key: &SysctlKey, value: &str) -> Tried<bool> {
        let changed = self.sysctl(key).as_deref() != Some(value);
        self.changed()
            .sysctls
            .insert(key.to_string(), value.to_owned());
        Ok(changed)
    }

    fn load_module(&self, name: &ModuleName) -> Tried<bool> {
        let mut changed = self.changed();
        if changed.modules.iter().any(|module| *module == **name) {
            return Ok(false);
        }
        changed.modules.push(name.to_string());
        Ok(true)
    }

    fn run(
        &self,
        command: &CommandLine,
        _rights: Rights,
        _budget: &Budget,
    ) -> Tried<CommandOutput> {
        self.facts.run(command.program(), command.arguments())
    }

    fn unmount_below(&self, _directory: &str, _flags: &[String]) -> Tried<usize> {
        Err(not_checked("what is mounted on a described node"))
    }
}

impl Net for DescribedNode {
    fn port_free(&self, port: u16) -> Tried<bool> {
        Ok(!self.facts.ports_in_use.contains(&port))
    }

    fn resolve(&self, host: &str) -> Tried<Vec<String>> {
        self.facts.resolve(host)
    }

    fn proxy_for(&self, url: &str) -> Tried<Option<String>> {
        let url = url::Url::parse(url)
            .map_err(|error| Failure::new("invalid", format!("{url}: {error}")))?;
        Ok(proxy::proxy_for(&self.facts.environment, &url))
    }

    fn http_get(&self, url: &HttpUrl, _reach: Reach, _budget: &Budget) -> Tried<HttpReply> {
        Err(not_checked(url))
    }

    fn http_get_as(
        &self,
        url: &HttpUrl,
        _identity: &TlsFiles,
        _reach: Reach,
        _budget: &Budget,
    ) -> Tried<HttpReply> {
        Err(not_checked(url))
    }

    fn health(&self, url: &HttpUrl, _budget: &Budget) -> Tried<u16> {
        Err(not_checked(url))
    }
}

impl Runtime for DescribedNode {
    fn status(&self) -> Tried<Value> {
        let runtime = &self.facts.runtime;
        if self.facts.cri_sockets.is_empty() {
            return Err(not_checked("the container runtime"));
        }
        if !runtime.ready {
            return Err(Failure::new(
                "unavailable",
                "container runtime condition \"RuntimeReady\" is not true. reason: , message: ",
            ));
        }
        Ok(json!({
            "name": runtime.name,
            "version": runtime.version,
            "sandboxImage": runtime.sandbox_image,
        }))
    }

    fn config(&self) -> Tried<Value> {
        if self.facts.cri_sockets.is_empty() {
            return Err(not_checked("the container runtime"));
        }
        let unimplemented = || {
            Failure::new(
                "unimplemented",
                "the container runtime has no method RuntimeConfig",
            )
        };
        self.facts
            .runtime
            .runtime_config
            .then(|| json!({"linux": {"cgroupDriver": "SYSTEMD"}}))
            .ok_or_else(unimplemented)
    }

    fn image_present(&self, image: &str) -> Tried<bool> {
        Ok(self.facts.image_present(image))
    }

    fn pull(&self, image: &str) -> Tried<()> {
        self.changed().pulled.push(image.to_owned());
        Err(not_checked(image))
    }

    fn containers(&self) -> Tried<Vec<Container>> {
        Err(not_checked("the containers of a described node"))
    }

    fn stop_container(&self, _id: &str) -> Tried<()> {
        Err(not_checked("the containers of a described node"))
    }

    fn remove_sandboxes(&self) -> Tried<usize> {
        Err(not_checked("the containers of a described node"))
    }

    fn log(&self, _id: &str, _lines: usize) -> Tried<Vec<String>> {
        Err(not_checked("the containers of a described node"))
    }
}
