use super::*;
use std::path::Path;

#[test]
fn the_configuration_file_is_found_before_the_arguments_are_parsed() {
    for (line, path) in [
        ("kubephase init --config a.yaml --dry-run", Some("a.yaml")),
        ("kubephase --config=a.yaml init", Some("a.yaml")),
        ("kubephase init --config-file a.yaml", None),
        ("kubephase init --config", None),
        ("kubephase version", None),
    ] {
        let argv: Vec<OsString> = line.split(' ').map(Into::into).collect();
        assert_eq!(
            config(&argv).as_ref().map(ConfigFile::path),
            path.map(Path::new),
            "{line}"
        );
    }
}
