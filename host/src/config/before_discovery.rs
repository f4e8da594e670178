//! The configuration with which the checks of a node run before its cluster is found.
use super::{
    Config, JoinedCluster, LoadedConfig, LoadedJoin, defaults,
    load::{complete_components, run_options},
};
use crate::world::node::facts::NodeFacts;
use kubephase_sdk::release::Release;

/// Returns what is known of a node that joins: enough for the checks that do not depend on its
/// cluster. These are the checks of a worker. Nothing in it makes a check fail that would pass with
/// the configuration of the cluster.
pub fn before_discovery(loaded: &LoadedJoin, node: &NodeFacts) -> LoadedConfig {
    let LoadedJoin { join, phases, .. } = loaded;
    let mut config = Config {
        init: join.as_init(),
        ..Config::default()
    };
    // The oldest release accepts the oldest kubelet.
    config.cluster.kubernetes_version = format!("v{}", Release::oldest().first_version());
    defaults::complete_cluster(&mut config.cluster);
    run_options(&mut config, node, "join");
    let token = join.discovery.bootstrap_token.as_ref();
    let server = token.map(|token| format!("https://{}", token.api_server_endpoint));
    let is_worker = join.control_plane.is_none();
    config.join = Some(JoinedCluster {
        server: server.unwrap_or_default(),
        // A member of the control plane may have the authority already.
        ca_cert_path: if is_worker {
            join.ca_cert_path.clone()
        } else {
            String::new()
        },
        ..JoinedCluster::default()
    });
    complete_components(&mut config, None, None, &mut Vec::new());
    LoadedConfig {
        config,
        phases: phases.clone(),
        warnings: Vec::new(),
        token_given: true,
        dry_run: join.dry_run,
    }
}
