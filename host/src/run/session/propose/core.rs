//! The host functions by which only phases of the distribution propose effects.
use super::super::{Hosted, Session, parse_proposal};
use crate::{
    effect::{BootstrapKubeconfig, EffectKind, KubeconfigServer, StaticPod, files},
    wasm::gate::{self, HostFunction, Plain},
};
use kubephase_sdk::spec::{
    BootstrapTokenSpec, ClearSpec, ControlPlaneUsers, EtcdDataSpec, EtcdMemberSpec, ExchangeSpec,
    FetchKeysSpec, RenewalSpec, RestartSpec, ShareKeysSpec, TrialJobSpec, WaitSpec,
};
use kubephase_wit::{Effect as Handle, effects_core};
use serde::de::DeserializeOwned;

impl Session {
    /// Records a proposal that only the distribution's own phases make. Its specification is handed
    /// over as JSON.
    fn propose_core<K: EffectKind + DeserializeOwned>(
        &mut self,
        function: &'static HostFunction<Plain<String>>,
        text: String,
    ) -> Hosted<Handle> {
        let Plain(text) = self.admit(function, text)?.arguments;
        self.propose(parse_proposal::<K>(&text)?)
    }
}

impl effects_core::Host for Session {
    fn static_pod(&mut self, name: String, manifest: Vec<u8>) -> Hosted<Handle> {
        let (name, Plain(content)) = self.admit(&gate::STATIC_POD, (name, manifest))?.arguments;
        let path = format!("{}/{name}.yaml", crate::render::MANIFESTS);
        let file = files::File {
            path,
            content,
            mode: 0o600,
            owner: None,
        };
        let name = name.into();
        self.propose(StaticPod { name, file })
    }

    fn ensure_bootstrap_token(&mut self, json: String) -> Hosted<Handle> {
        self.propose_core::<BootstrapTokenSpec>(&gate::ENSURE_BOOTSTRAP_TOKEN, json)
    }

    fn share_keys(&mut self, json: String) -> Hosted<Handle> {
        self.propose_core::<ShareKeysSpec>(&gate::SHARE_KEYS, json)
    }

    fn fetch_keys(&mut self, json: String) -> Hosted<Handle> {
        self.propose_core::<FetchKeysSpec>(&gate::FETCH_KEYS, json)
    }

    fn bootstrap_kubeconfig(&mut self, path: String) -> Hosted<Handle> {
        let path = self
            .admit(&gate::BOOTSTRAP_KUBECONFIG, path)?
            .arguments
            .into();
        self.propose(BootstrapKubeconfig { path })
    }

    fn kubeconfig_server(&mut self, path: String, server: String) -> Hosted<Handle> {
        let (path, Plain(server)) = self
            .admit(&gate::KUBECONFIG_SERVER, (path, server))?
            .arguments;
        let path = path.into();
        self.propose(KubeconfigServer { path, server })
    }

    fn etcd_member(&mut self, json: String) -> Hosted<Handle> {
        self.propose_core::<EtcdMemberSpec>(&gate::ETCD_MEMBER, json)
    }

    fn etcd_data(&mut self, json: String) -> Hosted<Handle> {
        self.propose_core::<EtcdDataSpec>(&gate::ETCD_DATA, json)
    }

    fn trial_job(&mut self, json: String) -> Hosted<Handle> {
        self.propose_core::<TrialJobSpec>(&gate::TRIAL_JOB, json)
    }

    fn control_plane_users(&mut self, json: String) -> Hosted<Handle> {
        self.propose_core::<ControlPlaneUsers>(&gate::CONTROL_PLANE_USERS, json)
    }

    fn give_tree(&mut self, path: String, uid: u32, gid: u32) -> Hosted<Handle> {
        let (path, Plain(owner)) = self.admit(&gate::GIVE_TREE, (path, (uid, gid)))?.arguments;
        self.propose(files::Owner {
            path: path.into(),
            owner,
        })
    }

    fn clear(&mut self, json: String) -> Hosted<Handle> {
        self.propose_core::<ClearSpec>(&gate::CLEAR, json)
    }

    fn attempt(&mut self, of: Handle, warning: String) -> Hosted<()> {
        let Plain((_, warning)) = self.admit(&gate::ATTEMPT, (of.id, warning))?.arguments;
        self.modify(of, warning.len(), |proposal| {
            proposal.attempt = Some(warning);
            Ok(())
        })
    }

    fn regardless(&mut self, of: Handle) -> Hosted<()> {
        self.admit(&gate::REGARDLESS, of.id)?;
        self.modify(of, 0, |proposal| {
            proposal.regardless = true;
            Ok(())
        })
    }

    fn on_failure(&mut self, of: Handle) -> Hosted<()> {
        self.admit(&gate::ON_FAILURE, of.id)?;
        self.modify(of, 0, |proposal| {
            proposal.on_failure = true;
            Ok(())
        })
    }

    fn wait_until(&mut self, json: String) -> Hosted<Handle> {
        self.propose_core::<WaitSpec>(&gate::WAIT_UNTIL, json)
    }

    fn renew_certificate(&mut self, json: String) -> Hosted<Handle> {
        self.propose_core::<RenewalSpec>(&gate::RENEW_CERTIFICATE, json)
    }

    fn restart_component(&mut self, json: String) -> Hosted<Handle> {
        self.propose_core::<RestartSpec>(&gate::RESTART_COMPONENT, json)
    }

    fn exchange_authority(&mut self, json: String) -> Hosted<Handle> {
        self.propose_core::<ExchangeSpec>(&gate::EXCHANGE_AUTHORITY, json)
    }
}
