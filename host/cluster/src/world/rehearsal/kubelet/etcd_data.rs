//! The data directory of this machine's etcd. The rehearsed etcd keeps its data in the log of the
//! cluster, so the directory has data only if a run put them there, or if an image of etcd left
//! data that cannot be read.
use super::{KubeletStandIn, KubeletState, sync::has_image_of};
use crate::{
    render::static_pod::flag,
    world::{WorldResult, rehearsal::etcd::parse_database},
};
use serde_json::Value;

/// The file that an image which damages its data leaves behind.
const DAMAGE: &str = "member/damaged";

fn path_in_data(pod: &Value, name: &str) -> String {
    format!("{}/{name}", flag(pod, "data-dir"))
}

impl KubeletStandIn {
    /// Starts etcd and the API server again with the data that a run put into the data directory,
    /// if there are any. A run ends the containers when it does this.
    pub(super) fn load_replaced_data(
        &self,
        state: &mut KubeletState,
        etcd: &Value,
    ) -> WorldResult<()> {
        let path = path_in_data(etcd, "member/snap/db");
        if self.files().stat(&path)?.is_none() {
            return Ok(());
        }
        let entries = parse_database(&self.files().read(&path)?)?;
        self.cluster().etcd.stop_pod(etcd);
        if let Some(server) = state.server.take() {
            self.cluster().remove_server(&server);
        }
        // The mirrors of the restored data are those of the time of the copy.
        state.registered = false;
        state.pods.clear();
        self.cluster().replace_state(entries)?;
        self.files().remove(&path)
    }

    /// Whether etcd cannot read its data: its image damages them, or an earlier one did.
    pub(super) fn has_damaged_data(&self, etcd: &Value) -> WorldResult<bool> {
        let path = path_in_data(etcd, DAMAGE);
        if has_image_of(etcd, &self.settings.facts.runtime.damaging_images) {
            self.files().write(&path, b"", 0o600, None)?;
        }
        Ok(self.files().stat(&path)?.is_some())
    }
}
