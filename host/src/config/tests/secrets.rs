//! Secrets of a configuration are neither printed nor given to a phase.
use super::*;
use crate::run::secrets::{MaskedConfig, Secrets};

#[test]
fn a_message_has_no_secret() {
    let secret = "0123456789abcdeg!";
    let text = format!(
        "{CLUSTER}---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: \
         InitConfiguration\nbootstrapTokens:\n- token: abcdef.{secret}\n"
    );
    let message = load(&text).unwrap_err().to_string();
    assert!(
        message.contains("bootstrapTokens[0].token") && !message.contains(secret),
        "{message}"
    );
}

const TOKEN: &str = "abcdef.canary0123456789";
const KEY: &str = "ca9a5e11ca9a5e11ca9a5e11ca9a5e11ca9a5e11ca9a5e11ca9a5e11ca9a5e11";

/// Returns a file that has every secret field. Each value contains `canary` or `ca9a5e`.
fn file_of_secrets() -> (tempfile::TempDir, PathBuf) {
    let head = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ";
    let plugin = "plugins: [{name: p, source: p.wasm, settings: {password: canary-setting}}]";
    file(&format!(
        "{CLUSTER}---\n{head}InitConfiguration\nbootstrapTokens: [{{token: {TOKEN}}}]\n\
         certificateKey: {KEY}\n\
         ---\n{head}JoinConfiguration\ndiscovery: {{tlsBootstrapToken: {TOKEN}, bootstrapToken: \
         {{token: {TOKEN}, apiServerEndpoint: 'a:1', unsafeSkipCAVerification: \
         true}}}}\ncontrolPlane: {{certificateKey: {KEY}}}\n\
         ---\napiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\n{plugin}\n"
    ))
}

#[track_caller]
fn assert_has_no_secret(text: &str) {
    assert!(
        !text.contains("canary") && !text.contains("ca9a5e"),
        "{text}"
    );
}

/// Returns the configurations of `init` and `join` that [`file_of_secrets`] describes.
fn load_secrets() -> (LoadedConfig, LoadedJoin, ConfigFile) {
    let (_folder, path) = file_of_secrets();
    let file = ConfigFile::at(&path);
    let node = NodeFacts {
        addresses: vec!["192.0.2.2".parse().unwrap()],
        ..NodeFacts::default()
    };
    let init = load_init(Some(&file), &InitFlags::default(), &node).unwrap();
    let join = load_join(Some(&file), &JoinFlags::default(), &node).unwrap();
    (init, join, file)
}

#[test]
fn a_secret_is_not_printed_unless_the_host_reveals_it() {
    let (init, join, file) = load_secrets();
    assert_eq!(init.config.init.bootstrap_tokens[0].token.reveal(), TOKEN);
    assert_eq!(init.config.init.certificate_key.reveal(), KEY);
    assert_eq!(join.join.discovery.tls_bootstrap_token.reveal(), TOKEN);
    let control_plane = join.join.control_plane.as_ref().unwrap();
    assert_eq!(control_plane.certificate_key.reveal(), KEY);
    assert_has_no_secret(&format!(
        "{init:?} {join:?} {:?} {:?} {file:?}",
        init.config, join.join
    ));
}

#[test]
fn no_secret_of_a_configuration_is_given_to_a_phase() {
    let (init, join, _) = load_secrets();
    let joined = JoinedCluster {
        bootstrap_kubeconfig: "canary-kubeconfig".into(),
        ..JoinedCluster::default()
    };
    let config_of_join = Config {
        init: join.join.as_init(),
        join: Some(joined),
        ..Config::default()
    };
    for config in [&init.config, &config_of_join] {
        let MaskedConfig {
            for_plugins,
            for_built_ins,
            secrets,
            ..
        } = Secrets::mask(config).unwrap();
        let for_built_ins_text = serde_json::to_string(&for_built_ins).unwrap();
        assert_has_no_secret(&format!(
            "{for_plugins} {for_built_ins:?} {for_built_ins_text}"
        ));
        assert_has_no_secret(&format!("{config:?} {secrets:?}"));
    }
}
