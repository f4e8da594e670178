//! Fifty checks of third parties: as components, and as shell scripts that do the same.
use crate::{ROUNDS, measure, median, milliseconds};
use harness::workspace;
use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

const CHECKS: usize = 50;

/// Prints the time that the components add to a dry run, and the time that the scripts take.
pub fn compare(folder: &Path, config: &str, node: &str) {
    let config_with_checks = write_checks(folder, config);
    let dry_run = ["init", "--dry-run", "--node", node, "--config"];
    let [without, with] =
        [config, &config_with_checks].map(|config| [&dry_run[..], &[config]].concat());
    measure(&with);
    // The three are measured in turns, so that other load on the machine affects all of them.
    let rounds: Vec<[Duration; 3]> = (0..ROUNDS * 2)
        .map(|_| [measure(&without), measure(&with), measure_scripts()])
        .collect();
    let [without, with, scripts] =
        [0, 1, 2].map(|column| median(rounds.iter().map(|round| round[column]).collect()));
    let added = with.saturating_sub(without);
    println!(
        "{CHECKS} checks as components add   {:>6.1} ms",
        milliseconds(added)
    );
    println!(
        "{CHECKS} checks as shell scripts    {:>6.1} ms; components take {:.2} of that",
        milliseconds(scripts),
        added.as_secs_f64() / scripts.as_secs_f64()
    );
}

/// Writes the components, and a configuration with them. Returns the path of the configuration.
fn write_checks(folder: &Path, config: &str) -> String {
    let component = fs::read(workspace().join("host/src/wasm/tests/released/interface-0.1.0.wasm"))
        .expect("the check");
    let mut entries = String::new();
    for number in 0..CHECKS {
        let name = format!("enough-mem-{number:02}");
        let copy = renamed(&component, &name);
        let digest = kubephase::text::digest::sha256_hex(&copy);
        fs::write(folder.join(format!("{name}.wasm")), copy).expect("a file");
        entries += &format!(
            "- {{name: {name}, source: {name}.wasm, digest: \"{digest}\", settings: {{atLeastMib: \
             1}}}}\n"
        );
    }
    let path = folder.join("with-checks.yaml");
    let text = fs::read_to_string(config).expect("the configuration");
    let phases = "apiVersion: kubephase.dev/v1alpha1\nkind: PhaseConfiguration\nplugins:\n";
    fs::write(&path, format!("{text}---\n{phases}{entries}")).expect("a file");
    path.display().to_string()
}

/// Returns the component with another name of the same length, in its manifest as well.
fn renamed(component: &[u8], name: &str) -> Vec<u8> {
    let mut copy = component.to_vec();
    for index in 0..=component.len() - name.len() {
        if &component[index..index + name.len()] == b"enough-memory" {
            copy[index..index + name.len()].copy_from_slice(name.as_bytes());
        }
    }
    copy
}

/// Measures the scripts, one after the other.
fn measure_scripts() -> Duration {
    let script = "while read name kib unit; do [ $name = MemTotal: ] && [ $kib -ge 1024 ] \
        && exit 0; done < /proc/meminfo; exit 1";
    let began = Instant::now();
    for _ in 0..CHECKS {
        let status = Command::new("sh")
            .args(["-c", script])
            .status()
            .expect("a shell");
        assert!(status.success());
    }
    began.elapsed()
}
