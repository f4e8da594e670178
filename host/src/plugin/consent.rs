//! The operator's consent to a plugin whose requests amount to root on the node or to administrator
//! of the cluster. Each has a flag of its own, so that an operator does not give either without
//! having read about it.
use super::{inspect, load::PluginRefused};
use crate::wasm::{gate::Risk, plugin::Plugin};
use clap::Args;

/// The risks that the operator accepts by flags of the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Args)]
pub struct Consent {
    /// allow what amounts to root on the node: programs, units, modules, kernel parameters, files
    /// of the system
    #[arg(long)]
    pub allow_root: bool,
    /// allow what amounts to administrator of the cluster: RBAC, Secrets, webhooks, Pods with
    /// access to the host
    #[arg(long)]
    pub allow_cluster_admin: bool,
}

impl Consent {
    /// Whether the operator accepts a risk.
    fn accepts(self, risk: Risk) -> bool {
        match risk {
            Risk::Root => self.allow_root,
            Risk::ClusterAdmin => self.allow_cluster_admin,
        }
    }

    /// Refuses a plugin whose new requests have risks that the operator did not accept. `granted`
    /// are the lines that the plugin may do already. `command` is the command that the operator
    /// typed, without the flags of consent.
    ///
    /// # Errors
    /// Each such risk with its reasons, and the command that accepts them.
    pub fn check(
        self,
        plugin: &Plugin,
        granted: &[String],
        command: &str,
    ) -> Result<(), PluginRefused> {
        let risks = inspect::new_risks(plugin, granted);
        if risks.keys().all(|risk| self.accepts(*risk)) {
            return Ok(());
        }
        let mut message = format!(
            "plugin {} is not allowed what it asks for:",
            plugin.manifest().name
        );
        for (risk, reasons) in risks.iter().filter(|(risk, _)| !self.accepts(**risk)) {
            message += &format!("\nThis amounts to {}:", risk.words());
            message.extend(reasons.iter().map(|reason| format!("\n  {reason}")));
        }
        message += &format!(
            "\nIf it is meant to have that: {command}{}",
            flags(plugin, granted)
        );
        Err(PluginRefused::new(message))
    }
}

/// Returns the flags of consent that allowing a plugin's new requests needs, each after a space;
/// empty if it needs none.
pub fn flags(plugin: &Plugin, granted: &[String]) -> String {
    inspect::new_risks(plugin, granted)
        .keys()
        .map(|risk| format!(" {}", risk.flag()))
        .collect()
}
