use super::*;
use crate::{
    config::{ConfigFile, JoinFlags, load_join, machine::MachineFolder},
    world::{fixed_objects::FixedObjects, node::facts::NodeFacts},
};
use serde_json::json;
use std::fs;

const PHASES: &str = "apiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\n";
const JOIN: &str = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\ndiscovery:\n  \
    bootstrapToken: {apiServerEndpoint: '192.0.2.2:6443', token: abcdef.0123456789abcdef, \
    unsafeSkipCAVerification: true}\n";

/// Returns the PhaseConfiguration that the cluster keeps: two plugins with their digests, a rule,
/// and a waiver.
fn stored() -> String {
    format!(
        "{PHASES}plugins:\n- {{name: fleet, source: 'oci://registry.example/fleet:1', digest: \
         '{0}', settings: {{a: '<secret:setting>', b: 1}}}}\n- {{name: audit, source: \
         'oci://registry.example/audit:1', digest: '{0}'}}\nrules: [{{code: X, that: \
         'node.cpus > 1'}}]\nwaivers: [{{check: NumCPU, reason: small nodes}}]\nparallelism: 3\n",
        "0".repeat(64)
    )
}

/// Completes the configuration of a node with these files. Returns it with its new warnings.
fn completed(
    stored: Option<&str>,
    operator: &str,
    machine: &[(&str, String)],
) -> Result<(PhaseConfiguration, String)> {
    let tree = tempfile::tempdir().unwrap();
    let folder = tree.path().join("etc/kubephase/conf.d");
    fs::create_dir_all(&folder).unwrap();
    for (name, text) in machine {
        fs::write(folder.join(name), text).unwrap();
    }
    let named = tree.path().join("join.yaml");
    fs::write(&named, format!("{JOIN}{operator}")).unwrap();
    let file = ConfigFile::find(Some(&named), &MachineFolder::at_root(tree.path())).unwrap();
    let loaded = load_join(file.as_ref(), &JoinFlags::default(), &NodeFacts::default()).unwrap();
    let map = stored.map(|text| {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": NAME, "namespace": "kube-system"},
            "data": {"PhaseConfiguration": text},
        })
    });
    let cluster = FixedObjects(map.into_iter().collect());
    let mut warnings = Vec::new();
    let phases = complete(
        loaded.phases,
        loaded.machine_phases,
        &cluster,
        &mut warnings,
    )?;
    Ok((phases, Problems(warnings).to_string()))
}

fn names(phases: &PhaseConfiguration) -> Vec<&str> {
    let plugins = phases.plugins.iter();
    plugins.map(|entry| entry.name.as_str()).collect()
}

#[test]
fn the_machines_files_add_to_what_the_cluster_keeps() {
    let machine = format!("{PHASES}plugins: [{{name: local, source: ./local.wasm}}]\n");
    let (phases, warnings) = completed(Some(&stored()), "", &[("10.yaml", machine)]).unwrap();
    assert_eq!(names(&phases), ["fleet", "audit", "local"]);
    assert!(
        phases.plugins[..2]
            .iter()
            .all(|entry| entry.digest.is_some() && entry.file.is_none())
    );
    assert!(
        phases.plugins[2]
            .file
            .as_ref()
            .unwrap()
            .ends_with("10.yaml")
    );
    assert_eq!((phases.rules.len(), phases.waivers.len()), (1, 1));
    assert_eq!(phases.parallelism, Some(3));
    assert_eq!(warnings, "");
}

#[test]
fn a_setting_of_the_machine_completes_the_clusters_entry() {
    let machine = format!(
        "{PHASES}plugins: [{{name: fleet, source: 'oci://registry.example/fleet:1', settings: {{a: \
         hunter2}}}}]\nparallelism: 9\n"
    );
    let (phases, warnings) = completed(Some(&stored()), "", &[("10.yaml", machine)]).unwrap();
    assert_eq!(names(&phases), ["fleet", "audit"]);
    let fleet = &phases.plugins[0];
    assert!(fleet.digest.is_some());
    assert_eq!(
        fleet.settings.as_ref().unwrap().0,
        json!({"a": "hunter2", "b": 1})
    );
    assert_eq!(phases.parallelism, Some(9));
    assert!(
        warnings.contains("parallelism: this value is used")
            && warnings.contains("ConfigMap kube-system/kubephase-config")
            && !warnings.contains("hunter2"),
        "{warnings}"
    );
}

#[test]
fn without_one_of_the_two_the_other_counts() {
    let machine = format!("{PHASES}disabledPhases: [addon/coredns]\n");
    let (phases, _) = completed(None, "", &[("10.yaml", machine)]).unwrap();
    assert_eq!(phases.disabled_phases, ["addon/coredns"]);
    let (phases, warnings) = completed(Some(&stored()), "", &[]).unwrap();
    assert_eq!(
        (names(&phases), warnings.as_str()),
        (vec!["fleet", "audit"], "")
    );
    let unreadable = completed(Some("x: ["), "", &[]).unwrap_err().to_string();
    assert!(unreadable.contains("kubephase-config"), "{unreadable}");
}

#[test]
fn an_operator_who_leaves_out_what_the_cluster_keeps_is_told() {
    let own = format!("---\n{PHASES}plugins: [{{name: fleet, source: ./fleet.wasm}}]\n");
    for machine in [
        vec![],
        vec![("10.yaml", format!("{PHASES}parallelism: 2\n"))],
    ] {
        let (phases, warnings) = completed(Some(&stored()), &own, &machine).unwrap();
        assert_eq!(names(&phases), ["fleet"]);
        assert!(
            warnings.contains("without plugin audit, 1 rule of the cluster")
                && !warnings.contains("plugin fleet"),
            "{warnings}"
        );
    }
    let with_checks = format!("{}checks: [recommended]\n", stored());
    let (_, warnings) = completed(Some(&with_checks), &own, &[]).unwrap();
    assert!(warnings.contains("the checks `recommended`"), "{warnings}");
    let machine = format!("{PHASES}checks: [recommended]\n");
    let (phases, warnings) = completed(Some(&with_checks), "", &[("10.yaml", machine)]).unwrap();
    assert_eq!((phases.checks.len(), warnings.as_str()), (1, ""));
    let all = format!("---\n{}", stored());
    assert_eq!(completed(Some(&stored()), &all, &[]).unwrap().1, "");
    assert_eq!(completed(None, &own, &[]).unwrap().1, "");
}
