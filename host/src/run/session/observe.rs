//! What a phase observes: each call is checked against what was granted, then the world answers.
use super::{Hosted, Session, json};
use crate::world::TlsFiles;
use kubephase_wit::{
    CommandOutput, FileMeta, HttpReply, ObjectRef, Stop, observe_cluster, observe_command, observe_files, observe_net, observe_node,
    observe_pki, observe_runtime,
};
use std::time::Duration;

const MAX_HTTP: Duration = Duration::from_secs(30);

impl observe_node::Host for Session {
    fn node_fact(&mut self, name: String) -> Result<Option<String>, Stop> {
        self.world().node().fact(&name).as_ref().map(json).transpose()
    }

    fn sysctl(&mut self, key: String) -> Result<Option<String>, Stop> {
        Ok(self.world().node().sysctl(&key))
    }

    fn kernel_option(&mut self, name: String) -> Hosted<Option<String>> {
        Ok(self.world().node().kernel_option(&name)?)
    }

    fn service(&mut self, name: String) -> Hosted<Option<String>> {
        Ok(self.world().node().service(&name)?.as_ref().map(json).transpose()?)
    }
}

impl observe_files::Host for Session {
    fn stat(&mut self, path: String) -> Hosted<Option<FileMeta>> {
        self.allow(self.0.access.read("observe-files.stat", &path))?;
        Ok(self.world().files().stat(&path)?)
    }

    fn read_file(&mut self, path: String) -> Hosted<Vec<u8>> {
        self.allow(self.0.access.read("observe-files.read-file", &path))?;
        let content = self.world().files().read(&path)?;
        self.allow(self.0.access.show(&path, &content))?;
        Ok(content)
    }

    fn list_dir(&mut self, path: String) -> Hosted<Vec<String>> {
        self.allow(self.0.access.read("observe-files.list-dir", &path))?;
        Ok(self.world().files().list(&path)?)
    }
}

impl observe_net::Host for Session {
    fn port_free(&mut self, port: u16) -> Hosted<bool> {
        Ok(self.world().net().port_free(port)?)
    }

    fn resolve(&mut self, host: String) -> Hosted<Vec<String>> {
        self.allow(self.0.access.reach("observe-net.resolve", &host))?;
        Ok(self.world().net().resolve(&host)?)
    }

    fn proxy_for(&mut self, url: String) -> Hosted<Option<String>> {
        Ok(self.world().net().proxy_for(&url)?)
    }

    fn http_get(&mut self, url: String, timeout_millis: u32) -> Hosted<HttpReply> {
        self.allow(self.0.access.reach("observe-net.http-get", &url))?;
        Ok(self.world().net().http_get(&url, Duration::from_millis(timeout_millis.into()).min(MAX_HTTP))?)
    }

    fn http_get_as(&mut self, url: String, ca_file: String, cert_file: String, key_file: String, timeout_millis: u32) -> Hosted<HttpReply> {
        self.allow(self.0.access.reach("observe-net.http-get-as", &url))?;
        for path in [&ca_file, &cert_file, &key_file].into_iter().filter(|path| !path.is_empty()) {
            self.allow(self.0.access.identity(path))?;
        }
        let identity = TlsFiles { ca: ca_file, cert: cert_file, key: key_file };
        Ok(self.world().net().http_get_as(&url, &identity, Duration::from_millis(timeout_millis.into()).min(MAX_HTTP))?)
    }
}

impl observe_runtime::Host for Session {
    fn runtime_status(&mut self) -> Hosted<String> {
        Ok(json(&self.world().runtime().status()?)?)
    }

    fn runtime_config(&mut self) -> Hosted<String> {
        Ok(json(&self.world().runtime().config()?)?)
    }

    fn image_present(&mut self, image: String) -> Hosted<bool> {
        Ok(self.world().runtime().image_present(&image)?)
    }
}

impl observe_pki::Host for Session {
    fn certificate(&mut self, path: String) -> Hosted<Option<String>> {
        Ok(crate::effect::pki::certificate_facts(self.world().files(), &path)?.as_ref().map(json).transpose()?)
    }

    fn private_key(&mut self, path: String) -> Hosted<Option<String>> {
        Ok(crate::effect::pki::private_key_facts(self.world().files(), &path)?.as_ref().map(json).transpose()?)
    }

    fn kubeconfig(&mut self, path: String) -> Hosted<Option<String>> {
        Ok(crate::effect::pki::kubeconfig_facts(self.world().files(), &path)?.as_ref().map(json).transpose()?)
    }
}

impl observe_cluster::Host for Session {
    fn get_object(&mut self, of: ObjectRef) -> Hosted<Option<String>> {
        self.allow(self.0.access.get(&of))?;
        Ok(self.world().cluster().get(&of)?.as_ref().map(json).transpose()?)
    }

    fn list_objects(
        &mut self,
        api_version: String,
        kind: String,
        namespace: Option<String>,
        selector: Option<String>,
    ) -> Hosted<Vec<String>> {
        self.allow(self.0.access.list(&api_version, &kind, namespace.as_deref()))?;
        let objects = self.world().cluster().list(&api_version, &kind, namespace.as_deref(), selector.as_deref())?;
        Ok(objects.iter().map(json).collect::<Result<_, _>>()?)
    }
}

impl observe_command::Host for Session {
    fn run_command(&mut self, program: String, args: Vec<String>) -> Hosted<CommandOutput> {
        self.allow(self.0.access.command(&program, &args))?;
        Ok(self.world().node().run(&program, &args)?)
    }
}
