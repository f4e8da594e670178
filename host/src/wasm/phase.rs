//! Calls a component as a phase. Every call gets a fresh instance, limits and a deadline.
use super::{
    inspect::{VERSION, WIT_PACKAGE},
    limits::{
        DESCRIBE_TIME, LargeTurn, MAX_HOSTCALL_BYTES, MemoryLimiter, Meter, TimeBudget, Waiter,
    },
    runtime::ComponentRuntime,
};
use crate::{budget::Budget, config::plugin_limits::Limits, parallel::fair::Clock, text::sanitise};
use anyhow::{Result, anyhow};
use kubephase_wit::{Error, Imports, Outcome, PhaseInfo, Stop, guest, phase};
use std::{
    marker::PhantomData,
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};
use wasmtime::{
    Store, Trap, UpdateDeadline,
    component::{Component, HasData, InstancePre, Linker, Val},
};

/// The largest number of lines of a guest's backtrace that are shown.
const MAX_TRACE_LINES: usize = 24;
/// The largest number of bytes of a line of a backtrace that are shown.
const MAX_TRACE_LINE_BYTES: usize = 240;

/// The data of a store.
struct Data<S> {
    session: S,
    total: MemoryLimiter,
}

/// Tells the linker where the session is in the data of a store.
struct Session<S>(PhantomData<S>);

impl<S: 'static> HasData for Session<S> {
    type Data<'a> = &'a mut S;
}

/// The limits of a call, and the way in which it waits for its turns.
#[derive(Clone)]
pub(super) struct Bounds {
    pub limits: Limits,
    /// bytes of memory that the instances of each call take before any code runs
    pub instance_bytes: u64,
    pub waiter: Waiter,
    /// the processor time of a third party's plugin; `None` for the program's own plugins
    pub time: Option<TimeBudget>,
}

/// A component ready to be called.
pub struct Guest<S: 'static> {
    runtime: ComponentRuntime,
    pre: InstancePre<Data<S>>,
    /// indices of the exports that are called
    indices: guest::phase::GuestIndices,
    session: S,
    bounds: Bounds,
    /// plugin and version, for messages
    label: String,
    /// highest number of bytes of memory that a call had
    peak: Arc<AtomicUsize>,
}

impl<S: Imports + kubephase_wit::types::Host + Clone + 'static> Guest<S> {
    /// Makes a guest of a component. The tools of some languages import all functions, so a
    /// component may import those in `denied`, but calling them fails with `denied`. With
    /// `has_wasi`, it also imports functions of WASI; calling one ends the call.
    pub(super) fn new(
        runtime: &ComponentRuntime,
        component: &Component,
        session: S,
        bounds: Bounds,
        label: String,
        denied: Vec<String>,
        has_wasi: bool,
    ) -> Result<Self> {
        let link = || {
            let all = runtime.linker(|linker| {
                kubephase_wit::add_to_linker::<Data<S>, Session<S>>(linker, |data| {
                    &mut data.session
                })
            })?;
            if denied.is_empty() && !has_wasi {
                return all.instantiate_pre(component);
            }
            let mut linker = Linker::clone(&all);
            linker.allow_shadowing(true);
            for capability in denied {
                deny(&mut linker, &label, capability)?;
            }
            if has_wasi {
                // Reading the component has refused all other unknown imports.
                linker.define_unknown_imports_as_traps(component)?;
            }
            linker.instantiate_pre(component)
        };
        let ready = link().and_then(|pre| Ok((guest::phase::GuestIndices::new(&pre)?, pre)));
        let (indices, pre) = ready
            .map_err(|stop: Stop| anyhow!("{label} does not fit this host: {}", one_line(&stop)))?;
        Ok(Guest {
            runtime: runtime.clone(),
            pre,
            indices,
            session,
            bounds,
            label,
            peak: Arc::default(),
        })
    }

    /// Uses a clock that other calls may share. The calls of the guest end by it.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.bounds.waiter.clock = clock;
        self
    }

    /// Limits the processor time of all calls of the plugin; `None` does not.
    #[must_use]
    pub fn with_time_budget(mut self, time: Option<TimeBudget>) -> Self {
        self.bounds.time = time;
        self
    }

    /// Returns the highest number of bytes of memory that a call had. The counter stays valid after
    /// the guest is dropped.
    pub fn peak(&self) -> Arc<AtomicUsize> {
        self.peak.clone()
    }

    fn call<T>(
        &self,
        call: impl FnOnce(&guest::phase::Guest, &mut Store<Data<S>>) -> wasmtime::Result<T>,
    ) -> wasmtime::Result<T> {
        let Bounds {
            limits,
            instance_bytes,
            waiter,
            time,
        } = &self.bounds;
        time.as_ref().map_or(Ok(()), TimeBudget::check)?;
        let _turn = waiter.wait(self.runtime.turns())?;
        let large = LargeTurn::default();
        let mut total = MemoryLimiter::new(
            limits.memory,
            self.peak.clone(),
            waiter.clone(),
            large.clone(),
        );
        total.add_instances(*instance_bytes)?;
        let data = Data {
            session: self.session.clone(),
            total,
        };
        let mut store = store_with_limits(
            self.runtime.engine(),
            data,
            |data| &mut data.total,
            limits.deadline,
            waiter.clone(),
            Meter::begin(time.clone()),
        );
        let instance = self.pre.instantiate(&mut store)?;
        let guest = self.indices.load(&mut store, &instance)?;
        call(&guest, &mut store)
    }

    /// Describes how a call was stopped, with the guest's names of the functions that were running,
    /// one on each line.
    fn explain_stop(&self, function: &str, stop: &Stop) -> Stop {
        let reason = match stop.downcast_ref::<Trap>() {
            Some(Trap::UnreachableCodeReached) => {
                "it panicked (see its messages, if it has any)".to_owned()
            }
            Some(Trap::StackOverflow) => "its stack overflowed".to_owned(),
            Some(trap) => trap.to_string(),
            None => {
                let cause = stop.root_cause().to_string();
                let cause = describe_wasi_call(&cause).unwrap_or(cause);
                sanitise::line(&cause).into_owned()
            }
        };
        let trace = stop
            .downcast_ref::<wasmtime::WasmBacktrace>()
            .map(|trace| shorten_trace(&trace_text(trace)))
            .unwrap_or_default();
        Stop::msg(format!(
            "{} was stopped in {function}: {reason}{trace}",
            self.label
        ))
    }
}

/// Describes a call of a function of WASI, from wasmtime's message; `None` for other messages.
fn describe_wasi_call(message: &str) -> Option<String> {
    let function = message.strip_prefix("unknown import: `")?;
    let (function, _) = function.split_once('`')?;
    Some(format!(
        "it called {function}, and no function of WASI can be called; use the interface \
         {WIT_PACKAGE} instead"
    ))
}

/// Returns an error that may quote names of the component, on one line.
fn one_line(stop: &Stop) -> String {
    sanitise::line(&format!("{stop:#}")).into_owned()
}

/// Writes a backtrace, a function on each line. Escapes names that could look like further lines.
fn trace_text(trace: &wasmtime::WasmBacktrace) -> String {
    let frames = trace.frames();
    let modules = frames.iter().filter_map(|frame| frame.module().name());
    let functions = frames
        .iter()
        .map(|frame| frame.func_name().unwrap_or("a function"));
    if modules
        .chain(functions.clone())
        .all(|name| !name.chars().any(sanitise::is_trick))
    {
        return trace.to_string();
    }
    let lines = functions.map(sanitise::quoted);
    lines.fold("the functions that ran:".to_owned(), |text, line| {
        format!("{text}\n    {line}")
    })
}

/// Returns the first lines of a backtrace, shortened: a guest can have many functions with long
/// names.
fn shorten_trace(trace: &str) -> String {
    let lines = trace
        .lines()
        .take(MAX_TRACE_LINES)
        .map(|line| &line[..line.floor_char_boundary(MAX_TRACE_LINE_BYTES)]);
    lines.fold(String::new(), |text, line| text + "\n" + line)
}

impl<S: Imports + kubephase_wit::types::Host + Clone + 'static> phase::Host for Guest<S> {
    fn describe(&mut self) -> Result<PhaseInfo, Stop> {
        self.call(|guest, store| guest.call_describe(store))
            .map_err(|stop| self.explain_stop("describe", &stop))
    }

    fn run(&mut self) -> Result<Outcome, Error> {
        match self.call(|guest, store| guest.call_run(store)) {
            Ok(Ok(outcome)) => Ok(outcome),
            Ok(Err(failure)) => Err(Error::Failure(failure)),
            // Cancelling the run is not a failure of the plugin.
            Err(_) if self.bounds.waiter.cancel.is_requested() => {
                Err(Error::Failure(Budget::cancelled_failure(&self.label)))
            }
            Err(stop) => Err(Error::Stop(self.explain_stop("run", &stop))),
        }
    }
}

/// Links a function that always fails with `denied`, so that a guest can go on without it.
fn deny<T: 'static>(
    linker: &mut Linker<T>,
    label: &str,
    capability: String,
) -> wasmtime::Result<()> {
    let Some((interface, function)) = capability.split_once('.') else {
        return Ok(());
    };
    let message = format!("{label} was not granted {capability}");
    linker
        .instance(&format!("{WIT_PACKAGE}/{interface}@{VERSION}"))?
        .func_new(function, move |_, _, _, results| {
            let failure = [
                ("code", Val::String("denied".into())),
                ("message", Val::String(message.clone())),
                ("retryable", Val::Bool(false)),
                ("remedy", Val::Option(None)),
            ];
            let failure = Val::Record(failure.map(|(name, value)| (name.to_owned(), value)).into());
            results.fill(Val::Result(Err(Some(Box::new(failure)))));
            Ok(())
        })
}

/// Makes a store with all limits set.
fn store_with_limits<T: 'static>(
    engine: &wasmtime::Engine,
    data: T,
    total: fn(&mut T) -> &mut MemoryLimiter,
    limit: Duration,
    waiter: Waiter,
    mut meter: Meter,
) -> Store<T> {
    let mut store = Store::new(engine, data);
    store.limiter(move |data| total(data));
    store.set_hostcall_fuel(MAX_HOSTCALL_BYTES);
    let end = waiter.clock.now() + limit;
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |_| match () {
        () if waiter.cancel.is_requested() => Err(Stop::msg("the run was cancelled")),
        () if waiter.clock.now() >= end => Err(Stop::msg(format!(
            "deadline of {limit:?} passed (limits.deadline of the plugin's entry)"
        ))),
        () => meter.check().map(|()| UpdateDeadline::Continue(1)),
    });
    store
}

/// Calls a component to describe itself, without any import.
pub(super) fn describe(
    runtime: &ComponentRuntime,
    component: &Component,
    instance_bytes: u64,
) -> Result<PhaseInfo> {
    let waiter = Waiter::default();
    let _turn = waiter
        .wait(runtime.turns())
        .map_err(|stop| anyhow!("{}", one_line(&stop)))?;
    let (engine, large) = (runtime.engine(), LargeTurn::default());
    let call_without_imports = || -> wasmtime::Result<PhaseInfo> {
        let mut linker: Linker<MemoryLimiter> = Linker::new(engine);
        linker.define_unknown_imports_as_traps(component)?;
        let pre = linker.instantiate_pre(component)?;
        let mut total = MemoryLimiter::new(
            Limits::default().memory,
            Arc::default(),
            waiter.clone(),
            large.clone(),
        );
        total.add_instances(instance_bytes)?;
        let mut store = store_with_limits(
            engine,
            total,
            |total| total,
            DESCRIBE_TIME,
            waiter.clone(),
            Meter::begin(None),
        );
        let instance = pre.instantiate(&mut store)?;
        guest::phase::GuestIndices::new(&pre)?
            .load(&mut store, &instance)?
            .call_describe(&mut store)
    };
    call_without_imports().map_err(|stop| anyhow!("{}", one_line(&stop)))
}
