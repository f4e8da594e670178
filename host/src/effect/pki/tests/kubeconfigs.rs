//! Kubeconfigs: what they tell, and which of them a plugin reaches.
use super::*;

#[test]
fn a_certificate_that_is_not_there_is_no_credential() {
    let node = node();
    let text = "apiVersion: v1\nkind: Config\ncurrent-context: c\ncontexts: [{name: c, context: \
        {cluster: k, user: u}}]\nclusters: [{name: k, cluster: {server: \
        'https://a:6443'}}]\nusers: [{name: u, user: {client-certificate: /pki/kubelet.pem, \
        client-key: /pki/kubelet.pem}}]\n";
    node.files()
        .write("/kubelet.conf", text.as_bytes(), 0o600, None)
        .unwrap();
    let credential_for = |allowed| {
        kubeconfig_facts(node.files(), "/kubelet.conf", allowed)
            .unwrap()
            .unwrap()
            .credential
    };
    let credential = || credential_for(AuthorityFile::Any);
    assert_eq!(credential(), "none");
    assert_eq!(
        credential_for(AuthorityFile::Below("/pki")),
        "client-certificate",
        "a plugin is not told whether a file exists that its kubeconfig names"
    );
    node.files()
        .write("/pki/kubelet.pem", b"", 0o600, None)
        .unwrap();
    assert_eq!(credential(), "client-certificate");
}

#[test]
fn a_kubeconfig_tells_certificates_and_never_the_bytes_of_a_file() {
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
    let facts = |authority: &str| {
        let text = format!(
            "current-context: c\ncontexts: [{{name: c, context: {{cluster: k, user: \
             u}}}}]\nclusters: [{{name: k, cluster: {{server: 'https://a:6443', \
             {authority}}}}}]\nusers: [{{name: u, user: {{token: secret-token}}}}]\n"
        );
        node.files()
            .write("/x.conf", text.as_bytes(), 0o600, None)
            .unwrap();
        kubeconfig_facts(node.files(), "/x.conf", AuthorityFile::Below("/pki"))
            .unwrap()
            .unwrap()
    };
    let pem = String::from_utf8(certificate.clone()).unwrap();
    let embedded = format!(
        "certificate-authority-data: {}",
        data_encoding::BASE64.encode(&certificate)
    );
    assert_eq!(facts(&embedded).authority_pem, pem);
    assert_eq!(
        facts("certificate-authority: /pki/ca.crt").authority_pem,
        pem
    );
    assert_eq!(
        facts("certificate-authority: /pki/both.pem").authority_pem,
        pem,
        "only the certificate of the file is told"
    );
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
        let facts = facts(hidden);
        assert_eq!(facts.authority_pem, "", "{hidden}");
        let told = format!("{facts:?}");
        assert!(
            !told.contains("PRIVATE") && !told.contains("secret"),
            "{hidden}: {told}"
        );
    }
}

/// A plugin has a kubeconfig of its own made, and none of the host's made, looked at or pointed
/// elsewhere.
#[test]
fn a_plugins_effects_leave_the_kubeconfigs_of_the_host_alone() {
    use crate::effect::{Effect, territory::Territory};
    let mut node = node();
    node.config.cluster.certificates_dir = "/pki".into();
    node.config.run.kubeconfig_dir = "/etc/kubernetes".into();
    node.ensure("ca", None).unwrap();
    let spec = |path: &str| KubeconfigSpec {
        path: path.into(),
        cluster_name: "kubernetes".into(),
        user: "somebody".into(),
        common_name: "somebody".into(),
        directory: "/pki".into(),
        authority: "ca".into(),
        server: "https://192.0.2.1:6443".into(),
        algorithm: KeyAlgorithm::EcdsaP256,
        validity_seconds: 3600,
        ..KubeconfigSpec::default()
    };
    let rotated = |path: &str| {
        Effect::RotatedKubeconfig(RotatedKubeconfigSpec {
            path: path.into(),
            client_certificate: "/evil.pem".into(),
        })
    };
    let territory = Territory::of(&node.config);
    let apply = |effect: Effect, territory: Option<&Territory>| {
        node.within(|context| {
            effect.apply(&Context {
                territory,
                ..*context
            })
        })
    };
    let by_plugin = |effect| apply(effect, Some(&territory));
    for path in [
        "/etc/kubernetes/super-admin.conf",
        "/etc/kubernetes/kubelet.conf",
    ] {
        assert!(by_plugin(Effect::Kubeconfig(spec(path))).is_err(), "{path}");
        assert!(node.files().stat(path).unwrap().is_none());
    }
    apply(Effect::Kubeconfig(spec("/etc/kubernetes/admin.conf")), None).unwrap();
    let before = node.files().read("/etc/kubernetes/admin.conf").unwrap();
    assert!(by_plugin(rotated("/etc/kubernetes/admin.conf")).is_err());
    assert_eq!(
        node.files().read("/etc/kubernetes/admin.conf").unwrap(),
        before
    );
    by_plugin(Effect::Kubeconfig(spec("/opt/agent/kubeconfig"))).unwrap();
    by_plugin(rotated("/opt/agent/kubeconfig")).unwrap();
}
