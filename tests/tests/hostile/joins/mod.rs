//! A node that joins as "this machine": the program that is run for its credentials, and the files
//! that an interrupt leaves.

mod interrupts;
mod joining_node;
mod programs;
