//! The one description of a phase. The rows of the built-in workflows, the manifests of plugins and
//! the nodes of a plan all hold it.
mod functions;

pub use functions::{GroupHeader, PhaseFunction};

use crate::secret::Secret;
use kubephase_sdk::{Failure, Outcome, kubeadm::Config};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, collections::BTreeMap, fmt, panic::RefUnwindSafe, sync::Arc};

/// Expected milliseconds of a phase that writes a file. This is the default of all phases.
const WRITE_FILE: u32 = 5;

/// Expected milliseconds of a phase that makes an RSA key.
pub const MAKE_KEY: u32 = 60;
/// Expected milliseconds until a kubelet looks at static Pod manifests.
pub const START_KUBELET: u32 = 500;
/// Expected milliseconds until etcd answers.
pub const START_ETCD: u32 = 1000;
/// Expected milliseconds until an API server answers.
pub const START_API_SERVER: u32 = 3000;

/// Name of a workflow, for example `init`. Manifests, journals and locks hold it.
#[derive(
    Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct WorkflowId(Cow<'static, str>);

impl WorkflowId {
    /// Returns the name of a workflow that is part of the program.
    pub const fn new(name: &'static str) -> Self {
        WorkflowId(Cow::Borrowed(name))
    }

    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WorkflowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The kind of a phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PhaseKind {
    /// holds the phases whose ids begin with its own, and runs nothing itself; no plugin has one
    #[schemars(skip)]
    Group,
    Check,
    #[default]
    Phase,
    Addon,
}

/// The origin of a phase's code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PhaseSource {
    #[default]
    BuiltIn,
    Plugin {
        name: String,
        version: String,
        /// the plugin is part of the program
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        embedded: bool,
    },
}

impl PhaseSource {
    /// Returns the name of the plugin that provides a phase; `None` for a built-in phase.
    pub fn plugin(&self) -> Option<&str> {
        match self {
            PhaseSource::Plugin { name, .. } => Some(name),
            PhaseSource::BuiltIn => None,
        }
    }

    /// Returns the name of the third party's plugin that provides a phase; `None` for a phase that
    /// is part of the program.
    pub fn third_party(&self) -> Option<&str> {
        match self {
            PhaseSource::Plugin {
                name,
                embedded: false,
                ..
            } => Some(name),
            PhaseSource::Plugin { .. } | PhaseSource::BuiltIn => None,
        }
    }
}

/// The consequence for a run if a phase cannot do its job. A check that finds a problem has done
/// its job.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FailurePolicy {
    #[default]
    Fail,
    Warn,
    Ignore,
}

/// The description of a phase, or of a group of phases.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PhaseSpec {
    /// kubeadm's path, for example `certs/etcd-ca`
    pub id: String,
    pub title: String,
    pub kind: PhaseKind,
    /// phases or groups that must have settled before, if they are part of the run
    pub needs: Vec<String>,
    /// phases or groups that wait for this phase
    pub before: Vec<String>,
    /// phases that must be part of the run, or the plan is refused (kubeadm's declared
    /// dependencies)
    pub requires: Vec<String>,
    /// kubeadm's other names of the subcommand; `--skip-phases` does not accept them
    pub aliases: Vec<String>,
    /// flags of the workflow that the phase's own subcommand takes
    pub flags: Vec<String>,
    /// flags of members that plugins provide, by their ids; other members have the group's flags
    pub member_flags: BTreeMap<String, Vec<String>>,
    /// the place it fills in a cluster: `dns`, `proxy`, `cni`
    pub slot: Option<String>,
    /// rough number of milliseconds until other phases can use the result; of the phases that are
    /// ready, the phase that delays the run the most begins first
    pub expected_millis: u32,
    /// whether the phase begins even in a run that was stopped, once the phases that it needs have
    /// settled: it cleans up after them
    pub finally: bool,
    /// phases that this phase stands in for
    pub replaces: Vec<String>,
    pub failure_policy: FailurePolicy,
    /// whether phases of plugins may be members of the group
    pub takes_plugins: bool,
    /// whether the phase runs although its group is skipped; only its own id in `--skip-phases`
    /// skips it
    pub outlasts_group: bool,
    /// the lines of a group's beginning
    pub header: Option<GroupHeader>,
    /// the code of a built-in phase
    pub run: Option<PhaseFunction>,
}

impl PhaseSpec {
    /// Returns a group. `flags` are the flags of the subcommand that runs all members of the group.
    pub fn group(id: &str, title: &str, flags: &[&[&str]]) -> Self {
        PhaseSpec {
            kind: PhaseKind::Group,
            expected_millis: 0,
            ..PhaseSpec::new(id, title, flags)
        }
    }

    /// Returns a built-in phase.
    pub fn phase(
        id: &str,
        title: &str,
        flags: &[&[&str]],
        run: impl Fn() -> Result<Outcome, Failure> + Send + Sync + RefUnwindSafe + 'static,
    ) -> Self {
        PhaseSpec {
            run: Some(PhaseFunction(Arc::new(run))),
            ..PhaseSpec::new(id, title, flags)
        }
    }

    /// Returns a built-in check.
    pub fn check(
        id: &str,
        title: &str,
        flags: &[&[&str]],
        run: impl Fn() -> Result<Outcome, Failure> + Send + Sync + RefUnwindSafe + 'static,
    ) -> Self {
        PhaseSpec {
            kind: PhaseKind::Check,
            ..PhaseSpec::phase(id, title, flags, run)
        }
    }

    /// Returns a phase without code. The code of a plugin's phase is in its component.
    fn new(id: &str, title: &str, flags: &[&[&str]]) -> Self {
        PhaseSpec {
            id: id.into(),
            title: title.into(),
            flags: to_strings(&flags.concat()),
            expected_millis: WRITE_FILE,
            ..PhaseSpec::default()
        }
    }

    /// Sets the phases and groups that must have settled before this phase begins.
    #[must_use]
    pub fn needs(self, ids: &[&str]) -> Self {
        PhaseSpec {
            needs: to_strings(ids),
            ..self
        }
    }

    /// Sets the phases that must be part of the run.
    #[must_use]
    pub fn requires(self, ids: &[&str]) -> Self {
        PhaseSpec {
            requires: to_strings(ids),
            ..self
        }
    }

    /// Sets kubeadm's other names of the subcommand.
    #[must_use]
    pub fn aliases(self, names: &[&str]) -> Self {
        PhaseSpec {
            aliases: to_strings(names),
            ..self
        }
    }

    /// Sets the milliseconds that the phase takes, roughly.
    #[must_use]
    pub fn expected_millis(self, expected_millis: u32) -> Self {
        PhaseSpec {
            expected_millis,
            ..self
        }
    }

    /// Lets the phase begin even in a run that was stopped.
    #[must_use]
    pub fn run_after_stop(self) -> Self {
        PhaseSpec {
            finally: true,
            ..self
        }
    }

    /// Lets the phase run although its group is skipped.
    #[must_use]
    pub fn run_without_group(self) -> Self {
        PhaseSpec {
            outlasts_group: true,
            ..self
        }
    }

    /// Sets the flags of a member that a plugin provides.
    #[must_use]
    pub fn member_flags(mut self, id: &str, flags: &[&[&str]]) -> Self {
        self.member_flags
            .insert(id.to_owned(), to_strings(&flags.concat()));
        self
    }

    /// Sets the lines that are printed as the group begins.
    #[must_use]
    pub fn header(self, lines: fn(&Config<Secret<String>>) -> Vec<String>) -> Self {
        PhaseSpec {
            header: Some(GroupHeader(lines)),
            ..self
        }
    }

    /// Lets phases of plugins be members of the group.
    #[must_use]
    pub fn accept_plugins(self) -> Self {
        PhaseSpec {
            takes_plugins: true,
            ..self
        }
    }

    /// Sets the flags, which a plugin's phase takes over from its group.
    #[must_use]
    pub fn with_flags(self, flags: Vec<String>) -> Self {
        PhaseSpec {
            flags,
            expected_millis: WRITE_FILE,
            ..self
        }
    }

    /// Whether the phase is a group.
    pub fn is_group(&self) -> bool {
        self.kind == PhaseKind::Group
    }
}

/// Whether `id` is `group` or the id of a member of it.
pub fn is_within(id: &str, group: &str) -> bool {
    id == group
        || id
            .strip_prefix(group)
            .is_some_and(|rest| rest.starts_with('/'))
}

/// Returns the id of the group that a phase is in; `None` if it is in no group.
pub fn parent(id: &str) -> Option<&str> {
    id.rsplit_once('/').map(|(parent, _)| parent)
}

fn to_strings(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}
