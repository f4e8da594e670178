use super::*;

#[test]
fn special_addresses_are_refused_and_others_have_no_kind() {
    for address in [
        "192.0.2.7",
        "10.0.0.7",
        "172.16.0.1",
        "8.8.8.8",
        "2001:db8::7",
        "2a00::1",
    ] {
        assert_eq!(
            kind_of_special_address(address.parse().unwrap()),
            None,
            "{address}"
        );
    }
    for address in [
        "0.0.0.0",
        "127.0.0.1",
        "127.9.9.9",
        "169.254.169.254",
        "169.254.170.2",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::a9fe:a9fe",
        "fd00:ec2::254",
        "fd20:ce::254",
        "::ffff:169.254.169.254",
        "::169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::",
        "2001:0:a9fe:a9fe::",
        "ff02::1",
        // Behind a NAT64 gateway of the operator's.
        "2001:db8:64::a9fe:a9fe",
        "2001:db8:64::6464:64c8",
        "2001:db8:a9fe:a9fe::",
        "2001:db8:1a9:fea9:fe::",
        "2001:db8:1:2:a9:fea9:fe00:0",
    ] {
        let address = address.parse().unwrap();
        assert!(kind_of_special_address(address).is_some(), "{address}");
        assert!(
            Reach::OtherMachines(ClusterSubnets::default())
                .check("a", address)
                .is_err(),
            "{address}"
        );
        assert_eq!(Reach::All.check("a", address), Ok(()), "{address}");
    }
}

#[test]
fn addresses_of_this_machine_and_of_services_are_refused() {
    let cluster_subnets = ClusterSubnets::parse("10.96.0.0/12,2001:db8:1::/112");
    for address in [
        "10.96.0.1",
        "10.111.255.255",
        "2001:db8:1::a",
        "::ffff:10.96.0.1",
    ] {
        let address = address.parse().unwrap();
        let failure = Reach::OtherMachines(cluster_subnets).check("a", address);
        assert!(failure.unwrap_err().contains("Service"), "{address}");
        assert_eq!(Reach::All.check("a", address), Ok(()), "{address}");
    }
    for address in ["10.112.0.1", "198.51.100.7", "2001:db8:2::a"] {
        let judged = Reach::OtherMachines(cluster_subnets).check("a", address.parse().unwrap());
        assert_eq!(judged, Ok(()), "{address}");
    }
    // The kernel keeps packets for all of 127.0.0.0/8 on this machine, although the interface lists
    // only 127.0.0.1.
    for address in ["127.0.0.1", "127.7.7.7"] {
        let kind = local_kind_of(address.parse().unwrap(), ClusterSubnets::default());
        assert!(kind.is_some(), "{address}");
    }
    for interface in if_addrs::get_if_addrs().unwrap() {
        let address = interface.ip();
        assert!(
            local_kind_of(address, ClusterSubnets::default()).is_some(),
            "{address}"
        );
    }
}

#[test]
fn texts_that_are_not_subnets_are_left_out() {
    assert_eq!(ClusterSubnets::parse(""), ClusterSubnets::default());
    assert_eq!(
        ClusterSubnets::parse("x,10.96.0.0/12"),
        ClusterSubnets::parse("10.96.0.0/12")
    );
}
