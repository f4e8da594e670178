//! The engine for all plugins of a run: it reads a component at most once.
use super::{
    cache::Cache,
    compiler::Compiler,
    plugin::{self, ComponentSource, Plugin},
    runtime::ComponentRuntime,
};
use anyhow::Result;
use parking_lot::Mutex;
use std::{
    borrow::Cow,
    collections::HashMap,
    sync::{Arc, OnceLock},
};

/// A component that is read once; `None` if reading it failed.
type Once = Arc<OnceLock<Option<Arc<plugin::Component>>>>;

/// An engine, cheap to clone: all clones share what was compiled and loaded.
#[derive(Clone)]
pub struct Engine {
    runtime: ComponentRuntime,
    /// components that were read, by their source
    read: Arc<Mutex<HashMap<ComponentSource, Once>>>,
}

impl Engine {
    /// Returns the engine of the program, which compiles third-party components in child processes.
    ///
    /// # Errors
    /// This machine cannot run WebAssembly.
    pub fn new() -> Result<Engine> {
        Engine::with(Cache::open(), Compiler::ChildProcess)
    }

    /// Returns an engine with a cache and a compiler of the caller's choice.
    ///
    /// # Errors
    /// This machine cannot run WebAssembly.
    pub fn with(cache: Cache, compiler: Compiler) -> Result<Engine> {
        Ok(Engine {
            runtime: ComponentRuntime::new(cache, compiler)?,
            read: Arc::default(),
        })
    }

    /// Returns the reason why the cache keeps no compiled components; `None` if it keeps them.
    /// Without a cache everything works, but each run compiles again.
    pub fn warning(&self) -> Option<&str> {
        self.runtime.warning()
    }

    /// Reads a component. A component without a manifest is compiled and called to describe itself.
    ///
    /// # Errors
    /// The component cannot be used; the message says how to mend it.
    pub fn load(&self, bytes: impl Into<Cow<'static, [u8]>>) -> Result<Plugin> {
        plugin::Component::read(&self.runtime, bytes.into())
            .map(Arc::new)
            .map(Plugin::new)
    }

    /// Reads a component without compiling or calling it. A component without a manifest then has
    /// no name.
    ///
    /// # Errors
    /// The component cannot be used; the message says how to mend it.
    pub fn load_uncompiled(&self, bytes: impl Into<Cow<'static, [u8]>>) -> Result<Plugin> {
        plugin::Component::read_uncompiled(&self.runtime, bytes.into())
            .map(Arc::new)
            .map(Plugin::new)
    }

    /// Reads the component of a place, once for all callers. A caller waits while another caller
    /// reads the component; later callers get the component that was read.
    ///
    /// # Errors
    /// The component cannot be read, or cannot be used.
    pub fn load_once(&self, place: ComponentSource) -> Result<Plugin> {
        let once = self.read.lock().entry(place.clone()).or_default().clone();
        let open = || plugin::Component::open(&self.runtime, &place).map(Arc::new);
        match once.get_or_init(|| open().ok()) {
            Some(component) => Ok(Plugin::new(component.clone())),
            // Reading failed before; it is repeated to get the error.
            None => open().map(Plugin::new),
        }
    }

    /// Returns the number of components that this engine compiled because the cache had no code for
    /// them.
    pub fn compiled_count(&self) -> usize {
        self.runtime.compiled_count()
    }
}
