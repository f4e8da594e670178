//! The operator's consent to a plugin: to what it asks for and provides, and to one exact
//! component. Two risks each need their own flag: requests that amount to root on the node, and
//! requests that amount to administrator of the cluster.
use super::{
    digest::ComponentDigest, inspect, lines::AllowedLines, refused::PluginRefused,
    source::needs_digest,
};
use crate::{
    text::sanitise,
    wasm::{
        gate::{Danger, Risk},
        plugin::Plugin,
    },
    world::reach::ClusterSubnets,
};
use clap::Args;
use std::collections::BTreeMap;

/// The risks that the operator accepts by flags of the command line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Args)]
pub struct Consent {
    /// allow requests that amount to root on the node: programs, units, modules, kernel parameters,
    /// files of the system
    #[arg(long)]
    pub allow_root: bool,
    /// allow requests that amount to administrator of the cluster: RBAC, Secrets, webhooks, Pods
    /// with access to the host
    #[arg(long)]
    pub allow_cluster_admin: bool,
}

/// A plugin that the operator is asked to allow.
pub struct ConsentQuestion<'a> {
    pub plugin: &'a Plugin,
    /// what is allowed already
    pub allowed: &'a AllowedLines,
    /// a description of the plugin that this plugin replaces; `None` if this plugin is new, or is
    /// another version of the plugin that was allowed before
    pub in_place_of: Option<String>,
    /// the command that allows the plugin, without the flags of consent
    pub command: String,
    /// the subnets of the cluster's Services
    pub cluster_subnets: ClusterSubnets,
}

impl Consent {
    /// Whether the operator accepts a risk.
    fn accepts(self, risk: Risk) -> bool {
        match risk {
            Risk::Root => self.allow_root,
            Risk::ClusterAdmin => self.allow_cluster_admin,
        }
    }

    /// Refuses a plugin whose new requests have risks that the operator did not accept.
    ///
    /// # Errors
    /// There are such requests. The message has each line with a risk, the reason, and the command
    /// that accepts all of them.
    pub fn check(self, question: &ConsentQuestion) -> Result<(), PluginRefused> {
        let risks = question.new_risks();
        if risks.keys().all(|risk| self.accepts(*risk)) {
            return Ok(());
        }
        let mut message = format!("{} asks for more than it is allowed:", question.subject());
        for (risk, lines) in risks.iter().filter(|(risk, _)| !self.accepts(**risk)) {
            message += &format!("\nThese requests amount to {}:", risk.describe());
            message.extend(lines.iter().map(|line| format!("\n  {line}")));
        }
        message += &format!("\nTo allow it, run: {}", question.full_command());
        Err(PluginRefused::new(message))
    }
}

impl ConsentQuestion<'_> {
    /// Refuses to allow a plugin of a registry unless the operator named the digest of the
    /// component: for one tag, a registry may give another component than the operator inspected.
    ///
    /// # Errors
    /// The operator named no digest. The message has all that the plugin asks for and provides, and
    /// the command that names the component.
    pub fn check_digest_named(
        &self,
        source: &str,
        digest: Option<&ComponentDigest>,
    ) -> Result<(), PluginRefused> {
        if digest.is_some() || !needs_digest(source) {
            return Ok(());
        }
        let change = match inspect::describe_change(self.plugin, self.allowed) {
            change if change.is_empty() => "  only what is allowed already\n".to_owned(),
            change => change,
        };
        let message = format!(
            "{} comes from {}, which may give another component the next time, so it is allowed \
             only by its digest. It asks for and provides:\n{change}To allow it, run: {}",
            self.subject(),
            sanitise::line(source),
            self.full_command()
        );
        Err(PluginRefused::new(message))
    }

    /// Returns the plugin as the subject of a message.
    fn subject(&self) -> String {
        let name = &self.plugin.manifest().name;
        self.in_place_of.as_ref().map_or_else(
            || format!("plugin {name}"),
            |before| format!("plugin {name}, in place of {before},"),
        )
    }

    /// Returns the command that allows the plugin, with every flag of consent that it needs.
    fn full_command(&self) -> String {
        format!("{}{}", self.command, flags_of(&self.new_risks()))
    }

    /// Returns the risks of the requests that are not allowed yet, including requests for servers
    /// at addresses of this machine or of the cluster's Services.
    fn new_risks(&self) -> BTreeMap<Risk, Vec<String>> {
        let mut risks = new_risks(self.plugin, self.allowed);
        let requests = self.plugin.manifest().grants.iter();
        let nearby = requests.flat_map(|request| request.nearby_lines(self.cluster_subnets));
        add_lines(
            &mut risks,
            nearby.filter(|(line, _)| !self.allowed.granted.contains(line)),
        );
        risks
    }
}

/// Returns the flags of consent that allowing a plugin's new requests needs, each after a space;
/// empty if it needs none.
pub fn flags(plugin: &Plugin, allowed: &AllowedLines) -> String {
    flags_of(&new_risks(plugin, allowed))
}

fn flags_of(risks: &BTreeMap<Risk, Vec<String>>) -> String {
    risks
        .keys()
        .map(|risk| format!(" {}", risk.flag()))
        .collect()
}

/// Returns the word by which `allow` in an entry of the configuration accepts a risk: `root`,
/// `cluster-admin`.
pub fn risk_word(risk: Risk) -> &'static str {
    risk.flag().trim_start_matches("--allow-")
}

/// Returns the risks of a plugin's lines: for each risk the lines, with the reasons. `counts`
/// decides whether a line counts.
pub fn risks(plugin: &Plugin, counts: impl Fn(&String) -> bool) -> BTreeMap<Risk, Vec<String>> {
    let mut risks: BTreeMap<Risk, Vec<String>> = BTreeMap::new();
    let requests = plugin.manifest().grants.iter();
    let lines = requests.flat_map(|request| request.risky_lines(&plugin.manifest().name));
    add_lines(&mut risks, lines.filter(|(line, _)| counts(line)));
    risks
}

/// Adds lines with their dangers to the risks of a plugin.
fn add_lines(
    risks: &mut BTreeMap<Risk, Vec<String>>,
    lines: impl Iterator<Item = (String, Danger)>,
) {
    for (line, danger) in lines {
        let reason = format!("{}: {}", sanitise::exact_line(&line), danger.why);
        risks.entry(danger.risk).or_default().push(reason);
    }
}

/// Returns the risks of the lines that are not allowed yet.
fn new_risks(plugin: &Plugin, allowed: &AllowedLines) -> BTreeMap<Risk, Vec<String>> {
    risks(plugin, |line| !allowed.granted.contains(line))
}
