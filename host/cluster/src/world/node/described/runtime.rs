//! The container runtime of a described node: its description, without containers.
use super::DescribedNode;
use crate::world::{Container, Runtime, WorldResult, node::facts::not_checked_failure};
use kubephase_wit::{Failure, FailureCode};
use serde_json::{Value, json};
use std::time::Duration;

impl Runtime for DescribedNode {
    fn status(&self) -> WorldResult<Value> {
        let runtime = &self.facts.runtime;
        if self.facts.cri_sockets.is_empty() {
            return Err(not_checked_failure("the container runtime"));
        }
        if !runtime.ready {
            return Err(Failure::new(
                FailureCode::Unavailable,
                "container runtime condition \"RuntimeReady\" is not true. reason: , message: ",
            ));
        }
        Ok(json!({
            "name": runtime.name,
            "version": runtime.version,
            "sandboxImage": runtime.sandbox_image,
        }))
    }

    fn config(&self) -> WorldResult<Value> {
        if self.facts.cri_sockets.is_empty() {
            return Err(not_checked_failure("the container runtime"));
        }
        self.facts
            .runtime
            .runtime_config
            .then(|| json!({"linux": {"cgroupDriver": "SYSTEMD"}}))
            .ok_or_else(|| {
                Failure::new(
                    FailureCode::Unimplemented,
                    "the container runtime has no method RuntimeConfig",
                )
            })
    }

    fn image_present(&self, image: &str) -> WorldResult<bool> {
        Ok(self.facts.image_present(image))
    }

    fn pull(&self, image: &str) -> WorldResult<()> {
        self.changes().pulled.push(image.to_owned());
        Err(not_checked_failure(image))
    }

    fn containers(&self) -> WorldResult<Vec<Container>> {
        Err(not_checked_failure("the containers of a described node"))
    }

    fn stop_container(&self, _id: &str, _grace: Duration) -> WorldResult<()> {
        Err(not_checked_failure("the containers of a described node"))
    }

    fn remove_sandboxes(&self) -> WorldResult<usize> {
        Err(not_checked_failure("the containers of a described node"))
    }

    fn log(&self, _id: &str, _lines: usize) -> WorldResult<Vec<String>> {
        Err(not_checked_failure("the containers of a described node"))
    }
}
