//! What the user wants, checked and defaulted.
