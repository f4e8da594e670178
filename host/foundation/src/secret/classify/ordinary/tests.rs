use super::super::*;
use data_encoding::{BASE32, BASE64, BASE64URL_NOPAD, HEXLOWER, HEXUPPER};
use serde_json::json;
use std::io::Write;

/// Numbers that look random and are the same in every run of the tests.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize
    }

    fn key(&mut self) -> Vec<u8> {
        (0..32).map(|_| self.next() as u8).collect()
    }
}

type Encoded = fn(&[u8]) -> Vec<u8>;

/// Writes each byte, with `between` between two of them.
fn each(content: &[u8], between: &str, write: impl Fn(u8) -> String) -> Vec<u8> {
    let bytes = content.iter().map(|byte| write(*byte));
    bytes.collect::<Vec<_>>().join(between).into_bytes()
}

fn lines(text: &str, width: usize, between: &str) -> Vec<u8> {
    let lines = text.as_bytes().chunks(width).map(String::from_utf8_lossy);
    lines.collect::<Vec<_>>().join(between).into_bytes()
}

fn uuencode(content: &[u8]) -> Vec<u8> {
    let mut text = b"begin 644 x\n".to_vec();
    for line in content.chunks(45) {
        text.push(line.len() as u8 + 32);
        for group in line.chunks(3) {
            let mut bytes = [0; 3];
            bytes[..group.len()].copy_from_slice(group);
            let bits = bytes
                .iter()
                .fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte));
            text.extend([18, 12, 6, 0].map(|shift| (bits >> shift & 63) as u8 + 32));
        }
        text.push(b'\n');
    }
    text
}

fn ascii85(content: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    for group in content.chunks(4) {
        let mut bytes = [0; 4];
        bytes[..group.len()].copy_from_slice(group);
        let number = u32::from_be_bytes(bytes);
        text.extend(
            (0..5)
                .rev()
                .map(|power| (number / 85_u32.pow(power) % 85) as u8 + b'!'),
        );
    }
    text
}

fn quoted_printable(content: &[u8]) -> Vec<u8> {
    each(content, "", |byte| match byte {
        b'!'..=b'<' | b'>'..=b'~' => char::from(byte).to_string(),
        other => format!("={other:02X}"),
    })
}

fn compressed<W: Write>(content: &[u8], mut to: W, finish: fn(W) -> Vec<u8>) -> Vec<u8> {
    to.write_all(content).unwrap();
    finish(to)
}

fn compressions() -> [(&'static str, Encoded); 3] {
    use flate2::{Compression, write};
    [
        ("gzip", |content| {
            let to = write::GzEncoder::new(Vec::new(), Compression::fast());
            compressed(content, to, |to| to.finish().unwrap())
        }),
        ("zlib", |content| {
            let to = write::ZlibEncoder::new(Vec::new(), Compression::fast());
            compressed(content, to, |to| to.finish().unwrap())
        }),
        ("deflate", |content| {
            let to = write::DeflateEncoder::new(Vec::new(), Compression::fast());
            compressed(content, to, |to| to.finish().unwrap())
        }),
    ]
}

fn encodings() -> Vec<(&'static str, Encoded)> {
    let mut all: Vec<(&str, Encoded)> = vec![
        ("nothing", |content| content.to_vec()),
        ("base64", |content| BASE64.encode(content).into_bytes()),
        ("base64 of URLs", |content| {
            BASE64URL_NOPAD.encode(content).into_bytes()
        }),
        ("base32", |content| BASE32.encode(content).into_bytes()),
        ("base85", ascii85),
        ("uuencode", uuencode),
        ("hexadecimal", |content| {
            HEXLOWER.encode(content).into_bytes()
        }),
        ("hexadecimal in lines", |content| {
            lines(&HEXUPPER.encode(content), 2, " ")
        }),
        ("hexadecimal after 0x", |content| {
            each(content, ", ", |byte| format!("0x{byte:02x}"))
        }),
        ("hexadecimal with colons", |content| {
            each(content, ":", |byte| format!("{byte:02x}"))
        }),
        ("list", |content| json!(content).to_string().into_bytes()),
        ("octal", |content| {
            each(content, "", |byte| format!("\\{byte:03o}"))
        }),
        ("escapes", |content| {
            each(content, "", |byte| format!("\\x{byte:02x}"))
        }),
        ("escapes of JSON", |content| {
            each(content, "", |byte| format!("\\u{byte:04x}"))
        }),
        ("percent", |content| {
            each(content, "", |byte| format!("%{byte:02X}"))
        }),
        ("entities", |content| {
            each(content, "", |byte| format!("&#{byte};"))
        }),
        ("quoted printable", quoted_printable),
        ("UTF-32", |content| {
            content.iter().flat_map(|byte| [*byte, 0, 0, 0]).collect()
        }),
        ("UTF-16", |content| {
            content.iter().flat_map(|byte| [0, *byte]).collect()
        }),
        ("backwards", |content| {
            BASE64.encode(content).bytes().rev().collect()
        }),
        ("quoted lines", |content| {
            lines(&BASE64.encode(content), 20, "\" +\n \"")
        }),
        ("single characters", |content| {
            lines(&BASE64.encode(content), 1, ".")
        }),
    ];
    all.extend(compressions());
    all
}

#[test]
fn a_random_key_is_not_shown_in_any_encoding() {
    let mut numbers = Numbers(1);
    for (name, encode) in encodings() {
        for _ in 0..40 {
            let key = encode(&numbers.key());
            let shown = String::from_utf8_lossy(&key);
            assert!(classify(&key).is_some(), "{name}: {shown}");
            let line = [b"value: ".as_slice(), &key, b"\nother: words\n"].concat();
            assert!(classify(&line).is_some(), "{name} in a line: {shown}");
        }
    }
}

#[test]
fn a_random_key_is_not_shown_in_up_to_six_encodings() {
    let mut shown = Vec::new();
    let mut numbers = Numbers(2);
    let encodings = encodings();
    for _ in 0..250 {
        let (mut content, mut names) = (numbers.key(), Vec::new());
        for _ in 0..2 + numbers.next() % 5 {
            if content.len() > 8 << 10 {
                break;
            }
            let (name, encode) = encodings[numbers.next() % encodings.len()];
            content = encode(&content);
            names.push(name);
        }
        if classify(&content).is_none() {
            shown.push(names);
        }
    }
    assert!(shown.is_empty(), "{shown:?}");
}

#[test]
fn content_in_more_encodings_than_are_decoded_is_not_decided() {
    let mut content =
        b"The quick brown fox jumps over the lazy dog, and then it sleeps.\n".to_vec();
    for _ in 0..4 {
        content = BASE64.encode(&content).into_bytes();
        assert_eq!(classify(&content), None);
    }
    content = BASE64.encode(&content).into_bytes();
    assert_eq!(classify(&content), Some(Credential::Undecided));
}

#[test]
fn values_after_names_of_secrets_are_not_shown() {
    for text in [
        "[Global]\nusername=admin\npassword=hunter2hunter2\n",
        "export OS_PASSWORD=hunter2\n",
        "configs:\n  r.example:\n    auth:\n      password: hunter2\n",
        r#"{"r.example":{"username":"u","password":"hunter2"}}"#,
        r#"{"a":"{\"password\":\"hunter2\"}"}"#,
        "network={ ssid=\"x\" psk=\"hunter2\" }\n",
        "//registry.npmjs.org/:_authToken=npm_abc\n",
        "%any %any : PSK \"hunter2\"\n",
        "\"user\" * \"hunter2\" *\n",
        "[host.\"https://r\".header]\n  x-registry-auth = \"hunter2\"\n",
        "vrrp_instance V {\n  authentication {\n    auth_type PASS\n    auth_pass secretword\n  \
         }\n}\n",
        "bind 127.0.0.1\nrequirepass correcthorse\n",
        "host mail.example\nuser u\npassword correcthorse\n",
        "base dc=example\nbindpw correcthorse\n",
        "rocommunity correcthorse default\n",
        "listen s\n  stats auth admin:correcthorse\n",
        "rootpw --plaintext correcthorse\n",
        "<server><password>correcthorse</password></server>\n",
        "<?php\ndefine('DB_PASSWORD', 'correcthorse');\n",
        "authtok: correcthorse\n",
        "LICENSE_KEY=correcthorse\n",
        "service_key = correcthorse\n",
        "31ada4fd-adec-460c-809a-9e56ceb75269,kubernetes-admin,1\n",
        "root:aZGbTQ8hXZ4Uo:19000:0:99999:7:::\n",
        "admin:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n",
    ] {
        assert!(classify(text.as_bytes()).is_some(), "{text}");
    }
}

/// Files that checks of nodes read, and answers of servers and programs.
const ORDINARY: &[&str] = &[
    include_str!("tests/processors.txt"),
    include_str!("tests/containerd.toml"),
    include_str!("tests/kernel.config"),
    include_str!("tests/nginx.conf"),
    include_str!("tests/sysctl.txt"),
    include_str!("tests/kubelet.yaml"),
    include_str!("tests/network.txt"),
    "MemTotal:       32658140 kB\nMemFree:         1204436 kB\nHugePages_Total:       0\n\
     Hugetlb:               0 kB\nDirectMap4k:      493144 kB\nVmallocTotal:   34359738367 kB\n",
    "PRETTY_NAME=\"Ubuntu 24.04.1 LTS\"\nNAME=\"Ubuntu\"\nVERSION_ID=\"24.04\"\n\
     VERSION=\"24.04.1 LTS (Noble Numbat)\"\nVERSION_CODENAME=noble\nID=ubuntu\nID_LIKE=debian\n\
     HOME_URL=\"https://www.ubuntu.com/\"\nSUPPORT_URL=\"https://help.ubuntu.com/\"\n\
     PRIVACY_POLICY_URL=\"https://www.ubuntu.com/legal/terms-and-policies/privacy-policy\"\n\
     UBUNTU_CODENAME=noble\nLOGO=ubuntu-logo\n",
    "NAME=\"Flatcar Container Linux by Kinvolk\"\nID=flatcar\nVERSION_ID=3815.2.5\n\
     BUILD_ID=2024-07-02-1903\nFLATCAR_BOARD=\"amd64-usr\"\n\
     CPE_NAME=\"cpe:2.3:o:flatcar-linux:flatcar_linux:3815.2.5:*:*:*:*:*:*:*\"\n",
    "127.0.0.1 localhost\n::1 ip6-localhost ip6-loopback\nff02::1 ip6-allnodes\n\
     192.0.2.10 node-1.example.com node-1\n2001:db8:85a3::8a2e:370:7334 node-2\n",
    "nameserver 127.0.0.53\nnameserver 2001:4860:4860::8888\noptions edns0 trust-ad\n\
     search eu-west-1.compute.internal default.svc.cluster.local\n",
    "passwd:         files systemd\ngroup:          files systemd\nshadow:         files\n\
     hosts:          files mdns4_minimal [NOTFOUND=return] dns\n",
    "root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33:www-data:/var/www:/usr/sbin/nologin\n",
    "b08dfa6083e7567a1921a715000001fb\n",
    "6fe5b1c5-9a3c-4c1b-9f0e-8e1d1f1f8f63\n",
    "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod\
     0b1c9a44_5a5e_4b5e_9d2c_8d0a1b2c3d4e.slice/cri-containerd-\
     4a5b6c7d8e9f00112233445566778899aabbccddeeff00112233445566778899.scope\n",
    "/dev/mapper/ubuntu--vg-ubuntu--lv / ext4 defaults 0 1\n\
     UUID=3255683f-53a2-4fdf-91cf-b4c1041e2a62 /boot ext4 defaults,noatime 0 2\n",
    "{\n  \"cniVersion\": \"0.3.1\",\n  \"name\": \"k8s-pod-network\",\n  \"plugins\": [\n    {\n\
     \"type\": \"calico\", \"log_level\": \"info\", \"datastore_type\": \"kubernetes\",\n\
     \"nodename\": \"node-1\", \"mtu\": 1440, \"ipam\": {\"type\": \"calico-ipam\"},\n\
     \"policy\": {\"type\": \"k8s\"}, \"kubernetes\": {\"kubeconfig\": \"/etc/cni/net.d/calico\"}\n\
     },\n    {\"type\": \"bandwidth\", \"capabilities\": {\"bandwidth\": true}}\n  ]\n}\n",
    "{\"major\":\"1\",\"minor\":\"33\",\"gitVersion\":\"v1.33.4\",\
     \"gitCommit\":\"74cdb8ee2b8d1c4b8b5a1d8f9e0f1a2b3c4d5e6f\",\"gitTreeState\":\"clean\",\
     \"buildDate\":\"2025-08-13T14:02:24Z\",\"goVersion\":\"go1.24.5\"}",
    "br_netfilter 32768 0 - Live 0xffffffffc0a5d000\n\
     nf_conntrack 172032 6 xt_conntrack,nf_nat,xt_nat,nf_conntrack_netlink,xt_MASQUERADE,ip_vs\n",
    "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31\n",
];

#[test]
fn ordinary_files_are_shown() {
    for text in ORDINARY {
        assert_eq!(classify(text.as_bytes()), None, "{text}");
        let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(text.as_bytes()).unwrap();
        assert_eq!(classify(&packed.finish().unwrap()), None, "packed {text}");
        let object = json!({"kind": "ConfigMap", "data": {"file": format!("\n{text}")}});
        assert_eq!(
            classify_value_within(&object, &Budget::unlimited()),
            None,
            "in an object: {text}"
        );
    }
}

#[test]
fn ordinary_objects_are_shown() {
    let certificate = rcgen::generate_simple_self_signed(["node-1".to_owned()])
        .unwrap()
        .cert
        .pem();
    let digest = "4a5b6c7d8e9f00112233445566778899aabbccddeeff00112233445566778899";
    let pod = json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "coredns-5d78c9869d-x7k2p",
            "uid": "6fe5b1c5-9a3c-4c1b-9f0e-8e1d1f1f8f63",
            "labels": {"pod-template-hash": "5d78c9869d"},
        },
        "spec": {
            "automountServiceAccountToken": false,
            "imagePullSecrets": [{"name": "registry"}],
            "volumes": [{"secret": {"secretName": "certs"}}],
        },
        "status": {"containerStatuses": [{
            "imageID": format!("registry.k8s.io/coredns/coredns@sha256:{digest}"),
            "containerID": format!("containerd://{digest}"),
        }]},
    });
    let webhook = json!({"webhooks": [{
        "clientConfig": {"caBundle": BASE64.encode(certificate.as_bytes())},
    }]});
    for object in [pod, webhook, json!({"ca.crt": certificate})] {
        assert_eq!(
            classify_value_within(&object, &Budget::unlimited()),
            None,
            "{object}"
        );
    }
}

mod certificates;
mod generated;
mod shown;
