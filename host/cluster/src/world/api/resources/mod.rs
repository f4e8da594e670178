//! The resources of the API that are known here: one table for the client and for the embedded
//! server.
//!
//! `table` has the resources, `paths` the paths of their objects.
mod paths;
mod table;

pub use paths::prefix_of;
pub use table::RESOURCES;

use crate::world::WorldResult;
use paths::object_path;

/// A resource of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource {
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The version of the group: `v1`.
    pub version: &'static str,
    /// The kind of the objects: `ConfigMap`.
    pub kind: &'static str,
    /// The name of the resource in paths: `configmaps`.
    pub plural: &'static str,
    /// Whether the objects are in namespaces.
    pub namespaced: bool,
    /// Short names for `kubectl`: `cm`.
    pub short_names: &'static [&'static str],
    /// Whether `kubectl get all` lists the objects.
    pub in_get_all: bool,
}

impl Resource {
    /// Returns the API version of the resource: `v1`, `apps/v1`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// Returns the name of the resource in messages: `deployments.apps`.
    pub fn qualified_name(&self) -> String {
        if self.group.is_empty() {
            self.plural.to_owned()
        } else {
            format!("{}.{}", self.plural, self.group)
        }
    }

    /// Returns the path of the resource's group and version: `/api/v1`, `/apis/apps/v1`.
    pub fn prefix(&self) -> String {
        if self.group.is_empty() {
            format!("/api/{}", self.version)
        } else {
            format!("/apis/{}/{}", self.group, self.version)
        }
    }

    /// Returns the path of the resource's objects in a namespace, or of one object.
    ///
    /// # Errors
    /// `invalid` if the namespace or the name cannot be a segment of a path.
    pub fn path(&self, namespace: Option<&str>, name: Option<&str>) -> WorldResult<String> {
        object_path(
            &self.prefix(),
            self.plural,
            namespace.filter(|_| self.namespaced),
            name,
        )
    }

    /// Returns the path of an object of the resource in OpenAPI documents, with names in braces.
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
pub enum ApiResource {
    /// A resource of the table.
    Known(&'static Resource),
    /// A resource that is known only by its path.
    Custom {
        /// The path of the group and version.
        prefix: String,
        /// The name of the resource in paths.
        plural: String,
        /// Whether the objects are in namespaces.
        namespaced: bool,
    },
}

impl ApiResource {
    /// Returns the path of the resource's objects in a namespace, or of one object.
    ///
    /// # Errors
    /// `invalid` if the namespace, the object's name, or the plural name that the cluster reports
    /// contains characters that a path segment cannot have.
    pub fn path(&self, namespace: Option<&str>, name: Option<&str>) -> WorldResult<String> {
        match self {
            ApiResource::Known(resource) => resource.path(namespace, name),
            ApiResource::Custom {
                prefix,
                plural,
                namespaced,
            } => object_path(prefix, plural, namespace.filter(|_| *namespaced), name),
        }
    }
}

/// Finds a known resource by the API version and kind of its objects.
pub fn find_by_kind(api_version: &str, kind: &str) -> Option<&'static Resource> {
    RESOURCES
        .iter()
        .find(|resource| resource.kind == kind && resource.api_version() == api_version)
}

/// Finds a known resource by its group and name in paths, in whatever version.
pub fn find_by_group_and_plural(group: &str, plural: &str) -> Option<&'static Resource> {
    RESOURCES
        .iter()
        .find(|resource| resource.group == group && resource.plural == plural)
}

/// Finds a known resource by its group, version and name in paths.
pub fn find_by_plural(group: &str, version: &str, plural: &str) -> Option<&'static Resource> {
    RESOURCES.iter().find(|resource| {
        resource.group == group && resource.version == version && resource.plural == plural
    })
}

#[cfg(test)]
mod tests;
