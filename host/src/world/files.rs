//! The file tree below a root.
