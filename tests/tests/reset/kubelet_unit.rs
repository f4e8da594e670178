//! The drop-in that passes kubeadm's files to the kubelet, on a machine whose packages bring none.
use crate::{rehearse, reset};
use std::{fs, path::Path};

const UNIT: &str = "usr/lib/systemd/system/kubelet.service";
const DROP_INS: &str = "etc/systemd/system/kubelet.service.d";

/// Returns a tree with these files.
fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in files {
        let path = folder.path().join("root").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn journal(root: &Path) -> String {
    let folder = root.join("var/lib/kubephase");
    let files = crate::files(&folder)
        .into_iter()
        .filter_map(|path| fs::read_to_string(path).ok());
    files.collect()
}

#[test]
fn a_unit_that_passes_nothing_gets_a_drop_in_that_a_reset_removes() {
    let folder = tree(&[(UNIT, "[Service]\nExecStart=/usr/bin/kubelet --v=2\n")]);
    let root = folder.path().join("root");
    rehearse(&root);
    let drop_in = root.join(DROP_INS).join("10-kubeadm.conf");
    let text = fs::read_to_string(&drop_in).unwrap();
    assert!(
        text.contains("EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env"),
        "{text}"
    );
    assert!(
        text.contains("\nExecStart=/usr/bin/kubelet --v=2 $KUBELET_KUBECONFIG_ARGS"),
        "{text}"
    );
    assert!(journal(&root).contains("KubeletDropIn"));
    // A second run does not change it.
    rehearse(&root);
    assert_eq!(fs::read_to_string(&drop_in).unwrap(), text);
    let output = reset(&root, "--force");
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert!(!drop_in.exists() && root.join(UNIT).is_file());
}

#[test]
fn the_drop_in_of_a_package_is_left_alone() {
    let packaged = "[Service]\nEnvironment=\"ARGS=--bootstrap-kubeconfig=/b --config=/c\"\n\
        EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env\nExecStart=\n\
        ExecStart=/usr/bin/kubelet $ARGS $KUBELET_KUBEADM_ARGS\n";
    let package = "usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf";
    let bare = "[Service]\nExecStart=/usr/bin/kubelet\n";
    let folder = tree(&[(UNIT, bare), (package, packaged)]);
    let root = folder.path().join("root");
    rehearse(&root);
    assert!(!root.join(DROP_INS).exists());
    reset(&root, "--force").expect_success();
    assert_eq!(fs::read_to_string(root.join(package)).unwrap(), packaged);
}

#[test]
fn a_machine_without_a_unit_gets_no_drop_in() {
    let folder = tree(&[]);
    let root = folder.path().join("root");
    rehearse(&root);
    assert!(!root.join(DROP_INS).exists() && !journal(&root).contains("KubeletDropIn"));
}
