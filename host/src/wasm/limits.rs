//! The limits of components: of their structure, of compiling them, and of calling them. A limit on
//! memory is a total over all memories of a component. The operator may lower and raise deadline
//! and memory for each plugin; the other limits are fixed.
#[cfg(test)]
mod documentation;
mod run;
mod total;

pub use run::*;
pub use total::{Total, Waiter};

use std::time::Duration;

/// Bytes that one host call may copy between guest and host.
pub const MAX_HOSTCALL_BYTES: usize = 4 << 20;
/// Bytes of the largest component.
pub const MAX_COMPONENT: usize = 64 << 20;

// The structure of a component. Each limit is several times what the largest known components have,
// those that bring an interpreter for JavaScript (12 MB) or Python (18 MB): their figures are in
// brackets.

/// Modules and components in a component, itself included (41).
pub const MAX_PARTS: usize = 200;
/// How deep modules and components are nested (2).
pub const MAX_PART_DEPTH: usize = 8;
/// Functions of all modules (13 507).
pub const MAX_FUNCTIONS: usize = 60_000;
/// Bytes of one function (430 000).
pub const MAX_FUNCTION_BYTES: usize = 2 << 20;
/// Locals of one function (535).
pub const MAX_LOCALS: u32 = 5_000;
/// How deep the blocks of one function are nested (781).
pub const MAX_BLOCK_DEPTH: usize = 4_000;
/// Loops of one function times its locals (46 000): a compiler keeps account of each local in each
/// loop.
pub const MAX_LOOP_LOCALS: u64 = 250_000;
/// Entries in the tables of all modules: types, imports, exports, globals, tables, memories, tags,
/// elements (9 000).
pub const MAX_MODULE_ENTRIES: usize = 100_000;
/// Data segments of all modules (10 000).
pub const MAX_DATA_SEGMENTS: usize = 100_000;
/// Entries in the tables of all components: types, aliases, imports, exports, canonical functions
/// (1 650).
pub const MAX_COMPONENT_ENTRIES: usize = 10_000;
/// Instances that a component makes of its modules and components (112).
pub const MAX_INSTANTIATIONS: usize = 500;
/// Component types inside of each other, in one section (1).
pub const MAX_TYPE_DEPTH: usize = 100;
/// Bytes in the tables of all components (84 000).
pub const MAX_COMPONENT_TABLES: usize = 1 << 20;

// The limits of the compiler. They are fixed up to `COMPILE_LARGE` bytes of component; every
// further MiB adds to them, up to a ceiling, because components that bring an interpreter need
// more. A component with an interpreter for JavaScript (11.5 MiB) takes 520 MiB and 15 s in a debug
// build, a component with an interpreter for Python (17.6 MiB) takes 380 MiB and 12 s.

/// Bytes of a component up to which the limits of compiling stay the same.
pub const COMPILE_LARGE: usize = 8 << 20;
/// Bytes of memory that the compiler may write to. With the pages of the program itself it stays
/// below 256 MiB.
pub const COMPILE_MEMORY: u64 = 208 << 20;
/// Bytes of memory for every further MiB of the component.
pub const COMPILE_MEMORY_MORE: u64 = 112 << 20;
/// Bytes of memory, however large the component is.
pub const MAX_COMPILE_MEMORY: u64 = 704 << 20;
/// Seconds of processor time.
pub const COMPILE_PROCESSOR: u64 = 20;
/// Seconds of processor time for every further MiB of the component.
pub const COMPILE_PROCESSOR_MORE: u64 = 1;
/// Seconds of processor time, however large the component is.
pub const MAX_COMPILE_PROCESSOR: u64 = 40;
/// Time until the compiler is killed. Every further second of processor time adds sixty, as the
/// machine may be busy.
pub const COMPILE_WALL: Duration = Duration::from_secs(28);
/// Bytes of code that the compiler may write, in addition to four for every byte of the component.
pub const COMPILE_CODE: u64 = 16 << 20;
/// Files that the compiler may have open: the program's libraries while it starts, and its input
/// and outputs.
pub const COMPILE_FILES: u64 = 16;
/// Compilers that run at one time.
pub const COMPILERS: usize = 2;

/// Bytes of a guest's stack.
pub const MAX_STACK: usize = 256 << 10;
/// Processor time of one call, including the host's work for the call. It stops a guest that loops
/// long before the deadline, without stopping a guest that waits for a busy machine.
pub const CPU: Duration = Duration::from_millis(800);
/// Time that a component may take to describe itself.
pub const DESCRIBE: Duration = Duration::from_secs(1);
// The memory of guests side by side: 16 calls with 4 MiB each, and two of them with as much as
// their
// own limit allows, are at most 184 MiB where the operator raised no limit. Who waits for either
// waits as `parallel::fair` says.

/// Calls that run at one time.
pub const CALLS: usize = 16;
/// Of them, calls of one plugin.
pub const CALLS_OF_PLUGIN: usize = 8;
/// Bytes of memory that every call may have. A call that has more waits for its turn.
pub const SMALL_MEMORY: usize = 4 << 20;
/// Calls that have more than [`SMALL_MEMORY`] at a time.
pub const LARGE_CALLS: usize = 2;
/// Of them, calls of one plugin.
pub const LARGE_CALLS_OF_PLUGIN: usize = 1;
/// Instances of core modules in one component. A component in Python has two dozen.
pub const MAX_INSTANCES: usize = 64;
/// Memories of one component, and tables.
pub const MAX_MEMORIES: usize = 4;
/// Bytes that each table element counts as.
pub const TABLE_ELEMENT: usize = 16;
