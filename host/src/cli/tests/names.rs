//! Names that no plugin may have.
use super::*;
use crate::{
    cli::tree,
    wasm::{embedded, manifest::check_name},
};

/// A plugin of such a name would be taken for the command or the phase.
#[test]
fn no_plugin_has_the_name_of_a_command_or_a_phase() {
    let root = tree::root(&CATALOG);
    let commands = root.get_subcommands().flat_map(|command| {
        let aliases = command.get_all_aliases().map(str::to_owned);
        aliases
            .chain([command.get_name().to_owned()])
            .collect::<Vec<String>>()
    });
    let phases = CATALOG.entries.iter().map(|entry| &entry.spec);
    let outermost = phases.filter(|spec| !spec.id.contains('/'));
    let phases = outermost.flat_map(|spec| spec.aliases.iter().chain([&spec.id]).cloned());
    let programs = [Program::Kubephase, Program::Kubeadm].map(|program| program.name().to_owned());
    let names = commands.chain(phases).chain(programs);
    let free: Vec<String> = names
        .filter(|name| check_name(name).is_ok() && embedded::find(name).is_none())
        .collect();
    assert_eq!(
        free,
        Vec::<String>::new(),
        "put them into the list of reserved names"
    );
}
