//! A service of OpenRC: a script, and a file of variables that it reads.
use super::{CONFIG, KUBECONFIGS, KubeletUnit, NewFile, UnitParts, text_of};
use crate::observe_files;

const SCRIPT: &str = "/etc/init.d/kubelet";
const VARIABLES: &str = "/etc/conf.d/kubelet";

/// Reads the service; `None` if there is none.
pub fn read() -> Option<KubeletUnit> {
    let script = text_of(SCRIPT)?;
    let variables = text_of(VARIABLES);
    let files = [SCRIPT]
        .into_iter()
        .chain(variables.as_ref().map(|_| VARIABLES));
    let files = files.map(str::to_owned).collect();
    let variables = variables.unwrap_or_default();
    let lines = || {
        let all = script.lines().chain(variables.lines()).map(str::trim);
        all.filter(|line| !line.starts_with('#'))
    };
    let has = |words: &str| lines().any(|line| line.contains(words));
    let passed = UnitParts {
        flags: has("kubeadm-flags.env"),
        bootstrap_kubeconfig: has("--bootstrap-kubeconfig"),
        config: has("--config=") || has("--config "),
    };
    // The script appends to the variable `command_args`, so the file of variables may set it first.
    let takes_arguments = lines().any(|line| uses_variable(line, "command_args"));
    let passes_no_files = !passed.bootstrap_kubeconfig && !passed.config && !has("--kubeconfig");
    let has_no_variables_file = observe_files::stat(VARIABLES).is_ok_and(|found| found.is_none());
    let can_pass_files =
        passes_no_files && takes_arguments && passed.flags && has_no_variables_file;
    Some(KubeletUnit {
        files,
        passed,
        remedy: can_pass_files.then(|| NewFile {
            path: VARIABLES.to_owned(),
            content: format!(
                "# Written by kubephase, because the service of the kubelet does not pass these \
                 files.\ncommand_args=\"{KUBECONFIGS} {CONFIG}\"\n"
            ),
        }),
    })
}

/// Whether a line of a shell script uses a variable: `$NAME` or `${NAME}`.
fn uses_variable(line: &str, name: &str) -> bool {
    let is_part_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let (bare, in_braces) = (format!("${name}"), format!("${{{name}}}"));
    let mut after = line.split(&bare).skip(1);
    line.contains(&in_braces) || after.any(|rest| !rest.starts_with(is_part_of_name))
}
