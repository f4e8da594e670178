//! Runs in a world that fails on purpose: one or a few operations of a run fail, as operations fail
//! on real machines. The run then either gets past the fault, or ends with an error that says what
//! failed. The next run, in which nothing fails, leads to the state of an undisturbed run, and
//! keeps every complete key and certificate.
//!
//! The faults are in `src/faults/`. A sample of operations fails here. With
//! `KUBEPHASE_EVERY_FAULT=1` each operation fails, in each way that fits it; with a larger number,
//! such as 5, every fifth of these faults happens. `KUBEPHASE_FAULT_SCHEDULES` is the number of
//! random schedules of three faults for each command. A test that fails names the faults: set
//! `KUBEPHASE_TEST_FAULT` to them for a run of `kubephase-under-test`.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
mod disturbance;
mod scenarios;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");
