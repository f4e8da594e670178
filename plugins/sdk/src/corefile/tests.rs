use super::{notices::notices, rules::kept, steps::rules_of, syntax::Corefile, table::VERSIONS, *};
use crate::release::Release;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Corefiles, and the results of kubeadm 1.36's library for them.
#[derive(Deserialize)]
struct Recorded {
    corefiles: BTreeMap<String, String>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Case {
    name: String,
    from: String,
    to: String,
    migrated: Option<String>,
    #[serde(default)]
    error: String,
    /// the number of notices about unsupported plugins and options, and the notices of the last
    /// version
    unsupported: usize,
    unsupported_at_last: Vec<String>,
    /// sorted
    changes: Vec<String>,
    is_default: bool,
}

impl Case {
    fn try_with(&self, corefile: &str) {
        let Case { from, to, .. } = self;
        let about = format!("{} from {from} to {to}", self.name);
        assert_eq!(is_default(corefile), self.is_default, "{about}");
        let migrated = migrate(corefile, from, to);
        let Some(expected) = &self.migrated else {
            // kubeadm itself ends with a panic.
            if !self.error.starts_with("panic") {
                assert_eq!(migrated.as_ref(), Err(&self.error), "{about}");
            }
            return;
        };
        assert_eq!(migrated.as_ref(), Ok(expected), "{about}");
        let found = unsupported(corefile, from, to).expect(&about);
        assert_eq!(found.len(), self.unsupported, "{about}");
        assert!(
            found.ends_with(&self.unsupported_at_last),
            "{about}: {found:?}"
        );
        let found = notices(corefile, from, to).expect(&about);
        let mut found: Vec<String> = found.into_iter().map(|notice| notice.text).collect();
        found.sort();
        assert_eq!(found, self.changes, "{about}");
        let needs =
            |change: &String| change.contains(" is removed") || change.contains(" is added");
        let is_needed = self.changes.iter().any(needs);
        assert_eq!(
            needs_migration(corefile, from, to),
            Ok(is_needed),
            "{about}"
        );
    }
}

fn recorded() -> Recorded {
    serde_json::from_str(include_str!("recorded.json")).expect("recorded migrations")
}

#[test]
fn corefiles_are_migrated_as_kubeadm_migrates_them() {
    let Recorded { corefiles, cases } = recorded();
    assert!(cases.len() > 100);
    for case in cases {
        case.try_with(&corefiles[&case.name]);
    }
}

#[test]
fn a_migration_that_would_lose_something_is_refused() {
    for (corefile, part) in [
        (
            ". {\n view {\n a {\n b\n }\n }\n}",
            "at \"b\": an option has a block",
        ),
        ("{\n errors\n}", "at \"errors\": a block has no server"),
        (". {\n {\n a\n }\n}", "at \"a\": a block has no server"),
        (". {\n errors\n}\n}", "line 4 of the Corefile"),
    ] {
        let refused = migrate(corefile, "1.12.0", "1.14.2").expect_err(corefile);
        assert!(refused.contains(part), "{refused}");
        // The same version needs no migration.
        assert_eq!(
            migrate(corefile, "1.14.2", "1.14.2"),
            Ok(corefile.to_owned())
        );
    }
}

#[test]
fn empty_words_stay() {
    let migrated = migrate(". {\n log . \"\"\n}", "1.14.1", "1.14.2");
    assert_eq!(migrated, Ok(". {\n    log . \"\"\n}\n".to_owned()));
}

#[test]
fn a_migrated_corefile_is_read_as_it_was_written() {
    let texts = recorded()
        .cases
        .into_iter()
        .filter_map(|case| case.migrated);
    for corefile in texts.filter_map(|text| Corefile::parse(&text).ok()) {
        assert_eq!(Corefile::parse(&corefile.to_string()), Ok(corefile));
    }
}

#[test]
fn versions_are_in_order_and_change_something_new() {
    for (index, pair) in VERSIONS.windows(2).enumerate() {
        let parts = |row: &rules::Version| {
            let parts = row.version.split('.');
            parts
                .map(|part| part.parse().expect("a number"))
                .collect::<Vec<u64>>()
        };
        assert!(parts(&pair[0]) < parts(&pair[1]), "{}", pair[1].version);
        for (name, rules) in pair[1].changed {
            let known = rules_of(index, name).is_some();
            assert!(rules.is_some() || known, "{name} in {}", pair[1].version);
        }
    }
}

#[test]
fn the_corefile_of_every_release_can_be_migrated() {
    let newest = Release::newest().images.coredns.trim_start_matches('v');
    for release in Release::recorded() {
        let version = release.images.coredns.trim_start_matches('v');
        let migrated = migrate(". {\n    errors\n}\n", version, newest);
        assert!(migrated.is_ok(), "{version}: {migrated:?}");
    }
}

#[test]
fn addresses_are_options_of_hosts() {
    let rules = rules::Rules {
        takes_addresses: true,
        ..kept(&[])
    };
    for (text, is_known) in [
        ("10.0.0.1", true),
        ("256.1.1.999", true),
        ("10.0.0", false),
        ("a.b.c.d", false),
        ("fd00:1::1", true),
        ("2001:db8:0:1::5", true),
        ("::1", false),
        ("fe80::1", false),
        ("host:53:tcp", false),
        ("", false),
    ] {
        assert_eq!(rules.option(text).is_some(), is_known, "{text}");
    }
}
