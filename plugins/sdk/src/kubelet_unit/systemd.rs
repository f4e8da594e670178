//! A unit of systemd with its drop-ins: only the lines that say how the kubelet is started.
use super::{CONFIG, DROP_IN, FLAGS_FILE, KUBECONFIGS, KubeletUnit, NewFile, UnitParts, text_of};
use crate::observe_files;
use std::collections::BTreeMap;

/// The folders of units. A file of an earlier folder hides those of its name in later folders.
const FOLDERS: [&str; 5] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];
const UNIT: &str = "kubelet.service";
/// The variable of kubeadm's file of flags.
const FLAGS: &str = "KUBELET_KUBEADM_ARGS";

/// The values that the files of the unit set so far.
#[derive(Default)]
struct Service {
    /// the command line that starts the kubelet
    command: String,
    variables: BTreeMap<String, String>,
    /// files of variables, in order; they win over `variables`
    variable_files: Vec<String>,
    has_flags_file: bool,
    /// whether a file of variables could not be read; it may have flags
    has_unknown_variables: bool,
}

/// Reads the unit; `None` if there is none, or if it does not start the kubelet itself.
pub fn read() -> Option<KubeletUnit> {
    let unit = FOLDERS.map(|folder| format!("{folder}/{UNIT}"));
    let (path, text) = unit
        .into_iter()
        .find_map(|path| text_of(&path).map(|text| (path, text)))?;
    let mut service = Service::default();
    let mut files = vec![path];
    service.add(&text);
    for path in drop_ins() {
        if let Some(text) = text_of(&path) {
            service.add(&text);
            files.push(path);
        }
    }
    service.read_variable_files();
    let words = service.expand_variables();
    let program = words
        .first()?
        .trim_start_matches(['-', '@', ':', '+', '!', '|']);
    if program.rsplit('/').next() != Some("kubelet") {
        return None;
    }
    let has = |flag: &str| {
        words.iter().any(|word| {
            let rest = word.strip_prefix(flag);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
        })
    };
    let passed = UnitParts {
        flags: service.has_flags_file && service.uses(FLAGS),
        bootstrap_kubeconfig: has("--bootstrap-kubeconfig"),
        config: has("--config"),
    };
    if service.has_unknown_variables && !passed.missing_parts().is_empty() {
        return None;
    }
    let passes_nothing = passed == UnitParts::default() && !has("--kubeconfig");
    let has_no_drop_in = observe_files::stat(DROP_IN).is_ok_and(|found| found.is_none());
    Some(KubeletUnit {
        files,
        passed,
        remedy: (passes_nothing && has_no_drop_in).then(|| NewFile {
            path: DROP_IN.to_owned(),
            content: drop_in(&service.command),
        }),
    })
}

/// Returns the paths of the unit's drop-ins in the order in which systemd reads them: by name.
fn drop_ins() -> Vec<String> {
    let mut by_name = BTreeMap::new();
    for folder in FOLDERS.iter().rev() {
        let folder = format!("{folder}/{UNIT}.d");
        for name in observe_files::list_dir(&folder).unwrap_or_default() {
            if name.ends_with(".conf") {
                by_name.insert(name.clone(), format!("{folder}/{name}"));
            }
        }
    }
    by_name.into_values().collect()
}

impl Service {
    /// Reads one file. Its lines win over those of the files before it.
    fn add(&mut self, text: &str) {
        let mut is_service = false;
        for line in text.replace("\\\n", " ").lines().map(str::trim) {
            if line.starts_with('[') {
                is_service = line == "[Service]";
            }
            let Some((name, value)) = line.split_once('=').filter(|_| is_service) else {
                continue;
            };
            match (name.trim(), value.trim()) {
                ("ExecStart", command) => self.command = command.to_owned(),
                ("Environment", "") => self.variables.clear(),
                ("Environment", assignments) => self.add_variables(words_of(assignments)),
                ("EnvironmentFile", "") => self.variable_files.clear(),
                ("EnvironmentFile", path) => self.variable_files.push(path.to_owned()),
                _ => {}
            }
        }
    }

    fn add_variables(&mut self, assignments: impl IntoIterator<Item = String>) {
        for assignment in assignments {
            if let Some((name, value)) = assignment.split_once('=') {
                self.variables.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// Reads the files of variables. Their values win over those of the unit, and later files win
    /// over earlier ones (systemd.exec(5)).
    fn read_variable_files(&mut self) {
        for path in std::mem::take(&mut self.variable_files) {
            self.read_variable_file(path.trim_start_matches('-'));
        }
    }

    fn read_variable_file(&mut self, path: &str) {
        if path == FLAGS_FILE {
            self.has_flags_file = true;
            return;
        }
        match text_of(path) {
            Some(text) => self.add_variables(text.lines().flat_map(assignment_of)),
            // A file that does not exist sets nothing.
            None => {
                let is_missing = observe_files::stat(path).is_ok_and(|found| found.is_none());
                self.has_unknown_variables |= !is_missing;
            }
        }
    }

    /// Whether the command line uses a variable.
    fn uses(&self, name: &str) -> bool {
        let forms = [format!("${name}"), format!("${{{name}}}")];
        words_of(&self.command)
            .iter()
            .any(|word| forms.contains(word))
    }

    /// Returns the words of the command line with the values of its variables.
    fn expand_variables(&self) -> Vec<String> {
        let words = words_of(&self.command);
        let expand = |word: &String| match word.strip_prefix('$') {
            Some(name) => {
                let name = name.trim_start_matches('{').trim_end_matches('}');
                words_of(self.variables.get(name).map_or("", String::as_str))
            }
            None => vec![word.clone()],
        };
        words.iter().flat_map(expand).collect()
    }
}

/// Returns the assignment in a line of a file of variables.
fn assignment_of(line: &str) -> Option<String> {
    let line = line.trim().trim_start_matches("export ");
    let (name, value) = line
        .split_once('=')
        .filter(|_| !line.starts_with(['#', ';']))?;
    let value = value.trim();
    let quoted = ['"', '\'']
        .iter()
        .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
    Some(format!("{}={}", name.trim(), quoted.unwrap_or(value)))
}

/// Splits a line into words. Quotes hold a word together, and are left out.
fn words_of(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), String::new(), None);
    for letter in line.chars() {
        match (quote, letter) {
            (None, '"' | '\'') => quote = Some(letter),
            (Some(open), _) if open == letter => quote = None,
            (None, _) if letter.is_whitespace() => words.push(std::mem::take(&mut word)),
            _ => word.push(letter),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// Returns the drop-in for a unit that starts the kubelet by this command line.
pub(super) fn drop_in(command: &str) -> String {
    format!(
        "# Written by kubephase, because the unit of the kubelet does not pass these files.\n\
         [Service]\n\
         Environment=\"KUBELET_KUBECONFIG_ARGS={KUBECONFIGS}\"\n\
         Environment=\"KUBELET_CONFIG_ARGS={CONFIG}\"\n\
         # kubelet-start writes this file, with {FLAGS}.\n\
         EnvironmentFile=-{FLAGS_FILE}\n\
         # For KUBELET_EXTRA_ARGS, if kubeletExtraArgs of the configuration cannot do it.\n\
         EnvironmentFile=-/etc/default/kubelet\n\
         EnvironmentFile=-/etc/sysconfig/kubelet\n\
         ExecStart=\n\
         ExecStart={command} $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS ${FLAGS} \
         $KUBELET_EXTRA_ARGS\n"
    )
}
