use super::*;
use std::path::Path;

#[test]
fn the_configuration_file_is_found_before_the_arguments_are_parsed() {
    for (line, path) in [
        ("kubephase init --config a.yaml --dry-run", Some("a.yaml")),
        ("kubephase --config=a.yaml init", Some("a.yaml")),
        ("kubephase init --config-file a.yaml", None),
        ("kubephase init --config", None),
        ("kubephase init -- --config a.yaml", None),
        (
            "kubephase init --config a.yaml --config=b.yaml",
            Some("b.yaml"),
        ),
        ("kubephase version", None),
    ] {
        let argv: Vec<OsString> = line.split(' ').map(Into::into).collect();
        assert_eq!(config(&argv).as_deref(), path.map(Path::new), "{line}");
    }
}

#[test]
fn the_folder_of_the_machine_is_known_before_the_arguments_are_parsed() {
    let of_machine = MachineFolder::at_root(Path::new("/"));
    for (line, folder) in [
        ("kubephase init", of_machine.clone()),
        ("kubephase init --no-conf-d", MachineFolder::none()),
        ("kubephase --no_conf_d init", MachineFolder::none()),
        ("kubephase init --no-conf-d=true", MachineFolder::none()),
        (
            "kubephase init --no-conf-d --no-conf-d=false",
            of_machine.clone(),
        ),
        ("kubephase init -- --no-conf-d", of_machine),
        (
            "kubephase rehearse --root /tmp/r",
            MachineFolder::at_root(Path::new("/tmp/r")),
        ),
        (
            "kubephase rehearse --root=/tmp/r --no-conf-d",
            MachineFolder::none(),
        ),
        (
            "kubephase rehearse --root /tmp/r --root=/tmp/s -- --root /tmp/t",
            MachineFolder::at_root(Path::new("/tmp/s")),
        ),
    ] {
        let argv: Vec<OsString> = line.split(' ').map(Into::into).collect();
        assert_eq!(machine_folder(&argv), folder, "{line}");
    }
}
