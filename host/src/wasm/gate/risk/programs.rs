//! The risk of grants to run programs, and to change units, kernel parameters and modules.
use super::{Danger, root};
use crate::wasm::request::Request;

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

/// A placeholder in the command lines of [`READING`]: it stands for any single name without
/// wildcards.
const NAME: &str = "NAME";

/// Programs that print their version and do nothing else when they are called with `--version`.
/// Other programs may ignore the argument. Programs of packet filters are not listed: before they
/// read their arguments they call the kernel, which loads modules.
const VERSIONED: &[&str] = &[
    "chronyd",
    "containerd",
    "crictl",
    "crio",
    "crun",
    "dockerd",
    "kubeadm",
    "kubelet",
    "modinfo",
    "runc",
    "systemctl",
];

/// Command lines that only read, on any machine: a program by its bare name, and all of its
/// arguments. None of them loads a kernel module, writes a file, opens a device, asks a server of
/// the network, or prints data that only one user of the machine may see. All of them work without
/// capabilities.
///
/// Not listed: `ethtool` (loads the module that its argument names), `ss` (loads modules of
/// `sock_diag`), `nvidia-smi` (loads a module and makes devices), `rpm` (writes its database),
/// `ntpq`, `chronyc sources` without `-n` and `hostname -f` (ask name servers), `lsblk -f` (opens
/// the devices).
const READING: &[(&str, &[&[&str]])] = &[
    ("aa-enabled", &[&[]]),
    ("arch", &[&[]]),
    (
        // chronyd answers on a socket of this machine.
        "chronyc",
        &[
            &["tracking"],
            &["-n", "tracking"],
            &["-n", "sources"],
            &["activity"],
        ],
    ),
    ("date", &[&[], &["-u"]]),
    ("df", &[&[], &["-h"], &["-i"], &["-k"], &["-P"], &["-T"]]),
    ("dpkg", &[&["-s", NAME]]),
    ("findmnt", &[&[]]),
    ("free", &[&[], &["-b"], &["-k"], &["-m"], &["-h"]]),
    ("getconf", &[&["-a"], &[NAME]]),
    ("getenforce", &[&[]]),
    ("hostname", &[&[], &["-s"], &["-I"]]),
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
    ("kubectl", &[&["version", "--client"]]),
    ("lsblk", &[&[], &["-J"], &["-b", "-J"]]),
    ("lscpu", &[&[], &["-J"]]),
    ("lsmod", &[&[]]),
    ("lspci", &[&[], &["-n"], &["-nn"], &["-k"]]),
    ("modinfo", &[&[NAME]]),
    ("mount", &[&[]]),
    ("nproc", &[&[], &["--all"]]),
    ("sestatus", &[&[]]),
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
    (
        "uname",
        &[
            &[],
            &["-a"],
            &["-m"],
            &["-n"],
            &["-p"],
            &["-r"],
            &["-s"],
            &["-v"],
        ],
    ),
    ("uptime", &[&[], &["-p"], &["-s"]]),
];

/// Whether a command line is known to read only.
pub(super) fn is_reading(program: &str, arguments: &[&str]) -> bool {
    let known = READING.iter().find(|(known, _)| *known == program);
    known.is_some_and(|(_, lines)| lines.iter().any(|line| matches_line(line, arguments)))
        || (VERSIONED.contains(&program) && arguments == ["--version"])
}

/// Whether arguments match the known command line `line`, in which [`NAME`] stands for a plain
/// name.
fn matches_line(line: &[&str], arguments: &[&str]) -> bool {
    line.len() == arguments.len()
        && line.iter().zip(arguments).all(|(expected, argument)| {
            expected == argument || (*expected == NAME && is_plain(argument))
        })
}

fn is_plain(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._@:-".contains(&byte))
}

/// Judges a grant to run programs that only read: it amounts to root unless the command line is in
/// [`READING`], or asks one of [`VERSIONED`] for its version. A plugin may have written the program
/// at a path, and there is no complete list of programs that run others. The host looks for a bare
/// name only in the system's directories, and ignores `PATH`.
pub(super) fn reading_program(request: &Request) -> Vec<Danger> {
    let dangers = request.commands.iter().filter_map(|command| {
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        let (&program, arguments) = command.split_first()?;
        let is_fixed = arguments.iter().all(|argument| !argument.contains('*'));
        if is_fixed && is_reading(program, arguments) {
            return None;
        }
        Some(root(format!(
            "{program} runs as root, and its command line is not one of those that are known to \
             read only"
        )))
    });
    dangers.collect()
}
