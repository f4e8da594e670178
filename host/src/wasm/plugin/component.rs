//! Components that were read, and what the cache keeps of them.
use super::{Place, read};
use crate::{
    cancel::Cancel,
    operator_files,
    text::digest::sha256_hex,
    wasm::{
        embedded, inspect, limits,
        manifest::Manifest,
        phase,
        request::Request,
        runtime::{Author, Runtime},
    },
};
use anyhow::{Context, Result, bail};
use parking_lot::{Mutex, MutexGuard};
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
    pub(super) digest: String,
    pub(super) imports: BTreeSet<String>,
    pub(super) runtime: Runtime,
    /// the bytes until the component is compiled; empty then, to save memory
    bytes: Mutex<Bytes>,
    pub(super) embedded: bool,
}

/// The bytes of a component until it is compiled, at its first call.
enum Bytes {
    InMemory(Cow<'static, [u8]>),
    InFile(PathBuf),
}

/// The facts of a component that the host needs before it calls it. The cache keeps them by the
/// BLAKE3 digest of the component, because reading the whole component again takes longer than
/// calling it, and on many machines so does computing its SHA-256.
#[derive(Serialize, Deserialize)]
struct ComponentInfo {
    digest: String,
    imports: BTreeSet<String>,
    manifest: Manifest,
}

/// Version of the rules for manifests. Manifests that were read by other rules are read again.
const MANIFEST_RULES: u32 = 3;

impl ComponentInfo {
    /// The cache key of a component.
    fn key(hash: &blake3::Hash) -> String {
        format!(
            "{}-{}-{}-{MANIFEST_RULES}.read",
            hash.to_hex(),
            env!("CARGO_PKG_VERSION"),
            inspect::VERSION
        )
    }

    /// Returns what the cache has of a component.
    fn cached(runtime: &Runtime, hash: &blake3::Hash) -> Option<ComponentInfo> {
        serde_json::from_slice(&runtime.cache().get(&ComponentInfo::key(hash))?).ok()
    }

    /// Returns what the cache has of a component's file. Hashes the file piece by piece. None if
    /// the file has to be read whole: it is unknown, or may be an embedded component, or cannot be
    /// read.
    fn cached_for_file(runtime: &Runtime, path: &Path) -> Option<ComponentInfo> {
        let file = operator_files::open(path, limits::MAX_COMPONENT).ok()?;
        if embedded::has_length(file.metadata().ok()?.len()) {
            return None;
        }
        let mut hasher = blake3::Hasher::new();
        hasher
            .update_reader(file.take(limits::MAX_COMPONENT as u64 + 1))
            .ok()?;
        ComponentInfo::cached(runtime, &hasher.finalize())
    }

    /// Reads a whole component. Calls a component without a manifest to describe itself, and does
    /// not cache its answer.
    fn read(runtime: &Runtime, bytes: &[u8], hash: &blake3::Hash) -> Result<ComponentInfo> {
        let (info, has_manifest) = ComponentInfo::read_uncompiled(runtime, bytes)?;
        if has_manifest {
            info.store(runtime, hash);
            return Ok(info);
        }
        let described = phase::describe(
            runtime,
            &runtime.component(bytes, &info.digest, Author::Other, &Cancel::never())?,
        );
        let described = described
            .context("the component has no manifest, and could not be asked what it is")?;
        let manifest = Manifest::for_check(&described.name, &described.summary)?;
        Ok(ComponentInfo { manifest, ..info })
    }

    /// Reads a whole component without compiling or calling it. Returns whether it has a manifest.
    /// A component without a manifest is treated as a check without a name.
    fn read_uncompiled(runtime: &Runtime, bytes: &[u8]) -> Result<(ComponentInfo, bool)> {
        let digest = sha256_hex(bytes);
        let outline = runtime.read_outline(bytes)?;
        let imports = outline.imported()?;
        outline.exports_phase()?;
        if let Some(text) = outline.manifest {
            return Ok((
                ComponentInfo {
                    digest,
                    imports,
                    manifest: Manifest::parse(&text)?,
                },
                true,
            ));
        }
        check_only_reports(&imports)?;
        let manifest = Manifest::for_check(
            "unnamed",
            "a check without a manifest, which says its name when it is called",
        )?;
        Ok((
            ComponentInfo {
                digest,
                imports,
                manifest,
            },
            false,
        ))
    }

    /// Writes it to the cache. If that fails, the next run reads the component again.
    fn store(&self, runtime: &Runtime, hash: &blake3::Hash) {
        if let Ok(text) = serde_json::to_vec(self) {
            runtime.cache().put(&ComponentInfo::key(hash), &text);
        }
    }
}

impl Component {
    /// Reads the component of a place. Uses what the cache has of a file.
    ///
    /// # Errors
    /// The component cannot be read, or is not for this host.
    pub(in crate::wasm) fn open(runtime: &Runtime, place: &Place) -> Result<Component> {
        match place {
            Place::Embedded(name) => {
                let ours = embedded::find(name)
                    .with_context(|| format!("no plugin {name} is part of this program"))?;
                Component::read(runtime, ours.bytes.into())
            }
            Place::File(path) => match ComponentInfo::cached_for_file(runtime, path) {
                Some(info) => Component::new(runtime, info, Bytes::InFile(path.clone()), false),
                None => Component::read(runtime, read(path)?.into()),
            },
        }
    }

    /// Reads a component without compiling or calling it, even if its name can only be learned by
    /// calling it.
    pub(in crate::wasm) fn read_uncompiled(
        runtime: &Runtime,
        bytes: Cow<'static, [u8]>,
    ) -> Result<Component> {
        let (info, _) = ComponentInfo::read_uncompiled(runtime, &bytes)?;
        let embedded = embedded::is_embedded(&bytes);
        Component::new(runtime, info, Bytes::InMemory(bytes), embedded)
    }

    /// Reads a component. A component without a manifest is compiled and called to describe itself.
    ///
    /// # Errors
    /// The component is not for this host.
    pub(in crate::wasm) fn read(runtime: &Runtime, bytes: Cow<'static, [u8]>) -> Result<Component> {
        let hash = blake3::hash(&bytes);
        let info = match ComponentInfo::cached(runtime, &hash) {
            Some(info) => info,
            None => ComponentInfo::read(runtime, &bytes, &hash)?,
        };
        let embedded = embedded::is_embedded(&bytes);
        Component::new(runtime, info, Bytes::InMemory(bytes), embedded)
    }

    fn new(
        runtime: &Runtime,
        info: ComponentInfo,
        bytes: Bytes,
        embedded: bool,
    ) -> Result<Component> {
        let ComponentInfo {
            digest,
            imports,
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
                     import it; take it out of plugin.yaml, or build the component that uses it",
                    manifest.name
                );
            }
        }
        Ok(Component {
            manifest,
            digest,
            imports,
            runtime: runtime.clone(),
            bytes: Mutex::new(bytes),
            embedded,
        })
    }

    fn bytes(&self) -> MutexGuard<'_, Bytes> {
        self.bytes.lock()
    }

    /// Returns the compiled component; none if it was not compiled before.
    pub(super) fn find_compiled(&self) -> Option<wasmtime::component::Component> {
        let found = self.runtime.find_compiled(&self.digest)?;
        *self.bytes() = Bytes::InMemory(Cow::default());
        Some(found)
    }

    /// Returns the compiled component. Compiles it if it was not compiled before.
    pub(super) fn compile(&self, cancel: &Cancel) -> Result<wasmtime::component::Component> {
        let author = if self.embedded {
            Author::Program
        } else {
            Author::Other
        };
        if let Some(found) = self.find_compiled() {
            return Ok(found);
        }
        let mut bytes = self.bytes();
        let compiled = match &*bytes {
            Bytes::InMemory(bytes) => {
                self.runtime
                    .component(bytes, &self.digest, author, cancel)?
            }
            Bytes::InFile(path) => {
                let bytes = read(path)?;
                if sha256_hex(&bytes) != self.digest {
                    bail!(
                        "{} was changed after it was read; run the command again",
                        path.display()
                    );
                }
                self.runtime
                    .component(&bytes, &self.digest, author, cancel)?
            }
        };
        *bytes = Bytes::InMemory(Cow::default());
        Ok(compiled)
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
        "the component has no manifest, so it may only report; it imports {} as well",
        more.join(", ")
    )
}
