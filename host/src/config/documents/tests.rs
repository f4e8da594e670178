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

fn texts(text: &str) -> Vec<String> {
    split(text).into_iter().map(|(_, text)| text).collect()
}

#[test]
fn separators_separate_as_they_do_for_kubeadm() {
    assert_eq!(texts("a: 1\n---\nb: 1\n"), ["a: 1\n", "b: 1\n"]);
    assert_eq!(texts("a: 1\n---\n---\nb: 1\n"), ["a: 1\n", "---\nb: 1\n"]);
    assert_eq!(texts("---\n---\na: 1\n"), ["---\n", "a: 1\n"]);
    assert_eq!(texts("a: 1\n--- # end\n"), ["a: 1\n"]);
    assert_eq!(texts("\u{feff}a: 1\n---\r\nb: 1"), ["a: 1\n", "b: 1"]);
    assert_eq!(texts(""), [""; 0]);
    assert_eq!(split("a: 1\nb: 2\n---\nc: 3\n")[1].0, 3);
}
