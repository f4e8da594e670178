//! The place of compiled components.
use crate::{components::PLUGIN, plugin_folder::PluginFolder};
use harness::run;

#[test]
fn a_compiled_component_is_kept_in_the_cache_and_runs() {
    let folder = PluginFolder::new(PLUGIN);
    let output = run(&mut folder.add());
    assert_eq!(output.status, 0, "{}", output.stderr);
    assert_eq!(folder.compiled_components(), 1);
    folder.write_case();
    let output = run(&mut folder.command(&["plugin", "test", "plugin.wasm"]));
    assert!(
        output.stdout.contains("1 passed, 0 failed"),
        "{}",
        output.printed()
    );
}

#[test]
fn without_a_cache_a_component_is_compiled_into_memory() {
    let folder = PluginFolder::new(PLUGIN);
    folder.write_case();
    let mut test = folder.command(&["plugin", "test", "plugin.wasm"]);
    let output = run(test.env("KUBEPHASE_CACHE_DIR", "/dev/null"));
    assert!(
        output.stdout.contains("1 passed, 0 failed"),
        "{}",
        output.printed()
    );
}
