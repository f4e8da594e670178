//! Names that no plugin may have.
use super::*;
use crate::{
    cli::{phase::PhaseCommands, tree},
    wasm::{embedded, manifest::check_name},
};

/// A reader of messages would take a plugin with such a name for the command or the phase.
#[test]
fn no_plugin_has_the_name_of_a_command_or_a_phase() {
    let root = tree::root(&CATALOG, PhaseCommands::All);
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

/// If the enum of the commands of a group has a comment, clap shows that comment as the help of the
/// group.
#[test]
fn help_of_every_command_says_what_it_does() {
    let root = tree::root(&CATALOG, PhaseCommands::All);
    let mut commands: Vec<_> = root.get_subcommands().collect();
    let mut count = 0;
    while let Some(command) = commands.pop() {
        let about = command.get_about().map(ToString::to_string);
        let about = about.unwrap_or_default();
        let name = command.get_name();
        assert!(
            !about.is_empty() && !about.starts_with("The commands"),
            "{name}: {about}"
        );
        commands.extend(command.get_subcommands());
        count += 1;
    }
    assert!(count > 100, "{count} commands");
}
