use super::*;
use crate::world::fake::FakeWorld;
use kubephase_sdk::testing::Case;

/// Whether a run goes on without it is for the phase to say, whichever service it is.
#[test]
fn a_service_that_cannot_be_made_so_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let world = FakeWorld::new(&Case::parse("{}").unwrap(), folder.path()).unwrap();
    let config = crate::config::Config::default();
    let cancel = Cancel::never();
    let context = Context::of_test(&world, &config, &cancel);
    for name in ["kubelet", "crio"] {
        let failed = Effect::Service {
            name: UnitName::parse(name).unwrap(),
            state: "asleep".into(),
        }
        .enact(&context)
        .unwrap_err();
        assert!(failed.message.contains("asleep"), "{failed:?}");
    }
}
