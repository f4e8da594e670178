//! The kinds of things that a grant limits: paths, hosts, commands, …
use crate::wasm::request::{ObjectPattern, Request};

/// Declares the dimensions: for each its variant, its field of a request in the manifest, and what
/// its patterns match.
macro_rules! dimensions {
    ($($variant:ident, $field:ident, $meaning:literal;)*) => {
        /// A kind of thing that a grant limits, for example paths. A request in the manifest has
        /// one field of patterns for each dimension.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Dimension {
            $(#[doc = $meaning] $variant,)*
        }

        impl Dimension {
            /// All dimensions.
            pub const ALL: &'static [Dimension] = &[$(Dimension::$variant,)*];

            /// Returns the name of the dimension's field in a request.
            pub fn field(self) -> &'static str {
                match self {
                    $(Dimension::$variant => stringify!($field),)*
                }
            }

            /// Describes what the dimension's patterns match, for messages.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Dimension::$variant => $meaning,)*
                }
            }

            /// Returns the patterns of a request in this dimension. `None` for commands (a list of
            /// texts each) and objects (a structure each).
            pub fn patterns(self, request: &Request) -> Option<&[String]> {
                match self {
                    $(Dimension::$variant => request.$field.as_texts(),)*
                }
            }

            /// Returns the number of patterns that a request has in this dimension.
            pub fn pattern_count(self, request: &Request) -> usize {
                match self {
                    $(Dimension::$variant => request.$field.len(),)*
                }
            }
        }
    };
}

dimensions! {
    Paths, paths, "absolute paths";
    Hosts, hosts, "hosts: `name` for the usual port of the URL's scheme, or `name:port`";
    Commands, commands, "a program, and a pattern for each of its arguments";
    Objects, objects, "apiVersion, kind, namespace and names of objects";
    Units, units, "units of the init system";
    KernelParameters, keys, "kernel parameters, written with dots";
    Modules, modules, "kernel modules";
    Images, images, "container images";
    Directories, directories, "directories of certificates";
    Authorities, authorities,
        "authorities that sign, by the path of their certificate without `.crt`";
    Subjects, subjects, "common names of certificates";
    Groups, groups, "organizations of certificates, which are groups of the cluster";
    CertificateNames, names, "DNS names and IP addresses that certificates are for";
    Usages, usages, "what certificates are for: `clientAuth`, `serverAuth`";
}

impl Dimension {
    /// Whether a request may leave the dimension out. A certificate may have no groups and no
    /// names, and the certificate of an authority has no usages. A request without such a field
    /// covers only certificates without groups, names or usages, respectively.
    pub fn is_optional(self) -> bool {
        matches!(
            self,
            Dimension::Groups | Dimension::CertificateNames | Dimension::Usages
        )
    }

    /// Whether the dimension's patterns match absolute paths.
    pub fn matches_paths(self) -> bool {
        matches!(
            self,
            Dimension::Paths | Dimension::Directories | Dimension::Authorities
        )
    }
}

/// The patterns in a field of a request.
trait Patterns {
    /// Returns the patterns, or `None` if a pattern is not a single text.
    fn as_texts(&self) -> Option<&[String]>;
}

impl Patterns for Vec<String> {
    fn as_texts(&self) -> Option<&[String]> {
        Some(self)
    }
}

impl Patterns for Vec<Vec<String>> {
    fn as_texts(&self) -> Option<&[String]> {
        None
    }
}

impl Patterns for Vec<ObjectPattern> {
    fn as_texts(&self) -> Option<&[String]> {
        None
    }
}
