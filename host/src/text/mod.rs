//! Text and bytes without any of the program's own types: what makes a text harmless to show, the
//! JSON that is printed, secrets blanked, quantities, digests.

pub mod digest;
pub mod json;
pub mod quantity;
pub mod redact;
pub mod sanitise;
pub mod user_info;
