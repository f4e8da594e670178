use super::*;
use std::time::{Duration, Instant};
use wasm_encoder::{
    BlockType, CodeSection, Component, Function, FunctionSection, Instruction, Module,
    ModuleSection, NestedComponentSection, TypeSection, ValType,
};

/// Makes a component around a module with these functions.
fn component(functions: impl IntoIterator<Item = Function>) -> Vec<u8> {
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
    let mut component = Component::new();
    component.section(&ModuleSection(&module));
    component.finish()
}

/// Makes a function with this number of locals and this number of nested blocks of a kind.
fn nested(locals: u32, blocks: usize, block: &Instruction) -> Function {
    let mut function = Function::new([(locals, ValType::I64)]);
    for _ in 0..blocks {
        function.instruction(block);
    }
    for _ in 0..=blocks {
        function.instruction(&Instruction::End);
    }
    function
}

fn empty() -> Function {
    nested(0, 0, &Instruction::Nop)
}

fn refusal(component: &[u8]) -> String {
    let began = Instant::now();
    let refusal = check(component).unwrap_err().to_string();
    assert!(
        began.elapsed() < Duration::from_secs(30),
        "the look takes too long"
    );
    refusal
}

#[test]
fn a_component_with_ordinary_functions_passes() {
    check(&component((0..1000).map(|_| {
        nested(100, 20, &Instruction::Loop(BlockType::Empty))
    })))
    .unwrap();
    check(&component([nested(
        10,
        1000,
        &Instruction::Block(BlockType::Empty),
    )]))
    .unwrap();
}

#[test]
fn many_nested_loops_with_many_locals_are_refused() {
    let bomb = component([nested(2000, 200, &Instruction::Loop(BlockType::Empty))]);
    let refusal = refusal(&bomb);
    assert!(
        refusal.contains(
            "a function with 200 loops and 2000 locals; their product may be 250000 at most"
        ),
        "{refusal}"
    );
}

#[test]
fn a_million_empty_functions_are_refused() {
    let refusal = refusal(&component((0..1_000_000).map(|_| empty())));
    assert!(
        refusal.contains("has more than 60000 functions"),
        "{refusal}"
    );
}

#[test]
fn functions_that_are_too_large_too_deep_or_have_too_many_locals_are_refused() {
    let deep = refusal(&component([nested(
        0,
        5000,
        &Instruction::Block(BlockType::Empty),
    )]));
    assert!(
        deep.contains("more than 4000 blocks inside of each other"),
        "{deep}"
    );
    let locals = refusal(&component([nested(
        50_000,
        1,
        &Instruction::Block(BlockType::Empty),
    )]));
    assert!(
        locals.contains("a function with 50000 locals; 5000 are possible"),
        "{locals}"
    );
    let mut large = Function::new([]);
    for _ in 0..3_000_000 {
        large.instruction(&Instruction::Nop);
    }
    large.instruction(&Instruction::End);
    let large = refusal(&component([large]));
    assert!(large.contains("a function of 3000002 bytes"), "{large}");
}

#[test]
fn many_components_beside_or_inside_of_each_other_are_refused() {
    let mut many = Component::new();
    let part = Component::new();
    for _ in 0..150_000 {
        many.section(&NestedComponentSection(&part));
    }
    let many = refusal(&many.finish());
    assert!(
        many.contains("has more than 200 modules and components"),
        "{many}"
    );

    let mut deep = Component::new();
    for _ in 0..20 {
        let mut around = Component::new();
        around.section(&NestedComponentSection(&deep));
        deep = around;
    }
    let deep = refusal(&deep.finish());
    assert!(
        deep.contains("more than 8 modules and components inside of each other"),
        "{deep}"
    );
}

/// A reader of such a type calls itself for each level: without a check, 100 000 levels end the
/// process.
#[test]
fn deeply_nested_types_are_refused() {
    let mut types = vec![1];
    (0..100_000).for_each(|_| types.extend([0x41, 1, 1]));
    let mut bomb = Component::new();
    bomb.section(&wasm_encoder::RawSection {
        id: 7,
        data: &types,
    });
    let refusal = refusal(&bomb.finish());
    assert!(
        refusal.contains("more than 100 types inside of each other"),
        "{refusal}"
    );
}

#[test]
fn a_damaged_component_is_refused_as_damaged() {
    let whole = component([empty()]);
    for end in [9, whole.len() - 1] {
        let refusal = refusal(&whole[..end]);
        assert!(
            refusal.starts_with("the component is damaged or cut short"),
            "{refusal}"
        );
    }
    assert_eq!(refusal(b"\x7fELF"), "the file is not WebAssembly");
}

/// Returns the bytes that [`check`] finds in the instances of a component, as text.
fn instance_bytes(component: &str) -> u64 {
    check(&wat::parse_str(component).unwrap())
        .unwrap()
        .instances
}

#[test]
fn the_memory_of_instances_is_what_their_modules_have() {
    let functions = "$f ".repeat(10_000);
    let segment = |kind: &str| {
        format!("(core module $m (func $f) (table 1 funcref) (elem {kind} {functions}))")
    };
    let instances = |module: &str, count: usize| {
        let instances = "(core instance (instantiate $m))".repeat(count);
        instance_bytes(&format!("(component {module} {instances})"))
    };
    let (none, ten) = (
        instances(&segment("func"), 0),
        instances(&segment("func"), 10),
    );
    assert!(none < 10_000, "{none}");
    assert!((1_600_000..1_700_000).contains(&ten), "{ten}");
    // A segment that is applied to a table, or only declared, is dropped at once.
    assert!(instances(&segment("(i32.const 0) func"), 10) < 20_000);
    assert!(instances(&segment("declare func"), 10) < 20_000);
    let globals = "(global i64 (i64.const 0))".repeat(1000);
    let globals = instances(&format!("(core module $m {globals})"), 10);
    assert!((320_000..340_000).contains(&globals), "{globals}");
}

#[test]
fn instances_of_inner_components_count_as_often_as_they_are_made() {
    let globals = "(global i64 (i64.const 0))".repeat(1000);
    let bytes = instance_bytes(&format!(
        "(component $outer (core module $m {globals})
           (component $c
             (alias outer $outer $m (core module $same))
             (core instance (instantiate $same)) (core instance (instantiate $same)))
           (instance (instantiate $c)) (instance (instantiate $c)) (instance (instantiate $c)))"
    ));
    assert!((192_000..200_000).contains(&bytes), "{bytes}");
}

#[test]
fn an_instance_of_a_module_from_elsewhere_is_refused() {
    let component = "(component (import \"m\" (core module $m)) (core instance (instantiate $m)))";
    let refusal = check(&wat::parse_str(component).unwrap()).unwrap_err();
    assert!(
        refusal
            .to_string()
            .contains("makes an instance of a module that it imports"),
        "{refusal}"
    );
}

#[test]
fn long_names_in_modules_are_refused() {
    let exports: String = (0..300)
        .map(|number| format!("(export \"{number}{}\" (func $f))", "x".repeat(10_000)))
        .collect();
    let component = format!("(component (core module (func $f) {exports}))");
    let refusal = refusal(&wat::parse_str(component).unwrap());
    assert!(
        refusal.contains("more than 2097152 bytes in the imports and exports of its modules"),
        "{refusal}"
    );
}

#[test]
fn the_memory_of_a_loaded_component_is_that_of_its_tables() {
    let loaded = |module: &str| {
        let component = format!("(component (core module {module}))");
        check(&wat::parse_str(component).unwrap()).unwrap().loaded
    };
    let import = |number: usize| format!("(import \"m\" \"{number:08}\" (func))");
    let imports: String = (0..10_000).map(import).collect();
    let imports = loaded(&imports);
    assert!((2_500_000..3_200_000).contains(&imports), "{imports}");
    let long = loaded(&format!("(func (export \"{}\"))", "n".repeat(90_000)));
    assert!((360_000..370_000).contains(&long), "{long}");
    let expressions = "(ref.func $f) ".repeat(10_000);
    let expressions = loaded(&format!("(func $f) (elem funcref {expressions})"));
    assert!((900_000..1_100_000).contains(&expressions), "{expressions}");
    let long_sum = "(i32.add (i32.const 1)".repeat(300) + " (i32.const 1)" + &")".repeat(300);
    for sum in [
        format!("(global i32 {long_sum})"),
        format!("(memory 1) (data (offset {long_sum}) \"x\")"),
        format!("(table 1 funcref) (elem (offset {long_sum}))"),
    ] {
        assert!(loaded(&sum) > 300 * 3 * 30, "{}", loaded(&sum));
    }
    // Content of the memory and code stay in the file.
    let data = loaded(&format!(
        "(memory 9) (data (i32.const 0) \"{}\")",
        "x".repeat(90_000)
    ));
    let code = loaded(&format!("(func {})", "nop ".repeat(90_000)));
    assert!(data < 1000 && code < 1000, "{data} {code}");
}
