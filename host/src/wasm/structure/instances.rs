//! Estimates the memory that the instances of a component take before any of its code runs. The
//! runtime's own limits count memories and tables only, but each instance of a module also has room
//! for its globals, functions, imports and passive segments (wasmtime's `VMContext`).
use super::damaged_error;
use crate::wasm::limits;
use anyhow::{Result, bail};
use wasmparser::{
    ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentOuterAliasKind,
    ComponentTypeRef, Element, ElementItems, ElementKind, Encoding, FromReader, Instance, Payload,
    SectionLimited,
};

/// Bytes of an instance without any content.
const INSTANCE_BYTES: u64 = 512;
/// Bytes of each function, import, table, memory, global, tag and segment of an instance: the
/// largest of them, an imported or exported function.
const ENTRY_BYTES: u64 = 32;
/// Bytes of each element of a passive segment.
const ELEMENT_BYTES: u64 = limits::TABLE_ELEMENT_BYTES as u64;

/// The bytes that each instance of a module or component takes; `None` if the component does not
/// contain it, but imports it or takes it from an instance.
type Size = Option<u64>;

/// A module or component that is being read.
#[derive(Default)]
struct Part {
    is_component: bool,
    /// bytes of each of its instances
    bytes: u64,
    /// what the part can instantiate by index
    modules: Vec<Size>,
    components: Vec<Size>,
}

/// Adds up the memory of instances, while the parts of a component are read in order.
#[derive(Default)]
pub(super) struct InstanceMemory {
    /// the parts that are being read, each inside of the part before it
    open: Vec<Part>,
    /// bytes of the instances of the outermost part
    total: u64,
}

impl InstanceMemory {
    /// Returns the bytes of all instances that one call makes.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Adds one section.
    ///
    /// # Errors
    /// The section is damaged, or makes an instance of something that the component does not
    /// contain.
    pub fn add(&mut self, payload: &Payload) -> Result<()> {
        match payload {
            Payload::Version { encoding, .. } => self.begin(*encoding),
            Payload::End(_) => self.end(),
            Payload::InstanceSection(section) => self.add_core_instances(section)?,
            Payload::ComponentInstanceSection(section) => self.add_component_instances(section)?,
            Payload::ComponentAliasSection(section) => self.add_aliases(section)?,
            Payload::ComponentImportSection(section) => {
                for import in items(section) {
                    self.add_import(import?.ty);
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in items(section) {
                    let export = export?;
                    self.add_export(export.kind, export.index);
                }
            }
            Payload::ElementSection(section) => {
                for element in items(section) {
                    self.add_bytes(element_bytes(&element?));
                }
            }
            other => self.add_bytes(entries(other).saturating_mul(ENTRY_BYTES)),
        }
        Ok(())
    }

    fn begin(&mut self, encoding: Encoding) {
        self.open.push(Part {
            is_component: encoding == Encoding::Component,
            bytes: INSTANCE_BYTES,
            ..Part::default()
        });
    }

    fn end(&mut self) {
        let Some(part) = self.open.pop() else {
            return;
        };
        match self.open.last_mut() {
            Some(outer) if part.is_component => outer.components.push(Some(part.bytes)),
            Some(outer) => outer.modules.push(Some(part.bytes)),
            None => self.total = part.bytes,
        }
    }

    fn add_bytes(&mut self, more: u64) {
        if let Some(part) = self.open.last_mut() {
            part.bytes = part.bytes.saturating_add(more);
        }
    }

    fn add_core_instances(&mut self, section: &SectionLimited<Instance>) -> Result<()> {
        for instance in items(section) {
            if let Instance::Instantiate { module_index, .. } = instance? {
                let size = self.size(|part| &part.modules, module_index);
                self.add_instance(size, "module")?;
            }
        }
        Ok(())
    }

    fn add_component_instances(
        &mut self,
        section: &SectionLimited<ComponentInstance>,
    ) -> Result<()> {
        for instance in items(section) {
            if let ComponentInstance::Instantiate {
                component_index, ..
            } = instance?
            {
                let size = self.size(|part| &part.components, component_index);
                self.add_instance(size, "component")?;
            }
        }
        Ok(())
    }

    fn add_instance(&mut self, size: Size, kind: &str) -> Result<()> {
        let Some(bytes) = size else {
            bail!(
                "the component makes an instance of a {kind} that it imports, so the memory of its \
                 instances is not known; put the {kind} into the component"
            );
        };
        self.add_bytes(bytes);
        Ok(())
    }

    /// Returns what the innermost part has at an index.
    fn size(&self, of: impl Fn(&Part) -> &Vec<Size>, index: u32) -> Size {
        let sizes = of(self.open.last()?);
        *sizes.get(index as usize)?
    }

    fn add_aliases(&mut self, section: &SectionLimited<ComponentAlias>) -> Result<()> {
        for alias in items(section) {
            match alias? {
                ComponentAlias::Outer {
                    kind, count, index, ..
                } => self.add_outer_alias(kind, count, index),
                ComponentAlias::InstanceExport { kind, .. } => self.add_unknown(kind),
                ComponentAlias::CoreInstanceExport { .. } => self.add_bytes(ENTRY_BYTES),
            }
        }
        Ok(())
    }

    fn add_outer_alias(&mut self, kind: ComponentOuterAliasKind, count: u32, index: u32) {
        let place = (self.open.len()).checked_sub(count as usize + 1);
        let outer = place.and_then(|place| self.open.get(place));
        let size = |sizes: fn(&Part) -> &Vec<Size>| {
            outer.and_then(|part| *sizes(part).get(index as usize)?)
        };
        let (module, component) = (size(|part| &part.modules), size(|part| &part.components));
        let Some(part) = self.open.last_mut() else {
            return;
        };
        match kind {
            ComponentOuterAliasKind::CoreModule => part.modules.push(module),
            ComponentOuterAliasKind::Component => part.components.push(component),
            _ => {}
        }
    }

    fn add_import(&mut self, ty: ComponentTypeRef) {
        self.add_unknown(match ty {
            ComponentTypeRef::Module(_) => ComponentExternalKind::Module,
            ComponentTypeRef::Component(_) => ComponentExternalKind::Component,
            _ => ComponentExternalKind::Instance,
        });
        self.add_bytes(ENTRY_BYTES);
    }

    /// Adds a module or component whose size is not known.
    fn add_unknown(&mut self, kind: ComponentExternalKind) {
        let Some(part) = self.open.last_mut() else {
            return;
        };
        match kind {
            ComponentExternalKind::Module => part.modules.push(None),
            ComponentExternalKind::Component => part.components.push(None),
            _ => {}
        }
    }

    /// Adds an export, which gives what it exports a further index.
    fn add_export(&mut self, kind: ComponentExternalKind, index: u32) {
        let module = self.size(|part| &part.modules, index);
        let component = self.size(|part| &part.components, index);
        let Some(part) = self.open.last_mut() else {
            return;
        };
        match kind {
            ComponentExternalKind::Module => part.modules.push(module),
            ComponentExternalKind::Component => part.components.push(component),
            _ => {}
        }
    }
}

/// Returns the items of a section, with readable errors.
pub(super) fn items<'a, T: FromReader<'a>>(
    section: &SectionLimited<'a, T>,
) -> impl Iterator<Item = Result<T>> + use<'a, T> {
    let section = section.clone().into_iter();
    section.map(|item| item.map_err(damaged_error))
}

/// Returns how many entries of an instance a section stands for.
fn entries(payload: &Payload) -> u64 {
    let count = match payload {
        Payload::FunctionSection(section) => section.count(),
        Payload::ImportSection(section) => section.count(),
        Payload::TableSection(section) => section.count(),
        Payload::MemorySection(section) => section.count(),
        Payload::TagSection(section) => section.count(),
        Payload::GlobalSection(section) => section.count(),
        Payload::DataSection(section) => section.count(),
        Payload::ComponentCanonicalSection(section) => section.count(),
        _ => 0,
    };
    count.into()
}

/// Returns the bytes of a segment of elements. A segment that is not passive is dropped before any
/// code runs.
fn element_bytes(element: &Element) -> u64 {
    let count = match element.items {
        ElementItems::Functions(ref items) => items.count(),
        ElementItems::Expressions(_, ref items) => items.count(),
    };
    match element.kind {
        ElementKind::Passive => u64::from(count) * ELEMENT_BYTES + ENTRY_BYTES,
        ElementKind::Active { .. } | ElementKind::Declared => 0,
    }
}
