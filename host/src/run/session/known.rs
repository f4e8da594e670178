//! Files and names of the node as a phase sees them. A rehearsal knows only the files and names of
//! its description.
use super::{Session, admit::AdmittedCall};
use crate::{
    arguments::AbsolutePath,
    config::{CERTIFICATES_DIR, KUBECONFIG_DIR},
    wasm::gate,
    world::{OpenFile, World, WorldResult, node::facts::not_checked_failure, state_directory},
};
use kubephase_wit::{Failure, FailureCode};
use serde_json::Value;
use std::path::Path;

/// Returns the failure of a call that was not granted.
pub(super) fn denied_failure(message: String) -> Failure {
    Failure::new(FailureCode::Denied, message)
}

impl Session {
    /// Opens a file, and checks the grant against the opened file: its real path has to be granted,
    /// and every user of the machine has to be able to read it. A file of the host is not opened
    /// for reading.
    fn open<'w>(
        &self,
        world: &'w dyn World,
        admitted: &AdmittedCall<AbsolutePath>,
    ) -> WorldResult<Box<dyn OpenFile + 'w>> {
        let path = &admitted.arguments;
        let is_read = admitted.row.function == gate::READ_FILE.row.function;
        let opened = if is_read {
            world
                .files()
                // A plugin may also read the files that it may change.
                .open_for_plugin(path, &self.0.shared.territory.for_change_of(path))?
        } else {
            world.files().open(path)?
        };
        self.0
            .access
            .check_file(admitted.row, path, &opened.real_path(), opened.is_public())
            .map_err(denied_failure)?;
        Ok(opened)
    }

    /// Opens a file like [`Session::open`]. A check gets the failure `not-checked` for a file whose
    /// absence this world cannot know.
    pub(super) fn open_known<'w>(
        &self,
        world: &'w dyn World,
        admitted: &AdmittedCall<AbsolutePath>,
    ) -> WorldResult<Box<dyn OpenFile + 'w>> {
        let (opened, path) = (self.open(world, admitted), &admitted.arguments);
        replace_not_found_if_unknown(opened, self.is_unknown_file(world, path), || {
            format!("whether the machine has {}", &**path)
        })
    }

    /// Returns the directory of the cluster's certificates.
    pub(super) fn certificates_directory(&self) -> &str {
        let configured = self.0.shared.config.pointer("/cluster/certificatesDir");
        let configured = configured.and_then(Value::as_str);
        configured
            .filter(|path| !path.is_empty())
            .unwrap_or(CERTIFICATES_DIR)
    }

    /// Whether a check asks for a file that this world does not know. A world always knows the
    /// files of Kubernetes, because the run makes them.
    pub(super) fn is_unknown_file(&self, world: &dyn World, path: &AbsolutePath) -> bool {
        let certificates = self.certificates_directory();
        let is_made_by_runs = MADE_BY_RUNS
            .into_iter()
            .chain([certificates])
            .any(|directory| Path::new(&**path).starts_with(directory));
        self.0.is_foreign_check && !world.has_all_files() && !is_made_by_runs
    }
}

/// The directories that runs of the program fill, in addition to the directory of the certificates.
/// On a fresh machine they are empty.
const MADE_BY_RUNS: [&str; 4] = [
    KUBECONFIG_DIR,
    "/var/lib/kubelet",
    "/var/lib/etcd",
    state_directory::DIRECTORY,
];

/// Replaces the failure `not-found` by `not-checked` if the world cannot know whether the machine
/// has the thing; `describe` names what would have to be known.
pub(super) fn replace_not_found_if_unknown<T>(
    answer: WorldResult<T>,
    is_unknown: bool,
    describe: impl FnOnce() -> String,
) -> WorldResult<T> {
    match answer {
        Err(failure) if failure.code == FailureCode::NotFound && is_unknown => {
            Err(not_checked_failure(&describe()))
        }
        answer => answer,
    }
}
