//! Secrets of a run: phases see placeholders, the person sees values, nobody else sees anything.
use super::event::{Event, Subscriber, What};
use kubephase_sdk::kubeadm::Config;
use std::collections::BTreeSet;

/// Placeholders and what they stand for.
#[derive(Clone, Default)]
pub struct Secrets(Vec<(String, String)>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

impl Secrets {
    /// Takes the secrets out of a configuration: what is returned may be shown to any phase.
    pub fn mask(config: &Config) -> (Config, Secrets) {
        let (mut masked, mut secrets) = (config.clone(), Secrets::default());
        for (index, token) in masked.init.bootstrap_tokens.iter_mut().enumerate() {
            if let Some((id, secret)) = token.token.split_once('.') {
                token.token = format!("{id}.{}", secrets.hide(&format!("token-{index}"), secret));
            }
        }
        if !masked.init.certificate_key.is_empty() {
            masked.init.certificate_key = secrets.hide("certificate-key", &config.init.certificate_key);
        }
        if let Some(join) = &mut masked.join {
            join.bootstrap_kubeconfig = secrets.hide("bootstrap-kubeconfig", &join.bootstrap_kubeconfig);
        }
        (masked, secrets)
    }

    fn hide(&mut self, name: &str, value: &str) -> String {
        let placeholder = format!("<secret:{name}>");
        self.0.push((placeholder.clone(), value.to_owned()));
        placeholder
    }

    /// Puts the values back, for the person's eyes only.
    pub fn reveal(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (placeholder, value)| text.replace(placeholder, value))
    }
}

/// Passes events on with the secrets put back, for messages of the distribution's own phases: a plugin that writes a
/// placeholder gets nothing for it.
pub struct Revealing {
    pub secrets: Secrets,
    pub own: BTreeSet<String>,
    pub to: Box<dyn Subscriber>,
}

impl Subscriber for Revealing {
    fn notice(&mut self, event: &Event) {
        match &event.what {
            What::Message { phase, severity, label, text, plugin: None } if self.own.contains(phase) && text.contains("<secret:") => {
                let (phase, label, text) = (phase.clone(), label.clone(), self.secrets.reveal(text));
                let what = What::Message { phase, severity: *severity, label, text, plugin: None };
                self.to.notice(&Event { at: event.at, what });
            }
            _ => self.to.notice(event),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kubephase_sdk::kubeadm::BootstrapToken;

    #[test]
    fn what_is_masked_can_be_revealed_and_is_nowhere_else() {
        let mut config = Config::default();
        config.init.bootstrap_tokens = vec![BootstrapToken { token: "abcdef.0123456789abcdef".into(), ..Default::default() }];
        config.init.certificate_key = "00ff".repeat(16);
        let (masked, secrets) = Secrets::mask(&config);
        let seen = serde_json::to_string(&masked).unwrap();
        assert!(!seen.contains("0123456789abcdef") && !seen.contains("00ff00ff"));
        assert!(!format!("{secrets:?}").contains("0123456789"));
        assert_eq!(masked.init.bootstrap_tokens[0].id(), "abcdef");
        assert_eq!(secrets.reveal(&masked.init.bootstrap_tokens[0].token), "abcdef.0123456789abcdef");
    }
}
