//! `report --otlp`: gives a past run to a collector of OpenTelemetry, or writes it to a file.
use super::{Exit, print};
use crate::text::{json, sanitise};
use anyhow::{Context, Result, bail};
use http::header::CONTENT_TYPE;
use serde_json::Value;
use std::{path::Path, time::Duration};
use url::Url;

/// The place of traces below the address of a collector (OTLP over HTTP).
const TRACES: &str = "v1/traces";
/// How long a collector may take.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Bytes of an answer that are shown if the collector refuses the run.
const MAX_SHOWN: usize = 500;

/// Sends the request `body` to the collector at a URL, or writes it to a file.
///
/// # Errors
/// The file cannot be written, or the collector does not accept the run.
pub(super) fn export(target: &str, body: &Value) -> Result<Exit> {
    let text = json::line(body);
    if !target.starts_with("http://") && !target.starts_with("https://") {
        return print::to_file(Path::new(target), &text);
    }
    let url = traces_url(target)
        .with_context(|| format!("{} is not the URL of a collector", sanitise::line(target)))?;
    let shown = sanitise::line(url.as_str()).into_owned();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime
        .block_on(send(url, text))
        .with_context(|| format!("cannot send the run to {shown}"))?;
    Ok(Exit::Ok)
}

/// Returns the URL for traces: that of the collector with the usual path, unless it has a path.
fn traces_url(target: &str) -> Result<Url> {
    let mut url = Url::parse(target)?;
    if url.path().is_empty() || url.path() == "/" {
        url.set_path(TRACES);
    }
    Ok(url)
}

async fn send(url: Url, body: String) -> Result<()> {
    let client = reqwest::Client::builder()
        .timeout(TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    let request = client.post(url).header(CONTENT_TYPE, "application/json");
    let answer = request.body(body).send().await?;
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    let text = answer.text().await.unwrap_or_default();
    let end = text.floor_char_boundary(MAX_SHOWN);
    bail!("it answers {status}: {}", sanitise::line(&text[..end]))
}

#[cfg(test)]
mod tests {
    use super::traces_url;

    #[test]
    fn a_collector_gets_traces_at_the_usual_path() {
        let url = |text: &str| traces_url(text).unwrap().to_string();
        assert_eq!(url("http://a:4318"), "http://a:4318/v1/traces");
        assert_eq!(url("http://a:4318/"), "http://a:4318/v1/traces");
        assert_eq!(url("https://a/otlp/traces"), "https://a/otlp/traces");
        assert!(traces_url("http://").is_err());
    }
}
