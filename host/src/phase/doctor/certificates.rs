//! `certificates`: whether each certificate of this node exists, is valid, belongs to its key, and
//! was signed by the authority that the node trusts.
mod words;

use super::{read, report_all};
use crate::{
    phase::certs::renewal::{authorities, authority_name, renewals},
    pki::Certificate,
    program,
};
use jiff::Timestamp;
use kubephase_sdk::{
    Failure, Finding, Outcome,
    codes::Family,
    finding::{EXPIRES, With, concern, fail, pass, skipped},
    kubeadm::{Config, Doctor},
    observe_files, pki,
    spec::{CertificateFacts, KubeconfigFacts, RenewalSpec, RenewedFile},
};
use words::{DAY, days, format_time, missing_file, renew, unreadable_file};

/// The kubeconfig that only the first member of the control plane has.
const SUPER_ADMIN: &str = "super-admin.conf";

/// The phase `certificates`: checks the certificates and kubeconfigs of this node.
///
/// # Errors
/// The host cannot answer a question.
pub fn check_certificates() -> Result<Outcome, Failure> {
    let (config, doctor) = read()?;
    let examination = Examination {
        config: &config,
        now: Timestamp::now().as_second(),
        limit: i64::from(doctor.expiring_within_days) * DAY,
        is_control_plane: doctor.control_plane,
    };
    report_all(examination.findings(&doctor)?);
    Ok(Outcome::Settled)
}

/// The examination of a node's certificates.
struct Examination<'a> {
    config: &'a Config,
    /// Unix seconds
    now: i64,
    /// seconds of validity below which a certificate is reported
    limit: i64,
    is_control_plane: bool,
}

/// A certificate that is examined, and the authority that has to have signed it.
struct Subject<'a> {
    name: &'a str,
    path: &'a str,
    facts: &'a CertificateFacts,
    /// base name of the authority; `None` for an authority
    authority: Option<&'a str>,
    /// the remedy that makes the certificate anew
    remedy: String,
}

impl Examination<'_> {
    fn findings(&self, doctor: &Doctor) -> Result<Vec<Finding>, Failure> {
        let mut findings = Vec::new();
        if doctor.control_plane {
            for (name, base) in authorities(self.config) {
                findings.push(self.authority(name, base)?);
            }
            for spec in renewals(self.config) {
                findings.push(match &spec.file {
                    RenewedFile::Certificate { base } => self.in_files(&spec, base)?,
                    RenewedFile::Kubeconfig { path } => {
                        self.in_kubeconfig(&spec.name, path, renew(&spec.name))?
                    }
                });
            }
        } else {
            findings.push(self.authority("ca", "ca")?);
        }
        let path = format!("{}/kubelet.conf", self.config.run.kubeconfig_dir);
        findings.push(self.in_kubeconfig("kubelet.conf", &path, self.kubelet_remedy())?);
        Ok(findings)
    }

    fn path(&self, base: &str, extension: &str) -> String {
        format!(
            "{}/{base}.{extension}",
            self.config.cluster.certificates_dir
        )
    }

    fn authority(&self, name: &str, base: &str) -> Result<Finding, Failure> {
        let (code, path) = (Family::CERTIFICATE.code_for(name), self.path(base, "crt"));
        let Some(facts) = self.read(&path)? else {
            let remedy = "copy it from another member of the control plane, or take it from a \
                backup; a new one would not be trusted by the other nodes";
            return Ok(missing_file(&code, &path, remedy));
        };
        let facts = match facts {
            Ok(facts) => facts,
            Err(why) => return Ok(unreadable_file(&code, &path, &why)),
        };
        Ok(self.judge(&Subject {
            name,
            path: &path,
            facts: &facts,
            authority: None,
            remedy: format!(
                "exchange the authority on every machine of the cluster, beginning with `{}`",
                program::command("certs rotate-ca")
            ),
        }))
    }

    fn in_files(&self, spec: &RenewalSpec, base: &str) -> Result<Finding, Failure> {
        let (code, path) = (
            Family::CERTIFICATE.code_for(&spec.name),
            self.path(base, "crt"),
        );
        let facts = match self.read(&path)? {
            None => {
                let make = format!("init phase certs {}", spec.name);
                let remedy = format!("make it with `{}`", program::command(&make));
                return Ok(missing_file(&code, &path, &remedy));
            }
            Some(Err(why)) => return Ok(unreadable_file(&code, &path, &why)),
            Some(Ok(facts)) => facts,
        };
        if let Some(finding) = self.key_problem(&code, base, &facts)? {
            return Ok(finding);
        }
        Ok(self.judge(&Subject {
            name: &spec.name,
            path: &path,
            facts: &facts,
            authority: Some(&spec.authority),
            remedy: renew(&spec.name),
        }))
    }

    /// Returns the finding about the key of a certificate; `None` if it is the right one.
    fn key_problem(
        &self,
        code: &str,
        base: &str,
        facts: &CertificateFacts,
    ) -> Result<Option<Finding>, Failure> {
        let path = self.path(base, "key");
        let remedy = "put the key and the certificate of a backup there, both; or remove the \
            certificate and make both anew";
        let key = pki::private_key(&path)?;
        Ok(match key {
            None => Some(missing_file(code, &path, remedy)),
            Some(key) => match key.error {
                Some(why) => Some(unreadable_file(code, &path, &why)),
                None if key.public_key_sha256 != facts.public_key_sha256 => Some(
                    fail(code, format!("{path} is not the key of its certificate"))
                        .evidence("path", &path)
                        .remedy(remedy),
                ),
                None => None,
            },
        })
    }

    fn in_kubeconfig(&self, name: &str, path: &str, remedy: String) -> Result<Finding, Failure> {
        let code = Family::CERTIFICATE.code_for(name);
        let facts = match pki::kubeconfig(path) {
            Ok(Some(facts)) => facts,
            Ok(None) if name == SUPER_ADMIN => {
                let why = "only the first member of the control plane has it";
                return Ok(skipped(&code, why));
            }
            Ok(None) => {
                let remedy = match name.strip_suffix(".conf") {
                    Some("kubelet") => self.kubelet_remedy(),
                    stem => {
                        let make = format!("init phase kubeconfig {}", stem.unwrap_or(name));
                        format!("make it with `{}`", program::command(&make))
                    }
                };
                return Ok(missing_file(&code, path, &remedy));
            }
            Err(failure) => return Ok(unreadable_file(&code, path, &failure.message)),
        };
        if let Some(finding) = self.trust_problem(&code, path, &facts) {
            return Ok(finding);
        }
        let Some(certificate) = &facts.client_certificate else {
            return Ok(self.other_credential(&code, path, &facts, remedy));
        };
        Ok(self.judge(&Subject {
            name,
            path,
            facts: certificate,
            authority: Some("ca"),
            remedy,
        }))
    }

    /// Returns the finding about a kubeconfig whose user has no certificate that could be read.
    fn other_credential(
        &self,
        code: &str,
        path: &str,
        facts: &KubeconfigFacts,
        remedy: String,
    ) -> Finding {
        let finding = match facts.credential.as_str() {
            "token" => return pass(code, "it has a token instead of a certificate"),
            "none" => fail(code, format!("{path} names no credential that exists")),
            _ => fail(code, format!("the certificate of {path} cannot be read")),
        };
        finding.evidence("path", path).remedy(remedy)
    }

    /// Returns the finding about the authority that a kubeconfig trusts; `None` if it is the
    /// authority of this node.
    fn trust_problem(&self, code: &str, path: &str, facts: &KubeconfigFacts) -> Option<Finding> {
        if let Some(why) = &facts.error {
            return Some(unreadable_file(code, path, why));
        }
        let authority = self.path("ca", "crt");
        let Some(own) = self.authorities("ca") else {
            // The finding about the authority says what is wrong with it.
            return None;
        };
        let own: Vec<String> = own.iter().map(Certificate::public_key_sha256).collect();
        let trusted = &facts.authority_public_keys_sha256;
        if trusted.iter().any(|key| own.contains(key)) {
            return None;
        }
        let message = format!(
            "{path} trusts another authority than {authority}, so its user does not trust the API \
             server"
        );
        let remedy = format!(
            "one of the two is of another cluster: compare both with the ConfigMap \
             kube-public/cluster-info, and put the cluster's own there (from another node or a \
             backup); a kubeconfig with the authority of this node is made by moving {path} away, \
             and `{}`",
            program::command("init phase kubeconfig all")
        );
        Some(
            fail(code, message)
                .evidence("path", path)
                .evidence("trusted key", trusted.join(" "))
                .evidence("key of the authority", own.join(" "))
                .remedy(remedy),
        )
    }

    /// Judges a certificate by its time, and by the authority that signed it.
    fn judge(&self, subject: &Subject<'_>) -> Finding {
        let Subject {
            name, path, facts, ..
        } = subject;
        let code = Family::CERTIFICATE.code_for(name);
        let left = facts.not_after - self.now;
        let finding = if let Some(finding) = self.signature_problem(&code, subject) {
            finding
        } else if self.now < facts.not_before {
            let now = format_time(self.now);
            let message = format!(
                "it is not valid before {}, and the clock of this machine says {now}",
                format_time(facts.not_before)
            );
            fail(&code, message).remedy(
                "set the clock of this machine, and let it follow a time server (`timedatectl \
                 set-ntp true`, or chrony); if the clock is right, the machine that made the \
                 certificate had a wrong one: make it anew",
            )
        } else if left < 0 {
            let message = format!("it has expired on {}", format_time(facts.not_after));
            fail(&code, message).remedy(&subject.remedy)
        } else if left <= self.limit {
            let days = days(left);
            concern(&code, format!("it expires in {days}")).remedy(&subject.remedy)
        } else {
            pass(&code, format!("{} left", days(left)))
        };
        finding
            .evidence("path", path)
            .evidence(EXPIRES, format_time(facts.not_after))
    }

    /// Returns the finding about the signature of a certificate; `None` if it is right, or if its
    /// authority cannot be read.
    fn signature_problem(&self, code: &str, subject: &Subject<'_>) -> Option<Finding> {
        let base = subject.authority?;
        let path = self.path(base, "crt");
        let certificate = Certificate::from_pem(&subject.facts.pem).ok()?;
        let authorities = self.authorities(base)?;
        let is_signed = |authority: &Certificate| certificate.chains_to(authority);
        if authorities.iter().any(is_signed) {
            return None;
        }
        let message = format!("it was not signed by {path}, which this cluster trusts");
        let remedy = format!(
            "if {path} is the authority of the cluster (compare it with another node), make the \
             certificate anew: {}; otherwise put the right authority back",
            subject.remedy
        );
        let issuer = &subject.facts.issuer;
        let name = authority_name(base);
        Some(
            fail(code, message)
                .evidence("issuer", issuer)
                .evidence("authority", name)
                .remedy(remedy),
        )
    }

    /// Returns the certificates in the file of an authority, which has two while the authority is
    /// exchanged; `None` if it cannot be read.
    fn authorities(&self, base: &str) -> Option<Vec<Certificate>> {
        let bytes = observe_files::read_file(&self.path(base, "crt")).ok()?;
        let all = Certificate::parse_all(&String::from_utf8_lossy(&bytes)).ok()?;
        let all: Vec<Certificate> = all.into_iter().map(Certificate::from_der).collect();
        (!all.is_empty()).then_some(all)
    }

    /// Reads the facts of a certificate; `None` if it does not exist, and an error if it cannot be
    /// read.
    fn read(&self, path: &str) -> Result<Option<Result<CertificateFacts, String>>, Failure> {
        if observe_files::stat(path)?.is_none() {
            return Ok(None);
        }
        Ok(match pki::certificate(path) {
            Ok(facts) => facts.map(Ok),
            Err(failure) => Some(Err(failure.message)),
        })
    }

    fn kubelet_remedy(&self) -> String {
        words::kubelet_remedy(&self.config.run.kubeconfig_dir, self.is_control_plane)
    }
}
