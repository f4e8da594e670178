//! The files of a node that belong to the host, as its configuration says. No file effect of a plugin reaches them: static
//! Pods, certificates and kubeconfigs have effects of their own.
use super::Effect;
pub use crate::world::files::Territory;
use crate::{
    config::{CERTIFICATES_DIR, KUBECONFIG_DIR},
    render::MANIFESTS,
    run::state,
};
use kubephase_sdk::kubeadm::Config;
use std::{env, path::absolute};

/// Directories that belong to the host on every node.
const ALWAYS: &[&str] = &[
    state::DIRECTORY,
    "/etc/kubernetes/tmp",
    "/etc/kubernetes/patches",
    "/var/cache/kubephase",
    "/var/lib/etcd",
    // Data of the kubelet and the container runtimes, with credentials of Pods and registries.
    "/var/lib/kubelet",
    "/var/lib/containerd",
    "/var/lib/crio",
    "/var/lib/containers",
    "/run/containerd",
    "/run/crio",
    "/var/run/containerd",
    "/var/run/crio",
];

impl Territory {
    /// The files that belong to the host on a node with this configuration.
    pub fn of(config: &Config) -> Territory {
        let mut territory = Territory::default();
        ALWAYS.iter().for_each(|path| territory.add(path));
        let static_pods = config.kubelet.document["staticPodPath"].as_str().unwrap_or(MANIFESTS);
        let certificates = config.cluster.certificates_dir.as_str();
        [MANIFESTS, static_pods, CERTIFICATES_DIR, certificates].iter().for_each(|path| territory.add_linked_directory(path));
        [KUBECONFIG_DIR, &config.run.kubeconfig_dir].iter().for_each(|path| territory.add_kubeconfig_directory(path));
        if let Some(join) = &config.join {
            territory.add(&join.ca_cert_path);
        }
        if let Some(etcd) = &config.cluster.etcd.local {
            territory.add(&etcd.data_dir);
        }
        // Paths of the operator are relative to the working directory.
        let cache = env::var_os("KUBEPHASE_CACHE_DIR").and_then(|path| absolute(path).ok());
        let patches = config.init.patches.as_ref().and_then(|patches| absolute(&patches.directory).ok());
        for path in [cache, patches].into_iter().flatten() {
            territory.add(&path.to_string_lossy());
        }
        territory
    }
}

/// Base names of the host's own keys and certificates in the certificates directory (kubeadm's).
const CERTIFICATES: &[&str] = &[
    "ca",
    "apiserver",
    "apiserver-kubelet-client",
    "apiserver-etcd-client",
    "front-proxy-ca",
    "front-proxy-client",
    "etcd/ca",
    "etcd/server",
    "etcd/peer",
    "etcd/healthcheck-client",
    "sa",
];

/// Returns why a plugin may not have an effect: the effect would change a file of the host, or sign with an authority that only
/// the host signs with. None if the effect does neither; the grant is checked separately.
///
/// This check judges paths by their spelling, before any effect of the call is carried out. When an effect is carried out, the
/// confined view of the files ([`crate::world::files::Confined`]) judges the files that it opens.
pub fn refusal(effect: &Effect, territory: &Territory, config: &Config) -> Option<String> {
    let pki = config.cluster.certificates_dir.trim_end_matches('/');
    let owned = |path: &str| territory.owns(path).then(|| format!("{path} belongs to the host; no plugin changes it"));
    let key = |directory: &str, name: &str| {
        let path = format!("{}/{name}", directory.trim_end_matches('/'));
        let is_own = CERTIFICATES.iter().any(|own| path == format!("{pki}/{own}"));
        let is_elsewhere = !path.starts_with(&format!("{pki}/")) && territory.owns(&path);
        (is_own || is_elsewhere).then(|| format!("{path} belongs to the host; no plugin makes it"))
    };
    let authority = |directory: &str, name: &str| {
        let path = format!("{}/{name}", directory.trim_end_matches('/'));
        let is_clusters = path == format!("{pki}/ca");
        (!is_clusters && territory.owns(&path)).then(|| format!("only the host signs with {path}"))
    };
    match effect {
        Effect::File(file) => owned(&file.path),
        Effect::Directory(directory) => owned(&directory.path),
        Effect::Mode(mode) => owned(&mode.path),
        Effect::RemoveFile { path } => owned(path),
        Effect::Certificate(spec) => {
            let signer = spec.authority.as_ref().and_then(|name| authority(&spec.directory, name));
            key(&spec.directory, &spec.name).or(signer)
        }
        Effect::KeyPair(spec) => key(&spec.directory, &spec.name),
        Effect::Kubeconfig(spec) => owned(&spec.path).or_else(|| authority(&spec.directory, &spec.authority)),
        Effect::RotatedKubeconfig(spec) => owned(&spec.path),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cancel::Cancel,
        effect::{Context, Effect, Enacted, files},
        world::{Tried, World, imagined::Imagined},
    };
    use kubephase_sdk::{
        kubeadm::{Etcd, Join, LocalEtcd, Patches},
        spec::{CertificateSpec, KubeconfigSpec},
        testing::Case,
    };

    fn config() -> Config {
        let mut config = Config::default();
        config.cluster.certificates_dir = "/srv/pki".into();
        config.cluster.etcd = Etcd { local: Some(LocalEtcd { data_dir: "/srv/etcd".into(), ..LocalEtcd::default() }), external: None };
        config.run.kubeconfig_dir = "/srv/kubeconfigs".into();
        config.kubelet.document = serde_json::json!({"staticPodPath": "/srv/pods"});
        config.init.patches = Some(Patches { directory: "/srv/patches".into() });
        config.join = Some(Join { ca_cert_path: "/srv/joined.crt".into(), ..Join::default() });
        config
    }

    #[test]
    fn moved_directories_belong_to_the_host_and_so_do_their_default_places() {
        let territory = Territory::of(&config());
        for path in [
            "/srv/pki/ca.key",
            "/etc/kubernetes/pki/ca.key",
            "/srv/etcd",
            "/var/lib/etcd/member/snap/db",
            "/srv/kubeconfigs/admin.conf",
            "/etc/kubernetes/admin.conf",
            "/etc/kubernetes/anything.conf",
            "/srv/pods/evil.yaml",
            "/etc/kubernetes/manifests/evil.yaml",
            "/srv/patches/x.yaml",
            "/srv/joined.crt",
            "/etc/kubernetes/tmp",
            "/var/lib/kubelet/config.json",
            "/var/lib/kubephase/journal-000001.jsonl",
            "/var/cache/kubephase/x",
            "/run/containerd/containerd.sock",
            "/var/lib/containerd",
            "//etc//kubernetes/./pki/x",
            "/etc/x/../kubernetes/pki/x",
        ] {
            assert!(territory.owns(path), "{path}");
        }
        for path in
            ["/etc/kubernetes", "/etc/kubernetes/audit/policy.yaml", "/etc/kubernetes/x.yaml", "/var/lib/kubelet-x", "/srv", "x", ""]
        {
            assert!(!territory.owns(path), "{path}");
        }
    }

    fn enact(effect: &Effect, territory: Option<&Territory>, world: &dyn World) -> Tried<Enacted> {
        let (cancel, config) = (Cancel::never(), config());
        let context = Context { territory, ..Context::of_test(world, &config, &cancel) };
        effect.enact(&context).map(|done| done.enacted)
    }

    #[test]
    fn a_plugin_makes_none_of_the_hosts_certificates_and_signs_with_the_clusters_authority_alone() {
        let (config, territory) = (config(), Territory::of(&config()));
        let certificate = |directory: &str, name: &str, authority: &str| {
            let (directory, name, authority) = (directory.into(), name.into(), Some(authority.into()));
            refusal(&Effect::Certificate(CertificateSpec { directory, name, authority, ..Default::default() }), &territory, &config)
        };
        assert_eq!(certificate("/srv/pki", "monitoring", "ca"), None);
        for (directory, name, authority) in [
            ("/srv/pki", "apiserver", "ca"),
            ("/srv/pki/etcd", "server", "ca"),
            ("/srv/pki", "monitoring", "etcd/ca"),
            ("/srv/pki/etcd", "monitoring", "ca"),
            ("/srv/pki", "monitoring", "front-proxy-ca"),
            ("/var/lib/kubelet/pki", "x", "y"),
        ] {
            assert!(certificate(directory, name, authority).is_some(), "{directory} {name} {authority}");
        }
        let kubeconfig = |path: &str| {
            let (path, directory, authority) = (path.into(), "/srv/pki".into(), "ca".into());
            refusal(&Effect::Kubeconfig(KubeconfigSpec { path, directory, authority, ..Default::default() }), &territory, &config)
        };
        assert_eq!(kubeconfig("/srv/monitoring.conf"), None);
        assert!(kubeconfig("/etc/kubernetes/admin.conf").is_some());
    }

    #[test]
    fn effects_of_plugins_do_not_reach_the_territory_and_effects_of_the_host_do() {
        let folder = tempfile::tempdir().unwrap();
        let world = Imagined::new(&Case::parse("{}").unwrap(), folder.path()).unwrap();
        let territory = Territory::of(&config());
        let file = |path: &str, mode| files::File { path: path.into(), content: b"x".to_vec(), mode, owner: None };
        let path = "/srv/pki/ca.key";
        let effects = [
            Effect::File(file(path, 0o600)),
            Effect::Mode(files::Mode { path: path.into(), mode: 0o666, owner: None }),
            Effect::Directory(files::Directory { path: "/srv/pki/below".into(), mode: 0o755 }),
            Effect::RemoveFile { path: path.into() },
        ];
        for effect in &effects {
            assert_eq!(enact(effect, Some(&territory), &world).unwrap_err().code, "denied", "{effect:?}");
        }
        assert_eq!(world.files().list("/").unwrap(), Vec::<String>::new());
        for effect in &effects {
            assert_eq!(enact(effect, None, &world).unwrap(), Enacted::Changed, "{effect:?}");
        }
        let setuid = Effect::File(file("/opt/tool", 0o4755));
        assert_eq!(enact(&setuid, Some(&territory), &world).unwrap_err().code, "denied");
        let plain = Effect::File(file("/opt/tool", 0o755));
        assert_eq!(enact(&plain, Some(&territory), &world).unwrap(), Enacted::Changed);
        assert_eq!(enact(&plain, Some(&territory), &world).unwrap(), Enacted::Unchanged);
    }
}
