//! The name that the program was started with. Started as `kubeadm` (by a link or a copy), it
//! stands for kubeadm: its name in usage, messages and remedies, its `version`, and its exit codes.
use std::{ffi::OsStr, path::Path, sync::LazyLock};

/// What the program was started as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    Kubephase,
    Kubeadm,
}

impl Program {
    /// Returns what this process was started as. It never changes.
    pub fn current() -> Program {
        static CURRENT: LazyLock<Program> = LazyLock::new(|| {
            std::env::args_os()
                .next()
                .map_or(Program::Kubephase, |path| Program::of_path(&path))
        });
        *CURRENT
    }

    /// Returns what a program of this path stands for. The file's name decides, and a version
    /// behind it (`kubeadm-v1.36.2`, `kubeadm1.36`) does not matter.
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

/// Returns a command of this program as a person types it: `kubephase token list`.
pub fn command(words: &str) -> String {
    format!("{} {words}", Program::current().name())
}

#[cfg(test)]
mod tests {
    use super::Program;

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
