//! The limits of components: of their structure, of compiling them, and of calling them. A limit on
//! memory is a total over all memories of a component. The operator may change the deadline, the
//! processor time and the memory of each plugin; the other limits are fixed.
#[cfg(test)]
mod documentation;
mod memory;
mod run;
mod time;

pub use memory::{LargeTurn, MemoryLimiter, Waiter};
pub use run::*;
pub use time::{Meter, TimeBudget, UsedTime};

use std::time::Duration;

/// Bytes that one host call may copy between guest and host.
pub const MAX_HOSTCALL_BYTES: usize = 4 << 20;
/// Bytes of the largest component.
pub const MAX_COMPONENT: usize = 64 << 20;

// The structure of a component. The number in brackets is the largest that a known component has:
// those that bring an interpreter for JavaScript (12 MB) or Python (18 MB). Each limit is several
// times that number.

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
/// Bytes of the imports and exports of all modules (194 000): the runtime keeps their names in
/// memory several times.
pub const MAX_MODULE_NAME_BYTES: usize = 2 << 20;
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
pub const MAX_COMPONENT_TABLE_BYTES: usize = 1 << 20;

// The limits of the compiler. They are fixed up to `COMPILE_LARGE_BYTES` bytes of component; every
// further MiB adds to them, up to a ceiling, because components that bring an interpreter need
// more. A component with an interpreter for JavaScript (11.5 MiB) takes 520 MiB and 15 s in a debug
// build, a component with an interpreter for Python (17.6 MiB) takes 380 MiB and 12 s.

/// Bytes of a component up to which the limits of compiling stay the same.
pub const COMPILE_LARGE_BYTES: usize = 8 << 20;
/// Bytes of memory that the compiler may write to. With the pages of the program itself it stays
/// below 256 MiB.
pub const COMPILE_MEMORY_BYTES: u64 = 208 << 20;
/// Bytes of memory that every further MiB of the component adds.
pub const COMPILE_MEMORY_BYTES_PER_MIB: u64 = 112 << 20;
/// Bytes of memory that the largest component gets.
pub const MAX_COMPILE_MEMORY_BYTES: u64 = 704 << 20;
/// Seconds of processor time that the compiler may take.
pub const COMPILE_PROCESSOR_SECONDS: u64 = 20;
/// Seconds of processor time that every further MiB of the component adds.
pub const COMPILE_PROCESSOR_SECONDS_PER_MIB: u64 = 4;
/// Seconds of processor time that the largest component gets.
pub const MAX_COMPILE_PROCESSOR_SECONDS: u64 = 40;
/// Time until the compiler is killed. Every further second of processor time adds 15 s, because the
/// machine may be busy.
pub const COMPILE_TIME: Duration = Duration::from_secs(28);
/// Bytes of code that the compiler may write, in addition to four for every byte of the component.
pub const COMPILE_CODE_BYTES: u64 = 16 << 20;
/// Files that the compiler may have open: the program's libraries while it starts, and its input
/// and outputs.
pub const MAX_COMPILE_FILES: u64 = 16;
/// Compilers that run at one time.
pub const MAX_COMPILERS: usize = 2;

/// Bytes of a guest's stack.
pub const MAX_STACK_BYTES: usize = 256 << 10;
/// Processor time of one call, including the host's work for the call. It stops a guest that loops
/// long before the deadline, without stopping a guest that waits for a busy machine.
pub const CALL_PROCESSOR_TIME: Duration = Duration::from_millis(800);
/// Time that a component may take to describe itself.
pub const DESCRIBE_TIME: Duration = Duration::from_secs(1);
// The memory of all guests that run at one time: 16 calls with 2 MiB each, of which two may have as
// much as their own limit allows, are at most 156 MiB if the operator raised no limit. Calls wait
// for their turn in the order of `parallel::fair`.

/// Calls that run at one time.
pub const MAX_CALLS: usize = 16;
/// Calls of one plugin that run at one time.
pub const MAX_CALLS_OF_PLUGIN: usize = 8;
/// Bytes of memory that every call may have. A call that has more waits for its turn.
pub const SMALL_MEMORY_BYTES: usize = 2 << 20;
/// Calls with more than [`SMALL_MEMORY_BYTES`] that run at one time.
pub const MAX_LARGE_CALLS: usize = 2;
/// Calls of one plugin with more than [`SMALL_MEMORY_BYTES`] that run at one time.
pub const MAX_LARGE_CALLS_OF_PLUGIN: usize = 1;
/// Instances of core modules in one component. A component in Python has two dozen.
pub const MAX_INSTANCES: usize = 64;
/// Memories of one component. The limit of its tables is equal.
pub const MAX_MEMORIES: usize = 4;
/// Bytes that each table element counts as.
pub const TABLE_ELEMENT_BYTES: usize = 16;
