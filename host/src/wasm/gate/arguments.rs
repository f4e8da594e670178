//! From what a phase hands over to typed arguments.
use super::pattern::Asked;
use crate::arguments::{
    AbsolutePath, Argument, CommandLine, FactName, FileName, HostName, HttpUrl, ImageName, KernelOption, ModuleName, ObjectName, PhaseId,
    Pointer, Selector, SysctlKey, Text, UnitName,
};
use kubephase_sdk::spec::{CertificateSpec, KeyPairSpec, KubeconfigSpec, RotatedKubeconfigSpec};
use kubephase_wit::ObjectRef;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// Whose call it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// a phase that is part of the program
    Distribution,
    /// a plugin of somebody else
    Plugin,
}

/// The arguments of a host function, parsed.
pub trait Arguments: Sized {
    /// What a phase hands over.
    type Raw;
    /// What each argument is, in the words of messages; empty for a function without arguments that are parsed.
    const KINDS: &'static [&'static str];

    /// Bytes that were handed over.
    fn length(raw: &Self::Raw) -> usize;

    /// Parses what was handed over.
    ///
    /// # Errors
    /// Which argument does not fit, and why.
    fn parse(raw: Self::Raw, origin: Origin) -> Result<Self, String>;

    /// What a grant has to cover.
    fn asks(&self) -> Vec<Asked<'_>> {
        Vec::new()
    }

    /// The arguments as a recording has them.
    fn record(&self) -> Value;
}

impl Arguments for () {
    type Raw = ();
    const KINDS: &'static [&'static str] = &[];

    fn length((): &()) -> usize {
        0
    }

    fn parse((): (), _: Origin) -> Result<Self, String> {
        Ok(())
    }

    fn record(&self) -> Value {
        json!([])
    }
}

/// One text, which a grant bounds in one dimension or in none.
macro_rules! one_text {
    ($($name:ident $(asks $dimension:ident)?;)*) => { $(
        impl Arguments for $name {
            type Raw = String;
            const KINDS: &'static [&'static str] = &[<$name as Argument>::WHAT];

            fn length(raw: &String) -> usize {
                raw.len()
            }

            fn parse(raw: String, _: Origin) -> Result<Self, String> {
                $name::parse(&raw)
            }

            $(fn asks(&self) -> Vec<Asked<'_>> {
                vec![Asked::$dimension(self.as_str())]
            })?

            fn record(&self) -> Value {
                json!([self.as_str()])
            }
        }
    )* };
}

one_text! {
    FactName;
    HostName asks HostName;
    ImageName asks Image;
    KernelOption;
    ModuleName asks Module;
    Pointer;
    SysctlKey asks Key;
    Text;
    UnitName asks Unit;
}

impl Arguments for AbsolutePath {
    type Raw = String;
    const KINDS: &'static [&'static str] = &[<AbsolutePath as Argument>::WHAT];

    fn length(raw: &String) -> usize {
        raw.len()
    }

    fn parse(raw: String, origin: Origin) -> Result<Self, String> {
        match origin {
            // The operator's configuration may name a directory by a way with `..`.
            Origin::Distribution => AbsolutePath::clean(&raw),
            Origin::Plugin => AbsolutePath::parse(&raw),
        }
    }

    fn asks(&self) -> Vec<Asked<'_>> {
        vec![Asked::Path(self.as_str())]
    }

    fn record(&self) -> Value {
        json!([self.as_str()])
    }
}

impl Arguments for HttpUrl {
    type Raw = String;
    const KINDS: &'static [&'static str] = &[<HttpUrl as Argument>::WHAT];

    fn length(raw: &String) -> usize {
        raw.len()
    }

    fn parse(raw: String, _: Origin) -> Result<Self, String> {
        HttpUrl::parse(&raw)
    }

    fn asks(&self) -> Vec<Asked<'_>> {
        vec![Asked::Url(self)]
    }

    fn record(&self) -> Value {
        json!([self.as_str()])
    }
}

impl Arguments for CommandLine {
    type Raw = (String, Vec<String>);
    const KINDS: &'static [&'static str] = &["a program", "an argument"];

    fn length((program, arguments): &Self::Raw) -> usize {
        program.len() + arguments.iter().map(String::len).sum::<usize>()
    }

    fn parse((program, arguments): Self::Raw, _: Origin) -> Result<Self, String> {
        CommandLine::parse(&program, &arguments)
    }

    fn asks(&self) -> Vec<Asked<'_>> {
        vec![Asked::Command(self)]
    }

    fn record(&self) -> Value {
        json!([self.program(), self.arguments()])
    }
}

impl Arguments for ObjectName {
    type Raw = ObjectRef;
    const KINDS: &'static [&'static str] = &["an apiVersion", "a kind of objects", "a namespace", "the name of an object"];

    fn length(raw: &ObjectRef) -> usize {
        raw.api_version.len() + raw.kind.len() + raw.namespace.as_ref().map_or(0, String::len) + raw.name.len()
    }

    fn parse(raw: ObjectRef, _: Origin) -> Result<Self, String> {
        ObjectName::parse(&raw)
    }

    fn asks(&self) -> Vec<Asked<'_>> {
        vec![Asked::Object(self)]
    }

    fn record(&self) -> Value {
        json!([self.to_ref()])
    }
}

/// All objects of a kind, in one namespace or in all, by their labels or whatever labels they have.
#[derive(Debug)]
pub struct Listing {
    pub of: ObjectName,
    pub selector: Option<Selector>,
}

impl Arguments for Listing {
    type Raw = (String, String, Option<String>, Option<String>);
    const KINDS: &'static [&'static str] = &["an apiVersion", "a kind of objects", "a namespace", <Selector as Argument>::WHAT];

    fn length((api_version, kind, namespace, selector): &Self::Raw) -> usize {
        api_version.len() + kind.len() + namespace.as_ref().map_or(0, String::len) + selector.as_ref().map_or(0, String::len)
    }

    fn parse((api_version, kind, namespace, selector): Self::Raw, _: Origin) -> Result<Self, String> {
        let of = ObjectName::of_kind(&api_version, &kind, namespace.as_deref())?;
        Ok(Listing { of, selector: selector.as_deref().map(Selector::parse).transpose()? })
    }

    fn asks(&self) -> Vec<Asked<'_>> {
        vec![Asked::Object(&self.of)]
    }

    fn record(&self) -> Value {
        json!([self.of.api_version(), self.of.kind(), self.of.namespace(), self.selector.as_deref()])
    }
}

/// A server, and the node's own files to be known by there: authority, certificate and key, each of which may be left out.
#[derive(Debug)]
pub struct Identity {
    pub url: HttpUrl,
    pub authority: Option<AbsolutePath>,
    pub certificate: Option<AbsolutePath>,
    pub key: Option<AbsolutePath>,
}

impl Identity {
    pub fn files(&self) -> impl Iterator<Item = &AbsolutePath> {
        [&self.authority, &self.certificate, &self.key].into_iter().flatten()
    }
}

impl Arguments for Identity {
    type Raw = (String, String, String, String);
    const KINDS: &'static [&'static str] = &[
        <HttpUrl as Argument>::WHAT,
        <AbsolutePath as Argument>::WHAT,
        <AbsolutePath as Argument>::WHAT,
        <AbsolutePath as Argument>::WHAT,
    ];

    fn length((url, authority, certificate, key): &Self::Raw) -> usize {
        url.len() + authority.len() + certificate.len() + key.len()
    }

    fn parse((url, authority, certificate, key): Self::Raw, origin: Origin) -> Result<Self, String> {
        let file = |path: String| match path.as_str() {
            "" => Ok(None),
            _ => <AbsolutePath as Arguments>::parse(path, origin).map(Some),
        };
        Ok(Identity { url: HttpUrl::parse(&url)?, authority: file(authority)?, certificate: file(certificate)?, key: file(key)? })
    }

    fn asks(&self) -> Vec<Asked<'_>> {
        std::iter::once(Asked::Url(&self.url)).chain(self.files().map(|path| Asked::Path(path.as_str()))).collect()
    }

    fn record(&self) -> Value {
        json!([self.url.as_str()])
    }
}

/// A fact of another phase.
impl Arguments for (PhaseId, FactName) {
    type Raw = (String, String);
    const KINDS: &'static [&'static str] = &[<PhaseId as Argument>::WHAT, <FactName as Argument>::WHAT];

    fn length((phase, name): &Self::Raw) -> usize {
        phase.len() + name.len()
    }

    fn parse((phase, name): Self::Raw, _: Origin) -> Result<Self, String> {
        Ok((PhaseId::parse(&phase)?, FactName::parse(&name)?))
    }

    fn record(&self) -> Value {
        json!([self.0.as_str(), self.1.as_str()])
    }
}

/// A path, and bytes or a number that mean nothing to the host.
impl<T: Length> Arguments for (AbsolutePath, Plain<T>) {
    type Raw = (String, T);
    const KINDS: &'static [&'static str] = &[<AbsolutePath as Argument>::WHAT];

    fn length((path, rest): &Self::Raw) -> usize {
        path.len() + rest.length()
    }

    fn parse((path, rest): Self::Raw, origin: Origin) -> Result<Self, String> {
        Ok((<AbsolutePath as Arguments>::parse(path, origin)?, Plain(rest)))
    }

    fn asks(&self) -> Vec<Asked<'_>> {
        self.0.asks()
    }

    fn record(&self) -> Value {
        json!([self.0.as_str()])
    }
}

/// A name, and bytes, a text or a number that mean nothing to the gate.
macro_rules! name_and_plain {
    ($($name:ident)*) => { $(
        impl<T: Length> Arguments for ($name, Plain<T>) {
            type Raw = (String, T);
            const KINDS: &'static [&'static str] = <$name as Arguments>::KINDS;

            fn length((name, rest): &Self::Raw) -> usize {
                name.len() + rest.length()
            }

            fn parse((name, rest): Self::Raw, _: Origin) -> Result<Self, String> {
                Ok(($name::parse(&name)?, Plain(rest)))
            }

            fn asks(&self) -> Vec<Asked<'_>> {
                self.0.asks()
            }

            fn record(&self) -> Value {
                self.0.record()
            }
        }
    )* };
}

name_and_plain! { FactName SysctlKey UnitName }

impl Arguments for FileName {
    type Raw = String;
    const KINDS: &'static [&'static str] = &[<FileName as Argument>::WHAT];

    fn length(raw: &String) -> usize {
        raw.len()
    }

    fn parse(raw: String, _: Origin) -> Result<Self, String> {
        FileName::parse(&raw)
    }

    fn record(&self) -> Value {
        json!([self.as_str()])
    }
}

impl<T: Length> Arguments for (FileName, Plain<T>) {
    type Raw = (String, T);
    const KINDS: &'static [&'static str] = <FileName as Arguments>::KINDS;

    fn length((name, rest): &Self::Raw) -> usize {
        name.len() + rest.length()
    }

    fn parse((name, rest): Self::Raw, _: Origin) -> Result<Self, String> {
        Ok((FileName::parse(&name)?, Plain(rest)))
    }

    fn record(&self) -> Value {
        self.0.record()
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

    fn asks(&self) -> Vec<Asked<'_>> {
        self.0.asks()
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
        let of = crate::effect::objects::reference(&manifest).map_err(|failure| failure.message)?;
        Ok((ObjectName::parse(&of)?, Plain(manifest)))
    }

    fn asks(&self) -> Vec<Asked<'_>> {
        self.0.asks()
    }

    fn record(&self) -> Value {
        self.0.record()
    }
}

/// What means nothing to the gate: bytes of a file, a number, a handle of this very call.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plain<T>(pub T);

impl<T: Length + Serialize> Arguments for Plain<T> {
    type Raw = T;
    const KINDS: &'static [&'static str] = &[];

    fn length(raw: &T) -> usize {
        raw.length()
    }

    fn parse(raw: T, _: Origin) -> Result<Self, String> {
        Ok(Plain(raw))
    }

    fn record(&self) -> Value {
        json!([self])
    }
}

/// The bytes that a value takes.
pub trait Length {
    fn length(&self) -> usize;
}

impl Length for u16 {
    fn length(&self) -> usize {
        size_of::<u16>()
    }
}

impl Length for u32 {
    fn length(&self) -> usize {
        size_of::<u32>()
    }
}

impl Length for String {
    fn length(&self) -> usize {
        self.len()
    }
}

impl Length for Vec<u8> {
    fn length(&self) -> usize {
        self.len()
    }
}

impl<A: Length, B: Length> Length for (A, B) {
    fn length(&self) -> usize {
        self.0.length() + self.1.length()
    }
}

impl<A: Length, B: Length, C: Length> Length for (A, B, C) {
    fn length(&self) -> usize {
        self.0.length() + self.1.length() + self.2.length()
    }
}

fn read<T: DeserializeOwned>(json: &str) -> Result<T, String> {
    serde_json::from_str(json).map_err(|error| format!("the JSON cannot be read: {error}"))
}

/// The base name of a certificate, in the certificates directory or one level below it: `ca`, `etcd/server`.
fn check_base_name(name: &str) -> Result<(), String> {
    let parts: Vec<&str> = name.split('/').collect();
    if parts.len() > 2 {
        return Err(format!("{name:?} is not the base name of a certificate: it has at most one slash"));
    }
    parts.into_iter().try_for_each(|part| FileName::parse(part).map(drop))
}

fn check_directory(directory: &str, origin: Origin) -> Result<String, String> {
    <AbsolutePath as Arguments>::parse(directory.to_owned(), origin).map(String::from)
}

/// A name in a certificate: short, and without characters that do not show themselves.
fn check_subject(name: &str) -> Result<(), String> {
    let shown = Text::parse(name)?;
    if name.len() <= 256 && shown.as_str() == name && !name.contains(['\n', '\t']) {
        return Ok(());
    }
    Err(format!("{:?} is not a name for a certificate: it has at most 256 bytes and no control characters", shown.as_str()))
}

/// A proposal that crosses as JSON, with a check of what the JSON says.
macro_rules! specification {
    ($($name:ident as $kind:literal, $check:expr, $asks:expr;)*) => { $(
        impl Arguments for $name {
            type Raw = String;
            const KINDS: &'static [&'static str] = &[$kind];

            fn length(raw: &String) -> usize {
                raw.len()
            }

            fn parse(raw: String, origin: Origin) -> Result<Self, String> {
                let mut spec: $name = read(&raw)?;
                let check: fn(&mut $name, Origin) -> Result<(), String> = $check;
                check(&mut spec, origin)?;
                Ok(spec)
            }

            fn asks(&self) -> Vec<Asked<'_>> {
                let asks: fn(&$name) -> Vec<Asked<'_>> = $asks;
                asks(self)
            }

            fn record(&self) -> Value {
                json!([self])
            }
        }
    )* };
}

specification! {
    CertificateSpec as "a certificate", |spec, origin| {
        spec.directory = check_directory(&spec.directory, origin)?;
        check_base_name(&spec.name)?;
        spec.authority.iter().try_for_each(|authority| check_base_name(authority))?;
        std::iter::once(&spec.common_name).chain(&spec.organizations).try_for_each(|name| check_subject(name))
    }, |spec| {
        let mut asks = vec![Asked::Directory(&spec.directory), Asked::Subject(&spec.common_name)];
        asks.extend(spec.organizations.iter().map(|group| Asked::Group(group)));
        asks
    };
    KeyPairSpec as "a key pair", |spec, origin| {
        spec.directory = check_directory(&spec.directory, origin)?;
        check_base_name(&spec.name)
    }, |spec| vec![Asked::Directory(&spec.directory)];
    KubeconfigSpec as "a kubeconfig", |spec, origin| {
        spec.path = check_directory(&spec.path, origin)?;
        spec.directory = check_directory(&spec.directory, origin)?;
        check_base_name(&spec.authority)?;
        HttpUrl::parse(&spec.server)?;
        [&spec.user, &spec.common_name, &spec.cluster_name].into_iter().chain(&spec.organizations).try_for_each(|name| check_subject(name))
    }, |spec| {
        let mut asks = vec![Asked::Path(&spec.path), Asked::Subject(&spec.common_name)];
        asks.extend(spec.organizations.iter().map(|group| Asked::Group(group)));
        asks
    };
    RotatedKubeconfigSpec as "a kubeconfig", |spec, origin| {
        spec.path = check_directory(&spec.path, origin)?;
        spec.client_certificate = check_directory(&spec.client_certificate, origin)?;
        Ok(())
    }, |spec| vec![Asked::Path(&spec.path)];
}
