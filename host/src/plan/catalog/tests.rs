use super::*;
use crate::{
    plan::{
        Choice, Plan,
        spec::PhaseKind,
        testing::{phase, small_catalog},
    },
    wasm::manifest::Manifest,
    workflow::builtin_catalog,
};

fn manifest(name: &str, ids: &[&str]) -> Manifest {
    let provides: String = ids
        .iter()
        .map(|id| {
            let is_check = id.split('/').next() == Some("preflight");
            let kind = if is_check { "check" } else { "phase" };
            format!("- {{id: {id}, title: T, kind: {kind}, workflow: [init]}}\n")
        })
        .collect();
    Manifest::parse(&format!(
        "schema: 1\nname: {name}\nversion: 1.0.0\nlicense: \
        MIT\ndescription: D\nprovides:\n{provides}"
    ))
    .unwrap()
}

fn add(catalog: &mut Catalog, manifest: &Manifest, embedded: bool) -> Result<(), PhaseRefused> {
    catalog.add_plugin(&manifest.source(embedded), &manifest.provides)
}

fn refusal(catalog: &mut Catalog, name: &str, ids: &[&str]) -> String {
    let before = catalog.clone();
    let refused = add(catalog, &manifest(name, ids), false)
        .unwrap_err()
        .to_string();
    assert_eq!(*catalog, before, "a refused plugin changed the catalog");
    assert!(
        refused.starts_with(&format!("plugin {name} provides the phase ")),
        "{refused}"
    );
    refused
}

#[test]
fn a_plugin_cannot_take_the_id_of_another_phase_or_group() {
    let mut catalog = builtin_catalog();
    for CatalogEntry { spec, .. } in builtin_catalog().entries {
        let refused = refusal(&mut catalog, "evil", &[&spec.id]);
        // A group of one workflow may be a phase of another.
        let kinds = ["group", "phase"];
        let named = kinds.map(|kind| format!("the built-in {kind} {} has this id", spec.id));
        assert!(
            named.iter().any(|named| refused.contains(named)),
            "{refused}"
        );
    }
    let embedded = manifest("preflight", &["preflight/resources"]);
    add(&mut catalog, &embedded, true).unwrap();
    let good = manifest("good", &["preflight/good", "tuning/kernel"]);
    add(&mut catalog, &good, false).unwrap();
    for (ids, why) in [
        (
            &["preflight/resources"][..],
            "the built-in phase preflight/resources has this id",
        ),
        (
            &["preflight/good"],
            "the phase preflight/good of plugin good has this id",
        ),
        // It would be taken for a group.
        (
            &["tuning"],
            "the phase tuning/kernel of plugin good is below this id",
        ),
        // It would be taken for a part of that phase.
        (
            &["tuning/kernel/more"],
            "the phase tuning/kernel of plugin good is a phase and not a group",
        ),
        (
            &["kubelet-start/more"],
            "the built-in phase kubelet-start is a phase and not a group",
        ),
        (
            &["certs/all"],
            "the name for all members of the built-in group certs",
        ),
        // kubeadm's other name of a group.
        (
            &["uploadconfig"],
            "the built-in group upload-config has this id",
        ),
        (
            &["bootstraptoken/more"],
            "the built-in phase bootstrap-token is a phase and not a group",
        ),
        (
            &["preflight/a", "certs/ca"],
            "the built-in phase certs/ca has this id",
        ),
    ] {
        let refused = refusal(&mut catalog, "evil", ids);
        assert!(refused.contains(why), "{ids:?}: {refused}");
    }
    let other = manifest("other", &["preflight/other", "addon/other", "audit"]);
    add(&mut catalog, &other, false).unwrap();
}

#[test]
fn only_some_built_in_groups_take_phases_of_plugins() {
    let own = "has only phases of kubephase, and phases that replace one of them";
    let mut catalog = builtin_catalog();
    for CatalogEntry { spec, .. } in builtin_catalog().entries {
        if !spec.is_group() || ["preflight", "addon"].contains(&spec.id.as_str()) {
            continue;
        }
        for group in std::iter::once(&spec.id).chain(&spec.aliases) {
            let refused = refusal(&mut catalog, "evil", &[&format!("{group}/zz")]);
            assert!(refused.contains(own), "{group}: {refused}");
            let refused = refusal(&mut catalog, "evil", &[&format!("{group}/a/b")]);
            assert!(refused.contains(own), "{group}: {refused}");
        }
    }
    // The manifest says which phase the plugin's phase replaces, and the operator has to choose it.
    let mut mine = manifest("mine", &["certs/mine"]);
    mine.provides[0].spec.replaces = vec!["kubeconfig/admin".into()];
    assert!(add(&mut catalog, &mine, false).is_err());
    mine.provides[0].spec.replaces = vec!["certs/sa".into()];
    add(&mut catalog, &mine, false).unwrap();
}

fn plugin(embedded: bool) -> PhaseSource {
    PhaseSource::Plugin {
        name: "p".into(),
        version: "1.0.0".into(),
        embedded,
    }
}

#[test]
fn only_a_plugin_that_is_not_part_of_the_program_is_a_third_partys() {
    assert_eq!(
        (
            PhaseSource::BuiltIn.third_party(),
            plugin(true).third_party(),
            plugin(false).third_party()
        ),
        (None, None, Some("p"))
    );
}

/// Returns a phase as a manifest provides it for `init` alone.
fn provided(spec: PhaseSpec) -> PluginPhase {
    PluginPhase {
        spec,
        workflows: vec![WorkflowId::new("init")],
    }
}

fn ids(catalog: &Catalog) -> Vec<&str> {
    let init = catalog.entries.iter();
    let init = init.filter(|entry| entry.workflow.as_str() == "init");
    init.map(|entry| entry.spec.id.as_str()).collect()
}

#[test]
fn phases_stand_behind_those_of_their_groups_and_before_others() {
    let mut catalog = small_catalog(vec![phase("a", &[]), phase("b", &[])]);
    let phases = ["x/1", "y", "x/2", "z"].map(|id| {
        let before = if id == "x/1" {
            vec!["z".into(), "b".into()]
        } else {
            Vec::new()
        };
        provided(PhaseSpec {
            before,
            ..phase(id, &[])
        })
    });
    catalog.add_plugin(&plugin(false), &phases).unwrap();
    assert_eq!(ids(&catalog), ["a", "b", "x/1", "x/2", "y", "z"]);
    let more = [provided(phase("x/3", &[])), provided(phase("w", &[]))];
    catalog.add_plugin(&plugin(false), &more).unwrap();
    assert_eq!(
        ids(&catalog),
        ["a", "b", "x/1", "x/2", "x/3", "y", "z", "w"]
    );
    let needs = |id: &str| {
        let mut entries = catalog.entries.iter();
        entries
            .find(|entry| entry.spec.id == id)
            .unwrap()
            .spec
            .needs
            .clone()
    };
    assert_eq!(
        (needs("b"), needs("z")),
        (vec!["x/1".into()], vec!["x/1".into()])
    );
}

/// If each phase were compared with all others, this would take minutes.
#[test]
fn thousands_of_phases_of_plugins_are_planned() {
    const MANY: usize = 6000;
    let id = |number: usize| match number % 3 {
        0 => format!("preflight/load-{number}"),
        1 => format!("load/{number}"),
        _ => format!("load-{number}"),
    };
    let phases: Vec<PluginPhase> = (0..MANY)
        .map(|number| {
            let near = |other: Option<usize>| other.filter(|other| *other < MANY).map(id);
            provided(PhaseSpec {
                kind: if number % 3 == 0 {
                    PhaseKind::Check
                } else {
                    PhaseKind::Phase
                },
                needs: near(number.checked_sub(3)).into_iter().collect(),
                before: near(number.checked_add(6)).into_iter().collect(),
                ..phase(&id(number), &[])
            })
        })
        .collect();
    let mut catalog = builtin_catalog();
    // One plugin of many phases, and many plugins of some.
    catalog
        .add_plugin(&plugin(false), &phases[..MANY / 2])
        .unwrap();
    for phases in phases[MANY / 2..].chunks(200) {
        catalog.add_plugin(&plugin(false), phases).unwrap();
    }
    let plan = Plan::build(&catalog, &WorkflowId::new("init"), &Choice::default()).unwrap();
    assert!(plan.running_phases().count() > MANY);
    let node = plan.node(&id(3001)).unwrap();
    assert!(node.after.contains(&id(2998)), "{:?}", node.after);
    assert_eq!(plan.order().len(), plan.running_phases().count());
    assert!(plan.needs()[&id(3001)].contains(&id(2998)));
    let twice = [provided(phase("load/1/below", &[]))];
    assert!(catalog.add_plugin(&plugin(false), &twice).is_err());
}

#[test]
fn nothing_stands_in_for_a_phase_that_renews_or_removes() {
    for (workflow, replaced) in [("certs-renew", "apiserver"), ("reset", "cleanup-node")] {
        let mut mine = manifest("mine", &["mine"]);
        mine.provides[0].workflows = vec![WorkflowId::new("init"), WorkflowId::new(workflow)];
        mine.provides[0].spec.replaces = vec![replaced.into()];
        let refused = add(&mut builtin_catalog(), &mine, false).unwrap_err();
        let told = refused.to_string();
        assert!(
            told.contains(&format!("{replaced} in the workflow {workflow}")),
            "{told}"
        );
        mine.provides[0].spec.replaces = vec!["addon/coredns".into()];
        add(&mut builtin_catalog(), &mine, false).unwrap();
    }
}

#[test]
fn plugins_that_are_added_together_are_compared_with_each_other() {
    let mut catalog = small_catalog(vec![phase("a", &[]), phase("b", &[])]);
    let source = |name: &str| manifest(name, &[name]).source(false);
    let phases = |ids: &[&str]| -> Vec<PluginPhase> {
        ids.iter().map(|id| provided(phase(id, &[]))).collect()
    };
    let (mut first, second) = (phases(&["x/1"]), phases(&["y", "x/2"]));
    // The phase of a later plugin waits too, whatever the order of the configuration.
    first[0].spec.before = vec!["x/2".into()];
    catalog
        .add_plugins(&[(source("first"), &first), (source("second"), &second)])
        .unwrap();
    assert_eq!(ids(&catalog), ["a", "b", "x/1", "x/2", "y"]);
    let waiting = catalog.specs().find(|spec| spec.id == "x/2").unwrap();
    assert_eq!(waiting.needs, ["x/1"]);

    let before = catalog.clone();
    let (third, fourth) = (phases(&["z"]), phases(&["w", "z/1"]));
    let refused = catalog
        .add_plugins(&[(source("third"), &third), (source("fourth"), &fourth)])
        .unwrap_err()
        .to_string();
    assert!(
        refused.contains("plugin fourth provides the phase z/1, but the phase z of plugin third"),
        "{refused}"
    );
    assert_eq!(catalog, before);
}
