//! The patterns of grants, and whether they cover the demands of a call.
mod dimension;

pub use dimension::Dimension;

use crate::{
    arguments::{CommandLine, HttpUrl, ObjectName},
    wasm::request::{ObjectPattern, Request},
};
use globset::{GlobBuilder, GlobMatcher};
use kubephase_sdk::spec::Usage;
use std::net::IpAddr;

/// One thing that a call demands: a path, a host, an object. A call is granted if a single request
/// covers all its demands.
#[derive(Clone, Debug)]
pub enum Demand<'a> {
    Path(&'a str),
    Directory(&'a str),
    HostName(&'a str),
    Url(&'a HttpUrl),
    Command(&'a CommandLine),
    Object(&'a ObjectName),
    Unit(&'a str),
    Key(&'a str),
    Module(&'a str),
    Image(&'a str),
    /// an authority that signs, by the path of its certificate without `.crt`
    Authority(String),
    Subject(&'a str),
    Group(&'a str),
    /// a DNS name or an IP address that a certificate is for
    Name(&'a str),
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
                .any(|pattern| matches(split_port(pattern).0, name)),
            Demand::Url(url) => request.hosts.iter().any(|pattern| covers_url(pattern, url)),
            Demand::Command(command) => request
                .commands
                .iter()
                .any(|pattern| covers_command(pattern, command)),
            Demand::Object(of) => request
                .objects
                .iter()
                .any(|pattern| covers_object(pattern, of)),
            Demand::Unit(unit) => any_matches(&request.units, unit),
            Demand::Key(key) => any_matches(&request.keys, key),
            Demand::Module(module) => any_matches(&request.modules, module),
            Demand::Image(image) => any_matches(&request.images, image),
            Demand::Authority(authority) => any_matches(&request.authorities, authority),
            Demand::Subject(subject) => any_matches(&request.subjects, subject),
            Demand::Group(group) => any_matches(&request.groups, group),
            Demand::Name(name) => any_matches(&request.names, name),
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
            Demand::Key(text) => write!(f, "kernel parameter {text}"),
            Demand::Module(text) => write!(f, "module {text}"),
            Demand::Image(text) => write!(f, "image {text}"),
            Demand::Authority(text) => write!(f, "authority {text}"),
            Demand::Subject(text) => write!(f, "subject {text:?}"),
            Demand::Group(text) => write!(f, "group {text:?}"),
            Demand::Name(text) => write!(f, "name {text}"),
            Demand::Usage(usage) => write!(f, "usage {}", usage_name(*usage)),
            Demand::Url(url) => f.write_str(url.as_str()),
            Demand::Command(command) => write!(f, "{command}"),
            Demand::Object(of) => {
                let place = of
                    .namespace()
                    .map(|namespace| format!(" in {namespace}"))
                    .unwrap_or_default();
                let name = of.name().map(|name| format!(" {name}")).unwrap_or_default();
                write!(f, "{} ({}){name}{place}", of.kind(), of.api_version())
            }
        }
    }
}

/// The name of a usage in specifications and grants.
fn usage_name(usage: Usage) -> &'static str {
    match usage {
        Usage::ClientAuth => "clientAuth",
        Usage::ServerAuth => "serverAuth",
    }
}

/// Checks a pattern of `usages`: it is one of the two, without a wildcard.
///
/// # Errors
/// The rule that the pattern breaks.
pub fn check_usage(pattern: &str) -> Result<(), String> {
    let known = [Usage::ClientAuth, Usage::ServerAuth].map(usage_name);
    if known.contains(&pattern) {
        Ok(())
    } else {
        Err(format!("a usage is {}", known.join(" or ")))
    }
}

/// Checks a pattern of `names`. Names and addresses are compared in a normal spelling, which the
/// pattern has to have too.
///
/// # Errors
/// The pattern has another spelling; the message has the normal spelling.
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
    let has_port = match port {
        None => url.has_usual_port(),
        Some("*") => true,
        Some(port) => port == url.port().to_string(),
    };
    has_port && matches(name, &url.host())
}

/// Whether a pattern covers a command, argument by argument. A pattern with a wildcard matches no
/// path with `..`, and matches an option only if the pattern itself begins with a dash: otherwise a
/// plugin could do more than the pattern shows.
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

/// Whether a pattern covers an argument of a command line: an option only if the pattern begins as
/// an option, and no path with `..`.
fn covers_argument(pattern: &str, argument: &str) -> bool {
    let is_option = argument.starts_with('-') && !pattern.starts_with('-');
    let leads_up = argument.split('/').any(|component| component == "..");
    pattern == argument || (!is_option && !leads_up && matches(pattern, argument))
}

/// Whether a pattern of objects covers an object, or all objects of a kind.
pub fn covers_object(pattern: &ObjectPattern, of: &ObjectName) -> bool {
    pattern.api_version == of.api_version()
        && pattern.kind == of.kind()
        && pattern
            .namespace
            .as_ref()
            .is_none_or(|wanted| Some(wanted.as_str()) == of.namespace())
        && (pattern.names.is_empty()
            || of
                .name()
                .is_some_and(|name| any_matches(&pattern.names, name)))
}

/// Splits `name:port`. An IPv6 address without brackets has no port.
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

/// Checks that every character of a pattern is a printable character of ASCII. Other characters may
/// be invisible, or look like one of ASCII.
///
/// # Errors
/// The first character that is not.
pub fn check_ascii(pattern: &str) -> Result<(), String> {
    match pattern.chars().find(|c| !matches!(c, ' '..='~')) {
        None => Ok(()),
        Some(other) => Err(format!(
            "it contains U+{:04X}, and a pattern has only printable characters of ASCII",
            u32::from(other)
        )),
    }
}

/// Checks a pattern of a manifest: `*` matches any characters within a component, and `**`, as a
/// component of its own, matches any number of components.
///
/// # Errors
/// The rule that the pattern breaks.
pub fn check_pattern(pattern: &str) -> Result<(), String> {
    if pattern.is_empty() || pattern.len() > 1024 {
        return Err("a pattern must have 1 to 1024 bytes".into());
    }
    check_ascii(pattern)?;
    // Brackets are allowed around an IPv6 address.
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

/// Compiles a pattern with wildcards; none if it has characters that are not allowed.
fn matcher(pattern: &str) -> Option<GlobMatcher> {
    if pattern.contains(RESERVED) {
        return None;
    }
    let glob = GlobBuilder::new(pattern)
        .literal_separator(true)
        .backslash_escape(false)
        .build()
        .ok()?;
    Some(glob.compile_matcher())
}

/// Whether a pattern matches a text.
pub fn matches(pattern: &str, text: &str) -> bool {
    if !pattern.contains('*') {
        return pattern == text;
    }
    matcher(pattern).is_some_and(|matcher| matcher.is_match(text))
}

/// Whether one of the patterns matches a text.
fn any_matches(patterns: &[String], text: &str) -> bool {
    patterns.iter().any(|pattern| matches(pattern, text))
}

#[cfg(test)]
mod tests;
