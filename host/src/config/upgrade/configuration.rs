//! The document `UpgradeConfiguration`.
use crate::config::{
    Document, defaults, document_kinds,
    read::{Diagnostics, accepts_version},
    validate as rules,
};
use kubephase_sdk::kubeadm::{Patches, Timeouts};
use serde::Deserialize;

/// `UpgradeConfiguration` of `kubeadm.k8s.io/v1beta4`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UpgradeConfiguration {
    pub apply: UpgradeOptions,
    pub diff: UpgradeDiff,
    pub node: UpgradeOptions,
    pub plan: UpgradeOptions,
    pub timeouts: Option<Timeouts>,
}

/// The options of one command: `apply`, `node` or `plan`. The schema of the document knows which
/// options each command has.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UpgradeOptions {
    pub kubernetes_version: String,
    pub allow_experimental_upgrades: Option<bool>,
    #[serde(rename = "allowRCUpgrades")]
    pub allow_rc_upgrades: Option<bool>,
    pub certificate_renewal: Option<bool>,
    pub dry_run: Option<bool>,
    pub etcd_upgrade: Option<bool>,
    pub force_upgrade: Option<bool>,
    pub ignore_preflight_errors: Vec<String>,
    pub patches: Option<Patches>,
    pub print_config: Option<bool>,
    pub skip_phases: Vec<String>,
    pub image_pull_policy: String,
    pub image_pull_serial: Option<bool>,
}

/// The options of `upgrade diff`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct UpgradeDiff {
    pub kubernetes_version: String,
    pub context_lines: i64,
}

/// Decodes the document, without defaults.
pub fn decode(document: &Document, diagnostics: &mut Diagnostics) -> Option<UpgradeConfiguration> {
    if !accepts_version(document, diagnostics) {
        return None;
    }
    diagnostics
        .decode(document, &document_kinds::UPGRADE)
        .map(|(upgrade, _)| upgrade)
}

/// Fills in the defaults, and collects problems.
pub fn complete(upgrade: &mut UpgradeConfiguration, diagnostics: &mut Diagnostics) {
    upgrade.plan.etcd_upgrade.get_or_insert(true);
    for (command, options) in [("apply", &mut upgrade.apply), ("node", &mut upgrade.node)] {
        if let Some(patches) = &options.patches {
            let path = format!("{command}.patches.directory");
            rules::absolute(&mut diagnostics.problems, &path, &patches.directory);
        }
        options.certificate_renewal.get_or_insert(true);
        options.etcd_upgrade.get_or_insert(true);
        options.image_pull_serial.get_or_insert(true);
        if options.image_pull_policy.is_empty() {
            "IfNotPresent".clone_into(&mut options.image_pull_policy);
        }
        let path = format!("{command}.imagePullPolicy");
        let problem = rules::pull_policy(&path, &options.image_pull_policy);
        diagnostics.problems.extend(problem);
    }
    defaults::complete_timeouts(&mut upgrade.timeouts);
}
