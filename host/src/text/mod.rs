//! Work on text and bytes that needs no types of the program: making text harmless to print, JSON
//! for printing, blanking secrets, quantities and digests.
//!
//! Types of checked text are in `arguments`.

pub mod digest;
pub mod json;
pub mod quantity;
pub mod redact;
pub mod sanitise;
pub mod user_info;
