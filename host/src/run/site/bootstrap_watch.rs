//! Notices the kubeconfig that a kubelet bootstraps with, so that it does not stay after a run.
use crate::event::{Event, EventKind, Subscriber};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// The kubeconfig with which a kubelet requests its certificate (kubeadm's path). It holds a token.
pub(super) const BOOTSTRAP_KUBECONFIG: &str = "/etc/kubernetes/bootstrap-kubelet.conf";

/// Notices when a run writes the kubelet's bootstrap credentials.
#[derive(Default)]
pub(super) struct BootstrapWatch {
    pub(super) is_written: Arc<AtomicBool>,
}

impl Subscriber for BootstrapWatch {
    fn on_event(&mut self, event: &Event) {
        if let EventKind::Effect { made, .. } = &event.kind
            && made.iter().any(|path| path == BOOTSTRAP_KUBECONFIG)
        {
            self.is_written.store(true, Ordering::Relaxed);
        }
    }
}
