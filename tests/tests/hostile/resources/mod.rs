//! Memory, time and numbers: whatever a plugin does, the host stays within its memory (every run of
//! this suite checks it) and the run ends.

mod endless;
mod history;
mod journal;
mod many;
mod memory;
mod modes;
