use super::*;

#[test]
fn all_patterns_compile() {
    assert!(SET.is_some());
}

#[test]
fn passwords_in_files_of_known_formats_are_found() {
    for text in [
        "- name: DB_PASSWORD\n  value: hunter\n",
        "{name: db-password, value: 'hunter'}",
        "password:\n  hunter\n",
        "auth:\n  access-key:\n    \"hunter two\"\n",
        "<entry key=\"password\">hunter</entry>",
        "<add key=\"ClearTextPassword\" value=\"hunter\"/>",
        "<name>javax.jdo.option.ConnectionPassword</name>\n<value>hunter</value>",
        "<key>password</key><string>hunter</string>",
        "userPassword:: aHVudGVy\n",
        "CREATE USER 'a'@'b' IDENTIFIED BY 'hunter';",
        "ALTER ROLE bob WITH LOGIN PASSWORD 'hunter';",
        "bob Cleartext-Password := \"hunter\"",
        "d-i passwd/root-password password hunter",
        "curl -s -u bob:hunter https://h/",
        "sshpass -p hunter ssh h",
        "1 SHA1 HEX:AABBCCDD\n2 MD5 hunter\n",
        "createUser bob SHA \"hunter two\" AES",
        "  user bob insecure-password hunter",
        " neighbor 10.0.0.1 password hunter",
        "user bob on >hunter ~* +@all",
        "[smtp.example.com]:587 bob:hunter\n",
    ] {
        assert_eq!(
            search(text.as_bytes()),
            Err(Credential::Password),
            "{text:?}"
        );
    }
}

#[test]
fn what_only_names_a_password_is_shown() {
    for text in [
        "- name: DB_PASSWORD\n  valueFrom:\n    secretKeyRef: {name: db, key: password}\n",
        "{\"name\":\"DB_PASSWORD\",\"value\":\"<secret:environment>\"}",
        "- name: DB_PASSWORD\n  value: \"\"\n",
        "- name: DB_PASSWORD\n  value: $(FROM_ELSEWHERE)\n",
        "- name: DB_PASSWORD\n  value: /run/secrets/db\n",
        "passwordSecretRef:\n  name: db\n",
        "access-key:\n  name: db\n",
        "password:\nuser: bob\n",
        "<entry key=\"password\"></entry>",
        "<entry key=\"color\">red</entry>",
        "std::password::Hash",
        "curl -u \"$USER:$PASSWORD\" https://h/",
        "curl -sL https://h/ -o /tmp/x\n",
        "sshpass -p \"$PASSWORD\" ssh h",
        "GRANT SELECT ON t TO 'a'@'b';",
        "[certs] https://h:6443\n[preflight] a:b\n",
        "user www-data; # who runs the workers\n",
        "neighbor 10.0.0.1 remote-as 65000\n",
        "4 SHA1 checksums were verified\n",
    ] {
        assert_eq!(search(text.as_bytes()), Ok(()), "{text:?}");
    }
}
