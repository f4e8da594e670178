//! The parts that all end-to-end tests share: running the program in a folder of its own, a
//! rehearsal that serves its cluster, the state that a rehearsal leaves, and requirements of the
//! machine. Parts that only one test program needs are in its folder below `tests/`.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
mod cluster_folder;
mod cluster_state;
mod component;
mod convergence;
pub mod faults;
mod files;
mod journal;
mod program;
mod requirements;
mod serving;
pub mod trust;

pub use cluster_folder::{ClusterFolder, THREE_MACHINES};
pub use cluster_state::RehearsedCluster;
pub use component::{append_manifest, without_manifest};
pub use convergence::{NodeFiles, check_convergence, expect_convergence, node_files};
pub use files::{copy_tree, folders_in, lines_of, quick_config, workspace};
pub use journal::static_pods_and_waits;
pub use program::{RunOutput, kubephase, run};
pub use requirements::{has_program, is_root, recorded_runs, skip};
pub use serving::ServingRehearsal;
