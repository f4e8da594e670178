use super::*;

#[test]
fn residual_times_are_those_of_kubernetes() {
    for (seconds, expected) in [
        (-2, "<invalid>"),
        (-1, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (599, "9m59s"),
        (600, "10m"),
        (10_799, "179m"),
        (10_800, "3h"),
        (28_799, "7h59m"),
        (28_800, "8h"),
        (172_799, "47h"),
        (172_800, "2d"),
        (356_400, "4d3h"),
        (691_199, "7d23h"),
        (691_200, "8d"),
        (31_535_997, "364d"),
        (63_071_999, "729d"),
        (63_072_000, "2y"),
        (94_694_400, "3y1d"),
        (252_288_000, "8y"),
        (315_359_997, "9y"),
    ] {
        assert_eq!(format_residual(seconds), expected, "{seconds}");
    }
}

fn expiration(name: &str, ca_name: &str, is_external: bool) -> Expiration {
    Expiration {
        name: name.into(),
        expiration_date: Some("2027-11-30T08:15:10Z".parse().unwrap()),
        residual_time: 31_535_997,
        externally_managed: is_external,
        ca_name: ca_name.into(),
        missing: false,
    }
}

/// The lines are those of a recorded run of kubeadm 1.36.
#[test]
fn the_tables_are_those_of_kubeadm() {
    let all = Expirations {
        certificates: vec![
            expiration("admin.conf", "ca", true),
            Expiration::missing("apiserver"),
            expiration("apiserver-kubelet-client", "ca", false),
        ],
        certificate_authorities: vec![
            expiration("ca", "", true),
            Expiration::missing("front-proxy-ca"),
        ],
    };
    let date = "Nov 30, 2027 08:15 UTC   364d            ";
    let headers = "EXPIRES                  RESIDUAL TIME   ";
    let lines = [
        format!(
            "{:<27}{headers}CERTIFICATE AUTHORITY   EXTERNALLY MANAGED",
            "CERTIFICATE"
        ),
        format!("{:<27}{date}{:<24}yes     ", "admin.conf", "ca"),
        format!("{:<92}", "!MISSING! apiserver"),
        format!(
            "{:<27}{date}{:<24}no      ",
            "apiserver-kubelet-client", "ca"
        ),
        String::new(),
        format!("{:<27}{headers}EXTERNALLY MANAGED", "CERTIFICATE AUTHORITY"),
        format!("{:<27}{date}yes     ", "ca"),
        format!("{:<68}", "!MISSING! front-proxy-ca"),
        String::new(),
    ];
    assert_eq!(all.to_text(), lines.join("\n"));
}

#[test]
fn the_object_has_the_fields_of_kubeadm_in_their_order() {
    let text = serde_json::to_string(&expiration("apiserver", "ca", false)).unwrap();
    assert_eq!(
        text,
        "{\"name\":\"apiserver\",\"expirationDate\":\"2027-11-30T08:15:10Z\",\"residualTime\":\
         31535997,\"externallyManaged\":false,\"caName\":\"ca\",\"missing\":false}"
    );
    let text = serde_json::to_string(&Expiration::missing("ca")).unwrap();
    assert!(
        text.contains("\"expirationDate\":null,\"residualTime\":0") && !text.contains("caName"),
        "{text}"
    );
}
