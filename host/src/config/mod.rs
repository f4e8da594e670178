//! What the user wants, checked and defaulted.
pub mod component;
