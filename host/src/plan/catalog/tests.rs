use super::*;
use crate::{wasm::manifest::Manifest, workflow::builtin_catalog};

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
        let kind = if spec.is_group() { "group" } else { "phase" };
        assert!(refused.contains(&format!("the built-in {kind} {} has this id", spec.id)));
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
