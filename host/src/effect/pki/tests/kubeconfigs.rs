//! The facts about kubeconfigs, and the kubeconfigs that a plugin reaches.
use super::*;
use crate::{
    effect::{
        Effect,
        territory::{Territory, territory_of},
    },
    render::patches::Patches,
};
use kubephase_sdk::spec::KubeconfigFacts;

#[test]
fn a_certificate_file_that_does_not_exist_is_not_a_credential() {
    let node = node();
    let text = "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: \
        {cluster: k, user: u}}]\nclusters: [{name: k, cluster: {server: \
        'https://a:6443'}}]\nusers: [{name: u, user: {client-certificate: /pki/kubelet.pem, \
        client-key: /pki/kubelet.pem}}]\n";
    node.files()
        .write("/kubelet.conf", text.as_bytes(), 0o600, None)
        .unwrap();
    let path = "/kubelet.conf";
    let facts = kubeconfig_facts(node.files(), path, AuthorityFile::Any).unwrap();
    assert_eq!(facts.unwrap().credential, "none");
    let of_plugin = kubeconfig_facts(node.files(), path, AuthorityFile::Below("/pki")).unwrap();
    assert_eq!(
        of_plugin.unwrap().credential,
        "client-certificate",
        "a plugin is not told whether a file exists that its kubeconfig names"
    );
    node.files()
        .write("/pki/kubelet.pem", b"", 0o600, None)
        .unwrap();
    let facts = kubeconfig_facts(node.files(), path, AuthorityFile::Any).unwrap();
    assert_eq!(facts.unwrap().credential, "client-certificate");
}

/// Returns the facts about a kubeconfig that names its authority in this way.
fn facts_with_authority(node: &Node, authority: &str) -> KubeconfigFacts {
    let text = format!(
        "current-context: c\ncontexts: [{{name: c, context: {{cluster: k, user: u}}}}]\n\
         clusters: [{{name: k, cluster: {{server: 'https://a:6443', {authority}}}}}]\n\
         users: [{{name: u, user: {{token: secret-token}}}}]\n"
    );
    node.files()
        .write("/x.conf", text.as_bytes(), 0o600, None)
        .unwrap();
    kubeconfig_facts(node.files(), "/x.conf", AuthorityFile::Below("/pki"))
        .unwrap()
        .unwrap()
}

#[test]
fn facts_about_a_kubeconfig_hold_certificates_and_never_other_bytes_of_a_file() {
    let node = node();
    node.ensure("ca", None).unwrap();
    let certificate = node.files().read("/pki/ca.crt").unwrap();
    let key = node.files().read("/pki/ca.key").unwrap();
    node.files()
        .write(
            "/pki/both.pem",
            &[key.as_slice(), certificate.as_slice()].concat(),
            0o600,
            None,
        )
        .unwrap();
    node.files()
        .write("/elsewhere/ca.crt", &certificate, 0o644, None)
        .unwrap();
    std::os::unix::fs::symlink("/elsewhere/ca.crt", node._root.path().join("pki/link.crt"))
        .unwrap();
    let pem = String::from_utf8(certificate.clone()).unwrap();
    let embedded = format!(
        "certificate-authority-data: {}",
        data_encoding::BASE64.encode(&certificate)
    );
    for shown in [
        embedded.as_str(),
        "certificate-authority: /pki/ca.crt",
        // Only the certificate of this file is shown.
        "certificate-authority: /pki/both.pem",
    ] {
        let facts = facts_with_authority(&node, shown);
        assert_eq!(facts.authority_pem, pem, "{shown}");
    }
    let mixed = format!(
        "certificate-authority-data: {}",
        data_encoding::BASE64.encode(b"plain secret")
    );
    for hidden in [
        "certificate-authority: /pki/ca.key",
        "certificate-authority: /x.conf",
        "certificate-authority: /elsewhere/ca.crt",
        "certificate-authority: /pki/../elsewhere/ca.crt",
        "certificate-authority: /pki/link.crt",
        "certificate-authority: /nowhere/the-path-is-a-secret",
        "certificate-authority-data: '***'",
        &mixed,
    ] {
        let facts = facts_with_authority(&node, hidden);
        assert_eq!(facts.authority_pem, "", "{hidden}");
        let text = format!("{facts:?}");
        assert!(
            !text.contains("PRIVATE") && !text.contains("secret"),
            "{hidden}: {text}"
        );
    }
}

fn kubeconfig_spec(path: &str) -> KubeconfigSpec {
    KubeconfigSpec {
        path: path.into(),
        cluster_name: "kubernetes".into(),
        user: "a-user".into(),
        common_name: "a-user".into(),
        directory: "/pki".into(),
        authority: "ca".into(),
        server: "https://192.0.2.1:6443".into(),
        algorithm: KeyAlgorithm::EcdsaP256,
        validity_seconds: 3600,
        ..KubeconfigSpec::default()
    }
}

fn rotated_kubeconfig(path: &str) -> Effect {
    Effect::from(RotatedKubeconfigSpec {
        path: path.into(),
        client_certificate: "/evil.pem".into(),
    })
}

fn apply(
    node: &Node,
    effect: &Effect,
    territory: Option<&Territory>,
) -> WorldResult<EffectOutcome> {
    node.with_context(|context| {
        effect.apply(&Context {
            territory,
            ..*context
        })
    })
}

/// A plugin can have its own kubeconfig made, and can neither make, read nor change one of the
/// host.
#[test]
fn a_plugins_effects_leave_the_kubeconfigs_of_the_host_alone() {
    let mut node = node();
    node.config.cluster.certificates_dir = "/pki".into();
    node.config.run.kubeconfig_dir = "/etc/kubernetes".into();
    node.ensure("ca", None).unwrap();
    let territory = territory_of(&node.config, &Patches::default());
    let apply_for_plugin = |effect| apply(&node, &effect, Some(&territory));
    for path in [
        "/etc/kubernetes/super-admin.conf",
        "/etc/kubernetes/kubelet.conf",
    ] {
        let effect = Effect::from(kubeconfig_spec(path));
        assert!(apply_for_plugin(effect).is_err(), "{path}");
        assert!(node.files().stat(path).unwrap().is_none());
    }
    let admin = Effect::from(kubeconfig_spec("/etc/kubernetes/admin.conf"));
    apply(&node, &admin, None).unwrap();
    let before = node.files().read("/etc/kubernetes/admin.conf").unwrap();
    assert!(apply_for_plugin(rotated_kubeconfig("/etc/kubernetes/admin.conf")).is_err());
    assert_eq!(
        node.files().read("/etc/kubernetes/admin.conf").unwrap(),
        before
    );
    apply_for_plugin(Effect::from(kubeconfig_spec("/opt/agent/kubeconfig"))).unwrap();
    apply_for_plugin(rotated_kubeconfig("/opt/agent/kubeconfig")).unwrap();
}

/// The outcome must not tell what is in a file that the plugin may not read, or whether it exists.
#[test]
fn a_plugins_kubeconfig_names_only_authorities_beside_it() {
    let mut node = node();
    node.config.cluster.certificates_dir = "/pki".into();
    node.ensure("ca", None).unwrap();
    let territory = territory_of(&node.config, &Patches::default());
    let ca = node.files().read("/pki/ca.crt").unwrap();
    for path in ["/srv/secret.crt", "/opt/agent/ca.crt"] {
        node.files().write(path, &ca, 0o600, None).unwrap();
    }
    let outcome = |authority: &str, territory: Option<&Territory>| {
        let text = format!(
            "current-context: c\ncontexts: [{{name: c, context: {{cluster: k, user: u}}}}]\n\
             clusters: [{{name: k, cluster: {{server: 'https://192.0.2.1:6443', \
             certificate-authority: {authority}}}}}]\nusers: [{{name: u, user: {{token: x}}}}]\n"
        );
        let path = "/opt/agent/kubeconfig";
        node.files()
            .write(path, text.as_bytes(), 0o600, None)
            .unwrap();
        let done = apply(&node, &Effect::from(kubeconfig_spec(path)), territory);
        done.map(drop).map_err(|failure| failure.to_text())
    };
    let hidden = outcome("/srv/secret.crt", Some(&territory)).unwrap_err();
    assert_eq!(
        hidden,
        outcome("/srv/none.crt", Some(&territory)).unwrap_err()
    );
    outcome("/opt/agent/ca.crt", Some(&territory)).unwrap();
    outcome("/srv/secret.crt", None).unwrap();
}
