//! Arguments that name objects of the cluster.
use super::{Arguments, Origin, Plain, read};
use crate::{
    arguments::{Argument, ObjectName, Selector},
    wasm::gate::pattern::Demand,
};
use kubephase_wit::ObjectRef;
use serde_json::{Value, json};

impl Arguments for ObjectName {
    type Raw = ObjectRef;
    const KINDS: &'static [&'static str] = &[
        "an apiVersion",
        "a kind of objects",
        "a namespace",
        "the name of an object",
    ];

    fn length(raw: &ObjectRef) -> usize {
        raw.api_version.len()
            + raw.kind.len()
            + raw.namespace.as_ref().map_or(0, String::len)
            + raw.name.len()
    }

    fn parse(raw: ObjectRef, _: Origin) -> Result<Self, String> {
        ObjectName::parse(&raw)
    }

    fn demands(&self) -> Vec<Demand<'_>> {
        vec![Demand::Object(self)]
    }

    fn record(&self) -> Value {
        json!([self.to_ref()])
    }
}

/// A query for the objects of a kind, in one namespace or in all, with a label selector or without.
#[derive(Debug)]
pub struct Listing {
    /// kind and namespace of the objects, without a name
    pub of: ObjectName,
    pub selector: Option<Selector>,
}

impl Arguments for Listing {
    type Raw = (String, String, Option<String>, Option<String>);
    const KINDS: &'static [&'static str] = &[
        "an apiVersion",
        "a kind of objects",
        "a namespace",
        <Selector as Argument>::WHAT,
    ];

    fn length((api_version, kind, namespace, selector): &Self::Raw) -> usize {
        api_version.len()
            + kind.len()
            + namespace.as_ref().map_or(0, String::len)
            + selector.as_ref().map_or(0, String::len)
    }

    fn parse(
        (api_version, kind, namespace, selector): Self::Raw,
        _: Origin,
    ) -> Result<Self, String> {
        let of = ObjectName::parse_kind(&api_version, &kind, namespace.as_deref())?;
        Ok(Listing {
            of,
            selector: selector.as_deref().map(Selector::parse).transpose()?,
        })
    }

    fn demands(&self) -> Vec<Demand<'_>> {
        vec![Demand::Object(&self.of)]
    }

    fn record(&self) -> Value {
        json!([
            self.of.api_version(),
            self.of.kind(),
            self.of.namespace(),
            self.selector.as_deref()
        ])
    }
}

/// A reference to an object and a patch of it.
impl Arguments for (ObjectName, Value) {
    type Raw = (ObjectRef, String);
    const KINDS: &'static [&'static str] = <ObjectName as Arguments>::KINDS;

    fn length((of, patch): &Self::Raw) -> usize {
        ObjectName::length(of) + patch.len()
    }

    fn parse((of, patch): Self::Raw, _: Origin) -> Result<Self, String> {
        Ok((ObjectName::parse(&of)?, read(&patch)?))
    }

    fn demands(&self) -> Vec<Demand<'_>> {
        self.0.demands()
    }

    fn record(&self) -> Value {
        self.0.record()
    }
}

/// The manifest of an object.
impl Arguments for (ObjectName, Plain<Value>) {
    type Raw = String;
    const KINDS: &'static [&'static str] = &["the manifest of an object"];

    fn length(raw: &String) -> usize {
        raw.len()
    }

    fn parse(raw: String, _: Origin) -> Result<Self, String> {
        let manifest: Value = read(&raw)?;
        let of =
            crate::world::object_ref::reference(&manifest).map_err(|failure| failure.message)?;
        Ok((ObjectName::parse(&of)?, Plain(manifest)))
    }

    fn demands(&self) -> Vec<Demand<'_>> {
        self.0.demands()
    }

    fn record(&self) -> Value {
        self.0.record()
    }
}
