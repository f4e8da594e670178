//! The host functions by which a phase observes: the gate admits each call, then the world answers.
use super::{Hosted, Session, admit::Admitted};
use crate::{
    arguments::AbsolutePath,
    effect::pki::{self, AuthorityFile},
    wasm::gate::{self, Identity},
    world::{OpenFile, TlsFiles, Tried, World},
};
use kubephase_wit::{
    CommandOutput, Failure, FileMeta, HttpReply, ObjectRef, Stop, observe_cluster, observe_command,
    observe_core, observe_files, observe_net, observe_node, observe_pki, observe_runtime,
};
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;

/// Turns facts into JSON.
fn as_value<T: Serialize>(facts: Option<T>) -> Tried<Option<Value>> {
    let value = |facts| {
        serde_json::to_value(facts).map_err(|error| Failure::new("invalid", error.to_string()))
    };
    facts.map(value).transpose()
}

fn denied(message: String) -> Failure {
    Failure::new("denied", message)
}

impl Session {
    /// Opens a file, and checks the grant against the opened file: against its real path, and
    /// whether every user of the machine may read it.
    fn open<'w>(
        &self,
        world: &'w dyn World,
        admitted: &Admitted<AbsolutePath>,
    ) -> Tried<Box<dyn OpenFile + 'w>> {
        let path = &admitted.arguments;
        let opened = world.files().open(path)?;
        self.0
            .access
            .check_file(admitted.row, path, &opened.real_path(), opened.is_public())
            .map_err(denied)?;
        Ok(opened)
    }

    /// Checks that the real path of a file is granted, before the host reads the file for the
    /// phase. A file that does not exist passes: the phase may learn that it does not exist.
    fn check_real_path(
        &self,
        world: &dyn World,
        row: &'static gate::Row,
        path: &AbsolutePath,
    ) -> Tried<()> {
        if !self.is_plugin() {
            return Ok(());
        }
        match world.files().open(path) {
            // The phase does not see the content, so the file need not be readable by every user.
            Ok(opened) => self
                .0
                .access
                .check_file(row, path, &opened.real_path(), true)
                .map_err(denied),
            Err(failure) if failure.code == "not-found" => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    /// Writes an answer as JSON; none if there is no answer.
    fn optional_answer(&self, value: Option<Value>) -> Result<Option<String>, Stop> {
        value.as_ref().map(|value| self.answer(value)).transpose()
    }
}

impl Session {
    /// Refuses an answer of a server that holds a credential.
    fn check_reply(&self, url: &str, reply: HttpReply) -> Tried<HttpReply> {
        self.0
            .access
            .check_content(&format!("what {url} answered"), &reply.body)
            .map_err(denied)?;
        Ok(reply)
    }
}

impl observe_node::Host for Session {
    fn node_fact(&mut self, name: String) -> Result<Option<String>, Stop> {
        let Some(call) = self.admit_lookup(&gate::NODE_FACT, name)? else {
            return Ok(None);
        };
        let fact =
            self.observe_infallible(&call, |world, call| Ok(world.node().fact(&call.arguments)))?;
        self.optional_answer(fact)
    }

    fn sysctl(&mut self, key: String) -> Result<Option<String>, Stop> {
        let Some(call) = self.admit_lookup(&gate::SYSCTL, key)? else {
            return Ok(None);
        };
        self.observe_infallible(&call, |world, call| {
            Ok(world.node().sysctl(&call.arguments))
        })
    }

    fn kernel_option(&mut self, name: String) -> Hosted<Option<String>> {
        let call = self.admit(&gate::KERNEL_OPTION, name)?;
        self.observe(&call, |world, call| {
            world.node().kernel_option(&call.arguments)
        })
    }

    fn service(&mut self, name: String) -> Hosted<Option<String>> {
        let call = self.admit(&gate::SERVICE, name)?;
        let service = self.observe(&call, |world, call| world.node().service(&call.arguments))?;
        Ok(service
            .as_ref()
            .map(|service| self.answer(service))
            .transpose()?)
    }
}

impl observe_files::Host for Session {
    fn stat(&mut self, path: String) -> Hosted<Option<FileMeta>> {
        let call = self.admit(&gate::STAT, path)?;
        self.observe(&call, |world, call| {
            if !self.is_plugin() {
                return world.files().stat(&call.arguments);
            }
            match self.open(world, call) {
                Ok(opened) => Ok(Some(opened.meta())),
                Err(failure) if failure.code == "not-found" => Ok(None),
                Err(failure) => Err(failure),
            }
        })
    }

    fn read_file(&mut self, path: String) -> Hosted<Vec<u8>> {
        let call = self.admit(&gate::READ_FILE, path)?;
        let content = self.observe(&call, |world, call| {
            if !self.is_plugin() {
                return world.files().read(&call.arguments);
            }
            let content = self.open(world, call)?.read(call.budget.bytes as u64)?;
            self.0
                .access
                .check_content(&call.arguments, &content)
                .map_err(denied)?;
            Ok(content)
        })?;
        self.count_answer(content.len())?;
        Ok(content)
    }

    fn list_dir(&mut self, path: String) -> Hosted<Vec<String>> {
        let call = self.admit(&gate::LIST_DIR, path)?;
        let names = self.observe(&call, |world, call| {
            if self.is_plugin() {
                self.open(world, call)?.list()
            } else {
                world.files().list(&call.arguments)
            }
        })?;
        self.count_answer(names.iter().map(String::len).sum())?;
        Ok(names)
    }
}

impl observe_net::Host for Session {
    fn port_free(&mut self, port: u16) -> Hosted<bool> {
        let call = self.admit(&gate::PORT_FREE, port)?;
        self.observe(&call, |world, call| world.net().port_free(call.arguments.0))
    }

    fn resolve(&mut self, host: String) -> Hosted<Vec<String>> {
        let call = self.admit(&gate::RESOLVE, host)?;
        self.observe(&call, |world, call| world.net().resolve(&call.arguments))
    }

    fn proxy_for(&mut self, url: String) -> Hosted<Option<String>> {
        let call = self.admit(&gate::PROXY_FOR, url)?;
        self.observe(&call, |world, call| world.net().proxy_for(&call.arguments))
    }

    fn http_get(&mut self, url: String, timeout_millis: u32) -> Hosted<HttpReply> {
        let call = self.admit(&gate::HTTP_GET, url)?;
        let timeout = Duration::from_millis(timeout_millis.into());
        let reply = self.observe(&call, |world, call| {
            let reply = world
                .net()
                .http_get(&call.arguments, &call.budget.within(timeout))?;
            self.check_reply(&call.arguments, reply)
        })?;
        self.count_answer(reply.body.len())?;
        Ok(reply)
    }

    fn http_get_as(
        &mut self,
        url: String,
        ca_file: String,
        cert_file: String,
        key_file: String,
        timeout_millis: u32,
    ) -> Hosted<HttpReply> {
        let call = self.admit(&gate::HTTP_GET_AS, (url, ca_file, cert_file, key_file))?;
        let timeout = Duration::from_millis(timeout_millis.into());
        let reply = self.observe(&call, |world, call| {
            call.arguments
                .files()
                .try_for_each(|path| self.check_real_path(world, call.row, path))?;
            let Identity {
                url,
                authority,
                certificate,
                key,
            } = &call.arguments;
            let name = |path: &Option<AbsolutePath>| {
                path.as_ref().map(ToString::to_string).unwrap_or_default()
            };
            let files = TlsFiles {
                ca: name(authority),
                cert: name(certificate),
                key: name(key),
            };
            let reply = world
                .net()
                .http_get_as(url, &files, &call.budget.within(timeout))?;
            self.check_reply(url, reply)
        })?;
        self.count_answer(reply.body.len())?;
        Ok(reply)
    }
}

impl observe_runtime::Host for Session {
    fn runtime_status(&mut self) -> Hosted<String> {
        let call = self.admit(&gate::RUNTIME_STATUS, ())?;
        let status = self.observe(&call, |world, _| world.runtime().status())?;
        Ok(self.answer(&status)?)
    }

    fn runtime_config(&mut self) -> Hosted<String> {
        let call = self.admit(&gate::RUNTIME_CONFIG, ())?;
        let config = self.observe(&call, |world, _| world.runtime().config())?;
        Ok(self.answer(&config)?)
    }

    fn image_present(&mut self, image: String) -> Hosted<bool> {
        let call = self.admit(&gate::IMAGE_PRESENT, image)?;
        self.observe(&call, |world, call| {
            world.runtime().image_present(&call.arguments)
        })
    }
}

impl observe_pki::Host for Session {
    fn certificate(&mut self, path: String) -> Hosted<Option<String>> {
        let call = self.admit(&gate::CERTIFICATE, path)?;
        let facts = self.observe(&call, |world, call| {
            self.check_real_path(world, call.row, &call.arguments)?;
            as_value(pki::certificate_facts(world.files(), &call.arguments)?)
        })?;
        Ok(self.optional_answer(facts)?)
    }

    fn private_key(&mut self, path: String) -> Hosted<Option<String>> {
        let call = self.admit(&gate::PRIVATE_KEY, path)?;
        let facts = self.observe(&call, |world, call| {
            self.check_real_path(world, call.row, &call.arguments)?;
            as_value(pki::private_key_facts(world.files(), &call.arguments)?)
        })?;
        Ok(self.optional_answer(facts)?)
    }

    fn kubeconfig(&mut self, path: String) -> Hosted<Option<String>> {
        // The phase chooses the kubeconfig, but the kubeconfig names the file of its authority,
        // which was not granted.
        let directory = self
            .0
            .shared
            .config
            .pointer("/cluster/certificatesDir")
            .and_then(Value::as_str)
            .unwrap_or("/etc/kubernetes/pki");
        let authority = if self.is_plugin() {
            AuthorityFile::Below(directory)
        } else {
            AuthorityFile::Any
        };
        let call = self.admit(&gate::KUBECONFIG, path)?;
        let facts = self.observe(&call, |world, call| {
            self.check_real_path(world, call.row, &call.arguments)?;
            as_value(pki::kubeconfig_facts(
                world.files(),
                &call.arguments,
                authority,
            )?)
        })?;
        Ok(self.optional_answer(facts)?)
    }
}

impl observe_cluster::Host for Session {
    fn get_object(&mut self, of: ObjectRef) -> Hosted<Option<String>> {
        let call = self.admit(&gate::GET_OBJECT, of)?;
        let object = self.observe(&call, |world, call| {
            world.cluster().get(&call.arguments.to_ref())
        })?;
        Ok(self.optional_answer(object)?)
    }

    fn list_objects(
        &mut self,
        api_version: String,
        kind: String,
        namespace: Option<String>,
        selector: Option<String>,
    ) -> Hosted<Vec<String>> {
        let call = self.admit(
            &gate::LIST_OBJECTS,
            (api_version, kind, namespace, selector),
        )?;
        let objects = self.observe(&call, |world, call| {
            let of = &call.arguments.of;
            world.cluster().list(
                of.api_version(),
                of.kind(),
                of.namespace(),
                call.arguments.selector.as_deref(),
            )
        })?;
        Ok(objects
            .iter()
            .map(|object| self.answer(object))
            .collect::<Result<_, _>>()?)
    }
}

impl observe_command::Host for Session {
    fn run_command(&mut self, program: String, args: Vec<String>) -> Hosted<CommandOutput> {
        let call = self.admit(&gate::RUN_COMMAND, (program, args))?;
        let output = self.observe(&call, |world, call| {
            let output = world.node().run(&call.arguments, &call.budget)?;
            for printed in [&output.stdout, &output.stderr] {
                self.0
                    .access
                    .check_content(
                        &format!("what `{}` printed", call.arguments),
                        printed.as_bytes(),
                    )
                    .map_err(denied)?;
            }
            Ok(output)
        })?;
        self.count_answer(output.stdout.len() + output.stderr.len())?;
        Ok(output)
    }
}

impl observe_core::Host for Session {
    fn etcd_members(&mut self) -> Hosted<Vec<String>> {
        let call = self.admit(&gate::ETCD_MEMBERS, ())?;
        let members = self.observe(&call, |world, _| world.etcd().members())?;
        Ok(members
            .iter()
            .map(|member| self.answer(member))
            .collect::<Result<_, _>>()?)
    }
}
