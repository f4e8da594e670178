//! Interrupted joins.
use crate::{
    joins::joining_node::{JoiningNode, text},
    support::{
        namespace,
        process::{LONGEST_RUN, Running},
    },
};
use rustix::process::Signal;
use std::{
    fs::{self, File},
    os::fd::AsRawFd,
    path::Path,
};

/// Opens `/etc/kubernetes` of the node; the folder stays readable after the namespace has ended.
fn open_kubernetes(running: &Running) -> Option<File> {
    let id = running.id();
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).ok()?;
    let program = children.split_whitespace().next()?;
    File::open(format!("/proc/{program}/root/etc/kubernetes")).ok()
}

fn has_bootstrap_credentials(folder: &File) -> bool {
    Path::new(&format!(
        "/proc/self/fd/{}/bootstrap-kubelet.conf",
        folder.as_raw_fd()
    ))
    .exists()
}

#[test]
fn an_interrupted_join_leaves_no_bootstrap_credentials() {
    if !namespace::is_possible() {
        return;
    }
    let joining = JoiningNode::start();
    let path = joining.node.folder().join("admin.conf");
    fs::write(&path, joining.kubeconfig().to_string()).unwrap();
    for signals in [&[Signal::TERM][..], &[Signal::INT, Signal::TERM]] {
        // The kubelet that this starts never answers, so that the join waits for it.
        let arguments = [
            "join",
            "--ignore-preflight-errors=all",
            "--discovery-file",
            text(&path),
        ];
        let running = namespace::start(&joining.node, None, &arguments);
        running.wait_for_output("healthy kubelet");
        let folder = open_kubernetes(&running).expect("the program runs");
        assert!(has_bootstrap_credentials(&folder), "{}", running.printed());
        signals
            .iter()
            .for_each(|signal| namespace::signal(&running, *signal));
        let result = running.wait(LONGEST_RUN);
        assert_eq!(result.status, 130, "{signals:?}: {}", result.output());
        assert!(
            !has_bootstrap_credentials(&folder),
            "{signals:?} leaves credentials: {}",
            result.output()
        );
    }
}
