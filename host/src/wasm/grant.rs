//! What a component may observe and propose: what its manifest asks for, its imports can express and the operator
//! allowed. Private keys are never part of it, whatever the patterns say.
use super::manifest::Request;
use crate::effect::{Effect, objects};
use globset::{Glob, GlobBuilder};
use kubephase_wit::ObjectRef;

/// Files with keys or credentials, which no pattern shows to a plugin.
const PRIVATE: &[&str] = &[
    "/**/*.key",
    "/etc/kubernetes/*.conf",
    "/var/lib/kubelet/pki/**",
    "/var/lib/kubelet/kubeconfig",
    "/var/lib/etcd/**",
    "/etc/{shadow,gshadow,sudoers}*",
    "/**/.ssh/**",
    "/**/.kube/**",
    "/proc/**/{environ,mem,maps}",
    "/dev/**",
];
/// What gives away a private file under another name.
const CREDENTIALS: &[&str] = &["PRIVATE KEY-----", "client-key-data:", "\"client-key-data\""];

#[derive(Clone, Debug, Default)]
pub struct Grant {
    plugin: String,
    requests: Vec<Request>,
}

impl Grant {
    pub fn new(plugin: &str, requests: Vec<Request>) -> Self {
        Grant { plugin: plugin.to_owned(), requests }
    }

    /// Whether the capability was granted at all.
    pub fn has(&self, capability: &str) -> bool {
        self.asked(capability).next().is_some()
    }

    fn asked(&self, capability: &str) -> impl Iterator<Item = &Request> {
        self.requests.iter().filter(move |request| request.capability == capability)
    }

    fn decide(&self, granted: bool, capability: &str, what: &str) -> Result<(), String> {
        if granted { Ok(()) } else { Err(format!("plugin {} was not granted {capability} of {what}", self.plugin)) }
    }

    fn allows_path(&self, capability: &str, path: &str) -> Result<(), String> {
        let granted = is_plain(path) && self.asked(capability).any(|request| any(&request.paths, path));
        self.decide(granted, capability, path)
    }

    /// Looking at a file or directory through a function of `observe-files`.
    pub fn allows_read(&self, capability: &str, path: &str) -> Result<(), String> {
        if capability == "observe-files.read-file" && PRIVATE.iter().any(|pattern| matches(pattern, path)) {
            return Err(format!("{path} is never shown to a plugin"));
        }
        self.allows_path(capability, path)
    }

    /// Showing what was read: a link may lead where no pattern does, and a key may go by another name.
    pub fn allows_content(&self, path: &str, real: &str, content: &[u8]) -> Result<(), String> {
        if PRIVATE.iter().any(|pattern| matches(pattern, real)) {
            return Err(format!("{path} leads to {real}, which is never shown to a plugin"));
        }
        let holds = |text: &str| content.windows(text.len()).any(|part| part == text.as_bytes());
        if CREDENTIALS.iter().any(|text| holds(text)) {
            Err(format!("{path} holds a key, which is never shown to a plugin"))
        } else {
            Ok(())
        }
    }

    /// Showing a file to a server without showing it to the plugin.
    pub fn allows_identity(&self, path: &str) -> Result<(), String> {
        self.allows_path("observe-net.http-get-as", path)
    }

    /// A host name, or a URL with host and port.
    pub fn allows_host(&self, capability: &str, what: &str) -> Result<(), String> {
        let url = url::Url::parse(what).ok().filter(url::Url::has_host);
        let host = url.as_ref().and_then(url::Url::host_str).unwrap_or(what);
        // A port that is usual for the scheme is none to the parser.
        let port = url.as_ref().and_then(url::Url::port).map(|port| port.to_string());
        let fits = |pattern: &String| {
            let (name, wanted) = host_and_port(pattern);
            matches(name, unbracketed(host))
                && (url.is_none() || wanted == Some("*") || wanted == port.as_deref() || is_usual(url.as_ref(), wanted))
        };
        let granted = self.asked(capability).any(|request| request.hosts.iter().any(fits));
        self.decide(granted, capability, &port.as_ref().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
    }

    pub fn allows_command(&self, capability: &str, program: &str, args: &[String]) -> Result<(), String> {
        let fits = |command: &Vec<String>| {
            command.len() == args.len() + 1
                && command[0] == program
                && command[1..].iter().zip(args).all(|(pattern, arg)| pattern == arg || matches(pattern, arg))
        };
        let granted = self.asked(capability).any(|request| request.commands.iter().any(fits));
        self.decide(granted, capability, &format!("{program} {}", args.join(" ")))
    }

    /// `name` is none where many are asked for.
    pub fn allows_object(
        &self,
        capability: &str,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        name: Option<&str>,
    ) -> Result<(), String> {
        let granted = self.asked(capability).flat_map(|request| &request.objects).any(|pattern| {
            pattern.api_version == api_version
                && pattern.kind == kind
                && pattern.namespace.as_ref().is_none_or(|wanted| Some(wanted.as_str()) == namespace)
                && (pattern.names.is_empty() || name.is_some_and(|name| any(&pattern.names, name)))
        });
        let name = name.map(|name| format!(" {name}")).unwrap_or_default();
        let place = namespace.map(|namespace| format!(" in {namespace}")).unwrap_or_default();
        self.decide(granted, capability, &format!("{kind} ({api_version}){name}{place}"))
    }

    fn allows_ref(&self, capability: &str, of: &ObjectRef) -> Result<(), String> {
        self.allows_object(capability, &of.api_version, &of.kind, of.namespace.as_deref(), Some(&of.name))
    }

    fn allows_named(&self, capability: &str, what: &str) -> Result<(), String> {
        self.decide(self.has(capability), capability, what)
    }

    /// The policy on what was proposed.
    pub fn allows_effect(&self, effect: &Effect) -> Result<(), String> {
        match effect {
            Effect::File(file) => self.allows_path("effects-files.write-file", &file.path),
            Effect::Directory(directory) => self.allows_path("effects-files.make-dir", &directory.path),
            Effect::Mode(mode) => self.allows_path("effects-files.set-mode", &mode.path),
            Effect::RemoveFile { path } => self.allows_path("effects-files.remove-file", path),
            Effect::Object { manifest, .. } => {
                self.allows_ref("effects-cluster.apply-object", &objects::reference(manifest).map_err(|failure| failure.message)?)
            }
            Effect::Patch { of, .. } => self.allows_ref("effects-cluster.patch-object", of),
            Effect::Delete { of } => self.allows_ref("effects-cluster.delete-object", of),
            Effect::Command { program, args } => self.allows_command("effects-command.execute", program, args),
            Effect::Certificate(spec) => self.allows_named("effects-pki.ensure-certificate", &spec.name),
            Effect::KeyPair(spec) => self.allows_named("effects-pki.ensure-key-pair", &spec.name),
            Effect::Kubeconfig(spec) => self.allows_named("effects-pki.ensure-kubeconfig", &spec.path),
            Effect::RotatedKubeconfig(spec) => self.allows_named("effects-pki.ensure-rotated-kubeconfig", &spec.path),
            Effect::Service { name, .. } => self.allows_named("effects-node.ensure-service", name),
            Effect::Sysctl { key, .. } => self.allows_named("effects-node.set-sysctl", key),
            Effect::Module { name } => self.allows_named("effects-node.load-module", name),
            Effect::Image { image } => self.allows_named("effects-images.pull-image", image),
            Effect::StaticPod { .. }
            | Effect::BootstrapToken(_)
            | Effect::ShareKeys(_)
            | Effect::FetchKeys(_)
            | Effect::BootstrapKubeconfig { .. }
            | Effect::KubeconfigServer { .. }
            | Effect::EtcdMember(_)
            | Effect::Users(_)
            | Effect::Owner(_)
            | Effect::Clear(_)
            | Effect::Wait(_) => Err("only phases of the distribution itself may propose this".into()),
        }
    }
}

/// Absolute, and without a way around a pattern.
fn is_plain(path: &str) -> bool {
    path.starts_with('/') && !path.split('/').any(|part| matches!(part, "." | "..")) && !path.contains("//")
}

/// `host:port` apart; a bare IPv6 address has no port.
fn host_and_port(pattern: &str) -> (&str, Option<&str>) {
    match pattern.rsplit_once(':') {
        Some((host, port)) if host.ends_with(']') || !host.contains(':') => (unbracketed(host), Some(port)),
        _ => (unbracketed(pattern), None),
    }
}

fn unbracketed(host: &str) -> &str {
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

/// A pattern that names the port which is usual for the scheme anyway.
fn is_usual(url: Option<&url::Url>, wanted: Option<&str>) -> bool {
    let Some(url) = url else { return false };
    url.port().is_none() && wanted.is_some() && url.port_or_known_default().map(|port| port.to_string()).as_deref() == wanted
}

/// `*` within a component, `**` across them.
pub(super) fn glob(pattern: &str) -> Result<Glob, globset::Error> {
    GlobBuilder::new(pattern).literal_separator(true).build()
}

fn matches(pattern: &str, text: &str) -> bool {
    glob(pattern).is_ok_and(|glob| glob.compile_matcher().is_match(text))
}

fn any(patterns: &[String], text: &str) -> bool {
    patterns.iter().any(|pattern| matches(pattern, text))
}

#[cfg(test)]
mod tests;
