//! The resources of the API that are known here: one table for the client and for the embedded
//! server.
//!
//! `table` has the resources, `paths` the paths of their objects.
mod paths;
mod table;

pub use paths::prefix_of;
pub use table::RESOURCES;

use crate::world::Tried;
use paths::object_path;

/// A resource of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource {
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The version of the group: `v1`.
    pub version: &'static str,
    /// The kind of its objects: `ConfigMap`.
    pub kind: &'static str,
    /// Its name in paths: `configmaps`.
    pub plural: &'static str,
    /// Whether its objects are in namespaces.
    pub namespaced: bool,
    /// Short names for `kubectl`: `cm`.
    pub short: &'static [&'static str],
    /// Whether `kubectl get all` lists its objects.
    pub all: bool,
}

impl Resource {
    /// Returns its API version: `v1`, `apps/v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// Returns its name in messages: `deployments.apps`.
    pub fn qualified(&self) -> String {
        if self.group.is_empty() {
            self.plural.to_owned()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }

    /// Returns the path of its group and version: `/api/v1`, `/apis/apps/v1`.
    pub fn prefix(&self) -> String {
        if self.group.is_empty() {
            format!("/api/{}", self.version)
        } else {
            format!("/apis/{}/{}", self.group, self.version)
        }
    }

    /// Returns the path of its objects in a namespace, or of one of them.
    ///
    /// # Errors
    /// `invalid` if the namespace or the name cannot be a segment of a path.
    pub fn path(&self, namespace: Option<&str>, name: Option<&str>) -> Tried<String> {
        object_path(
            &self.prefix(),
            self.plural,
            namespace.filter(|_| self.namespaced),
            name,
        )
    }

    /// Returns the path of one of its objects in OpenAPI documents, with names in braces.
    pub fn path_template(&self) -> String {
        let namespace = if self.namespaced {
            "/namespaces/{namespace}"
        } else {
            ""
        };
        format!("{}{namespace}/{}/{{name}}", self.prefix(), self.plural)
    }
}

/// A resource of the table, or a custom resource that the cluster has.
pub enum ResourceKind {
    /// A resource of the table.
    Known(&'static Resource),
    /// A resource of which only its path is known.
    Custom {
        /// The path of its group and version.
        prefix: String,
        /// Its name in paths.
        plural: String,
        /// Whether its objects are in namespaces.
        namespaced: bool,
    },
}

impl ResourceKind {
    /// Returns the path of its objects in a namespace, or of one of them.
    ///
    /// # Errors
    /// `invalid` if the namespace, the name, or the cluster's name of the resource cannot be a
    /// segment of a path.
    pub fn path(&self, namespace: Option<&str>, name: Option<&str>) -> Tried<String> {
        match self {
            ResourceKind::Known(resource) => resource.path(namespace, name),
            ResourceKind::Custom {
                prefix,
                plural,
                namespaced,
            } => object_path(prefix, plural, namespace.filter(|_| *namespaced), name),
        }
    }
}

/// Finds a known resource by the API version and kind of its objects.
pub fn by_kind(api_version: &str, kind: &str) -> Option<&'static Resource> {
    RESOURCES
        .iter()
        .find(|resource| resource.kind == kind && resource.api_version() == api_version)
}

/// Finds a known resource by its group, version and name in paths.
pub fn by_plural(group: &str, version: &str, plural: &str) -> Option<&'static Resource> {
    RESOURCES.iter().find(|resource| {
        resource.group == group && resource.version == version && resource.plural == plural
    })
}

#[cfg(test)]
mod tests;
