//! Writes Rust from the WIT package, for targets other than `wasm32`: `imports.rs` has the
//! functions that phases call, and `proposals.rs` lets the fake host of tests record what a phase
//! proposes. On `wasm32`, wit-bindgen makes the imports, and there is no fake host.
#![allow(clippy::disallowed_methods, reason = "a build script writes files")]
use std::{env, error::Error, fs, path::PathBuf};
use wit_parser::{Function, Interface, Resolve, Type, TypeDefKind};

fn main() -> Result<(), Box<dyn Error>> {
    let wit = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("../../wit");
    println!("cargo::rerun-if-changed={}", wit.display());
    println!("cargo::rerun-if-changed=build.rs");
    if env::var("CARGO_CFG_TARGET_ARCH")? == "wasm32" {
        return Ok(());
    }
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(wit)?;
    let (mut imports, mut proposals) = (String::new(), String::new());
    for (name, id) in &resolve.packages[package].interfaces {
        let interface = &resolve.interfaces[*id];
        if interface.functions.is_empty() || name == "phase" {
            continue;
        }
        imports += &import_module(&resolve, name, interface);
        if name.starts_with("effects") {
            proposals += &proposal_host(&resolve, name, interface);
        }
    }
    let out = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out.join("imports.rs"), imports)?;
    fs::write(out.join("proposals.rs"), proposals)?;
    Ok(())
}

/// Writes the functions of an interface, each as a call of the host.
fn import_module(resolve: &Resolve, name: &str, interface: &Interface) -> String {
    let module = snake_case(name);
    let mut text = docs(interface.docs.contents.as_deref());
    text += &format!("pub mod {module} {{\n");
    text += "#[allow(unused_imports)]\nuse super::{call_host, types::*};\n";
    for function in interface.functions.values() {
        let mut parameters = String::new();
        let mut arguments = String::new();
        for parameter in &function.params {
            let (name, (ty, owned)) = (&parameter.name, parameter_type(resolve, &parameter.ty));
            let name = snake_case(name);
            parameters += &format!("{name}: {ty}, ");
            arguments += &format!(", {name}{owned}");
        }
        text += &docs(function.docs.contents.as_deref());
        text += &format!(
            "pub fn {function}({parameters}){result} {{\n\
             call_host(|session| kubephase_wit::{module}::Host::{function}(session{arguments}))\n\
             }}\n",
            function = snake_case(&function.name),
            result = return_type(resolve, function)
        );
    }
    text + "}\n"
}

/// Writes the fake host's implementation of an interface, which records each call.
fn proposal_host(resolve: &Resolve, name: &str, interface: &Interface) -> String {
    let mut text = format!(
        "impl kubephase_wit::{}::Host for FakeHost {{\n",
        snake_case(name)
    );
    for function in interface.functions.values() {
        let mut parameters = String::new();
        let mut arguments = String::new();
        for parameter in &function.params {
            let name = snake_case(&parameter.name);
            parameters += &format!(", {name}: {}", owned_type(resolve, &parameter.ty));
            arguments += &format!("({name:?}, {name}.into_argument()), ");
        }
        let (method, answer) = match proposes(resolve, function) {
            true => ("record_proposal", "kubephase_wit::Effect"),
            false => ("record_modifier", "()"),
        };
        text += &format!(
            "fn {}(&mut self{parameters}) -> HostResult<{answer}> {{\n\
             self.{method}({:?}, vec![{arguments}])\n}}\n",
            snake_case(&function.name),
            function.name
        );
    }
    text + "}\n"
}

/// Whether a function returns the handle of a new proposal; the others change a proposal.
fn proposes(resolve: &Resolve, function: &Function) -> bool {
    return_type(resolve, function).contains("Effect")
}

/// Returns the type of a parameter in a phase's call, and the code that makes it the owned value.
fn parameter_type(resolve: &Resolve, ty: &Type) -> (String, &'static str) {
    let owned_type = owned_type(resolve, ty);
    match owned_type.as_str() {
        "String" => ("&str".into(), ".into()"),
        "Option<String>" => ("Option<&str>".into(), ".map(Into::into)"),
        "ObjectRef" | "Finding" => (format!("&{owned_type}"), ".clone()"),
        list if list.starts_with("Vec<") => {
            let element = list.trim_start_matches("Vec<").trim_end_matches('>');
            (format!("&[{element}]"), ".into()")
        }
        _ => (owned_type, ""),
    }
}

/// Returns the end of a function's signature: ` -> T`, or nothing.
fn return_type(resolve: &Resolve, function: &Function) -> String {
    function
        .result
        .as_ref()
        .map(|ty| format!(" -> {}", owned_type(resolve, ty)))
        .unwrap_or_default()
}

/// Returns the Rust type of an owned value.
fn owned_type(resolve: &Resolve, ty: &Type) -> String {
    let Type::Id(id) = ty else {
        return match ty {
            Type::String => "String".into(),
            Type::S32 => "i32".into(),
            other => format!("{other:?}").to_lowercase(),
        };
    };
    let definition = &resolve.types[*id];
    match (&definition.kind, &definition.name) {
        (TypeDefKind::Option(inner), _) => format!("Option<{}>", owned_type(resolve, inner)),
        (TypeDefKind::List(element), _) => format!("Vec<{}>", owned_type(resolve, element)),
        (TypeDefKind::Result(result), _) => {
            let ok = result.ok.as_ref().map(|ok| owned_type(resolve, ok));
            format!("Result<{}, Failure>", ok.as_deref().unwrap_or("()"))
        }
        (_, Some(name)) => camel_case(name),
        (kind, None) => panic!("the interface has a type that this script cannot write: {kind:?}"),
    }
}

fn docs(contents: Option<&str>) -> String {
    let lines = contents.unwrap_or_default().lines();
    lines.map(|line| format!("/// {line}\n")).collect()
}

fn snake_case(name: &str) -> String {
    name.replace('-', "_")
}

fn camel_case(name: &str) -> String {
    name.split('-')
        .map(|part| part[..1].to_uppercase() + &part[1..])
        .collect()
}
