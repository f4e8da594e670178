//! Reads the outline of a component from its bytes, without running or compiling it.
//!
//! [`Outline::read`] parses and validates the component. That can take much memory, so the program
//! does it in a limited child process. An outline is small; [`Outline::imported_functions`] and
//! [`Outline::exports_phase`] check it in this process.
use super::{
    gate, section,
    structure::{self, damaged_error},
};
use crate::{program, text::sanitise::quoted};
use anyhow::{Result, anyhow, bail};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use wasmparser::{
    Encoding, Parser, Payload, ValidPayload, Validator, WasmFeatures,
    component_types::ComponentEntityType, types::Types,
};

/// The WIT package of the interface of plugins.
pub const WIT_PACKAGE: &str = "kubephase:plugin";
/// The version of the interface that this host has. Before 1.0, versions are compatible if their
/// minor versions are equal.
pub const VERSION: semver::Version = semver::Version::new(0, 1, 0);

/// Bytes of the longest manifest.
pub const MAX_MANIFEST: usize = 256 << 10;
/// The largest number of interfaces that a component imports or exports, and of functions of one
/// interface.
const MAX_INTERFACES: usize = 200;
/// The largest number of problems of the imports in a message.
const MAX_PROBLEMS: usize = 20;

/// The features of WebAssembly that toolchains use and this host runs. The validator takes much
/// memory for types of others: garbage collection, functions with typed references.
const FEATURES: WasmFeatures = WasmFeatures::MUTABLE_GLOBAL
    .union(WasmFeatures::SATURATING_FLOAT_TO_INT)
    .union(WasmFeatures::SIGN_EXTENSION)
    .union(WasmFeatures::REFERENCE_TYPES)
    .union(WasmFeatures::MULTI_VALUE)
    .union(WasmFeatures::BULK_MEMORY)
    .union(WasmFeatures::SIMD)
    .union(WasmFeatures::RELAXED_SIMD)
    .union(WasmFeatures::TAIL_CALL)
    .union(WasmFeatures::FLOATS)
    .union(WasmFeatures::MULTI_MEMORY)
    .union(WasmFeatures::EXTENDED_CONST)
    .union(WasmFeatures::GC_TYPES)
    .union(WasmFeatures::COMPONENT_MODEL);

/// The outline of a component: the names of its imports and exports, its manifest, and the memory
/// that it takes. Nothing in it was checked yet except its size.
#[derive(Debug, Serialize, Deserialize)]
pub struct Outline {
    imports: Vec<Import>,
    exports: Vec<String>,
    /// the text of its manifest; `None` if it has no manifest
    pub manifest: Option<String>,
    /// bytes of memory that the instances of each call take before any code runs
    pub instance_bytes: u64,
    /// bytes of memory that the compiled component takes while it is loaded
    pub loaded_bytes: u64,
}

/// Something that a component imports.
#[derive(Debug, Serialize, Deserialize)]
struct Import {
    name: String,
    /// the functions of an interface; `None` if the import is not an interface
    functions: Option<Vec<String>>,
}

/// The namespace of WASI's packages.
const WASI: &str = "wasi:";

impl Import {
    /// Whether this is an interface of WASI, of any version.
    fn is_wasi(&self) -> bool {
        self.name.starts_with(WASI) && self.functions.is_some()
    }
}

impl Outline {
    /// Reads the structure and types of a component, without the code of its functions.
    ///
    /// # Errors
    /// The bytes are not a component for this host; the message says why, and what to do.
    pub fn read(bytes: &[u8]) -> Result<Outline> {
        // The validator takes quadratic time and as much memory as it likes for some components.
        let memory = structure::check(bytes)?;
        let Scan {
            types,
            imports,
            exports,
            manifests,
        } = Scan::run(bytes)?;
        let manifest = match manifests.as_slice() {
            [] => None,
            [manifest] => Some(manifest_text(manifest)?),
            several => bail!(
                "the component has {} manifests; it must have at most one",
                several.len()
            ),
        };
        let imports = imports.into_iter().map(|name| Import {
            name: name.to_owned(),
            functions: functions(&types, name),
        });
        let outline = Outline {
            imports: imports.collect(),
            exports: exports.into_iter().map(str::to_owned).collect(),
            manifest,
            instance_bytes: memory.instances,
            loaded_bytes: memory.loaded,
        };
        outline.check_size()?;
        Ok(outline)
    }

    /// Refuses more names, or a longer manifest, than a component of this host can have.
    ///
    /// # Errors
    /// A limit is exceeded; the message names it.
    pub(super) fn check_size(&self) -> Result<()> {
        let functions = self
            .imports
            .iter()
            .map(|import| import.functions.as_ref().map_or(0, Vec::len));
        let most = functions.chain([self.imports.len(), self.exports.len()]);
        if most.max().is_some_and(|most| most > MAX_INTERFACES) {
            bail!(
                "the component imports or exports more than {MAX_INTERFACES} interfaces, or an \
                 interface of more than {MAX_INTERFACES} functions"
            );
        }
        if self.manifest.as_ref().map_or(0, String::len) > MAX_MANIFEST {
            return Err(manifest_too_long());
        }
        Ok(())
    }

    /// Returns the imported host functions, as `interface.function`.
    ///
    /// # Errors
    /// The host does not have some imports; the message names them.
    pub fn imported_functions(&self) -> Result<BTreeSet<String>> {
        let (mut found, mut unknown) = (BTreeSet::new(), Vec::new());
        let others = self.imports.iter().filter(|import| !import.is_wasi());
        for Import { name, functions } in others {
            let interface = match interface(name) {
                Ok(interface) => interface,
                Err(problem) => {
                    unknown.push(problem);
                    continue;
                }
            };
            let Some(functions) = functions else {
                unknown.push(format!("{} is not an interface", quoted(name)));
                continue;
            };
            for function in functions {
                let capability = format!("{interface}.{function}");
                match gate::row(&capability).map(|row| row.permit) {
                    Some(gate::Permit::Core) => {
                        unknown.push(format!("{capability} is only for built-in phases"))
                    }
                    Some(_) => {}
                    None => unknown.push(format!(
                        "{} is unknown to this host{}",
                        quoted(&capability),
                        gate::suggest_capability(&capability)
                    )),
                }
                found.insert(capability);
            }
        }
        if unknown.is_empty() {
            return Ok(found);
        }
        let more = unknown.len().saturating_sub(MAX_PROBLEMS);
        unknown.truncate(MAX_PROBLEMS);
        if more > 0 {
            unknown.push(format!("and {more} more"));
        }
        bail!(
            "the component needs what this host does not have:\n  {}",
            unknown.join("\n  ")
        )
    }

    /// Returns the interfaces of WASI that the component imports. The host links them so that each
    /// call ends the phase: plugins reach the machine only through the interface of this host.
    pub fn wasi_imports(&self) -> Vec<String> {
        let wasi = self.imports.iter().filter(|import| import.is_wasi());
        wasi.map(|import| import.name.clone()).collect()
    }

    /// Checks that the component exports a phase.
    ///
    /// # Errors
    /// The component does not export a phase. The message names what it exports instead.
    pub fn exports_phase(&self) -> Result<()> {
        if self
            .exports
            .iter()
            .any(|name| interface(name) == Ok("phase"))
        {
            return Ok(());
        }
        let found = if self.exports.is_empty() {
            "nothing".to_owned()
        } else {
            let names: Vec<_> = self.exports.iter().map(|name| quoted(name)).collect();
            names.join(", ")
        };
        bail!("the component does not export {WIT_PACKAGE}/phase@{VERSION}; it exports {found}")
    }
}

/// Makes the error for a manifest that is too long.
fn manifest_too_long() -> anyhow::Error {
    anyhow!("plugin.yaml is larger than {} KiB", MAX_MANIFEST >> 10)
}

/// Checks the size and encoding of a manifest.
fn manifest_text(manifest: &[u8]) -> Result<String> {
    if manifest.len() > MAX_MANIFEST {
        return Err(manifest_too_long());
    }
    let text = std::str::from_utf8(manifest).map_err(|_| anyhow!("plugin.yaml is not UTF-8"))?;
    Ok(text.to_owned())
}

/// Returns the functions of an imported interface; `None` if the import is not an interface.
fn functions(types: &Types, import: &str) -> Option<Vec<String>> {
    let item = types.component_item_for_import(import)?;
    let ComponentEntityType::Instance(id) = item.ty else {
        return None;
    };
    let types = types.as_ref();
    let exports = types[id].exports.iter();
    let functions = exports.filter(|(_, item)| matches!(item.ty, ComponentEntityType::Func(_)));
    Some(functions.map(|(name, _)| name.to_string()).collect())
}

/// The names and manifests that one pass over a component finds.
struct Scan<'a> {
    types: Types,
    imports: Vec<&'a str>,
    exports: Vec<&'a str>,
    manifests: Vec<&'a [u8]>,
}

impl<'a> Scan<'a> {
    /// Parses and validates a component.
    fn run(bytes: &'a [u8]) -> Result<Scan<'a>> {
        let (mut validator, mut depth) = (Validator::new_with_features(FEATURES), 0_usize);
        let (mut imports, mut exports, mut manifests) = (Vec::new(), Vec::new(), Vec::new());
        for (at, payload) in Parser::new(0).parse_all(bytes).enumerate() {
            let payload = match payload {
                Ok(payload) => payload,
                Err(_) if at == 0 => bail!("the file is not WebAssembly"),
                Err(error) => return Err(damaged_error(error)),
            };
            match &payload {
                Payload::Version {
                    encoding: Encoding::Module,
                    ..
                } if depth == 0 => {
                    bail!(
                        "the file is a core WebAssembly module, not a component; build it with \
                         `{}`, or convert it with `wasm-tools component new`",
                        program::command("plugin build")
                    )
                }
                Payload::Version { .. } => depth += 1,
                Payload::ComponentImportSection(section) if depth == 1 => {
                    for import in section.clone() {
                        imports.push(import.map_err(damaged_error)?.name.name);
                    }
                }
                Payload::ComponentExportSection(section) if depth == 1 => {
                    for export in section.clone() {
                        exports.push(export.map_err(damaged_error)?.name.name);
                    }
                }
                Payload::CustomSection(section)
                    if depth == 1 && section.name() == section::MANIFEST =>
                {
                    manifests.push(section.data())
                }
                _ => {}
            }
            if let ValidPayload::End(types) = validator.payload(&payload).map_err(damaged_error)? {
                depth -= 1;
                if depth == 0 {
                    return Ok(Scan {
                        types,
                        imports,
                        exports,
                        manifests,
                    });
                }
            }
        }
        bail!("the component is damaged or cut short: it has no end")
    }
}

/// Returns the name of an interface within its package, if the interface is of this host's package
/// and version.
fn interface(name: &str) -> Result<&str, String> {
    let ours = name
        .strip_prefix(WIT_PACKAGE)
        .and_then(|rest| rest.strip_prefix('/')?.split_once('@'));
    let Some((interface, version)) = ours else {
        return Err(format!(
            "{} is not part of {WIT_PACKAGE}; the component was built for another world",
            quoted(name)
        ));
    };
    match semver::Version::parse(version) {
        Ok(asked)
            if asked.pre.is_empty()
                && (asked.major, asked.minor) == (VERSION.major, VERSION.minor) =>
        {
            Ok(interface)
        }
        _ => Err(format!(
            "{}: the component needs version {version}, this host has {VERSION}; build it with the \
             SDK of {VERSION}, or use a kubephase that has {version}",
            quoted(name),
            version = quoted(version)
        )),
    }
}
