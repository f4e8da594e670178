//! Work on text and bytes that needs no types of the program: making text harmless to print, JSON
//! for printing, YAML for reading, blanking secrets, quantities, times and digests.
//!
//! Types of checked text are in `arguments`.

pub mod csv;
pub mod digest;
pub mod go_number;
pub mod json;
pub mod json_schema;
pub mod misfit;
pub mod quantity;
pub mod redact;
pub mod sanitise;
pub mod system_error;
pub mod time;
pub mod unified_diff;
pub mod user_info;
pub mod yaml;
pub mod yaml_budget;
