//! `token list`.
use crate::{
    cli::{
        Exit,
        cluster::{ClusterFlags, told},
        output::{Format, Object, OutputFlags, table},
        print,
    },
    render::objects::{TOKEN_TYPE, token_of},
    report::sanitise,
};
use anyhow::Result;
use jiff::Timestamp;
use kubephase_sdk::kubeadm::BootstrapToken;

const HEADER: &str = "TOKEN\tTTL\tEXPIRES\tUSAGES\tDESCRIPTION\tEXTRA GROUPS\n";

/// Secrets that hold no token are told of and left out.
pub fn run(output: &OutputFlags, cluster: &ClusterFlags) -> Result<Exit> {
    let format = output.format()?;
    let connection = cluster.connect()?;
    let secrets = connection.api.list_by_fields("v1", "Secret", Some("kube-system"), &format!("type={TOKEN_TYPE}"));
    let secrets = secrets.map_err(|failure| told("failed to list bootstrap tokens: ", &failure))?;
    let mut tokens = Vec::new();
    for token in secrets.iter().map(token_of) {
        match token {
            Ok(token) => tokens.push(token),
            Err(why) => print::warning(&sanitise::line(&why)),
        }
    }
    Ok(print::out(&listed(&tokens, format, Timestamp::now())))
}

fn listed(tokens: &[BootstrapToken], format: Format, now: Timestamp) -> String {
    let object = |token| Object::new("BootstrapToken", token);
    match format {
        // kubeadm aligns each line by itself, the first with the header.
        Format::Text => {
            let header = std::iter::once(HEADER).chain(std::iter::repeat(""));
            tokens.iter().zip(header).map(|(token, header)| table(&format!("{header}{}", line(token, now)))).collect()
        }
        Format::Json => tokens.iter().map(|token| object(token).json()).collect(),
        Format::Yaml => tokens.iter().map(|token| object(token).yaml()).collect::<Vec<_>>().join("---\n"),
    }
}

fn line(token: &BootstrapToken, now: Timestamp) -> String {
    let or_none = |text: &str| if text.is_empty() { "<none>".to_owned() } else { sanitise::line(text).into_owned() };
    let expires: Option<Timestamp> = token.expires.as_ref().and_then(|text| text.parse().ok());
    let (left, expiry) = match expires {
        Some(expires) => (short(expires.as_second() - now.as_second()), expires.to_string()),
        None => ("<forever>".to_owned(), "<never>".to_owned()),
    };
    let (usages, description, groups) = (or_none(&token.usages.join(",")), or_none(&token.description), or_none(&token.groups.join(",")));
    format!("{}\t{left:<9}\t{expiry}\t{usages:<22}\t{description:<56}\t{groups}\n", token.token)
}

/// How long it lives yet, in the largest unit alone.
fn short(seconds: i64) -> String {
    const HOUR: i64 = 3600;
    match seconds {
        ..-1 => "<invalid>".into(),
        -1 => "0s".into(),
        0..60 => format!("{seconds}s"),
        60..HOUR => format!("{}m", seconds / 60),
        HOUR..86_400 => format!("{}h", seconds / HOUR),
        86_400..31_536_000 => format!("{}d", seconds / 86_400),
        _ => format!("{}y", seconds / 31_536_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::objects::token_secret;
    use kubephase_sdk::kubeadm::Duration;

    const NOW: i64 = 1_790_000_000;

    fn token(id: &str, ttl: i64) -> BootstrapToken {
        let given = BootstrapToken {
            token: format!("{id}.0123456789abcdef"),
            description: "for \u{1b}[31mWednesday".into(),
            ttl: Some(Duration::from_secs(ttl)),
            usages: ["signing", "authentication"].map(str::to_owned).to_vec(),
            groups: ["system:bootstrappers:a", "system:bootstrappers:b"].map(str::to_owned).to_vec(),
            ..BootstrapToken::default()
        };
        token_of(&token_secret(&given, NOW).unwrap().manifest).unwrap()
    }

    fn shown(tokens: &[BootstrapToken], format: Format) -> String {
        listed(tokens, format, Timestamp::from_second(NOW + 10).unwrap())
    }

    #[test]
    fn tables_are_kubeadms() {
        let plain = BootstrapToken { token: "zzzzzz.0123456789abcdef".into(), ..BootstrapToken::default() };
        let described = BootstrapToken { description: String::new(), ..token("abcdef", 86_400) };
        let text = shown(&[described, plain], Format::Text);
        assert_eq!(
            text.lines().collect::<Vec<_>>(),
            [
                "TOKEN                     TTL         EXPIRES                USAGES                   DESCRIPTION                                                EXTRA GROUPS",
                "abcdef.0123456789abcdef   23h         2026-09-22T14:13:20Z   authentication,signing   <none>                                                     system:bootstrappers:a,system:bootstrappers:b",
                "zzzzzz.0123456789abcdef   <forever>   <never>   <none>                   <none>                                                     <none>",
            ]
        );
        assert_eq!(shown(&[], Format::Text), "");
        assert!(shown(&[token("abcdef", 5)], Format::Text).contains("<invalid>"), "it ran out");
        assert!(shown(&[token("abcdef", 86_400)], Format::Text).contains(r"for \u{1b}[31mWednesday"), "a terminal is safe");
    }

    #[test]
    fn objects_are_kubeadms() {
        let all = [token("abcdef", 86_400), BootstrapToken { token: "zzzzzz.0123456789abcdef".into(), ..BootstrapToken::default() }];
        assert_eq!(
            shown(&all[1..], Format::Json),
            "{\n    \"kind\": \"BootstrapToken\",\n    \"apiVersion\": \"output.kubeadm.k8s.io/v1alpha3\",\n    \"token\": \"zzzzzz.0123456789abcdef\"\n}\n"
        );
        let yaml = shown(&all, Format::Yaml);
        assert!(yaml.contains("\n---\n") && yaml.contains("expires: \"2026-09-22T14:13:20Z\"\n") && !yaml.contains("ttl"), "{yaml}");
    }

    #[test]
    fn what_is_left_is_told_in_one_unit() {
        let told = [-2, -1, 0, 59, 60, 3599, 3600, 86_399, 86_400, 31_535_999, 31_536_000].map(short);
        assert_eq!(told, ["<invalid>", "0s", "0s", "59s", "1m", "59m", "1h", "23h", "1d", "364d", "1y"]);
    }
}
