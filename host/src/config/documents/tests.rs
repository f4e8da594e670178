use super::*;

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
        let problems = read(&path).unwrap_err();
        let found: Vec<u64> = problems
            .0
            .iter()
            .filter_map(|problem| problem.line)
            .collect();
        assert_eq!(found, lines, "{text}: {problems}");
    }
}
