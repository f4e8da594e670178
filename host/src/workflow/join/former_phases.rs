//! Names of phases that only kubeadm of an older cluster has.
use crate::{config::LoadedConfig, run::workflow::LoadedRun};
use kubephase_sdk::{kubeadm::ClusterConfiguration, release::gate};

/// The phase that adds the member of etcd to the cluster.
const ETCD_JOIN: &str = "etcd-join";
/// kubeadm's other name of that phase, in releases that have it.
const ETCD_IN_GROUP: &str = "control-plane-join/etcd";

/// Returns the run of a configuration without the phases `skip`, which may have the names of the
/// cluster's release.
pub(super) fn run_of(mut loaded: LoadedConfig, skip: &[String]) -> LoadedRun {
    let config = &mut loaded.config;
    config.init.skip_phases = present_names(&config.init.skip_phases, &config.cluster);
    let skip = present_names(skip, &config.cluster);
    LoadedRun::new(loaded, &skip)
}

/// Replaces each name that only the cluster's release has by the name of the phase that does the
/// work here. Removes the name if no phase does that work.
fn present_names(names: &[String], cluster: &ClusterConfiguration) -> Vec<String> {
    let of_release = |name: &String| {
        if name != ETCD_IN_GROUP || !cluster.release().joins_etcd_in_group {
            return Some(name.clone());
        }
        (!cluster.is_enabled(gate::LOCAL_KUBELET)).then(|| ETCD_JOIN.to_owned())
    };
    names.iter().filter_map(of_release).collect()
}

#[cfg(test)]
mod tests {
    use super::present_names;
    use kubephase_sdk::{kubeadm::ClusterConfiguration, release::gate};

    #[test]
    fn a_phase_of_an_older_release_is_skipped_by_its_name_there() {
        let names = ["preflight", "control-plane-join/etcd"].map(str::to_owned);
        let present = |version: &str, is_local: Option<bool>| {
            let mut cluster = ClusterConfiguration {
                kubernetes_version: version.to_owned(),
                ..ClusterConfiguration::default()
            };
            if let Some(value) = is_local {
                let gates = &mut cluster.feature_gates;
                gates.insert(gate::LOCAL_KUBELET.to_owned(), value);
            }
            present_names(&names, &cluster)
        };
        let nothing = ["preflight"];
        assert_eq!(present("v1.33.1", None), nothing);
        assert_eq!(present("v1.34.1", Some(true)), nothing);
        assert_eq!(present("v1.34.1", Some(false)), ["preflight", "etcd-join"]);
        assert_eq!(present("v1.35.1", Some(false)), nothing);
        assert_eq!(present("v1.36.2", None), names, "kubeadm refuses the name");
    }
}
