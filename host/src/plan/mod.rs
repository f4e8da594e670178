//! Phases, edges, and why some are left out: plain data, printable, comparable.
