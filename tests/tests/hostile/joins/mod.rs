//! A node that joins as "this machine": which program is run for its credentials, and what an
//! interrupt leaves.

mod interrupts;
mod joining_node;
mod programs;
