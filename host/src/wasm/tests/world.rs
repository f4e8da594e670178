//! A node and a cluster to run phases over.
use crate::{
    config::plugin_limits::Limits,
    event::{Bus, Event, EventKind, Subscriber},
    run::{
        access::Access,
        session::{RunContext, Session},
    },
    world::fake::FakeWorld,
};
use kubephase_sdk::testing::Case;
use parking_lot::Mutex;
use serde_json::Value;
use std::sync::Arc;

/// The messages of phases, one line each.
pub type Messages = Arc<Mutex<Vec<String>>>;

struct Listener(Messages);

impl Subscriber for Listener {
    fn on_event(&mut self, event: &Event) {
        if let EventKind::Message { label, text, .. } = &event.kind {
            self.0.lock().push(format!("[{label}] {text}"));
        }
    }
}

/// Makes a session of one phase. Returns it with its messages.
pub fn session(
    config: Value,
    objects: Vec<Value>,
    root: &std::path::Path,
    access: Access,
) -> (Session, Messages) {
    let messages = Messages::default();
    let case = Case {
        objects,
        ..Case::default()
    };
    let bus = Bus::new(vec![Box::new(Listener(messages.clone()))]);
    let shared = RunContext::new(Arc::new(FakeWorld::new(&case, root).unwrap()), bus, config);
    (
        Session::new(
            Arc::new(shared),
            "addon/under-test",
            &serde_json::json!({}),
            access,
        ),
        messages,
    )
}

/// Makes a session with limits of its own.
pub fn session_with_limits(root: &std::path::Path, access: Access, limits: Limits) -> Session {
    let shared = RunContext::new(
        Arc::new(FakeWorld::new(&Case::default(), root).unwrap()),
        Bus::new(Vec::new()),
        Value::Null,
    );
    Session::with_limits(
        Arc::new(shared),
        "preflight/under-test",
        &Value::Null,
        access,
        limits,
        None,
    )
}

/// Makes a session with settings, on a machine that is fit.
pub fn session_with(settings: &Value, access: Access, root: &std::path::Path) -> Session {
    let shared = RunContext::new(
        Arc::new(FakeWorld::new(&Case::default(), root).unwrap()),
        Bus::new(Vec::new()),
        Value::Null,
    );
    Session::new(Arc::new(shared), "preflight/under-test", settings, access)
}
