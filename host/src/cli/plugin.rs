//! The commands `kubephase plugin …`.
mod add;
mod allow;
mod arguments;
mod candidate;
mod dev;
mod entries;
mod known;
mod publish;
mod test;
mod toolbox;

pub use arguments::{DevFlags, Expectation, PluginCommand, TestFlags};

use super::{CliError, Exit, print};
use crate::{
    pki::signature::{self, Signer},
    plan::describe_unknown_names,
    plugin::{consent::Consent, folder, inspect, load, source},
    plugin_tools::{
        build,
        scaffold::{self, Kind, Language},
    },
    program::{self, Program},
    run::prepare::Distribution,
    wasm::{engine::Engine, plugin::Plugin},
};
use anyhow::Result;
use std::{
    path::Path,
    time::{Duration, Instant},
};

/// Carries out a command.
///
/// # Errors
/// The arguments, the configuration or the plugin cannot be used.
pub fn run(command: &PluginCommand, distribution: &Distribution<'_>) -> Result<Exit> {
    let engine = distribution.engine;
    check_consent_flags(command)?;
    match command {
        PluginCommand::New {
            kind,
            folder,
            language,
        } => create(*kind, *language, folder),
        PluginCommand::Build { folder, out } => build(folder, out.as_deref(), engine),
        PluginCommand::Dev(flags) => dev::run(flags, engine),
        PluginCommand::Annotate {
            component,
            manifest,
            out,
        } => toolbox::annotate(component, manifest, out.as_deref(), engine),
        PluginCommand::Wit { out } => toolbox::wit(out.as_deref()),
        PluginCommand::Doctor { language } => toolbox::doctor(*language),
        PluginCommand::Test(flags) => test::run(flags, engine),
        PluginCommand::Inspect { plugin, signer } => {
            inspect_plugin(plugin, signer.as_deref(), distribution)
        }
        PluginCommand::Add {
            source,
            config,
            allow,
            consent,
            expectation,
        } => {
            let consent = allow.then_some(*consent);
            add::add(source, config, consent, expectation, distribution)
        }
        PluginCommand::Remove {
            name,
            config,
            purge,
            root,
        } => entries::remove(name, config, purge.then_some(root)),
        PluginCommand::List { config } => {
            entries::describe_plugins(config, engine).map(|(text, _)| print::text(&text))
        }
        PluginCommand::Verify { config } => {
            let (text, are_loadable) = entries::describe_plugins(config, engine)?;
            print::text(&text);
            Ok(if are_loadable { Exit::Ok } else { Exit::Plugin })
        }
        PluginCommand::Allow {
            name,
            config,
            consent,
            expectation,
        } => allow::allow(name, config, *consent, expectation, distribution),
        PluginCommand::Keygen { name } => publish::keygen(name),
        PluginCommand::Sign { plugin, key } => publish::sign(plugin, key, engine),
        PluginCommand::Push { plugin, reference } => publish::push(plugin, reference, engine),
    }
}

/// Refuses the flags that widen `--allow` if it is not given.
fn check_consent_flags(command: &PluginCommand) -> Result<(), CliError> {
    let (allow, consent) = match command {
        PluginCommand::Add { allow, consent, .. } => (*allow, *consent),
        PluginCommand::Test(flags) => (flags.allow, flags.consent),
        _ => return Ok(()),
    };
    if allow || consent == Consent::default() {
        return Ok(());
    }
    Err(CliError::usage(
        "--allow-root and --allow-cluster-admin have an effect only with --allow; add --allow",
    ))
}

fn build(folder: &Path, out: Option<&Path>, engine: &Engine) -> Result<Exit> {
    let began = Instant::now();
    let built = build::build(folder, out, engine)?;
    Ok(print::text(&describe_built(&built, began.elapsed())))
}

/// Describes a component that was built: its name, the time that the build took, its file, its size
/// and the interfaces that it imports.
fn describe_built(built: &build::BuiltPlugin, time: Duration) -> String {
    let manifest = built.plugin.manifest();
    format!(
        "{} {} in {:.1} s: {}\n  {}",
        manifest.name,
        manifest.version,
        time.as_secs_f64(),
        built.path.display(),
        describe_size(built.size, &built.plugin)
    )
}

/// Describes the size of a component and the interfaces that it imports, on one line.
fn describe_size(size: usize, plugin: &Plugin) -> String {
    let imports = inspect::list_imports(plugin);
    format!("{} KiB; it imports {imports}\n", size.div_ceil(1024))
}

fn create(kind: Kind, language: Language, folder: &Path) -> Result<Exit> {
    scaffold::scaffold(kind, language, folder)?;
    let at = program::path_word(folder);
    let program = Program::current().name();
    Ok(print::text(&format!(
        "{} is a plugin. Next:\n\n  {program} plugin build {at}\n  {program} plugin test {at}\n  \
         {program} plugin add {at} --config CLUSTER.yaml\n",
        folder.display()
    )))
}

/// Requests a source that the operator typed. A signature is required only if the operator named a
/// signer.
fn load_request<'a>(source: &'a str, signer: Option<&'a Signer>) -> load::LoadRequest<'a> {
    load::LoadRequest {
        source,
        base_dir: Path::new(""),
        pinned: None,
        signer,
        command: None,
    }
}

fn inspect_plugin(
    from: &str,
    signer: Option<&str>,
    distribution: &Distribution<'_>,
) -> Result<Exit> {
    let signer = signer.map(Signer::read).transpose()?;
    let request = load_request(from, signer.as_ref());
    folder::check_is_current(Path::new(from))?;
    let component = load::fetch(&request)?.bytes;
    let signed = match (&signer, source::signature(from, Path::new(""), &component)?) {
        (Some(signer), _) => format!("signed by {signer}"),
        (None, Some(signature)) => format!(
            "signed by {}, as its signature says; `--signer PUBLIC_KEY` verifies that",
            signature::key_id(&signature).unwrap_or_else(|| "an unknown key".into())
        ),
        (None, None) => "not signed".into(),
    };
    let size = component.len();
    let plugin = load::read_uncompiled(&request, component, distribution.engine)?;
    let mut text = inspect::render(&plugin, size, &signed);
    if let Err(refused) = distribution.check_phases(&plugin) {
        text += &format!("\nNo run would take it: {refused}\n");
    } else {
        let manifest = plugin.manifest();
        text += &describe_unknown_names(&distribution.catalog, &manifest.provides);
    }
    Ok(print::text(&text))
}
