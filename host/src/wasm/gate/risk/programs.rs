//! The risk of grants to run programs, and to change units, kernel parameters and modules.
use super::{Danger, root};
use crate::wasm::manifest::Request;

/// Judges a grant to start or stop units: any grant amounts to root.
pub(super) fn any_unit(_: &Request) -> Vec<Danger> {
    vec![root("a unit that is started runs as root")]
}

/// Judges a grant to set kernel parameters: any grant amounts to root.
pub(super) fn any_key(_: &Request) -> Vec<Danger> {
    vec![root(
        "kernel parameters decide which programs the kernel runs, and what it protects",
    )]
}

/// Judges a grant to load kernel modules: any grant amounts to root.
pub(super) fn any_module(_: &Request) -> Vec<Danger> {
    vec![root("a module is part of the kernel")]
}

/// Judges a grant to run programs: any grant amounts to root.
pub(super) fn any_program(_: &Request) -> Vec<Danger> {
    vec![root("the program runs as root")]
}

/// In a command line of [`READING`]: any one name that the grant fixes.
const NAME: &str = "NAME";

/// Command lines that only read, whatever else is on the machine: a program by its bare name, and
/// all of its arguments. An empty list stands for any arguments that the grant fixes.
const READING: &[(&str, &[&[&str]])] = &[
    ("aa-enabled", &[&[]]),
    ("arch", &[]),
    (
        "chronyc",
        &[
            &["tracking"],
            &["-n", "tracking"],
            &["sources"],
            &["-n", "sources"],
            &["activity"],
        ],
    ),
    ("date", &[&[], &["-u"]]),
    ("df", &[]),
    ("dpkg", &[&["-s", NAME]]),
    ("echo", &[]),
    ("ethtool", &[&[NAME], &["-i", NAME]]),
    ("findmnt", &[&[], &[NAME]]),
    ("free", &[]),
    ("getconf", &[]),
    ("getenforce", &[]),
    ("hostname", &[&[], &["-f"], &["-s"], &["-i"], &["-I"]]),
    (
        "ip",
        &[
            &["addr"],
            &["link"],
            &["route"],
            &["rule"],
            &["-j", "addr"],
            &["-j", "link"],
            &["-j", "route"],
            &["-j", "rule"],
        ],
    ),
    ("lsblk", &[]),
    ("lscpu", &[]),
    ("lsmod", &[]),
    ("lspci", &[&[], &["-n"], &["-nn"], &["-k"]]),
    ("modinfo", &[&[NAME]]),
    ("mount", &[&[]]),
    ("nproc", &[]),
    ("ntpq", &[&["-p"], &["-pn"]]),
    ("nvidia-smi", &[&[], &["-L"]]),
    ("rpm", &[&["-q", NAME]]),
    ("sestatus", &[&[]]),
    ("ss", &[&["-ltn"], &["-lntp"], &["-lun"], &["-s"]]),
    ("swapon", &[&["--show"], &["-s"]]),
    (
        "systemctl",
        &[
            &["is-active", NAME],
            &["is-enabled", NAME],
            &["is-failed", NAME],
            &["is-system-running"],
        ],
    ),
    (
        "timedatectl",
        &[
            &["show"],
            &["show", "-p", NAME],
            &["show", "-p", NAME, "--value"],
            &["status"],
            &["timesync-status"],
        ],
    ),
    ("uname", &[]),
    ("uptime", &[]),
];

/// Whether a command line is one of those that are known to read only. Any program by its bare name
/// may tell its version: no plugin puts a program where those are found.
pub(super) fn is_reading(program: &str, arguments: &[&str]) -> bool {
    let is_plain = |text: &str| {
        !text.starts_with('-')
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"._@:-".contains(&byte))
    };
    let fits = |line: &&[&str]| {
        let of = |(expected, argument): (&&str, &&str)| {
            expected == argument
                || (*expected == NAME && !argument.is_empty() && is_plain(argument))
        };
        line.len() == arguments.len() && line.iter().zip(arguments).all(of)
    };
    let known = READING.iter().find(|(known, _)| *known == program);
    known.is_some_and(|(_, lines)| lines.is_empty() || lines.iter().any(fits))
        || (is_plain(program) && arguments == ["--version"])
}

/// Judges a grant to run programs that only read: it amounts to root unless the command line is one
/// of those that are known to read. A program at a path may be one that a plugin wrote, and nobody
/// can list the programs that run others.
pub(super) fn reading_program(request: &Request) -> Vec<Danger> {
    let judge = |command: &Vec<String>| {
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        let (&program, arguments) = command.split_first()?;
        let is_fixed = arguments.iter().all(|argument| !argument.contains('*'));
        if is_fixed && is_reading(program, arguments) {
            return None;
        }
        Some(root(format!(
            "{program} runs as root, and is not one of the command lines that are known \
            to read only"
        )))
    };
    request.commands.iter().filter_map(judge).collect()
}
