//! The platform that an image is for.
use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};
use std::{env::consts::ARCH, fmt};

/// An operating system and a processor, in the words of Go and of the OCI image specification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Platform {
    pub architecture: String,
    pub os: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
}

impl Platform {
    /// Returns the platform of this machine.
    pub fn of_machine() -> Platform {
        let architecture = match ARCH {
            "x86_64" => "amd64",
            "aarch64" => "arm64",
            "x86" => "386",
            "powerpc64" => "ppc64le",
            "loongarch64" => "loong64",
            other => other,
        };
        Platform {
            architecture: architecture.to_owned(),
            os: "linux".to_owned(),
            variant: None,
        }
    }

    /// Parses `linux/ARCHITECTURE` or `linux/ARCHITECTURE/VARIANT`.
    ///
    /// # Errors
    /// The text is not a platform.
    pub fn parse(text: &str) -> Result<Platform> {
        let parts: Vec<&str> = text.split('/').collect();
        let is_word =
            |word: &&str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric());
        if !matches!(parts.len(), 2 | 3) || !parts.iter().all(is_word) {
            bail!("{text:?} is not a platform; write linux/amd64, linux/arm64, …");
        }
        Ok(Platform {
            os: parts[0].to_owned(),
            architecture: parts[1].to_owned(),
            variant: parts.get(2).map(|variant| (*variant).to_owned()),
        })
    }

    /// Whether something for the platform `other` runs on this platform. A platform without a
    /// variant has any.
    pub fn accepts(&self, other: &Platform) -> bool {
        let is_variant = match (&self.variant, &other.variant) {
            (Some(wanted), Some(variant)) => wanted == variant,
            _ => true,
        };
        self.os == other.os && self.architecture == other.architecture && is_variant
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.os, self.architecture)?;
        match &self.variant {
            Some(variant) => write!(f, "/{variant}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_platform_without_a_variant_accepts_every_variant() {
        let [arm, v7, v6] = ["linux/arm", "linux/arm/v7", "linux/arm/v6"]
            .map(|text| Platform::parse(text).unwrap());
        assert!(arm.accepts(&v7) && v7.accepts(&arm) && !v7.accepts(&v6));
        assert_eq!(v7.to_string(), "linux/arm/v7");
        for wrong in ["linux", "linux/", "linux/a/b/c", "linux/../x", ""] {
            Platform::parse(wrong).unwrap_err();
        }
    }
}
