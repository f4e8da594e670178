//! The library that phases are written with, whether a phase becomes a WebAssembly component or is
//! linked into the host.
//!
//! On `wasm32` the modules `input`, `report`, `observe_*` and `effects_*` are the imports of the
//! component. On other targets they are functions over the traits of the host, so that one source
//! serves both. These functions pass JSON as text; [`node`], [`pki`] and [`cluster`] have typed
//! functions over them, and [`spec`] and [`kubeadm`] the types.
//!
//! Plugin authors begin with `use kubephase_sdk::prelude::*;`. Tests of plugins use `testing`,
//! which exists on other targets than `wasm32` only.

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

#[cfg(target_arch = "wasm32")]
#[path = "../../../wit/src/failure_code.rs"]
mod failure_code;
#[cfg(target_arch = "wasm32")]
pub use failure_code::FailureCode;
#[cfg(not(target_arch = "wasm32"))]
pub use kubephase_wit::FailureCode;
#[cfg(target_arch = "wasm32")]
#[path = "../../../wit/src/object_ref.rs"]
mod object_ref;

#[cfg(not(target_arch = "wasm32"))]
mod native;
#[cfg(not(target_arch = "wasm32"))]
pub use native::*;

#[cfg(not(target_arch = "wasm32"))]
pub mod testing;

pub mod cluster;
pub mod codes;
pub mod corefile;
pub mod duration;
mod entry_point;
pub mod facts;
pub mod finding;
pub mod image;
mod inputs;
pub mod kubeadm;
pub mod kubelet_unit;
mod messages;
pub mod net;
pub mod node;
pub mod pki;
pub mod release;
pub mod rule;
pub mod spec;
pub mod undo;
pub mod yaml;

pub use inputs::{component_hash, config, json, node_fact, patched, settings};
pub use messages::{failure, say, warn};
pub use types::*;

/// The names that most plugins need.
pub mod prelude {
    pub use crate::{
        Effect, Failure, FailureCode, Finding, Outcome, Severity, Verdict, addon, check, cluster,
        config, effects, effects_cluster, effects_files, effects_images, effects_node, failure,
        finding::{Checked, With, concern, could_not_run, fail, pass, skipped},
        node, node_fact, observe_cluster, observe_command, observe_files, observe_net,
        observe_node, phase, pki, say, settings, warn,
    };
}

/// A phase: it observes, reports, and proposes effects.
pub trait Phase {
    /// Returns the name and a summary. It may not call the host.
    fn describe() -> PhaseInfo;
    /// Runs one round of the phase.
    ///
    /// # Errors
    /// The phase could not do its job. A check that finds a problem reports it and returns `Ok`.
    fn run() -> Result<Outcome, Failure>;
}

#[cfg(target_arch = "wasm32")]
#[doc(hidden)]
pub fn __init() {
    // Without this hook the message of a panic is lost on this target.
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            report::message(Severity::Error, &panic.to_string())
        }))
    });
}

/// Makes a type the phase of the component.
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
/// Makes a type the phase of the component. On this target it does nothing: the host links the
/// type.
#[cfg(not(target_arch = "wasm32"))]
#[macro_export]
macro_rules! export {
    ($phase:ty) => {};
}
