//! Interfaces, routes and name servers on written machines.
use super::super::interfaces::*;
use super::Machine;
use kubephase_sdk::facts::{Dns, NetworkInterface, Route};
use std::net::IpAddr;

#[test]
fn interfaces_have_their_addresses_and_what_the_kernel_says() {
    let machine = Machine::with(&[
        ("/sys/class/net/eth0/flags", "0x1003\n"),
        ("/sys/class/net/eth0/mtu", "1450\n"),
        ("/sys/class/net/eth0/address", "02:00:00:00:00:01\n"),
        ("/sys/class/net/eth0/device/vendor", "0x1af4\n"),
        ("/sys/class/net/lo/flags", "0x9\n"),
        ("/sys/class/net/lo/mtu", "65536\n"),
        ("/sys/class/net/down0/flags", "0x1002\n"),
        ("/sys/class/net/bonding_masters", "\n"),
    ]);
    let address = |interface: &str, address: &str, prefix| InterfaceAddress {
        interface: interface.into(),
        address: address.parse::<IpAddr>().unwrap(),
        prefix,
    };
    let addresses = [
        address("eth0", "192.0.2.7", 24),
        address("eth0", "2001:db8::7", 64),
        address("lo", "::1", 128),
    ];
    let found = interfaces(&machine.tree(), &addresses).unwrap();
    let names: Vec<&str> = found
        .iter()
        .map(|interface| interface.name.as_str())
        .collect();
    assert_eq!(names, ["down0", "eth0", "lo"]);
    assert!(!found[0].up && found[0].mtu.is_none() && found[2].loopback && found[2].up);
    assert_eq!(
        found[1],
        NetworkInterface {
            name: "eth0".into(),
            mac: Some("02:00:00:00:00:01".into()),
            mtu: Some(1450),
            up: true,
            loopback: false,
            physical: true,
            addresses: vec!["192.0.2.7/24".into(), "2001:db8::7/64".into()],
        }
    );
}

/// A line of `/proc/net/route`, as this machine's kernel writes its numbers.
fn route_v4(
    interface: &str,
    destination: [u8; 4],
    gateway: [u8; 4],
    flags: &str,
    mask: [u8; 4],
) -> String {
    let [destination, gateway, mask] = [destination, gateway, mask].map(u32::from_ne_bytes);
    format!(
        "{interface}\t{destination:08X}\t{gateway:08X}\t{flags}\t0\t0\t100\t{mask:08X}\t0\t0\t0\n"
    )
}

#[test]
fn routes_lead_to_other_machines() {
    let header =
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n";
    let v4 = [
        header.to_owned(),
        route_v4("eth0", [0; 4], [192, 0, 2, 1], "0003", [0; 4]),
        route_v4("eth1", [10, 96, 0, 0], [0; 4], "0001", [255, 240, 0, 0]),
        route_v4("eth1", [10, 1, 0, 0], [0; 4], "0201", [255, 255, 0, 0]),
        "not a route\n".to_owned(),
    ];
    let zero = "00000000000000000000000000000000";
    let v6 = [
        format!("{zero} 00 {zero} 00 fe800000000000000000000000000001 00000400 1 0 00000003 eth0"),
        format!("20010db8000000000000000000000000 40 {zero} 00 {zero} 00000100 1 0 00000001 eth0"),
        format!("20010db8000000000000000000000007 80 {zero} 00 {zero} 00000000 1 0 80200001 eth0"),
        format!("ff000000000000000000000000000000 08 {zero} 00 {zero} 00000100 1 0 00000001 eth0"),
        format!("{zero} 00 {zero} 00 {zero} ffffffff 1 0 00200200 lo"),
    ];
    let machine = Machine::with(&[
        ("/proc/net/route", &v4.concat()),
        ("/proc/net/ipv6_route", &v6.join("\n")),
    ]);
    let route = |destination: &str, gateway: Option<&str>, interface: &str, metric| Route {
        destination: destination.into(),
        gateway: gateway.map(str::to_owned),
        interface: interface.into(),
        metric,
    };
    assert_eq!(
        routes(&machine.tree()).unwrap(),
        [
            route("0.0.0.0/0", Some("192.0.2.1"), "eth0", 100),
            route("10.96.0.0/12", None, "eth1", 100),
            route("::/0", Some("fe80::1"), "eth0", 1024),
            route("2001:db8::/64", None, "eth0", 256),
        ]
    );
}

#[test]
fn of_several_search_lists_the_last_counts() {
    let text = "# nameserver 192.0.2.9\n; nameserver 192.0.2.8\nnameserver 127.0.0.53\n\
        nameserver\nsearch a.example b.example\ndomain c.example\noptions ndots:5 edns0\n";
    let machine = Machine::with(&[("/etc/resolv.conf", text)]);
    let expected = Dns {
        servers: vec!["127.0.0.53".into()],
        search: vec!["c.example".into()],
        options: vec!["ndots:5".into(), "edns0".into()],
    };
    assert_eq!(dns(&machine.tree()), Some(expected));
}
