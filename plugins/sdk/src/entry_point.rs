//! Entry points of plugins: one macro each for checks, addons and phases.

/// Makes a function the check of the crate that calls the macro. The function has the type
/// `fn() -> Checked`, or returns `Checked<Vec<Finding>>` or `Checked<Option<Finding>>`.
///
/// The name and the description of the package in Cargo.toml become the name and the summary of the
/// check. The macro defines the type `Plugin`, which tests can run.
#[macro_export]
macro_rules! check {
    ($run:path) => {
        $crate::phase!(@ || {
            for finding in $crate::finding::IntoFindings::into_findings($run()?) {
                $crate::report::submit(&finding);
            }
            Ok($crate::Outcome::Settled)
        });
    };
}

/// Makes a function the addon of the crate that calls the macro. The function has the type
/// `fn() -> Result<(), Failure>`, and applies objects.
///
/// The name and the description of the package in Cargo.toml become the name and the summary of the
/// addon. The macro defines the type `Plugin`, which tests can run.
#[macro_export]
macro_rules! addon {
    ($run:path) => {
        $crate::phase!(@ || $run().map(|()| $crate::Outcome::Settled));
    };
}

/// Makes a function the phase of the crate that calls the macro. The function has the type
/// `fn() -> Result<Outcome, Failure>`.
///
/// The name and the description of the package in Cargo.toml become the name and the summary of the
/// phase. The macro defines the type `Plugin`, which tests can run.
#[macro_export]
macro_rules! phase {
    // Internal: `check!` and `addon!` pass a closure.
    (@ $run:expr) => {
        /// The plugin of this crate.
        pub struct Plugin;

        impl $crate::Phase for Plugin {
            fn describe() -> $crate::PhaseInfo {
                $crate::PhaseInfo {
                    name: env!("CARGO_PKG_NAME").into(),
                    summary: env!("CARGO_PKG_DESCRIPTION").into(),
                    annotations: Vec::new(),
                }
            }

            fn run() -> Result<$crate::Outcome, $crate::Failure> {
                // Gives the closure a type.
                let run: fn() -> Result<$crate::Outcome, $crate::Failure> = $run;
                run()
            }
        }

        $crate::export!(Plugin);
    };
    ($run:path) => {
        $crate::phase!(@ $run);
    };
}
