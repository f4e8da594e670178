//! The parts of kubeadm's commands that this program's own commands lack: its banner, and commands
//! that print their help for any arguments.
use super::{CliError, argv::Argv};
use crate::program::Program;
use clap::Command;

/// The command that holds kubeadm's experiments. At present it has none.
const ALPHA: &str = "alpha";
const ABOUT_ALPHA: &str = "Kubeadm experimental sub-commands";

const BANNER: &str = "
    ┌──────────────────────────────────────────────────────────┐
    │ KUBEADM                                                  │
    │ Easily bootstrap a secure Kubernetes cluster             │
    │                                                          │
    │ Please give us feedback at:                              │
    │ https://github.com/kubernetes/kubeadm/issues             │
    └──────────────────────────────────────────────────────────┘

Example usage:

    Create a two-machine cluster with one control-plane node
    (which controls the cluster), and one worker node
    (where your workloads, like Pods and Deployments run).

    ┌──────────────────────────────────────────────────────────┐
    │ On the first machine:                                    │
    ├──────────────────────────────────────────────────────────┤
    │ control-plane# kubeadm init                              │
    └──────────────────────────────────────────────────────────┘

    ┌──────────────────────────────────────────────────────────┐
    │ On the second machine:                                   │
    ├──────────────────────────────────────────────────────────┤
    │ worker# kubeadm join <arguments-returned-from-init>      │
    └──────────────────────────────────────────────────────────┘

    You can then repeat the second step on as many other machines as you like.
";

/// The first words of the part of the help that kubeadm prints after a mistake.
const USAGE: &str = "Usage:\n";

/// The help of kubeadm itself, in its order.
const TEMPLATE: &str = "{before-help}Usage:
  kubeadm [command]

Available Commands:
{subcommands}

Flags:
{options}

Additional help topics:
  kubeadm alpha      Kubeadm experimental sub-commands

Use \"kubeadm [command] --help\" for more information about a command.

{after-help}";

/// Adds the parts that only the root of kubeadm's commands has.
pub(super) fn extend_root(root: Command) -> Command {
    if Program::current() == Program::Kubephase {
        return root;
    }
    root.before_help(BANNER)
        .help_template(TEMPLATE)
        .subcommand(Command::new(ALPHA).about(ABOUT_ALPHA).hide(true))
}

/// Whether the commands below the root have no command `help`. kubeadm's have none.
pub(super) fn lacks_help_command(command: &Command) -> bool {
    Program::current() == Program::Kubeadm && command.get_name() != Program::Kubeadm.name()
}

/// Returns the help that is printed for arguments that name no command to run. With such arguments,
/// `alpha` and `kubeconfig` accept anything, as in kubeadm.
pub(super) fn help_without_command(root: &mut Command, argv: &Argv) -> Option<CliError> {
    let is_kubeadm = Program::current() == Program::Kubeadm;
    // To kubeadm, an empty argument names no command.
    let names_nothing = argv
        .flags
        .iter()
        .all(|argument| is_kubeadm && argument.is_empty());
    if argv.path.len() == 1 && names_nothing {
        return Some(CliError::help(root.render_help().to_string()));
    }
    let has_flags = argv.positionals.len() < argv.flags.len();
    let mut flags = argv.flags.iter();
    let asks_for_help = flags.any(|flag| flag == "-h" || flag == "--help");
    if !is_kubeadm {
        return None;
    }
    if let ([_], Some(("help", topics))) = (&argv.path[..], first_and_rest(&argv.positionals)) {
        return help_of_topic(root, topics, asks_for_help);
    }
    // Words that name no command count for nothing beside a flag for help.
    if asks_for_help && argv.path.len() > 1 && argv.positionals.len() + 1 == argv.flags.len() {
        return Some(CliError::help(super::help(root, argv)));
    }
    if has_flags {
        return None;
    }
    let words: Vec<&str> = argv.path.iter().skip(1).map(String::as_str).collect();
    let help = match words[..] {
        [ALPHA] => format!("{ABOUT_ALPHA}\n\n"),
        ["kubeconfig"] => super::help(root, argv),
        _ => return None,
    };
    Some(CliError::help(help))
}

fn first_and_rest(words: &[String]) -> Option<(&str, &[String])> {
    let (first, rest) = words.split_first()?;
    Some((first, rest))
}

/// Returns the help of the deepest command that the words of `help …` name; words after it count
/// for nothing. If the first word is not a command, returns a message for standard error with the
/// commands that there are (kubeadm behaviour). `None` if there are no words, unless the help of
/// `help` is asked for.
fn help_of_topic(root: &mut Command, topics: &[String], asks_for_help: bool) -> Option<CliError> {
    root.build();
    let mut command: &Command = root;
    let mut is_found = asks_for_help && topics.is_empty();
    for word in topics {
        let Some(next) = command.find_subcommand(word) else {
            break;
        };
        (command, is_found) = (next, true);
    }
    let help = command.clone().render_help().to_string();
    if is_found {
        return Some(CliError::help(help));
    }
    if topics.is_empty() {
        return None;
    }
    let words: Vec<String> = topics.iter().map(|word| format!("`{word}`")).collect();
    let usage = help.find(USAGE).and_then(|at| help.get(at..));
    Some(CliError::note(format!(
        "Unknown help topic [{}]\n{}",
        words.join(" "),
        usage.unwrap_or(&help)
    )))
}
