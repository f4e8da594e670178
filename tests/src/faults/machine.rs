//! The machine, its network and its container runtime, with operations that fail on purpose.
use super::Faults;
use kubephase::{
    arguments::{CommandLine, HttpUrl, ModuleName, SysctlKey, UnitName},
    budget::Budget,
    world::{
        Container, Net, Node, Rights, Runtime, ServiceState, TlsFiles, World, WorldResult,
        reach::Reach,
    },
};
use kubephase_wit::{CommandOutput, HttpReply};
use serde_json::Value;
use std::{sync::Arc, time::Duration};

/// The node of a world.
pub(super) struct FaultyNode(pub Arc<dyn World>, pub Arc<Faults>);

impl Node for FaultyNode {
    fn fact(&self, name: &str) -> Option<Value> {
        self.0.node().fact(name)
    }

    fn sysctl(&self, key: &SysctlKey) -> Option<String> {
        self.0.node().sysctl(key)
    }

    fn kernel_option(&self, name: &str) -> WorldResult<Option<String>> {
        let read = || self.0.node().kernel_option(name);
        self.1.around("node.kernel-option", name, read)
    }

    fn service(&self, name: &UnitName) -> WorldResult<Option<ServiceState>> {
        let ask = || self.0.node().service(name);
        self.1.around("node.service", name, ask)
    }

    fn service_age(&self, name: &UnitName) -> Option<Duration> {
        self.0.node().service_age(name)
    }

    fn ensure_service(&self, name: &UnitName, state: &str) -> WorldResult<bool> {
        let ensure = || self.0.node().ensure_service(name, state);
        let target = format!("{name} {state}");
        self.1.around("node.ensure-service", &target, ensure)
    }

    fn set_sysctl(&self, key: &SysctlKey, value: &str) -> WorldResult<bool> {
        let set = || self.0.node().set_sysctl(key, value);
        self.1.around("node.set-sysctl", key, set)
    }

    fn load_module(&self, name: &ModuleName) -> WorldResult<bool> {
        let load = || self.0.node().load_module(name);
        self.1.around("node.load-module", name, load)
    }

    fn run(
        &self,
        command: &CommandLine,
        rights: Rights,
        budget: &Budget,
    ) -> WorldResult<CommandOutput> {
        let run = || self.0.node().run(command, rights, budget);
        self.1.around("node.run", command.program(), run)
    }

    fn unmount_below(&self, directory: &str, flags: &[String]) -> WorldResult<usize> {
        let unmount = || self.0.node().unmount_below(directory, flags);
        self.1.around("node.unmount", directory, unmount)
    }
}

/// The network of a world.
pub(super) struct FaultyNet(pub Arc<dyn World>, pub Arc<Faults>);

impl Net for FaultyNet {
    fn port_free(&self, port: u16) -> WorldResult<bool> {
        let ask = || self.0.net().port_free(port);
        self.1.around("net.port-free", &port.to_string(), ask)
    }

    fn resolve(&self, host: &str) -> WorldResult<Vec<String>> {
        let resolve = || self.0.net().resolve(host);
        self.1.around("net.resolve", host, resolve)
    }

    fn proxy_for(&self, url: &str) -> WorldResult<Option<String>> {
        self.0.net().proxy_for(url)
    }

    fn accepts(&self, address: &str, within: Duration) -> bool {
        self.0.net().accepts(address, within)
    }

    fn http_get(&self, url: &HttpUrl, reach: Reach, budget: &Budget) -> WorldResult<HttpReply> {
        let get = || self.0.net().http_get(url, reach, budget);
        self.1.around("net.http-get", url, get)
    }

    fn http_get_as(
        &self,
        url: &HttpUrl,
        identity: &TlsFiles,
        reach: Reach,
        budget: &Budget,
    ) -> WorldResult<HttpReply> {
        let get = || self.0.net().http_get_as(url, identity, reach, budget);
        self.1.around("net.http-get", url, get)
    }

    fn health(&self, url: &HttpUrl, budget: &Budget) -> WorldResult<u16> {
        let ask = || self.0.net().health(url, budget);
        self.1.around("net.health", url, ask)
    }
}

/// The container runtime of a world.
pub(super) struct FaultyRuntime(pub Arc<dyn World>, pub Arc<Faults>);

impl Runtime for FaultyRuntime {
    fn status(&self) -> WorldResult<Value> {
        self.1
            .around("runtime.status", "", || self.0.runtime().status())
    }

    fn config(&self) -> WorldResult<Value> {
        self.1
            .around("runtime.config", "", || self.0.runtime().config())
    }

    fn image_present(&self, image: &str) -> WorldResult<bool> {
        let ask = || self.0.runtime().image_present(image);
        self.1.around("runtime.image-present", image, ask)
    }

    fn pull(&self, image: &str) -> WorldResult<()> {
        let pull = || self.0.runtime().pull(image);
        self.1.around("runtime.pull", image, pull)
    }

    fn containers(&self) -> WorldResult<Vec<Container>> {
        self.1
            .around("runtime.containers", "", || self.0.runtime().containers())
    }

    fn stop_container(&self, id: &str, grace: Duration) -> WorldResult<()> {
        let stop = || self.0.runtime().stop_container(id, grace);
        self.1.around("runtime.stop", "", stop)
    }

    fn remove_sandboxes(&self) -> WorldResult<usize> {
        let remove = || self.0.runtime().remove_sandboxes();
        self.1.around("runtime.remove-sandboxes", "", remove)
    }

    fn log(&self, id: &str, lines: usize) -> WorldResult<Vec<String>> {
        let read = || self.0.runtime().log(id, lines);
        self.1.around("runtime.log", "", read)
    }
}
