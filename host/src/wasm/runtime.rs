//! Sets up wasmtime, and compiles each component at most once. A thread advances wasmtime's epochs,
//! by which guests that run too long are stopped.
use super::{
    cache::Cache,
    compiler::{self, Compiler},
    embedded,
    inspect::Outline,
    limits, pool,
};
use crate::{
    cancel::Cancel,
    parallel::{Turns, fair::FairTurns},
};
use anyhow::{Context, Result, anyhow};
use parking_lot::{Mutex, MutexGuard};
use std::{
    any::{Any, TypeId},
    collections::HashMap,
    fs::File,
    hash::{DefaultHasher, Hash, Hasher},
    os::fd::AsRawFd,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};
use wasmtime::{
    Config, ModuleVersionStrategy,
    component::{Component, Linker},
};

/// Time between two checks of a running guest.
const CHECK_INTERVAL: Duration = Duration::from_millis(10);

/// The runtime, cheap to clone: all clones share what was compiled.
#[derive(Clone)]
pub(super) struct ComponentRuntime(Arc<Inner>);

struct Inner {
    engine: wasmtime::Engine,
    /// hash of what compiled code depends on beside the component: compiler, version, settings,
    /// processor
    compatibility: String,
    /// whether the address space of this process is limited, so that each memory reserves little
    saves_address_space: bool,
    cache: Cache,
    compiler: Compiler,
    /// limits how many calls of guests run at one time
    turns: FairTurns,
    /// limits how many compilers run at one time
    compilers: Turns,
    compiled: AtomicUsize,
    /// bytes of memory of third parties' components that are loaded, by the digest of the component
    reserved: Mutex<HashMap<String, u64>>,
    /// compiled components, by the digest of the component
    components: Mutex<HashMap<String, Component>>,
    /// linkers with all host functions, by the type of the store's data
    linkers: Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
}

/// The author of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Author {
    /// The component is part of this program.
    Program,
    /// The component is a third party's.
    Other,
}

/// Returns the settings with which code is compiled and run. With `saves_address_space`, each
/// memory reserves little of it, and the code has bounds checks instead.
///
/// # Errors
/// wasmtime refuses the settings.
pub(super) fn config(saves_address_space: bool) -> Result<Config> {
    let mut config = Config::new();
    config.epoch_interruption(true);
    config.max_wasm_stack(limits::MAX_STACK_BYTES);
    // Backtraces name functions even without these two, and code is a third smaller. Also, the
    // list of functions that the system can unwind does not grow with every component.
    config.generate_address_map(false).native_unwind_info(false);
    // By default wasmtime reserves the whole address space of a memory. Code then needs no bounds
    // checks and is half as long.
    if saves_address_space {
        config
            .memory_reservation(16 << 20)
            .memory_guard_size(64 << 10)
            .memory_reservation_for_growth(1 << 20);
    }
    // Memories are few and small, so copying their initial content is faster than mapping it.
    config.memory_init_cow(false);
    // By default wasmtime compares only its major version. It would load code of an older compiler
    // with errors that were corrected since.
    config
        .module_version(ModuleVersionStrategy::Custom(
            env!("WASMTIME_VERSION").into(),
        ))
        .map_err(|e| anyhow!("{e:#}"))?;
    Ok(config)
}

impl ComponentRuntime {
    /// Returns a runtime with this cache and this compiler.
    ///
    /// # Errors
    /// This machine cannot run WebAssembly.
    pub(super) fn new(cache: Cache, compiler: Compiler) -> Result<ComponentRuntime> {
        // If the address space is limited, each memory reserves little of it.
        let saves_address_space = rustix::process::getrlimit(rustix::process::Resource::As)
            .current
            .is_some();
        let config = config(saves_address_space)?;
        // Some processors have too little address space for a pool.
        let mut pooled = config.clone();
        pooled.allocation_strategy(pool::pool());
        let engine = if saves_address_space {
            wasmtime::Engine::new(&config)
        } else {
            wasmtime::Engine::new(&pooled).or_else(|_| wasmtime::Engine::new(&config))
        };
        let engine = engine
            .map_err(|e| anyhow!("{e:#}"))
            .context("WebAssembly cannot be run on this machine")?;
        let weak = engine.weak();
        thread::Builder::new()
            .name("epochs".into())
            .spawn(move || {
                while let Some(engine) = weak.upgrade() {
                    engine.increment_epoch();
                    drop(engine);
                    thread::sleep(CHECK_INTERVAL);
                }
            })?;
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let compatibility = format!("{}-{:016x}", env!("WASMTIME_VERSION"), hasher.finish());
        let (turns, compilers, compiled) = (
            FairTurns::new(limits::MAX_CALLS, limits::MAX_CALLS_OF_PLUGIN),
            Turns::new(limits::MAX_COMPILERS),
            AtomicUsize::new(0),
        );
        let (reserved, components, linkers) = Default::default();
        let inner = Inner {
            engine,
            compatibility,
            saves_address_space,
            cache,
            compiler,
            turns,
            compilers,
            compiled,
            reserved,
            components,
            linkers,
        };
        Ok(ComponentRuntime(Arc::new(inner)))
    }

    /// Returns the reason why the cache keeps no compiled components; `None` if it keeps them.
    pub(super) fn warning(&self) -> Option<&str> {
        self.0.cache.unusable_reason()
    }

    /// Returns the number of components that were compiled because the cache had no code for them.
    pub(super) fn compiled_count(&self) -> usize {
        self.0.compiled.load(Ordering::Relaxed)
    }

    /// Returns the linker with all host functions. The linker is made once for all components.
    pub(super) fn linker<T: 'static>(
        &self,
        link: impl FnOnce(&mut Linker<T>) -> wasmtime::Result<()>,
    ) -> wasmtime::Result<Arc<Linker<T>>> {
        let mut linkers = self.0.linkers.lock();
        if let Some(Ok(found)) = linkers
            .get(&TypeId::of::<T>())
            .map(|found| found.clone().downcast())
        {
            return Ok(found);
        }
        let mut linker = Linker::new(&self.0.engine);
        link(&mut linker)?;
        let linker = Arc::new(linker);
        linkers.insert(TypeId::of::<T>(), linker.clone());
        Ok(linker)
    }

    /// Returns the cache key of a component's code.
    fn code_key(&self, digest: &str) -> String {
        format!("{digest}-{}.cwasm", self.0.compatibility)
    }

    fn components(&self) -> MutexGuard<'_, HashMap<String, Component>> {
        self.0.components.lock()
    }

    /// Reserves memory for a third party's component, which stays loaded. Reserving it again is
    /// free.
    ///
    /// # Errors
    /// The components that are loaded take too much memory together.
    pub(super) fn reserve(&self, digest: &str, bytes: u64) -> Result<()> {
        let mut reserved = self.0.reserved.lock();
        if reserved.contains_key(digest) {
            return Ok(());
        }
        let all = reserved.values().copied().fold(bytes, u64::saturating_add);
        limits::check_loaded(all)?;
        reserved.insert(digest.to_owned(), bytes);
        Ok(())
    }

    /// Returns a compiled component from memory or from the cache; `None` if neither has it.
    pub(super) fn find_compiled(&self, digest: &str) -> Option<Component> {
        if let Some(known) = self.components().get(digest) {
            return Some(known.clone());
        }
        let code = self.0.cache.file(&self.code_key(digest))?;
        let component = self.load_code(&code).ok()?;
        self.components()
            .insert(digest.to_owned(), component.clone());
        Some(component)
    }

    /// Returns a compiled component. Compiles it if it was not compiled before.
    ///
    /// # Errors
    /// The component cannot be compiled, or not within the limits of compiling.
    pub(super) fn component(
        &self,
        bytes: &[u8],
        digest: &str,
        author: Author,
        cancel: &Cancel,
    ) -> Result<Component> {
        if let Some(component) = self.find_compiled(digest) {
            return Ok(component);
        }
        let component = match (author, self.0.compiler) {
            (Author::Other, Compiler::ChildProcess) => {
                self.compile_in_child(bytes, digest, cancel)?
            }
            (Author::Program, _) | (_, Compiler::ThisProcess) => {
                self.compile_here(bytes, digest)?
            }
        };
        self.components()
            .insert(digest.to_owned(), component.clone());
        Ok(component)
    }

    /// Reads the outline of a component. A third party's component is read in a child process.
    ///
    /// # Errors
    /// It is not a component for this host, or reading it reaches a limit.
    pub(super) fn read_outline(&self, bytes: &[u8]) -> Result<Outline> {
        if self.0.compiler == Compiler::ThisProcess || embedded::is_embedded(bytes) {
            return Outline::read(bytes);
        }
        let _turn = self.0.compilers.wait();
        compiler::read_in_child(bytes, &Cancel::never())
    }

    /// Compiles a component in this process, and writes its code to the cache.
    fn compile_here(&self, bytes: &[u8], digest: &str) -> Result<Component> {
        self.0.compiled.fetch_add(1, Ordering::Relaxed);
        let component = Component::new(&self.0.engine, bytes)
            .map_err(|e| anyhow!("the component cannot be compiled: {e:#}"))?;
        if let Ok(code) = component.serialize() {
            self.0.cache.put(&self.code_key(digest), &code);
        }
        Ok(component)
    }

    /// Compiles a component in a child process, which writes its code to the cache.
    fn compile_in_child(&self, bytes: &[u8], digest: &str, cancel: &Cancel) -> Result<Component> {
        let _turn = self.0.compilers.wait();
        // Another thread may have compiled the component meanwhile.
        if let Some(component) = self.find_compiled(digest) {
            return Ok(component);
        }
        self.0.compiled.fetch_add(1, Ordering::Relaxed);
        let draft = self
            .0
            .cache
            .draft()
            .context("cannot make a file for the compiled component")?;
        compiler::compile_in_child(bytes, self.0.saves_address_space, &draft.file, cancel)?;
        let code = draft
            .keep(&self.code_key(digest))
            .context("cannot keep the compiled component")?;
        self.load_code(&code)
            .context("the compiler did not return a compiled component")
    }

    /// Loads code from the beginning of a file.
    fn load_code(&self, code: &File) -> Result<Component> {
        // The path leads to the open file itself, even if another file has its name by now.
        let path = format!("/proc/self/fd/{}", code.as_raw_fd());
        // SAFETY: the file is an entry of the cache with the right digest, or was just made by our
        // compiler (see `compiler.rs` for why its answer is trusted). Entries are in a directory
        // that only this user can write to, under a key of component, compiler and settings. They
        // are never written in place, so what is mapped stays as it is.
        let component = unsafe { Component::deserialize_file(&self.0.engine, path) };
        component.map_err(|e| anyhow!("{e:#}"))
    }

    /// Returns the cache of compiled components.
    pub(super) fn cache(&self) -> &Cache {
        &self.0.cache
    }

    /// Returns the turns that calls of guests wait for.
    pub(super) fn turns(&self) -> &FairTurns {
        &self.0.turns
    }

    /// Returns the engine of wasmtime.
    pub(super) fn engine(&self) -> &wasmtime::Engine {
        &self.0.engine
    }
}
