//! `token list`.
use crate::{
    cli::{
        Exit,
        cluster::ClusterFlags,
        output::{FormatFlags, OutputObject, Printer, table},
        print,
    },
    config::BootstrapToken,
    render::objects::{TOKEN_TYPE, parse_token_secret},
    text::{sanitise, time},
};
use anyhow::{Context, Result};
use jiff::Timestamp;
use kubephase_sdk::kubeadm;
use kubephase_wit::Failure;

const HEADER: &str = "TOKEN\tTTL\tEXPIRES\tUSAGES\tDESCRIPTION\tEXTRA GROUPS\n";

/// Prints the tokens. A Secret that does not hold a valid token is left out with a warning.
///
/// # Errors
/// The cluster cannot be reached, or refuses the request.
pub fn run(output: &FormatFlags, cluster: &ClusterFlags) -> Result<Exit> {
    let (connection, printer) = cluster.connect_and_check(|| output.printer())?;
    let secrets = connection.api.list_by_fields(
        "v1",
        "Secret",
        Some("kube-system"),
        &format!("type={TOKEN_TYPE}"),
    );
    let secrets = secrets
        .map_err(Failure::into_error)
        .context("failed to list bootstrap tokens")?;
    let mut tokens = Vec::new();
    for token in secrets.iter().map(parse_token_secret) {
        match token {
            Ok(token) => tokens.push(token),
            Err(why) => print::warning(&sanitise::line(&why)),
        }
    }
    let text = format_list(&tokens, printer.as_ref(), Timestamp::now())?;
    Ok(print::text(&text))
}

fn format_list(
    tokens: &[BootstrapToken],
    printer: Option<&Printer>,
    now: Timestamp,
) -> Result<String> {
    if let Some(printer) = printer {
        let objects: Vec<_> = tokens.iter().map(object_of).collect();
        return printer.print(&objects);
    }
    // kubeadm aligns each line on its own, and the first line with the header.
    let header = std::iter::once(HEADER).chain(std::iter::repeat(""));
    Ok(tokens
        .iter()
        .zip(header)
        .map(|(token, header)| table(&format!("{header}{}", line(token, now))))
        .collect())
}

/// Returns the object of a token in kubeadm's output. It has the whole token.
fn object_of(token: &BootstrapToken) -> OutputObject<kubeadm::BootstrapToken<String>> {
    let revealed = token.with_token(token.token.reveal().clone());
    OutputObject::new("BootstrapToken", revealed)
}

fn or_none(text: &str) -> String {
    if text.is_empty() {
        "<none>".to_owned()
    } else {
        sanitise::line(text).into_owned()
    }
}

fn line(token: &BootstrapToken, now: Timestamp) -> String {
    let expires = token.expires.as_ref();
    let (left, expiry) =
        match expires.and_then(|text| time::parse(text).zip(time::to_canonical(text))) {
            Some((expires, shown)) => (format_ttl(expires.duration_since(now).as_secs()), shown),
            None => ("<forever>".to_owned(), "<never>".to_owned()),
        };
    let (usages, description, groups) = (
        or_none(&token.usages.join(",")),
        or_none(&token.description),
        or_none(&token.groups.join(",")),
    );
    format!(
        "{}\t{left:<9}\t{expiry}\t{usages:<22}\t{description:<56}\t{groups}\n",
        token.token.reveal()
    )
}

/// Formats the rest of a lifetime, in its largest unit only.
fn format_ttl(seconds: i64) -> String {
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
mod tests;
