//! Artifacts and images as the OCI image specification describes them: manifests and indexes as
//! values, and layouts on disk. How a registry is asked is in [`crate::plugin`].
pub mod layout;
pub mod manifest;
pub mod platform;
pub mod sha256;
pub mod writer;
