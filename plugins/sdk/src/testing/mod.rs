//! Tests of plugins without a machine: a case describes the inputs of the plugin, and the result
//! has what the plugin did. The same cases serve `cargo test` in the crate of a plugin, which needs
//! no WebAssembly, and `kubephase plugin test`, which runs the component.
//!
//! ```
//! use kubephase_sdk::{finding::{fail, pass}, testing::Case, *};
//!
//! struct Cores;
//! impl Phase for Cores {
//!     fn describe() -> PhaseInfo {
//!         PhaseInfo { name: "cores".into(), summary: "Cores enough".into(), annotations: vec![] }
//!     }
//!     fn run() -> Result<Outcome, Failure> {
//!         let cpus: u32 = node_fact("cpus")?.unwrap_or_default();
//!         let finding = if cpus < 4 { fail("Cores", "too few") } else { pass("Cores", "enough") };
//!         report::submit(&finding);
//!         Ok(Outcome::Settled)
//!     }
//! }
//!
//! let result = Case::parse("node: {cpus: 2}").unwrap().run::<Cores>();
//! assert_eq!(result.verdict("Cores"), Some(Verdict::Fail));
//! ```
//!
//! A native run differs from that of the component: it checks no grants and no limits, and knows a
//! proxy only if `NO_PROXY` is not set.
mod case;
mod expected;
mod fake_host;
mod folder;
mod names;
mod result;

pub use case::{Case, Reply};
pub use expected::{Expected, ExpectedFinding};
pub use folder::{read_cases, run_cases};
pub use names::{name_of, target, word};
pub use result::{CaseResult, Proposed};
