//! Pure functions from the configuration to bytes.
