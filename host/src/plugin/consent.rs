//! The operator's consent to what a plugin asks for, where that amounts to root on the node or to administrator of the
//! cluster: a flag of its own for each, so that nobody gives either without having read it.
use super::{inspect, load::PluginRefused};
use crate::wasm::{gate::Risk, plugin::Plugin};
use clap::Args;

/// The risks that the operator takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Args)]
pub struct Consent {
    /// allow what amounts to root on the node: programs, units, modules, kernel parameters, files of the system
    #[arg(long)]
    pub allow_root: bool,
    /// allow what amounts to administrator of the cluster: RBAC, Secrets, webhooks, Pods with access to the host
    #[arg(long)]
    pub allow_cluster_admin: bool,
}

impl Consent {
    fn takes(self, risk: Risk) -> bool {
        match risk {
            Risk::Root => self.allow_root,
            Risk::ClusterAdmin => self.allow_cluster_admin,
        }
    }

    /// Refuses to allow a plugin what the operator did not consent to. `granted` is what it may do already, and `command`
    /// the command that was typed, without the flags of consent.
    ///
    /// # Errors
    /// Each risk with its reasons, and the command that allows it.
    pub fn check(self, plugin: &Plugin, granted: &[String], command: &str) -> Result<(), PluginRefused> {
        let risks = inspect::new_risks(plugin, granted);
        if risks.keys().all(|risk| self.takes(*risk)) {
            return Ok(());
        }
        let mut message = format!("plugin {} is not allowed what it asks for:", plugin.manifest().name);
        for (risk, reasons) in risks.iter().filter(|(risk, _)| !self.takes(**risk)) {
            message += &format!("\nThis amounts to {}:", risk.words());
            message.extend(reasons.iter().map(|reason| format!("\n  {reason}")));
        }
        message += &format!("\nIf it is meant to have that: {command}{}", flags(plugin, granted));
        Err(PluginRefused::new(message))
    }
}

/// The flags of consent that it takes to allow a plugin what it asks for, each after a space; empty where it takes none.
pub fn flags(plugin: &Plugin, granted: &[String]) -> String {
    inspect::new_risks(plugin, granted).keys().map(|risk| format!(" {}", risk.flag())).collect()
}
