//! The specifications of certificates, key pairs and kubeconfigs.
use super::{Arguments, Origin, read};
use crate::{
    arguments::{AbsolutePath, FileName, HostName, Text, check_server},
    wasm::{gate::pattern::Demand, limits::MAX_NAMES},
};
use kubephase_sdk::spec::{
    CertificateSpec, KeyPairSpec, KubeconfigSpec, RotatedKubeconfigSpec, Usage,
};
use serde_json::{Value, json};
use std::net::IpAddr;

/// Checks the base name of a certificate, in the certificates directory or one level below it:
/// `ca`, `etcd/server`.
fn check_base_name(name: &str) -> Result<(), String> {
    let parts: Vec<&str> = name.split('/').collect();
    if parts.len() > 2 {
        return Err(format!(
            "{name:?} is not the base name of a certificate: it must have at most one slash"
        ));
    }
    parts
        .into_iter()
        .try_for_each(|part| FileName::parse(part).map(drop))
}

/// Parses a path, and returns it without `.` and empty components. Only a phase of the program may
/// use `..`.
fn normalise_path(directory: &str, origin: Origin) -> Result<String, String> {
    <AbsolutePath as Arguments>::parse(directory.to_owned(), origin).map(String::from)
}

/// The longest name for a certificate: a node's, with the longest name that a node can have.
const MAX_SUBJECT: usize = "system:node:".len() + 253;

/// Checks a name for a certificate: not too long, and no control or invisible characters.
fn check_subject(name: &str) -> Result<(), String> {
    let shown = Text::parse(name)?;
    if name.len() <= MAX_SUBJECT && shown.as_str() == name && !name.contains(['\n', '\t']) {
        return Ok(());
    }
    Err(format!(
        "{:?} is not a name for a certificate: it must have at most {MAX_SUBJECT} bytes and no \
         control or invisible characters",
        shown.as_str()
    ))
}

/// Checks the DNS names and addresses of a certificate, and normalises their spelling, which is the
/// spelling of grants. Does nothing for built-in phases: kubeadm keeps the spelling, and warns of
/// names that are not valid (kubeadm behaviour).
fn check_names(spec: &mut CertificateSpec, origin: Origin) -> Result<(), String> {
    if origin == Origin::Distribution {
        return Ok(());
    }
    let names = spec.dns_names.len() + spec.ip_addresses.len() + spec.organizations.len();
    if names > MAX_NAMES {
        return Err(format!(
            "a certificate must have at most {MAX_NAMES} names, addresses and groups, not {names}"
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
        // Clients treat an IPv4 address that is written as an IPv6 address as the IPv4 address.
        *address = parsed.to_canonical().to_string();
    }
    Ok(())
}

/// Returns the demands that a grant has to cover for a certificate.
fn certificate_demands(spec: &CertificateSpec) -> Vec<Demand<'_>> {
    // An authority signs itself.
    let signer = spec.authority.as_deref().unwrap_or(&spec.name);
    let authority = Demand::Authority(crate::render::join(&spec.directory, signer));
    // A certificate without usages can be used for clients and servers. The certificate of an
    // authority has none.
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
/// and normalises it, `$demands` returns the demands that a grant has to cover.
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

/// Checks and normalises the specification of a certificate.
fn check_certificate(spec: &mut CertificateSpec, origin: Origin) -> Result<(), String> {
    spec.directory = normalise_path(&spec.directory, origin)?;
    check_base_name(&spec.name)?;
    spec.authority
        .iter()
        .try_for_each(|authority| check_base_name(authority))?;
    check_names(spec, origin)?;
    std::iter::once(&spec.common_name)
        .chain(&spec.organizations)
        .try_for_each(|name| check_subject(name))
}

/// Checks and normalises the specification of a key pair.
fn check_key_pair(spec: &mut KeyPairSpec, origin: Origin) -> Result<(), String> {
    spec.directory = normalise_path(&spec.directory, origin)?;
    check_base_name(&spec.name)
}

/// Checks and normalises the specification of a kubeconfig.
fn check_kubeconfig(spec: &mut KubeconfigSpec, origin: Origin) -> Result<(), String> {
    spec.path = normalise_path(&spec.path, origin)?;
    spec.directory = normalise_path(&spec.directory, origin)?;
    check_base_name(&spec.authority)?;
    check_server(&spec.server)?;
    [&spec.user, &spec.common_name, &spec.cluster_name]
        .into_iter()
        .chain(&spec.organizations)
        .try_for_each(|name| check_subject(name))
}

/// Returns the demands that a grant has to cover for a kubeconfig.
fn kubeconfig_demands(spec: &KubeconfigSpec) -> Vec<Demand<'_>> {
    let authority = Demand::Authority(crate::render::join(&spec.directory, &spec.authority));
    let mut demands = vec![
        Demand::Path(&spec.path),
        authority,
        Demand::Subject(&spec.common_name),
    ];
    demands.extend(spec.organizations.iter().map(|group| Demand::Group(group)));
    demands
}

/// Checks and normalises the specification of a kubeconfig with a rotated certificate.
fn check_rotated(spec: &mut RotatedKubeconfigSpec, origin: Origin) -> Result<(), String> {
    spec.path = normalise_path(&spec.path, origin)?;
    spec.client_certificate = normalise_path(&spec.client_certificate, origin)?;
    Ok(())
}

specification! {
    CertificateSpec as "a certificate", check_certificate, certificate_demands;
    KeyPairSpec as "a key pair", check_key_pair, |spec| vec![Demand::Directory(&spec.directory)];
    KubeconfigSpec as "a kubeconfig", check_kubeconfig, kubeconfig_demands;
    RotatedKubeconfigSpec as "a kubeconfig", check_rotated, |spec| vec![Demand::Path(&spec.path)];
}
