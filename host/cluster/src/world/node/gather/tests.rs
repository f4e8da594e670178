use super::{network::is_global, *};
use std::net::IpAddr;

#[test]
fn the_facts_of_this_machine_are_gathered() {
    let (facts, _) = gather();
    assert!(!facts.hostname.is_empty() && facts.cpus > 0 && facts.memory_mib > 0);
    assert_eq!(facts.os, "Linux");
    assert!(
        !is_global(IpAddr::from([127, 0, 0, 1]))
            && !is_global(IpAddr::from([169, 254, 1, 1]))
            && is_global(IpAddr::from([192, 0, 2, 2]))
    );
}
