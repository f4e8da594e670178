//! One engine for all components of a run: compiles at most once, stops what runs too long.
use super::{cache::Cache, limits, plugin::Plugin};
use anyhow::{Context, Result, anyhow};
use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use std::{
    borrow::Cow,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};
use wasmtime::{Config, ModuleVersionStrategy, component::Component};

/// How often a running guest is looked at.
const TICK: Duration = Duration::from_millis(10);

/// Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    engine: wasmtime::Engine,
    /// what a compiled form depends on beside the component: compiler, version, settings, processor
    compatibility: String,
    cache: Cache,
    compiled: AtomicUsize,
}

impl Engine {
    /// # Errors
    /// Where this machine cannot run WebAssembly.
    pub fn new() -> Result<Engine> {
        Engine::with(Cache::open())
    }

    pub(super) fn with(cache: Cache) -> Result<Engine> {
        let mut config = Config::new();
        config.epoch_interruption(true);
        config.max_wasm_stack(limits::MAX_STACK);
        // Backtraces name functions without either, and code is a third smaller; the system's list of what can be unwound
        // does not get longer with every component.
        config.generate_address_map(false).native_unwind_info(false);
        // With all a memory can address set aside, code needs no bounds checks and is half as long; what is checked then
        // are a few pages at its end. Where address space is limited, each memory takes little of it.
        if rustix::process::getrlimit(rustix::process::Resource::As).current.is_some() {
            config.memory_reservation(16 << 20).memory_guard_size(64 << 10).memory_reservation_for_growth(1 << 20);
        }
        // Memories are few and small: copying what is in them at first is faster than mapping it.
        config.memory_init_cow(false);
        // By itself wasmtime compares its major version only, and would load what a compiler since mended made.
        config.module_version(ModuleVersionStrategy::Custom(env!("WASMTIME_VERSION").into())).map_err(|e| anyhow!("{e:#}"))?;
        let engine = wasmtime::Engine::new(&config).map_err(|e| anyhow!("{e:#}")).context("WebAssembly cannot be run on this machine")?;
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
        Ok(Engine(Arc::new(Inner { engine, compatibility, cache, compiled: AtomicUsize::new(0) })))
    }

    /// Why compiled components are not kept, where they are not: everything works, but each run compiles again.
    pub fn warning(&self) -> Option<&str> {
        self.0.cache.unusable()
    }

    /// Reads what a component is and asks for; nothing of it is run or compiled yet.
    ///
    /// # Errors
    /// What is wrong with it, and what would be right.
    pub fn load(&self, bytes: impl Into<Cow<'static, [u8]>>) -> Result<Plugin> {
        Plugin::load(self, bytes.into())
    }

    /// Components compiled by this engine, for want of a cached form.
    pub fn compiled(&self) -> usize {
        self.0.compiled.load(Ordering::Relaxed)
    }

    /// The compiled form, from the cache where it is there.
    pub(super) fn component(&self, bytes: &[u8], digest: &str) -> Result<Component> {
        let key = format!("{digest}-{}.cwasm", self.0.compatibility);
        if let Some(code) = self.0.cache.file(&key) {
            // SAFETY: the entry was written by `put` below, into a directory that only this user can write to, under
            // a key of component, compiler and settings, and its digest was checked: it is what `serialize` gave. It is
            // never written in place, so what is mapped stays as it is.
            if let Ok(component) = unsafe { Component::deserialize_file(&self.0.engine, &code) } {
                return Ok(component);
            }
        }
        self.0.compiled.fetch_add(1, Ordering::Relaxed);
        let component = Component::new(&self.0.engine, bytes).map_err(|e| anyhow!("the component cannot be compiled: {e:#}"))?;
        if let Ok(code) = component.serialize() {
            self.0.cache.put(&key, &code);
        }
        Ok(component)
    }

    pub(super) fn cache(&self) -> &Cache {
        &self.0.cache
    }

    pub(super) fn inner(&self) -> &wasmtime::Engine {
        &self.0.engine
    }
}

/// Hexadecimal SHA-256 of a component.
pub fn digest_of(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest(&SHA256, bytes).as_ref())
}
