//! Patterns of passwords in files of known formats and programs, other than `password=`. Each
//! pattern has words of its format, because ordinary texts name passwords as well.

/// The pattern of a name that ends with a word for a password, between two other patterns.
macro_rules! password_name {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            r"[a-z0-9_.-]*(?:passw(?:or)?d|passphrase|(?:api|secret|access)[_-]?(?:key|token))",
            $after
        )
    };
}

/// The patterns of places that hold passwords.
pub(super) const FORMATS: &[&str] = &[
    // YAML and JSON: a pair of a name and a value, and a value on the line after its name.
    password_name!(
        r#"\bname["']?\s*[:=]\s*["']?"#,
        r#"["']?\s*[,\n]\s*["']?value["']?\s*[:=]\s*["']?[^\s"'$/<{\[]"#
    ),
    password_name!(
        r#"(?m:^)[ \t-]*["']?"#,
        r#"["']?[ \t]*:[ \t]*\r?\n[ \t]+["']?[^\s"'#{\[$-][^\n:={}\[\]]*\r?(?m:$)"#
    ),
    // XML: a key as an attribute or an element before its value.
    password_name!(r#"\bkey\s*=\s*["']"#, r#"["'][^<>]*>\s*[^<\s$]"#),
    password_name!(
        r#"\bkey\s*=\s*["']"#,
        r#"["'][^<>]*\bvalue\s*=\s*["'][^"'$]"#
    ),
    password_name!(
        r"<(?:name|key)>\s*",
        r"\s*</(?:name|key)>\s*<(?:value|string)>\s*[^<\s$]"
    ),
    // Directories, databases, RADIUS, and answers of Debian's installer.
    r"(?m:^)[a-z]*password::[ \t]+[a-z0-9+/]{4}",
    r"\bidentified\s+(?:with\s+\S+\s+)?by\s+(?:password\s+)?'[^']",
    r"\b(?:create|alter)\s+(?:role|user)\b[^\n;]{0,200}\bpassword\s+'[^']",
    r#"\b(?:cleartext|user)-password\s*:=\s*["']?[^\s"'%$]"#,
    r"\bpasswd/\S+password(?:-again)?\s+password\s+\S",
    // Command lines.
    r#"\bcurl\s[^\n]{0,200}(?:-u|--user)[ =]?["']?[^\s:"'$]+:[^\s"'$]"#,
    r"\bsshpass\s+-p\s*['\x22]?[^\s'\x22$]",
    // Keys of NTP, and passwords of SNMP, HAProxy, FRR, Redis and Postfix.
    r"(?m:^)[0-9]{1,5}[ \t]+(?:MD5|SHA[0-9]{1,3}|AES(?:128|256))[ \t]+\S+[ \t]*\r?(?m:$)",
    r"\bcreateuser[ \t]+(?:-e[ \t]+\S+[ \t]+)?\S+[ \t]+(?:MD5|SHA\S*)[ \t]+\S",
    r"\binsecure-password[ \t]+\S",
    r"\bneighbor[ \t]+\S+[ \t]+password[ \t]+\S",
    r"(?m:^)user[ \t]+\S+[ \t]+[^\n]{0,200}(?:[ \t]>\S|[ \t]#[0-9a-f]{64})",
    r"(?m:^)\[[a-z0-9-]+(?:\.[a-z0-9-]+)+\](?::[0-9]+)?[ \t]+[^\s:/]+:[^\s:/]+\r?(?m:$)",
];
