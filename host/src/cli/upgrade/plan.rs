//! `upgrade plan`: the versions that the cluster can be upgraded to.
mod checks;
mod cluster_versions;
mod corefile;
mod health;
mod object;
mod removed_apis;
mod tables;
#[cfg(test)]
mod tests;

use super::place::{ConfigurationReader, UpgradePlaceFlags};
use crate::{
    cli::{
        Exit,
        initial_world::InitialWorld,
        local_node,
        output::{FormatFlags, OutputObject},
        print,
    },
    config::{
        self, Config, MachineFolder, UpgradeOptions, UpgradePlanFlags, config_file, own_release,
        own_version,
    },
    program::Program,
    render::messages,
    run::workflow::{LabelledLine, WorldBefore},
    workflow::upgrade::{configuration_lines, connect},
    world::{Cluster, World},
};
use anyhow::{Context, Result, anyhow};
use checks::Checks;
use clap::Args;
use cluster_versions::ClusterVersions;
use kubephase_sdk::release::{
    Release,
    upgrade::{Allowed, Candidate, Note, Search, from_table},
};
use object::UpgradePlan;

#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanArguments {
    #[command(flatten)]
    options: UpgradePlanFlags,
    #[command(flatten)]
    output: FormatFlags,
    #[command(flatten)]
    place: UpgradePlaceFlags,
}

/// Prints the upgrades that are possible.
///
/// # Errors
/// The configuration is not valid, the cluster cannot be read, or a check fails.
pub fn run(flags: &PlanArguments, machine: &MachineFolder) -> Result<Exit> {
    let printer = flags.output.printer()?;
    let mixed = flags.options.flags_instead_of_config();
    let file = config_file(flags.options.config.as_deref(), machine)?;
    let loaded = config::load_upgrade(file.as_ref(), &mixed);
    // kubeadm looks for flags that do not go with a file before it reads the file.
    let loaded = if file.is_some() && !mixed.is_empty() {
        loaded?
    } else {
        loaded.context("[upgrade/upgrade config] FATAL")?
    };
    let (place, node) = flags.place.open()?;
    let before = InitialWorld::new(&place, &node);
    let world = before.open()?;
    let (cluster, kubeconfig) = connect(world, &flags.options.kubeconfig)?;
    let mut options = loaded.upgrade.plan.clone();
    flags.options.merge_into(&mut options)?;
    let planner = Planner {
        world,
        cluster: cluster.as_ref(),
        checks: Checks {
            ignored: &options.ignore_preflight_errors,
        },
        options: &options,
        is_text: printer.is_none(),
    };
    planner.check_before()?;
    planner
        .say(messages::READING_CONFIGURATION.map(|line| LabelledLine::new("upgrade/config", line)));
    let reader = ConfigurationReader {
        command: "upgrade-plan",
        world,
        cluster: cluster.as_ref(),
        kubeconfig,
        node: &node,
    };
    let read = reader.read(loaded, "");
    let read = read.context("[upgrade/init config] FATAL")?;
    local_node::warn(&read.warnings);
    planner.check_cluster(&read.config)?;
    let Some(plan) = planner.plan()? else {
        return Ok(Exit::Ok);
    };
    Ok(print::text(&match printer {
        Some(printer) => printer.print(&[OutputObject::new("UpgradePlan", plan)])?,
        None => tables::text(&plan)?,
    }))
}

struct Planner<'a> {
    world: &'a dyn World,
    cluster: &'a dyn Cluster,
    checks: Checks<'a>,
    options: &'a UpgradeOptions,
    /// lines are printed beside the plan
    is_text: bool,
}

impl Planner<'_> {
    fn say(&self, lines: impl IntoIterator<Item = LabelledLine>) {
        if self.is_text {
            lines.into_iter().for_each(|line| print::line(&line));
        }
    }

    /// Returns what an upgrade to a version installs. kubeadm only knows its own release.
    fn release(version: &str) -> &'static Release {
        match Program::current() {
            Program::Kubeadm => own_release(),
            Program::Kubephase => Release::of(version),
        }
    }

    /// Returns the version of kubeadm that the plan is made for.
    fn kubeadm() -> &'static str {
        match Program::current() {
            Program::Kubeadm => own_version(),
            Program::Kubephase => Release::newest().kubeadm,
        }
    }

    /// Runs the checks that need no configuration of the cluster.
    fn check_before(&self) -> Result<()> {
        self.say([LabelledLine::new("preflight", "Running pre-flight checks.")]);
        self.checks.run([health::privileges(self.world)])?;
        let target = Self::release(&self.options.kubernetes_version);
        let installed = corefile::read(self.cluster);
        self.checks
            .run(corefile::checks(installed, target.images.coredns))
    }

    /// Runs the checks of the cluster, and says what its configuration has that is deprecated.
    fn check_cluster(&self, config: &Config) -> Result<()> {
        self.say([LabelledLine::new(
            "upgrade",
            "Running cluster health checks",
        )]);
        let health = [
            health::create_job(self.world, self.cluster, &config.cluster),
            health::control_planes_ready(self.cluster),
            health::manifests_exist(self.world.files()),
        ];
        let checked = self.checks.run(health);
        checked.context("[upgrade/health] FATAL")?;
        let target = Self::release(&self.options.kubernetes_version);
        let gates = config.cluster.feature_gates.keys();
        let deprecated = gates.filter_map(|gate| target.gate_notice(gate));
        self.say(deprecated.map(|notice| LabelledLine::new("upgrade/config", notice)));
        if self.options.print_config == Some(true) {
            self.say(configuration_lines(config));
        }
        Ok(())
    }

    /// Returns the plan; `None` if there is nothing to upgrade to.
    fn plan(&self) -> Result<Option<UpgradePlan>> {
        let fatal = "[upgrade/versions] FATAL";
        self.say([LabelledLine::new(
            "upgrade",
            "Fetching available versions to upgrade to",
        )]);
        let versions = ClusterVersions::read(self.cluster).context(fatal)?;
        let candidates = self.candidates(&versions).context(fatal)?;
        let config_versions = object::config_versions(self.cluster).context(fatal)?;
        if candidates.is_empty() {
            return Ok(None);
        }
        let shows_etcd = self.options.etcd_upgrade != Some(false);
        let upgrades = candidates
            .iter()
            .map(|candidate| {
                let target = Self::release(&candidate.version);
                versions.upgrade(candidate, Self::kubeadm(), &target.images, shows_etcd)
            })
            .collect();
        let removed_apis = match (Program::current(), candidates.last()) {
            (Program::Kubephase, Some(last)) => removed_apis::count(
                self.cluster,
                &versions.cluster()?.to_string(),
                &last.version,
            ),
            _ => Vec::new(),
        };
        Ok(Some(UpgradePlan {
            available_upgrades: upgrades,
            config_versions,
            removed_apis,
        }))
    }

    fn candidates(&self, versions: &ClusterVersions) -> Result<Vec<Candidate>> {
        let cluster = versions.cluster()?;
        let resolve = |label: &str| self.resolve(label, &cluster);
        let search = Search {
            cluster: &cluster,
            kubeadm: Self::kubeadm(),
            allowed: Allowed {
                experimental: self.options.allow_experimental_upgrades == Some(true),
                release_candidates: self.options.allow_rc_upgrades == Some(true),
            },
            resolve: &resolve,
        };
        let (mut candidates, notes) = search.run().map_err(|why| anyhow!(why))?;
        for note in notes {
            match note {
                Note::Line(text) => self.say([LabelledLine::new("upgrade/versions", text)]),
                Note::Warning(text) => print::warning(&text),
            }
        }
        self.say([LabelledLine::new("", "")]);
        if Program::current() == Program::Kubephase {
            // This program upgrades to every release that it knows.
            let known = |candidate: &&mut Candidate| Release::is_recorded(&candidate.version);
            let own = Release::newest().kubeadm;
            candidates
                .iter_mut()
                .filter(known)
                .for_each(|candidate| own.clone_into(&mut candidate.kubeadm));
        }
        Ok(candidates)
    }

    /// Returns the version that a label stands for: that of the operator, if there is one. Labels
    /// are not looked up on the internet. To kubeadm they mean its own version then.
    fn resolve(&self, label: &str, cluster: &semver::Version) -> Result<String, String> {
        let given = &self.options.kubernetes_version;
        if !given.is_empty() {
            return Ok(given.clone());
        }
        if Program::current() == Program::Kubephase {
            return from_table(label, cluster);
        }
        let resolved = config::resolve_version(label)?;
        resolved
            .warnings
            .iter()
            .for_each(|warning| print::warning(warning));
        Ok(resolved.version)
    }
}
