//! What a machine is: its distribution, and ids by which it can be told from others.
use super::tree::Tree;
use aws_lc_rs::hmac;
use kubephase_sdk::facts::{MachineIds, OsRelease};

/// Returns the distribution by os-release(5).
pub fn os_release(tree: &Tree) -> Option<OsRelease> {
    let text = tree
        .read("/etc/os-release")
        .or_else(|| tree.read("/usr/lib/os-release"))?;
    let value = |name: &str| {
        let lines = text.lines().filter_map(|line| line.trim().split_once('='));
        let mut values = lines.filter(|(field, _)| *field == name);
        // Of several lines with one name a shell takes the last.
        values.next_back().map(|(_, value)| unquote(value))
    };
    Some(OsRelease {
        // The default of os-release(5).
        id: value("ID").unwrap_or_else(|| "linux".into()),
        id_like: value("ID_LIKE")
            .unwrap_or_default()
            .split_whitespace()
            .map(str::to_owned)
            .collect(),
        version_id: value("VERSION_ID").filter(|version| !version.is_empty()),
        pretty_name: value("PRETTY_NAME").unwrap_or_else(|| "Linux".into()),
    })
}

/// Removes the quotes and backslashes of a value of a shell.
fn unquote(value: &str) -> String {
    let value = value.trim();
    let quoted = |quote| value.strip_prefix(quote)?.strip_suffix(quote);
    if let Some(inner) = quoted('\'') {
        return inner.to_owned();
    }
    let mut text = String::new();
    let mut characters = quoted('"').unwrap_or(value).chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => text.extend(characters.next()),
            other => text.push(other),
        }
    }
    text
}

/// Returns ids that are derived from those of the machine.
///
/// The ids themselves are no facts: machine-id(5) asks programs not to show its id, and only root
/// may read the product UUID. Two machines have the same derived ids exactly if they have the same
/// ids.
pub fn machine_ids(tree: &Tree) -> MachineIds {
    let id = tree.line("/etc/machine-id");
    // What an image has that gets its id when it first starts.
    let id = id.filter(|id| id != "uninitialized");
    let uuid = tree.line("/sys/class/dmi/id/product_uuid");
    MachineIds {
        id: id.map(|id| derive("kubephase machine-id", &id)),
        product_uuid: uuid.map(|uuid| derive("kubephase product_uuid", &uuid)),
    }
}

/// Returns 128 bits of an HMAC as hexadecimal digits. Case does not matter.
fn derive(purpose: &str, id: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, id.to_lowercase().as_bytes());
    let tag = hmac::sign(&key, purpose.as_bytes());
    data_encoding::HEXLOWER.encode(&tag.as_ref()[..16])
}
