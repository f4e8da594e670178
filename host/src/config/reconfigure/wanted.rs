//! The configuration that the documents of a file ask for.
use crate::{
    config::{
        Config, InitConfiguration, Problem, defaults,
        difference::fixed_fields,
        load::{complete_components, disable_skipped_addons, run_options},
        read::Diagnostics,
        validate,
    },
    render::kubelet,
    world::node::facts::NodeFacts,
};
use kubephase_sdk::kubeadm::{
    ApiEndpoint, ClusterConfiguration, ComponentConfig, NodeRegistration, Patches, Timeouts,
};
use serde_json::{Value, json};

/// The documents of a file, each `None` if the file does not have it.
pub(super) struct WantedDocuments {
    /// the document, and its text as JSON, which has no defaults
    pub cluster: Option<(ClusterConfiguration, Value)>,
    pub kubelet: Option<Value>,
    pub kube_proxy: Option<Value>,
    pub node: NodeSettings,
}

/// The settings of this node that a file has in an InitConfiguration or a JoinConfiguration.
#[derive(Default)]
pub(super) struct NodeSettings {
    pub patches: Option<Patches>,
    timeouts: Option<Timeouts>,
    registration: NodeRegistration,
    endpoint: ApiEndpoint,
    skip_phases: Vec<String>,
}

/// The parts of the command that the options of its run are made of.
pub(super) struct RunOfCommand<'a> {
    pub node: &'a NodeFacts,
    pub workflow: &'a str,
    pub kubeconfig: String,
}

impl NodeSettings {
    /// Takes the settings of a node out of its document.
    pub fn of(init: Option<InitConfiguration>) -> NodeSettings {
        let init = init.unwrap_or_default();
        NodeSettings {
            patches: init.patches,
            timeouts: init.timeouts,
            registration: init.node_registration,
            endpoint: init.local_api_endpoint,
            skip_phases: init.skip_phases,
        }
    }

    /// Sets what a run may change on a node.
    fn set(self, config: &mut Config, diagnostics: &mut Diagnostics) {
        let fixed = [
            (
                "nodeRegistration.name",
                self.registration.name.to_lowercase(),
                config.init.node_registration.name.clone(),
                "the cluster knows this machine by its name; leave the document of another machine \
                 out",
            ),
            (
                "localAPIEndpoint.advertiseAddress",
                self.endpoint.advertise_address,
                config.init.local_api_endpoint.advertise_address.clone(),
                "etcd and the other machines know this machine by its address",
            ),
        ];
        for (path, given, current, why) in fixed {
            if !given.is_empty() && given != current {
                let message = format!("cannot be changed from {current:?} to {given:?}: {why}");
                diagnostics.problems.push(Problem::new(path, message));
            }
        }
        let registration = &mut config.init.node_registration;
        if !self.registration.image_pull_policy.is_empty() {
            registration.image_pull_policy = self.registration.image_pull_policy;
        }
        let serial = self.registration.image_pull_serial;
        registration.image_pull_serial = serial.or(registration.image_pull_serial);
        registration.kubelet_extra_args = self.registration.kubelet_extra_args;
        for check in self.registration.ignore_preflight_errors {
            registration
                .ignore_preflight_errors
                .push(check.to_lowercase());
        }
        config.init.patches = self.patches.or(config.init.patches.take());
        if self.timeouts.is_some() {
            config.init.timeouts = self.timeouts;
            defaults::complete_timeouts(&mut config.init.timeouts);
        }
        config.init.skip_phases = self.skip_phases;
        disable_skipped_addons(config);
        config.init.skip_phases.clear();
    }
}

impl WantedDocuments {
    /// Puts the documents into the place of those that the cluster keeps.
    pub fn complete(
        self,
        stored: &Config,
        run: &RunOfCommand<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Config {
        let mut config = stored.clone();
        if let Some((cluster, given)) = self.cluster {
            config.cluster = with_fixed_fields(cluster, &given, &stored.cluster);
            defaults::complete_cluster(&mut config.cluster);
            diagnostics
                .problems
                .extend(validate::cluster(&config.cluster));
        }
        self.node.set(&mut config, diagnostics);
        defaults::resolve_version_and_endpoint(
            &mut config,
            &mut diagnostics.problems,
            &mut diagnostics.warnings,
        );
        run_options(&mut config, run.node, run.workflow);
        config.run.kubeconfig.clone_from(&run.kubeconfig);
        let kept = |component: &ComponentConfig| Some(component.document.clone());
        complete_components(
            &mut config,
            self.kubelet.or_else(|| kept(&stored.kubelet)),
            self.kube_proxy.or_else(|| kept(&stored.kube_proxy)),
            &mut diagnostics.warnings,
        );
        if config.cluster.release().kubelet.shares_resolver {
            config.kubelet.document = kubelet::document(&config).0;
        }
        keep_mark(&mut config.kubelet, &stored.kubelet);
        keep_mark(&mut config.kube_proxy, &stored.kube_proxy);
        config
    }
}

/// Keeps kubeadm's mark on a component's configuration that equals the one that the cluster keeps.
fn keep_mark(component: &mut ComponentConfig, stored: &ComponentConfig) {
    component.user_supplied = component.document != stored.document || stored.user_supplied;
}

/// Returns the configuration with the values that the cluster keeps in fields which are left out
/// and cannot be changed.
fn with_fixed_fields(
    cluster: ClusterConfiguration,
    given: &Value,
    stored: &ClusterConfiguration,
) -> ClusterConfiguration {
    let (mut value, stored) = (json!(cluster), json!(stored));
    let asks_for = |pointer| given.pointer(pointer).is_some_and(|etcd| !etcd.is_null());
    let (local_etcd, external_etcd) = (asks_for("/etcd/local"), asks_for("/etcd/external"));
    for path in fixed_fields("ClusterConfiguration") {
        let pointer = format!("/{}", path.replace('.', "/"));
        let is_given = given
            .pointer(&pointer)
            .is_some_and(|value| !value.is_null() && value != "");
        let is_left = match path {
            // Its other fields have defaults.
            "etcd.local" => true,
            "etcd.external" => local_etcd,
            "etcd.local.dataDir" => external_etcd || stored.pointer("/etcd/local").is_none(),
            _ => false,
        };
        if let Some(kept) = stored.pointer(&pointer).filter(|_| !is_given && !is_left) {
            set(&mut value, path, kept.clone());
        }
    }
    serde_json::from_value(value).unwrap_or(cluster)
}

fn set(value: &mut Value, path: &str, to: Value) {
    let mut at = value;
    for name in path.split('.') {
        if !at.is_object() {
            *at = json!({});
        }
        at = &mut at[name];
    }
    *at = to;
}
