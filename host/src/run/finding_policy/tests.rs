use super::*;
use crate::plan::{spec::PhaseSource, testing};

fn finding(code: &str, verdict: Verdict) -> Finding {
    let evidence = vec![("path".into(), "/etc/kubernetes/manifests/etcd.yaml".into())];
    Finding {
        code: code.into(),
        verdict,
        summary: String::new(),
        evidence,
        remedy: None,
        url: None,
    }
}

fn plugin_node(id: &str, name: &str, embedded: bool) -> PlannedPhase {
    PlannedPhase {
        source: PhaseSource::Plugin {
            name: name.into(),
            version: "1.0.0".into(),
            embedded,
        },
        ..testing::node(id, &[])
    }
}

#[test]
fn names_of_ignored_checks_are_not_case_sensitive() {
    let policy = FindingPolicy {
        ignored: ["numcpu".to_owned()].into(),
        ..FindingPolicy::default()
    };
    let node = testing::node("preflight/resources", &[]);
    for (code, verdict, blocks) in [
        ("NumCPU", Verdict::Fail, false),
        ("Mem", Verdict::Fail, true),
        ("Mem", Verdict::Warn, false),
    ] {
        let finding = finding(code, verdict);
        let judged = policy.evaluate(&node, &finding);
        assert_eq!(policy.blocks(&finding, &judged), blocks, "{code}");
    }
}

#[test]
fn only_built_in_checks_excuse_a_path_of_an_earlier_run() {
    let policy = FindingPolicy {
        ours: Arc::new(["/etc/kubernetes/manifests/etcd.yaml".to_owned()].into()),
        ..FindingPolicy::default()
    };
    let stands = |node: &PlannedPhase, code: &str| {
        policy.evaluate(node, &finding(code, Verdict::Fail)) == Judgement::Stands
    };
    let (files, ports) = (
        plugin_node("preflight/files", "preflight", true),
        plugin_node("preflight/ports", "preflight", true),
    );
    assert!(!stands(
        &files,
        "FileAvailable--etc-kubernetes-manifests-etcd.yaml"
    ));
    assert!(!stands(&files, "DirAvailable--var-lib-etcd"));
    assert!(!stands(&ports, "Port-2379"));
    assert!(stands(&files, "ExternalEtcdClientCertificates"));
    assert!(stands(
        &plugin_node("preflight/modes", "modes", false),
        "ModeOfManifest"
    ));
    assert!(stands(
        &plugin_node("preflight/files", "files", false),
        "FileAvailable--etc-kubernetes-manifests-etcd.yaml"
    ));
    assert!(stands(
        &testing::node("preflight/runtime", &[]),
        "FileAvailable--etc-kubernetes-manifests-etcd.yaml"
    ));
}

#[test]
fn a_third_partys_finding_has_no_code_of_a_built_in_check() {
    let (theirs, ours) = (
        plugin_node("preflight/evil", "evil", false),
        plugin_node("preflight/resources", "preflight", true),
    );
    for taken in [
        "NumCPU",
        "NUMCPU",
        "Port-6443",
        "all",
        "preflight/resources",
    ] {
        assert_eq!(own_code(&theirs, taken.into()), format!("evil/{taken}"));
        assert_eq!(own_code(&ours, taken.into()), taken);
    }
    assert_eq!(own_code(&theirs, "EnoughMemory".into()), "EnoughMemory");
    // The finding that a check could not do its job has the id of the check as its code.
    assert_eq!(own_code(&theirs, "preflight/evil".into()), "preflight/evil");
    let policy = FindingPolicy {
        ignored: ["numcpu".to_owned()].into(),
        ..FindingPolicy::default()
    };
    let finding = finding(&own_code(&theirs, "NumCPU".into()), Verdict::Fail);
    assert_eq!(policy.evaluate(&theirs, &finding), Judgement::Stands);
}
