use super::sample::{catalog, plugin, row};
use super::show::{Format, render};
use super::*;
use crate::phase::{built_in, catalog::Catalog};

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
    Plan::build(&catalog(), Workflow::Init, choice)
        .map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

fn after<'a>(plan: &'a Plan, id: &str) -> Vec<&'a str> {
    plan.node(id)
        .map(|node| node.after.iter().map(String::as_str).collect())
        .unwrap_or_default()
}

#[test]
fn everything_runs_in_kubeadms_order() {
    let plan = build(&Choice::default()).unwrap();
    let ids: Vec<_> = plan.nodes.iter().map(|node| node.id.as_str()).collect();
    assert_eq!(plan.order(), ids);
    assert_eq!(plan.running().count(), plan.nodes.len());
    assert_eq!(plan.groups.len(), 7);
}

#[test]
fn a_group_stands_for_its_members_and_gives_them_its_needs() {
    let plan = build(&Choice::default()).unwrap();
    assert_eq!(after(&plan, "certs/ca"), ["preflight"]);
    assert_eq!(after(&plan, "kubeconfig/admin"), ["certs/ca"]);
    assert_eq!(
        after(&plan, "show-join-command"),
        [
            "upload-certs",
            "bootstrap-token",
            "addon/coredns",
            "addon/kube-proxy"
        ]
    );
    assert_eq!(after(&plan, "control-plane/apiserver").len(), 11);
}

#[test]
fn a_member_to_be_looks_at_etcd_before_its_kubelet_joins_and_a_worker_has_nothing_to_look_at() {
    let join = |choice: &Choice| Plan::build(&Catalog::built_in(), Workflow::Join, choice).unwrap();
    assert!(after(&join(&Choice::default()), "kubelet-start").contains(&"check-etcd"));
    let disabled = built_in::OF_CONTROL_PLANE
        .iter()
        .map(|phase| ((*phase).to_owned(), "this node being a worker".to_owned()))
        .collect();
    let worker = join(&Choice {
        disabled,
        ..Choice::default()
    });
    assert!(
        after(&worker, "kubelet-start")
            .iter()
            .all(|need| need.starts_with("preflight"))
    );
}

#[test]
fn edges_pass_through_what_is_left_out() {
    let plan = build(&skip(&["certs/ca", "kubeconfig"])).unwrap();
    assert_eq!(after(&plan, "certs/apiserver"), ["preflight"]);
    assert_eq!(after(&plan, "kubelet-start"), ["preflight"]);
    assert!(after(&plan, "kubeconfig/admin").is_empty());
    let deep = build(&skip(&[
        "wait-control-plane",
        "control-plane",
        "etcd",
        "kubeconfig",
        "certs",
    ]))
    .unwrap();
    assert_eq!(
        after(&deep, "mark-control-plane"),
        ["preflight", "kubelet-start"]
    );
}

#[test]
fn one_phase_alone_waits_for_nothing() {
    let plan = build(&only("certs/apiserver")).unwrap();
    assert_eq!(plan.order(), ["certs/apiserver"]);
    assert!(after(&plan, "certs/apiserver").is_empty());
    assert!(
        !plan.groups[0].state.runs(),
        "the group's own line belongs to `all`"
    );
    let all = build(&only("certs/all")).unwrap();
    assert_eq!(all.running().count(), 11);
    assert!(all.groups[0].state.runs());
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
    assert_eq!(build(&choice).unwrap_err().len(), 4, "all told together");
}

#[test]
fn all_of_a_group_is_known_but_skips_nothing() {
    let plan = build(&skip(&["certs/all", "addon/all"])).unwrap();
    assert_eq!(plan.running().count(), plan.nodes.len());
    assert!(build(&skip(&["preflight/all"])).is_err());
}

#[test]
fn requirements_are_refused_as_kubeadm_does() {
    let message = |missing: &str| {
        vec![format!(
            "unresolved dependencies:\n\tmissing [{missing}] phase(s) needed by \
             \"show-join-command\" phase"
        )]
    };
    assert_eq!(
        build(&skip(&["upload-certs"])).unwrap_err(),
        message("upload-certs")
    );
    assert_eq!(
        build(&skip(&["upload-certs", "bootstrap-token"])).unwrap_err(),
        message("bootstrap-token upload-certs")
    );
    assert_eq!(
        build(&only("show-join-command")).unwrap_err(),
        message("bootstrap-token upload-certs")
    );
    assert!(build(&skip(&["upload-certs", "show-join-command"])).is_ok());
}

#[test]
fn circles_are_named() {
    let choice = Choice {
        extra_edges: vec![("show-join-command".into(), "certs".into())],
        ..Choice::default()
    };
    let errors = Plan::build(&catalog(), Workflow::Init, &choice).unwrap_err();
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
fn a_stand_in_takes_over_needs_and_dependents() {
    let mut catalog = catalog();
    catalog.rows.push(plugin("cilium", "addon/kube-proxy"));
    let unchosen = Plan::build(&catalog, Workflow::Init, &Choice::default()).unwrap();
    assert_eq!(
        unchosen.node("cilium").unwrap().state.reason(),
        Some(&Reason::NotChosen(vec!["addon/kube-proxy".into()]))
    );
    let choice = Choice {
        replaced: [("addon/kube-proxy".to_owned(), "cilium".to_owned())].into(),
        ..Choice::default()
    };
    let plan = Plan::build(&catalog, Workflow::Init, &choice).unwrap();
    assert_eq!(
        plan.node("addon/kube-proxy").unwrap().state.reason(),
        Some(&Reason::ReplacedBy("cilium".into()))
    );
    assert_eq!(after(&plan, "cilium"), ["wait-control-plane"]);
    assert_eq!(
        after(&plan, "show-join-command"),
        ["upload-certs", "bootstrap-token", "addon/coredns", "cilium"]
    );
    assert_eq!(plan.order().last(), Some(&"show-join-command"));
    let text = render(&plan, Format::Text);
    assert!(
        text.contains(
            "+ cilium                         About cilium [after \
        wait-control-plane; stands in for addon/kube-proxy; plugin cilium 1.2.3]\n"
        ),
        "{text}"
    );
    assert!(
        text.contains("About addon/kube-proxy [replaced by plugin cilium]\n"),
        "{text}"
    );
    assert!(!plan.built_in().contains("cilium") && plan.built_in().contains("certs"));
    let other = Choice {
        replaced: [("addon/coredns".to_owned(), "cilium".to_owned())].into(),
        ..Choice::default()
    };
    assert!(matches!(
        Plan::build(&catalog, Workflow::Init, &other).unwrap_err()[..],
        [PlanError::NoStandIn { .. }]
    ));
}

#[test]
fn one_slot_is_filled_once() {
    let mut catalog = catalog();
    catalog.rows.push(crate::phase::catalog::Row {
        slot: Some("proxy".into()),
        ..plugin("other", "")
    });
    let errors = Plan::build(&catalog, Workflow::Init, &Choice::default()).unwrap_err();
    assert_eq!(
        errors,
        [PlanError::SlotTaken {
            slot: "proxy".into(),
            phases: vec!["addon/kube-proxy".into(), "other".into()]
        }]
    );
    assert!(Plan::build(&catalog, Workflow::Init, &skip(&["addon/kube-proxy"])).is_ok());
}

#[test]
fn the_longest_chain_is_by_what_is_typical() {
    let plan = build(&Choice::default()).unwrap();
    let chain = plan.longest_chain();
    assert_eq!(
        chain[..5],
        [
            "preflight",
            "certs/ca",
            "certs/apiserver",
            "control-plane/apiserver",
            "wait-control-plane"
        ]
    );
    assert_eq!(
        chain.last(),
        Some(&"kubelet-finalize/enable-client-cert-rotation")
    );
    let text = render(&plan, Format::Text);
    assert!(
        text.ends_with(&format!(
            "longest chain: {} phases: {}\n",
            chain.len(),
            chain.join(" → ")
        )),
        "{text}"
    );
    assert!(build(&only("certs/sa")).unwrap().longest_chain() == ["certs/sa"]);
}

fn small() -> Plan {
    let rows = vec![
        row("preflight", "", ""),
        row("certs/", "preflight", ""),
        row("certs/ca", "", ""),
        row("certs/sa", "", ""),
        row("end", "certs preflight", ""),
        plugin("a\"<b>", ""),
    ];
    let choice = Choice {
        disabled: [("certs/sa".to_owned(), "the <operator>".to_owned())].into(),
        ..Choice::default()
    };
    Plan::build(&Catalog { rows }, Workflow::Init, &choice).unwrap()
}

#[test]
fn text_shows_edges_and_reasons() {
    assert_eq!(
        render(&small(), Format::Text),
        "init: 4 of 5 phases run (+), 1 left out (-)\n\n\
         + preflight  About preflight\n\
         + certs      About certs\n\
         +   ca       About certs/ca [after preflight]\n\
         -   sa       About certs/sa [disabled by the <operator>]\n\
         + end        About end [after certs]\n\
         + a\"<b>      About a\"<b> [plugin a\"<b> 1.2.3]\n\
         \n\
         longest chain: 3 phases: preflight → certs/ca → end\n"
    );
}

#[test]
fn a_whole_group_is_named_as_one() {
    let text = render(&build(&skip(&["certs/sa"])).unwrap(), Format::Text);
    for (id, after) in [
        ("control-plane/apiserver", "certs"),
        ("show-join-command", "upload-certs, bootstrap-token, addon"),
        (
            "etcd/local",
            "certs/etcd-server, certs/etcd-peer, certs/etcd-healthcheck-client",
        ),
    ] {
        assert!(
            text.lines()
                .any(|line| line.ends_with(&format!("About {id} [after {after}]"))),
            "{id}: {text}"
        );
    }
}

#[test]
fn dot_and_mermaid_escape_what_they_show() {
    assert_eq!(
        render(&small(), Format::Dot),
        r#"digraph "init" {
  rankdir=LR;
  node [shape=box, style=rounded];
  "preflight" [tooltip="About preflight"];
  subgraph cluster_1 {
    label="certs";
    "certs/ca" [tooltip="About certs/ca"];
    "certs/sa" [style="rounded,dashed", fontcolor=gray, color=gray, tooltip="disabled by the <operator>"];
  }
  "end" [tooltip="About end"];
  "a\"<b>" [tooltip="About a\"<b>"];
  "preflight" -> "certs/ca";
  "certs/ca" -> "end";
}
"#
    );
    assert_eq!(
        render(&small(), Format::Mermaid),
        r#"flowchart LR
  p0["preflight"]
  subgraph g1["certs"]
    p1["certs/ca"]
    p2["certs/sa<br/>disabled by the #lt;operator#gt;"]:::out
  end
  p3["end"]
  p4["a#quot;#lt;b#gt;"]
  p0 --> p1
  p1 --> p3
  classDef out stroke-dasharray: 4 4,color:gray
"#
    );
}

#[test]
fn json_reads_back_as_the_same_plan() {
    let plan = small();
    let text = render(&plan, Format::Json);
    assert_eq!(serde_json::from_str::<Plan>(&text).unwrap(), plan);
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        value["nodes"][3]["after"],
        serde_json::json!(["preflight", "certs/ca"]),
        "every edge, not only those drawn"
    );
    assert_eq!(value["nodes"][2]["state"], "left-out");
    assert_eq!(
        value["longestChain"],
        serde_json::json!(["preflight", "certs/ca", "end"])
    );
}

/// Steps that grow with the cube of the phases would take minutes.
#[test]
fn a_plan_of_many_phases_and_edges_is_made_and_shown() {
    let id = |number: usize| format!("load/phase-{number:04}");
    let rows = (0..1200_usize).map(|number| {
        let needs: Vec<String> = (number.saturating_sub(180)..number).map(id).collect();
        row(&id(number), &needs.join(" "), "")
    });
    let plan = Plan::build(
        &Catalog {
            rows: rows.collect(),
        },
        Workflow::Init,
        &Choice::default(),
    )
    .unwrap();
    assert_eq!(
        (plan.order().len(), plan.longest_chain().len()),
        (1200, 1200)
    );
    assert_eq!(after(&plan, &id(1199)).len(), 180);
    assert_eq!(plan.reduced()[id(1199).as_str()], [id(1198)]);
    for format in [Format::Text, Format::Json, Format::Dot, Format::Mermaid] {
        assert!(render(&plan, format).contains("phase-1199"));
    }
}
