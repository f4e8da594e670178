use super::*;

const CLUSTER: &str = "apiVersion: kubeadm.k8s.io/v1beta4\nkind: \
    ClusterConfiguration\nkubernetesVersion: v1.36.2\n";

fn file(text: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cluster.yaml");
    fs::write(&path, text).unwrap();
    (folder, path)
}

/// Configurations without plugins, and with plugins that are written in several ways.
fn configurations() -> [String; 3] {
    [
        CLUSTER.to_owned(),
        format!(
            "# ours\n{CLUSTER}---\napiVersion: kubephase.dev/v1alpha1\nkind: \
             PhaseConfiguration\n# kept\nparallelism: 3\n"
        ),
        format!(
            "apiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\nplugins:\n  # \
             first\n  - name: a\n    source: a.wasm\n    settings:\n      x:\n      - name: \
             mine\n  - {{name: b, source: b.wasm}}\nparallelism: 2\n---\n{CLUSTER}"
        ),
    ]
}

#[test]
fn entries_come_and_go_and_comments_stay() {
    for text in configurations() {
        let (_folder, path) = file(&text);
        add(
            &path,
            "mine",
            "./mine.wasm",
            None,
            &["addon/kube-proxy".into()],
        )
        .unwrap()
        .write()
        .unwrap();
        let phases = config::read_phase_configuration(&path).unwrap();
        assert_eq!(
            phases.plugins.last().map(|entry| entry.source.as_str()),
            Some("./mine.wasm")
        );
        assert_eq!(phases.replaces["addon/kube-proxy"], "mine");
        add(&path, "mine", "./other.wasm", None, &[])
            .unwrap()
            .write()
            .unwrap();
        assert_eq!(
            config::read_phase_configuration(&path)
                .unwrap()
                .plugins
                .last()
                .map(|entry| entry.source.as_str()),
            Some("./other.wasm")
        );
        remove(&path, "mine").unwrap().write().unwrap();
        let left = fs::read_to_string(&path).unwrap();
        let mut lines = text
            .lines()
            .map(|line| line.split(['{', '}']).nth(1).unwrap_or(line));
        assert!(lines.all(|line| left.contains(line)), "{left}");
        assert_eq!(
            left.contains("name: mine"),
            text.contains("name: mine"),
            "{left}"
        );
    }
}

#[test]
fn the_signer_of_an_entry_is_set_and_changed() {
    for text in configurations() {
        let (_folder, path) = file(&text);
        add(&path, "mine", "./mine.wasm", None, &[])
            .unwrap()
            .write()
            .unwrap();
        let phases = config::read_phase_configuration(&path).unwrap();
        let keys = [
            "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3",
            "RWTbWXbxXdbEIqlMdoHVxfb8i0VMWL6EdHEQT7sVPqeNKgOJZJO/W+Ld",
        ];
        for key in keys {
            let signer = Signer::read(key).unwrap();
            for entry in phases.plugins.iter().rev() {
                add(&path, &entry.name, &entry.source, Some(&signer), &[])
                    .unwrap()
                    .write()
                    .unwrap();
            }
            let signed = config::read_phase_configuration(&path).unwrap();
            assert!(
                signed
                    .plugins
                    .iter()
                    .all(|entry| entry.signer.as_ref() == Some(&signer)),
                "{text}"
            );
        }
    }
}

#[test]
fn what_cannot_be_edited_is_left_alone() {
    let text =
        format!("{CLUSTER}---\n{{apiVersion: kubephase.dev/v1alpha1, kind: PhaseConfiguration}}\n");
    let (_folder, path) = file(&text);
    assert!(add(&path, "mine", "mine.wasm", None, &[]).is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    assert!(
        remove(&path, "nobody")
            .map(drop)
            .unwrap_err()
            .to_string()
            .contains("has no plugins")
    );
}

#[test]
fn an_empty_list_is_filled_and_a_list_in_one_line_is_left_alone() {
    let ours = "apiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\n";
    for empty in [
        "plugins: []",
        "plugins: [ ] # none yet",
        "plugins: []\nreplaces: {}",
        "replaces: {}\nplugins: []",
    ] {
        let (_folder, path) = file(&format!("{ours}{empty}\nparallelism: 2\n"));
        add(&path, "mine", "mine.wasm", None, &["addon/coredns".into()])
            .unwrap()
            .write()
            .unwrap();
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(
            text.lines()
                .filter(|line| line.starts_with("plugins:"))
                .count(),
            1,
            "{text}"
        );
        assert_eq!(
            text.lines()
                .filter(|line| line.starts_with("replaces:"))
                .count(),
            1,
            "{text}"
        );
        assert!(
            !empty.contains("none yet") || text.contains("plugins: # none yet\n"),
            "{text}"
        );
        let phases = config::read_phase_configuration(&path).unwrap();
        assert_eq!(
            (
                phases.plugins.len(),
                phases.replaces.len(),
                phases.parallelism
            ),
            (1, 1, Some(2))
        );
    }
    let (_folder, path) = file(&format!("{ours}plugins: [{{name: a, source: a.wasm}}]\n"));
    assert!(
        add(&path, "mine", "mine.wasm", None, &[])
            .map(drop)
            .unwrap_err()
            .to_string()
            .contains("cannot edit")
    );
}
