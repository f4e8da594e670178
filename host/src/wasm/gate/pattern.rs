//! Patterns of grants: checks their syntax, and decides whether they cover what a call demands. A
//! pattern *matches* a text; a request *covers* a demand.
mod dimension;
mod wildcards;

pub use dimension::Dimension;

use crate::{
    arguments::{CommandLine, HttpUrl, ObjectName},
    wasm::request::{ObjectPattern, Request},
};
use kubephase_sdk::spec::Usage;
use std::net::IpAddr;

/// Something that a call uses and that a grant must cover: a path, a host, an object. A call is
/// allowed if one request of the plugin's manifest covers all its demands.
#[derive(Clone, Debug)]
pub enum Demand<'a> {
    Path(&'a str),
    /// a directory of certificates
    Directory(&'a str),
    /// a host that is looked up, without a port
    HostName(&'a str),
    /// a URL, of which the host and the port are compared
    Url(&'a HttpUrl),
    Command(&'a CommandLine),
    Object(&'a ObjectName),
    /// a unit of the init system
    Unit(&'a str),
    KernelParameter(&'a str),
    /// a kernel module
    Module(&'a str),
    /// a container image
    Image(&'a str),
    /// an authority that signs, by the path of its certificate without `.crt`
    Authority(String),
    /// the common name of a certificate
    Subject(&'a str),
    /// an organization of a certificate, which is a group of the cluster
    Group(&'a str),
    /// a DNS name or an IP address that a certificate is for
    CertificateName(&'a str),
    /// what a certificate is for
    Usage(Usage),
}

impl Demand<'_> {
    /// Whether a pattern of the request covers the demand.
    pub fn is_covered_by(&self, request: &Request) -> bool {
        match self {
            Demand::Path(path) => any_matches(&request.paths, path),
            Demand::Directory(directory) => any_matches(&request.directories, directory),
            Demand::HostName(name) => request
                .hosts
                .iter()
                .any(|pattern| pattern_matches(split_port(pattern).0, name)),
            Demand::Url(url) => request.hosts.iter().any(|pattern| covers_url(pattern, url)),
            Demand::Command(command) => request
                .commands
                .iter()
                .any(|pattern| covers_command(pattern, command)),
            Demand::Object(object) => request
                .objects
                .iter()
                .any(|pattern| covers_object(pattern, object)),
            Demand::Unit(unit) => any_matches(&request.units, unit),
            Demand::KernelParameter(key) => any_matches(&request.keys, key),
            Demand::Module(module) => any_matches(&request.modules, module),
            Demand::Image(image) => any_matches(&request.images, image),
            Demand::Authority(authority) => any_matches(&request.authorities, authority),
            Demand::Subject(subject) => any_matches(&request.subjects, subject),
            Demand::Group(group) => any_matches(&request.groups, group),
            Demand::CertificateName(name) => any_matches(&request.names, name),
            Demand::Usage(usage) => request
                .usages
                .iter()
                .any(|granted| granted == usage_name(*usage)),
        }
    }
}

impl std::fmt::Display for Demand<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Demand::Path(text) | Demand::Directory(text) | Demand::HostName(text) => {
                f.write_str(text)
            }
            Demand::Unit(text) => write!(f, "unit {text}"),
            Demand::KernelParameter(text) => write!(f, "kernel parameter {text}"),
            Demand::Module(text) => write!(f, "module {text}"),
            Demand::Image(text) => write!(f, "image {text}"),
            Demand::Authority(text) => write!(f, "authority {text}"),
            Demand::Subject(text) => write!(f, "subject {text:?}"),
            Demand::Group(text) => write!(f, "group {text:?}"),
            Demand::CertificateName(text) => write!(f, "name {text}"),
            Demand::Usage(usage) => write!(f, "usage {}", usage_name(*usage)),
            Demand::Url(url) => f.write_str(url.as_str()),
            Demand::Command(command) => write!(f, "{command}"),
            Demand::Object(object) => {
                write!(f, "{} ({})", object.kind(), object.api_version())?;
                if let Some(name) = object.name() {
                    write!(f, " {name}")?;
                }
                if let Some(namespace) = object.namespace() {
                    write!(f, " in {namespace}")?;
                }
                Ok(())
            }
        }
    }
}

/// Returns the name of a usage in specifications and grants.
fn usage_name(usage: Usage) -> &'static str {
    match usage {
        Usage::ClientAuth => "clientAuth",
        Usage::ServerAuth => "serverAuth",
    }
}

/// Checks a pattern of `usages`: it must be `clientAuth` or `serverAuth`, without a wildcard.
///
/// # Errors
/// The pattern breaks a rule, which the message states.
pub fn check_usage(pattern: &str) -> Result<(), String> {
    let known = [Usage::ClientAuth, Usage::ServerAuth].map(usage_name);
    if known.contains(&pattern) {
        Ok(())
    } else {
        Err(format!("a usage is {}", known.join(" or ")))
    }
}

/// Checks a pattern of `names`. Names and addresses are compared in their normal spelling (lower
/// case; canonical IP addresses), so a pattern must be written that way.
///
/// # Errors
/// The pattern is not in normal spelling. The message has the normal spelling.
pub fn check_name(pattern: &str) -> Result<(), String> {
    let normal = pattern.parse::<IpAddr>().map_or_else(
        |_| pattern.to_ascii_lowercase(),
        |address| address.to_canonical().to_string(),
    );
    if normal == pattern {
        Ok(())
    } else {
        Err(format!("write it as {normal}"))
    }
}

/// Whether a pattern, `name` or `name:port`, covers the host and port of a URL.
pub(super) fn covers_url(pattern: &str, url: &HttpUrl) -> bool {
    let (name, port) = split_port(pattern);
    let port_matches = match port {
        None => url.has_usual_port(),
        Some("*") => true,
        Some(port) => port == url.port().to_string(),
    };
    port_matches && pattern_matches(name, &url.host())
}

/// Whether a pattern covers a command: the program exactly, because a program has no wildcards, and
/// argument by argument.
fn covers_command(pattern: &[String], command: &CommandLine) -> bool {
    let Some((program, arguments)) = pattern.split_first() else {
        return false;
    };
    program == command.program()
        && arguments.len() == command.arguments().len()
        && arguments
            .iter()
            .zip(command.arguments())
            .all(|(pattern, argument)| covers_argument(pattern, argument))
}

/// Whether a pattern covers an argument of a command line. A pattern with a wildcard matches no
/// path with `..`, and matches an option only if the pattern itself begins with a dash: otherwise a
/// plugin could do more than the pattern shows.
fn covers_argument(pattern: &str, argument: &str) -> bool {
    let is_unexpected_option = argument.starts_with('-') && !pattern.starts_with('-');
    let leads_up = argument.split('/').any(|component| component == "..");
    pattern == argument
        || (!is_unexpected_option && !leads_up && pattern_matches(pattern, argument))
}

/// Whether a pattern of objects covers an object, or all objects of a kind.
pub fn covers_object(pattern: &ObjectPattern, object: &ObjectName) -> bool {
    pattern.api_version == object.api_version()
        && pattern.kind == object.kind()
        && pattern
            .namespace
            .as_ref()
            .is_none_or(|namespace| Some(namespace.as_str()) == object.namespace())
        && (pattern.names.is_empty()
            || object
                .name()
                .is_some_and(|name| any_matches(&pattern.names, name)))
}

/// Splits `name:port`, and removes the brackets of an IPv6 address. An IPv6 address without
/// brackets has no port.
pub(super) fn split_port(pattern: &str) -> (&str, Option<&str>) {
    match pattern.rsplit_once(':') {
        Some((host, port)) if host.ends_with(']') || !host.contains(':') => {
            (without_brackets(host), Some(port))
        }
        _ => (without_brackets(pattern), None),
    }
}

/// Removes the brackets of an IPv6 address.
fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
}

/// Characters that have a meaning in globs, and are not allowed in patterns.
const RESERVED: &[char] = &['?', '[', ']', '{', '}', '\\', '!'];

/// Checks that every character of a pattern is printable ASCII. Other characters may be invisible,
/// or look like an ASCII character.
///
/// # Errors
/// A character is not printable ASCII; the message names the first.
pub fn check_ascii(pattern: &str) -> Result<(), String> {
    match pattern.chars().find(|c| !matches!(c, ' '..='~')) {
        None => Ok(()),
        Some(other) => Err(format!(
            "it contains U+{:04X}; a pattern must have only printable ASCII characters",
            u32::from(other)
        )),
    }
}

/// Checks a pattern of a manifest: `*` matches any characters within a component, and `**`, as a
/// component of its own, matches any number of components.
///
/// # Errors
/// The pattern breaks a rule, which the message states.
pub fn check_pattern(pattern: &str) -> Result<(), String> {
    if pattern.is_empty() || pattern.len() > 1024 {
        return Err("a pattern must have 1 to 1024 bytes".into());
    }
    check_ascii(pattern)?;
    // Brackets around a whole pattern are allowed, because an IPv6 address has them. In a pattern
    // of another kind they are plain characters.
    if without_brackets(split_port(pattern).0).contains(RESERVED) {
        return Err("a pattern must not contain wildcards other than `*` and `**`".into());
    }
    if pattern
        .split('/')
        .any(|component| component.contains("**") && component != "**")
    {
        return Err("`**` must be a component of its own, as in /a/**/b".into());
    }
    Ok(())
}

/// Whether a pattern matches a text. A pattern with wildcards and reserved characters, which
/// [`check_pattern`] accepts around an address, matches nothing.
pub fn pattern_matches(pattern: &str, text: &str) -> bool {
    if !pattern.contains('*') {
        return pattern == text;
    }
    !pattern.contains(RESERVED) && wildcards::matches(pattern, text)
}

/// Whether one of the patterns matches a text.
fn any_matches(patterns: &[String], text: &str) -> bool {
    patterns
        .iter()
        .any(|pattern| pattern_matches(pattern, text))
}

#[cfg(test)]
mod tests;
