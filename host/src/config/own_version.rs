//! The version of Kubernetes that this program stands for: the one that `kubeadm version` prints,
//! and that a configuration without a version means. It is the newest recorded one, unless
//! `/etc/kubephase/kubernetes-version` names another: a machine of an older release has this
//! program in the place of that release's kubeadm.
use super::{MachineFolder, Problems, machine::MachineFile};
use kubephase_sdk::release::{Release, major_and_minor};
use semver::Version;
use std::sync::OnceLock;

/// The version of the machine's file; empty until the file is read.
static OF_MACHINE: OnceLock<String> = OnceLock::new();

/// Returns the version that this program stands for: `v1.36.2`.
pub fn own_version() -> &'static str {
    let of_machine = OF_MACHINE.get().map(String::as_str);
    of_machine.unwrap_or(Release::newest().kubeadm)
}

/// Returns the release that this program stands for.
pub fn own_release() -> &'static Release {
    Release::of(own_version())
}

/// Returns the release of a version. A label such as `stable-1` and an empty text mean the release
/// that this program stands for.
pub(super) fn release_of(version: &str) -> &'static Release {
    match major_and_minor(version) {
        Some(_) => Release::of(version),
        None => own_release(),
    }
}

/// Reads the version that this program stands for from the machine's own files. Called once, before
/// a command is carried out.
///
/// # Errors
/// The file cannot be read, others than root can write it, or it does not hold a known version.
pub fn read_own_version(machine: &MachineFolder) -> Result<(), Problems> {
    if let Some(file) = machine.read_version()? {
        // Nothing else sets it.
        let _ = OF_MACHINE.set(parse(&file)?);
    }
    Ok(())
}

/// Bytes of the longest version.
const MAX_VERSION_BYTES: usize = 200;

/// Parses the content of the file: a version, and nothing else.
fn parse(file: &MachineFile) -> Result<String, Problems> {
    let text = String::from_utf8_lossy(&file.content);
    let text = text.trim();
    if text.len() > MAX_VERSION_BYTES {
        let message = format!("it has more than {MAX_VERSION_BYTES} bytes; write a version only");
        return Err(file.refusal(&message).into());
    }
    let version = text.strip_prefix('v').unwrap_or(text);
    if Version::parse(version).is_ok() && Release::is_recorded(version) {
        return Ok(format!("v{version}"));
    }
    let known = Release::recorded().map(|release| release.kubeadm);
    let known: Vec<&str> = known.collect();
    let message = format!(
        "{text:?} is not a version that this program can stand for; write one of these minors, for \
         example {}",
        known.join(", ")
    );
    Err(file.refusal(&message).into())
}

#[cfg(test)]
mod tests {
    use super::{own_version, parse};
    use crate::config::machine::MachineFile;

    #[test]
    fn the_file_has_a_version_of_a_known_minor() {
        let read = |content: &str| {
            parse(&MachineFile {
                path: "/etc/kubephase/kubernetes-version".into(),
                content: content.as_bytes().to_vec(),
            })
        };
        assert_eq!(read("v1.34.9\n").unwrap(), "v1.34.9");
        assert_eq!(read(" 1.33.0-rc.1 ").unwrap(), "v1.33.0-rc.1");
        for content in [
            "",
            "1.34",
            "stable-1",
            "v1.32.9",
            "v1.99.0",
            "v1.34.9\nv1.35.6",
        ] {
            let refused = read(content).unwrap_err().to_string();
            assert!(
                refused.contains("kubernetes-version") && refused.contains("v1.33.13"),
                "{refused}"
            );
        }
        assert_eq!(own_version(), "v1.36.2", "without a file");
    }
}
