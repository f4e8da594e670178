//! `plan`: the examples, phases that are left out, and an addon that another replaces.
use crate::{assert_snapshot, component, workbench::Workbench};
use harness::workspace;

const DISABLED: &str = "\
apiVersion: kubephase.dev/v1alpha1
kind: PhaseConfiguration
disabledPhases: [addon/kube-proxy, certs/sa]
";

const OTHER_DNS: &str = "\
name: other-dns
version: 1.2.3
provides:
- {id: addon/other-dns, title: Serve DNS, kind: addon, workflow: [init], replaces: [addon/coredns]}
";

/// Plans `init` and compares the plan with a snapshot.
fn expect_plan(bench: &Workbench, name: &str, arguments: &str) {
    let line = format!("plan init --node node.yaml {arguments}");
    let text = bench.filter(&bench.succeed(&line));
    assert_snapshot("plan", name, &format!("kubephase {line}"), &text);
}

#[test]
fn the_plan_of_each_example() {
    let bench = Workbench::new();
    for name in ["single-node", "ha", "external-etcd"] {
        let config = workspace().join("examples").join(name).join("cluster.yaml");
        bench.write(
            "cluster.yaml",
            std::fs::read(config).expect("the example is there"),
        );
        expect_plan(&bench, name, "--config cluster.yaml");
    }
}

#[test]
fn every_format_of_a_plan() {
    let bench = Workbench::new();
    for format in ["json", "dot", "mermaid"] {
        expect_plan(
            &bench,
            format,
            &format!("--config cluster.yaml -o {format}"),
        );
    }
}

#[test]
fn phases_that_are_left_out_have_a_reason() {
    let bench = Workbench::new();
    let line = "--config cluster.yaml --skip-phases addon/coredns,preflight";
    expect_plan(&bench, "skipped", line);
    let text = std::fs::read_to_string(bench.folder().join("cluster.yaml")).expect("it is there");
    bench.write("disabled.yaml", format!("{text}---\n{DISABLED}"));
    for format in ["text", "json", "dot", "mermaid"] {
        let line = format!("--config disabled.yaml -o {format}");
        expect_plan(&bench, &format!("disabled-{format}"), &line);
    }
}

#[test]
fn an_addon_that_another_replaces_is_named() {
    let bench = Workbench::new();
    bench.write("other-dns.wasm", component::with_manifest(OTHER_DNS));
    bench.succeed("plugin add other-dns.wasm --config cluster.yaml");
    for format in ["text", "json"] {
        let line = format!("--config cluster.yaml -o {format}");
        expect_plan(&bench, &format!("replaced-{format}"), &line);
    }
}
