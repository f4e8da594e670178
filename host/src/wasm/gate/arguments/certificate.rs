//! Parses and checks the specifications of certificates, key pairs and kubeconfigs, and says what a
//! grant has to cover.
use super::{Arguments, Origin, read};
use crate::{
    arguments::{AbsolutePath, FileName, HostName, Text, check_server},
    wasm::{gate::pattern::Demand, limits::MAX_CERTIFICATE_NAMES},
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

/// Parses a path, and returns it without `.` and empty components. Only a built-in phase may use
/// `..`.
fn normalise_path(path: &str, origin: Origin) -> Result<String, String> {
    <AbsolutePath as Arguments>::parse(path.to_owned(), origin).map(String::from)
}

/// The longest common name, in bytes: `system:node:` and the longest name of a node (a DNS
/// subdomain of 253 bytes).
const MAX_COMMON_NAME: usize = "system:node:".len() + 253;

/// Checks a name of a user, a group or a cluster: not too long, and no control or invisible
/// characters.
fn check_identity_name(name: &str) -> Result<(), String> {
    // `Text` escapes control and invisible characters, and cuts a long text. It never refuses one.
    // So an unchanged text has no such characters, except line ends and tabs.
    let shown = Text::parse(name)?;
    if name.len() <= MAX_COMMON_NAME && shown.as_str() == name && !name.contains(['\n', '\t']) {
        return Ok(());
    }
    Err(format!(
        "{:?} is not a valid name of a user, group or cluster: it must have at most \
         {MAX_COMMON_NAME} bytes and no control or invisible characters",
        shown.as_str()
    ))
}

/// Refuses a plugin's certificate with more than [`MAX_CERTIFICATE_NAMES`] names, addresses and
/// groups.
fn check_count(count: usize, origin: Origin) -> Result<(), String> {
    if origin == Origin::BuiltIn || count <= MAX_CERTIFICATE_NAMES {
        return Ok(());
    }
    Err(format!(
        "a certificate must have at most {MAX_CERTIFICATE_NAMES} names, addresses and groups, not \
         {count}"
    ))
}

/// Checks the DNS names and addresses of a certificate, and brings them into the normal spelling
/// that patterns of grants have. Leaves the names of built-in phases as they are: kubeadm keeps the
/// spelling, and only warns of invalid names.
fn check_names(spec: &mut CertificateSpec, origin: Origin) -> Result<(), String> {
    if origin == Origin::BuiltIn {
        return Ok(());
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
        // To clients, an IPv4 address in the form of IPv6 (`::ffff:192.0.2.1`) is the IPv4 address.
        *address = parsed.to_canonical().to_string();
    }
    Ok(())
}

/// Returns the demands of a client's identity: its common name, its groups, and the authority that
/// signs its certificate.
fn identity_demands<'a>(
    (directory, authority): (&str, &str),
    common_name: &'a str,
    groups: &'a [String],
) -> impl Iterator<Item = Demand<'a>> {
    let authority = Demand::Authority(crate::render::join_path(directory, authority));
    [authority, Demand::Subject(common_name)]
        .into_iter()
        .chain(groups.iter().map(|group| Demand::Group(group)))
}

/// Returns the demands that a grant has to cover for a certificate.
fn certificate_demands(spec: &CertificateSpec) -> Vec<Demand<'_>> {
    // A specification without an authority is for an authority, which signs itself.
    let signer = spec.authority.as_deref().unwrap_or(&spec.name);
    let names = spec.dns_names.iter().chain(&spec.ip_addresses);
    // A certificate without usages can be used for clients and servers. The certificate of an
    // authority has none.
    let usages = match spec.usages.as_slice() {
        [] if spec.authority.is_some() => &[Usage::ClientAuth, Usage::ServerAuth],
        usages => usages,
    };
    std::iter::once(Demand::Directory(&spec.directory))
        .chain(identity_demands(
            (&spec.directory, signer),
            &spec.common_name,
            &spec.organizations,
        ))
        .chain(names.map(|name| Demand::CertificateName(name)))
        .chain(usages.iter().copied().map(Demand::Usage))
        .collect()
}

/// Checks and normalises the specification of a certificate.
fn check_certificate(spec: &mut CertificateSpec, origin: Origin) -> Result<(), String> {
    spec.directory = normalise_path(&spec.directory, origin)?;
    check_base_name(&spec.name)?;
    spec.authority
        .iter()
        .try_for_each(|authority| check_base_name(authority))?;
    check_count(
        spec.dns_names.len() + spec.ip_addresses.len() + spec.organizations.len(),
        origin,
    )?;
    check_names(spec, origin)?;
    std::iter::once(&spec.common_name)
        .chain(&spec.organizations)
        .try_for_each(|name| check_identity_name(name))
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
    check_count(spec.organizations.len(), origin)?;
    [&spec.user, &spec.common_name, &spec.cluster_name]
        .into_iter()
        .chain(&spec.organizations)
        .try_for_each(|name| check_identity_name(name))
}

/// Returns the demands that a grant has to cover for a kubeconfig.
fn kubeconfig_demands(spec: &KubeconfigSpec) -> Vec<Demand<'_>> {
    std::iter::once(Demand::Path(&spec.path))
        .chain(identity_demands(
            (&spec.directory, &spec.authority),
            &spec.common_name,
            &spec.organizations,
        ))
        .collect()
}

/// Checks and normalises the specification of a kubeconfig with a rotated certificate.
fn check_rotated(spec: &mut RotatedKubeconfigSpec, origin: Origin) -> Result<(), String> {
    spec.path = normalise_path(&spec.path, origin)?;
    spec.client_certificate = normalise_path(&spec.client_certificate, origin)?;
    Ok(())
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
                // Gives a closure its type.
                let check: fn(&mut $name, Origin) -> Result<(), String> = $check;
                check(&mut spec, origin)?;
                Ok(spec)
            }

            fn demands(&self) -> Vec<Demand<'_>> {
                let demands: fn(&$name) -> Vec<Demand<'_>> = $demands;
                demands(self)
            }

            fn record(&self) -> Value {
                // A recording has a list of arguments.
                json!([self])
            }
        }
    )* };
}

specification! {
    CertificateSpec as "a certificate", check_certificate, certificate_demands;
    KeyPairSpec as "a key pair", check_key_pair, |spec| vec![Demand::Directory(&spec.directory)];
    KubeconfigSpec as "a kubeconfig", check_kubeconfig, kubeconfig_demands;
    RotatedKubeconfigSpec as "a kubeconfig with a rotated certificate", check_rotated,
        |spec| vec![Demand::Path(&spec.path)];
}
