//! The program, for the tests to run.
fn main() -> std::process::ExitCode {
    kubephase::cli::main()
}
