//! Components that are expensive to read or to compile.
use crate::support::{Trial, guest};
use wasm_encoder::{
    BlockType, CodeSection, Component, ComponentImportSection, ComponentSection, ComponentTypeRef,
    ComponentTypeSection, CompositeInnerType, CompositeType, FuncType, Function, FunctionSection,
    InstanceType, Instruction, Module, ModuleSection, NestedComponentSection, SubType, TypeBounds,
    TypeSection, ValType,
};

/// Returns a core module of functions without parameters.
fn module(count: u32, body: &Function) -> Module {
    let mut types = TypeSection::new();
    types.ty().function([], []);
    let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
    for _ in 0..count {
        functions.function(0);
        code.function(body);
    }
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&code);
    module
}

/// Returns a function of nested loops over many live locals: short to read, long to compile.
fn nested_loops(depth: u32, locals: u32) -> Function {
    let mut function = Function::new([(locals, ValType::I64)]);
    for _ in 0..depth {
        function.instruction(&Instruction::Loop(BlockType::Empty));
    }
    for local in 0..locals {
        function.instruction(&Instruction::LocalGet(local));
        function.instruction(&Instruction::LocalGet((local * 7 + 3) % locals));
        function.instruction(&Instruction::I64Mul);
        function.instruction(&Instruction::LocalSet((local * 13 + 5) % locals));
    }
    for level in 0..depth {
        function.instruction(&Instruction::LocalGet(level % locals));
        function.instruction(&Instruction::I64Eqz);
        function.instruction(&Instruction::BrIf(0));
        function.instruction(&Instruction::End);
    }
    function.instruction(&Instruction::End);
    function
}

/// Returns a long function with many live values and branches.
fn long_function(instructions: u32) -> Function {
    let locals = 200;
    let mut function = Function::new([(locals, ValType::I64)]);
    for step in 0..instructions / 9 {
        let (a, b, c) = (
            step % locals,
            (step * 7 + 3) % locals,
            (step * 13 + 5) % locals,
        );
        for instruction in [
            Instruction::LocalGet(a),
            Instruction::LocalGet(b),
            Instruction::I64Mul,
            Instruction::LocalGet(c),
            Instruction::I64Xor,
        ] {
            function.instruction(&instruction);
        }
        function.instruction(&Instruction::LocalSet((step * 31 + 11) % locals));
        if step % 5 == 0 {
            function.instruction(&Instruction::Block(BlockType::Empty));
            function.instruction(&Instruction::LocalGet(a));
            function.instruction(&Instruction::I64Eqz);
            function.instruction(&Instruction::BrIf(0));
            function.instruction(&Instruction::End);
        }
    }
    function.instruction(&Instruction::End);
    function
}

/// Returns a function that does nothing.
fn empty_function() -> Function {
    let mut function = Function::new([]);
    function.instruction(&Instruction::End);
    function
}

/// Returns the hostile plugin with a manifest and one more section, which it does not use.
fn with_section(section: &impl ComponentSection, manifest: &str) -> Vec<u8> {
    let mut component = guest::component(manifest);
    section.append_to_component(&mut component);
    component
}

/// Returns the hostile plugin with a manifest and one more module, which it does not use.
pub fn with_module(module: &Module, manifest: &str) -> Vec<u8> {
    with_section(&ModuleSection(module), manifest)
}

/// Returns a component that imports an interface of many functions many times: little to read, much
/// to validate.
fn large_interface(functions: u32, imports: u32) -> Vec<u8> {
    let mut interface = InstanceType::new();
    for index in 0..functions {
        let name = format!("f{index}");
        interface.export(
            name.as_str(),
            ComponentTypeRef::Type(TypeBounds::SubResource),
        );
    }
    let (mut types, mut imported) = (ComponentTypeSection::new(), ComponentImportSection::new());
    types.instance(&interface);
    for index in 0..imports {
        let name = format!("i{index}");
        imported.import(name.as_str(), ComponentTypeRef::Instance(0));
    }
    let mut inner = Component::new();
    inner.section(&types).section(&imported);
    let mut component = guest::component(&Trial::check().manifest());
    for _ in 0..4 {
        NestedComponentSection(&inner).append_to_component(&mut component);
    }
    component
}

/// Returns a module with types that may refer to each other, all of which are one entry of its
/// table.
fn recursive_types(count: usize) -> Module {
    let of_function = SubType {
        is_final: true,
        supertype_idx: None,
        composite_type: CompositeType {
            inner: CompositeInnerType::Func(FuncType::new([ValType::I32], [])),
            shared: false,
            descriptor: None,
            describes: None,
        },
    };
    let mut types = TypeSection::new();
    types.ty().rec(vec![of_function; count]);
    let mut module = Module::new();
    module.section(&types);
    module
}

/// Returns components that are expensive to read or to compile, with their names.
pub fn expensive_components() -> Vec<(&'static str, Vec<u8>)> {
    let manifest = Trial::check().manifest();
    let with_module = |module: &Module| with_module(module, &manifest);
    let nested = {
        let empty = Component::new();
        let mut outer = Component::new();
        for _ in 0..150_000 {
            outer.section(&NestedComponentSection(&empty));
        }
        with_section(&NestedComponentSection(&outer), &manifest)
    };
    vec![
        (
            "200 nested loops over 2000 locals",
            with_module(&module(1, &nested_loops(200, 2000))),
        ),
        (
            "6 MiB of long functions",
            with_module(&module(60, &long_function(60_000))),
        ),
        (
            "a million empty functions",
            with_module(&module(1_000_000, &empty_function())),
        ),
        ("150 000 nested components", nested),
        ("instances of a large interface", large_interface(900, 1000)),
        (
            "a large group of recursive types",
            with_module(&recursive_types(300_000)),
        ),
    ]
}
