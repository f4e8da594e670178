//! The environment variables of the control plane's containers.
use kubephase_sdk::kubeadm::EnvVar;
use std::collections::BTreeMap;

/// Merges lists into one, sorted by name. The last variable with a name wins.
pub(super) fn merge_variables(lists: &[&[EnvVar]]) -> Vec<EnvVar> {
    let by_name: BTreeMap<&str, &EnvVar> = lists
        .iter()
        .copied()
        .flatten()
        .map(|var| (var.name.as_str(), var))
        .collect();
    by_name.into_values().cloned().collect()
}
