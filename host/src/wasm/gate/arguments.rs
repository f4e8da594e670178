//! The arguments of host functions: how each is parsed from what a phase hands over, measured, and
//! recorded.
mod owner;

pub use owner::NewOwner;

use super::pattern::Demand;
use crate::{
    arguments::{
        AbsolutePath, Argument, CommandLine, FactName, FileName, HostName, HttpUrl, ImageName,
        KernelOption, ModuleName, ObjectName, PhaseId, Pointer, Selector, SysctlKey, Text,
        UnitName,
    },
    wasm::limits::MAX_NAMES,
};
use kubephase_sdk::spec::{
    CertificateSpec, KeyPairSpec, KubeconfigSpec, RotatedKubeconfigSpec, Usage,
};
use kubephase_wit::ObjectRef;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::net::IpAddr;

/// The kind of phase that makes a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// a phase that is part of the program
    Distribution,
    /// a plugin that is not part of the program
    Plugin,
}

/// A type that the arguments of a host function are parsed into.
pub trait Arguments: Sized {
    /// The arguments as a phase hands them over.
    type Raw;
    /// The kind of each argument, as messages call it; empty if no argument is checked.
    const KINDS: &'static [&'static str];

    /// The number of bytes that the arguments take.
    fn length(raw: &Self::Raw) -> usize;

    /// Parses the arguments.
    ///
    /// # Errors
    /// The argument that is not valid, and the rule that it breaks.
    fn parse(raw: Self::Raw, origin: Origin) -> Result<Self, String>;

    /// The demands that a grant has to cover.
    fn demands(&self) -> Vec<Demand<'_>> {
        Vec::new()
    }

    /// The arguments as a recording holds them.
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

/// Implements [`Arguments`] for single texts. `demands` names the dimension in which a grant bounds
/// the text.
macro_rules! single_text {
    ($($name:ident $(demands $dimension:ident)?;)*) => { $(
        impl Arguments for $name {
            type Raw = String;
            const KINDS: &'static [&'static str] = &[<$name as Argument>::WHAT];

            fn length(raw: &String) -> usize {
                raw.len()
            }

            fn parse(raw: String, _: Origin) -> Result<Self, String> {
                $name::parse(&raw)
            }

            $(fn demands(&self) -> Vec<Demand<'_>> {
                vec![Demand::$dimension(self.as_str())]
            })?

            fn record(&self) -> Value {
                json!([self.as_str()])
            }
        }
    )* };
}

single_text! {
    FactName;
    FileName;
    HostName demands HostName;
    ImageName demands Image;
    KernelOption;
    ModuleName demands Module;
    Pointer;
    SysctlKey demands Key;
    Text;
    UnitName demands Unit;
}

impl Arguments for AbsolutePath {
    type Raw = String;
    const KINDS: &'static [&'static str] = &[<AbsolutePath as Argument>::WHAT];

    fn length(raw: &String) -> usize {
        raw.len()
    }

    fn parse(raw: String, origin: Origin) -> Result<Self, String> {
        match origin {
            // A path of the operator's configuration may contain `..`.
            Origin::Distribution => AbsolutePath::clean(&raw),
            Origin::Plugin => AbsolutePath::parse(&raw),
        }
    }

    fn demands(&self) -> Vec<Demand<'_>> {
        vec![Demand::Path(self.as_str())]
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

    fn demands(&self) -> Vec<Demand<'_>> {
        vec![Demand::Url(self)]
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

    fn demands(&self) -> Vec<Demand<'_>> {
        vec![Demand::Command(self)]
    }

    fn record(&self) -> Value {
        json!([self.program(), self.arguments()])
    }
}

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

/// A URL, and the files of the node that identify the node to the server: authority, certificate
/// and key. Each may be left out.
#[derive(Debug)]
pub struct Identity {
    pub url: HttpUrl,
    pub authority: Option<AbsolutePath>,
    pub certificate: Option<AbsolutePath>,
    pub key: Option<AbsolutePath>,
}

impl Identity {
    /// The files that are named.
    pub fn files(&self) -> impl Iterator<Item = &AbsolutePath> {
        [&self.authority, &self.certificate, &self.key]
            .into_iter()
            .flatten()
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

    fn parse(
        (url, authority, certificate, key): Self::Raw,
        origin: Origin,
    ) -> Result<Self, String> {
        let file = |path: String| match path.as_str() {
            "" => Ok(None),
            _ => <AbsolutePath as Arguments>::parse(path, origin).map(Some),
        };
        Ok(Identity {
            url: HttpUrl::parse(&url)?,
            authority: file(authority)?,
            certificate: file(certificate)?,
            key: file(key)?,
        })
    }

    fn demands(&self) -> Vec<Demand<'_>> {
        std::iter::once(Demand::Url(&self.url))
            .chain(self.files().map(|path| Demand::Path(path.as_str())))
            .collect()
    }

    fn record(&self) -> Value {
        json!([self.url.as_str()])
    }
}

/// The name of a fact of another phase.
impl Arguments for (PhaseId, FactName) {
    type Raw = (String, String);
    const KINDS: &'static [&'static str] =
        &[<PhaseId as Argument>::WHAT, <FactName as Argument>::WHAT];

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

/// A text, and a value that the gate does not check.
impl<A: Arguments<Raw = String>, T: Length> Arguments for (A, Plain<T>) {
    type Raw = (String, T);
    const KINDS: &'static [&'static str] = A::KINDS;

    fn length((text, rest): &Self::Raw) -> usize {
        A::length(text) + rest.length()
    }

    fn parse((text, rest): Self::Raw, origin: Origin) -> Result<Self, String> {
        Ok((A::parse(text, origin)?, Plain(rest)))
    }

    fn demands(&self) -> Vec<Demand<'_>> {
        self.0.demands()
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

/// A value that the gate does not check: bytes of a file, a number, the handle of a proposal.
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

/// A value whose size in bytes is known.
pub trait Length {
    /// The number of bytes that the value takes.
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

fn read<T: DeserializeOwned>(json: &str) -> Result<T, String> {
    crate::arguments::json::read(json).map_err(|error| format!("the JSON cannot be read: {error}"))
}

/// Checks the base name of a certificate, in the certificates directory or one level below it:
/// `ca`, `etcd/server`.
fn check_base_name(name: &str) -> Result<(), String> {
    let parts: Vec<&str> = name.split('/').collect();
    if parts.len() > 2 {
        return Err(format!(
            "{name:?} is not the base name of a certificate: it has at most one slash"
        ));
    }
    parts
        .into_iter()
        .try_for_each(|part| FileName::parse(part).map(drop))
}

/// Parses a path, and returns it in its one spelling.
fn check_directory(directory: &str, origin: Origin) -> Result<String, String> {
    <AbsolutePath as Arguments>::parse(directory.to_owned(), origin).map(String::from)
}

/// Checks a name for a certificate: at most 256 bytes, and no control or invisible characters.
fn check_subject(name: &str) -> Result<(), String> {
    let shown = Text::parse(name)?;
    if name.len() <= 256 && shown.as_str() == name && !name.contains(['\n', '\t']) {
        return Ok(());
    }
    Err(format!(
        "{:?} is not a name for a certificate: it has at most 256 bytes and no control characters",
        shown.as_str()
    ))
}

/// Checks the DNS names and addresses that a certificate is for, and brings each to the one
/// spelling in which a grant names it. The names of the distribution's own phases are kubeadm's,
/// which keeps the spelling and warns of what is no name.
fn check_names(spec: &mut CertificateSpec, origin: Origin) -> Result<(), String> {
    if origin == Origin::Distribution {
        return Ok(());
    }
    let names = spec.dns_names.len() + spec.ip_addresses.len() + spec.organizations.len();
    if names > MAX_NAMES {
        return Err(format!(
            "a certificate with {names} names, addresses and groups has more than {MAX_NAMES}"
        ));
    }
    for name in &mut spec.dns_names {
        // The first label may be a wildcard.
        HostName::parse(name.strip_prefix("*.").unwrap_or(name))?;
        *name = name.to_ascii_lowercase();
    }
    for address in &mut spec.ip_addresses {
        let parsed: IpAddr = address.parse().map_err(|_| {
            format!("{address:?} is not an IP address that a certificate can be for")
        })?;
        // Clients take an IPv4 address that is written as an IPv6 address for the IPv4 address.
        *address = parsed.to_canonical().to_string();
    }
    Ok(())
}

/// What a grant of a certificate has to cover.
fn certificate_demands(spec: &CertificateSpec) -> Vec<Demand<'_>> {
    // An authority signs itself.
    let signer = spec.authority.as_deref().unwrap_or(&spec.name);
    let authority = Demand::Authority(crate::render::join(&spec.directory, signer));
    // A certificate that says no usage can be used as client and as server. An authority's
    // certificate says none.
    let usages = match spec.usages.as_slice() {
        [] if spec.authority.is_some() => &[Usage::ClientAuth, Usage::ServerAuth],
        usages => usages,
    };
    [
        Demand::Directory(&spec.directory),
        authority,
        Demand::Subject(&spec.common_name),
    ]
    .into_iter()
    .chain(spec.organizations.iter().map(|group| Demand::Group(group)))
    .chain(
        spec.dns_names
            .iter()
            .chain(&spec.ip_addresses)
            .map(|name| Demand::Name(name)),
    )
    .chain(usages.iter().copied().map(Demand::Usage))
    .collect()
}

/// Implements [`Arguments`] for a specification that a phase hands over as JSON. `$check` checks
/// and normalises it, `$demands` returns what a grant has to cover.
macro_rules! specification {
    ($($name:ident as $kind:literal, $check:expr, $demands:expr;)*) => { $(
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

            fn demands(&self) -> Vec<Demand<'_>> {
                let demands: fn(&$name) -> Vec<Demand<'_>> = $demands;
                demands(self)
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
        check_names(spec, origin)?;
        std::iter::once(&spec.common_name).chain(&spec.organizations).try_for_each(|name| check_subject(name))
    }, certificate_demands;
    KeyPairSpec as "a key pair", |spec, origin| {
        spec.directory = check_directory(&spec.directory, origin)?;
        check_base_name(&spec.name)
    }, |spec| vec![Demand::Directory(&spec.directory)];
    KubeconfigSpec as "a kubeconfig", |spec, origin| {
        spec.path = check_directory(&spec.path, origin)?;
        spec.directory = check_directory(&spec.directory, origin)?;
        check_base_name(&spec.authority)?;
        HttpUrl::parse(&spec.server)?;
        [&spec.user, &spec.common_name, &spec.cluster_name].into_iter().chain(&spec.organizations).try_for_each(|name| check_subject(name))
    }, |spec| {
        let authority = Demand::Authority(crate::render::join(&spec.directory, &spec.authority));
        let mut demands = vec![Demand::Path(&spec.path), authority, Demand::Subject(&spec.common_name)];
        demands.extend(spec.organizations.iter().map(|group| Demand::Group(group)));
        demands
    };
    RotatedKubeconfigSpec as "a kubeconfig", |spec, origin| {
        spec.path = check_directory(&spec.path, origin)?;
        spec.client_certificate = check_directory(&spec.client_certificate, origin)?;
        Ok(())
    }, |spec| vec![Demand::Path(&spec.path)];
}
