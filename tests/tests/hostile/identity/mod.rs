//! Identity: a plugin speaks under its own name, and neither hides what other checks found nor
//! takes the place of another phase without consent.

mod findings;
mod messages;
mod phases;
