//! Memory, time and numbers: whatever a plugin does, its run ends, and the host stays within its
//! memory. Each run of this suite checks the memory.

mod endless;
mod history;
mod journal;
mod many;
mod memory;
mod modes;
