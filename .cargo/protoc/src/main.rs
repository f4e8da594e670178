//! As much of `protoc` as build scripts made with prost-build ask for: protobuf files are compiled
//! to a descriptor set.
#![allow(
    clippy::disallowed_methods,
    reason = "it reads and writes files for a build"
)]
use anyhow::Context;
use lexopt::prelude::*;
use protox::Compiler;
use std::{fs, path::PathBuf};

fn main() -> anyhow::Result<()> {
    let (mut includes, mut files) = (Vec::<PathBuf>::new(), Vec::<PathBuf>::new());
    let (mut output, mut imports, mut sources) = (None::<PathBuf>, false, false);
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        match argument {
            Short('I') | Long("proto_path") => includes.push(arguments.value()?.into()),
            Short('o') | Long("descriptor_set_out") => output = Some(arguments.value()?.into()),
            Long("include_imports") => imports = true,
            Long("include_source_info") => sources = true,
            Value(file) => files.push(file.into()),
            other => return Err(other.unexpected().into()),
        }
    }
    let output =
        output.context("no descriptor set is asked for (-o), which is all that can be made")?;
    let mut compiler = Compiler::new(includes)?;
    compiler
        .include_imports(imports)
        .include_source_info(sources)
        .open_files(files)?;
    fs::write(&output, compiler.encode_file_descriptor_set())
        .with_context(|| output.display().to_string())
}
