use super::*;

#[test]
fn a_file_is_read_once_for_all_clones() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cluster.yaml");
    let file = ConfigFile::at(&path);
    let clone = file.clone();
    std::fs::write(&path, "apiVersion: a/v1\nkind: B\n").unwrap();
    assert_eq!(file.documents().unwrap()[0].kind, "B");
    std::fs::write(&path, "{").unwrap();
    assert_eq!(clone.documents().unwrap()[0].kind, "B");
    let problems = ConfigFile::at(&path).documents().unwrap_err();
    assert!(problems.to_string().contains("not YAML"), "{problems}");
}

#[test]
fn every_document_and_line_that_is_not_one_is_a_problem_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cluster.yaml");
    let refused = [
        ("apiVersion: a/v1\nkind: [\n---\nkind: B\n", vec![2, 4]),
        ("apiVersion: a/v1\nkind: B\n--- !!map\n", vec![3]),
        (
            "{\"apiVersion\": \"kubeadm.k8s.io/v1beta4\", \"kind\": \"B\"}\n# end\n",
            vec![2],
        ),
        ("{apiVersion: kubeadm.k8s.io/v1beta4, kind: B}\n", vec![1]),
    ];
    for (text, lines) in refused {
        std::fs::write(&path, text).unwrap();
        let problems = ConfigFile::at(&path).documents().unwrap_err();
        let found: Vec<u64> = problems
            .0
            .iter()
            .filter_map(|problem| problem.line)
            .collect();
        assert_eq!(found, lines, "{text}: {problems}");
    }
}
