//! The dimensions of a grant, and whether the patterns of a grant cover what a call demands.
use crate::{
    arguments::{CommandLine, HttpUrl, ObjectName},
    wasm::request::{ObjectPattern, Request},
};
use globset::{GlobBuilder, GlobMatcher};
use kubephase_sdk::spec::Usage;
use std::net::IpAddr;

/// A dimension in which a grant is bounded. Each is one field of a request in the manifest, with
/// patterns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dimension {
    Paths,
    Hosts,
    Commands,
    Objects,
    Units,
    Keys,
    Modules,
    Images,
    Directories,
    Authorities,
    Subjects,
    Groups,
    Names,
    Usages,
}

impl Dimension {
    pub const ALL: [Dimension; 14] = [
        Dimension::Paths,
        Dimension::Hosts,
        Dimension::Commands,
        Dimension::Objects,
        Dimension::Units,
        Dimension::Keys,
        Dimension::Modules,
        Dimension::Images,
        Dimension::Directories,
        Dimension::Authorities,
        Dimension::Subjects,
        Dimension::Groups,
        Dimension::Names,
        Dimension::Usages,
    ];

    /// The name of the dimension's field in a request.
    pub fn field(self) -> &'static str {
        match self {
            Dimension::Paths => "paths",
            Dimension::Hosts => "hosts",
            Dimension::Commands => "commands",
            Dimension::Objects => "objects",
            Dimension::Units => "units",
            Dimension::Keys => "keys",
            Dimension::Modules => "modules",
            Dimension::Images => "images",
            Dimension::Directories => "directories",
            Dimension::Authorities => "authorities",
            Dimension::Subjects => "subjects",
            Dimension::Groups => "groups",
            Dimension::Names => "names",
            Dimension::Usages => "usages",
        }
    }

    /// What the dimension's patterns match, in words for messages.
    pub fn meaning(self) -> &'static str {
        match self {
            Dimension::Paths => "absolute paths",
            Dimension::Hosts => {
                "hosts, `name` for the usual port of the URL's scheme, or `name:port`"
            }
            Dimension::Commands => "a program, and a pattern for each of its arguments",
            Dimension::Objects => "apiVersion, kind, namespace and names of objects",
            Dimension::Units => "units of the init system",
            Dimension::Keys => "kernel parameters, with dots",
            Dimension::Modules => "kernel modules",
            Dimension::Images => "container images",
            Dimension::Directories => "directories of certificates",
            Dimension::Authorities => {
                "authorities that sign, by the path of their certificate without `.crt`"
            }
            Dimension::Subjects => "common names of certificates",
            Dimension::Groups => "organizations of certificates, which are groups of the cluster",
            Dimension::Names => "DNS names and IP addresses that certificates are for",
            Dimension::Usages => "what certificates are for: `clientAuth`, `serverAuth`",
        }
    }

    /// Whether a request may leave the dimension out: a certificate need not have groups or names,
    /// and that of an authority has no usages. The request then covers only certificates that have
    /// none.
    pub fn is_optional(self) -> bool {
        matches!(
            self,
            Dimension::Groups | Dimension::Names | Dimension::Usages
        )
    }

    /// Whether the dimension's patterns match absolute paths.
    pub fn has_paths(self) -> bool {
        matches!(
            self,
            Dimension::Paths | Dimension::Directories | Dimension::Authorities
        )
    }

    /// The patterns of a request in this dimension; none for commands and objects, whose patterns
    /// are not single texts.
    pub fn texts(self, request: &Request) -> Option<&[String]> {
        match self {
            Dimension::Paths => Some(&request.paths),
            Dimension::Hosts => Some(&request.hosts),
            Dimension::Units => Some(&request.units),
            Dimension::Keys => Some(&request.keys),
            Dimension::Modules => Some(&request.modules),
            Dimension::Images => Some(&request.images),
            Dimension::Directories => Some(&request.directories),
            Dimension::Authorities => Some(&request.authorities),
            Dimension::Subjects => Some(&request.subjects),
            Dimension::Groups => Some(&request.groups),
            Dimension::Names => Some(&request.names),
            Dimension::Usages => Some(&request.usages),
            Dimension::Commands | Dimension::Objects => None,
        }
    }

    /// The number of patterns that a request has in this dimension.
    pub fn count(self, request: &Request) -> usize {
        match self {
            Dimension::Commands => request.commands.len(),
            Dimension::Objects => request.objects.len(),
            _ => self.texts(request).map_or(0, <[String]>::len),
        }
    }
}

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
            Demand::Path(path) => any(&request.paths, path),
            Demand::Directory(directory) => any(&request.directories, directory),
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
            Demand::Unit(unit) => any(&request.units, unit),
            Demand::Key(key) => any(&request.keys, key),
            Demand::Module(module) => any(&request.modules, module),
            Demand::Image(image) => any(&request.images, image),
            Demand::Authority(authority) => any(&request.authorities, authority),
            Demand::Subject(subject) => any(&request.subjects, subject),
            Demand::Group(group) => any(&request.groups, group),
            Demand::Name(name) => any(&request.names, name),
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

/// Checks a pattern of `names`: names and addresses are compared in one spelling, which the pattern
/// has to have as well.
///
/// # Errors
/// The spelling that would match.
pub fn check_name(pattern: &str) -> Result<(), String> {
    let spelled = pattern.parse::<IpAddr>().map_or_else(
        |_| pattern.to_ascii_lowercase(),
        |address| address.to_canonical().to_string(),
    );
    if spelled == pattern {
        Ok(())
    } else {
        Err(format!("write it as {spelled}"))
    }
}

/// Whether `name` or `name:port` covers the host and port of a URL.
pub(super) fn covers_url(pattern: &str, url: &HttpUrl) -> bool {
    let (name, port) = split_port(pattern);
    let has_port = match port {
        None => url.has_usual_port(),
        Some("*") => true,
        Some(port) => port == url.port().to_string(),
    };
    has_port && matches(name, &url.host())
}

/// Whether a pattern covers a command, argument by argument. A wildcard matches neither an option
/// nor a path with `..`, so a plugin can leave the pattern by neither.
fn covers_command(pattern: &[String], command: &CommandLine) -> bool {
    let Some((program, arguments)) = pattern.split_first() else {
        return false;
    };
    let covers = |(pattern, argument): (&String, &String)| {
        let is_option = argument.starts_with('-') && !pattern.starts_with('-');
        let leads_up = argument.split('/').any(|component| component == "..");
        pattern == argument || (!is_option && !leads_up && matches(pattern, argument))
    };
    program == command.program()
        && arguments.len() == command.arguments().len()
        && arguments.iter().zip(command.arguments()).all(covers)
}

/// Whether a pattern of objects covers an object, or all objects of a kind.
pub fn covers_object(pattern: &ObjectPattern, of: &ObjectName) -> bool {
    pattern.api_version == of.api_version()
        && pattern.kind == of.kind()
        && pattern
            .namespace
            .as_ref()
            .is_none_or(|wanted| Some(wanted.as_str()) == of.namespace())
        && (pattern.names.is_empty() || of.name().is_some_and(|name| any(&pattern.names, name)))
}

/// Splits `name:port`. A bare IPv6 address has no port.
pub(super) fn split_port(pattern: &str) -> (&str, Option<&str>) {
    match pattern.rsplit_once(':') {
        Some((host, port)) if host.ends_with(']') || !host.contains(':') => {
            (without_brackets(host), Some(port))
        }
        _ => (without_brackets(pattern), None),
    }
}

fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
}

/// Characters with a meaning in globs that patterns do not have.
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
        return Err("a pattern has 1 to 1024 bytes".into());
    }
    check_ascii(pattern)?;
    // Brackets are those of an IPv6 address.
    if without_brackets(split_port(pattern).0).contains(RESERVED) {
        return Err("a pattern has no wildcards but `*` and `**`".into());
    }
    if pattern
        .split('/')
        .any(|component| component.contains("**") && component != "**")
    {
        return Err("`**` is a component of its own: /a/**/b".into());
    }
    Ok(())
}

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

fn any(patterns: &[String], text: &str) -> bool {
    patterns.iter().any(|pattern| matches(pattern, text))
}

#[cfg(test)]
mod tests;
