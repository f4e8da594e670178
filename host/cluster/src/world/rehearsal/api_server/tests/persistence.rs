//! The log of a cluster.
use super::*;
use crate::world::{files::RootedFiles, rehearsal::persistence::ClusterLog};
use std::sync::Arc;

/// A server that was killed and starts again has all objects whose storing it had confirmed.
#[test]
fn logged_objects_are_restored() {
    let root = tempfile::tempdir().unwrap();
    let files = RootedFiles::open(root.path()).unwrap();
    let log = Arc::new(ClusterLog::new(root.path()));
    let api = state_with(Store::restore(Vec::new(), log.clone()));
    let admin = TestClient::admin(&api);
    admin.post(CONFIG_MAPS, &config_map("before", json!({})));
    log.begin(api.store.lock().entries()).unwrap();
    for name in ["a", "b"] {
        admin.post(CONFIG_MAPS, &config_map(name, json!({"k": "1"})));
    }
    admin.put(
        &format!("{CONFIG_MAPS}/a"),
        &config_map("a", json!({"k": "2"})),
    );
    admin.delete(&format!("{CONFIG_MAPS}/b"));
    let restored = Store::restore(ClusterLog::read(&files).unwrap(), log);
    let a = restored.get(core_resource("configmaps"), "default", "a");
    assert_eq!(a.unwrap()["data"]["k"], "2");
    let store = api.store.lock();
    assert_eq!(
        (restored.entries().collect::<Vec<_>>(), restored.version()),
        (store.entries().collect::<Vec<_>>(), store.version())
    );
}
