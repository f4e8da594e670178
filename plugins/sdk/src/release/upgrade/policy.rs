//! The rules of kubeadm for the versions of an upgrade, with kubeadm's words.
use super::{is_older, is_release_candidate, parse};
use crate::release::Release;
use semver::Version;
use std::collections::BTreeSet;

/// The largest number of minors by which one upgrade may change the control plane, up or down.
const STEP: u64 = 1;

/// The versions that decide whether an upgrade is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpgradeVersions {
    /// the version that the cluster is upgraded to: `v1.36.2`
    pub target: String,
    /// the version that the cluster has
    pub cluster: String,
    /// the kubeadm that upgrades, or that this program stands for
    pub kubeadm: String,
    /// the versions of the kubelets of all nodes, or why they are not known
    pub kubelets: Result<BTreeSet<String>, String>,
    pub allowed: Allowed,
}

/// The kinds of pre-release versions that the operator allows: `--allow-…-upgrades`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// every pre-release version, release candidates included
    pub experimental: bool,
    pub release_candidates: bool,
}

/// The reasons against an upgrade.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionProblems {
    /// always end the upgrade
    pub mandatory: Vec<String>,
    /// end the upgrade unless it is forced
    pub skippable: Vec<String>,
}

impl UpgradeVersions {
    /// Returns all reasons against the upgrade.
    pub fn problems(&self) -> VersionProblems {
        let mut problems = VersionProblems::default();
        match self.read() {
            Ok(read) => read.check(self, &mut problems),
            Err(why) => problems.mandatory.push(why),
        }
        problems
    }

    fn read(&self) -> Result<Read, String> {
        let target = &self.target;
        let target = parse(target).map_err(|_| {
            format!("unable to parse normalized version {target:?} as a semantic version")
        })?;
        let cluster = parse(&self.cluster).map_err(|why| {
            format!("Unable to fetch cluster version: Couldn't parse cluster version: {why}")
        })?;
        let kubeadm = parse(&self.kubeadm).map_err(|why| {
            format!("Unable to fetch kubeadm version: Couldn't parse kubeadm version: {why}")
        })?;
        Ok(Read {
            target,
            cluster,
            kubeadm,
        })
    }
}

/// The versions as numbers.
struct Read {
    target: Version,
    cluster: Version,
    kubeadm: Version,
}

impl Read {
    /// Adds the problems in kubeadm's order.
    fn check(&self, versions: &UpgradeVersions, problems: &mut VersionProblems) {
        if let Err(why) = &versions.kubelets {
            let why = format!("Unable to fetch kubelet version: {why}");
            problems.skippable.push(why);
        }
        self.check_steps(versions, problems);
        self.check_kubeadm(versions, problems);
        let Allowed {
            experimental,
            release_candidates,
        } = versions.allowed;
        let is_allowed = self.target.pre.is_empty()
            || experimental
            || (release_candidates && is_release_candidate(&self.target));
        if !is_allowed {
            problems.skippable.push(format!(
                "Specified version to upgrade to {:?} is an unstable version and such upgrades \
                 weren't allowed via setting the --allow-*-upgrades flags",
                versions.target
            ));
        }
        if let Ok(kubelets) = &versions.kubelets {
            problems
                .skippable
                .extend(self.old_kubelets(kubelets, &versions.kubeadm));
        }
    }

    /// Checks that the control plane goes up or down by at most one minor, and not below what
    /// kubeadm supports.
    fn check_steps(&self, versions: &UpgradeVersions, problems: &mut VersionProblems) {
        let target = &versions.target;
        if is_older(&self.target, &self.minimum()) {
            // The "minimum" is the version of the cluster (kubeadm behaviour).
            let cluster = &versions.cluster;
            problems.mandatory.push(format!(
                "Specified version to upgrade to {target:?} is equal to or lower than the minimum \
                 supported version {cluster:?}. Please specify a higher version to upgrade to"
            ));
        }
        if self.target.minor > self.cluster.minor.saturating_add(STEP) {
            self.add_step_problem(
                problems,
                format!(
                    "Specified version to upgrade to {target:?} is too high; kubeadm can upgrade \
                     only {STEP} minor version at a time"
                ),
            );
        }
        if self.target.minor.saturating_add(STEP) < self.cluster.minor {
            self.add_step_problem(
                problems,
                format!(
                    "Specified version to downgrade to {target:?} is too low; kubeadm can \
                     downgrade only {STEP} minor version at a time"
                ),
            );
        }
    }

    /// Returns the oldest control plane that kubeadm supports: the minor before its own.
    fn minimum(&self) -> Version {
        Version::new(self.kubeadm.major, self.kubeadm.minor.saturating_sub(1), 0)
    }

    fn check_kubeadm(&self, versions: &UpgradeVersions, problems: &mut VersionProblems) {
        let UpgradeVersions {
            target, kubeadm, ..
        } = versions;
        let (own, wanted) = (&self.kubeadm, &self.target);
        if is_older(own, wanted) {
            if wanted.minor > own.minor {
                self.add_step_problem(
                    problems,
                    format!(
                        "Specified version to upgrade to {target:?} is at least one minor release \
                         higher than the kubeadm minor release ({} > {}). Such an upgrade is not \
                         supported",
                        wanted.minor, own.minor
                    ),
                );
            } else {
                problems.skippable.push(format!(
                    "Specified version to upgrade to {target:?} is higher than the kubeadm version \
                     {kubeadm:?}. Upgrade kubeadm first using the tool you used to install kubeadm"
                ));
            }
        }
        if own.major > wanted.major || own.minor > wanted.minor {
            problems.skippable.push(format!(
                "Kubeadm version {kubeadm} can only be used to upgrade to Kubernetes version {}.{}",
                own.major, own.minor
            ));
        }
    }

    /// Adds a problem that ends every upgrade to a release. An upgrade to a pre-release version can
    /// be forced.
    fn add_step_problem(&self, problems: &mut VersionProblems, problem: String) {
        if self.target.pre.is_empty() {
            problems.mandatory.push(problem);
        } else {
            problems.skippable.push(problem);
        }
    }

    fn old_kubelets(&self, kubelets: &BTreeSet<String>, kubeadm: &str) -> Option<String> {
        let older = Release::of(kubeadm).checks.older_kubelets;
        let mut old = Vec::new();
        for text in kubelets {
            let Ok(version) = parse(text) else {
                return Some(format!("couldn't parse kubelet version {text}"));
            };
            if self.target.minor > version.minor.saturating_add(older) {
                old.push(text.as_str());
            }
        }
        (!old.is_empty()).then(|| {
            format!(
                "There are kubelets in this cluster that are too old that have these versions \
                 [{}]",
                old.join(" ")
            )
        })
    }
}

impl VersionProblems {
    /// Returns kubeadm's error; `None` if the upgrade may go on.
    pub fn refusal(&self, force: bool) -> Option<String> {
        if !self.mandatory.is_empty() {
            Some(format!(
                "the version argument is invalid due to these fatal errors:\n\n{}\nPlease fix the \
                 misalignments highlighted above and try upgrading again",
                list(&self.mandatory)
            ))
        } else if !self.skippable.is_empty() && !force {
            Some(format!(
                "the version argument is invalid due to these errors:\n\n{}\nCan be bypassed if \
                 you pass the --force flag",
                list(&self.skippable)
            ))
        } else {
            None
        }
    }

    /// Returns what kubeadm prints, behind `[upgrade/preflight]`, about problems that a forced
    /// upgrade ignores; `None` if there are none.
    pub fn problems_of_forced_upgrade(&self) -> Option<String> {
        (!self.skippable.is_empty()).then(|| {
            format!(
                "Found {} potential version compatibility errors but skipping since the --force \
                 flag is set: \n\n{}",
                self.skippable.len(),
                list(&self.skippable)
            )
        })
    }
}

/// Returns a line for each problem.
fn list(problems: &[String]) -> String {
    problems.iter().map(|one| format!("\t- {one}\n")).collect()
}
