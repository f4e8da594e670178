//! Records proposals under the names that cases use.
//!
//! `build.rs` writes the functions of every `effects-…` interface: each hands its name and its
//! arguments to `record_proposal` or `record_modifier`.
use super::{FakeHost, HostResult, observations::reference_name};
use crate::{FailureCode, failure, testing::name_of};
use kubephase_wit::{Effect, ObjectRef};
use serde_json::{Map, Value};

include!(concat!(env!("OUT_DIR"), "/proposals.rs"));

/// The arguments of a call, by name, in order.
type Arguments = Vec<(&'static str, Value)>;

/// An argument of a proposal, which is recorded as JSON.
trait Argument {
    fn into_argument(self) -> Value;
}

impl Argument for String {
    fn into_argument(self) -> Value {
        self.into()
    }
}

impl Argument for u32 {
    fn into_argument(self) -> Value {
        self.into()
    }
}

impl Argument for Vec<String> {
    fn into_argument(self) -> Value {
        self.into()
    }
}

impl Argument for Vec<u8> {
    fn into_argument(self) -> Value {
        String::from_utf8_lossy(&self).into()
    }
}

impl Argument for ObjectRef {
    fn into_argument(self) -> Value {
        reference_name(&self).into()
    }
}

impl Argument for Effect {
    fn into_argument(self) -> Value {
        self.id.into()
    }
}

impl FakeHost {
    /// Records the proposal of a call.
    fn record_proposal(&self, function: &str, arguments: Arguments) -> HostResult<Effect> {
        let mut content = Map::new();
        let first = arguments.first().map(|(name, _)| *name);
        for (name, value) in arguments {
            let value = match (function, name) {
                (_, "spec") | ("apply-object", "manifest") | ("patch-object", "patch") => {
                    parse_proposal(&value)?
                }
                _ => value,
            };
            content.insert(name.into(), value);
        }
        let kind = kind_of(function);
        let target = match kind {
            "object" => name_of(&content["manifest"]),
            "service" => take_text(&mut content, "name") + " " + &take_text(&mut content, "state"),
            "sysctl" => take_text(&mut content, "key") + "=" + &take_text(&mut content, "value"),
            "command" => take_text(&mut content, "program") + &take_text(&mut content, "args"),
            _ if content.contains_key("spec") => String::new(),
            _ => take_text(&mut content, first.unwrap_or_default()),
        };
        match content.remove("spec") {
            Some(spec) => self.propose(kind, target_of_spec(kind, &spec), spec),
            None => self.propose(kind, target, content.into()),
        }
    }

    /// Records what a call adds to an earlier proposal. The first argument is its handle.
    fn record_modifier(&self, function: &str, arguments: Arguments) -> HostResult<()> {
        let mut values = arguments.into_iter().map(|(_, value)| value);
        let id = values.next().and_then(|id| id.as_u64()).unwrap_or(u64::MAX);
        let field = match function {
            "file-mode" => "mode",
            "file-owner" => "owner",
            "if-exists" => "ifExists",
            other => other,
        };
        let mut values: Vec<Value> = values.collect();
        let value = match values.len() {
            0 => true.into(),
            1 => values.remove(0),
            _ => values.into(),
        };
        self.modify(id, field, value)
    }
}

/// Returns the kind of the effects that a function proposes. Without a line here, the kind has the
/// name of the function.
fn kind_of(function: &str) -> &str {
    match function {
        "write-file" => "file",
        "make-dir" => "directory",
        "set-mode" => "mode",
        "give-tree" => "owner",
        "ensure-certificate" => "certificate",
        "ensure-key-pair" => "key-pair",
        "ensure-kubeconfig" | "ensure-rotated-kubeconfig" => "kubeconfig",
        "apply-object" => "object",
        "patch-object" => "patch",
        "delete-object" => "delete",
        "ensure-service" => "service",
        "set-sysctl" => "sysctl",
        "load-module" => "module",
        "pull-image" => "image",
        "execute" => "command",
        "ensure-bootstrap-token" => "bootstrap-token",
        "share-keys" => "shared-keys",
        "fetch-keys" => "fetched-keys",
        "control-plane-users" => "users",
        "wait-until" => "wait",
        "renew-certificate" => "renewal",
        "restart-component" => "restart",
        "exchange-authority" => "authority-exchange",
        "trial-job" => "job",
        other => other,
    }
}

/// Returns the target of a proposal that is a spec: the path of the file, if the spec names one.
fn target_of_spec(kind: &str, spec: &Value) -> String {
    let [directory, name, path] =
        ["directory", "name", "path"].map(|field| spec[field].as_str().unwrap_or_default());
    match kind {
        "certificate" => format!("{directory}/{name}.crt"),
        "key-pair" => format!("{directory}/{name}.key"),
        "kubeconfig" => path.to_owned(),
        _ => String::new(),
    }
}

/// Removes an argument, and returns it as text. The elements of a list have a space before each.
fn take_text(content: &mut Map<String, Value>, name: &str) -> String {
    match content.remove(name) {
        Some(Value::String(text)) => text,
        Some(Value::Array(list)) => list
            .iter()
            .map(|element| format!(" {}", element.as_str().unwrap_or_default()))
            .collect(),
        _ => String::new(),
    }
}

/// Parses the JSON of a proposal.
fn parse_proposal(text: &Value) -> HostResult<Value> {
    Ok(
        serde_json::from_str(text.as_str().unwrap_or_default()).map_err(|error| {
            failure(
                FailureCode::Invalid,
                format!("the proposal cannot be read: {error}"),
            )
        })?,
    )
}

#[cfg(test)]
mod tests;
