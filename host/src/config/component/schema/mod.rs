//! The fields of the configuration documents of Kubernetes 1.36: one table for each document. The
//! strict check and the canonical form of components use them. Source: the API references of
//! kubelet.config.k8s.io, kubeproxy.config.k8s.io and kubeadm.k8s.io.

pub mod kubeadm;

mod kube_proxy;
mod kubelet;

pub(in crate::config) use kube_proxy::KUBE_PROXY;
pub(in crate::config) use kubelet::KUBELET;

use std::ops::RangeInclusive;

/// The type of a field.
#[derive(Debug)]
pub enum Type {
    String,
    /// a string type of its own name in Go
    Named(&'static str),
    Bool,
    Int(RangeInclusive<i64>),
    Float,
    Duration,
    /// a duration, or a number of nanoseconds
    DurationOrNanoseconds,
    Quantity,
    /// RFC 3339
    Time,
    /// a bootstrap token, `id.secret`
    Token,
    /// any value; it is kept
    Any,
    List(&'static Type),
    Map(&'static Type),
    Struct(&'static Struct),
}

const INT32: Type = Type::Int(i32::MIN as i64..=i32::MAX as i64);
const INT64: Type = Type::Int(i64::MIN..=i64::MAX);
const UINT32: Type = Type::Int(0..=u32::MAX as i64);

impl Type {
    /// Returns the type as Go prints it.
    pub(super) fn go_type(&self) -> String {
        match self {
            Type::String => "string".into(),
            Type::Named(name) => (*name).into(),
            Type::Bool => "bool".into(),
            Type::Int(range) if *range.start() == 0 => "uint32".into(),
            Type::Int(range) if *range.end() == i64::from(i32::MAX) => "int32".into(),
            Type::Int(_) => "int64".into(),
            Type::Float => "float64".into(),
            Type::Duration => "v1.Duration".into(),
            Type::DurationOrNanoseconds => "v1.TimeOrMetaDuration".into(),
            Type::Quantity => "resource.Quantity".into(),
            Type::Time => "v1.Time".into(),
            Type::Token => "v1.BootstrapTokenString".into(),
            Type::Any => "any".into(),
            Type::List(of) => format!("[]{}", of.go_type()),
            Type::Map(of) => format!("map[string]{}", of.go_type()),
            Type::Struct(of) => of.go.into(),
        }
    }
}

/// The form in which Go writes a field without a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unset {
    /// nothing; nothing for a zero value either
    Omitted,
    /// nothing, but a zero that was set is written
    OmittedPointer,
    /// the zero value
    Zero,
    Null,
}
use Unset::{Omitted, Zero};

/// The schema of a document, or of a part of one.
#[derive(Debug)]
pub struct Struct {
    /// the type as Go prints it
    pub go: &'static str,
    pub fields: &'static [Field],
}

/// A field of a struct.
#[derive(Debug)]
pub struct Field {
    pub name: &'static str,
    pub value_type: Type,
    pub unset: Unset,
}

const fn field(unset: Unset, name: &'static str, value_type: Type) -> Field {
    Field {
        name,
        value_type,
        unset,
    }
}

const STRINGS: Type = Type::List(&Type::String);
const STRING_MAP: Type = Type::Map(&Type::String);
const BOOL_MAP: Type = Type::Map(&Type::Bool);

const LOGGING: Struct = Struct {
    go: "v1.LoggingConfiguration",
    fields: &[
        field(Omitted, "format", Type::String),
        field(Zero, "flushFrequency", Type::DurationOrNanoseconds),
        field(Zero, "verbosity", UINT32),
        field(Omitted, "vmodule", Type::List(&Type::Struct(&VMODULE))),
        field(Zero, "options", Type::Struct(&LOG_OPTIONS)),
    ],
};
const VMODULE: Struct = Struct {
    go: "v1.VModuleItem",
    fields: &[
        field(Zero, "filePattern", Type::String),
        field(Zero, "verbosity", UINT32),
    ],
};
const LOG_OPTIONS: Struct = Struct {
    go: "v1.FormatOptions",
    fields: &[
        field(Zero, "json", Type::Struct(&JSON_OPTIONS)),
        field(Zero, "text", Type::Struct(&TEXT_OPTIONS)),
    ],
};
const JSON_OPTIONS: Struct = Struct {
    go: "v1.JSONOptions",
    fields: STREAMS,
};
const TEXT_OPTIONS: Struct = Struct {
    go: "v1.TextOptions",
    fields: STREAMS,
};
const STREAMS: &[Field] = &[
    field(Omitted, "splitStream", Type::Bool),
    field(Zero, "infoBufferSize", Type::Quantity),
];
