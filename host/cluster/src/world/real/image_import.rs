//! Gives images to containerd without a registry. CRI has no call for that, so containerd's own
//! tool `ctr` does it.
use super::programs::Programs;
use crate::{budget::Budget, cancel::Cancel, text::sanitise, world::WorldResult};
use kubephase_wit::{Failure, FailureCode};
use std::{io, io::Write, time::Duration};

/// The tool that gives images to containerd.
const TOOL: &str = "ctr";
/// Bytes of the tool's output that are read at most.
const MAX_OUTPUT: usize = 1 << 20;
/// The time for one image.
const TIME: Duration = Duration::from_secs(30 * 60);

/// Imports an image into the containerd behind a socket. `write` writes an OCI layout as a tar
/// file.
///
/// # Errors
/// `not-found` if the machine does not have `ctr`, `io` if `ctr` refuses the image or the image
/// cannot be written.
pub fn import_image(
    programs: &Programs,
    socket: &str,
    cancel: &Cancel,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()> + Send,
) -> WorldResult<()> {
    let path = socket.strip_prefix("unix://").unwrap_or(socket);
    // Kubernetes' images are in this namespace of containerd.
    let args = [
        "--address",
        path,
        "--namespace",
        "k8s.io",
        "images",
        "import",
        "-",
    ];
    let budget = Budget::new(MAX_OUTPUT, TIME, cancel);
    let output = programs.run_with_input(TOOL, &args, &budget, write)?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rfind(|line| !line.trim().is_empty());
    Err(Failure::new(
        FailureCode::Io,
        format!(
            "`{TOOL} {}` failed: {}",
            args.join(" "),
            sanitise::line(last.unwrap_or("it does not say why"))
        ),
    ))
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests write programs")]
mod tests {
    use super::*;
    use std::{fs, os::unix::fs::PermissionsExt, path::Path};

    /// Writes a program that stands for `ctr`. It keeps its arguments and its input.
    fn programs(folder: &Path, then: &str) -> Programs {
        let tool = folder.join(TOOL);
        let text = format!(
            "#!/bin/sh\necho \"$@\" >{0}/arguments\ncat >{0}/input\n{then}\n",
            folder.display()
        );
        fs::write(&tool, text).unwrap();
        fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
        Programs::with_directory_before_path(folder)
    }

    #[test]
    fn an_image_goes_to_ctr_with_fixed_arguments() {
        let folder = tempfile::tempdir().unwrap();
        let programs = programs(folder.path(), "");
        // More than a pipe holds.
        let image = vec![7; 1 << 20];
        let socket = "unix:///run/containerd/containerd.sock";
        import_image(&programs, socket, &Cancel::never(), |to| {
            to.write_all(&image)
        })
        .unwrap();
        let read = |name: &str| fs::read(folder.path().join(name)).unwrap();
        let arguments =
            "--address /run/containerd/containerd.sock --namespace k8s.io images import -\n";
        assert_eq!(read("arguments"), arguments.as_bytes());
        assert_eq!(read("input"), image);
    }

    #[test]
    fn a_refusal_of_ctr_is_its_last_line() {
        let folder = tempfile::tempdir().unwrap();
        let programs = programs(folder.path(), "echo 'ctr: no such content' >&2; exit 1");
        let import = import_image(&programs, "unix:///x", &Cancel::never(), |_| Ok(()));
        let why = import.unwrap_err().message;
        assert!(why.ends_with("failed: ctr: no such content"), "{why}");
    }

    #[test]
    fn an_image_that_cannot_be_read_is_a_failure_though_ctr_succeeds() {
        let folder = tempfile::tempdir().unwrap();
        let programs = programs(folder.path(), "");
        let import = import_image(&programs, "unix:///x", &Cancel::never(), |_| {
            Err(io::Error::other("damaged"))
        });
        assert!(import.unwrap_err().message.contains("damaged"));
    }
}
