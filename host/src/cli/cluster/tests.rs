use super::*;
use std::path::Path;

#[test]
fn kubeconfigs_are_looked_for_in_kubeadms_order() {
    let home = || Some(PathBuf::from("/home/ada"));
    let texts = |paths: Vec<PathBuf>| {
        paths
            .iter()
            .map(|path| path.display().to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        texts(kubeconfig_candidates(None, home())),
        ["/home/ada/.kube/config", ADMIN]
    );
    assert_eq!(
        texts(kubeconfig_candidates(Some("".into()), home())),
        ["/home/ada/.kube/config", ADMIN]
    );
    assert_eq!(
        texts(kubeconfig_candidates(Some("/a::b".into()), home())),
        ["/a", "b", ADMIN]
    );
    let folder = tempfile::tempdir().unwrap();
    let (missing, there) = (folder.path().join("none"), folder.path().to_owned());
    assert_eq!(first_existing(&[missing.clone(), there.clone()]), there);
    assert_eq!(
        first_existing(&[missing.clone(), missing.join("more")]),
        missing
    );
}

#[test]
fn a_kubeconfig_that_cannot_be_used_is_refused_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let connect = |path: &Path| {
        ClusterFlags {
            kubeconfig: Some(path.to_owned()),
            dry_run: false,
        }
        .connect()
        .map(drop)
    };
    let missing = folder.path().join("none");
    let why = connect(&missing).unwrap_err().to_string();
    assert!(
        why.starts_with(&format!(
            "failed to load kubeconfig: open {}: no such file or directory\n",
            missing.display()
        )),
        "{why}"
    );
    assert!(why.contains("--kubeconfig") && connect(folder.path()).is_err());
}
