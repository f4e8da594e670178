//! Requests: the capabilities that the manifest of a plugin asks for.
use crate::arguments::Line;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A capability that a plugin asks for, and the reason. Patterns limit it to paths, hosts, objects
/// and so on. The capability's row in the gate table says which of these lists it has.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Request {
    /// `interface.function` of the WIT package
    pub capability: String,
    /// why the plugin needs it, for the operator to judge
    #[schemars(with = "String")]
    pub reason: Line,
    /// path patterns, `*` within a component and `**` across them
    pub paths: Vec<String>,
    /// whether the plugin may see the files although other users of the machine cannot; each path
    /// then has to be exact
    pub private: bool,
    /// host name patterns, `host` for the usual port of a URL's scheme or `host:port`
    pub hosts: Vec<String>,
    /// a program, and patterns for its arguments
    #[schemars(inner(length(min = 1)))]
    pub commands: Vec<Vec<String>>,
    /// patterns of objects of the cluster
    pub objects: Vec<ObjectPattern>,
    /// patterns of units of the init system
    pub units: Vec<String>,
    /// patterns of kernel parameters, with dots
    pub keys: Vec<String>,
    /// patterns of kernel modules
    pub modules: Vec<String>,
    /// patterns of container images
    pub images: Vec<String>,
    /// patterns of directories of certificates
    pub directories: Vec<String>,
    /// patterns of authorities that sign certificates, each the path of its certificate without
    /// `.crt`
    pub authorities: Vec<String>,
    /// patterns of common names of certificates
    pub subjects: Vec<String>,
    /// patterns of organizations of certificates
    pub groups: Vec<String>,
    /// patterns of DNS names and IP addresses that certificates are for
    pub names: Vec<String>,
    /// what certificates are for: `clientAuth`, `serverAuth`
    pub usages: Vec<String>,
}

/// A pattern for objects of the cluster.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(extend("required" = ["apiVersion", "kind"]))]
pub struct ObjectPattern {
    /// `apiVersion` of the objects, exactly
    pub api_version: String,
    /// kind of the objects, exactly
    pub kind: String,
    /// namespace of the objects, exactly; `None` matches objects in every namespace, and objects
    /// without a namespace
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// patterns of names; an empty list matches every name
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
    /// whether the content of the object is not checked: its Pods may use the host, and every
    /// Secret and service account of their namespace, and a Service may have any address. For a
    /// service account that `names` names exactly, it lets the plugin's Pods run as that account.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub host_access: bool,
}
