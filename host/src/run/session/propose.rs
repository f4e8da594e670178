//! What a phase proposes: recorded, and nothing more. What becomes of it is the executor's affair.
use super::{Hosted, Session, spec};
use crate::effect::{Effect, IfExists, files};
use kubephase_wit::{
    Effect as Handle, Failure, ObjectRef, effects, effects_cluster, effects_command, effects_core, effects_files, effects_images,
    effects_node, effects_pki,
};
use serde_json::Value;

fn wrong_kind(what: &str) -> Failure {
    Failure::new("wrong-kind", format!("{what} does not apply to this kind of proposal"))
}

impl effects::Host for Session {
    fn because(&mut self, of: Handle, reason: String) -> Hosted<()> {
        self.modify(of, reason.len(), |proposal| {
            proposal.because = Some(reason);
            Ok(())
        })
    }

    fn requires(&mut self, of: Handle, earlier: Handle) -> Hosted<()> {
        self.modify(of, 0, |proposal| {
            proposal.requires.push(earlier.id);
            Ok(())
        })
    }

    fn announce(&mut self, of: Handle, text: String) -> Hosted<()> {
        self.modify(of, text.len(), |proposal| {
            proposal.announce = Some(text);
            Ok(())
        })
    }
}

impl effects_files::Host for Session {
    fn write_file(&mut self, path: String, content: Vec<u8>) -> Hosted<Handle> {
        self.propose(Effect::File(files::File { path, content, mode: 0o644, owner: None }))
    }

    fn make_dir(&mut self, path: String) -> Hosted<Handle> {
        self.propose(Effect::Directory(files::Directory { path, mode: 0o755 }))
    }

    fn remove_file(&mut self, path: String) -> Hosted<Handle> {
        self.propose(Effect::RemoveFile { path })
    }

    fn set_mode(&mut self, path: String, mode: u32) -> Hosted<Handle> {
        self.propose(Effect::Mode(files::Mode { path, mode: mode & 0o7777, owner: None }))
    }

    fn file_mode(&mut self, of: Handle, mode: u32) -> Hosted<()> {
        self.modify(of, 0, |proposal| match &mut proposal.effect {
            Effect::File(file) | Effect::StaticPod { file, .. } => {
                file.mode = mode & 0o7777;
                Ok(())
            }
            Effect::Directory(directory) => {
                directory.mode = mode & 0o7777;
                Ok(())
            }
            _ => Err(wrong_kind("file-mode")),
        })
    }

    fn file_owner(&mut self, of: Handle, uid: u32, gid: u32) -> Hosted<()> {
        self.modify(of, 0, |proposal| match &mut proposal.effect {
            Effect::File(file) | Effect::StaticPod { file, .. } => {
                file.owner = Some((uid, gid));
                Ok(())
            }
            Effect::Mode(mode) => {
                mode.owner = Some((uid, gid));
                Ok(())
            }
            _ => Err(wrong_kind("file-owner")),
        })
    }
}

impl effects_pki::Host for Session {
    fn ensure_certificate(&mut self, json: String) -> Hosted<Handle> {
        self.propose(Effect::Certificate(spec(&json)?))
    }

    fn ensure_key_pair(&mut self, json: String) -> Hosted<Handle> {
        self.propose(Effect::KeyPair(spec(&json)?))
    }

    fn ensure_kubeconfig(&mut self, json: String) -> Hosted<Handle> {
        self.propose(Effect::Kubeconfig(spec(&json)?))
    }

    fn ensure_rotated_kubeconfig(&mut self, json: String) -> Hosted<Handle> {
        self.propose(Effect::RotatedKubeconfig(spec(&json)?))
    }
}

impl effects_cluster::Host for Session {
    fn apply_object(&mut self, manifest: String) -> Hosted<Handle> {
        let manifest: Value = spec(&manifest)?;
        crate::effect::objects::reference(&manifest)?;
        self.propose(Effect::Object { manifest, if_exists: IfExists::default() })
    }

    fn patch_object(&mut self, of: ObjectRef, patch: String) -> Hosted<Handle> {
        let patch = spec(&patch)?;
        self.propose(Effect::Patch { of, patch })
    }

    fn delete_object(&mut self, of: ObjectRef) -> Hosted<Handle> {
        self.propose(Effect::Delete { of })
    }

    fn if_exists(&mut self, of: Handle, strategy: String) -> Hosted<()> {
        let wanted = match strategy.as_str() {
            "update" => IfExists::Update,
            "retain" => IfExists::Retain,
            "apply" => IfExists::Apply,
            other => return Err(Failure::new("invalid", format!("unknown strategy {other:?}; known are update, retain, apply")).into()),
        };
        self.modify(of, 0, |proposal| match &mut proposal.effect {
            Effect::Object { if_exists, .. } => {
                *if_exists = wanted;
                Ok(())
            }
            _ => Err(wrong_kind("if-exists")),
        })
    }
}

impl effects_node::Host for Session {
    fn ensure_service(&mut self, name: String, state: String) -> Hosted<Handle> {
        self.propose(Effect::Service { name, state })
    }

    fn set_sysctl(&mut self, key: String, value: String) -> Hosted<Handle> {
        self.propose(Effect::Sysctl { key, value })
    }

    fn load_module(&mut self, name: String) -> Hosted<Handle> {
        self.propose(Effect::Module { name })
    }
}

impl effects_images::Host for Session {
    fn pull_image(&mut self, image: String) -> Hosted<Handle> {
        self.propose(Effect::Image { image })
    }
}

impl effects_command::Host for Session {
    fn execute(&mut self, program: String, args: Vec<String>) -> Hosted<Handle> {
        self.propose(Effect::Command { program, args })
    }
}

impl effects_core::Host for Session {
    fn static_pod(&mut self, name: String, manifest: Vec<u8>) -> Hosted<Handle> {
        let path = format!("{}/{name}.yaml", crate::render::MANIFESTS);
        self.propose(Effect::StaticPod { name, file: files::File { path, content: manifest, mode: 0o600, owner: None } })
    }

    fn ensure_bootstrap_token(&mut self, json: String) -> Hosted<Handle> {
        self.propose(Effect::BootstrapToken(spec(&json)?))
    }

    fn share_keys(&mut self, json: String) -> Hosted<Handle> {
        self.propose(Effect::ShareKeys(spec(&json)?))
    }

    fn fetch_keys(&mut self, json: String) -> Hosted<Handle> {
        self.propose(Effect::FetchKeys(spec(&json)?))
    }

    fn bootstrap_kubeconfig(&mut self, path: String) -> Hosted<Handle> {
        self.propose(Effect::BootstrapKubeconfig { path })
    }

    fn kubeconfig_server(&mut self, path: String, server: String) -> Hosted<Handle> {
        self.propose(Effect::KubeconfigServer { path, server })
    }

    fn etcd_member(&mut self, json: String) -> Hosted<Handle> {
        self.propose(Effect::EtcdMember(spec(&json)?))
    }

    fn control_plane_users(&mut self, json: String) -> Hosted<Handle> {
        self.propose(Effect::Users(spec(&json)?))
    }

    fn give_tree(&mut self, path: String, uid: u32, gid: u32) -> Hosted<Handle> {
        self.propose(Effect::Owner(files::Owner { path, owner: (uid, gid) }))
    }

    fn clear(&mut self, json: String) -> Hosted<Handle> {
        self.propose(Effect::Clear(spec(&json)?))
    }

    fn attempt(&mut self, of: Handle, warning: String) -> Hosted<()> {
        self.allow(self.0.access.core("effects-core.attempt"))?;
        self.modify(of, warning.len(), |proposal| {
            proposal.attempt = Some(warning);
            Ok(())
        })
    }

    fn regardless(&mut self, of: Handle) -> Hosted<()> {
        self.allow(self.0.access.core("effects-core.regardless"))?;
        self.modify(of, 0, |proposal| {
            proposal.regardless = true;
            Ok(())
        })
    }

    fn wait_until(&mut self, json: String) -> Hosted<Handle> {
        self.propose(Effect::Wait(spec(&json)?))
    }
}
