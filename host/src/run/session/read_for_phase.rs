//! Files that the host reads for a phase: the phase gets facts about them, or the host sends them
//! to a server. A plugin's file is opened once, so that the file that is checked against the grant
//! is the file that is read.
use super::{Session, known::denied_failure};
use crate::{
    arguments::AbsolutePath,
    run::owners,
    secret::Secret,
    wasm::gate::{Row, owner_of_path},
    world::{
        OpenFile, TlsFile, World, WorldResult,
        judged_file::{read_judged, text_of},
        node::facts::not_checked_failure,
        text_file::read_secret_text,
    },
};
use kubephase_wit::{Failure, FailureCode};

impl Session {
    /// Reads a file for its facts; `None` if it does not exist. Checks the real path against the
    /// grant.
    ///
    /// # Errors
    /// The file cannot be read, or was not granted.
    pub(super) fn read_for_facts(
        &self,
        world: &dyn World,
        row: &'static Row,
        path: &AbsolutePath,
    ) -> WorldResult<Option<Secret<String>>> {
        if !self.is_plugin() {
            return read_secret_text(world.files(), path);
        }
        let content = read_judged(world.files(), path, |opened: &dyn OpenFile| {
            self.check_real_path(row, path, opened)
        })?;
        if content.is_none() && self.is_unknown_file(world, path) {
            return Err(not_checked_failure(&format!(
                "whether the machine has {}",
                &**path
            )));
        }
        Ok(content.as_ref().map(text_of))
    }

    fn check_real_path(
        &self,
        row: &'static Row,
        path: &AbsolutePath,
        opened: &dyn OpenFile,
    ) -> WorldResult<()> {
        // The phase does not see the content, so the file need not be readable by every user.
        self.0
            .access
            .check_file(row, path, &opened.real_path(), true)
            .map_err(denied_failure)
    }

    /// Reads a file that is sent to a server as the identity of the phase; `None` without a path.
    /// The grant has to have the real path of the file. If the file belongs to the host, the grant
    /// also has to allow that.
    ///
    /// # Errors
    /// The phase may not send the file. If the file cannot be read, the request fails instead.
    pub(super) fn read_identity(
        &self,
        world: &dyn World,
        row: &'static Row,
        path: Option<&AbsolutePath>,
    ) -> WorldResult<Option<TlsFile>> {
        let Some(path) = path else {
            return Ok(None);
        };
        let content = if self.is_plugin() {
            self.check_identity(world, row, path)?;
            let read = read_judged(world.files(), path, |opened: &dyn OpenFile| {
                self.check_real_path(row, path, opened)?;
                self.check_identity(world, row, &opened.real_path())
            })?;
            read.ok_or_else(|| missing(path))
        } else {
            world.files().read(path).map(Secret::new)
        };
        Ok(Some(TlsFile {
            path: path.to_string(),
            content,
        }))
    }

    /// Checks a path of a file that identifies the phase to a server.
    fn check_identity(&self, world: &dyn World, row: &'static Row, path: &str) -> WorldResult<()> {
        if let Some(plugin) = self
            .third_party()
            .filter(|own| owner_of_path(path) == Some(own))
            && let Some(identity) = self.0.shared.identities.get(plugin)
        {
            owners::check_owner(world.files(), plugin, identity)?;
        }
        let is_hosts = self.0.shared.territory.owns(path);
        let verdict = self.0.access.check_identity(row, path, is_hosts);
        verdict.map_err(denied_failure)
    }
}

fn missing(path: &AbsolutePath) -> Failure {
    Failure::new(FailureCode::NotFound, format!("{path} does not exist"))
}
