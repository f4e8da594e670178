//! Builds a plan from the catalog and the operator's choice.
use super::{
    Choice, Group, LeftOutReason, PhaseState, Plan, PlanError, PlannedPhase,
    catalog::{Catalog, CatalogEntry},
    choice::is_stand_in,
    graph::{self, Edges, nearest_running},
    groups::with_groups,
    names::PhaseNames,
    needs::KnownNames,
    spec::{PhaseSpec, WorkflowId, is_within},
};
use std::collections::{BTreeMap, HashMap};

impl Plan {
    /// Decides which phases run and what each waits for.
    ///
    /// # Errors
    /// The choice has mistakes; all are reported: first names that no phase has, then the others.
    pub fn build(
        catalog: &Catalog,
        workflow: &WorkflowId,
        choice: &Choice,
    ) -> Result<Plan, Vec<PlanError>> {
        let names = PhaseNames::new(catalog, workflow);
        let unknown = find_unknown_names(&names, catalog, choice);
        if !unknown.is_empty() {
            return Err(unknown);
        }
        let builder = Builder::new(names, choice);
        let mut errors = builder.unknown_needs(catalog);
        errors.extend(builder.missing_stand_ins(catalog));
        errors.extend(builder.taken_slots());
        errors.extend(builder.unresolved());
        let edges = builder.direct_edges();
        errors.extend(graph::find_cycle(&edges).map(PlanError::Cycle));
        if errors.is_empty() {
            Ok(builder.plan(workflow, &edges))
        } else {
            Err(errors)
        }
    }
}

fn find_unknown_names(names: &PhaseNames, catalog: &Catalog, choice: &Choice) -> Vec<PlanError> {
    let mut mentions: Vec<(&String, String)> = Vec::new();
    for name in &choice.skip {
        mentions.push((name, choice.skip_source().to_owned()));
    }
    for name in choice.only.iter().flatten() {
        mentions.push((name, "the phases to run".to_owned()));
    }
    for (name, by) in &choice.disabled {
        mentions.push((name, by.clone()));
    }
    // One configuration serves all workflows, and a phase may be of another one.
    let replaced = choice.replaced.iter();
    for (name, plugin) in replaced.filter(|(name, _)| !catalog.has_phase(name)) {
        mentions.push((
            name,
            format!("`replaces` of the PhaseConfiguration, with plugin {plugin}"),
        ));
    }
    for (before, after) in &choice.extra_edges {
        mentions.push((before, "`extraEdges` of the PhaseConfiguration".to_owned()));
        mentions.push((after, "`extraEdges` of the PhaseConfiguration".to_owned()));
    }
    let mut unknown = mentions;
    unknown.retain(|(name, _)| !names.contains(name));
    let unknown = unknown.into_iter().enumerate();
    unknown
        .map(|(number, (name, named_in))| PlanError::UnknownName {
            name: name.clone(),
            named_in,
            nearest: names.nearest_for(number, name),
        })
        .collect()
}

/// Decides whether a phase or group is part of the run, without looking at other phases.
fn state_of(entry: &CatalogEntry, names: &PhaseNames, choice: &Choice) -> PhaseState {
    match reason_to_leave_out(entry, names, choice) {
        Some(reason) => PhaseState::LeftOut { reason },
        None => PhaseState::Run,
    }
}

fn reason_to_leave_out(
    entry: &CatalogEntry,
    names: &PhaseNames,
    choice: &Choice,
) -> Option<LeftOutReason> {
    let PhaseSpec { id, replaces, .. } = &entry.spec;
    if let Some(only) = &choice.only
        && !only
            .iter()
            .any(|name| is_within(id, names.group_named_by_all(name).unwrap_or(name)))
    {
        return Some(LeftOutReason::NotSelected);
    }
    if let Some(plugin) = find_covering(&choice.replaced, id) {
        return Some(LeftOutReason::ReplacedBy(plugin.clone()));
    }
    // No phase has the id `certs/all`, so it skips nothing, as in kubeadm.
    let skips = |name: &String| is_within(id, name) && (name == id || !entry.spec.outlasts_group);
    if choice.skip.iter().any(skips) {
        return Some(LeftOutReason::Skipped(choice.skip_source().into()));
    }
    if let Some(by) = find_covering(&choice.disabled, id) {
        return Some(LeftOutReason::Disabled(by.clone()));
    }
    let is_chosen = replaces
        .iter()
        .any(|phase| is_stand_in(entry, phase, choice));
    (!replaces.is_empty() && !is_chosen).then(|| LeftOutReason::NotChosen(replaces.clone()))
}

/// Returns the value of the outermost phase or group in `by_name` that holds `id`.
fn find_covering<'a>(by_name: &'a BTreeMap<String, String>, id: &str) -> Option<&'a String> {
    with_groups(id).find_map(|name| by_name.get(name))
}

/// The data that the steps of building a plan share.
pub(super) struct Builder<'a> {
    pub choice: &'a Choice,
    pub names: PhaseNames<'a>,
    states: BTreeMap<&'a str, PhaseState>,
    /// places in the catalog's order
    places: HashMap<&'a str, usize>,
    /// the phases that the choice lets stand in for others
    substitutes: Vec<&'a CatalogEntry>,
}

impl<'a> Builder<'a> {
    fn new(names: PhaseNames<'a>, choice: &'a Choice) -> Self {
        let states = names
            .entries
            .iter()
            .map(|entry| (entry.spec.id.as_str(), state_of(entry, &names, choice)))
            .collect();
        let substitutes = names.entries.iter().copied();
        let substitutes = substitutes
            .filter(|entry| {
                let mut replaces = entry.spec.replaces.iter();
                replaces.any(|phase| is_stand_in(entry, phase, choice))
            })
            .collect();
        let ids = names.entries.iter().map(|entry| entry.spec.id.as_str());
        let places = ids.enumerate().map(|(place, id)| (id, place)).collect();
        Builder {
            choice,
            names,
            states,
            places,
            substitutes,
        }
    }

    fn runs(&self, id: &str) -> bool {
        self.states.get(id).is_some_and(PhaseState::runs)
    }

    /// Returns the phases that stand in for a phase.
    pub fn stand_ins(&self, phase: &str) -> impl Iterator<Item = &'a CatalogEntry> {
        self.substitutes
            .iter()
            .copied()
            .filter(move |entry| is_stand_in(entry, phase, self.choice))
    }

    /// Returns an error for each phase or group that a plugin's phase needs and no workflow has.
    fn unknown_needs(&self, catalog: &Catalog) -> Vec<PlanError> {
        let mut errors = Vec::new();
        let known = KnownNames::new(catalog.specs());
        for entry in &self.names.entries {
            let Some(plugin) = entry.source.plugin() else {
                continue;
            };
            for name in known.unknown_names(&entry.spec.needs) {
                errors.push(PlanError::UnknownNeed {
                    phase: entry.spec.id.clone(),
                    plugin: plugin.to_owned(),
                    name: name.clone(),
                    nearest: self.names.nearest_for(errors.len(), name),
                });
            }
        }
        errors
    }

    fn missing_stand_ins(&self, catalog: &Catalog) -> Vec<PlanError> {
        let mut errors = Vec::new();
        for (phase, plugin) in &self.choice.replaced {
            if !self.names.contains(phase) || self.stand_ins(phase).next().is_some() {
                continue;
            }
            let (phase, plugin) = (phase.clone(), plugin.clone());
            errors.push(if catalog.has_plugin(&plugin) {
                PlanError::NoStandIn { phase, plugin }
            } else {
                PlanError::UnknownPlugin { phase, plugin }
            });
        }
        errors
    }

    fn taken_slots(&self) -> Vec<PlanError> {
        let mut slots: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for PhaseSpec { id, slot, .. } in self.running_specs() {
            if let Some(slot) = slot {
                slots.entry(slot).or_default().push(id.clone());
            }
        }
        let taken = slots.into_iter().filter(|(_, phases)| phases.len() > 1);
        taken
            .map(|(slot, phases)| PlanError::SlotTaken {
                slot: slot.into(),
                phases,
            })
            .collect()
    }

    /// Returns the error that phases require others which are not part of the run.
    fn unresolved(&self) -> Option<PlanError> {
        let mut all = Vec::new();
        for PhaseSpec { id, requires, .. } in self.running_specs() {
            let missing: Vec<String> = requires
                .iter()
                .filter(|required| !self.is_provided(required))
                .cloned()
                .collect();
            if !missing.is_empty() {
                all.push((id.clone(), missing));
            }
        }
        (!all.is_empty()).then_some(PlanError::Unresolved(all))
    }

    /// Whether a phase or a stand-in for it runs.
    fn is_provided(&self, id: &str) -> bool {
        self.runs(id)
            || self
                .stand_ins(id)
                .any(|stand_in| self.runs(&stand_in.spec.id))
    }

    fn running_specs(&self) -> impl Iterator<Item = &'a PhaseSpec> {
        self.names
            .entries
            .iter()
            .map(|entry| &entry.spec)
            .filter(|spec| self.runs(&spec.id))
    }

    fn plan(self, workflow: &WorkflowId, edges: &Edges) -> Plan {
        let mut plan = Plan {
            workflow: workflow.clone(),
            nodes: Vec::new(),
            groups: Vec::new(),
        };
        for entry in &self.names.entries {
            if entry.spec.is_group() {
                plan.groups.push(Group {
                    spec: entry.spec.clone(),
                    state: self.states[entry.spec.id.as_str()].clone(),
                });
            } else {
                plan.nodes.push(self.node(entry, edges));
            }
        }
        plan
    }

    fn node(&self, entry: &CatalogEntry, edges: &Edges) -> PlannedPhase {
        let id = entry.spec.id.as_str();
        let runs = self.runs(id);
        let after = if runs {
            let found = nearest_running(id, edges, |id| self.runs(id));
            let mut found: Vec<&str> = found.into_iter().collect();
            found.sort_by_key(|id| self.places.get(id));
            found.into_iter().map(str::to_owned).collect()
        } else {
            Vec::new()
        };
        let mut spec = entry.spec.clone();
        spec.replaces
            .retain(|phase| runs && is_stand_in(entry, phase, self.choice));
        PlannedPhase {
            spec,
            source: entry.source.clone(),
            state: self.states[id].clone(),
            after,
        }
    }
}
