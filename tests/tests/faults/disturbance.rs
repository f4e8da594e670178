//! Disturbs a command by one fault, and continues it.
use harness::{
    ClusterFolder, NodeFiles, RehearsedCluster, RunOutput, check_convergence,
    faults::{FAILED, Fault, INJECTION, Injection, OPERATIONS},
    folders_in, node_files, run,
};
use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
};

/// A command that is disturbed.
pub struct Scenario {
    /// the trees before the command; copied for each run
    pub start: ClusterFolder,
    /// returns the command for a copy of the trees
    pub command: fn(&ClusterFolder) -> Command,
    /// whether each run makes keys and certificates anew
    pub makes_keys_anew: bool,
}

/// The resources whose objects have the same names after each undisturbed run.
const RESOURCES: [&str; 9] = [
    "/configmaps",
    "/nodes",
    "/serviceaccounts",
    "/services",
    "apps/daemonsets",
    "apps/deployments",
    "rbac.authorization.k8s.io/clusterrolebindings",
    "rbac.authorization.k8s.io/rolebindings",
    "rbac.authorization.k8s.io/roles",
];

/// The state that a run leaves.
#[derive(Default)]
struct State {
    /// the files of each machine, by its tree
    files: BTreeMap<PathBuf, NodeFiles>,
    /// the names of the objects of each resource
    objects: BTreeMap<&'static str, Vec<String>>,
    /// the number of members of etcd
    members: usize,
}

impl State {
    fn read(root: &Path) -> State {
        let machines = folders_in(&root.join("nodes"));
        let trees = std::iter::once(root.to_owned()).chain(machines);
        let files = trees.map(|tree| {
            let place = tree.strip_prefix(root).unwrap().to_owned();
            (place, lasting_files(&tree))
        });
        let files = files.collect();
        if !root.join("var/lib/kubephase/cluster.jsonl").exists() {
            return State {
                files,
                ..State::default()
            };
        }
        let cluster = RehearsedCluster::read(root);
        State {
            files,
            objects: RESOURCES
                .map(|resource| (resource, cluster.names(resource)))
                .into(),
            members: cluster.members.len(),
        }
    }

    /// Compares this state, which follows the state `before`, with that of an undisturbed run.
    fn compare(&self, before: Option<&State>, undisturbed: &State) -> Result<(), String> {
        let none = NodeFiles::new();
        for (place, expected) in &undisturbed.files {
            let [before, after] = [before, Some(self)].map(|state| {
                state
                    .and_then(|state| state.files.get(place))
                    .unwrap_or(&none)
            });
            check_convergence(before, after, expected)
                .map_err(|problem| format!("machine {}: {problem}", place.display()))?;
        }
        for (resource, expected) in &undisturbed.objects {
            let found = self.objects.get(resource);
            if found != Some(expected) {
                return Err(format!("{resource}: {found:?} instead of {expected:?}"));
            }
        }
        if self.members != undisturbed.members {
            return Err(format!("{} members of etcd", self.members));
        }
        Ok(())
    }
}

/// Returns the files of a machine without the backups of upgrades, of which each run makes its own.
fn lasting_files(tree: &Path) -> NodeFiles {
    let mut files = node_files(tree);
    files.retain(|path, _| !path.starts_with("etc/kubernetes/tmp"));
    files
}

/// Returns the faults of a run: each operation fails once in each way that fits it, an operation
/// that happens several times at its first and its last time.
fn injections(operations: &str) -> Vec<Injection> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for operation in operations.lines() {
        *counts.entry(operation).or_default() += 1;
    }
    let mut all = Vec::new();
    for (operation, count) in counts {
        for fault in Fault::fitting(operation) {
            let occurrences = if count > 1 { vec![1, count] } else { vec![1] };
            all.extend(occurrences.into_iter().map(|occurrence| Injection {
                operation: operation.to_owned(),
                occurrence,
                fault: *fault,
            }));
        }
    }
    all
}

/// Returns a number of random choices of three faults. The choices are the same in each run.
fn random_schedules(all: &[Injection], count: usize) -> Vec<Vec<&Injection>> {
    let mut random = fastrand::Rng::with_seed(1);
    (0..count).map(|_| random.choose_multiple(all, 3)).collect()
}

/// Returns the number in an environment variable, or another number if it is not set.
fn number(variable: &str, otherwise: usize) -> usize {
    let given = env::var(variable).ok();
    given.map_or(otherwise, |text| text.parse().expect("a number"))
}

impl Scenario {
    /// Disturbs the command by about this number of single faults, spread over its operations, and
    /// by some random schedules of three faults.
    pub fn survives(&self, sample: usize) {
        let undisturbed = self.start.copy();
        let record = undisturbed.path("operations");
        run((self.command)(&undisturbed).env(OPERATIONS, &record)).expect_success();
        let expected = State::read(&undisturbed.root());
        let all = injections(&fs::read_to_string(record).unwrap());
        assert!(all.len() >= sample, "only {} faults fit", all.len());
        let step = number("KUBEPHASE_EVERY_FAULT", all.len().div_ceil(sample));
        let single = all.iter().step_by(step).map(|injection| vec![injection]);
        let schedules = number("KUBEPHASE_FAULT_SCHEDULES", sample / 5);
        let cases: Vec<Vec<&Injection>> = single.chain(random_schedules(&all, schedules)).collect();
        let results = self.disturb_all(&cases, &expected);
        let problems = results.iter().filter_map(|result| result.as_ref().err());
        let problems: Vec<&str> = problems.map(String::as_str).collect();
        let (all, wrong) = (cases.len(), problems.len());
        assert!(
            wrong == 0,
            "{wrong} of {all} cases:\n{}",
            problems.join("\n")
        );
        // How often an operation is repeated in a wait depends on the machine.
        let happened = results.iter().filter(|result| **result == Ok(true)).count();
        assert!(
            happened * 10 >= all * 9,
            "a fault happened in {happened} of {all} cases"
        );
    }

    /// Disturbs the command in each of these cases, on two threads.
    fn disturb_all(
        &self,
        cases: &[Vec<&Injection>],
        expected: &State,
    ) -> Vec<Result<bool, String>> {
        thread::scope(|scope| {
            let workers = [0, 1].map(|first| {
                let half = cases.iter().skip(first).step_by(2);
                let results = half.map(|injections| self.disturb(injections, expected));
                scope.spawn(move || results.collect::<Vec<_>>())
            });
            workers.map(|worker| worker.join().unwrap()).concat()
        })
    }

    /// Runs the command with faults, and then without. Returns whether a fault happened.
    ///
    /// # Errors
    /// A run does not end as it should, or the second does not lead to the expected state.
    fn disturb(&self, injections: &[&Injection], expected: &State) -> Result<bool, String> {
        let folder = self.start.copy();
        let lines: Vec<String> = injections.iter().map(ToString::to_string).collect();
        let faults = lines.join("\n");
        let problem = |what: &str, output: &RunOutput| {
            let (status, printed) = (output.status, output.printed());
            format!("{INJECTION}='{faults}': {what} (exit code {status})\n{printed}")
        };
        let record = folder.path("operations");
        let mut disturbed = (self.command)(&folder);
        disturbed.env(INJECTION, &faults);
        let output = run(disturbed.env(OPERATIONS, &record));
        if output.status < 0 || output.printed().contains("panicked") {
            return Err(problem("the run did not end properly", &output));
        }
        if output.status != 0 && !output.stderr.contains("fault ") {
            return Err(problem("the message does not say what failed", &output));
        }
        let before = State::read(&folder.root());
        if output.status == 0 {
            // The run got past the faults, so there is nothing left to do.
            let compared = before.compare(None, expected);
            compared.map_err(|what| problem(&what, &output))?;
        }
        let output = run(&mut (self.command)(&folder));
        if output.status != 0 {
            return Err(problem("the second run failed", &output));
        }
        let before = Some(&before).filter(|_| !self.makes_keys_anew);
        State::read(&folder.root())
            .compare(before, expected)
            .map_err(|what| problem(&what, &output))?;
        Ok(fs::read_to_string(record).unwrap().contains(FAILED))
    }
}
