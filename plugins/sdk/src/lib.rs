//! What a phase is written against, whether it becomes a WebAssembly component or is linked into
//! the host.
//!
//! On `wasm32` the modules `input`, `report`, `observe_*` and `effects_*` are the component's
//! imports; elsewhere they are the same functions over the host's traits, so that one source serves
//! both.

#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub mod bindings {
    wit_bindgen::generate!({
        world: "core-plugin",
        path: "../../wit",
        pub_export_macro: true,
        export_macro_name: "__export",
        default_bindings_module: "kubephase_sdk::bindings",
        generate_all,
    });
}
#[cfg(target_arch = "wasm32")]
pub use bindings::kubephase::plugin::*;

#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(not(target_arch = "wasm32"))]
pub use native::*;

#[cfg(not(target_arch = "wasm32"))]
pub mod node;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

pub mod codes;
pub mod duration;
pub mod facts;
pub mod finding;
pub mod kubeadm;
pub mod spec;
pub mod undo;
pub mod yaml;

pub use types::*;

/// What a plugin's source usually needs.
pub mod prelude {
    pub use crate::{
        Effect, Failure, Finding, Outcome, Severity, Verdict, addon, check, config, effects,
        effects_cluster, effects_files, effects_images, effects_node, failure,
        finding::{Checked, With, concern, could_not_run, fail, pass, skipped},
        node_fact, observe_cluster, observe_command, observe_files, observe_net, observe_node,
        phase, say, settings, warn,
    };
    /// What a plugin's functions return.
    pub type Tried<T> = Result<T, Failure>;
}

/// A phase: observes, reports, proposes.
pub trait Phase {
    fn describe() -> PhaseInfo;
    /// # Errors
    /// When the phase could not do its job; a check that finds something bad reports it and returns
    /// `Ok`.
    fn run() -> Result<Outcome, Failure>;
}

#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub fn __init() {
    // A panic message is lost on this target unless someone passes it on.
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            report::message(Severity::Error, &panic.to_string())
        }))
    });
}

/// Makes a type the component's phase. Natively it does nothing: the host links the type itself.
#[cfg(target_arch = "wasm32")]
#[macro_export]
macro_rules! export {
    ($phase:ty) => {
        struct __Component;
        impl $crate::bindings::exports::kubephase::plugin::phase::Guest for __Component {
            fn describe() -> $crate::PhaseInfo {
                $crate::__init();
                <$phase as $crate::Phase>::describe()
            }
            fn run() -> Result<$crate::Outcome, $crate::Failure> {
                $crate::__init();
                <$phase as $crate::Phase>::run()
            }
        }
        $crate::bindings::__export!(__Component with_types_in $crate::bindings);
    };
}
#[cfg(not(target_arch = "wasm32"))]
#[macro_export]
macro_rules! export {
    ($phase:ty) => {};
}

/// A failure that trying again will not mend.
pub fn failure(code: &str, message: impl Into<String>) -> Failure {
    Failure {
        code: code.into(),
        message: message.into(),
        retryable: false,
        remedy: None,
    }
}

/// Part of the resolved configuration, by JSON pointer; `""` is all of it.
///
/// # Errors
/// `not-found` where the configuration has no such part, `invalid` where it has another shape.
pub fn config<T: serde::de::DeserializeOwned>(pointer: &str) -> Result<T, Failure> {
    let text = input::config(pointer)
        .ok_or_else(|| failure("not-found", format!("no configuration at {pointer:?}")))?;
    serde_json::from_str(&text)
        .map_err(|e| failure("invalid", format!("configuration at {pointer:?}: {e}")))
}

/// A document with the operator's patches for this target applied; the document itself where there
/// are none.
///
/// # Errors
/// `invalid` where a patch cannot be applied, and `denied` for a plugin that is not part of the
/// program.
pub fn patched(target: &str, document: &serde_json::Value) -> Result<serde_json::Value, Failure> {
    let text = input::patched(target, &document.to_string())?;
    serde_json::from_str(&text).map_err(|e| failure("invalid", format!("patched {target}: {e}")))
}

/// This plugin's own settings.
///
/// # Errors
/// `invalid` where the settings have another shape.
pub fn settings<T: serde::de::DeserializeOwned>() -> Result<T, Failure> {
    serde_json::from_str(&input::settings())
        .map_err(|e| failure("invalid", format!("settings: {e}")))
}

/// A fact about the node, by the names of [`kubephase_sdk::spec::node`](crate::spec).
///
/// # Errors
/// `invalid` where the fact has another shape than asked for.
pub fn node_fact<T: serde::de::DeserializeOwned>(name: &str) -> Result<Option<T>, Failure> {
    let Some(text) = observe_node::node_fact(name) else {
        return Ok(None);
    };
    serde_json::from_str(&text)
        .map(Some)
        .map_err(|e| failure("invalid", format!("node fact {name:?}: {e}")))
}

/// A line for the person, shown as `[phase] text`.
pub fn say(text: impl AsRef<str>) {
    report::message(Severity::Info, text.as_ref());
}

pub fn warn(text: impl AsRef<str>) {
    report::message(Severity::Warning, text.as_ref());
}

/// A spec as the JSON in which it crosses to the host.
pub fn json<T: serde::Serialize>(spec: &T) -> String {
    serde_json::to_string(spec).expect("specs have string keys and no foreign types")
}

/// The annotation by which an upgrade knows a component's configuration that nobody changed by
/// hand: SHA-256 over the values of the ConfigMap, in the order of their keys (kubeadm behaviour).
pub fn component_hash(data: &std::collections::BTreeMap<String, String>) -> String {
    use sha2::{Digest, Sha256};
    let digest = data
        .values()
        .fold(Sha256::new(), |hash, value| {
            hash.chain_update(value.as_bytes())
        })
        .finalize();
    digest.iter().fold(String::from("sha256:"), |text, byte| {
        text + &format!("{byte:02x}")
    })
}
