//! Puts placeholders in place of the secrets of a configuration.
use crate::{
    config,
    secret::{Secret, bootstrap_token},
};
use kubephase_sdk::kubeadm::{Config, InitConfiguration, Join};

/// Returns a configuration whose secrets are made by `placeholder`. The id of a token stays.
pub(super) fn with_placeholders(
    config: &config::Config,
    placeholder: &mut dyn FnMut(&str, Secret<String>) -> String,
) -> Config {
    let config::Config {
        init,
        cluster,
        kubelet,
        kube_proxy,
        run,
        join,
        reset,
        renewal,
        rotation,
        upgrade,
        reconfiguration,
        doctor,
    } = config.clone();
    let tokens = init
        .bootstrap_tokens
        .iter()
        .enumerate()
        .map(|(index, given)| {
            let (id, secret) = bootstrap_token::split(&given.token);
            given.with_token(format!(
                "{id}.{}",
                placeholder(&format!("token-{index}"), secret.into())
            ))
        });
    let bootstrap_tokens = tokens.collect();
    let key = init.certificate_key;
    let init = InitConfiguration {
        bootstrap_tokens,
        dry_run: init.dry_run,
        node_registration: init.node_registration,
        local_api_endpoint: init.local_api_endpoint,
        certificate_key: if key.is_empty() {
            String::new()
        } else {
            placeholder("certificate-key", key)
        },
        skip_phases: init.skip_phases,
        patches: init.patches,
        timeouts: init.timeouts,
    };
    let join = join.map(|join| with_placeholder(join, placeholder));
    Config {
        init,
        cluster,
        kubelet,
        kube_proxy,
        run,
        join,
        reset,
        renewal,
        rotation,
        upgrade,
        reconfiguration,
        doctor,
    }
}

fn with_placeholder(
    join: config::JoinedCluster,
    placeholder: &mut dyn FnMut(&str, Secret<String>) -> String,
) -> Join {
    Join {
        control_plane: join.control_plane,
        server: join.server,
        authority_pem: join.authority_pem,
        ca_cert_path: join.ca_cert_path,
        api_server_versions: join.api_server_versions,
        bootstrap_kubeconfig: placeholder("bootstrap-kubeconfig", join.bootstrap_kubeconfig),
    }
}
