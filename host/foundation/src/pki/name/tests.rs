//! Names are encoded as Go encodes them.
use super::*;

fn name_of(common_name: &str, organizations: &[&str]) -> Vec<u8> {
    let organizations: Vec<String> = organizations.iter().map(ToString::to_string).collect();
    Name::new(common_name, &organizations).unwrap().0
}

/// Encodes an attribute whose type is `2.5.4.X`.
fn attribute(kind: u8, tag: u8, text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    let head = [0x30, length + 7, 6, 3, 0x55, 4, kind, tag, length];
    [&head, text.as_bytes()].concat()
}

/// Encodes a set or a sequence of less than 128 bytes.
fn group(tag: u8, members: &[Vec<u8>]) -> Vec<u8> {
    let content = members.concat();
    [&[tag, u8::try_from(content.len()).unwrap()], &*content].concat()
}

const COMMON_NAME: u8 = 3;
const ORGANIZATION: u8 = 10;
const PRINTABLE: u8 = 0x13;
const UTF8: u8 = 0x0c;

#[test]
fn every_organization_is_in_one_ordered_set() {
    let common_name = group(0x31, &[attribute(COMMON_NAME, PRINTABLE, "eve")]);
    let cases: [(&[&str], &[&str]); 5] = [
        (&["ops"], &["ops"]),
        (&["ops", "dev"], &["dev", "ops"]),
        (&["z", "ops", "z"], &["z", "z", "ops"]),
        (&["", "b", ""], &["", "", "b"]),
        (
            &["team:b", "team:a", "team:c"],
            &["team:a", "team:b", "team:c"],
        ),
    ];
    for (given, expected) in cases {
        let members: Vec<_> = expected
            .iter()
            .map(|text| attribute(ORGANIZATION, PRINTABLE, text))
            .collect();
        let expected = group(0x30, &[group(0x31, &members), common_name.clone()]);
        assert_eq!(name_of("eve", given), expected, "{given:?}");
    }
    assert_eq!(name_of("eve", &[]), group(0x30, &[common_name]));
    assert_eq!(name_of("", &[]), [0x30, 0]);
}

#[test]
fn text_is_printable_where_its_characters_allow_it() {
    for (text, tag) in [
        ("system:nodes", PRINTABLE),
        ("A b'(c)+,-./:=?9", PRINTABLE),
        ("a*b", UTF8),
        ("R&D", UTF8),
        ("a_b", UTF8),
        ("a@b", UTF8),
        ("Škoda", UTF8),
    ] {
        let expected = group(0x30, &[group(0x31, &[attribute(COMMON_NAME, tag, text)])]);
        assert_eq!(name_of(text, &[]), expected, "{text}");
    }
}

#[test]
fn long_names_survive_reading() {
    use x509_parser::prelude::FromDer;
    for length in [1, 115, 116, 127, 128, 200, 255, 256, 300, 70_000] {
        let long = "n".repeat(length);
        let name = Name::new(&long, std::slice::from_ref(&long)).unwrap();
        let (rest, read) = X509Name::from_der(name.der()).unwrap();
        assert!(rest.is_empty(), "{length}");
        let texts: Vec<_> = read
            .iter_attributes()
            .map(|attribute| attribute.as_str().unwrap())
            .collect();
        assert_eq!(texts, [&long, &long], "{length}");
        assert_eq!(Name::from(&read), name, "{length}");
    }
}
