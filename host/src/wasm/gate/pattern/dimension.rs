//! The dimensions in which grants are bounded.
use crate::wasm::request::Request;

/// A dimension in which a grant is bounded. Each is one field of a request in the manifest, with
/// patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    Paths,
    Hosts,
    Commands,
    Objects,
    Units,
    Keys,
    Modules,
    Images,
    Directories,
    Authorities,
    Subjects,
    Groups,
    Names,
    Usages,
}

impl Dimension {
    /// All dimensions.
    pub const ALL: [Dimension; 14] = [
        Dimension::Paths,
        Dimension::Hosts,
        Dimension::Commands,
        Dimension::Objects,
        Dimension::Units,
        Dimension::Keys,
        Dimension::Modules,
        Dimension::Images,
        Dimension::Directories,
        Dimension::Authorities,
        Dimension::Subjects,
        Dimension::Groups,
        Dimension::Names,
        Dimension::Usages,
    ];

    /// The name of the dimension's field in a request.
    pub fn field(self) -> &'static str {
        match self {
            Dimension::Paths => "paths",
            Dimension::Hosts => "hosts",
            Dimension::Commands => "commands",
            Dimension::Objects => "objects",
            Dimension::Units => "units",
            Dimension::Keys => "keys",
            Dimension::Modules => "modules",
            Dimension::Images => "images",
            Dimension::Directories => "directories",
            Dimension::Authorities => "authorities",
            Dimension::Subjects => "subjects",
            Dimension::Groups => "groups",
            Dimension::Names => "names",
            Dimension::Usages => "usages",
        }
    }

    /// Describes what the dimension's patterns match, for messages.
    pub fn meaning(self) -> &'static str {
        match self {
            Dimension::Paths => "absolute paths",
            Dimension::Hosts => {
                "hosts: `name` for the usual port of the URL's scheme, or `name:port`"
            }
            Dimension::Commands => "a program, and a pattern for each of its arguments",
            Dimension::Objects => "apiVersion, kind, namespace and names of objects",
            Dimension::Units => "units of the init system",
            Dimension::Keys => "kernel parameters, written with dots",
            Dimension::Modules => "kernel modules",
            Dimension::Images => "container images",
            Dimension::Directories => "directories of certificates",
            Dimension::Authorities => {
                "authorities that sign, by the path of their certificate without `.crt`"
            }
            Dimension::Subjects => "common names of certificates",
            Dimension::Groups => "organizations of certificates, which are groups of the cluster",
            Dimension::Names => "DNS names and IP addresses that certificates are for",
            Dimension::Usages => "what certificates are for: `clientAuth`, `serverAuth`",
        }
    }

    /// Whether a request may leave the dimension out: a certificate need not have groups or names,
    /// and that of an authority has no usages. The request then covers only certificates that have
    /// none.
    pub fn is_optional(self) -> bool {
        matches!(
            self,
            Dimension::Groups | Dimension::Names | Dimension::Usages
        )
    }

    /// Whether the dimension's patterns match absolute paths.
    pub fn has_paths(self) -> bool {
        matches!(
            self,
            Dimension::Paths | Dimension::Directories | Dimension::Authorities
        )
    }

    /// The patterns of a request in this dimension; none for commands and objects, whose patterns
    /// are not single texts.
    pub fn texts(self, request: &Request) -> Option<&[String]> {
        match self {
            Dimension::Paths => Some(&request.paths),
            Dimension::Hosts => Some(&request.hosts),
            Dimension::Units => Some(&request.units),
            Dimension::Keys => Some(&request.keys),
            Dimension::Modules => Some(&request.modules),
            Dimension::Images => Some(&request.images),
            Dimension::Directories => Some(&request.directories),
            Dimension::Authorities => Some(&request.authorities),
            Dimension::Subjects => Some(&request.subjects),
            Dimension::Groups => Some(&request.groups),
            Dimension::Names => Some(&request.names),
            Dimension::Usages => Some(&request.usages),
            Dimension::Commands | Dimension::Objects => None,
        }
    }

    /// The number of patterns that a request has in this dimension.
    pub fn count(self, request: &Request) -> usize {
        match self {
            Dimension::Commands => request.commands.len(),
            Dimension::Objects => request.objects.len(),
            _ => self.texts(request).map_or(0, <[String]>::len),
        }
    }
}
