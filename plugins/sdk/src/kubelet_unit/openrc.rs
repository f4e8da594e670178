//! A service of OpenRC: a script, and a file of variables that it reads.
use super::{CONFIG, KUBECONFIGS, KubeletUnit, NewFile, Passed, text_of};
use crate::observe_files;

const SCRIPT: &str = "/etc/init.d/kubelet";
const VARIABLES: &str = "/etc/conf.d/kubelet";

/// Reads the service; `None` if there is none.
pub fn read() -> Option<KubeletUnit> {
    let script = text_of(SCRIPT)?;
    let variables = text_of(VARIABLES).unwrap_or_default();
    let lines = || {
        let all = script.lines().chain(variables.lines()).map(str::trim);
        all.filter(|line| !line.starts_with('#'))
    };
    let has = |words: &str| lines().any(|line| line.contains(words));
    let passed = Passed {
        flags: has("kubeadm-flags.env"),
        bootstrap_kubeconfig: has("--bootstrap-kubeconfig"),
        config: has("--config=") || has("--config "),
    };
    let takes_arguments = has("${command_args}") || has("$command_args ");
    let passes_nothing = !passed.bootstrap_kubeconfig && !passed.config && !has("--kubeconfig");
    let is_free = observe_files::stat(VARIABLES).is_ok_and(|found| found.is_none());
    Some(KubeletUnit {
        files: vec![SCRIPT.to_owned()],
        passed,
        remedy: (passes_nothing && takes_arguments && passed.flags && is_free).then(|| NewFile {
            path: VARIABLES.to_owned(),
            content: format!(
                "# Written by kubephase, because the service of the kubelet does not pass these \
                 files.\ncommand_args=\"{KUBECONFIGS} {CONFIG}\"\n"
            ),
        }),
    })
}
