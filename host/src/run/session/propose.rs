//! The host functions by which a phase proposes effects. They only record the proposals; the
//! executor carries them out.
mod core;

use super::{Hosted, Session};
use crate::effect::{
    Delete, EffectKind, IfExists, Image, Module, Object, Patch, RemoveFile, Service, Sysctl, files,
    proposal::Proposal,
};
use crate::wasm::gate::{self, Arguments, HostFunction, Plain};
use kubephase_wit::{
    Effect as Handle, Failure, FailureCode, ObjectRef, effects, effects_cluster, effects_command,
    effects_files, effects_images, effects_node, effects_pki,
};
use std::convert::identity;

/// Mode bits that give a program the rights of its owner or group.
const SET_ID: u32 = 0o6000;

impl Session {
    /// Parses the arguments of a proposal by the row of its function, and records the proposal.
    fn propose_by<A: Arguments, K: EffectKind>(
        &mut self,
        function: &'static HostFunction<A>,
        raw: A::Raw,
        effect: impl FnOnce(A) -> K,
    ) -> Hosted<Handle> {
        let _turn = self.turn(A::length(&raw))?;
        let arguments = self.parse(function, raw)?.arguments;
        self.propose(effect(arguments))
    }

    /// Parses a text about a proposal, and hides secrets in it: a plugin knows its own settings. A
    /// text of the distribution's own phases is taken unchanged.
    fn words(
        &self,
        function: &'static HostFunction<crate::arguments::Text>,
        text: String,
    ) -> Hosted<String> {
        let Some(plugin) = self.third_party() else {
            return Ok(text);
        };
        let text = self.without_secrets(plugin, text);
        let text = self.admit(function, text)?.arguments.into();
        Ok(self.without_secrets(plugin, text))
    }

    /// Returns the permission bits of a mode. A plugin may not set set-user-ID or set-group-ID
    /// bits.
    ///
    /// # Errors
    /// `denied` if a plugin sets such a bit.
    fn mode(&self, mode: u32) -> Hosted<u32> {
        if self.is_plugin() && mode & SET_ID != 0 {
            let message = format!(
                "mode {mode:04o} has a set-user-ID or set-group-ID bit, which a plugin may not set"
            );
            return Err(Failure::new(FailureCode::Denied, message).into());
        }
        Ok(mode & 0o7777)
    }
}

fn wrong_kind(what: &str) -> Failure {
    Failure::new(
        FailureCode::WrongKind,
        format!("{what} does not apply to this kind of proposal"),
    )
}

impl effects::Host for Session {
    fn because(&mut self, of: Handle, reason: String) -> Hosted<()> {
        let reason = self.words(&gate::BECAUSE, reason)?;
        self.modify(of, reason.len(), |proposal| {
            proposal.because = Some(reason);
            Ok(())
        })
    }

    fn requires(&mut self, of: Handle, earlier: Handle) -> Hosted<()> {
        self.admit(&gate::REQUIRES, (of.id, earlier.id))?;
        self.modify(of, size_of::<u32>(), |proposal| {
            proposal.requires.push(earlier.id);
            Ok(())
        })
    }

    fn announce(&mut self, of: Handle, text: String) -> Hosted<()> {
        let text = self.words(&gate::ANNOUNCE, text)?;
        self.modify(of, text.len(), |proposal| {
            proposal.announce = Some(text);
            Ok(())
        })
    }
}

impl effects_files::Host for Session {
    fn write_file(&mut self, path: String, content: Vec<u8>) -> Hosted<Handle> {
        self.propose_by(
            &gate::WRITE_FILE,
            (path, content),
            |(path, Plain(content))| files::File {
                path: path.into(),
                content,
                mode: 0o644,
                owner: None,
            },
        )
    }

    fn make_dir(&mut self, path: String) -> Hosted<Handle> {
        self.propose_by(&gate::MAKE_DIR, path, |path| files::Directory {
            path: path.into(),
            mode: 0o755,
        })
    }

    fn remove_file(&mut self, path: String) -> Hosted<Handle> {
        self.propose_by(&gate::REMOVE_FILE, path, |path| RemoveFile {
            path: path.into(),
        })
    }

    fn set_mode(&mut self, path: String, mode: u32) -> Hosted<Handle> {
        let mode = self.mode(mode)?;
        self.propose_by(&gate::SET_MODE, (path, mode), |(path, Plain(mode))| {
            files::Mode {
                path: path.into(),
                mode,
                owner: None,
            }
        })
    }

    fn file_mode(&mut self, of: Handle, mode: u32) -> Hosted<()> {
        let mode = self.mode(mode)?;
        self.admit(&gate::FILE_MODE, (of.id, mode))?;
        self.modify(of, 0, |Proposal { effect, .. }| {
            if let Some(file) = effect.as_file_mut() {
                file.mode = mode;
            } else if let Some(directory) = effect.as_kind_mut::<files::Directory>() {
                directory.mode = mode;
            } else {
                return Err(wrong_kind("file-mode"));
            }
            Ok(())
        })
    }

    fn file_owner(&mut self, of: Handle, uid: u32, gid: u32) -> Hosted<()> {
        let owner = self.admit(&gate::FILE_OWNER, (of.id, uid, gid))?.arguments;
        let owner = (owner.user.into(), owner.group.into());
        self.modify(of, 0, |Proposal { effect, .. }| {
            if let Some(file) = effect.as_file_mut() {
                file.owner = Some(owner);
            } else if let Some(mode) = effect.as_kind_mut::<files::Mode>() {
                mode.owner = Some(owner);
            } else {
                return Err(wrong_kind("file-owner"));
            }
            Ok(())
        })
    }
}

impl effects_pki::Host for Session {
    fn ensure_certificate(&mut self, json: String) -> Hosted<Handle> {
        self.propose_by(&gate::ENSURE_CERTIFICATE, json, identity)
    }

    fn ensure_key_pair(&mut self, json: String) -> Hosted<Handle> {
        self.propose_by(&gate::ENSURE_KEY_PAIR, json, identity)
    }

    fn ensure_kubeconfig(&mut self, json: String) -> Hosted<Handle> {
        self.propose_by(&gate::ENSURE_KUBECONFIG, json, identity)
    }

    fn ensure_rotated_kubeconfig(&mut self, json: String) -> Hosted<Handle> {
        self.propose_by(&gate::ENSURE_ROTATED_KUBECONFIG, json, identity)
    }
}

impl effects_cluster::Host for Session {
    fn apply_object(&mut self, manifest: String) -> Hosted<Handle> {
        self.propose_by(&gate::APPLY_OBJECT, manifest, |(_, Plain(manifest))| {
            Object {
                manifest,
                if_exists: IfExists::default(),
            }
        })
    }

    fn patch_object(&mut self, of: ObjectRef, patch: String) -> Hosted<Handle> {
        self.propose_by(&gate::PATCH_OBJECT, (of, patch), |(of, patch)| Patch {
            of: of.to_ref(),
            patch,
        })
    }

    fn delete_object(&mut self, of: ObjectRef) -> Hosted<Handle> {
        self.propose_by(&gate::DELETE_OBJECT, of, |of| Delete { of: of.to_ref() })
    }

    fn if_exists(&mut self, of: Handle, strategy: String) -> Hosted<()> {
        let Plain((_, strategy)) = self.admit(&gate::IF_EXISTS, (of.id, strategy))?.arguments;
        let wanted = match strategy.as_str() {
            "update" => IfExists::Update,
            "retain" => IfExists::Retain,
            "apply" => IfExists::Apply,
            other => {
                return Err(Failure::new(
                    FailureCode::Invalid,
                    format!("unknown strategy {other:?}; known are update, retain, apply"),
                )
                .into());
            }
        };
        self.modify(of, 0, |proposal| {
            let object = proposal.effect.as_kind_mut::<Object>();
            object.ok_or_else(|| wrong_kind("if-exists"))?.if_exists = wanted;
            Ok(())
        })
    }
}

impl effects_node::Host for Session {
    fn ensure_service(&mut self, name: String, state: String) -> Hosted<Handle> {
        self.propose_by(
            &gate::ENSURE_SERVICE,
            (name, state),
            |(name, Plain(state))| Service { name, state },
        )
    }

    fn set_sysctl(&mut self, key: String, value: String) -> Hosted<Handle> {
        self.propose_by(&gate::SET_SYSCTL, (key, value), |(key, Plain(value))| {
            Sysctl { key, value }
        })
    }

    fn load_module(&mut self, name: String) -> Hosted<Handle> {
        self.propose_by(&gate::LOAD_MODULE, name, |name| Module { name })
    }
}

impl effects_images::Host for Session {
    fn pull_image(&mut self, image: String) -> Hosted<Handle> {
        self.propose_by(&gate::PULL_IMAGE, image, |image| Image { image })
    }
}

impl effects_command::Host for Session {
    fn execute(&mut self, program: String, args: Vec<String>) -> Hosted<Handle> {
        self.propose_by(&gate::EXECUTE, (program, args), identity)
    }
}
