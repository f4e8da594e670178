use super::*;
use std::{fs, path::PathBuf};

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.yaml");
    fs::write(&path, text).unwrap();
    (folder, path)
}

fn load(text: &str, flags: &ApplyFlags) -> Result<(LoadedUpgrade, UpgradeOptions), Problems> {
    let (_folder, path) = file(text);
    let config = ConfigFile::at(&path);
    let loaded = load_upgrade(Some(&config), &flags.flags_instead_of_config())?;
    let mut options = loaded.upgrade.apply.clone();
    flags.merge_into(&mut options)?;
    Ok((loaded, options))
}

fn flags_with_versions(given: &[&str]) -> ApplyFlags {
    ApplyFlags {
        version: given.iter().map(ToString::to_string).collect(),
        ..ApplyFlags::default()
    }
}

const HEADER: &str = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: UpgradeConfiguration\n";

#[test]
fn what_the_file_leaves_out_has_kubeadms_defaults() {
    let (loaded, apply) = load(HEADER, &flags_with_versions(&["v1.36.2"])).unwrap();
    assert_eq!(apply.kubernetes_version, "v1.36.2");
    for options in [&apply, &loaded.upgrade.node] {
        assert_eq!(options.certificate_renewal, Some(true));
        assert_eq!(options.etcd_upgrade, Some(true));
        assert_eq!(options.image_pull_serial, Some(true));
        assert_eq!(options.image_pull_policy, "IfNotPresent");
        assert_eq!(options.dry_run, None);
    }
    assert_eq!(loaded.upgrade.plan.etcd_upgrade, Some(true));
    assert_eq!(loaded.upgrade.diff.context_lines, 0);
    let limit = loaded.upgrade.timeouts.unwrap().upgrade_manifests;
    assert_eq!(limit.unwrap().as_secs(), 300);
}

#[test]
fn the_argument_and_flags_win_over_the_file() {
    let text = format!(
        "{HEADER}apply: {{kubernetesVersion: v1.36.0, dryRun: true, etcdUpgrade: false, \
         skipPhases: [addon], ignorePreflightErrors: [CreateJob]}}\n"
    );
    let (_, from_file) = load(&text, &flags_with_versions(&[])).unwrap();
    assert_eq!(from_file.kubernetes_version, "v1.36.0");
    assert_eq!(
        (from_file.dry_run, from_file.etcd_upgrade),
        (Some(true), Some(false))
    );
    let flags = ApplyFlags {
        ignore_preflight_errors: vec!["ImagePull".into()],
        ..flags_with_versions(&["v1.36.1"])
    };
    let (_, merged) = load(&text, &flags).unwrap();
    assert_eq!(merged.kubernetes_version, "v1.36.1");
    assert_eq!(merged.ignore_preflight_errors, ["createjob", "imagepull"]);
    assert_eq!(merged.skip_phases, ["addon"]);
    // Two versions are refused only if the file has no `kubernetesVersion`; otherwise both are
    // ignored (kubeadm behaviour).
    let (_, with_two_versions) =
        load(&text, &flags_with_versions(&["v1.36.1", "v1.36.2"])).unwrap();
    assert_eq!(with_two_versions.kubernetes_version, "v1.36.0");
}

#[test]
fn refusals_are_in_kubeadms_words() {
    let none: &[&str] = &[];
    for (text, version, expected) in [
        (
            HEADER.to_owned(),
            none,
            "missing one or more required arguments. Required arguments: [version]",
        ),
        (
            HEADER.to_owned(),
            &[""],
            "missing one or more required arguments. Required arguments: [version]",
        ),
        (
            HEADER.to_owned(),
            &["a", "b"],
            "too many arguments. Required arguments: [version]",
        ),
        (
            "apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\n".to_owned(),
            &["v1.36.2"],
            "no UpgradeConfiguration found in the supplied config",
        ),
        (
            format!("{HEADER}node: {{patches: {{directory: p}}}}\n"),
            &["v1.36.2"],
            "node.patches.directory: Invalid value: \"p\": path is not absolute",
        ),
        (
            format!("{HEADER}apply: {{imagePullPolicy: Often}}\n"),
            &["v1.36.2"],
            "apply.imagePullPolicy",
        ),
        (
            format!("{HEADER}apply: {{ignorePreflightErrors: [all, Swap]}}\n"),
            &["v1.36.2"],
            "don't specify individual checks if 'all' is used",
        ),
    ] {
        let problems = load(&text, &flags_with_versions(version)).unwrap_err();
        assert!(problems.to_string().contains(expected), "{problems}");
    }
    let flags = ApplyFlags {
        force: Some(true),
        patches: Some("/p".into()),
        ..flags_with_versions(&["v1.36.2"])
    };
    let problems = load(HEADER, &flags).unwrap_err();
    let expected = "can not mix '--config' with arguments [force patches]";
    assert!(problems.to_string().contains(expected), "{problems}");
}

#[test]
fn fields_of_other_commands_are_unknown() {
    let text = format!("{HEADER}node: {{forceUpgrade: true, kubernetesVersion: v1.36.2}}\n");
    let (loaded, _) = load(&text, &flags_with_versions(&["v1.36.2"])).unwrap();
    let warnings: Vec<String> = loaded.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].contains("unknown field"), "{warnings:?}");
}
