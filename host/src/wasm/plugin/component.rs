//! Components: their manifest and imports, read from the bytes or from the cache, and their
//! compiled code.
use super::{ComponentSource, read_component_file};
use crate::{
    cancel::Cancel,
    operator_files, program,
    text::digest::sha256_hex,
    wasm::{
        embedded, inspect, limits,
        manifest::Manifest,
        phase,
        request::Request,
        runtime::{Author, ComponentRuntime},
    },
};
use anyhow::{Context, Result, bail};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use std::{
    borrow::Cow,
    collections::BTreeSet,
    io::Read,
    path::{Path, PathBuf},
};

/// A component that was read. Several plugins of one engine may share it.
pub(in crate::wasm) struct Component {
    pub(super) manifest: Manifest,
    pub(super) sha256: String,
    pub(super) imports: BTreeSet<String>,
    /// interfaces of WASI that it imports, which the host only denies
    pub(super) wasi: Vec<String>,
    /// bytes of memory that the instances of each call take before any code runs
    pub(super) instance_bytes: u64,
    /// bytes of memory that the compiled component takes while it is loaded
    pub(super) loaded_bytes: u64,
    pub(super) runtime: ComponentRuntime,
    /// the bytes that are compiled at the first call; emptied afterwards, to save memory
    bytes: Mutex<ComponentBytes>,
    pub(super) is_embedded: bool,
}

/// The place of the bytes of a component.
enum ComponentBytes {
    InMemory(Cow<'static, [u8]>),
    InFile(PathBuf),
}

/// The facts about a component that the host needs before the first call. The cache keeps them
/// under the BLAKE3 hash of the component. Reading the component again would take longer than
/// calling it. On many machines even computing its SHA-256 takes longer than calling it.
#[derive(Serialize, Deserialize)]
struct ComponentInfo {
    sha256: String,
    imports: BTreeSet<String>,
    wasi: Vec<String>,
    instance_bytes: u64,
    loaded_bytes: u64,
    manifest: Manifest,
}

/// Version of the rules for manifests and of these facts, part of the cache key. Raise it when they
/// change: components in the cache are then read again.
const MANIFEST_RULES_VERSION: u32 = 6;

impl ComponentInfo {
    /// Returns the cache key of a component.
    fn cache_key(hash: &blake3::Hash) -> String {
        format!(
            "{}-{}-{}-{MANIFEST_RULES_VERSION}.read",
            hash.to_hex(),
            env!("CARGO_PKG_VERSION"),
            inspect::VERSION
        )
    }

    /// Returns what the cache has of a component.
    fn load_cached(runtime: &ComponentRuntime, hash: &blake3::Hash) -> Option<ComponentInfo> {
        serde_json::from_slice(&runtime.cache().get(&ComponentInfo::cache_key(hash))?).ok()
    }

    /// Returns what the cache has of a component's file. Hashes the file piece by piece. Returns
    /// `None` if the file is not in the cache, cannot be read, or has the length of an embedded
    /// component (which is recognised only by its whole content).
    fn load_cached_for_file(runtime: &ComponentRuntime, path: &Path) -> Option<ComponentInfo> {
        let file = operator_files::open(path, limits::MAX_COMPONENT).ok()?;
        if embedded::has_length(file.metadata().ok()?.len()) {
            return None;
        }
        let mut hasher = blake3::Hasher::new();
        hasher
            .update_reader(file.take(limits::MAX_COMPONENT as u64 + 1))
            .ok()?;
        ComponentInfo::load_cached(runtime, &hasher.finalize())
    }

    /// Reads a whole component. If the component has no manifest, compiles it, calls its
    /// `describe`, and does not cache the answer.
    fn read(
        runtime: &ComponentRuntime,
        bytes: &[u8],
        hash: &blake3::Hash,
    ) -> Result<ComponentInfo> {
        let (info, has_manifest) = ComponentInfo::read_uncompiled(runtime, bytes)?;
        if has_manifest {
            info.store(runtime, hash);
            return Ok(info);
        }
        runtime.reserve(&info.sha256, info.loaded_bytes)?;
        let described = phase::describe(
            runtime,
            &runtime.component(bytes, &info.sha256, Author::Other, &Cancel::never())?,
            info.instance_bytes,
        );
        let described =
            described.context("the component has no manifest, and its `describe` failed")?;
        let manifest = Manifest::for_check(&described.name, &described.summary)?;
        Ok(ComponentInfo { manifest, ..info })
    }

    /// Reads a whole component without compiling or calling it. Returns whether it has a manifest.
    /// A component without a manifest is treated as a check with the name `unnamed`.
    fn read_uncompiled(runtime: &ComponentRuntime, bytes: &[u8]) -> Result<(ComponentInfo, bool)> {
        let outline = runtime.read_outline(bytes)?;
        let (instance_bytes, loaded_bytes) = (outline.instance_bytes, outline.loaded_bytes);
        let imports = outline.imported_functions()?;
        let wasi = outline.wasi_imports();
        outline.exports_phase()?;
        let has_manifest = outline.manifest.is_some();
        let manifest = if let Some(text) = outline.manifest {
            Manifest::parse(&text)?
        } else {
            check_only_reports(&imports)?;
            Manifest::for_check(
                "unnamed",
                "a check without a manifest, which says its name when it is called",
            )?
        };
        let info = ComponentInfo {
            sha256: sha256_hex(bytes),
            imports,
            wasi,
            instance_bytes,
            loaded_bytes,
            manifest,
        };
        Ok((info, has_manifest))
    }

    /// Writes the information to the cache. If that fails, the next run reads the component again.
    fn store(&self, runtime: &ComponentRuntime, hash: &blake3::Hash) {
        if let Ok(text) = serde_json::to_vec(self) {
            runtime.cache().put(&ComponentInfo::cache_key(hash), &text);
        }
    }
}

impl Component {
    /// Reads the component of a place. Uses what the cache has of a file.
    ///
    /// # Errors
    /// The component cannot be read, or is not for this host.
    pub(in crate::wasm) fn open(
        runtime: &ComponentRuntime,
        place: &ComponentSource,
    ) -> Result<Component> {
        match place {
            ComponentSource::Embedded(name) => {
                let plugin = embedded::find(name)
                    .with_context(|| format!("no plugin {name} is part of this program"))?;
                Component::read(runtime, plugin.bytes.into())
            }
            ComponentSource::File(path) => match ComponentInfo::load_cached_for_file(runtime, path)
            {
                Some(info) => {
                    let bytes = ComponentBytes::InFile(path.clone());
                    Component::new(runtime, info, bytes, false)
                }
                None => Component::read(runtime, read_component_file(path)?.into()),
            },
        }
    }

    /// Reads a component without compiling or calling it, even if its name can only be learned by
    /// calling it.
    pub(in crate::wasm) fn read_uncompiled(
        runtime: &ComponentRuntime,
        bytes: Cow<'static, [u8]>,
    ) -> Result<Component> {
        let (info, _) = ComponentInfo::read_uncompiled(runtime, &bytes)?;
        Component::in_memory(runtime, info, bytes)
    }

    /// Reads a component. A component without a manifest is compiled and called to describe itself.
    ///
    /// # Errors
    /// The component is not for this host.
    pub(in crate::wasm) fn read(
        runtime: &ComponentRuntime,
        bytes: Cow<'static, [u8]>,
    ) -> Result<Component> {
        let hash = blake3::hash(&bytes);
        let info = match ComponentInfo::load_cached(runtime, &hash) {
            Some(info) => info,
            None => ComponentInfo::read(runtime, &bytes, &hash)?,
        };
        Component::in_memory(runtime, info, bytes)
    }

    fn in_memory(
        runtime: &ComponentRuntime,
        info: ComponentInfo,
        bytes: Cow<'static, [u8]>,
    ) -> Result<Component> {
        let is_embedded = embedded::is_embedded(&bytes);
        Component::new(runtime, info, ComponentBytes::InMemory(bytes), is_embedded)
    }

    fn new(
        runtime: &ComponentRuntime,
        info: ComponentInfo,
        bytes: ComponentBytes,
        is_embedded: bool,
    ) -> Result<Component> {
        let ComponentInfo {
            sha256,
            imports,
            wasi,
            instance_bytes,
            loaded_bytes,
            manifest,
        } = info;
        let host = semver::Version::parse(env!("CARGO_PKG_VERSION"))?;
        manifest
            .requires
            .check(&host, &inspect::VERSION)
            .with_context(|| format!("plugin {} {}", manifest.name, manifest.version))?;
        for Request { capability, .. } in &manifest.grants {
            if !imports.contains(capability) {
                bail!(
                    "plugin {}: its manifest asks for {capability}, but the component does not \
                     import it; take it out of plugin.yaml, or use {capability} in the component",
                    manifest.name
                );
            }
        }
        Ok(Component {
            manifest,
            sha256,
            imports,
            wasi,
            instance_bytes,
            loaded_bytes,
            runtime: runtime.clone(),
            bytes: Mutex::new(bytes),
            is_embedded,
        })
    }

    /// Reserves the memory of the compiled component, which stays loaded.
    fn reserve_memory(&self) -> Result<()> {
        if self.is_embedded {
            return Ok(());
        }
        self.runtime.reserve(&self.sha256, self.loaded_bytes)
    }

    /// Returns the compiled component if the cache has it and there is memory for it, and then
    /// drops the bytes.
    pub(super) fn find_compiled(&self) -> Option<wasmtime::component::Component> {
        self.reserve_memory().ok()?;
        let found = self.runtime.find_compiled(&self.sha256)?;
        *self.bytes.lock() = ComponentBytes::InMemory(Cow::default());
        Some(found)
    }

    /// Returns the compiled component. Compiles it if it was not compiled before.
    pub(super) fn compile(&self, cancel: &Cancel) -> Result<wasmtime::component::Component> {
        self.reserve_memory()?;
        if let Some(found) = self.find_compiled() {
            return Ok(found);
        }
        let author = if self.is_embedded {
            Author::Program
        } else {
            Author::Other
        };
        let mut bytes = self.bytes.lock();
        let compiled = {
            let content = match &*bytes {
                ComponentBytes::InMemory(content) => Cow::Borrowed(content.as_ref()),
                ComponentBytes::InFile(path) => Cow::Owned(self.read_unchanged(path)?),
            };
            self.runtime
                .component(&content, &self.sha256, author, cancel)?
        };
        *bytes = ComponentBytes::InMemory(Cow::default());
        Ok(compiled)
    }

    /// Reads the file of the component again.
    ///
    /// # Errors
    /// The file cannot be read, or was changed since it was read.
    fn read_unchanged(&self, path: &Path) -> Result<Vec<u8>> {
        let content = read_component_file(path)?;
        if sha256_hex(&content) != self.sha256 {
            bail!(
                "{} was changed after it was read; run the command again",
                path.display()
            );
        }
        Ok(content)
    }
}

/// Refuses imports other than `report` for a component without a manifest, which may only be a
/// check that reports.
fn check_only_reports(imports: &BTreeSet<String>) -> Result<()> {
    let more: Vec<&str> = imports
        .iter()
        .map(String::as_str)
        .filter(|import| !import.starts_with("report."))
        .collect();
    if more.is_empty() {
        return Ok(());
    }
    bail!(
        "the component has no manifest, so it may only import `report`; it also imports {}; add a \
         plugin.yaml with {} or {}",
        more.join(", "),
        program::command("plugin build"),
        program::command("plugin annotate")
    )
}
