use super::*;
use crate::{
    plan::{
        Choice, LeftOutReason, PhaseState,
        spec::PhaseSpec,
        testing::{INIT, phase, plugin_entry, small_catalog},
    },
    workflow::testing::full_catalog,
};
use serde_json::{Value, json};

fn small() -> Plan {
    let mut catalog = small_catalog(vec![
        phase("preflight", &[]),
        PhaseSpec::group("certs", "About certs", &[]).needs(&["preflight"]),
        phase("certs/ca", &[]),
        phase("certs/sa", &[]),
        phase("end", &["certs", "preflight"]),
    ]);
    catalog.entries.push(plugin_entry("a\"<b>", &[]));
    let choice = Choice {
        disabled: [("certs/sa".to_owned(), "the <operator>".to_owned())].into(),
        ..Choice::default()
    };
    Plan::build(&catalog, &INIT, &choice).unwrap()
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
fn a_phase_that_waits_for_a_whole_group_shows_the_group() {
    let choice = Choice {
        skip: vec!["certs/sa".into()],
        ..Choice::default()
    };
    let plan = Plan::build(&full_catalog(), &INIT, &choice).unwrap();
    let text = render(&plan, Format::Text);
    for (id, after) in [
        ("control-plane/apiserver", "certs, etcd"),
        (
            "show-join-command",
            "wait-control-plane, upload-config, upload-certs, mark-control-plane, \
             bootstrap-token, kubelet-finalize, addon",
        ),
        (
            "etcd/local",
            "certs/etcd-server, certs/etcd-peer, certs/etcd-healthcheck-client",
        ),
    ] {
        let title = &plan.node(id).unwrap().spec.title;
        let end = format!("{title} [after {after}]");
        assert!(
            text.lines().any(|line| line.ends_with(&end)),
            "{id}: {text}"
        );
    }
    let chain = plan.longest_chain();
    let end = format!(
        "longest chain: {} phases: {}\n",
        chain.len(),
        chain.join(" → ")
    );
    assert!(text.ends_with(&end), "{text}");
}

#[test]
fn dot_and_mermaid_escape_labels() {
    let dashed = r#"style="rounded,dashed", fontcolor=gray, color=gray"#;
    assert_eq!(
        render(&small(), Format::Dot).replace(dashed, "DASHED"),
        r#"digraph "init" {
  rankdir=LR;
  node [shape=box, style=rounded];
  "preflight" [tooltip="About preflight"];
  subgraph cluster_1 {
    label="certs";
    "certs/ca" [tooltip="About certs/ca"];
    "certs/sa" [DASHED, tooltip="disabled by the <operator>"];
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
fn text_of_others_is_no_markup_for_mermaid() {
    let mut plan = small();
    plan.nodes[2].state = PhaseState::LeftOut {
        reason: LeftOutReason::Disabled("<br/>&lt;#".into()),
    };
    let drawn = render(&plan, Format::Mermaid);
    let label = "certs/sa<br/>disabled by #lt;br/#gt;#amp;lt;#35;";
    assert!(drawn.contains(label), "{drawn}");
}

#[test]
fn json_has_every_edge_and_every_reason() {
    let document: Value = serde_json::from_str(&render(&small(), Format::Json)).unwrap();
    assert_eq!(
        document["nodes"][2],
        json!({
            "id": "certs/sa",
            "title": "About certs/sa",
            "kind": "phase",
            "source": "built-in",
            "state": "left-out",
            "reason": {"disabled": "the <operator>"},
            "after": [],
            "expectedMillis": 1,
        })
    );
    // Every edge, and not only those that are drawn.
    assert_eq!(
        document["nodes"][3]["after"],
        json!(["preflight", "certs/ca"])
    );
    let source = json!({"plugin": {"name": "a\"<b>", "version": "1.2.3"}});
    assert_eq!(document["nodes"][4]["source"], source);
    let group = json!({"id": "certs", "title": "About certs", "state": "run"});
    assert_eq!(document["groups"], json!([group]));
    assert_eq!(
        document["longestChain"],
        json!(["preflight", "certs/ca", "end"])
    );
}
