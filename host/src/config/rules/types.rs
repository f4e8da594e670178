//! The types of the values that an expression can have, as far as they are known before a run.
use crate::config::component::schema::{self, Struct, Type};
use kubephase_sdk::facts::{FACTS, FactField, Shape};
use std::fmt;

/// The type of a value in CEL.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum CelType {
    /// known only in a run
    Any,
    Null,
    Bool,
    Int,
    Uint,
    Double,
    Text,
    List(Box<CelType>),
    Map(Box<CelType>),
    Optional(Box<CelType>),
    Fields(Fields),
    /// a type with functions of its own: `bytes`, `duration`, `timestamp`, `ip`, `cidr`,
    /// `quantity`, `semver`
    Named(&'static str),
}

/// An object whose fields are documented.
#[derive(Clone, Copy, Debug)]
pub(super) enum Fields {
    /// the variable `node`
    Node,
    /// the variable `config`
    Config,
    /// an object in a fact of the node
    Fact(&'static [FactField]),
    /// an object of a configuration document
    Document(&'static Struct),
    /// the document of a component, with the note whether the user wrote it
    Component(&'static Struct),
}

impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Fields::Node, Fields::Node) | (Fields::Config, Fields::Config) => true,
            (Fields::Fact(a), Fields::Fact(b)) => a == b,
            (Fields::Document(a), Fields::Document(b))
            | (Fields::Component(a), Fields::Component(b)) => std::ptr::eq(*a, *b),
            _ => false,
        }
    }
}

/// Fields of `config` that are not documents of kubeadm. Phases see them, and their names are not
/// part of a documented API.
const UNDOCUMENTED: [&str; 7] = [
    "run",
    "join",
    "reset",
    "upgrade",
    "reconfiguration",
    "renewal",
    "rotation",
];

impl Fields {
    /// Returns the type of a field; `None` if there is no such field.
    pub fn field(self, name: &str) -> Option<CelType> {
        match self {
            Fields::Node => {
                let fact = FACTS.iter().find(|fact| fact.name == name)?;
                Some(CelType::of_fact(&fact.shape))
            }
            Fields::Config => match name {
                "init" => Some(CelType::Fields(Fields::Document(&schema::kubeadm::INIT))),
                "cluster" => Some(CelType::Fields(Fields::Document(&schema::kubeadm::CLUSTER))),
                "kubelet" => Some(CelType::Fields(Fields::Component(&schema::KUBELET))),
                "kubeProxy" => Some(CelType::Fields(Fields::Component(&schema::KUBE_PROXY))),
                name => UNDOCUMENTED.contains(&name).then_some(CelType::Any),
            },
            Fields::Fact(fields) => {
                let field = fields.iter().find(|field| field.name == name)?;
                Some(CelType::of_fact(&field.shape))
            }
            Fields::Document(document) => {
                let field = document.fields.iter().find(|field| field.name == name)?;
                Some(CelType::of_document(&field.value_type))
            }
            Fields::Component(document) => match name {
                "document" => Some(CelType::Fields(Fields::Document(document))),
                "userSupplied" => Some(CelType::Bool),
                _ => None,
            },
        }
    }

    /// Returns the names of all fields.
    pub fn names(self) -> Vec<&'static str> {
        match self {
            Fields::Node => FACTS.iter().map(|fact| fact.name).collect(),
            Fields::Config => ["init", "cluster", "kubelet", "kubeProxy"]
                .into_iter()
                .chain(UNDOCUMENTED)
                .collect(),
            Fields::Fact(fields) => fields.iter().map(|field| field.name).collect(),
            Fields::Document(document) => document.fields.iter().map(|field| field.name).collect(),
            Fields::Component(_) => vec!["document", "userSupplied"],
        }
    }
}

impl CelType {
    fn of_fact(shape: &Shape) -> CelType {
        match shape {
            Shape::Boolean => CelType::Bool,
            Shape::Number => CelType::Int,
            Shape::Text => CelType::Text,
            Shape::List(of) => CelType::List(Box::new(CelType::of_fact(of))),
            Shape::Map(of) => CelType::Map(Box::new(CelType::of_fact(of))),
            Shape::Object(fields) => CelType::Fields(Fields::Fact(fields)),
        }
    }

    /// Returns the type of a value in a document. Durations, times and quantities are texts,
    /// because expressions see the configuration as JSON.
    fn of_document(of: &'static Type) -> CelType {
        match of {
            Type::String
            | Type::Named(_)
            | Type::Duration
            | Type::Quantity
            | Type::Time
            | Type::Token => CelType::Text,
            Type::Bool => CelType::Bool,
            Type::Int(_) => CelType::Int,
            // A whole number of JSON is an int in CEL, also in a field of type float.
            Type::Float | Type::DurationOrNanoseconds | Type::Any => CelType::Any,
            Type::List(of) => CelType::List(Box::new(CelType::of_document(of))),
            Type::Map(of) => CelType::Map(Box::new(CelType::of_document(of))),
            Type::Struct(of) => CelType::Fields(Fields::Document(of)),
        }
    }

    pub fn is_number(&self) -> bool {
        matches!(
            self,
            CelType::Any | CelType::Int | CelType::Uint | CelType::Double
        )
    }

    /// Returns the type that values of both types have.
    pub fn common_with(self, other: CelType) -> CelType {
        match (self, other) {
            (a, b) if a == b => a,
            (CelType::List(a), CelType::List(b)) => CelType::List(Box::new(a.common_with(*b))),
            (CelType::Map(a), CelType::Map(b)) => CelType::Map(Box::new(a.common_with(*b))),
            (CelType::Optional(a), CelType::Optional(b)) => {
                CelType::Optional(Box::new(a.common_with(*b)))
            }
            _ => CelType::Any,
        }
    }

    /// Whether a value of one type can be equal to one of the other.
    pub fn can_equal(&self, other: &CelType) -> bool {
        match (self, other) {
            (CelType::Any | CelType::Null, _) | (_, CelType::Any | CelType::Null) => true,
            (a, b) if a.is_number() && b.is_number() => true,
            (CelType::List(a), CelType::List(b))
            | (CelType::Map(a), CelType::Map(b))
            | (CelType::Optional(a), CelType::Optional(b)) => a.can_equal(b),
            (CelType::Map(_), CelType::Fields(_)) | (CelType::Fields(_), CelType::Map(_)) => true,
            (a, b) => a == b,
        }
    }

    /// Returns the type of the elements of a list, or of the value of an optional.
    pub fn element(&self) -> CelType {
        match self {
            CelType::List(of) | CelType::Optional(of) => (**of).clone(),
            _ => CelType::Any,
        }
    }
}

impl fmt::Display for CelType {
    /// Writes the type with its article: `a number`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CelType::Any => "any value",
            CelType::Null => "null",
            CelType::Bool => "a boolean",
            CelType::Int => "a whole number",
            CelType::Uint => "an unsigned number",
            CelType::Double => "a decimal number",
            CelType::Text => "a text",
            CelType::List(_) => "a list",
            CelType::Map(_) => "a map",
            CelType::Optional(_) => "an optional value",
            CelType::Fields(_) => "an object",
            CelType::Named("bytes") => "bytes",
            CelType::Named("ip") => "an IP address",
            CelType::Named(name) => return write!(f, "a {name}"),
        })
    }
}
