//! The plan as text: kubeadm's tables, which scripts parse.
use super::object::{
    AvailableUpgrade, ComponentUpgrade, ConfigVersion, RemovedObjects, UpgradePlan,
};
use crate::{cli::output::table, program};
use anyhow::{Result, anyhow};
use kubephase_sdk::release::upgrade;

const HEADER: &str = "COMPONENT\tNODE\tCURRENT\tTARGET\n";
const SEPARATOR: &str = "\
     _____________________________________________________________________\n\n";
const STATES: &str = "\nThe table below shows the current state of component configs as \
     understood by this version of kubeadm.\nConfigs that have a \"yes\" mark in the \"MANUAL \
     UPGRADE REQUIRED\" column require manual config upgrade or\nresetting to kubeadm defaults \
     before a successful upgrade can be performed. The version to manually\nupgrade to is \
     denoted in the \"PREFERRED VERSION\" column.\n\n";

/// Returns the plan as text.
///
/// # Errors
/// The version of an upgrade is not a version.
pub fn text(plan: &UpgradePlan) -> Result<String> {
    let upgrades = plan.available_upgrades.iter().map(upgrade_text);
    let upgrades: Vec<String> = upgrades.collect::<Result<_>>()?;
    Ok(format!(
        "{}{}{}",
        upgrades.concat(),
        states_text(&plan.config_versions),
        removed_text(&plan.removed_apis)
    ))
}

fn upgrade_text(available: &AvailableUpgrade) -> Result<String> {
    let find = |name: &str| {
        let mut components = available.components.iter();
        components.rfind(|component| component.name == name)
    };
    let version = find("kube-apiserver").map_or("", |server| server.new_version.as_str());
    let parsed = upgrade::parse(version).map_err(|why| {
        anyhow!("Unable to parse normalized version {version:?} as a semantic version: {why}")
    })?;
    let flag = match upgrade::allowing_flag(&parsed) {
        "" => String::new(),
        flag => format!(" {flag}"),
    };
    let apply = program::command("upgrade apply");
    let note = find("kubeadm")
        .filter(|kubeadm| kubeadm.current_version != kubeadm.new_version)
        .map(|kubeadm| {
            format!(
                "Note: Before you can perform this upgrade, you have to update kubeadm to {}.\n\n",
                kubeadm.new_version
            )
        });
    Ok(format!(
        "Components that must be upgraded manually after you have upgraded the control plane with \
         '{apply}':\n{}\nUpgrade to the latest {}:\n\n{}\nYou can now apply the upgrade by \
         executing the following command:\n\n\t{apply} {version}{flag}\n\n{}{SEPARATOR}",
        rows(available, |name| name == "kubelet"),
        available.description,
        rows(available, |name| name != "kubelet" && name != "kubeadm"),
        note.unwrap_or_default(),
    ))
}

/// Returns the table of the components whose name is wanted.
fn rows(available: &AvailableUpgrade, is_wanted: impl Fn(&str) -> bool) -> String {
    let mut lines = HEADER.to_owned();
    for ComponentUpgrade {
        name,
        current_version,
        new_version,
        node_name,
    } in &available.components
    {
        if is_wanted(name) {
            lines += &format!("{name}\t{node_name}\t{current_version}\t{new_version}\n");
        }
    }
    table(&lines)
}

fn states_text(states: &[ConfigVersion]) -> String {
    if states.is_empty() {
        return "No information available on component configs.\n".to_owned();
    }
    let mut lines =
        "API GROUP\tCURRENT VERSION\tPREFERRED VERSION\tMANUAL UPGRADE REQUIRED\n".to_owned();
    for state in states {
        let or_dash = |text: &'static str| if text.is_empty() { "-" } else { text };
        let is_required = if state.manual_upgrade_required {
            "yes"
        } else {
            "no"
        };
        lines += &format!(
            "{}\t{}\t{}\t{is_required}\n",
            state.group,
            or_dash(state.current_version),
            or_dash(state.preferred_version)
        );
    }
    format!("{STATES}{}{SEPARATOR}", table(&lines))
}

/// Returns the table of objects that were written in API versions which go away.
fn removed_text(removed: &[RemovedObjects]) -> String {
    if removed.is_empty() {
        return String::new();
    }
    let mut lines = "API VERSION\tKIND\tOBJECTS\tOWNERS\tINSTEAD\n".to_owned();
    for found in removed {
        lines += &format!(
            "{}\t{}\t{}\t{}\t{}\n",
            found.api_version,
            found.kind,
            found.objects,
            found.owners.join(","),
            found.instead
        );
    }
    format!(
        "These objects were written in API versions that are gone after the upgrade. Let their \
         owners write them in the version of the last column first.\n\n{}\n",
        table(&lines)
    )
}
