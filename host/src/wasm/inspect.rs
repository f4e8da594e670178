//! What a component is, read from its bytes: nothing of it is run or compiled.
use super::{
    gate, manifest,
    structure::{self, damaged},
};
use anyhow::{Result, anyhow, bail};
use std::collections::BTreeSet;
use wasmparser::{
    Encoding, Parser, Payload, ValidPayload, Validator, component_types::ComponentEntityType,
    types::Types,
};

/// The WIT package of the interface of plugins.
pub const PACKAGE: &str = "kubephase:plugin";
/// The version of the interface that this host has. Before 1.0, versions are compatible if their
/// minor versions are equal.
pub const VERSION: semver::Version = semver::Version::new(0, 1, 0);

/// The outside of a component: its imports and its manifest.
#[derive(Debug)]
pub struct Outside {
    /// host functions that it can call, as `interface.function`
    pub imports: BTreeSet<String>,
    /// the text of its manifest
    pub manifest: Option<String>,
}

/// Reads the structure and types of a component, without the code of its functions.
///
/// # Errors
/// The reason why this is not a component for this host, and how to mend it.
pub fn inspect(bytes: &[u8]) -> Result<Outside> {
    // The validator takes quadratic time and as much memory as it likes for some components.
    structure::check(bytes)?;
    let read = Read::through(bytes)?;
    let imports = read.imported()?;
    read.exports_phase()?;
    let manifest = match read.manifests.as_slice() {
        [] => None,
        [one] => Some(
            std::str::from_utf8(one)
                .map_err(|_| anyhow!("plugin.yaml is not UTF-8"))?
                .to_owned(),
        ),
        several => bail!(
            "the component has {} manifests; one is possible",
            several.len()
        ),
    };
    Ok(Outside { imports, manifest })
}

struct Read<'a> {
    types: Types,
    imports: Vec<&'a str>,
    exports: Vec<&'a str>,
    manifests: Vec<&'a [u8]>,
}

impl<'a> Read<'a> {
    fn through(bytes: &'a [u8]) -> Result<Read<'a>> {
        let (mut validator, mut depth) = (Validator::new(), 0_usize);
        let (mut imports, mut exports, mut manifests) = (Vec::new(), Vec::new(), Vec::new());
        for (at, payload) in Parser::new(0).parse_all(bytes).enumerate() {
            let payload = match payload {
                Ok(payload) => payload,
                Err(_) if at == 0 => bail!("this is not WebAssembly"),
                Err(error) => return Err(damaged(error)),
            };
            match &payload {
                Payload::Version {
                    encoding: Encoding::Module,
                    ..
                } if depth == 0 => {
                    bail!(
                        "this is a core WebAssembly module, not a component; make it one with \
                         `wasm-tools component new`, or build it with the SDK"
                    )
                }
                Payload::Version { .. } => depth += 1,
                Payload::ComponentImportSection(section) if depth == 1 => {
                    for import in section.clone() {
                        imports.push(import.map_err(damaged)?.name.name);
                    }
                }
                Payload::ComponentExportSection(section) if depth == 1 => {
                    for export in section.clone() {
                        exports.push(export.map_err(damaged)?.name.name);
                    }
                }
                Payload::CustomSection(section)
                    if depth == 1 && section.name() == manifest::SECTION =>
                {
                    manifests.push(section.data())
                }
                _ => {}
            }
            if let ValidPayload::End(types) = validator.payload(&payload).map_err(damaged)? {
                depth -= 1;
                if depth == 0 {
                    return Ok(Read {
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

    /// Reads the imported functions. Refuses an import that the host does not have.
    fn imported(&self) -> Result<BTreeSet<String>> {
        let (mut found, mut unknown) = (BTreeSet::new(), Vec::new());
        for name in &self.imports {
            let interface = match interface(name) {
                Ok(interface) => interface,
                Err(problem) => {
                    unknown.push(problem);
                    continue;
                }
            };
            let Some(ComponentEntityType::Instance(id)) = self
                .types
                .component_item_for_import(name)
                .map(|item| item.ty)
            else {
                unknown.push(format!("{name} is not an interface"));
                continue;
            };
            for (function, item) in &self.types.as_ref()[id].exports {
                if !matches!(item.ty, ComponentEntityType::Func(_)) {
                    continue;
                }
                let capability = format!("{interface}.{function}");
                match gate::row(&capability).map(|row| row.permit) {
                    Some(gate::Permit::Core) => {
                        unknown.push(format!("{capability} is for the distribution's own phases"))
                    }
                    Some(_) => {}
                    None => unknown.push(format!(
                        "{capability} is unknown to this host{}",
                        gate::nearest(&capability)
                    )),
                }
                found.insert(capability);
            }
        }
        if unknown.is_empty() {
            Ok(found)
        } else {
            bail!(
                "the component needs what this host does not have:\n  {}",
                unknown.join("\n  ")
            )
        }
    }

    fn exports_phase(&self) -> Result<()> {
        if self
            .exports
            .iter()
            .any(|name| interface(name) == Ok("phase"))
        {
            return Ok(());
        }
        let found = if self.exports.is_empty() {
            "nothing".into()
        } else {
            self.exports.join(", ")
        };
        bail!("the component does not export {PACKAGE}/phase@{VERSION}; it exports {found}")
    }
}

/// Returns the name of an interface within the package, if the package and its version are those of
/// this host.
fn interface(name: &str) -> Result<&str, String> {
    let ours = name
        .strip_prefix(PACKAGE)
        .and_then(|rest| rest.strip_prefix('/')?.split_once('@'));
    let Some((interface, version)) = ours else {
        return Err(format!(
            "{name} is not part of {PACKAGE}; the component was built for another world"
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
            "{name}: version {version} was asked for, this host speaks {VERSION}; build it with \
             the SDK of {VERSION}, or take a kubephase that speaks {version}"
        )),
    }
}
