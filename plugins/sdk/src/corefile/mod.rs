//! The Corefile of CoreDNS, and what changes in it between the versions of CoreDNS: plugins and
//! options that were removed, or that were added to the default. The rules are those by which
//! kubeadm migrates a Corefile in an upgrade; versions are written without `v`: `1.14.2`.
mod check;
mod defaults;
mod migrate;
mod notices;
mod rules;
mod steps;
mod syntax;
mod table;
#[cfg(test)]
mod tests;

pub use check::MigrationProblems;
pub use defaults::is_default;
pub use migrate::migrate;
pub use notices::{needs_migration, unsupported};

use table::VERSIONS;

/// Returns the places in the table of the versions after `from`, up to `to`.
fn steps_between(from: &str, to: &str) -> Result<std::ops::Range<usize>, String> {
    let place = |version| VERSIONS.iter().position(|row| row.version == version);
    let start = place(from).ok_or_else(|| format!("start version '{from}' not supported"))?;
    let end = place(to).filter(|end| *end >= start);
    let end = end.ok_or_else(|| format!("cannot migrate up to '{to}' from '{from}'"))?;
    Ok(start + 1..end + 1)
}
