//! Catalogs and nodes for tests.
use super::{
    PhaseState, PlannedPhase,
    catalog::{Catalog, CatalogEntry},
    spec::{PhaseSource, PhaseSpec, WorkflowId},
};
use kubephase_sdk::Outcome;

/// The workflow `init`.
pub const INIT: WorkflowId = WorkflowId::new("init");

/// Returns a catalog of `init` that has only these phases.
pub fn small_catalog(phases: Vec<PhaseSpec>) -> Catalog {
    let mut catalog = Catalog::default();
    catalog.add_builtin(&INIT, phases);
    catalog
}

/// Returns a phase that does nothing and takes a millisecond.
pub fn phase(id: &str, needs: &[&str]) -> PhaseSpec {
    let title = format!("About {id}");
    PhaseSpec::phase(id, &title, &[], || Ok(Outcome::Settled))
        .needs(needs)
        .expected_millis(1)
}

/// Returns the entry of a plugin's phase of `init`. Plugin and phase have the same name.
pub fn plugin_entry(name: &str, replaces: &[&str]) -> CatalogEntry {
    let replaces = replaces.iter().map(ToString::to_string).collect();
    CatalogEntry {
        workflow: INIT,
        spec: PhaseSpec {
            replaces,
            run: None,
            ..phase(name, &[])
        },
        source: PhaseSource::Plugin {
            name: name.into(),
            version: "1.2.3".into(),
            embedded: false,
        },
    }
}

/// Returns a node that runs, after others.
pub fn node(id: &str, after: &[&str]) -> PlannedPhase {
    PlannedPhase {
        spec: PhaseSpec {
            id: id.into(),
            ..PhaseSpec::default()
        },
        source: PhaseSource::BuiltIn,
        state: PhaseState::Run,
        after: after.iter().map(ToString::to_string).collect(),
    }
}
