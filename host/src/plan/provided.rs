//! The phases of plugins, as manifests write them.
use super::spec::{FailurePolicy, PhaseKind, PhaseSpec, WorkflowId};
use crate::arguments::Line;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A phase that a plugin provides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "ManifestPhase", into = "ManifestPhase")]
pub struct PluginPhase {
    pub spec: PhaseSpec,
    /// the workflows that it is part of
    pub workflows: Vec<WorkflowId>,
}

/// The fields of a phase in a manifest.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Phase")]
struct ManifestPhase {
    id: String,
    #[schemars(with = "String")]
    title: Line,
    kind: PhaseKind,
    #[schemars(length(min = 1))]
    workflow: Vec<WorkflowId>,
    #[serde(default)]
    needs: Vec<String>,
    #[serde(default)]
    before: Vec<String>,
    #[serde(default)]
    replaces: Vec<String>,
    #[serde(default)]
    slot: Option<String>,
    #[serde(default)]
    failure_policy: FailurePolicy,
}

impl From<ManifestPhase> for PluginPhase {
    fn from(written: ManifestPhase) -> Self {
        PluginPhase {
            spec: PhaseSpec {
                id: written.id,
                title: written.title.to_string(),
                kind: written.kind,
                needs: written.needs,
                before: written.before,
                replaces: written.replaces,
                slot: written.slot,
                failure_policy: written.failure_policy,
                ..PhaseSpec::default()
            },
            workflows: written.workflow,
        }
    }
}

impl From<PluginPhase> for ManifestPhase {
    fn from(PluginPhase { spec, workflows }: PluginPhase) -> Self {
        ManifestPhase {
            id: spec.id,
            // A title that was read from a manifest is one line already.
            title: Line::parse(&spec.title).unwrap_or_default(),
            kind: spec.kind,
            workflow: workflows,
            needs: spec.needs,
            before: spec.before,
            replaces: spec.replaces,
            slot: spec.slot,
            failure_policy: spec.failure_policy,
        }
    }
}
