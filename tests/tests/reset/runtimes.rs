//! Nodes with several container runtimes.
use crate::{PROGRAM, tree};
use harness::{kubephase, run};
use std::{fs, process::Stdio};

/// Runs a command. Returns whether it is refused because there are several runtime sockets.
fn fails_for_several_runtimes(line: &str) -> bool {
    let output = run(kubephase(PROGRAM)
        .args(line.split_whitespace())
        .stdin(Stdio::null()));
    let is_refused = output
        .stderr
        .contains("found multiple CRI endpoints on the host");
    assert_eq!(is_refused, output.status == 3, "{line}: {}", output.stderr);
    is_refused
}

/// Several runtime sockets are an error only if one has to be chosen: not if the kubelet's own
/// settings name one, and not in a phase that does not use the runtime.
#[test]
fn several_runtimes_are_an_error_only_if_one_has_to_be_chosen() {
    let (folder, root) = tree();
    let node = folder.path().join("node.yaml");
    let sockets =
        ["containerd/containerd", "crio/crio"].map(|name| format!("unix:///var/run/{name}.sock"));
    fs::write(&node, format!("criSockets: [{}]\n", sockets.join(", "))).unwrap();
    let place = format!("--node {} --root {}", node.display(), root.display());
    let fails = |line: &str| fails_for_several_runtimes(&format!("{line} {place}"));
    let settings = root.join("var/lib/kubelet/instance-config.yaml");
    assert!(
        fs::read_to_string(&settings)
            .unwrap()
            .contains("containerd.sock")
    );
    assert!(
        !fails("reset --dry-run"),
        "the kubelet's settings name a socket"
    );
    fs::remove_file(settings).unwrap();
    assert!(fails("reset --dry-run") && fails("reset phase cleanup-node --dry-run"));
    assert!(
        !fails(&format!("reset --dry-run --cri-socket {}", sockets[1])),
        "a flag names a socket"
    );
    assert!(
        !fails("reset phase remove-etcd-member --dry-run")
            && !fails("init phase certs ca --dry-run")
    );
    assert!(fails("init phase kubelet-start --dry-run"));
    fs::write(
        root.join("var/lib/kubelet/kubeadm-flags.env"),
        format!(
            "KUBELET_KUBEADM_ARGS=\"--container-runtime-endpoint={}\"\n",
            sockets[1]
        ),
    )
    .unwrap();
    assert!(
        !fails("reset --dry-run"),
        "a flag of the kubelet names a socket"
    );
}
