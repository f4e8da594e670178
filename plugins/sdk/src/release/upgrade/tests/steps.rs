use crate::release::{
    Release,
    upgrade::{parse, steps},
};

#[test]
fn a_chain_has_one_step_for_each_minor() {
    let [.., second, first, newest] = Release::recorded().collect::<Vec<_>>()[..] else {
        panic!("there are three minors");
    };
    let from = parse(&second.first_version()).unwrap();
    let whole = [first.kubeadm, newest.kubeadm];
    assert_eq!(steps(&from, newest.kubeadm).unwrap(), whole);
    let minor = format!("v1.{}", newest.minor);
    assert_eq!(steps(&from, &minor).unwrap(), whole);
    assert_eq!(steps(&from, minor.trim_start_matches('v')).unwrap(), whole);
    let own_minor = format!("v1.{}", second.minor);
    assert_eq!(steps(&from, &own_minor).unwrap(), [second.kubeadm]);
    let first_patch = format!("v{}", first.first_version());
    assert_eq!(steps(&from, &first_patch).unwrap(), [first_patch]);
}

#[test]
fn a_target_that_is_not_a_version_is_refused() {
    let from = parse("v1.34.0").unwrap();
    for target in ["", "newest", "v1", "1.2.3.4", "v1.99"] {
        let refused = steps(&from, target).unwrap_err();
        assert!(refused.starts_with("could not parse"), "{refused}");
    }
}
