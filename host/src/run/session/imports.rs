//! The host functions for input and reports: a phase asks for its configuration, settings and
//! facts, and hands over messages, findings, facts and its progress. The functions by which it
//! observes and proposes are in `observe.rs` and `propose.rs`.
use super::{Hosted, Session, parse_proposal, to_json};
use crate::{
    event::EventKind,
    render::{patches::COREDNS, typed::normalize_deployment},
    wasm::{gate, limits::MAX_FINDINGS},
};
use kubephase_wit::{Error, Failure, FailureCode, Finding, Severity, Stop, input, report, types};

impl types::Host for Session {
    fn convert_failure(&mut self, error: Error) -> Result<Failure, Stop> {
        match error {
            Error::Failure(failure) => Ok(failure),
            Error::Stop(stop) => Err(stop),
        }
    }
}

impl input::Host for Session {
    fn phase_id(&mut self) -> Result<String, Stop> {
        Ok(self.0.phase.clone())
    }

    fn round(&mut self) -> Result<u32, Stop> {
        Ok(self.call().round)
    }

    fn config(&mut self, pointer: String) -> Result<Option<String>, Stop> {
        let Some(call) = self.admit_lookup(&gate::CONFIG, pointer)? else {
            return Ok(None);
        };
        let (shared, access) = (&self.0.shared, &self.0.access);
        let part = shared.part_of_config(access, call.arguments.as_str());
        self.count_answer(part.as_ref().map_or(0, String::len))?;
        Ok(part)
    }

    fn settings(&mut self) -> Result<String, Stop> {
        Ok(self.0.settings.clone())
    }

    fn patched(&mut self, target: String, document: String) -> Hosted<String> {
        let (target, gate::Plain(document)) =
            self.admit(&gate::PATCHED, (target, document))?.arguments;
        if self.is_plugin() {
            let message = format!(
                "patches of {} are for the program's own phases: they may hold secrets",
                &*target
            );
            return Err(Failure::new(FailureCode::Denied, message).into());
        }
        let _turn = self.turn(document.len())?;
        let patches = &self.0.shared.patches;
        let (patched, messages) = patches
            .apply(&target, parse_proposal(&document)?)
            .map_err(|message| Failure::new(FailureCode::Invalid, message))?;
        // Without a patch the document stays as the phase renders it, which is Go's form.
        let patched = if &*target == COREDNS && !messages.is_empty() {
            normalize_deployment(patched)
                .map_err(|message| Failure::new(FailureCode::Invalid, message))?
        } else {
            patched
        };
        for line in messages {
            self.say(Severity::Info, &line)?;
        }
        let patched = patched.to_string();
        self.count_answer(patched.len())?;
        Ok(patched)
    }

    fn fact(&mut self, phase: String, name: String) -> Result<Option<String>, Stop> {
        let Some(call) = self.admit_lookup(&gate::FACT, (phase, name))? else {
            return Ok(None);
        };
        let (phase, name) = call.arguments;
        let key = (String::from(phase), String::from(name));
        let fact = self.0.shared.facts.lock().get(&key).cloned();
        if let Some(fact) = &fact {
            self.0.source.keep_fact(&key.0, &key.1, fact);
        }
        self.answer_fact(&format!("{} {}", key.0, key.1), fact)
    }
}

impl report::Host for Session {
    fn message(&mut self, severity: Severity, text: String) -> Result<(), Stop> {
        if !self.is_plugin() {
            self.log(text.len())?;
        }
        self.say(severity, &text)
    }

    fn submit(&mut self, finding: Finding) -> Result<(), Stop> {
        let finding = self.make_finding_readable(finding)?;
        let mut call = self.call();
        if call.findings.len() >= MAX_FINDINGS {
            return Err(Stop::msg(format!(
                "limit of {MAX_FINDINGS} findings reached"
            )));
        }
        self.count_finding(&mut call, to_json(&finding)?.len())?;
        call.findings.push(finding);
        call.found += 1;
        Ok(())
    }

    fn set_fact(&mut self, name: String, json: String) -> Result<(), Stop> {
        let (name, gate::Plain(mut json)) = self.report(&gate::SET_FACT, (name, json))?;
        let name = String::from(name);
        self.check_name("the name of a fact", &name)?;
        if let Some(plugin) = self.third_party() {
            self.0.shared.secrets.blank_settings_of(plugin, &mut json);
        }
        let key = (self.0.phase.clone(), name);
        let mut facts = self.0.shared.facts.lock();
        let is_new = !facts.contains_key(&key);
        self.count_fact(key.1.len() + json.len(), is_new)?;
        facts.insert(key, json);
        Ok(())
    }

    fn progress(&mut self, done: u32, total: u32, text: String) -> Result<(), Stop> {
        let text = self.make_readable(text)?;
        self.log(text.len())?;
        let (phase, plugin) = (self.0.phase.clone(), self.0.plugin.clone());
        self.0.shared.bus.emit(EventKind::Progress {
            phase,
            done,
            total,
            text,
            plugin,
        });
        Ok(())
    }
}
