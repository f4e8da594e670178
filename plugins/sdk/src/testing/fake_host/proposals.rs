//! Proposals, recorded.
use super::{FakeHost, HostResult, observations::reference_name, parse_proposal};
use crate::testing::named;
use kubephase_wit::{
    Effect, ObjectRef, effects, effects_cluster, effects_command, effects_files, effects_images,
    effects_node, effects_pki,
};
use serde_json::{Value, json};

/// Returns the path of a file of a spec with a directory and a name.
fn path_in_directory(spec: &Value, suffix: &str) -> String {
    let directory = spec["directory"].as_str().unwrap_or_default();
    let name = spec["name"].as_str().unwrap_or_default();
    format!("{directory}/{name}.{suffix}")
}

impl effects::Host for FakeHost {
    fn because(&mut self, of: Effect, reason: String) -> HostResult<()> {
        self.modify(of, "because", reason.into())
    }
    fn requires(&mut self, of: Effect, earlier: Effect) -> HostResult<()> {
        self.modify(of, "requires", earlier.id.into())
    }
    fn announce(&mut self, of: Effect, text: String) -> HostResult<()> {
        self.modify(of, "announce", text.into())
    }
}

impl effects_files::Host for FakeHost {
    fn write_file(&mut self, path: String, content: Vec<u8>) -> HostResult<Effect> {
        self.propose(
            "file",
            path,
            json!({"content": String::from_utf8_lossy(&content)}),
        )
    }
    fn make_dir(&mut self, path: String) -> HostResult<Effect> {
        self.propose("directory", path, json!({}))
    }
    fn remove_file(&mut self, path: String) -> HostResult<Effect> {
        self.propose("remove-file", path, json!({}))
    }
    fn set_mode(&mut self, path: String, mode: u32) -> HostResult<Effect> {
        self.propose("mode", path, json!({"mode": mode}))
    }
    fn file_mode(&mut self, of: Effect, mode: u32) -> HostResult<()> {
        self.modify(of, "mode", mode.into())
    }
    fn file_owner(&mut self, of: Effect, uid: u32, gid: u32) -> HostResult<()> {
        self.modify(of, "owner", json!([uid, gid]))
    }
}

impl effects_pki::Host for FakeHost {
    fn ensure_certificate(&mut self, spec: String) -> HostResult<Effect> {
        let spec = parse_proposal(&spec)?;
        self.propose("certificate", path_in_directory(&spec, "crt"), spec)
    }
    fn ensure_key_pair(&mut self, spec: String) -> HostResult<Effect> {
        let spec = parse_proposal(&spec)?;
        self.propose("key-pair", path_in_directory(&spec, "key"), spec)
    }
    fn ensure_kubeconfig(&mut self, spec: String) -> HostResult<Effect> {
        let spec = parse_proposal(&spec)?;
        self.propose(
            "kubeconfig",
            spec["path"].as_str().unwrap_or_default().to_owned(),
            spec,
        )
    }
    fn ensure_rotated_kubeconfig(&mut self, spec: String) -> HostResult<Effect> {
        self.ensure_kubeconfig(spec)
    }
}

impl effects_cluster::Host for FakeHost {
    fn apply_object(&mut self, manifest: String) -> HostResult<Effect> {
        let manifest = parse_proposal(&manifest)?;
        self.propose("object", named(&manifest), json!({"manifest": manifest}))
    }
    fn patch_object(&mut self, of: ObjectRef, patch: String) -> HostResult<Effect> {
        let patch = parse_proposal(&patch)?;
        self.propose("patch", reference_name(&of), json!({"patch": patch}))
    }
    fn delete_object(&mut self, of: ObjectRef) -> HostResult<Effect> {
        self.propose("delete", reference_name(&of), json!({}))
    }
    fn if_exists(&mut self, of: Effect, strategy: String) -> HostResult<()> {
        self.modify(of, "ifExists", strategy.into())
    }
}

impl effects_node::Host for FakeHost {
    fn ensure_service(&mut self, name: String, state: String) -> HostResult<Effect> {
        self.propose("service", format!("{name} {state}"), json!({}))
    }
    fn set_sysctl(&mut self, key: String, value: String) -> HostResult<Effect> {
        self.propose("sysctl", format!("{key}={value}"), json!({}))
    }
    fn load_module(&mut self, name: String) -> HostResult<Effect> {
        self.propose("module", name, json!({}))
    }
}

impl effects_images::Host for FakeHost {
    fn pull_image(&mut self, image: String) -> HostResult<Effect> {
        self.propose("image", image, json!({}))
    }
}

impl effects_command::Host for FakeHost {
    fn execute(&mut self, program: String, args: Vec<String>) -> HostResult<Effect> {
        self.propose(
            "command",
            [vec![program], args].concat().join(" "),
            json!({}),
        )
    }
}
