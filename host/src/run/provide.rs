//! Makes the phases of a run ready to be called: built-in functions and components.
use super::{
    access::Access,
    executor::{PluginCall, ReadyPhase},
    prepare::PreparedRun,
    session::{ForeignPhase, RunContext, Session, split_label},
};
use crate::{
    cancel::Cancel,
    phase::upload_config,
    plan::{
        PlannedPhase,
        spec::{PhaseFunction, PhaseKind, is_within},
    },
    plugin::{self, identity::PluginIdentity},
    wasm::grant::Grant,
};
use kubephase_sdk::Native;
use kubephase_wit::{Error, Outcome, PhaseInfo, Stop, phase};
use serde_json::{Value, json};
use std::sync::Arc;

/// Provides the phases of one run.
pub(super) struct Provider<'a> {
    pub prepared: &'a PreparedRun,
    pub shared: Arc<RunContext>,
    pub cancel: &'a Cancel,
}

impl Provider<'_> {
    /// Makes a phase ready.
    pub fn provide(&self, node: &PlannedPhase) -> ReadyPhase {
        match (&node.spec.run, node.source.plugin()) {
            (_, Some(plugin)) => self.provide_component(node, plugin),
            (Some(function), None) => self.provide_builtin(node, function),
            (None, None) => {
                let session = self.builtin_session(node);
                let why = "the phase has no code, which is a defect of the program";
                self.ready(node, Box::new(Unusable(why.into())), session)
            }
        }
    }

    fn ready(
        &self,
        node: &PlannedPhase,
        phase: Box<dyn phase::Host + Send>,
        session: Session,
    ) -> ReadyPhase {
        ReadyPhase {
            phase,
            session,
            plugin: None,
            headers: self.headers(node),
        }
    }

    fn builtin_session(&self, node: &PlannedPhase) -> Session {
        let shared = self.shared.clone();
        Session::new(shared, node.id(), &self.settings(node), Access::BuiltIn)
    }

    fn provide_builtin(&self, node: &PlannedPhase, function: &PhaseFunction) -> ReadyPhase {
        let session = self.builtin_session(node);
        let function = function.clone();
        let phase = Native::new(session.clone(), move || function.call());
        self.ready(node, Box::new(phase), session)
    }

    fn provide_component(&self, node: &PlannedPhase, name: &str) -> ReadyPhase {
        let plugin::load::LoadedPlugin {
            plugin,
            settings,
            limits,
            signer,
            origin,
        } = &self.prepared.plugins[name];
        let entries = &self.prepared.phases.plugins;
        let entry = entries.iter().find(|entry| entry.name == name);
        let identity = entry.map(|entry| {
            PluginIdentity::new(&entry.source, signer.as_ref()).with_origin(origin.as_deref())
        });
        let digest = identity.map(|identity| identity.digest());
        let grant = Grant::clone(&plugin.grant()).with_identity(digest.unwrap_or_default());
        let session = Session::with_limits(
            self.shared.clone(),
            node.id(),
            settings,
            Access::Granted(Arc::new(grant)),
            *limits,
            node.source.third_party().map(|plugin| ForeignPhase {
                plugin,
                is_check: node.spec.kind == PhaseKind::Check,
            }),
        );
        let (phase, memory): (Box<dyn phase::Host + Send>, _) =
            match plugin.phase(session.clone(), *limits, self.cancel) {
                Ok(guest) => {
                    let memory = guest.peak();
                    let guest = guest.with_clock(session.clock().clone());
                    let guest = guest.with_time_budget(session.time_budget());
                    (Box::new(guest), memory)
                }
                Err(why) => (Box::new(Unusable(format!("{why:#}"))), Arc::default()),
            };
        ReadyPhase {
            plugin: Some(PluginCall {
                plugin: plugin.clone(),
                memory,
            }),
            ..self.ready(node, phase, session)
        }
    }

    /// Returns the settings of a built-in phase. Only the phase that stores the plugins in the
    /// cluster has settings: the plugins.
    fn settings(&self, node: &PlannedPhase) -> Value {
        if node.id() != upload_config::PHASES {
            return json!({});
        }
        let PreparedRun {
            phases, plugins, ..
        } = self.prepared;
        let pinned = plugin::load::pin_plugins(phases, plugins);
        pinned.to_cluster_document().unwrap_or_else(|| json!({}))
    }

    /// Returns the lines that kubeadm prints as it enters the groups of a phase, with the label of
    /// each group. They are printed before the first member that runs.
    fn headers(&self, node: &PlannedPhase) -> Vec<(String, String)> {
        let PreparedRun { plan, config, .. } = self.prepared;
        let mut headers = Vec::new();
        let groups = plan.groups.iter().filter(|group| group.state.runs());
        for group in groups.filter(|group| is_within(node.id(), group.id())) {
            let first = plan
                .running_phases()
                .find(|other| is_within(other.id(), group.id()));
            let is_first = first.is_some_and(|first| first.id() == node.id());
            if let (true, Some(header)) = (is_first, group.spec.header) {
                let lines = header.lines(config).into_iter();
                headers.extend(lines.map(|line| split_label(group.id(), &line)));
            }
        }
        headers
    }
}

/// A component that cannot be started. Its phase fails, and the phase's own failure policy decides
/// what that means.
struct Unusable(String);

impl phase::Host for Unusable {
    fn describe(&mut self) -> Result<PhaseInfo, Stop> {
        Err(Stop::msg(self.0.clone()))
    }

    fn run(&mut self) -> Result<Outcome, Error> {
        Err(Error::Stop(Stop::msg(self.0.clone())))
    }
}
