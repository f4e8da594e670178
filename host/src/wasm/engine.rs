//! One engine for all components of a run: compiles at most once, stops what runs too long.
use super::{
    cache::Cache,
    compiler::{self, Compiler},
    limits,
    plugin::{self, Plugin},
    pool::{self, Turns},
};
use crate::cancel::Cancel;
use anyhow::{Context, Result, anyhow};
use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use std::{
    any::{Any, TypeId},
    borrow::Cow,
    collections::HashMap,
    fs::File,
    hash::{DefaultHasher, Hash, Hasher},
    os::fd::AsRawFd,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};
use wasmtime::{
    Config, ModuleVersionStrategy,
    component::{Component, Linker},
};

/// How often a running guest is looked at.
const TICK: Duration = Duration::from_millis(10);

/// Where a component comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// it is part of the program, by this name
    Embedded(&'static str),
    File(PathBuf),
}

/// A component, or nothing where reading it failed.
type Once = Arc<OnceLock<Option<Arc<plugin::Component>>>>;

/// An engine, cheap to clone: all clones share what was compiled and loaded.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    engine: wasmtime::Engine,
    /// what a compiled form depends on beside the component: compiler, version, settings, processor
    compatibility: String,
    /// code reserves little address space
    small: bool,
    cache: Cache,
    compiler: Compiler,
    /// calls of guests that go on side by side
    turns: Turns,
    /// compilers that work side by side
    compilers: Turns,
    compiled: AtomicUsize,
    /// what was compiled or loaded, by the digest of what it was compiled from
    components: Mutex<HashMap<String, Component>>,
    /// components that were read once for all, by where they are
    read: Mutex<HashMap<Place, Once>>,
    /// linkers with all that the host has, by the type of what stores hold
    linked: Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
}

/// Whose component is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Author {
    /// It is part of this program.
    Program,
    /// It is somebody else's.
    Other,
}

/// The settings that code is compiled and run with. `small` code reserves little address space for each memory and has
/// bounds checks instead.
///
/// # Errors
/// Where wasmtime does not take them.
pub(super) fn config(small: bool) -> Result<Config> {
    let mut config = Config::new();
    config.epoch_interruption(true);
    config.max_wasm_stack(limits::MAX_STACK);
    // Backtraces name functions without either, and code is a third smaller; the system's list of what can be unwound
    // does not get longer with every component.
    config.generate_address_map(false).native_unwind_info(false);
    // With all a memory can address set aside, code needs no bounds checks and is half as long; what is checked then
    // are a few pages at its end.
    if small {
        config.memory_reservation(16 << 20).memory_guard_size(64 << 10).memory_reservation_for_growth(1 << 20);
    }
    // Memories are few and small: copying what is in them at first is faster than mapping it.
    config.memory_init_cow(false);
    // By itself wasmtime compares its major version only, and would load what a compiler since mended made.
    config.module_version(ModuleVersionStrategy::Custom(env!("WASMTIME_VERSION").into())).map_err(|e| anyhow!("{e:#}"))?;
    Ok(config)
}

impl Engine {
    /// The engine of the program, which compiles the components of others in child processes.
    ///
    /// # Errors
    /// Where this machine cannot run WebAssembly.
    pub fn new() -> Result<Engine> {
        Engine::with(Cache::open(), Compiler::ChildProcess)
    }

    /// An engine with a cache and a compiler of the caller's choice.
    ///
    /// # Errors
    /// Where this machine cannot run WebAssembly.
    pub fn with(cache: Cache, compiler: Compiler) -> Result<Engine> {
        // Where address space is limited, each memory takes little of it.
        let small = rustix::process::getrlimit(rustix::process::Resource::As).current.is_some();
        let config = config(small)?;
        // Some processors address too little for a pool.
        let mut pooled = config.clone();
        pooled.allocation_strategy(pool::pool());
        let engine =
            if small { wasmtime::Engine::new(&config) } else { wasmtime::Engine::new(&pooled).or_else(|_| wasmtime::Engine::new(&config)) };
        let engine = engine.map_err(|e| anyhow!("{e:#}")).context("WebAssembly cannot be run on this machine")?;
        let weak = engine.weak();
        thread::Builder::new().name("epochs".into()).spawn(move || {
            while let Some(engine) = weak.upgrade() {
                engine.increment_epoch();
                drop(engine);
                thread::sleep(TICK);
            }
        })?;
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let compatibility = format!("{}-{:016x}", env!("WASMTIME_VERSION"), hasher.finish());
        let (turns, compilers, compiled) = (Turns::new(pool::CALLS), Turns::new(limits::COMPILERS), AtomicUsize::new(0));
        let (components, read, linked) = Default::default();
        let inner = Inner { engine, compatibility, small, cache, compiler, turns, compilers, compiled, components, read, linked };
        Ok(Engine(Arc::new(inner)))
    }

    /// Why compiled components are not kept, where they are not: everything works, but each run compiles again.
    pub fn warning(&self) -> Option<&str> {
        self.0.cache.unusable()
    }

    /// Reads what a component is and asks for. One without a manifest is compiled and called to say its name.
    ///
    /// # Errors
    /// What is wrong with it, and what would be right.
    pub fn load(&self, bytes: impl Into<Cow<'static, [u8]>>) -> Result<Plugin> {
        plugin::Component::read(self, bytes.into()).map(Arc::new).map(Plugin::of)
    }

    /// Reads what a component is and asks for, and neither compiles nor calls it: one without a manifest has no name then.
    ///
    /// # Errors
    /// What is wrong with it, and what would be right.
    pub fn look(&self, bytes: impl Into<Cow<'static, [u8]>>) -> Result<Plugin> {
        plugin::Component::look(self, bytes.into()).map(Arc::new).map(Plugin::of)
    }

    /// The same, done once for a place: whoever asks while it is done waits, and whoever asks later has what was read then.
    ///
    /// # Errors
    /// Likewise, or why there is nothing to read.
    pub fn load_once(&self, place: Place) -> Result<Plugin> {
        let once = self.0.read.lock().unwrap_or_else(PoisonError::into_inner).entry(place.clone()).or_default().clone();
        let open = || plugin::Component::open(self, &place).map(Arc::new);
        match once.get_or_init(|| open().ok()) {
            Some(component) => Ok(Plugin::of(component.clone())),
            // What failed is done again, for whoever is to be told why.
            None => open().map(Plugin::of),
        }
    }

    /// Components compiled by this engine, for want of a cached form.
    pub fn compiled(&self) -> usize {
        self.0.compiled.load(Ordering::Relaxed)
    }

    /// What holds for every component, linked once.
    pub(super) fn linked<T: 'static>(&self, link: impl FnOnce(&mut Linker<T>) -> wasmtime::Result<()>) -> wasmtime::Result<Arc<Linker<T>>> {
        let mut linked = self.0.linked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Ok(found)) = linked.get(&TypeId::of::<T>()).map(|found| found.clone().downcast()) {
            return Ok(found);
        }
        let mut linker = Linker::new(&self.0.engine);
        link(&mut linker)?;
        let linker = Arc::new(linker);
        linked.insert(TypeId::of::<T>(), linker.clone());
        Ok(linker)
    }

    /// Where in the cache the compiled form is.
    fn key(&self, digest: &str) -> String {
        format!("{digest}-{}.cwasm", self.0.compatibility)
    }

    fn components(&self) -> MutexGuard<'_, HashMap<String, Component>> {
        self.0.components.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the compiled form, where it is known already or in the cache.
    pub(super) fn compiled_before(&self, digest: &str) -> Option<Component> {
        if let Some(known) = self.components().get(digest) {
            return Some(known.clone());
        }
        let code = self.0.cache.file(&self.key(digest))?;
        let component = self.load_code(&code).ok()?;
        self.components().insert(digest.to_owned(), component.clone());
        Some(component)
    }

    /// Compiles a component, or finds it compiled.
    ///
    /// # Errors
    /// Where it cannot be compiled, or not within the limits of compiling.
    pub(super) fn component(&self, bytes: &[u8], digest: &str, author: Author, cancel: &Cancel) -> Result<Component> {
        if let Some(component) = self.compiled_before(digest) {
            return Ok(component);
        }
        let component = match (author, self.0.compiler) {
            (Author::Other, Compiler::ChildProcess) => self.compile_in_child(bytes, digest, cancel)?,
            (Author::Program, _) | (_, Compiler::ThisProcess) => self.compile_here(bytes, digest)?,
        };
        self.components().insert(digest.to_owned(), component.clone());
        Ok(component)
    }

    fn compile_here(&self, bytes: &[u8], digest: &str) -> Result<Component> {
        self.0.compiled.fetch_add(1, Ordering::Relaxed);
        let component = Component::new(&self.0.engine, bytes).map_err(|e| anyhow!("the component cannot be compiled: {e:#}"))?;
        if let Ok(code) = component.serialize() {
            self.0.cache.put(&self.key(digest), &code);
        }
        Ok(component)
    }

    fn compile_in_child(&self, bytes: &[u8], digest: &str, cancel: &Cancel) -> Result<Component> {
        let _turn = self.0.compilers.wait();
        // Another phase of the same plugin may have been faster.
        if let Some(component) = self.compiled_before(digest) {
            return Ok(component);
        }
        self.0.compiled.fetch_add(1, Ordering::Relaxed);
        let draft = self.0.cache.draft().context("there is no place for the compiled component")?;
        compiler::compile_in_child(bytes, self.0.small, &draft.file, cancel)?;
        let code = draft.keep(&self.key(digest)).context("cannot keep the compiled component")?;
        self.load_code(&code).context("the compiler gave back what is not a compiled component")
    }

    /// Loads code from the file that holds it, at the beginning.
    fn load_code(&self, code: &File) -> Result<Component> {
        // The path leads to the open file itself, whatever has its name by now.
        let path = format!("/proc/self/fd/{}", code.as_raw_fd());
        // SAFETY: the file is an entry of the cache with the right digest, or was just made by our compiler (see
        // `compiler.rs` for why its answer is trusted). Entries are in a directory that only this user can write to, under
        // a key of component, compiler and settings. They are never written in place, so what is mapped stays as it is.
        let component = unsafe { Component::deserialize_file(&self.0.engine, path) };
        component.map_err(|e| anyhow!("{e:#}"))
    }

    pub(super) fn cache(&self) -> &Cache {
        &self.0.cache
    }

    pub(super) fn turns(&self) -> &Turns {
        &self.0.turns
    }

    pub(super) fn inner(&self) -> &wasmtime::Engine {
        &self.0.engine
    }
}

/// Hexadecimal SHA-256 of a component.
pub fn digest_of(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest(&SHA256, bytes).as_ref())
}
