//! Environment of the control plane's containers.
use kubephase_sdk::kubeadm::EnvVar;
use std::collections::BTreeMap;

/// Several lists as one, sorted by name; the last of a name wins.
pub(super) fn merge_variables(lists: &[&[EnvVar]]) -> Vec<EnvVar> {
    let by_name: BTreeMap<&str, &EnvVar> = lists
        .iter()
        .copied()
        .flatten()
        .map(|var| (var.name.as_str(), var))
        .collect();
    by_name.into_values().cloned().collect()
}
