//! The name that the program was started with. Started as `kubeadm` (by a link or a copy), the
//! program acts as kubeadm: with kubeadm's name in usage, messages and remedies, kubeadm's
//! `version`, and kubeadm's exit codes.
use crate::text::sanitise;
use std::{ffi::OsStr, path::Path, sync::LazyLock};

/// The program that this process acts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    Kubephase,
    Kubeadm,
}

impl Program {
    /// Returns the program that this process acts as. It never changes.
    pub fn current() -> Program {
        static CURRENT: LazyLock<Program> = LazyLock::new(|| {
            std::env::args_os()
                .next()
                .map_or(Program::Kubephase, |path| Program::of_path(&path))
        });
        *CURRENT
    }

    /// Returns the program that a process started by this path acts as. The file's name decides. A
    /// version after the name (`kubeadm-v1.36.2`, `kubeadm1.36`) does not matter.
    fn of_path(path: &OsStr) -> Program {
        let name = Path::new(path).file_name().unwrap_or_default();
        match name.to_string_lossy().strip_prefix("kubeadm") {
            Some(rest) if !rest.starts_with(|letter: char| letter.is_ascii_alphabetic()) => {
                Program::Kubeadm
            }
            _ => Program::Kubephase,
        }
    }

    /// Returns the name for usage texts.
    pub fn name(self) -> &'static str {
        match self {
            Program::Kubephase => "kubephase",
            Program::Kubeadm => "kubeadm",
        }
    }
}

/// Returns the path of this program.
///
/// # Errors
/// The system does not know it.
pub fn path() -> std::io::Result<String> {
    let path = std::env::current_exe()?;
    Ok(path.to_string_lossy().into_owned())
}

/// Returns a command of this program as a person types it: `kubephase token list`.
pub fn command(words: &str) -> String {
    format!("{} {words}", Program::current().name())
}

/// Returns a word of a command that is shown to a person: as it is if a shell takes it as one plain
/// word, otherwise quoted for a shell. Characters that act on a terminal become escapes: such a
/// word cannot be pasted, but it does nothing else either.
pub fn word(text: &str) -> String {
    let quoted = shlex::try_quote(text).unwrap_or_else(|_| text.into());
    sanitise::exact_line(&quoted).into_owned()
}

/// Returns a path as a word of a command ([`word`]).
pub fn path_word(path: &Path) -> String {
    word(&path.to_string_lossy())
}

/// Returns the line that kubeadm prints after each error; `None` under the program's own name.
pub fn stack_trace_line() -> Option<&'static str> {
    if Program::current() == Program::Kubephase {
        return None;
    }
    let arguments = std::env::args_os();
    let level = verbosity(arguments.map(|argument| argument.to_string_lossy().into_owned()));
    Some(if level < 5 {
        "To see the stack trace of this error execute with --v=5 or higher"
    } else {
        "no stack trace"
    })
}

/// Returns the log level that the arguments name; 0 if they name none.
fn verbosity(arguments: impl IntoIterator<Item = String>) -> i32 {
    let mut level = String::new();
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let short = argument.strip_prefix("-v").filter(|value| is_level(value));
        match argument.strip_prefix("--v=").or(short) {
            Some(value) => level = value.trim_start_matches('=').to_owned(),
            None if ["-v", "--v"].contains(&argument.as_str()) => {
                level = arguments.next().unwrap_or_default();
            }
            None => {}
        }
    }
    level.parse().unwrap_or(0)
}

/// Whether what follows `-v` is its value, and not another letter.
fn is_level(text: &str) -> bool {
    text.trim_start_matches('=')
        .starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{Program, verbosity, word};

    #[test]
    fn the_last_log_level_counts() {
        for (line, level) in [
            ("init", 0),
            ("init --v=5", 5),
            ("--v 6 init", 6),
            ("init -v5", 5),
            ("init -v=10 --v 4", 4),
            ("init --v=5 --vmodule=a=9", 5),
            ("v 5", 0),
            ("init --v", 0),
            ("init --vmodule=a=9", 0),
        ] {
            let arguments = line.split(' ').map(str::to_owned);
            assert_eq!(verbosity(arguments), level, "{line}");
        }
    }

    #[test]
    fn words_of_commands_are_quoted_for_a_shell() {
        for (text, shown) in [
            ("/srv/a-b_1.yaml", "/srv/a-b_1.yaml"),
            (
                "oci://registry.example:5000/a:1.0",
                "oci://registry.example:5000/a:1.0",
            ),
            ("", "''"),
            ("./b; x", "'./b; x'"),
            ("a $(b) `c`", "'a $(b) `c`'"),
            ("it's", "\"it's\""),
            ("a\n[init] y", "'a\\n[init] y'"),
            ("\u{1b}[2J\u{202e}", "'\\u{1b}[2J\\u{202e}'"),
        ] {
            assert_eq!(word(text), shown, "{text:?}");
        }
        assert!(!word("a\0b\n").contains(['\0', '\n']));
    }

    #[test]
    fn the_name_of_the_file_decides() {
        for (path, expected) in [
            ("kubeadm", Program::Kubeadm),
            ("/usr/bin/kubeadm", Program::Kubeadm),
            ("./kubeadm-v1.36.2", Program::Kubeadm),
            ("/opt/kubeadm1.36", Program::Kubeadm),
            ("/opt/kubeadm/bin/kubephase", Program::Kubephase),
            ("kubeadmin", Program::Kubephase),
            ("", Program::Kubephase),
        ] {
            assert_eq!(Program::of_path(path.as_ref()), expected, "{path}");
        }
    }
}
