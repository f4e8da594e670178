//! The program, for the tests to run. Operations of its runs fail where a test wants it.
fn main() -> std::process::ExitCode {
    kubephase::cli::main_in(harness::faults::world_from_environment)
}
