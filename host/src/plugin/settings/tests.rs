use super::*;
use serde_json::json;

fn manifest() -> Manifest {
    let text = "name: a\nversion: 1.0.0\nprovides:\n- {id: preflight/a, title: t, kind: check, \
        workflow: [init]}\nsettings: {type: object, additionalProperties: false, properties: \
        {mib: {type: integer, default: 5}, deep: {type: object, default: {}, properties: {x: \
        {default: 1}}}}}\n";
    Manifest::parse(text).unwrap()
}

#[test]
fn a_secret_setting_that_the_cluster_did_not_keep_is_asked_for() {
    let mut settings = json!({"deep": {"x": "hunter2"}});
    let schema = json!({"properties": {"deep": {"properties": {"x": {"writeOnly": true}}}}});
    crate::secret::settings::hide(&schema, &mut settings);
    let refused = resolve(&manifest(), Some(&settings))
        .unwrap_err()
        .to_string();
    assert!(refused.contains("PhaseConfiguration"), "{refused}");
}

#[test]
fn defaults_fill_what_is_left_out() {
    assert_eq!(
        resolve(&manifest(), None).unwrap(),
        json!({"mib": 5, "deep": {"x": 1}})
    );
    assert_eq!(
        resolve(&manifest(), Some(&json!({"mib": 7}))).unwrap()["mib"],
        7
    );
}

/// Validating such a schema would take hours.
#[test]
fn a_schema_that_doubles_with_each_definition_is_refused() {
    let definitions: String = (0..31)
        .map(|number| {
            format!(
                "d{number}: {{allOf: [{{$ref: '#/$defs/d{0}'}}, {{$ref: '#/$defs/d{0}'}}]}}, ",
                number + 1
            )
        })
        .collect();
    let settings =
        format!("settings: {{$ref: '#/$defs/d0', $defs: {{{definitions} d31: {{}}}}}}\n");
    let text = "name: a\nversion: 1.0.0\nprovides:\n- {id: preflight/a, title: t, kind: check, \
         workflow: [init]}\n"
        .to_owned()
        + &settings;
    let message = resolve(&Manifest::parse(&text).unwrap(), None)
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("its references stand for more than 50000 schemas"),
        "{message}"
    );
}

#[test]
fn every_misfit_is_reported() {
    let message = resolve(&manifest(), Some(&json!({"mib": "x", "nope": 1})))
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("settings.mib: ") && message.contains("nope"),
        "{message}"
    );
}

fn manifest_with_default(default: serde_json::Value) -> Manifest {
    let mut manifest = manifest();
    manifest.settings = json!({"properties": {"x": {"default": default}}});
    manifest
}

#[test]
fn settings_are_bounded_with_the_defaults_of_their_schema() {
    assert!(resolve(&manifest_with_default(json!("x")), None).is_ok());
    let small_objects = vec![json!({"": 0}); 100_000];
    for default in [json!("x".repeat(MAX_SETTINGS)), json!(small_objects)] {
        let refused = resolve(&manifest_with_default(default), None)
            .unwrap_err()
            .to_string();
        assert!(refused.contains("too large"), "{refused}");
    }
}

#[test]
fn the_settings_of_all_plugins_share_one_budget() {
    let manifest = manifest_with_default(json!(vec![json!({"": 0}); 1000]));
    let settings = resolve(&manifest, None).unwrap();
    let budget = SettingsBudget::default();
    let fits = (0..100)
        .take_while(|_| budget.spend(&manifest, &settings).is_ok())
        .count();
    assert!((5..20).contains(&fits), "{fits} plugins fit");
    let refused = budget.spend(&manifest, &settings).unwrap_err().to_string();
    assert!(
        refused.contains("settings of all plugins") && refused.contains("remove a plugin"),
        "{refused}"
    );
}
