mod stand_ins;

use super::{
    show::{Format, render},
    testing::{INIT, phase, plugin_entry, small_catalog},
    *,
};
use crate::{
    config::Config,
    plan::spec::is_within,
    run::workflow::Workflow,
    workflow::{join, testing::full_catalog},
};
use kubephase_sdk::kubeadm::Join;

fn skip(names: &[&str]) -> Choice {
    Choice {
        skip: names.iter().map(|name| (*name).into()).collect(),
        ..Choice::default()
    }
}

fn only(name: &str) -> Choice {
    Choice {
        only: Some(vec![name.into()]),
        ..Choice::default()
    }
}

fn build(choice: &Choice) -> Result<Plan, Vec<String>> {
    Plan::build(&full_catalog(), &INIT, choice)
        .map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

fn after<'a>(plan: &'a Plan, id: &str) -> Vec<&'a str> {
    plan.node(id)
        .map(|node| node.after.iter().map(String::as_str).collect())
        .unwrap_or_default()
}

/// Returns the ids of the phases below a group.
fn members<'a>(plan: &'a Plan, group: &str) -> Vec<&'a str> {
    let ids = plan.nodes.iter().map(PlannedPhase::id);
    ids.filter(|id| is_within(id, group)).collect()
}

fn group<'a>(plan: &'a Plan, id: &str) -> &'a Group {
    plan.groups.iter().find(|group| group.id() == id).unwrap()
}

#[test]
fn everything_runs_in_kubeadms_order() {
    let plan = build(&Choice::default()).unwrap();
    let ids: Vec<_> = plan.nodes.iter().map(PlannedPhase::id).collect();
    assert_eq!(plan.order(), ids);
    assert_eq!(plan.running_phases().count(), plan.nodes.len());
    assert_eq!(plan.groups.len(), 8);
}

#[test]
fn a_group_stands_for_its_members_and_gives_them_its_needs() {
    let plan = build(&Choice::default()).unwrap();
    assert_eq!(after(&plan, "certs/ca"), members(&plan, "preflight"));
    assert_eq!(after(&plan, "kubeconfig/admin"), ["certs/ca"]);
    assert_eq!(
        after(&plan, "control-plane/apiserver"),
        [members(&plan, "certs"), members(&plan, "etcd")].concat()
    );
    // `wait-control-plane/api` is below a phase, whose needs it has as well.
    assert_eq!(
        after(&plan, "wait-control-plane/api"),
        [
            members(&plan, "kubeconfig"),
            members(&plan, "control-plane"),
            vec!["kubelet-start"]
        ]
        .concat()
    );
}

fn build_join(choice: &Choice) -> Plan {
    Plan::build(&full_catalog(), &join::Join.id(), choice).unwrap()
}

#[test]
fn a_joining_member_checks_etcd_before_its_kubelet_starts_and_a_worker_has_nothing_to_check() {
    let member = build_join(&Choice::default());
    assert!(after(&member, "kubelet-start").contains(&"check-etcd"));
    let config = Config {
        join: Some(Join {
            control_plane: false,
            ..Join::default()
        }),
        ..Config::default()
    };
    let worker = build_join(&Choice {
        disabled: join::Join.disabled_phases(&config, true),
        ..Choice::default()
    });
    assert_eq!(
        after(&worker, "kubelet-start"),
        members(&worker, "preflight")
    );
}

#[test]
fn edges_pass_through_phases_that_are_left_out() {
    let plan = build(&skip(&["certs/ca", "kubeconfig"])).unwrap();
    assert_eq!(after(&plan, "certs/apiserver"), members(&plan, "preflight"));
    assert_eq!(after(&plan, "kubelet-start"), members(&plan, "preflight"));
    assert!(after(&plan, "kubeconfig/admin").is_empty());
    let deep = build(&skip(&[
        "wait-control-plane",
        "wait-control-plane/api",
        "control-plane",
        "etcd",
        "kubeconfig",
        "certs",
    ]))
    .unwrap();
    assert_eq!(
        after(&deep, "mark-control-plane"),
        [members(&deep, "preflight"), vec!["kubelet-start"]].concat()
    );
}

/// Skipping the wait for healthy components leaves the wait for an API server that lets the admin
/// act, which later phases need.
#[test]
fn a_phase_may_outlast_its_group() {
    let plan = build(&skip(&["wait-control-plane"])).unwrap();
    assert_eq!(after(&plan, "upload-certs"), ["wait-control-plane/api"]);
    assert!(!plan.node("wait-control-plane").unwrap().state.runs());
    let without = build(&skip(&["wait-control-plane", "wait-control-plane/api"])).unwrap();
    assert!(!without.node("wait-control-plane/api").unwrap().state.runs());
}

#[test]
fn a_single_phase_waits_for_nothing() {
    let plan = build(&only("certs/apiserver")).unwrap();
    assert_eq!(plan.order(), ["certs/apiserver"]);
    assert!(after(&plan, "certs/apiserver").is_empty());
    assert!(
        !group(&plan, "certs").state.runs(),
        "the group's own line belongs to `all`"
    );
    let all = build(&only("certs/all")).unwrap();
    assert_eq!(all.running_phases().count(), 11);
    assert!(group(&all, "certs").state.runs());
}

#[test]
fn unknown_names_are_refused_with_the_nearest() {
    for (name, near) in [
        ("addons", "addon"),
        ("Certs/CA", "certs/ca"),
        ("uploadconfig", "upload-config"),
        ("coredns", "addon/coredns"),
        ("wait-controlplane", "wait-control-plane"),
    ] {
        let errors = build(&skip(&[name])).unwrap_err();
        assert_eq!(
            errors,
            [format!(
                "invalid phase name: {name} (in --skip-phases); did you mean {near}?"
            )]
        );
    }
    assert_eq!(
        build(&skip(&["nope"])).unwrap_err(),
        ["invalid phase name: nope (in --skip-phases)"]
    );
    let choice = Choice {
        skip: vec!["x/all".into()],
        skipped_by: "skipPhases".into(),
        only: Some(vec!["y".into()]),
        disabled: [("z".to_owned(), "dns.disabled".to_owned())].into(),
        extra_edges: vec![("certs".into(), "w".into())],
        ..Choice::default()
    };
    assert_eq!(
        build(&choice).unwrap_err().len(),
        4,
        "all are reported together"
    );
}

#[test]
fn the_name_for_all_of_a_group_is_known_but_skips_nothing() {
    let plan = build(&skip(&["certs/all", "addon/all"])).unwrap();
    assert_eq!(plan.running_phases().count(), plan.nodes.len());
    assert!(build(&skip(&["kubelet-start/all"])).is_err());
}

/// Returns the error that `show-join-command` requires these phases.
fn unresolved(missing: &str) -> Vec<String> {
    vec![format!(
        "unresolved dependencies:\n\tmissing [{missing}] phase(s) needed by \
         \"show-join-command\" phase\nlet the missing phases run as well, or leave out the phases \
         that need them: --skip-phases=show-join-command"
    )]
}

#[test]
fn a_missing_requirement_is_refused_as_kubeadm_does() {
    assert_eq!(
        build(&skip(&["upload-certs"])).unwrap_err(),
        unresolved("upload-certs")
    );
    assert_eq!(
        build(&skip(&["upload-certs", "bootstrap-token"])).unwrap_err(),
        unresolved("bootstrap-token upload-certs")
    );
    assert_eq!(
        build(&only("show-join-command")).unwrap_err(),
        unresolved("bootstrap-token upload-certs")
    );
    assert!(build(&skip(&["upload-certs", "show-join-command"])).is_ok());
}

#[test]
fn circles_are_named() {
    let choice = Choice {
        extra_edges: vec![("show-join-command".into(), "certs".into())],
        ..Choice::default()
    };
    let errors = Plan::build(&full_catalog(), &INIT, &choice).unwrap_err();
    let [PlanError::Cycle(ring)] = errors.as_slice() else {
        panic!("{errors:?}")
    };
    assert!(
        ring.len() > 2 && ring.contains(&"show-join-command".to_owned()),
        "{ring:?}"
    );
    let itself = Choice {
        extra_edges: vec![("certs".into(), "certs/sa".into())],
        ..Choice::default()
    };
    let error = build(&itself).unwrap_err().join("\n");
    assert!(error.contains("circle: certs/sa → certs/sa"), "{error}");
}

#[test]
fn a_plugin_cannot_need_a_phase_that_does_not_exist() {
    let mut catalog = full_catalog();
    let mut entry = plugin_entry("mine", &[]);
    entry.spec.needs = vec![
        "certs/all".into(),
        "check-etcd".into(),
        "addon".into(),
        "kubelet-stat".into(),
    ];
    catalog.entries.push(entry);
    let errors = Plan::build(&catalog, &INIT, &Choice::default()).unwrap_err();
    assert_eq!(
        errors,
        [PlanError::UnknownNeed {
            phase: "mine".into(),
            plugin: "mine".into(),
            name: "kubelet-stat".into(),
            nearest: Some("kubelet-start".into())
        }],
        "check-etcd is a phase of join, which the plugin may be part of as well"
    );
}

#[test]
fn the_longest_chain_has_the_longest_expected_time() {
    let plan = build(&Choice::default()).unwrap();
    let chain = plan.longest_chain();
    assert_eq!(
        chain,
        [
            "preflight/runtime",
            "certs/etcd-ca",
            "certs/etcd-server",
            "etcd/local",
            "control-plane/apiserver",
            "wait-control-plane/api",
            "upload-config/kubeadm",
            "show-join-command"
        ]
    );
    assert_eq!(
        build(&only("certs/sa")).unwrap().longest_chain(),
        ["certs/sa"]
    );
}

fn id(number: usize) -> String {
    format!("load/phase-{number:04}")
}

/// Steps that grow with the cube of the phases would take minutes.
#[test]
fn a_plan_of_many_phases_and_edges_is_made_and_shown() {
    let phases = (0..1200_usize).map(|number| {
        let needs: Vec<String> = (number.saturating_sub(180)..number).map(id).collect();
        PhaseSpec {
            needs,
            ..phase(&id(number), &[])
        }
    });
    let catalog = small_catalog(phases.collect());
    let plan = Plan::build(&catalog, &INIT, &Choice::default()).unwrap();
    assert_eq!(
        (plan.order().len(), plan.longest_chain().len()),
        (1200, 1200)
    );
    assert_eq!(after(&plan, &id(1199)).len(), 180);
    assert_eq!(plan.transitive_reduction()[id(1199).as_str()], [id(1198)]);
    for format in [Format::Text, Format::Json, Format::Dot, Format::Mermaid] {
        assert!(render(&plan, format).contains("phase-1199"));
    }
}

#[test]
fn of_many_problems_only_some_are_shown() {
    let errors: Vec<PlanError> = (0..36_000)
        .map(|number| PlanError::UnknownName {
            name: format!("x-{number}"),
            named_in: "a test".into(),
            nearest: None,
        })
        .collect();
    let shown = PlanErrors(errors).to_string();
    assert_eq!(shown.lines().count(), 51);
    assert!(shown.ends_with("and 35950 more problems"));
}
