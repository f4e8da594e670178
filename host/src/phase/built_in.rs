//! What a built-in row of the catalog is, and how its phase is made.
use super::{
    catalog::{Kind, Workflow},
    init, join, reset,
};
use crate::run::session::Session;
use kubephase_sdk::{Native, Phase, kubeadm::Config};
use kubephase_wit::phase::Host;

/// One built-in row. What lacks a phase is a group.
pub struct BuiltIn {
    pub id: &'static str,
    pub title: &'static str,
    pub kind: Kind,
    pub needs: &'static [&'static str],
    pub requires: &'static [&'static str],
    pub aliases: &'static [&'static str],
    pub flags: &'static [&'static str],
    /// about how many milliseconds pass until it is of use: of what is ready, what holds up the
    /// most goes first
    pub typical: u32,
    /// begun even where the run was stopped, if what it needs has settled: it puts away what that
    /// left open
    pub tidies: bool,
    pub make: Option<Make>,
}

pub type Make = fn(Session) -> Box<dyn Host + Send>;

fn native<P: Phase + 'static>(session: Session) -> Box<dyn Host + Send> {
    Box::new(Native::<P, _>::new(session))
}

pub(super) const fn group(
    id: &'static str,
    title: &'static str,
    flags: &'static [&'static str],
) -> BuiltIn {
    BuiltIn {
        id,
        title,
        kind: Kind::Group,
        needs: &[],
        requires: &[],
        aliases: &[],
        flags,
        typical: 0,
        tidies: false,
        make: None,
    }
}

pub(super) const fn phase<P: Phase + 'static>(
    id: &'static str,
    title: &'static str,
    needs: &'static [&'static str],
    flags: &'static [&'static str],
) -> BuiltIn {
    BuiltIn {
        id,
        title,
        kind: Kind::Phase,
        needs,
        requires: &[],
        aliases: &[],
        flags,
        typical: PLAIN,
        tidies: false,
        make: Some(native::<P>),
    }
}

/// A phase that makes a key pair.
pub(super) const fn keyed<P: Phase + 'static>(
    id: &'static str,
    title: &'static str,
    needs: &'static [&'static str],
    flags: &'static [&'static str],
) -> BuiltIn {
    BuiltIn {
        typical: KEY,
        ..phase::<P>(id, title, needs, flags)
    }
}

pub(super) const fn check<P: Phase + 'static>(
    id: &'static str,
    title: &'static str,
    flags: &'static [&'static str],
) -> BuiltIn {
    BuiltIn {
        kind: Kind::Check,
        ..phase::<P>(id, title, &[], flags)
    }
}

/// Milliseconds of a phase that writes a file, of an RSA key, of a kubelet until it looks at
/// manifests, of etcd, and of an API server.
pub(super) const PLAIN: u32 = 5;
pub(super) const KEY: u32 = 60;
pub(super) const KUBELET: u32 = 500;
pub(super) const ETCD_UP: u32 = 1000;
pub(super) const API: u32 = 3000;

/// The phase that keeps the PhaseConfiguration in the cluster.
pub use super::upload_config::PHASES as KEEPS_PHASES;
/// What `join` has for members of the control plane alone.
pub use join::CONTROL_PLANE as OF_CONTROL_PLANE;

/// The distribution's own rows of a workflow.
pub fn rows(workflow: Workflow) -> &'static [BuiltIn] {
    match workflow {
        Workflow::Init => init::ROWS,
        Workflow::Join => join::ROWS,
        Workflow::Reset => reset::ROWS,
        Workflow::Upgrade => &[],
    }
}

/// How to make a built-in phase; every row with a phase has one.
///
/// # Panics
/// For an id that is no built-in phase: plans are made of rows.
pub fn make(workflow: Workflow, id: &str) -> Make {
    rows(workflow)
        .iter()
        .find(|row| row.id == id)
        .and_then(|row| row.make)
        .expect("a plan's built-in phases are rows of the catalog")
}

/// What is said when a group is entered.
pub fn header<S>(group: &str, config: &Config<S>) -> Vec<String> {
    let kubeconfigs = || format!("Using kubeconfig folder {:?}", config.run.kubeconfig_dir);
    match group {
        "preflight" => vec!["Running pre-flight checks".into()],
        "certs" | "control-plane-prepare/certs" => vec![format!(
            "Using certificateDir folder {:?}",
            config.cluster.certificates_dir
        )],
        "kubeconfig" => vec![kubeconfigs()],
        "control-plane-prepare/kubeconfig" => {
            vec!["Generating kubeconfig files".into(), kubeconfigs()]
        }
        "control-plane" => vec![format!(
            "Using manifest folder {:?}",
            crate::render::MANIFESTS
        )],
        _ => Vec::new(),
    }
}
