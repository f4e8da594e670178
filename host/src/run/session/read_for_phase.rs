//! Files that the host reads for a phase and tells the phase facts of, or shows to a server. A
//! plugin's are opened once: what is checked against the grant is what is read.
use super::{Session, observe::denied};
use crate::{
    arguments::AbsolutePath,
    run::owners,
    secret::Secret,
    wasm::gate::{Row, owner_of_path},
    world::{
        OpenFile, TlsFile, Tried, World,
        judged_file::{read_judged, text_of},
        text_file::read_secret_text,
    },
};
use kubephase_wit::{Failure, FailureCode};

impl Session {
    /// Reads a file whose facts the phase is told; none if it does not exist, which the phase may
    /// learn. The real path of the file is granted.
    pub(super) fn read_told(
        &self,
        world: &dyn World,
        row: &'static Row,
        path: &AbsolutePath,
    ) -> Tried<Option<Secret<String>>> {
        if !self.is_plugin() {
            return read_secret_text(world.files(), path);
        }
        let judge = |opened: &dyn OpenFile| self.check_told(row, path, opened);
        let read = read_judged(world.files(), path, judge)?;
        Ok(read.as_ref().map(text_of))
    }

    fn check_told(
        &self,
        row: &'static Row,
        path: &AbsolutePath,
        opened: &dyn OpenFile,
    ) -> Tried<()> {
        // The phase does not see the content, so the file need not be readable by every user.
        self.0
            .access
            .check_file(row, path, &opened.real_path(), true)
            .map_err(denied)
    }

    /// Reads a file that is shown to a server as the identity of who asks: its real path is
    /// granted, and where it belongs to the host, the operator allowed that.
    ///
    /// # Errors
    /// The phase may not show the file. That the file cannot be read is a matter of the request.
    pub(super) fn read_identity(
        &self,
        world: &dyn World,
        row: &'static Row,
        path: &AbsolutePath,
    ) -> Tried<TlsFile> {
        let content = if self.is_plugin() {
            self.check_identity(world, row, path)?;
            let judge = |opened: &dyn OpenFile| {
                self.check_told(row, path, opened)?;
                self.check_identity(world, row, &opened.real_path())
            };
            read_judged(world.files(), path, judge)?.ok_or_else(|| missing(path))
        } else {
            world.files().read(path).map(Secret::new)
        };
        Ok(TlsFile {
            path: path.to_string(),
            content,
        })
    }

    /// Checks one of the paths of a file that identifies who asks.
    fn check_identity(&self, world: &dyn World, row: &'static Row, path: &str) -> Tried<()> {
        if let Some(plugin) = self
            .third_party()
            .filter(|own| owner_of_path(path) == Some(own))
            && let Some(identity) = self.0.shared.identities.get(plugin)
        {
            owners::check(world.files(), plugin, identity)?;
        }
        let is_hosts = self.0.shared.territory.owns(path);
        let verdict = self.0.access.check_identity(row, path, is_hosts);
        verdict.map_err(denied)
    }
}

fn missing(path: &AbsolutePath) -> Failure {
    Failure::new(FailureCode::NotFound, format!("{path} does not exist"))
}
