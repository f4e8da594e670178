mod identities;

use super::{identities::*, objects::*, paths::*, programs::*, servers::*, *};
use crate::wasm::request::ObjectPattern;

fn paths(pattern: &str) -> Request {
    Request {
        paths: vec![pattern.into()],
        ..Request::default()
    }
}

#[test]
fn writing_files_of_the_system_amounts_to_root() {
    for pattern in [
        "/etc/cron.d/x",
        "/etc/**",
        "/**",
        "/*/cron.d/x",
        "/e*/cron.d/*",
        "/usr/local/bin/x",
        "/lib/systemd/system/x.service",
        "/lib64/x",
        "/root/.profile",
        "/etc/ld.so.preload",
        "/etc/profile.d/x.sh",
        "/etc",
        "/var/spool/cron/x",
        "/run/systemd/system/x",
        "/etc/cni/**",
        "/var/lib/**",
        "/opt/cni/bin/x",
        "/*",
        "/",
        "/var",
        "/var/*",
        "/srv/*",
        "/snap/bin/x",
        "/var/lib/extensions/x",
        "/etc/kubernetes/kubelet.conf.d/x",
        "/unknown/x",
        "/etc/cni/net.d/10-x.conf",
        "/etc/kubernetes/audit/webhook.yaml",
        "/etc/kubernetes/audit/*",
        "/var/log/audit/audit.log",
        "/var/lib/vim/addons/plugin/x.vim",
        "/var/lib/extrausers/**",
        "/srv/salt/**",
        "/opt/evil/**",
        "/tmp/krb5cc_0",
        "/var/lib/kubephase-plugins",
        "/var/lib/kubephase-plugins/*",
        "/var/lib/kubephase-plugins/*/x",
        "/var/lib/kubephase-plugins-x/y",
    ] {
        assert!(
            !dangers_of_changed_paths(&paths(pattern)).is_empty(),
            "{pattern}"
        );
    }
    for pattern in [
        "/var/lib/kubephase-plugins/own",
        "/var/lib/kubephase-plugins/own/**",
        "/var/lib/kubephase-plugins/own/x.conf",
        "/etc/kubernetes/audit/policy.yaml",
    ] {
        assert_eq!(
            dangers_of_changed_paths(&paths(pattern)),
            Vec::new(),
            "{pattern}"
        );
    }
    let policy = paths("/etc/kubernetes/audit/policy.yaml");
    assert_eq!(paths::dangers_of_made_directories(&policy).len(), 1);
    let own = paths("/var/lib/kubephase-plugins/own/**");
    assert_eq!(paths::dangers_of_made_directories(&own), Vec::new());
}

fn judge_reading(private: bool) -> Vec<Danger> {
    private_files(&Request {
        private,
        ..paths("/etc/own/settings")
    })
}

#[test]
fn reading_what_other_users_may_not_read_amounts_to_root() {
    assert_eq!(judge_reading(false), Vec::new());
    assert_eq!(judge_reading(true)[0].risk, Risk::Root);
}

fn command(line: &[&str]) -> Request {
    Request {
        commands: vec![line.iter().map(ToString::to_string).collect()],
        ..Request::default()
    }
}

#[test]
fn a_program_amounts_to_root_if_the_plugin_chooses_what_it_does() {
    for line in [
        &["sh", "-c", "*"][..],
        &["bash", "-c", "id"],
        &["/usr/bin/python3", "/x.py"],
        &["cat", "*"],
        &["cat", "/etc/shadow"],
        &["linux64", "sh", "-c", "id"],
        &["/srv/own/uname"],
        &["uname", "-*"],
        &["timedatectl", "set-time", "0"],
        &["systemctl", "is-active", "-Hhost"],
        &["systemctl", "stop", "x"],
        &["/srv/own/x", "--version"],
        &["hostname", "x"],
        &["add-shell", "--version"],
        &["cargo", "--version"],
        &["k3s-uninstall.sh", "--version"],
        &["uname", "-x"],
        &["df", "/somewhere"],
        &["lsblk", "--sysroot", "/x"],
        &["modinfo", ".x"],
        // These load kernel modules.
        &["ethtool", "dccp"],
        &["ethtool", "-i", "dccp"],
        &["ethtool", "--version"],
        &["iptables", "--version"],
        &["nft", "--version"],
        &["conntrack", "--version"],
        &["ss", "-ltn"],
        &["nvidia-smi"],
        // These write files.
        &["rpm", "-q", "x"],
        // These ask servers of the network.
        &["chronyc", "sources"],
        &["hostname", "-f"],
        &["ntpq", "-pn"],
        // It opens devices.
        &["lsblk", "-f"],
    ] {
        assert!(!reading_program(&command(line)).is_empty(), "{line:?}");
    }
    for line in [
        &["chronyc", "tracking"][..],
        &["uname", "-r"],
        &["kubelet", "--version"],
        &["nproc"],
        &["containerd", "--version"],
        &["df", "-h"],
        &["systemctl", "is-active", "chronyd"],
    ] {
        assert_eq!(reading_program(&command(line)), Vec::new(), "{line:?}");
    }
}

fn objects(
    api_version: &str,
    kind: &str,
    namespace: Option<&str>,
    names: &[&str],
    host_access: bool,
) -> Vec<Danger> {
    let names = names.iter().map(ToString::to_string).collect();
    let pattern = ObjectPattern {
        api_version: api_version.into(),
        kind: kind.into(),
        namespace: namespace.map(Into::into),
        names,
        host_access,
    };
    let request = Request {
        objects: vec![pattern],
        ..Request::default()
    };
    dangers_of_changed_objects(&request, "own")
}

const OWN: &str = "kubephase-plugin-own";

/// An object with the name of the plugin need not belong to the plugin, because a plugin chooses
/// its own name.
#[test]
fn objects_that_may_be_somebody_elses_amount_to_cluster_admin() {
    for (api_version, kind, namespace, names) in [
        ("v1", "PersistentVolume", None, &[OWN][..]),
        ("storage.k8s.io/v1", "StorageClass", None, &[OWN]),
        ("example.com/v1", "Anything", Some(OWN), &[OWN]),
        ("example.com/v1", "ConfigMap", Some(OWN), &[OWN]),
        ("v1", "ServiceAccount", Some("kube-system"), &[OWN]),
        ("v1", "ConfigMap", Some("kube-system"), &["kube-proxy"]),
        ("v1", "ConfigMap", Some("kube-system"), &["own"]),
        ("v1", "ConfigMap", Some("default"), &["own-settings"]),
        ("v1", "ConfigMap", Some("kube-system"), &[OWN, "aws-auth"]),
        (
            "v1",
            "ConfigMap",
            Some("kube-system"),
            &["kubephase-plugin-own*"],
        ),
        (
            "v1",
            "ConfigMap",
            Some("kube-system"),
            &["kubephase-plugin-owner"],
        ),
        ("v1", "ConfigMap", Some("kube-system"), &[]),
        ("v1", "ConfigMap", None, &[]),
        (
            "v1",
            "ConfigMap",
            Some("local-path-storage"),
            &["local-path-config"],
        ),
        ("v1", "ConfigMap", Some("a"), &[OWN]),
        ("apps/v1", "Deployment", Some("a"), &[]),
        ("apps/v1", "Deployment", None, &[OWN]),
        ("v1", "Service", Some("own"), &["own"]),
        ("v1", "Service", Some("default"), &[OWN]),
        ("apps/v1", "Deployment", Some("default"), &[OWN]),
        ("v1", "Namespace", None, &["own"]),
        ("v1", "Namespace", None, &[]),
        ("v1", "Namespace", Some(OWN), &["kube-system"]),
        ("v1", "Secret", Some(OWN), &[OWN]),
        ("v1", "ResourceQuota", Some(OWN), &[OWN]),
        ("networking.k8s.io/v1", "Ingress", Some(OWN), &[OWN]),
    ] {
        let dangers = objects(api_version, kind, namespace, names, false);
        assert!(!dangers.is_empty(), "{kind} {namespace:?} {names:?}");
    }
}

#[test]
fn objects_of_the_plugins_own_amount_to_nothing_without_access_to_the_host() {
    for (api_version, kind, namespace, names) in [
        ("v1", "ConfigMap", Some("kube-system"), &[OWN][..]),
        (
            "v1",
            "ConfigMap",
            Some("default"),
            &["kubephase-plugin-own-*"],
        ),
        ("v1", "Namespace", None, &[OWN, "kubephase-plugin-own-jobs"]),
        ("v1", "ConfigMap", Some(OWN), &[]),
        ("v1", "Service", Some(OWN), &[]),
        (
            "apps/v1",
            "Deployment",
            Some("kubephase-plugin-own-jobs"),
            &["x"],
        ),
        ("v1", "ServiceAccount", Some(OWN), &["x"]),
    ] {
        let dangers = objects(api_version, kind, namespace, names, false);
        assert_eq!(dangers, Vec::new(), "{kind} {namespace:?} {names:?}");
        let dangers = objects(api_version, kind, namespace, names, true);
        assert_eq!(dangers.len(), 1, "{kind} {namespace:?} {names:?}");
    }
}

fn judge_host(host: &str) -> Vec<Danger> {
    dangers_of_asked_servers(&Request {
        hosts: vec![host.into()],
        ..Request::default()
    })
}

#[test]
fn servers_that_may_answer_only_this_machine_amount_to_root() {
    for host in [
        "*",
        "**",
        "*:443",
        "1*",
        "*.254",
        "*.169.254",
        "[fe80::*]:80",
        "fe80::a*",
        "*.com",
        "*e.com",
        "*.co.uk",
        "*.internal",
        "*.1.2",
        "localhost",
        "localhost.:80",
        "127.0.0.1:8500",
        "[::1]:80",
        "::ffff:169.254.169.254",
        "0xa9fea9fe",
        "2852039166",
    ] {
        assert!(!judge_host(host).is_empty(), "{host}");
    }
    for host in [
        "metadata.example.com",
        "registry",
        "*.example.com",
        "a*.example.co.uk:8443",
        "192.0.2.7:*",
        "[2001:db8::7]",
    ] {
        assert_eq!(judge_host(host), Vec::new(), "{host}");
    }
}
