//! The table of host functions: it has exactly one row for every function of the WIT package.

/// Declares host functions, each with its row, and the list of their rows.
macro_rules! host_functions {
    ($($name:ident: $arguments:ty = $function:expr;)*) => {
        $(pub static $name: $crate::wasm::gate::HostFunction<$arguments> = $function;)*

        /// The rows of these functions, in order.
        pub(super) static ROWS: &[&$crate::wasm::gate::Row] = &[$(&$name.row),*];
    };
}

mod effects;
mod observe;

pub use effects::*;
pub use observe::*;

use super::{Allowance, Arguments, Dimension, HostFunction, Permit, Plain, Row};
use crate::{
    arguments::{FactName, FileName, PhaseId, Pointer, Text},
    wasm::limits::MAX_OBJECT_BYTES,
};
use std::time::Duration;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// Limits of a call that observes the machine without running a program or asking a server.
const LOCAL_OBSERVATION: Allowance = Allowance {
    bytes_in: 16 * KIB,
    bytes_out: 4 * MIB,
    time: Duration::from_secs(10),
    calls: 20_000,
};
/// Limits of a call for which the host runs a program or asks a server.
const SLOW_OBSERVATION: Allowance = Allowance {
    bytes_in: 128 * KIB,
    bytes_out: 4 * MIB,
    time: Duration::from_secs(30),
    calls: 200,
};
/// Limits of a call that reports a message, a finding or a fact.
const REPORT: Allowance = Allowance {
    bytes_in: MIB,
    bytes_out: 0,
    time: Duration::from_secs(1),
    calls: 100_000,
};
/// Limits of a call that proposes an effect. The call only records the proposal; applying it has
/// other time limits.
const PROPOSAL: Allowance = Allowance {
    bytes_in: 4 * MIB,
    bytes_out: 16,
    time: Duration::from_secs(1),
    calls: 20_000,
};

/// Limits of a call that proposes to write an object.
const OBJECT_PROPOSAL: Allowance = Allowance {
    bytes_in: MAX_OBJECT_BYTES,
    ..PROPOSAL
};

const PATHS: Permit = Permit::Granted(&[Dimension::Paths]);
const HOSTS: Permit = Permit::Granted(&[Dimension::Hosts]);
const COMMANDS: Permit = Permit::Granted(&[Dimension::Commands]);
const OBJECTS: Permit = Permit::Granted(&[Dimension::Objects]);
const IMAGES: Permit = Permit::Granted(&[Dimension::Images]);
/// A grant without patterns, for a function without arguments.
const WITHOUT_PATTERNS: Permit = Permit::Granted(&[]);

const fn input<A: Arguments>(function: &'static str) -> HostFunction<A> {
    HostFunction::new(
        "input",
        function,
        Permit::Free,
        LOCAL_OBSERVATION,
        "read its settings and the configuration, without secrets",
    )
}

const fn report<A: Arguments>(function: &'static str) -> HostFunction<A> {
    HostFunction::new(
        "report",
        function,
        Permit::Free,
        REPORT,
        "report messages, findings and facts under its own name",
    )
}

host_functions! {
    PHASE_ID: () = input("phase-id");
    ROUND: () = input("round");
    CONFIG: Pointer = input("config");
    SETTINGS: () = input("settings");
    PATCHED: (FileName, Plain<String>) = HostFunction::new(
        "input",
        "patched",
        Permit::Free,
        PROPOSAL,
        "ask for the operator's patches, which only the program's own phases get",
    );
    FACT: (PhaseId, FactName) = input("fact");

    MESSAGE: Text = report("message");
    SUBMIT: () = report("submit");
    SET_FACT: (FactName, Plain<String>) = report("set-fact");
    PROGRESS: Text = report("progress");
}

/// Returns all rows of the table.
pub fn rows() -> impl Iterator<Item = &'static Row> {
    [ROWS, observe::ROWS, effects::ROWS]
        .into_iter()
        .flatten()
        .copied()
}
