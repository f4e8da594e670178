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

/// If each document were compared with all others, this would take minutes.
#[test]
fn a_file_may_have_very_many_documents() {
    let document = |number: usize| format!("apiVersion: a/v1\nkind: K{number}\n");
    let many: Vec<String> = (0..40_000).map(document).collect();
    let text = many.join("---\n") + "---\n" + &document(7);
    let Problems(problems) = parse_file(Path::new("a.yaml"), text.as_bytes()).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].message.contains("\"K7\" is specified twice"));
    let documents = parse_file(Path::new("a.yaml"), many.join("---\n").as_bytes());
    assert_eq!(documents.unwrap().len(), 40_000);
}

#[test]
fn documents_that_no_cluster_can_keep_are_refused() {
    let read = |bytes: usize, group: &str| {
        let text = format!(
            "apiVersion: {group}/v1\nkind: K\na: {}\n",
            "x".repeat(bytes)
        );
        parse_file(Path::new("cluster.yaml"), text.as_bytes()).map(|documents| documents.len())
    };
    assert_eq!(read(1_000_000, GROUP).unwrap(), 1);
    assert_eq!(read(1_100_000, "kubephase.dev").unwrap(), 1);
    let refused = read(1_100_000, GROUP).unwrap_err().to_string();
    assert!(refused.contains("a cluster can keep 1048576"), "{refused}");
}
