//! `kubeconfig user`: kubeconfigs for other users.
use crate::{bootstrap_tokens::succeed, fail, run_as_admin, serve_cluster};
use std::{fs, path::Path};

#[test]
fn kubeconfigs_for_other_users_are_signed_by_the_authority_of_the_cluster() {
    let folder = tempfile::tempdir().unwrap();
    let root = &folder.path().join("root");
    drop(serve_cluster(root));
    let config = folder.path().join("config.yaml");
    let pki = root.join("etc/kubernetes/pki");
    fs::write(
        &config,
        format!(
            "apiVersion: kubeadm.k8s.io/v1beta4\nkind: \
        ClusterConfiguration\nkubernetesVersion: v1.36.2\ncertificatesDir: \
        {}\ncontrolPlaneEndpoint: cluster.example:6443\nencryptionAlgorithm: \
        ECDSA-P256\n---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: \
        InitConfiguration\nlocalAPIEndpoint: {{advertiseAddress: 192.0.2.2}}\n",
            pki.display()
        ),
    )
    .unwrap();
    let user = format!(
        "kubeconfig user --client-name ada --config {}",
        config.display()
    );
    expect_certificate(root, &user);
    expect_token(root, &user);
    fs::remove_file(pki.join("ca.key")).unwrap();
    let message = fail(root, &format!("{user} --token abc"));
    assert!(
        message.contains(
            "couldn't create a kubeconfig; the CA files couldn't be loaded: failed to load key: \
             couldn't load the private key file "
        ),
        "{message}"
    );
}

/// Expects that a kubeconfig gets a certificate, and that a long validity gives a warning.
fn expect_certificate(root: &Path, user: &str) {
    let output = run_as_admin(
        root,
        &format!("{user} --org devs,ops --validity-period 9000h"),
    );
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert!(
        output.stderr.contains(
            "WARNING: the specified certificate validity period 9000h0m0s is \
        longer than the default duration 8760h0m0s, this may increase security risks."
        ),
        "{}",
        output.stderr
    );
    for part in [
        "server: https://cluster.example:6443\n",
        "current-context: ada@kubernetes\n",
        "client-certificate-data: ",
        "client-key-data: ",
    ] {
        assert!(
            output.stdout.contains(part),
            "no {part:?} in {}",
            output.stdout
        );
    }
    assert!(output.stdout.ends_with("\n\n"));
}

/// Expects that a kubeconfig with a token has no certificate.
fn expect_token(root: &Path, user: &str) {
    let kubeconfig = succeed(root, &format!("{user} --token abc"));
    assert!(
        kubeconfig.contains("    token: abc\n") && !kubeconfig.contains("client-key-data"),
        "{kubeconfig}"
    );
}
