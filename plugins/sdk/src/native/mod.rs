//! The imports of a component as functions over the traits of the host, and native phases behind
//! the trait that components implement.
//!
//! `build.rs` writes the functions from the WIT package; here is how a call reaches the host of the
//! running phase.
mod imports {
    //! Every function that a component can import, over the traits of the host.
    use super::{call_host, types};

    include!(concat!(env!("OUT_DIR"), "/imports.rs"));
}

pub use imports::*;
pub use kubephase_wit::types;
use kubephase_wit::{Error, Imports, Stop};
use std::{any::Any, cell::RefCell, panic};

thread_local!(static HOST: RefCell<Option<Box<dyn Imports>>> = const { RefCell::new(None) });

/// The payload with which a stop unwinds out of a native phase, as a trap leaves a component.
struct StopPayload(Stop);

/// The answer of a host function. A stop unwinds instead of returning.
trait HostAnswer {
    /// the value that the phase gets
    type Value;
    fn into_value(self) -> Self::Value;
}

impl<T> HostAnswer for Result<T, Stop> {
    type Value = T;
    fn into_value(self) -> T {
        self.unwrap_or_else(|stop| panic::resume_unwind(Box::new(StopPayload(stop))))
    }
}

impl<T> HostAnswer for Result<T, Error> {
    type Value = Result<T, types::Failure>;
    fn into_value(self) -> Self::Value {
        match self {
            Ok(value) => Ok(value),
            Err(Error::Failure(failure)) => Err(failure),
            Err(Error::Stop(stop)) => panic::resume_unwind(Box::new(StopPayload(stop))),
        }
    }
}

/// Calls a function of the host that the running phase has.
fn call_host<R: HostAnswer>(call: impl FnOnce(&mut dyn Imports) -> R) -> R::Value {
    HOST.with_borrow_mut(|host| {
        call(
            host.as_mut()
                .expect("import called outside of a phase")
                .as_mut(),
        )
    })
    .into_value()
}

/// A native phase: a function that calls a host through the SDK, behind the trait that components
/// implement as well.
pub struct Native<H, F> {
    host: H,
    function: F,
}

impl<H, F> Native<H, F> {
    /// Returns the phase that `function` runs; every call of `run` gets a clone of the host.
    pub fn new(host: H, function: F) -> Self {
        Native { host, function }
    }
}

impl<H, F> kubephase_wit::phase::Host for Native<H, F>
where
    H: Imports + Clone + 'static,
    F: Fn() -> Result<types::Outcome, types::Failure> + panic::RefUnwindSafe,
{
    /// Returns an empty description: only the catalog of the host describes native phases.
    fn describe(&mut self) -> Result<types::PhaseInfo, Stop> {
        Ok(types::PhaseInfo {
            name: String::new(),
            summary: String::new(),
            annotations: Vec::new(),
        })
    }

    fn run(&mut self) -> Result<types::Outcome, Error> {
        HOST.set(Some(Box::new(self.host.clone())));
        let result = panic::catch_unwind(|| (self.function)());
        HOST.set(None);
        match result {
            Ok(result) => result.map_err(Error::Failure),
            Err(panic) => Err(Error::Stop(stop_of(panic))),
        }
    }
}

/// Returns the stop that unwound out of a phase. If the phase panicked, returns a stop that says
/// so.
fn stop_of(panic: Box<dyn Any + Send>) -> Stop {
    match panic.downcast::<StopPayload>() {
        Ok(payload) => payload.0,
        Err(panic) => {
            let text = panic
                .downcast_ref::<String>()
                .map(String::as_str)
                .or(panic.downcast_ref::<&str>().copied());
            Stop::msg(format!(
                "the phase panicked: {}",
                text.unwrap_or("no message")
            ))
        }
    }
}
