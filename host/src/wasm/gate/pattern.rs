//! The dimensions of a grant, and whether its patterns cover what a call asks for.
use crate::{
    arguments::{CommandLine, HttpUrl, ObjectName, is_trick},
    wasm::manifest::{ObjectPattern, Request},
};
use globset::{GlobBuilder, GlobMatcher};

/// One way in which a grant is bounded: a field of a request in the manifest.
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
    Subjects,
    Groups,
}

impl Dimension {
    pub const ALL: [Dimension; 11] = [
        Dimension::Paths,
        Dimension::Hosts,
        Dimension::Commands,
        Dimension::Objects,
        Dimension::Units,
        Dimension::Keys,
        Dimension::Modules,
        Dimension::Images,
        Dimension::Directories,
        Dimension::Subjects,
        Dimension::Groups,
    ];

    /// The field of a request.
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
            Dimension::Subjects => "subjects",
            Dimension::Groups => "groups",
        }
    }

    /// What its patterns stand for, for documentation.
    pub fn meaning(self) -> &'static str {
        match self {
            Dimension::Paths => "absolute paths",
            Dimension::Hosts => "hosts, `name` for the usual port of the URL's scheme, or `name:port`",
            Dimension::Commands => "a program, and a pattern for each of its arguments",
            Dimension::Objects => "apiVersion, kind, namespace and names of objects",
            Dimension::Units => "units of the init system",
            Dimension::Keys => "kernel parameters, with dots",
            Dimension::Modules => "kernel modules",
            Dimension::Images => "container images",
            Dimension::Directories => "directories of certificates",
            Dimension::Subjects => "common names of certificates",
            Dimension::Groups => "organizations of certificates, which are groups of the cluster",
        }
    }

    /// Whether a request may leave it out: a certificate need not be in any group.
    pub fn is_optional(self) -> bool {
        self == Dimension::Groups
    }

    /// The patterns of a request that are one text each; none for commands and objects.
    pub fn texts(self, request: &Request) -> Option<&[String]> {
        match self {
            Dimension::Paths => Some(&request.paths),
            Dimension::Hosts => Some(&request.hosts),
            Dimension::Units => Some(&request.units),
            Dimension::Keys => Some(&request.keys),
            Dimension::Modules => Some(&request.modules),
            Dimension::Images => Some(&request.images),
            Dimension::Directories => Some(&request.directories),
            Dimension::Subjects => Some(&request.subjects),
            Dimension::Groups => Some(&request.groups),
            Dimension::Commands | Dimension::Objects => None,
        }
    }

    /// The number of patterns in a request.
    pub fn count(self, request: &Request) -> usize {
        match self {
            Dimension::Commands => request.commands.len(),
            Dimension::Objects => request.objects.len(),
            _ => self.texts(request).map_or(0, <[String]>::len),
        }
    }
}

/// One thing that a call asks for. A call is granted where one request covers everything that it asks for.
#[derive(Clone, Copy, Debug)]
pub enum Asked<'a> {
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
    Subject(&'a str),
    Group(&'a str),
}

impl Asked<'_> {
    /// Whether a request covers it.
    pub fn is_covered_by(&self, request: &Request) -> bool {
        match self {
            Asked::Path(path) => any(&request.paths, path),
            Asked::Directory(directory) => any(&request.directories, directory),
            Asked::HostName(name) => request.hosts.iter().any(|pattern| matches(split_port(pattern).0, name)),
            Asked::Url(url) => request.hosts.iter().any(|pattern| covers_url(pattern, url)),
            Asked::Command(command) => request.commands.iter().any(|pattern| covers_command(pattern, command)),
            Asked::Object(of) => request.objects.iter().any(|pattern| covers_object(pattern, of)),
            Asked::Unit(unit) => any(&request.units, unit),
            Asked::Key(key) => any(&request.keys, key),
            Asked::Module(module) => any(&request.modules, module),
            Asked::Image(image) => any(&request.images, image),
            Asked::Subject(subject) => any(&request.subjects, subject),
            Asked::Group(group) => any(&request.groups, group),
        }
    }
}

impl std::fmt::Display for Asked<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Asked::Path(text) | Asked::Directory(text) | Asked::HostName(text) => f.write_str(text),
            Asked::Unit(text) => write!(f, "unit {text}"),
            Asked::Key(text) => write!(f, "kernel parameter {text}"),
            Asked::Module(text) => write!(f, "module {text}"),
            Asked::Image(text) => write!(f, "image {text}"),
            Asked::Subject(text) => write!(f, "subject {text:?}"),
            Asked::Group(text) => write!(f, "group {text:?}"),
            Asked::Url(url) => f.write_str(url.as_str()),
            Asked::Command(command) => write!(f, "{command}"),
            Asked::Object(of) => {
                let place = of.namespace().map(|namespace| format!(" in {namespace}")).unwrap_or_default();
                let name = of.name().map(|name| format!(" {name}")).unwrap_or_default();
                write!(f, "{} ({}){name}{place}", of.kind(), of.api_version())
            }
        }
    }
}

fn covers_url(pattern: &str, url: &HttpUrl) -> bool {
    let (name, port) = split_port(pattern);
    let has_port = match port {
        None => url.has_usual_port(),
        Some("*") => true,
        Some(port) => port == url.port().to_string(),
    };
    has_port && matches(name, &url.host())
}

/// Argument by argument. What a pattern leaves to the plugin is never an option, and never a way around the pattern.
fn covers_command(pattern: &[String], command: &CommandLine) -> bool {
    let Some((program, arguments)) = pattern.split_first() else { return false };
    let covers = |(pattern, argument): (&String, &String)| {
        let is_option = argument.starts_with('-') && !pattern.starts_with('-');
        let leads_up = argument.split('/').any(|component| component == "..");
        pattern == argument || (!is_option && !leads_up && matches(pattern, argument))
    };
    program == command.program() && arguments.len() == command.arguments().len() && arguments.iter().zip(command.arguments()).all(covers)
}

fn covers_object(pattern: &ObjectPattern, of: &ObjectName) -> bool {
    pattern.api_version == of.api_version()
        && pattern.kind == of.kind()
        && pattern.namespace.as_ref().is_none_or(|wanted| Some(wanted.as_str()) == of.namespace())
        && (pattern.names.is_empty() || of.name().is_some_and(|name| any(&pattern.names, name)))
}

/// `name:port` apart; a bare IPv6 address has no port.
fn split_port(pattern: &str) -> (&str, Option<&str>) {
    match pattern.rsplit_once(':') {
        Some((host, port)) if host.ends_with(']') || !host.contains(':') => (without_brackets(host), Some(port)),
        _ => (without_brackets(pattern), None),
    }
}

fn without_brackets(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// Characters that would mean more in a glob than `*` does.
const RESERVED: &[char] = &['?', '[', ']', '{', '}', '\\', '!'];

/// Checks a pattern of a manifest: `*` stands for any characters within a component, and `**`, as a component of its own,
/// for any components.
///
/// # Errors
/// Why the text is not a pattern.
pub fn check_pattern(pattern: &str) -> Result<(), String> {
    if pattern.is_empty() || pattern.len() > 1024 {
        return Err("a pattern has 1 to 1024 bytes".into());
    }
    if pattern.chars().any(is_trick) {
        return Err("a pattern has no control characters".into());
    }
    // Brackets are those of an IPv6 address.
    if without_brackets(split_port(pattern).0).contains(RESERVED) {
        return Err("a pattern has no wildcards but `*` and `**`".into());
    }
    if pattern.split('/').any(|component| component.contains("**") && component != "**") {
        return Err("`**` is a component of its own: /a/**/b".into());
    }
    Ok(())
}

fn matcher(pattern: &str) -> Option<GlobMatcher> {
    if pattern.contains(RESERVED) {
        return None;
    }
    let glob = GlobBuilder::new(pattern).literal_separator(true).backslash_escape(false).build().ok()?;
    Some(glob.compile_matcher())
}

/// Whether a text fits a pattern.
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
mod tests {
    use super::*;

    #[test]
    fn a_pattern_has_two_wildcards_and_no_others() {
        for good in ["/etc/*", "/etc/**", "/a/**/b", "*.example.com:8443", "[::1]:*", "system:coredns", "net.ipv4.*"] {
            assert_eq!(check_pattern(good), Ok(()), "{good}");
        }
        for bad in ["", "/{opt,etc/cron.d}/x", "/etc/[a-z]", "/etc/?", "/etc/\\*", "/a/**b", "/a\u{1b}", "/a/b**"] {
            assert!(check_pattern(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_command_is_covered_argument_by_argument() {
        let texts = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        let covers = |pattern: &[&str], program: &str, arguments: &[&str]| {
            covers_command(&texts(pattern), &CommandLine::parse(program, &texts(arguments)).unwrap())
        };
        assert!(covers(&["cat", "/x/granted/**"], "cat", &["/x/granted/a/b"]));
        assert!(!covers(&["cat", "/x/granted/**"], "cat", &["/x/granted/../secret/ca.key"]));
        assert!(!covers(&["cat", "*"], "cat", &["--help"]) && covers(&["uname", "-*"], "uname", &["-r"]));
        assert!(!covers(&["env", "touch x"], "env", &["touch", "x"]));
        assert!(!covers(&["systemctl", "is-active", "*"], "/tmp/systemctl", &["is-active", "kubelet"]));
    }

    #[test]
    fn a_url_is_covered_by_host_and_port() {
        let covers = |pattern: &str, url: &str| covers_url(pattern, &HttpUrl::parse(url).unwrap());
        for (pattern, url) in [
            ("*.k8s.io", "https://dl.k8s.io/x"),
            ("*.k8s.io", "http://dl.k8s.io"),
            ("127.0.0.1:2379", "http://127.0.0.1:2379/version"),
            ("[::1]:*", "https://[::1]:6443/"),
            ("b.example:443", "https://b.example/"),
        ] {
            assert!(covers(pattern, url), "{pattern} {url}");
        }
        for (pattern, url) in [
            ("*.k8s.io", "https://dl.k8s.io:8443/"),
            ("127.0.0.1:2379", "https://127.0.0.1/"),
            ("*.k8s.io", "https://k8s.io.evil/"),
            ("b.example:443", "http://b.example/"),
        ] {
            assert!(!covers(pattern, url), "{pattern} {url}");
        }
    }
}
