//! Objects of the cluster: a name or namespace is one segment of a URL, and a plugin reaches only
//! the kinds that were allowed.

mod names;
mod rights;
