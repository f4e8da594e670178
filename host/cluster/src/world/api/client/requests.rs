//! Sending requests and retrying them.
use super::{
    ApiClient,
    answers::{parse_answer, read_answer, unavailable, unreachable_failure, was_closed},
    connection::OpenConnection,
};
use crate::{
    backoff::{Backoff, NextTry},
    budget::Budget,
    world::{
        WorldResult,
        api::{
            MANAGER,
            resources::{ApiResource, find_by_kind, prefix_of},
            retry_limit::REQUEST_LIMIT,
            trust,
        },
        innermost_message,
    },
};
use kubephase_wit::{Failure, FailureCode, ObjectRef};
use serde_json::Value;
use std::time::Duration;

/// Pause before the second try of a request. Each further pause is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
/// Longest pause between two tries of a request.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

impl ApiClient {
    /// Sends a request. Returns the text of the answer.
    pub(super) fn request_once(
        &self,
        method: &str,
        path: &str,
        content_type: &str,
        body: &[u8],
    ) -> WorldResult<String> {
        let OpenConnection {
            client,
            embedded,
            server,
        } = self.connect()?;
        let path = &self.with_dry_run_query(method, path);
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", content_type)
            .header("accept", "application/json")
            .body(kube::client::Body::from(body.to_vec()))
            .map_err(|error| {
                Failure::new(FailureCode::Invalid, format!("{method} {path}: {error}"))
            })?;
        let budget = Budget::new(
            self.answer_limits.text,
            REQUEST_LIMIT,
            &self.retry_limit.cancel,
        );
        let what = format!("{method} {path}");
        let answer = async {
            let answer = client.send(request).await.map_err(|error| Failure {
                retryable: !(embedded && was_closed(&error)),
                ..unreachable_failure(&server, innermost_message(&error), trust::remedy(&error))
            })?;
            let is_final = embedded && answer.status() == http::StatusCode::INTERNAL_SERVER_ERROR;
            let text = read_answer(answer, &server, &what, &budget).await;
            text.map_err(|failure| Failure {
                retryable: failure.retryable && !is_final,
                ..failure
            })
        };
        match self.handle.block_on(budget.complete(&what, answer)) {
            Err(failure) if failure.code == FailureCode::Timeout => Err(unavailable(format!(
                "the API server {server} did not answer {what} within {REQUEST_LIMIT:?}"
            ))),
            outcome => outcome?,
        }
    }

    /// Adds `dryRun=All` to the path of a change, if this client makes no changes.
    fn with_dry_run_query(&self, method: &str, path: &str) -> String {
        let query = match (self.dry_run && method != "GET", path.contains('?')) {
            (false, _) => "",
            (true, false) => "?dryRun=All",
            (true, true) => "&dryRun=All",
        };
        format!("{path}{query}")
    }

    /// Sends a request, and tries again while it may succeed later and the limit allows it.
    fn request(
        &self,
        method: &str,
        path: &str,
        content_type: &str,
        body: &[u8],
    ) -> WorldResult<String> {
        let mut tries = Backoff {
            first: FIRST_PAUSE,
            brisk: LONGEST_PAUSE,
            slow: LONGEST_PAUSE,
            limit: self.retry_limit.duration,
        }
        .start();
        loop {
            let outcome = self.request_once(method, path, content_type, body);
            if !outcome.as_ref().is_err_and(|failure| failure.retryable) {
                return outcome;
            }
            match tries.wait(&self.retry_limit.cancel) {
                NextTry::Due => {}
                NextTry::Cancelled => {
                    return Err(Budget::cancelled_failure(&format!("{method} {path}")));
                }
                NextTry::OutOfTime => return outcome,
            }
        }
    }

    /// Sends a request with a JSON body and this program's field manager. Returns the answer.
    pub(super) fn send(
        &self,
        method: &str,
        path: &str,
        content_type: &str,
        body: &Value,
    ) -> WorldResult<Value> {
        let query = if path.contains('?') {
            String::new()
        } else {
            format!("?fieldManager={MANAGER}")
        };
        let text = self.request(
            method,
            &format!("{path}{query}"),
            content_type,
            body.to_string().as_bytes(),
        )?;
        parse_answer(
            &text,
            &format!("{method} {path}"),
            self.answer_limits.values,
        )
    }

    /// Gets a path of the API.
    pub(super) fn get_path(&self, path: &str) -> WorldResult<Value> {
        self.send("GET", path, "application/json", &Value::Null)
    }

    /// Finds the resource of a kind: in the table of known resources, or else by asking the
    /// cluster, which may have a custom resource of this kind.
    fn find_resource(&self, api_version: &str, kind: &str) -> WorldResult<ApiResource> {
        if let Some(resource) = find_by_kind(api_version, kind) {
            return Ok(ApiResource::Known(resource));
        }
        let prefix = prefix_of(api_version)?;
        let listed = self.request("GET", &prefix, "application/json", &[])?;
        let listed = parse_answer(&listed, &format!("GET {prefix}"), self.answer_limits.values)?;
        let found = listed["resources"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|entry| {
                entry["kind"] == kind && !entry["name"].as_str().unwrap_or_default().contains('/')
            });
        let found = found.ok_or_else(|| {
            Failure::new(
                FailureCode::NotFound,
                format!("the cluster has no {kind} of {api_version}"),
            )
        })?;
        let plural = found["name"].as_str().unwrap_or_default().to_owned();
        Ok(ApiResource::Custom {
            prefix,
            plural,
            namespaced: found["namespaced"] == true,
        })
    }

    /// Lists objects whose own fields have these values: `type=Opaque`.
    ///
    /// # Errors
    /// The errors of [`Cluster`](crate::world::Cluster).
    pub fn list_by_fields(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        fields: &str,
    ) -> WorldResult<Vec<Value>> {
        self.list_by_query(
            api_version,
            kind,
            namespace,
            Some(("fieldSelector", fields)),
        )
    }

    /// Lists objects with a parameter of the query, if one is given.
    pub(super) fn list_by_query(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        parameter: Option<(&str, &str)>,
    ) -> WorldResult<Vec<Value>> {
        let path = self
            .find_resource(api_version, kind)?
            .path(namespace, None)?;
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameter)
            .finish();
        let mut list = self.get_path(&format!("{path}?{query}"))?;
        Ok(match list.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        })
    }

    /// Returns the path of an object.
    pub(super) fn object_path(&self, reference: &ObjectRef) -> WorldResult<String> {
        self.find_resource(&reference.api_version, &reference.kind)?
            .path(reference.namespace.as_deref(), Some(&reference.name))
    }

    /// Returns the path of the objects of an object's kind and namespace.
    pub(super) fn collection_path(&self, reference: &ObjectRef) -> WorldResult<String> {
        self.find_resource(&reference.api_version, &reference.kind)?
            .path(reference.namespace.as_deref(), None)
    }
}
