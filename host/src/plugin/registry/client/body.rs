//! Reads the bodies of answers, each within limits of bytes and of time.
use super::Client;
use crate::{text::sanitise, world::innermost_message};
use anyhow::{Context, Result, anyhow, bail};
use reqwest::Response;
use std::io::Write;
use tokio::time::{Instant, timeout_at};

impl Client<'_> {
    /// Reads an answer of at most `limit` bytes.
    ///
    /// # Errors
    /// The answer is longer, or does not come in time.
    pub async fn read_small(&self, answer: Response, limit: usize) -> Result<Vec<u8>> {
        let until = self.until.min(Instant::now() + self.times.small);
        let mut content = Vec::new();
        let mut body = Body::new(answer, limit as u64, &mut content);
        while timeout_at(until, body.read())
            .await
            .map_err(|_| {
                anyhow!(
                    "{} sends its answer too slowly: it was not there after {} s",
                    self.server(),
                    self.times.small.as_secs()
                )
            })?
            .with_context(|| self.server())?
        {}
        Ok(content)
    }

    /// Reads an answer of exactly `size` bytes into memory. They have to arrive steadily.
    ///
    /// # Errors
    /// The answer has another length, or comes too slowly.
    pub async fn read_large(&self, answer: Response, size: usize) -> Result<Vec<u8>> {
        let mut content = Vec::new();
        self.copy_large(answer, size as u64, &mut content).await?;
        Ok(content)
    }

    /// Copies an answer of exactly `size` bytes, which have to arrive steadily.
    ///
    /// # Errors
    /// The answer has another length, comes too slowly, or cannot be written.
    pub async fn copy_large(&self, answer: Response, size: u64, to: &mut dyn Write) -> Result<()> {
        if let Some(announced) = answer
            .content_length()
            .filter(|announced| *announced != size)
        {
            bail!(
                "{} sends {announced} bytes, its manifest says {size}",
                self.server()
            );
        }
        let mut body = Body::new(answer, size, to);
        loop {
            let (before, until) = (body.count, self.until.min(Instant::now() + self.times.span));
            let end = loop {
                match timeout_at(until, body.read()).await {
                    Ok(read) => {
                        if !read.with_context(|| self.server())? {
                            break true;
                        }
                        if Instant::now() >= until {
                            break false;
                        }
                    }
                    Err(_) => break false,
                }
            };
            let read = body.count;
            match end {
                true if read == size => return Ok(()),
                true => bail!(
                    "{} ends after {read} bytes, its manifest says {size}",
                    self.server()
                ),
                false if Instant::now() >= self.until => {
                    bail!(
                        "{}: {read} of {size} bytes came in {} s",
                        self.server(),
                        self.times.total.as_secs()
                    )
                }
                false if read - before < self.times.progress as u64 => {
                    bail!(
                        "{} is too slow: {} bytes came in {} s",
                        self.server(),
                        read - before,
                        self.times.span.as_secs()
                    )
                }
                false => {}
            }
        }
    }
}

/// The body of an answer that is copied.
struct Body<'a> {
    answer: Response,
    limit: u64,
    /// bytes that were copied
    count: u64,
    to: &'a mut dyn Write,
}

impl<'a> Body<'a> {
    fn new(answer: Response, limit: u64, to: &'a mut dyn Write) -> Body<'a> {
        Body {
            answer,
            limit,
            count: 0,
            to,
        }
    }

    /// Copies the next piece. Returns false at the end.
    async fn read(&mut self) -> Result<bool> {
        if self
            .answer
            .content_length()
            .is_some_and(|length| length > self.limit)
        {
            bail!("its answer is longer than {} bytes", self.limit);
        }
        let piece = self.answer.chunk().await.map_err(|error| {
            anyhow!(
                "its answer breaks off: {}",
                sanitise::line(&innermost_message(&error))
            )
        })?;
        let Some(piece) = piece else { return Ok(false) };
        self.count += piece.len() as u64;
        if self.count > self.limit {
            bail!("its answer is longer than {} bytes", self.limit);
        }
        self.to.write_all(&piece)?;
        Ok(true)
    }
}
