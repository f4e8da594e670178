//! The client as phases and effects see it.
use super::ApiClient;
use crate::{
    secret::Secret,
    world::{
        Cluster, WorldResult,
        api::{Credentials, Endpoint, MANAGER, resolver::FixedEndpoint},
        object_ref::reference,
        revision::Revision,
    },
};
use kubephase_sdk::net::Url;
use kubephase_wit::{FailureCode, ObjectRef};
use serde_json::{Value, json};
use std::sync::Arc;

impl Cluster for ApiClient {
    fn get(&self, reference: &ObjectRef) -> WorldResult<Option<Value>> {
        match self.get_path(&self.object_path(reference)?) {
            Ok(object) => Ok(Some(object)),
            Err(failure) if failure.code == FailureCode::NotFound => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    fn list(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        selector: Option<&str>,
    ) -> WorldResult<Vec<Value>> {
        self.list_by_query(
            api_version,
            kind,
            namespace,
            selector.map(|selector| ("labelSelector", selector)),
        )
    }

    fn create(&self, manifest: &Value) -> WorldResult<Value> {
        let path = self.collection_path(&reference(manifest)?)?;
        self.send("POST", &path, "application/json", manifest)
    }

    fn replace(&self, manifest: &Value) -> WorldResult<Value> {
        let path = self.object_path(&reference(manifest)?)?;
        self.send("PUT", &path, "application/json", manifest)
    }

    fn server_side_apply(&self, manifest: &Value) -> WorldResult<Value> {
        let path = self.object_path(&reference(manifest)?)?;
        self.send(
            "PATCH",
            &format!("{path}?fieldManager={MANAGER}&force=true"),
            "application/apply-patch+yaml",
            manifest,
        )
    }

    fn patch(&self, reference: &ObjectRef, patch: &Value) -> WorldResult<Value> {
        let path = self.object_path(reference)?;
        self.send(
            "PATCH",
            &path,
            "application/strategic-merge-patch+json",
            patch,
        )
    }

    fn delete(&self, reference: &ObjectRef, only: Option<&Revision>) -> WorldResult<()> {
        let mut options = Value::Null;
        if self.dry_run || only.is_some() {
            options = json!({"kind": "DeleteOptions", "apiVersion": "v1"});
        }
        if self.dry_run {
            // The API server ignores the query if there is a body (API server behaviour).
            options["dryRun"] = json!(["All"]);
        }
        if let Some(revision) = only {
            options["preconditions"] = revision.preconditions();
        }
        let path = self.object_path(reference)?;
        self.send("DELETE", &path, "application/json", &options)
            .map(drop)
    }

    fn probe(&self, kubeconfig: &str, url: &str) -> WorldResult<u16> {
        let mut client = self.with_credentials(Credentials::File(kubeconfig.to_owned()));
        let parsed = Url::parse(url).ok();
        // Connects to the server that the URL names, not to a load balancer of all servers.
        if let Some(url) = &parsed {
            if let Some(endpoint) = self.resolver.endpoint(url) {
                client.resolver = Arc::new(FixedEndpoint(endpoint));
            } else if let Some(endpoint) = Endpoint::from_url(url) {
                client.resolver = Arc::new(FixedEndpoint(endpoint));
                client.connection = Arc::default();
            }
        }
        let path = parsed.as_ref().map_or(url, Url::path);
        match client.request_once("GET", path, "application/json", &[]) {
            Ok(_) => Ok(200),
            Err(failure) if failure.code == FailureCode::Forbidden => Ok(403),
            Err(failure) if failure.code == FailureCode::Unauthorized => Ok(401),
            Err(failure) => Err(failure),
        }
    }

    fn with_kubeconfig(&self, path: &str) -> WorldResult<Box<dyn Cluster>> {
        Ok(Box::new(self.with_file(path)?))
    }

    fn as_holder_of(&self, kubeconfig: &Secret<String>) -> WorldResult<Box<dyn Cluster>> {
        Ok(Box::new(self.with_text(kubeconfig)))
    }

    fn as_operator(&self, kubeconfig: &Secret<String>) -> WorldResult<Box<dyn Cluster>> {
        Ok(Box::new(self.with_text(kubeconfig).with_programs()))
    }
}
