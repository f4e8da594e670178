//! Credential helpers: programs that store credentials for container tools.
use super::RegistryCredentials;
use crate::{secret::Secret, text::sanitise, world::real::child::ProcessGroup};
use anyhow::{Context, Result, anyhow, bail};
use rustix::process::Pid;
use serde::Deserialize;
use std::{io, path::PathBuf, process::Stdio, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::Command,
    time::timeout,
};

/// Bytes of a credential helper's answer that are read at most.
const MAX_ANSWER: u64 = 64 << 10;
/// Time limit of a credential helper, which may ask a keychain that is slow to open.
const HELPER_TIME: Duration = Duration::from_secs(15);

/// The answer of a credential helper.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HelperAnswer {
    #[serde(default)]
    username: String,
    secret: Secret<String>,
}

/// A credential helper: a program of the operator that stores credentials.
pub(super) struct Helper {
    pub(super) program: PathBuf,
    /// Time limit of the program.
    pub(super) time: Duration,
}

impl Helper {
    /// Returns the helper that configuration files call `name`: the program
    /// `docker-credential-NAME` on the path.
    pub(super) fn with_name(name: &str) -> Result<Helper> {
        let is_plain = name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        if !is_plain || name.starts_with(['-', '.']) {
            bail!("{name:?} is not a valid name of a credential helper");
        }
        Ok(Helper {
            program: format!("docker-credential-{name}").into(),
            time: HELPER_TIME,
        })
    }
}

/// Asks a helper for the credentials of a server; `None` if the helper has none.
pub(super) async fn ask_helper(
    helper: &Helper,
    server: &str,
) -> Result<Option<RegistryCredentials>> {
    let Helper { program, time } = helper;
    let shown = program.file_name().unwrap_or_default().to_string_lossy();
    let mut command = Command::new(program);
    command
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    let started = ProcessGroup::start(|| {
        let child = command.spawn()?;
        let leader = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        Ok((
            child,
            leader.ok_or_else(|| io::Error::other("its process id is unknown"))?,
        ))
    });
    let (mut child, group) = started.with_context(|| format!("cannot run {shown}"))?;
    let mut process = HelperProcess {
        group,
        is_answered: false,
    };
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let work = async {
        let ask = async {
            // The write may fail because the helper does not read its input. Then its answer shows
            // whether that matters.
            if let Some(mut stdin) = stdin {
                let _ = stdin.write_all(server.as_bytes()).await;
            }
        };
        let ((), answer, errors) = tokio::join!(ask, read_answer(stdout), read_answer(stderr));
        let (answer, errors) = (answer?, errors?);
        anyhow::Ok((child.wait().await?, answer, errors))
    };
    let (status, answer, errors) = match timeout(*time, work).await {
        Ok(done) => done.with_context(|| shown.clone().into_owned())?,
        Err(_) => bail!("{shown} did not answer within {} s", time.as_secs()),
    };
    process.is_answered = true;
    if !status.success() {
        let reason = failure_reason(&answer, &errors).unwrap_or_else(|| status.to_string());
        // Docker's helpers print this for a server that they do not know.
        if reason.contains("credentials not found") {
            return Ok(None);
        }
        bail!("{shown}: {}", sanitise::line(&reason));
    }
    let answer: HelperAnswer = serde_json::from_slice(answer.reveal())
        .map_err(|_| anyhow!("{shown} gave no credentials"))?;
    Ok(Some(match answer.username.as_str() {
        "<token>" => RegistryCredentials::Identity(answer.secret),
        user => RegistryCredentials::Password {
            user: user.to_owned(),
            password: answer.secret,
        },
    }))
}

/// Returns the first output of a failed helper that is not empty.
fn failure_reason(answer: &Secret<Vec<u8>>, errors: &Secret<Vec<u8>>) -> Option<String> {
    [answer, errors]
        .map(|bytes| String::from_utf8_lossy(bytes.reveal()).trim().to_owned())
        .into_iter()
        .find(|text| !text.is_empty())
}

/// Reads the output of a helper, up to [`MAX_ANSWER`].
async fn read_answer(from: Option<impl AsyncRead + Unpin>) -> Result<Secret<Vec<u8>>> {
    let mut answer = zeroize::Zeroizing::new(Vec::new());
    let Some(from) = from else {
        return Ok(Secret::default());
    };
    from.take(MAX_ANSWER + 1).read_to_end(&mut answer).await?;
    if answer.len() as u64 > MAX_ANSWER {
        bail!("its answer is longer than {} KiB", MAX_ANSWER >> 10);
    }
    Ok(Secret::new(std::mem::take(&mut *answer)))
}

/// A helper that is running. Dropping it before the helper has answered kills the helper and the
/// programs that it started.
struct HelperProcess {
    group: ProcessGroup,
    /// Whether the helper has answered and ended.
    is_answered: bool,
}

impl Drop for HelperProcess {
    fn drop(&mut self) {
        if !self.is_answered {
            self.group.kill();
        }
    }
}
