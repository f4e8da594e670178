//! Proposals of the distribution's own phases, recorded. No other plugin can make them.
use super::{FakeHost, HostResult, parse_proposal};
use kubephase_wit::{Effect, effects_core};
use serde_json::{Value, json};

impl effects_core::Host for FakeHost {
    fn static_pod(&mut self, name: String, manifest: Vec<u8>) -> HostResult<Effect> {
        self.propose(
            "static-pod",
            name,
            json!({"manifest": String::from_utf8_lossy(&manifest)}),
        )
    }
    fn ensure_bootstrap_token(&mut self, spec: String) -> HostResult<Effect> {
        let spec = parse_proposal(&spec)?;
        self.propose("bootstrap-token", "", spec)
    }
    fn share_keys(&mut self, spec: String) -> HostResult<Effect> {
        let spec = parse_proposal(&spec)?;
        self.propose("shared-keys", "", spec)
    }
    fn fetch_keys(&mut self, spec: String) -> HostResult<Effect> {
        let spec = parse_proposal(&spec)?;
        self.propose("fetched-keys", "", spec)
    }
    fn bootstrap_kubeconfig(&mut self, path: String) -> HostResult<Effect> {
        self.propose("bootstrap-kubeconfig", path, Value::Null)
    }
    fn kubeconfig_server(&mut self, path: String, server: String) -> HostResult<Effect> {
        self.propose("kubeconfig-server", path, json!({"server": server}))
    }
    fn etcd_member(&mut self, spec: String) -> HostResult<Effect> {
        let spec = parse_proposal(&spec)?;
        self.propose("etcd-member", "", spec)
    }
    fn control_plane_users(&mut self, spec: String) -> HostResult<Effect> {
        let spec = parse_proposal(&spec)?;
        self.propose("users", "", spec)
    }
    fn give_tree(&mut self, path: String, uid: u32, gid: u32) -> HostResult<Effect> {
        self.propose("owner", path, json!({"uid": uid, "gid": gid}))
    }
    fn clear(&mut self, spec: String) -> HostResult<Effect> {
        let spec = parse_proposal(&spec)?;
        self.propose("clear", "", spec)
    }
    fn attempt(&mut self, of: Effect, warning: String) -> HostResult<()> {
        self.modify(of, "attempt", warning.into())
    }
    fn regardless(&mut self, of: Effect) -> HostResult<()> {
        self.modify(of, "regardless", true.into())
    }
    fn wait_until(&mut self, spec: String) -> HostResult<Effect> {
        let spec = parse_proposal(&spec)?;
        self.propose("wait", "", spec)
    }
}
