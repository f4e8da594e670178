use super::*;
use std::path::Path;

/// Returns the candidates of a user whose home is `/home/ada`.
fn candidates(variable: Option<&str>) -> Vec<PathBuf> {
    kubeconfig_candidates(variable.map(Into::into), Some("/home/ada".into()))
}

#[test]
fn kubeconfigs_are_looked_for_in_kubeadms_order() {
    assert_eq!(
        candidates(None),
        ["/home/ada/.kube/config", ADMIN_KUBECONFIG].map(PathBuf::from)
    );
    assert_eq!(
        candidates(Some("")),
        ["/home/ada/.kube/config", ADMIN_KUBECONFIG].map(PathBuf::from)
    );
    assert_eq!(
        candidates(Some("/a::b")),
        ["/a", "b", ADMIN_KUBECONFIG].map(PathBuf::from)
    );
    let folder = tempfile::tempdir().unwrap();
    let (missing, existing) = (folder.path().join("none"), folder.path().to_owned());
    assert_eq!(
        first_existing(&[missing.clone(), existing.clone()]),
        existing
    );
    assert_eq!(
        first_existing(&[missing.clone(), missing.join("more")]),
        missing
    );
}

fn connect(path: &Path) -> Result<Connection> {
    ClusterFlags {
        kubeconfig: Some(path.to_owned()),
        dry_run: false,
    }
    .connect()
}

#[test]
fn a_kubeconfig_that_cannot_be_used_is_refused_with_a_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("none");
    let why = connect(&missing).map(drop).unwrap_err().to_string();
    assert!(
        why.starts_with(&format!(
            "failed to load admin kubeconfig: open {}: no such file or directory\n",
            missing.display()
        )),
        "{why}"
    );
    assert!(why.contains("--kubeconfig") && connect(folder.path()).is_err());
}
