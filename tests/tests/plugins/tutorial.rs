//! The tutorial of `plugins/README.md`, with the commands and files of the page.
use crate::{PROGRAM, init, toolchain};
use harness::{kubephase, run, workspace};
use std::{fs, path::Path};

/// Returns the fenced block that follows a text of `plugins/README.md`, without its prompts.
fn documented_block(after: &str, language: &str) -> String {
    let page = fs::read_to_string(workspace().join("plugins/README.md")).unwrap();
    let from = page.split_once(after).expect("the page has this text").1;
    let block = from
        .split_once(&format!("```{language}\n"))
        .and_then(|(_, rest)| rest.split_once("```"))
        .expect("a block follows")
        .0;
    block
        .lines()
        .map(|line| line.strip_prefix("$ ").unwrap_or(line).to_owned() + "\n")
        .collect()
}

#[test]
fn the_five_minute_tutorial_works_as_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    // The program under its own name, on the path.
    let bin = folder.path().join("bin");
    fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(PROGRAM, bin.join("kubephase")).unwrap();
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let path = format!(
        "{}:{}",
        bin.display(),
        std::env::var("PATH").unwrap_or_default()
    );
    let mut shell = kubephase("bash");
    shell
        .current_dir(&empty)
        .env("PATH", path)
        .envs(toolchain())
        .args([
            "-euxc",
            &documented_block("## A check in five minutes", "console"),
        ]);
    let printed = run(&mut shell).expect_success();
    assert!(
        printed.contains("2 passed, 0 failed") && printed.contains("preflight/enough-memory"),
        "{printed}"
    );
    let source = fs::read_to_string(empty.join("enough-memory/src/lib.rs")).unwrap();
    assert!(
        source.contains(documented_block("`new` wrote a crate", "rust").trim()),
        "plugins/README.md shows another source than `plugin new` writes"
    );
    expect_refusals(&empty.join("cluster.yaml"), &folder.path().join("out"));
}

/// Expects that the check of the tutorial refuses the node for its memory, and refuses settings
/// that are not valid.
fn expect_refusals(config: &Path, out: &Path) {
    let config = config.display().to_string();
    let strict = fs::read_to_string(&config).unwrap() + "  settings: {atLeastMib: 99999999}\n";
    fs::write(&config, strict).unwrap();
    let refused = init(&config, out);
    assert_eq!(refused.status, 4, "{}", refused.stderr);
    assert!(
        refused.stderr.contains("[ERROR EnoughMemory]"),
        "{}",
        refused.stderr
    );
    fs::write(
        &config,
        fs::read_to_string(&config)
            .unwrap()
            .replace("99999999", "many"),
    )
    .unwrap();
    let refused = init(&config, out);
    assert!(
        refused.status == 6 && refused.stderr.contains("settings.atLeastMib"),
        "{}",
        refused.stderr
    );
}
