//! Secrets: the type that holds one, and the classifier that tells a credential by its content.
pub mod classify;
