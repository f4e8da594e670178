//! The faults, and where each may happen.
use kubephase_wit::{Failure, FailureCode};
use regex::Regex;
use std::sync::LazyLock;

/// The parts of names that differ from run to run: times, numbers of them, ids of tokens and of
/// certificate signing requests.
static PASSING: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r"\d{4}(-\d\d){5}|\d{6,}|bootstrap-token-\w{6}|csr-[\w-]+";
    Regex::new(pattern).expect("a regular expression")
});

/// Returns the name of an operation, which is the same in each run.
pub(super) fn stable_name(operation: &str, target: &str) -> String {
    let name = format!("{operation} {target}");
    PASSING.replace_all(&name, "*").into_owned()
}

/// What happens instead of the success of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// the disk is full
    NoSpace,
    /// the file system can no longer be written
    ReadOnly,
    /// the disk, or another part of the machine, reports an error
    Io,
    /// the change was made, but the disk does not confirm that it will last
    Unconfirmed,
    /// the request does not arrive
    Unavailable,
    /// the request is carried out, and the connection ends before the answer
    AnswerLost,
    /// another client changed the object in between
    Conflict,
    /// no answer comes in time
    Timeout,
}

/// Each fault with its name in the environment.
const FAULTS: &[(&str, Fault)] = &[
    ("no-space", Fault::NoSpace),
    ("read-only", Fault::ReadOnly),
    ("io", Fault::Io),
    ("unconfirmed", Fault::Unconfirmed),
    ("unavailable", Fault::Unavailable),
    ("answer-lost", Fault::AnswerLost),
    ("conflict", Fault::Conflict),
    ("timeout", Fault::Timeout),
];

/// The faults of operations whose names begin with these words.
const PLACES: &[(&[&str], &[Fault])] = &[
    (
        &["files.write", "files.make-dir", "files.move"],
        &[Fault::NoSpace, Fault::ReadOnly, Fault::Unconfirmed],
    ),
    (
        &["files.set", "files.chown", "files.remove"],
        &[Fault::ReadOnly, Fault::Unconfirmed],
    ),
    (&["files.", "node."], &[Fault::Io]),
    (
        &["cluster.replace", "cluster.patch", "cluster.delete"],
        &[Fault::Unavailable, Fault::AnswerLost, Fault::Conflict],
    ),
    (
        &["cluster.", "etcd.", "runtime."],
        &[Fault::Unavailable, Fault::AnswerLost],
    ),
    (&["net."], &[Fault::Unavailable, Fault::Timeout]),
];

impl Fault {
    /// Returns the faults that an operation can have.
    pub fn fitting(operation: &str) -> &'static [Fault] {
        let begins = |words: &[&str]| words.iter().any(|word| operation.starts_with(word));
        let found = PLACES.iter().find(|(words, _)| begins(words));
        found.map_or(&[], |(_, faults)| faults)
    }

    /// Whether the operation is carried out before it fails.
    pub(super) fn comes_after(self) -> bool {
        matches!(self, Fault::Unconfirmed | Fault::AnswerLost)
    }

    fn name(self) -> &'static str {
        let found = FAULTS.iter().find(|(_, fault)| *fault == self);
        found.map_or("", |(name, _)| name)
    }

    /// Returns the failure that the operation has.
    pub(super) fn failure(self, operation: &str) -> Failure {
        let code = match self {
            Fault::NoSpace => FailureCode::NoSpace,
            Fault::ReadOnly => FailureCode::ReadOnly,
            Fault::Io | Fault::Unconfirmed => FailureCode::Io,
            Fault::Unavailable | Fault::AnswerLost => FailureCode::Unavailable,
            Fault::Conflict => FailureCode::Conflict,
            Fault::Timeout => FailureCode::Timeout,
        };
        Failure {
            retryable: matches!(code, FailureCode::Unavailable | FailureCode::Conflict),
            ..Failure::new(code, format!("{operation}: fault {}", self.name()))
        }
    }
}

/// One operation that fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Injection {
    /// the name of the operation
    pub operation: String,
    /// which of the operations of this name fails: 1 is the first
    pub occurrence: usize,
    pub fault: Fault,
}

impl Injection {
    /// Reads an injection from its text, `FAULT OCCURRENCE OPERATION`.
    ///
    /// # Panics
    /// If the text has another form.
    pub fn parse(text: &str) -> Injection {
        let mut words = text.splitn(3, ' ');
        let mut word = || words.next().expect("FAULT OCCURRENCE OPERATION");
        let (name, occurrence, operation) = (word(), word(), word());
        let fault = FAULTS.iter().find(|(known, _)| *known == name);
        Injection {
            operation: operation.to_owned(),
            occurrence: occurrence.parse().expect("a number"),
            fault: fault.expect("the name of a fault").1,
        }
    }

    /// Whether this occurrence of the operation fails.
    pub(super) fn is_for(&self, operation: &str, occurrence: usize) -> bool {
        self.operation == operation && self.occurrence == occurrence
    }
}

impl std::fmt::Display for Injection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Injection {
            operation,
            occurrence,
            fault,
        } = self;
        write!(f, "{} {occurrence} {operation}", fault.name())
    }
}
