use super::*;
use std::path::Path;

#[test]
fn the_configuration_is_seen_before_anything_else_is_known() {
    for (line, seen) in [
        ("kubephase init --config a.yaml --dry-run", Some("a.yaml")),
        ("kubephase --config=a.yaml init", Some("a.yaml")),
        ("kubephase init --config-file a.yaml", None),
        ("kubephase init --config", None),
        ("kubephase version", None),
    ] {
        let argv: Vec<OsString> = line.split(' ').map(Into::into).collect();
        assert_eq!(
            config(&argv).as_ref().map(ConfigFile::path),
            seen.map(Path::new),
            "{line}"
        );
    }
}
