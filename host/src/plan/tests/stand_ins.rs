//! Phases of plugins that stand in for other phases.
use super::*;

/// Returns the choice that lets the plugin `cilium` replace a phase.
fn replace(phase: &str) -> Choice {
    Choice {
        replaced: [(phase.to_owned(), "cilium".to_owned())].into(),
        ..Choice::default()
    }
}

#[test]
fn a_stand_in_takes_over_needs_and_dependents() {
    let mut catalog = full_catalog();
    let cilium = plugin_entry("cilium", &["addon/kube-proxy"]);
    catalog.entries.push(cilium);
    let unchosen = Plan::build(&catalog, &INIT, &Choice::default()).unwrap();
    assert_eq!(
        unchosen.node("cilium").unwrap().state.reason(),
        Some(&LeftOutReason::NotChosen(vec!["addon/kube-proxy".into()]))
    );
    let plan = Plan::build(&catalog, &INIT, &replace("addon/kube-proxy")).unwrap();
    assert_eq!(
        plan.node("addon/kube-proxy").unwrap().state.reason(),
        Some(&LeftOutReason::ReplacedBy("cilium".into()))
    );
    assert_eq!(after(&plan, "cilium"), ["wait-control-plane/api"]);
    let last = after(&plan, "show-join-command");
    assert!(last.contains(&"cilium") && !last.contains(&"addon/kube-proxy"));
    assert_eq!(plan.order().last(), Some(&"show-join-command"));
    let text = render(&plan, Format::Text);
    for line in [
        "About cilium [after wait-control-plane/api; stands in for addon/kube-proxy; plugin cilium \
         1.2.3]\n",
        "Install the kube-proxy addon to a Kubernetes cluster [replaced by plugin cilium; plugin \
         kube-proxy 0.1.0]\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
    let builtin = plan.builtin_ids();
    assert!(!builtin.contains("cilium") && builtin.contains("certs"));
    assert!(matches!(
        Plan::build(&catalog, &INIT, &replace("addon/coredns")).unwrap_err()[..],
        [PlanError::NoStandIn { .. }]
    ));
    assert!(matches!(
        Plan::build(&full_catalog(), &INIT, &replace("addon/coredns")).unwrap_err()[..],
        [PlanError::UnknownPlugin { .. }]
    ));
}

#[test]
fn only_one_phase_fills_a_slot() {
    let mut catalog = full_catalog();
    let mut other = plugin_entry("other", &[]);
    other.spec.slot = Some("proxy".into());
    catalog.entries.push(other);
    let errors = Plan::build(&catalog, &INIT, &Choice::default()).unwrap_err();
    assert_eq!(
        errors,
        [PlanError::SlotTaken {
            slot: "proxy".into(),
            phases: vec!["addon/kube-proxy".into(), "other".into()]
        }]
    );
    assert!(Plan::build(&catalog, &INIT, &skip(&["addon/kube-proxy"])).is_ok());
}

#[test]
fn a_phase_of_another_workflow_may_be_replaced_there() {
    let mut catalog = full_catalog();
    catalog
        .entries
        .push(plugin_entry("cilium", &["kubelet-wait-bootstrap"]));
    let plan = Plan::build(&catalog, &INIT, &replace("kubelet-wait-bootstrap")).unwrap();
    assert!(plan.node("cilium").is_some());
    assert!(Plan::build(&catalog, &INIT, &replace("kubelet-wait")).is_err());
}
