//! Estimates the memory that a compiled component takes while it is loaded, whether its code runs
//! or not: the runtime keeps the tables of its modules and components, some of them several times.
//! Code and data are not counted, because they stay in a file.
use super::instances::items;
use anyhow::Result;
use std::ops::Range;
use wasmparser::{ConstExpr, Data, DataKind, Element, ElementItems, ElementKind, Payload};

/// Bytes of an import or export beside its names. 95 000 imports with short names take 21 MiB.
const ENTRY_BYTES: u64 = 256;
/// Bytes that each byte in the names of an import or export takes.
const NAME_COPIES: u64 = 4;
/// Bytes of a function. 20 000 of them take 2 MiB.
const FUNCTION_BYTES: u64 = 128;
/// Bytes of a segment beside its elements.
const SEGMENT_BYTES: u64 = 64;
/// Bytes of a function in a segment of elements.
const INDEX_BYTES: u64 = 8;
/// Bytes that each byte of a type, a global or a constant expression takes. 20 000 types of 12
/// bytes take 7 MiB.
const PACKED_BYTES: u64 = 32;
/// Bytes that each byte in the tables of a component takes.
const COMPONENT_BYTES: u64 = 16;

/// Returns the bytes that one section takes.
///
/// # Errors
/// The section is damaged.
pub(super) fn bytes(payload: &Payload) -> Result<u64> {
    Ok(match payload {
        Payload::ImportSection(section) => named(section.count(), section.range()),
        Payload::ExportSection(section) => named(section.count(), section.range()),
        Payload::FunctionSection(section) => u64::from(section.count()) * FUNCTION_BYTES,
        Payload::TypeSection(section) => times(section.range(), PACKED_BYTES),
        Payload::TableSection(section) => times(section.range(), PACKED_BYTES),
        Payload::MemorySection(section) => times(section.range(), PACKED_BYTES),
        Payload::TagSection(section) => times(section.range(), PACKED_BYTES),
        Payload::GlobalSection(section) => times(section.range(), PACKED_BYTES),
        Payload::ElementSection(section) => sum(items(section), |item| element_bytes(&item))?,
        Payload::DataSection(section) => sum(items(section), |item| data_bytes(&item))?,
        Payload::InstanceSection(section) => times(section.range(), COMPONENT_BYTES),
        Payload::CoreTypeSection(section) => times(section.range(), COMPONENT_BYTES),
        Payload::ComponentInstanceSection(section) => times(section.range(), COMPONENT_BYTES),
        Payload::ComponentAliasSection(section) => times(section.range(), COMPONENT_BYTES),
        Payload::ComponentTypeSection(section) => times(section.range(), COMPONENT_BYTES),
        Payload::ComponentCanonicalSection(section) => times(section.range(), COMPONENT_BYTES),
        Payload::ComponentImportSection(section) => times(section.range(), COMPONENT_BYTES),
        Payload::ComponentExportSection(section) => times(section.range(), COMPONENT_BYTES),
        _ => 0,
    })
}

/// Returns the bytes of imports or exports.
fn named(count: u32, range: Range<usize>) -> u64 {
    u64::from(count) * ENTRY_BYTES + times(range, NAME_COPIES)
}

/// Returns the bytes of a part of the component, each byte of which takes several.
fn times(range: Range<usize>, each: u64) -> u64 {
    range.len() as u64 * each
}

fn sum<T>(found: impl Iterator<Item = Result<T>>, bytes: impl Fn(T) -> u64) -> Result<u64> {
    let mut all = found.map(|item| item.map(&bytes));
    all.try_fold(0_u64, |sum, item| Ok(sum.saturating_add(item?)))
}

fn element_bytes(element: &Element) -> u64 {
    let elements = match &element.items {
        ElementItems::Functions(items) => u64::from(items.count()) * INDEX_BYTES,
        ElementItems::Expressions(_, items) => times(items.range(), PACKED_BYTES),
    };
    let offset = match &element.kind {
        ElementKind::Active { offset_expr, .. } => expression_bytes(offset_expr),
        ElementKind::Passive | ElementKind::Declared => 0,
    };
    SEGMENT_BYTES + elements + offset
}

fn data_bytes(data: &Data) -> u64 {
    let offset = match &data.kind {
        DataKind::Active { offset_expr, .. } => expression_bytes(offset_expr),
        DataKind::Passive => 0,
    };
    SEGMENT_BYTES + offset
}

fn expression_bytes(expression: &ConstExpr) -> u64 {
    expression.get_binary_reader().bytes_remaining() as u64 * PACKED_BYTES
}
