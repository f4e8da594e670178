//! The host functions by which a phase observes: the gate admits each call, then the world answers.
use super::{Hosted, Session, known::replace_not_found_if_unknown, outlet::Fact, to_json};
use crate::{
    budget::Budget,
    effect::pki::{self, AuthorityFile},
    wasm::gate::{self, Identity},
    world::{Rights, TlsFiles, WorldResult},
};
use kubephase_wit::{
    CommandOutput, Failure, FailureCode, FileMeta, HttpReply, ObjectRef, Stop, observe_cluster,
    observe_command, observe_files, observe_net, observe_node, observe_pki, observe_runtime,
};
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;

/// Turns facts into JSON.
fn as_value<T: Serialize>(facts: Option<T>) -> WorldResult<Option<Value>> {
    facts
        .map(serde_json::to_value)
        .transpose()
        .map_err(|error| Failure::new(FailureCode::Invalid, error.to_string()))
}

/// Writes an answer as JSON; `None` if there is no answer.
fn optional<T: Serialize>(answer: Option<T>) -> Result<Option<String>, Stop> {
    answer.as_ref().map(to_json).transpose()
}

pub(super) fn all<T: Serialize>(answers: &[T]) -> Result<Vec<String>, Stop> {
    answers.iter().map(to_json).collect()
}

impl observe_node::Host for Session {
    fn node_fact(&mut self, name: String) -> Result<Option<String>, Stop> {
        let Some(call) = self.admit_lookup(&gate::NODE_FACT, name)? else {
            return Ok(None);
        };
        let fact = self.observe_infallible(&call, |world, call| {
            Ok(world.node().fact(&call.arguments).map(Fact))
        })?;
        optional(fact)
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
        Ok(optional(service)?)
    }
}

impl observe_files::Host for Session {
    fn stat(&mut self, path: String) -> Hosted<Option<FileMeta>> {
        let call = self.admit(&gate::STAT, path)?;
        self.observe(&call, |world, call| {
            if !self.is_plugin() {
                return world.files().stat(&call.arguments);
            }
            match self.open_known(world, call) {
                Ok(opened) => Ok(Some(opened.meta())),
                Err(failure) if failure.code == FailureCode::NotFound => Ok(None),
                Err(failure) => Err(failure),
            }
        })
    }

    fn read_file(&mut self, path: String) -> Hosted<Vec<u8>> {
        let call = self.admit(&gate::READ_FILE, path)?;
        self.observe(&call, |world, call| {
            if self.is_plugin() {
                self.open_known(world, call)?.read(call.budget.bytes as u64)
            } else {
                world.files().read(&call.arguments)
            }
        })
    }

    fn list_dir(&mut self, path: String) -> Hosted<Vec<String>> {
        let call = self.admit(&gate::LIST_DIR, path)?;
        self.observe(&call, |world, call| {
            if self.is_plugin() {
                self.open_known(world, call)?.list()
            } else {
                world.files().list(&call.arguments)
            }
        })
    }
}

impl observe_net::Host for Session {
    fn port_free(&mut self, port: u16) -> Hosted<bool> {
        let call = self.admit(&gate::PORT_FREE, port)?;
        self.observe(&call, |world, call| world.net().port_free(call.arguments.0))
    }

    fn resolve(&mut self, host: String) -> Hosted<Vec<String>> {
        let call = self.admit(&gate::RESOLVE, host)?;
        self.observe(&call, |world, call| {
            let resolved = world.net().resolve(&call.arguments);
            let is_unknown = self.0.is_foreign_check && !world.knows_all_names();
            replace_not_found_if_unknown(resolved, is_unknown, || {
                format!("whether {} can be resolved", &*call.arguments)
            })
        })
    }

    fn proxy_for(&mut self, url: String) -> Hosted<Option<String>> {
        let call = self.admit(&gate::PROXY_FOR, url)?;
        self.observe(&call, |world, call| world.net().proxy_for(&call.arguments))
    }

    fn http_get(&mut self, url: String, timeout_millis: u32) -> Hosted<HttpReply> {
        let call = self.admit(&gate::HTTP_GET, url)?;
        let timeout = Duration::from_millis(timeout_millis.into());
        self.observe(&call, |world, call| {
            let reach = self.decide_reach(call, &call.arguments)?;
            let budget = call.budget.with_time_limit(timeout);
            world.net().http_get(&call.arguments, reach, &budget)
        })
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
        self.observe(&call, |world, call| {
            let Identity {
                url,
                authority,
                certificate,
                key,
            } = &call.arguments;
            let files = TlsFiles {
                ca: self.read_identity(world, call.row, authority.as_ref())?,
                cert: self.read_identity(world, call.row, certificate.as_ref())?,
                key: self.read_identity(world, call.row, key.as_ref())?,
            };
            let reach = self.decide_reach(call, url)?;
            let budget = call.budget.with_time_limit(timeout);
            world.net().http_get_as(url, &files, reach, &budget)
        })
    }
}

impl observe_runtime::Host for Session {
    fn runtime_status(&mut self) -> Hosted<String> {
        let call = self.admit(&gate::RUNTIME_STATUS, ())?;
        let status = self.observe(&call, |world, _| world.runtime().status())?;
        Ok(to_json(&status)?)
    }

    fn runtime_config(&mut self) -> Hosted<String> {
        let call = self.admit(&gate::RUNTIME_CONFIG, ())?;
        let config = self.observe(&call, |world, _| world.runtime().config())?;
        Ok(to_json(&config)?)
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
            let pem = self.read_for_facts(world, call.row, &call.arguments)?;
            let facts = pem.map(|pem| pki::certificate_facts(&call.arguments, pem.reveal()));
            as_value(facts.transpose()?)
        })?;
        Ok(optional(facts)?)
    }

    fn private_key(&mut self, path: String) -> Hosted<Option<String>> {
        let call = self.admit(&gate::PRIVATE_KEY, path)?;
        let facts = self.observe(&call, |world, call| {
            let read = self.read_for_facts(world, call.row, &call.arguments)?;
            as_value(read.as_ref().map(pki::private_key_facts))
        })?;
        Ok(optional(facts)?)
    }

    fn kubeconfig(&mut self, path: String) -> Hosted<Option<String>> {
        // The phase chooses the kubeconfig, but the kubeconfig names the file of its authority,
        // which was not granted.
        let authority = if self.is_plugin() {
            AuthorityFile::Below(self.certificates_directory())
        } else {
            AuthorityFile::Any
        };
        let call = self.admit(&gate::KUBECONFIG, path)?;
        let facts = self.observe(&call, |world, call| {
            let text = self.read_for_facts(world, call.row, &call.arguments)?;
            let bytes = text.as_ref().map_or(0, |text| text.reveal().len());
            // Parsed, a kubeconfig takes many times its bytes.
            let turn = self.turn(bytes);
            let _turn = turn.map_err(|_| Budget::cancelled_failure("reading a kubeconfig"))?;
            let facts = text.map(|text| {
                pki::facts_of_kubeconfig(world.files(), &call.arguments, &text, authority)
            });
            as_value(facts.transpose()?)
        })?;
        Ok(optional(facts)?)
    }
}

impl observe_cluster::Host for Session {
    fn get_object(&mut self, of: ObjectRef) -> Hosted<Option<String>> {
        let call = self.admit(&gate::GET_OBJECT, of)?;
        let object = self.observe(&call, |world, call| {
            let of = call.arguments.to_ref();
            let object = world.cluster().get(&of)?;
            Ok(object.map(|object| self.shown_object(&of.kind, object)))
        })?;
        Ok(optional(object)?)
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
            let objects = world.cluster().list(
                of.api_version(),
                of.kind(),
                of.namespace(),
                call.arguments.selector.as_deref(),
            )?;
            let shown = objects.into_iter();
            let shown = shown.map(|object| self.shown_object(of.kind(), object));
            Ok(shown.collect::<Vec<_>>())
        })?;
        Ok(all(&objects)?)
    }
}

impl observe_command::Host for Session {
    fn run_command(&mut self, program: String, args: Vec<String>) -> Hosted<CommandOutput> {
        let call = self.admit(&gate::RUN_COMMAND, (program, args))?;
        self.observe(&call, |world, call| {
            world
                .node()
                .run(&call.arguments, Rights::WithoutCapabilities, &call.budget)
        })
    }
}
