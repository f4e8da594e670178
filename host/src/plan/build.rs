//! From catalog and choice to a plan.
use super::names::Names;
use super::{Choice, Group, Node, Plan, PlanError, Reason, State, graph};
use crate::phase::catalog::{Catalog, Kind, Row, Source, Workflow};
use std::collections::{BTreeMap, BTreeSet};

impl Plan {
    /// Decides what runs and what each phase waits for; all reasons to refuse are told together.
    pub fn build(
        catalog: &Catalog,
        workflow: Workflow,
        choice: &Choice,
    ) -> Result<Plan, Vec<PlanError>> {
        let names = Names::of(catalog, workflow);
        let unknown = unknown_names(&names, choice);
        if !unknown.is_empty() {
            return Err(unknown);
        }
        let states = names
            .rows
            .iter()
            .map(|row| (row.id.as_str(), state(row, &names, choice)))
            .collect();
        let substitutes = names
            .rows
            .iter()
            .copied()
            .filter(|row| !row.replaces.is_empty())
            .collect();
        let builder = Builder {
            choice,
            states,
            substitutes,
            names,
        };
        let mut errors = builder.missing_stand_ins();
        errors.extend(builder.taken_slots());
        errors.extend(builder.unresolved());
        let direct = builder.direct_edges();
        errors.extend(graph::cycle(&direct).map(PlanError::Cycle));
        if errors.is_empty() {
            Ok(builder.plan(workflow, &direct))
        } else {
            Err(errors)
        }
    }
}

fn unknown_names(names: &Names, choice: &Choice) -> Vec<PlanError> {
    let skip = choice
        .skip
        .iter()
        .map(|name| (name, choice.skipper().to_owned()));
    let only = choice
        .only
        .iter()
        .flatten()
        .map(|name| (name, "the phases to run".to_owned()));
    let disabled = choice.disabled.iter().map(|(name, by)| (name, by.clone()));
    let replaced = choice
        .replaced
        .iter()
        .map(|(name, by)| (name, format!("what plugin {by} replaces")));
    let edges = choice
        .extra_edges
        .iter()
        .flat_map(|(before, after)| [before, after])
        .map(|name| (name, "an extra edge".to_owned()));
    let all = skip
        .chain(only)
        .chain(disabled)
        .chain(replaced)
        .chain(edges);
    all.filter_map(|(name, named_in)| names.check(name, &named_in).err())
        .collect()
}

/// Whether one row is part of the run, as far as names tell.
fn state(row: &Row, names: &Names, choice: &Choice) -> State {
    let left_out = |reason| State::LeftOut { reason };
    let selected = |name: &String| Catalog::within(&row.id, names.all_of(name).unwrap_or(name));
    if choice
        .only
        .as_ref()
        .is_some_and(|only| !only.iter().any(selected))
    {
        return left_out(Reason::NotSelected);
    }
    if let Some(plugin) = choice
        .replaced
        .iter()
        .find_map(|(phase, plugin)| Catalog::within(&row.id, phase).then_some(plugin))
    {
        return left_out(Reason::ReplacedBy(plugin.clone()));
    }
    // `certs/all` is no row's id, so it skips nothing, as in kubeadm.
    if choice
        .skip
        .iter()
        .any(|name| Catalog::within(&row.id, name))
    {
        return left_out(Reason::Skipped(choice.skipper().into()));
    }
    if let Some(by) = choice
        .disabled
        .iter()
        .find_map(|(name, by)| Catalog::within(&row.id, name).then_some(by))
    {
        return left_out(Reason::Disabled(by.clone()));
    }
    if !row.replaces.is_empty()
        && !row
            .replaces
            .iter()
            .any(|phase| stands_in(row, phase, choice))
    {
        return left_out(Reason::NotChosen(row.replaces.clone()));
    }
    State::Run
}

/// Whether the choice makes `row` the stand-in for `phase`, or for a group that it is in.
fn stands_in(row: &Row, phase: &str, choice: &Choice) -> bool {
    let provider = match &row.source {
        Source::Plugin { name, .. } => Some(name),
        Source::BuiltIn => None,
    };
    let chosen =
        |replaced: &String| provider.is_some() && choice.replaced.get(replaced) == provider;
    row.replaces
        .iter()
        .any(|replaced| Catalog::within(phase, replaced) && chosen(replaced))
}

struct Builder<'a> {
    choice: &'a Choice,
    names: Names<'a>,
    states: BTreeMap<&'a str, State>,
    /// whatever may stand in for something
    substitutes: Vec<&'a Row>,
}

impl<'a> Builder<'a> {
    fn runs(&self, id: &str) -> bool {
        self.states.get(id).is_some_and(State::runs)
    }

    fn stand_ins(&self, phase: &str) -> impl Iterator<Item = &'a Row> {
        self.substitutes
            .iter()
            .copied()
            .filter(move |row| stands_in(row, phase, self.choice))
    }

    fn missing_stand_ins(&self) -> Vec<PlanError> {
        let missing = self
            .choice
            .replaced
            .iter()
            .filter(|(phase, _)| self.stand_ins(phase).next().is_none());
        missing
            .map(|(phase, plugin)| PlanError::NoStandIn {
                phase: phase.clone(),
                plugin: plugin.clone(),
            })
            .collect()
    }

    fn taken_slots(&self) -> Vec<PlanError> {
        let mut slots: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for row in self.names.rows.iter().filter(|row| self.runs(&row.id)) {
            if let Some(slot) = &row.slot {
                slots.entry(slot).or_default().push(row.id.clone());
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

    fn unresolved(&self) -> Option<PlanError> {
        let there = |id: &String| self.runs(id) || self.stand_ins(id).any(|row| self.runs(&row.id));
        let missing = |row: &Row| {
            row.requires
                .iter()
                .filter(|id| !there(id))
                .cloned()
                .collect::<Vec<_>>()
        };
        let running = self.names.rows.iter().filter(|row| self.runs(&row.id));
        let all: Vec<_> = running
            .map(|row| (row.id.clone(), missing(row)))
            .filter(|(_, missing)| !missing.is_empty())
            .collect();
        (!all.is_empty()).then_some(PlanError::Unresolved(all))
    }

    /// What each phase waits for before anything is left out, groups resolved to their members.
    fn direct_edges(&self) -> BTreeMap<&'a str, BTreeSet<&'a str>> {
        let phases = self
            .names
            .rows
            .iter()
            .copied()
            .filter(|row| row.kind != Kind::Group);
        phases
            .map(|row| (row.id.as_str(), self.waits_for(row)))
            .collect()
    }

    fn waits_for(&self, row: &'a Row) -> BTreeSet<&'a str> {
        // A phase has its groups' needs, and a stand-in those of what it replaces.
        let holders = self.names.rows.iter().copied().filter(|holder| {
            Catalog::within(&row.id, &holder.id)
                || row.replaces.iter().any(|phase| {
                    stands_in(row, phase, self.choice) && Catalog::within(phase, &holder.id)
                })
        });
        let declared = holders.flat_map(|holder| &holder.needs);
        let applies =
            |after: &str| Catalog::within(&row.id, after) || stands_in(row, after, self.choice);
        let extra = self
            .choice
            .extra_edges
            .iter()
            .filter(|(_, after)| applies(after))
            .map(|(before, _)| before);
        let needs = declared
            .chain(extra)
            .flat_map(|need| self.names.members(self.names.all_of(need).unwrap_or(need)));
        // The stand-in has the needs of what it replaces, so waiting for it is enough.
        let heirs = needs.flat_map(|need| {
            let heirs: Vec<&Row> = self.stand_ins(&need.id).collect();
            if heirs.is_empty() { vec![need] } else { heirs }
        });
        heirs.map(|need| need.id.as_str()).collect()
    }

    fn plan(self, workflow: Workflow, direct: &BTreeMap<&str, BTreeSet<&str>>) -> Plan {
        let order: BTreeMap<&str, usize> = self
            .names
            .rows
            .iter()
            .enumerate()
            .map(|(at, row)| (row.id.as_str(), at))
            .collect();
        let node = |row: &&Row| {
            let runs = self.runs(&row.id);
            let mut after: Vec<&str> = if runs {
                self.nearest_running(&row.id, direct).into_iter().collect()
            } else {
                Vec::new()
            };
            after.sort_by_cached_key(|id| order[id]);
            Node {
                id: row.id.clone(),
                title: row.title.clone(),
                kind: row.kind,
                source: row.source.clone(),
                state: self.states[row.id.as_str()].clone(),
                after: after.into_iter().map(Into::into).collect(),
                typical: row.typical,
                tidies: row.tidies,
                replaces: row
                    .replaces
                    .iter()
                    .filter(|phase| runs && stands_in(row, phase, self.choice))
                    .cloned()
                    .collect(),
            }
        };
        let group = |row: &&Row| Group {
            id: row.id.clone(),
            title: row.title.clone(),
            state: self.states[row.id.as_str()].clone(),
        };
        let (groups, phases): (Vec<&Row>, Vec<&Row>) = self
            .names
            .rows
            .iter()
            .partition(|row| row.kind == Kind::Group);
        Plan {
            workflow,
            nodes: phases.iter().map(node).collect(),
            groups: groups.iter().map(group).collect(),
        }
    }

    /// The phases of this run that `id` waits for, directly or through phases that are left out.
    fn nearest_running<'d>(
        &self,
        id: &str,
        direct: &BTreeMap<&'d str, BTreeSet<&'d str>>,
    ) -> BTreeSet<&'d str> {
        let waits = |id: &str| direct.get(id).into_iter().flatten().copied();
        let (mut found, mut seen, mut open) = (
            BTreeSet::new(),
            BTreeSet::new(),
            waits(id).collect::<Vec<_>>(),
        );
        while let Some(next) = open.pop() {
            if !seen.insert(next) {
                continue;
            }
            if self.runs(next) {
                found.insert(next);
            } else {
                open.extend(waits(next));
            }
        }
        found
    }
}
