//! The configuration documents of the components: the kubelet's and kube-proxy's.

mod canonical;
mod check;
mod kube_proxy;
mod kubelet;
pub mod schema;
#[cfg(test)]
mod tests;

pub use canonical::as_read;
pub use check::{SchemaError, check, check_against};
pub use kube_proxy::kube_proxy;
pub use kubelet::kubelet;
pub use schema::{Struct, kubeadm as kubeadm_schema};

use crate::render::recommendation_warning;
use kubephase_sdk::kubeadm::ComponentConfig;
use serde_json::{Value, json};

/// The components that have a configuration document of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComponentKind {
    Kubelet,
    KubeProxy,
}

impl ComponentKind {
    /// Returns the supported version: `kubelet.config.k8s.io/v1beta1`.
    pub fn api_version(self) -> &'static str {
        match self {
            ComponentKind::Kubelet => "kubelet.config.k8s.io/v1beta1",
            ComponentKind::KubeProxy => "kubeproxy.config.k8s.io/v1alpha1",
        }
    }

    /// Returns the kind of the document: `KubeletConfiguration`.
    pub fn kind(self) -> &'static str {
        match self {
            ComponentKind::Kubelet => "KubeletConfiguration",
            ComponentKind::KubeProxy => "KubeProxyConfiguration",
        }
    }

    /// Returns the schema of the document.
    pub fn schema(self) -> &'static schema::Struct {
        match self {
            ComponentKind::Kubelet => &schema::KUBELET,
            ComponentKind::KubeProxy => &schema::KUBE_PROXY,
        }
    }
}

/// The user's document, to which kubeadm's defaults are added.
struct Draft {
    kind: ComponentKind,
    document: Value,
    user_supplied: bool,
    warnings: Vec<String>,
}

impl Draft {
    fn new(kind: ComponentKind, user: Option<Value>) -> Self {
        let user_supplied = user.is_some();
        let document = user.filter(Value::is_object).unwrap_or_else(|| json!({}));
        Draft {
            kind,
            document,
            user_supplied,
            warnings: Vec::new(),
        }
    }

    /// Sets a field, by its dotted path, if it has no value. Warns if the user's value is not the
    /// default.
    fn default(&mut self, path: &str, default: impl Into<Value>) {
        let default = default.into();
        match self.document.pointer(&pointer(path)) {
            None | Some(Value::Null) => self.set(path, default),
            Some(Value::String(text)) if text.is_empty() => self.set(path, default),
            Some(given) => self.warnings.extend(recommendation_warning(
                self.kind.kind(),
                path,
                &default,
                given,
            )),
        }
    }

    fn set(&mut self, path: &str, value: Value) {
        let mut at = &mut self.document;
        for name in path.split('.') {
            if !at.is_object() {
                *at = json!({});
            }
            at = &mut at[name];
        }
        *at = value;
    }

    fn finish(self) -> (ComponentConfig, Vec<String>) {
        let document = canonical::canonical_document(self.kind, &self.document);
        (
            ComponentConfig {
                document,
                user_supplied: self.user_supplied,
            },
            self.warnings,
        )
    }
}

fn pointer(path: &str) -> String {
    format!("/{}", path.replace('.', "/"))
}
