//! The table of host functions: it has exactly one row for every function of the WIT package.
mod effects;
mod observe;

pub use effects::*;
pub use observe::*;

use super::{Allowance, Arguments, Dimension, HostFunction, Permit, Plain, Row};
use crate::{
    arguments::{FactName, FileName, PhaseId, Pointer, Text},
    wasm::limits::MAX_OBJECT,
};
use std::time::Duration;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// Limits of a call that observes the machine without running a program or asking a server.
const LOOK: Allowance = Allowance {
    bytes_in: 16 * KIB,
    bytes_out: 4 * MIB,
    time: Duration::from_secs(10),
    calls: 20_000,
};
/// Limits of a call for which the host runs a program or asks a server.
const ASK: Allowance = Allowance {
    bytes_in: 128 * KIB,
    bytes_out: 4 * MIB,
    time: Duration::from_secs(30),
    calls: 200,
};
/// Limits of a call that reports a message, a finding or a fact.
const SAY: Allowance = Allowance {
    bytes_in: MIB,
    bytes_out: 0,
    time: Duration::from_secs(1),
    calls: 100_000,
};
/// Limits of a call that proposes an effect. The call only records the proposal; applying it has
/// other time limits.
const PROPOSE: Allowance = Allowance {
    bytes_in: 4 * MIB,
    bytes_out: 16,
    time: Duration::from_secs(1),
    calls: 20_000,
};

/// Limits of a call that proposes to write an object.
const PROPOSE_OBJECT: Allowance = Allowance {
    bytes_in: MAX_OBJECT,
    ..PROPOSE
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
        LOOK,
        "read its settings and the configuration, without secrets",
    )
}

pub static PHASE_ID: HostFunction<()> = input("phase-id");
pub static ROUND: HostFunction<()> = input("round");
pub static CONFIG: HostFunction<Pointer> = input("config");
pub static SETTINGS: HostFunction<()> = input("settings");
pub static PATCHED: HostFunction<(FileName, Plain<String>)> = HostFunction::new(
    "input",
    "patched",
    Permit::Free,
    PROPOSE,
    "ask for the operator's patches, which only the program's own phases get",
);
pub static FACT: HostFunction<(PhaseId, FactName)> = input("fact");

const fn report<A: Arguments>(function: &'static str) -> HostFunction<A> {
    HostFunction::new(
        "report",
        function,
        Permit::Free,
        SAY,
        "report messages, findings and facts under its own name",
    )
}

pub static MESSAGE: HostFunction<Text> = report("message");
pub static SUBMIT: HostFunction<()> = report("submit");
pub static SET_FACT: HostFunction<(FactName, Plain<String>)> = report("set-fact");
pub static PROGRESS: HostFunction<Text> = report("progress");

/// All rows of the table.
pub static ROWS: &[&Row] = &[
    &PHASE_ID.row,
    &ROUND.row,
    &CONFIG.row,
    &SETTINGS.row,
    &PATCHED.row,
    &FACT.row,
    &MESSAGE.row,
    &SUBMIT.row,
    &SET_FACT.row,
    &PROGRESS.row,
    &NODE_FACT.row,
    &SYSCTL.row,
    &KERNEL_OPTION.row,
    &SERVICE.row,
    &STAT.row,
    &READ_FILE.row,
    &LIST_DIR.row,
    &PORT_FREE.row,
    &RESOLVE.row,
    &PROXY_FOR.row,
    &HTTP_GET.row,
    &HTTP_GET_AS.row,
    &RUNTIME_STATUS.row,
    &RUNTIME_CONFIG.row,
    &IMAGE_PRESENT.row,
    &CERTIFICATE.row,
    &PRIVATE_KEY.row,
    &KUBECONFIG.row,
    &GET_OBJECT.row,
    &LIST_OBJECTS.row,
    &RUN_COMMAND.row,
    &ETCD_MEMBERS.row,
    &BECAUSE.row,
    &REQUIRES.row,
    &ANNOUNCE.row,
    &WRITE_FILE.row,
    &MAKE_DIR.row,
    &REMOVE_FILE.row,
    &SET_MODE.row,
    &FILE_MODE.row,
    &FILE_OWNER.row,
    &ENSURE_CERTIFICATE.row,
    &ENSURE_KEY_PAIR.row,
    &ENSURE_KUBECONFIG.row,
    &ENSURE_ROTATED_KUBECONFIG.row,
    &APPLY_OBJECT.row,
    &PATCH_OBJECT.row,
    &DELETE_OBJECT.row,
    &IF_EXISTS.row,
    &ENSURE_SERVICE.row,
    &SET_SYSCTL.row,
    &LOAD_MODULE.row,
    &PULL_IMAGE.row,
    &EXECUTE.row,
    &STATIC_POD.row,
    &ENSURE_BOOTSTRAP_TOKEN.row,
    &SHARE_KEYS.row,
    &FETCH_KEYS.row,
    &BOOTSTRAP_KUBECONFIG.row,
    &KUBECONFIG_SERVER.row,
    &ETCD_MEMBER.row,
    &CONTROL_PLANE_USERS.row,
    &GIVE_TREE.row,
    &CLEAR.row,
    &ATTEMPT.row,
    &REGARDLESS.row,
    &WAIT_UNTIL.row,
];
