//! Components that are expensive to compile: a plugin with sections that it does not use.
use wasm_encoder::{
    BlockType, CodeSection, ComponentSection, Function, FunctionSection, Module, ModuleSection,
    TypeSection, ValType,
};

/// A component that is a plugin.
pub const PLUGIN: &[u8] =
    include_bytes!("../../../host/src/wasm/tests/released/interface-0.1.0.wasm");

/// Returns the plugin with one more module in it, which it does not use.
pub fn with_module(functions: impl IntoIterator<Item = Function>) -> Vec<u8> {
    let (mut types, mut declared, mut code) = (
        TypeSection::new(),
        FunctionSection::new(),
        CodeSection::new(),
    );
    types.ty().function([], []);
    for function in functions {
        declared.function(0);
        code.function(&function);
    }
    let mut module = Module::new();
    module.section(&types).section(&declared).section(&code);
    with_section(&ModuleSection(&module))
}

/// Returns the plugin with one more section, which it does not use.
pub fn with_section(section: &impl ComponentSection) -> Vec<u8> {
    let mut plugin = PLUGIN.to_vec();
    section.append_to_component(&mut plugin);
    plugin
}

/// Returns a function that computes with 200 locals, in this number of steps.
pub fn arithmetic(steps: u32) -> Function {
    let mut function = Function::new([(200, ValType::I64)]);
    for step in 0..steps {
        let [a, b, c, d] =
            [step, step * 7 + 3, step * 13 + 5, step * 31 + 11].map(|local| local % 200);
        let mut instructions = function.instructions();
        instructions
            .local_get(a)
            .local_get(b)
            .i64_mul()
            .local_get(c)
            .i64_xor()
            .local_set(d);
        if step % 5 == 0 {
            instructions
                .block(BlockType::Empty)
                .local_get(a)
                .i64_eqz()
                .br_if(0)
                .local_get(d)
                .local_set(c)
                .end();
        }
    }
    function.instructions().end();
    function
}

/// Returns a function of nested loops, each of which changes all locals.
pub fn nested_loops(locals: u32, depth: u32) -> Function {
    let mut function = Function::new([(locals, ValType::I64)]);
    let mut instructions = function.instructions();
    for _ in 0..depth {
        instructions.loop_(BlockType::Empty);
    }
    for local in 0..locals {
        instructions
            .local_get(local)
            .local_get((local * 7 + 3) % locals)
            .i64_add()
            .local_set(local);
    }
    for level in 0..depth {
        instructions
            .local_get(level % locals)
            .i64_eqz()
            .br_if(0)
            .end();
    }
    instructions.end();
    function
}

/// Returns a function that does nothing.
pub fn empty_function() -> Function {
    let mut function = Function::new([]);
    function.instructions().end();
    function
}
