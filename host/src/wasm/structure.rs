//! Checks the structure of a component before it is validated and compiled. For some components the
//! validator and the compiler take much more than linear time and memory; this check refuses such
//! components. No toolchain makes them.
//!
//! The check takes time in proportion to the component's bytes, and almost no memory.
mod instances;
mod loaded;

use super::limits;
use crate::text::sanitise;
use anyhow::{Result, anyhow, bail};
use instances::InstanceMemory;
use wasmparser::{BinaryReaderError, FunctionBody, Operator, Parser, Payload};

/// The memory that a component takes before any of its code runs, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ComponentMemory {
    /// of the instances of each call
    pub instances: u64,
    /// of the compiled component while it is loaded
    pub loaded: u64,
}

/// Refuses a component whose structure exceeds a limit. Returns the memory that it takes.
///
/// # Errors
/// The component exceeds a limit, or is damaged; the message names the limit, or the place of the
/// damage.
pub fn check(component: &[u8]) -> Result<ComponentMemory> {
    if component.len() > limits::MAX_COMPONENT {
        bail!(
            "the plugin is larger than {} MiB",
            limits::MAX_COMPONENT >> 20
        );
    }
    let (mut totals, mut memory) = (Totals::default(), InstanceMemory::default());
    let mut loaded = 0_u64;
    for (at, payload) in Parser::new(0).parse_all(component).enumerate() {
        match payload {
            Ok(payload) => {
                check_type_depth(&payload, component)?;
                totals.add(&payload)?;
                memory.add(&payload)?;
                loaded = loaded.saturating_add(loaded::bytes(&payload)?);
            }
            Err(_) if at == 0 => bail!("the file is not WebAssembly"),
            Err(error) => return Err(damaged_error(error)),
        }
    }
    Ok(ComponentMemory {
        instances: memory.total(),
        loaded,
    })
}

/// Makes the error for a component that cannot be read.
pub(super) fn damaged_error(error: BinaryReaderError) -> anyhow::Error {
    // The parser quotes names of the component.
    let error = error.to_string();
    anyhow!(
        "the component is damaged or cut short: {}",
        sanitise::line(&error)
    )
}

/// The counts so far, over all modules and components.
#[derive(Default)]
struct Totals {
    parts: usize,
    depth: usize,
    functions: usize,
    module_entries: usize,
    module_name_bytes: usize,
    data_segments: usize,
    component_entries: usize,
    component_bytes: usize,
    instantiations: usize,
}

impl Totals {
    /// Adds one part of the component.
    fn add(&mut self, payload: &Payload) -> Result<()> {
        match payload {
            Payload::Version { .. } => {
                count(
                    &mut self.parts,
                    1,
                    limits::MAX_PARTS,
                    "modules and components",
                )?;
                count(
                    &mut self.depth,
                    1,
                    limits::MAX_PART_DEPTH,
                    "modules and components inside of each other",
                )
            }
            Payload::End(_) => {
                self.depth = self.depth.saturating_sub(1);
                Ok(())
            }
            Payload::FunctionSection(section) => self.functions(section.count()),
            Payload::CodeSectionEntry(body) => check_function(body),
            Payload::TypeSection(section) => self.module(section.count()),
            Payload::ImportSection(section) => {
                self.module_names(section.range().len())?;
                self.module(section.count())
            }
            Payload::TableSection(section) => self.module(section.count()),
            Payload::MemorySection(section) => self.module(section.count()),
            Payload::TagSection(section) => self.module(section.count()),
            Payload::GlobalSection(section) => self.module(section.count()),
            Payload::ExportSection(section) => {
                self.module_names(section.range().len())?;
                self.module(section.count())
            }
            Payload::ElementSection(section) => self.module(section.count()),
            Payload::DataSection(section) => count(
                &mut self.data_segments,
                section.count() as usize,
                limits::MAX_DATA_SEGMENTS,
                "data segments",
            ),
            Payload::InstanceSection(section) => {
                self.instances(section.count(), section.range().len())
            }
            Payload::ComponentInstanceSection(section) => {
                self.instances(section.count(), section.range().len())
            }
            other => self.add_component_section(other),
        }
    }

    /// Adds a section of a component that is not a section of a module.
    fn add_component_section(&mut self, payload: &Payload) -> Result<()> {
        match payload {
            Payload::CoreTypeSection(section) => {
                self.component(section.count(), section.range().len())
            }
            Payload::ComponentTypeSection(section) => {
                self.component(section.count(), section.range().len())
            }
            Payload::ComponentAliasSection(section) => {
                self.component(section.count(), section.range().len())
            }
            Payload::ComponentCanonicalSection(section) => {
                self.component(section.count(), section.range().len())
            }
            Payload::ComponentImportSection(section) => {
                self.component(section.count(), section.range().len())
            }
            Payload::ComponentExportSection(section) => {
                self.component(section.count(), section.range().len())
            }
            _ => Ok(()),
        }
    }

    fn functions(&mut self, more: u32) -> Result<()> {
        count(
            &mut self.functions,
            more as usize,
            limits::MAX_FUNCTIONS,
            "functions",
        )
    }

    fn module(&mut self, more: u32) -> Result<()> {
        count(
            &mut self.module_entries,
            more as usize,
            limits::MAX_MODULE_ENTRIES,
            "entries in the tables of its modules",
        )
    }

    fn module_names(&mut self, bytes: usize) -> Result<()> {
        count(
            &mut self.module_name_bytes,
            bytes,
            limits::MAX_MODULE_NAME_BYTES,
            "bytes in the imports and exports of its modules",
        )
    }

    fn component(&mut self, more: u32, bytes: usize) -> Result<()> {
        count(
            &mut self.component_bytes,
            bytes,
            limits::MAX_COMPONENT_TABLE_BYTES,
            "bytes in the tables of its components",
        )?;
        count(
            &mut self.component_entries,
            more as usize,
            limits::MAX_COMPONENT_ENTRIES,
            "entries in the tables of its components",
        )
    }

    fn instances(&mut self, more: u32, bytes: usize) -> Result<()> {
        count(
            &mut self.instantiations,
            more as usize,
            limits::MAX_INSTANTIATIONS,
            "instances of its modules and components",
        )?;
        self.component(0, bytes)
    }
}

/// Adds to a number, up to its limit.
fn count(number: &mut usize, more: usize, most: usize, what: &str) -> Result<()> {
    *number = number.saturating_add(more);
    if *number > most {
        Err(too_large(&format!("has more than {most} {what}")))
    } else {
        Ok(())
    }
}

/// Refuses component types that are nested too deeply: parsers are recursive, and the stack is
/// small. A nested type begins with the byte 1 and one of two other bytes, so the number of these
/// pairs is at least the depth.
fn check_type_depth(payload: &Payload, component: &[u8]) -> Result<()> {
    let Payload::ComponentTypeSection(section) = payload else {
        return Ok(());
    };
    let bytes = component.get(section.range()).unwrap_or_default();
    let nested = bytes
        .windows(2)
        .filter(|pair| matches!(pair, [1, 0x41 | 0x42]))
        .count();
    if nested > limits::MAX_TYPE_DEPTH {
        return Err(too_large(&format!(
            "has more than {} types inside of each other",
            limits::MAX_TYPE_DEPTH
        )));
    }
    Ok(())
}

/// Checks the size, locals, nesting and loops of one function.
fn check_function(body: &FunctionBody) -> Result<()> {
    let bytes = body.range().len();
    if bytes > limits::MAX_FUNCTION_BYTES {
        return Err(too_large(&format!(
            "has a function of {bytes} bytes; {} are possible",
            limits::MAX_FUNCTION_BYTES
        )));
    }
    let mut locals = 0_u32;
    for group in body.get_locals_reader().map_err(damaged_error)? {
        locals = locals.saturating_add(group.map_err(damaged_error)?.0);
    }
    if locals > limits::MAX_LOCALS {
        return Err(too_large(&format!(
            "has a function with {locals} locals; {} are possible",
            limits::MAX_LOCALS
        )));
    }
    let (mut depth, mut loops) = (0_usize, 0_u64);
    for operator in body.get_operators_reader().map_err(damaged_error)? {
        match operator.map_err(damaged_error)? {
            Operator::Loop { .. } => {
                depth += 1;
                loops += 1;
            }
            Operator::Block { .. }
            | Operator::If { .. }
            | Operator::Try { .. }
            | Operator::TryTable { .. } => depth += 1,
            Operator::End => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > limits::MAX_BLOCK_DEPTH {
            return Err(too_large(&format!(
                "has a function with more than {} blocks inside of each other",
                limits::MAX_BLOCK_DEPTH
            )));
        }
    }
    if loops.saturating_mul(u64::from(locals)) > limits::MAX_LOOP_LOCALS {
        return Err(too_large(&format!(
            "has a function with {loops} loops and {locals} locals; their product may be {} at \
             most",
            limits::MAX_LOOP_LOCALS
        )));
    }
    Ok(())
}

/// Makes the error for a component that exceeds a limit.
fn too_large(what: &str) -> anyhow::Error {
    anyhow!(
        "the component {what}: it would take too long to compile; do not use it, or ask its author \
         for a simpler version"
    )
}

#[cfg(test)]
mod tests;
