//! What a component may observe and propose: what its manifest asks for, its imports can express and the operator
//! allowed. Private keys are never part of it, whatever the patterns say.
use super::manifest::Request;
use crate::effect::{Effect, objects};
use globset::{GlobBuilder, GlobMatcher};

/// Endings of files that hold keys or credentials.
const PRIVATE: &[&str] = &[".key", ".conf", ".pem", "/kubeadm-flags.env", "/secrets.json"];

#[derive(Clone, Debug, Default)]
pub struct Grant {
    plugin: String,
    requests: Vec<Request>,
}

impl Grant {
    pub fn new(plugin: &str, requests: Vec<Request>) -> Self {
        Grant { plugin: plugin.to_owned(), requests }
    }

    fn asked<'a>(&'a self, capabilities: &'a [&str]) -> impl Iterator<Item = &'a Request> {
        self.requests.iter().filter(move |request| capabilities.contains(&request.capability.as_str()))
    }

    fn denied(&self, what: &str) -> Result<(), String> {
        Err(format!("plugin {} was not granted {what}", self.plugin))
    }

    /// Looking at a file or directory.
    pub fn allows_read(&self, path: &str) -> Result<(), String> {
        if !is_plain(path) || PRIVATE.iter().any(|ending| path.ends_with(ending)) {
            return Err(format!("{path} is never shown to a plugin"));
        }
        let reading = ["observe-files.stat", "observe-files.read-file", "observe-files.list-dir"];
        let granted = self.asked(&reading).any(|request| request.paths.iter().any(|pattern| matches(pattern, path)));
        if granted { Ok(()) } else { self.denied(&format!("{path} to read")) }
    }

    /// A host name, or a URL.
    pub fn allows_host(&self, what: &str) -> Result<(), String> {
        let url = url::Url::parse(what).ok().and_then(|url| url.host_str().map(str::to_owned));
        let host = url.as_deref().unwrap_or(what);
        let reaching = ["observe-net.resolve", "observe-net.http-get", "observe-net.http-get-as"];
        let granted = self.asked(&reaching).any(|request| request.hosts.iter().any(|pattern| matches(pattern, host)));
        if granted { Ok(()) } else { self.denied(&format!("the host {host}")) }
    }

    pub fn allows_command(&self, program: &str, args: &[String]) -> Result<(), String> {
        let fits = |command: &Vec<String>| {
            command.len() == args.len() + 1
                && command[0] == program
                && command[1..].iter().zip(args).all(|(pattern, arg)| pattern == arg || matches(pattern, arg))
        };
        let granted = self.asked(&["observe-command.run-command", "effects-command.execute"]).any(|request| request.commands.iter().any(fits));
        if granted { Ok(()) } else { self.denied(&format!("the command {program} {}", args.join(" "))) }
    }

    /// `verb` is `get`, `list`, `apply`, `patch` or `delete`.
    pub fn allows_object(&self, verb: &str, api_version: &str, kind: &str, namespace: Option<&str>) -> Result<(), String> {
        let capabilities: &[&str] = match verb {
            "get" => &["observe-cluster.get-object"],
            "list" => &["observe-cluster.list-objects"],
            "patch" => &["effects-cluster.patch-object"],
            "delete" => &["effects-cluster.delete-object"],
            _ => &["effects-cluster.apply-object"],
        };
        let granted = self.asked(capabilities).flat_map(|request| &request.objects).any(|pattern| {
            pattern.api_version == api_version
                && (pattern.kind == kind || pattern.kind == "*")
                && pattern.namespace.as_ref().is_none_or(|wanted| Some(wanted.as_str()) == namespace)
        });
        let place = namespace.map(|namespace| format!(" in {namespace}")).unwrap_or_default();
        if granted { Ok(()) } else { self.denied(&format!("to {verb} a {kind} ({api_version}){place}")) }
    }

    fn allows_named(&self, capability: &str) -> Result<(), String> {
        if self.asked(&[capability]).next().is_some() { Ok(()) } else { self.denied(capability) }
    }

    fn allows_write(&self, capability: &str, path: &str) -> Result<(), String> {
        let granted = is_plain(path) && self.asked(&[capability]).any(|request| request.paths.iter().any(|pattern| matches(pattern, path)));
        if granted { Ok(()) } else { self.denied(&format!("{path} to write")) }
    }

    /// The policy on what was proposed.
    pub fn allows_effect(&self, effect: &Effect) -> Result<(), String> {
        match effect {
            Effect::File(file) => self.allows_write("effects-files.write-file", &file.path),
            Effect::Directory(directory) => self.allows_write("effects-files.make-dir", &directory.path),
            Effect::Mode(mode) => self.allows_write("effects-files.set-mode", &mode.path),
            Effect::RemoveFile { path } => self.allows_write("effects-files.remove-file", path),
            Effect::Object { manifest, .. } => {
                let of = objects::reference(manifest).map_err(|failure| failure.message)?;
                self.allows_object("apply", &of.api_version, &of.kind, of.namespace.as_deref())
            }
            Effect::Patch { of, .. } => self.allows_object("patch", &of.api_version, &of.kind, of.namespace.as_deref()),
            Effect::Delete { of } => self.allows_object("delete", &of.api_version, &of.kind, of.namespace.as_deref()),
            Effect::Command { program, args } => self.allows_command(program, args),
            Effect::Certificate(_) => self.allows_named("effects-pki.ensure-certificate"),
            Effect::KeyPair(_) => self.allows_named("effects-pki.ensure-key-pair"),
            Effect::Kubeconfig(_) => self.allows_named("effects-pki.ensure-kubeconfig"),
            Effect::RotatedKubeconfig(_) => self.allows_named("effects-pki.ensure-rotated-kubeconfig"),
            Effect::Service { .. } => self.allows_named("effects-node.ensure-service"),
            Effect::Sysctl { .. } => self.allows_named("effects-node.set-sysctl"),
            Effect::Module { .. } => self.allows_named("effects-node.load-module"),
            Effect::Image { .. } => self.allows_named("effects-images.pull-image"),
            Effect::StaticPod { .. } | Effect::BootstrapToken(_) | Effect::ShareKeys(_) | Effect::Wait(_) => {
                Err("only phases of the distribution itself may propose this".into())
            }
        }
    }
}

/// Absolute, and without a way around a pattern.
fn is_plain(path: &str) -> bool {
    path.starts_with('/') && !path.split('/').any(|part| matches!(part, "." | "..")) && !path.contains("//")
}

fn matches(pattern: &str, text: &str) -> bool {
    let glob = GlobBuilder::new(pattern).literal_separator(true).build();
    glob.is_ok_and(|glob| GlobMatcher::is_match(&glob.compile_matcher(), text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{effect::files::File, wasm::manifest::ObjectPattern};
    use serde_json::json;

    fn request(capability: &str) -> Request {
        Request { capability: capability.into(), reason: "because".into(), paths: vec![], hosts: vec![], commands: vec![], objects: vec![] }
    }

    #[test]
    fn nothing_is_granted_by_default() {
        let grant = Grant::default();
        assert!(grant.allows_read("/etc/hostname").is_err() && grant.allows_host("example.com").is_err());
        assert!(grant.allows_command("id", &[]).is_err() && grant.allows_object("get", "v1", "Secret", None).is_err());
    }

    #[test]
    fn patterns_bound_paths_and_keys_stay_hidden() {
        let grant = Grant::new("p", vec![Request { paths: vec!["/etc/kubernetes/**".into()], ..request("observe-files.read-file") }]);
        assert!(grant.allows_read("/etc/kubernetes/manifests/etcd.yaml").is_ok());
        for path in ["/etc/kubernetes/pki/ca.key", "/etc/kubernetes/admin.conf", "/etc/kubernetes/../shadow", "/etc/shadow", "etc/kubernetes/x"] {
            assert!(grant.allows_read(path).is_err(), "{path}");
        }
        let write = Effect::File(File { path: "/etc/kubernetes/x".into(), content: vec![], mode: 0o644, owner: None });
        assert!(grant.allows_effect(&write).is_err(), "reading is not writing");
    }

    #[test]
    fn objects_are_bound_by_kind_and_namespace() {
        let objects = vec![ObjectPattern { api_version: "v1".into(), kind: "ConfigMap".into(), namespace: Some("kube-system".into()) }];
        let grant = Grant::new("p", vec![Request { objects, ..request("effects-cluster.apply-object") }]);
        let apply = |namespace: &str, kind: &str| {
            let manifest = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "x", "namespace": namespace}});
            grant.allows_effect(&Effect::Object { manifest, if_exists: Default::default() })
        };
        assert!(apply("kube-system", "ConfigMap").is_ok());
        assert!(apply("default", "ConfigMap").is_err() && apply("kube-system", "Secret").is_err());
    }
}
