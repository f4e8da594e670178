//! What a phase observes: each call is checked against what was granted, then the world answers.
use super::{Hosted, Session, json as text};
use crate::{
    effect::pki::{self, AuthorityFile},
    run::access::Access,
    world::{TlsFiles, Tried, World},
};
use kubephase_wit::{
    CommandOutput, Error, Failure, FileMeta, HttpReply, ObjectRef, Stop, observe_cluster, observe_command, observe_core, observe_files,
    observe_net, observe_node, observe_pki, observe_runtime,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::time::Duration;

impl Session {
    /// What the world answers, kept for the phase's capsule; in a replay what it answered then.
    fn observe<T>(&self, call: &str, args: Value, ask: impl FnOnce(&dyn World) -> Tried<T>) -> Hosted<T>
    where
        T: Serialize + DeserializeOwned,
    {
        Ok(self.0.sight.look(call, args, || ask(self.world()))?)
    }

    /// The same, of what cannot fail.
    fn look<T>(&self, call: &str, args: Value, ask: impl FnOnce(&dyn World) -> Tried<T>) -> Result<T, Stop>
    where
        T: Serialize + DeserializeOwned,
    {
        self.observe(call, args, ask).map_err(|error| match error {
            Error::Failure(failure) => Stop::msg(failure.message),
            Error::Stop(stop) => stop,
        })
    }
}

fn as_value<T: Serialize>(facts: Option<T>) -> Tried<Option<Value>> {
    let value = |facts| serde_json::to_value(facts).map_err(|error| Failure::new("invalid", error.to_string()));
    facts.map(value).transpose()
}

impl observe_node::Host for Session {
    fn node_fact(&mut self, name: String) -> Result<Option<String>, Stop> {
        self.look("observe-node.node-fact", json!([name]), |world| Ok(world.node().fact(&name)))?.as_ref().map(text).transpose()
    }

    fn sysctl(&mut self, key: String) -> Result<Option<String>, Stop> {
        self.look("observe-node.sysctl", json!([key]), |world| Ok(world.node().sysctl(&key)))
    }

    fn kernel_option(&mut self, name: String) -> Hosted<Option<String>> {
        self.observe("observe-node.kernel-option", json!([name]), |world| world.node().kernel_option(&name))
    }

    fn service(&mut self, name: String) -> Hosted<Option<String>> {
        let service = self.observe("observe-node.service", json!([name]), |world| world.node().service(&name))?;
        Ok(service.as_ref().map(text).transpose()?)
    }
}

impl observe_files::Host for Session {
    fn stat(&mut self, path: String) -> Hosted<Option<FileMeta>> {
        self.allow(self.0.access.read("observe-files.stat", &path))?;
        self.observe("observe-files.stat", json!([path]), |world| world.files().stat(&path))
    }

    fn read_file(&mut self, path: String) -> Hosted<Vec<u8>> {
        self.allow(self.0.access.read("observe-files.read-file", &path))?;
        let access = &self.0.access;
        self.observe("observe-files.read-file", json!([path]), |world| {
            let content = world.files().read(&path)?;
            access.show(&path, &world.files().real_path(&path)?, &content).map_err(|message| Failure::new("denied", message))?;
            Ok(content)
        })
    }

    fn list_dir(&mut self, path: String) -> Hosted<Vec<String>> {
        self.allow(self.0.access.read("observe-files.list-dir", &path))?;
        self.observe("observe-files.list-dir", json!([path]), |world| world.files().list(&path))
    }
}

impl observe_net::Host for Session {
    fn port_free(&mut self, port: u16) -> Hosted<bool> {
        self.observe("observe-net.port-free", json!([port]), |world| world.net().port_free(port))
    }

    fn resolve(&mut self, host: String) -> Hosted<Vec<String>> {
        self.allow(self.0.access.reach("observe-net.resolve", &host))?;
        self.observe("observe-net.resolve", json!([host]), |world| world.net().resolve(&host))
    }

    fn proxy_for(&mut self, url: String) -> Hosted<Option<String>> {
        self.observe("observe-net.proxy-for", json!([url]), |world| world.net().proxy_for(&url))
    }

    fn http_get(&mut self, url: String, timeout_millis: u32) -> Hosted<HttpReply> {
        self.allow(self.0.access.reach("observe-net.http-get", &url))?;
        let timeout = Duration::from_millis(timeout_millis.into()).min(self.time_left());
        self.observe("observe-net.http-get", json!([url]), |world| world.net().http_get(&url, timeout))
    }

    fn http_get_as(&mut self, url: String, ca_file: String, cert_file: String, key_file: String, timeout_millis: u32) -> Hosted<HttpReply> {
        self.allow(self.0.access.reach("observe-net.http-get-as", &url))?;
        for path in [&ca_file, &cert_file, &key_file].into_iter().filter(|path| !path.is_empty()) {
            self.allow(self.0.access.identity(path))?;
        }
        let identity = TlsFiles { ca: ca_file, cert: cert_file, key: key_file };
        let timeout = Duration::from_millis(timeout_millis.into()).min(self.time_left());
        self.observe("observe-net.http-get-as", json!([url]), |world| world.net().http_get_as(&url, &identity, timeout))
    }
}

impl observe_runtime::Host for Session {
    fn runtime_status(&mut self) -> Hosted<String> {
        Ok(text(&self.observe("observe-runtime.runtime-status", json!([]), |world| world.runtime().status())?)?)
    }

    fn runtime_config(&mut self) -> Hosted<String> {
        Ok(text(&self.observe("observe-runtime.runtime-config", json!([]), |world| world.runtime().config())?)?)
    }

    fn image_present(&mut self, image: String) -> Hosted<bool> {
        self.observe("observe-runtime.image-present", json!([image]), |world| world.runtime().image_present(&image))
    }
}

impl observe_pki::Host for Session {
    fn certificate(&mut self, path: String) -> Hosted<Option<String>> {
        let facts = self.observe("observe-pki.certificate", json!([path]), |world| as_value(pki::certificate_facts(world.files(), &path)?));
        Ok(facts?.as_ref().map(text).transpose()?)
    }

    fn private_key(&mut self, path: String) -> Hosted<Option<String>> {
        let facts = self.observe("observe-pki.private-key", json!([path]), |world| as_value(pki::private_key_facts(world.files(), &path)?));
        Ok(facts?.as_ref().map(text).transpose()?)
    }

    fn kubeconfig(&mut self, path: String) -> Hosted<Option<String>> {
        // The path is the phase's to say, but what the file leads to is the file's.
        let certificates_dir =
            self.0.shared.config.pointer("/cluster/certificatesDir").and_then(Value::as_str).unwrap_or("/etc/kubernetes/pki");
        let allowed = match self.0.access {
            Access::BuiltIn => AuthorityFile::Any,
            Access::Granted(_) => AuthorityFile::Below(certificates_dir),
        };
        let facts =
            self.observe("observe-pki.kubeconfig", json!([path]), |world| as_value(pki::kubeconfig_facts(world.files(), &path, allowed)?));
        Ok(facts?.as_ref().map(text).transpose()?)
    }
}

impl observe_cluster::Host for Session {
    fn get_object(&mut self, of: ObjectRef) -> Hosted<Option<String>> {
        self.allow(self.0.access.get(&of))?;
        let object = self.observe("observe-cluster.get-object", json!([of]), |world| world.cluster().get(&of))?;
        Ok(object.as_ref().map(text).transpose()?)
    }

    fn list_objects(
        &mut self,
        api_version: String,
        kind: String,
        namespace: Option<String>,
        selector: Option<String>,
    ) -> Hosted<Vec<String>> {
        self.allow(self.0.access.list(&api_version, &kind, namespace.as_deref()))?;
        let objects = self.observe("observe-cluster.list-objects", json!([api_version, kind, namespace, selector]), |world| {
            world.cluster().list(&api_version, &kind, namespace.as_deref(), selector.as_deref())
        })?;
        Ok(objects.iter().map(text).collect::<Result<_, _>>()?)
    }
}

impl observe_command::Host for Session {
    fn run_command(&mut self, program: String, args: Vec<String>) -> Hosted<CommandOutput> {
        self.allow(self.0.access.command(&program, &args))?;
        self.observe("observe-command.run-command", json!([program, args]), |world| world.node().run(&program, &args))
    }
}

impl observe_core::Host for Session {
    fn etcd_members(&mut self) -> Hosted<Vec<String>> {
        self.allow(self.0.access.core("observe-core.etcd-members"))?;
        let members = self.observe("observe-core.etcd-members", json!([]), |world| world.etcd().members())?;
        Ok(members.iter().map(text).collect::<Result<_, _>>()?)
    }
}
