//! The plugins of third parties, with their grants and signers, and what plugins used.
use super::line;
use crate::{
    config::plugin_limits::Limits,
    event::{GrantRecord, PluginRecord, Usage},
    wasm::gate,
};
use maud::{Markup, html};
use std::collections::BTreeMap;

/// Returns the plugins of third parties; `None` if there are none.
pub(super) fn render(plugins: &[PluginRecord]) -> Option<Markup> {
    (!plugins.is_empty()).then(|| {
        html! {
            @for plugin in plugins { (card(plugin)) }
        }
    })
}

fn card(plugin: &PluginRecord) -> Markup {
    html! {
        article.card {
            h3 { (line(&plugin.name)) " " span.side { (line(&plugin.version)) } }
            dl.evidence {
                div { dt { "component" } dd { code { "sha256:" (line(&plugin.digest)) } } }
                div {
                    dt { "signed by" }
                    dd {
                        @match &plugin.signer {
                            Some(signer) => code { (line(signer)) },
                            None => "no signature was required",
                        }
                    }
                }
            }
            @if plugin.grants.is_empty() {
                p.calm { "It was granted nothing that needs permission." }
            } @else {
                h4 { "Granted" }
                ul.rows {
                    @for grant in &plugin.grants { (row(grant)) }
                }
            }
        }
    }
}

fn row(grant: &GrantRecord) -> Markup {
    let words = gate::row(&grant.capability).map(|row| row.words);
    html! {
        li {
            span.what {
                b { (words.unwrap_or("a capability that this version does not have")) } " "
                span.quiet { (line(&grant.capability)) }
                @for pattern in &grant.patterns { code.pattern { (line(pattern)) } }
                span.note { (line(&grant.reason)) }
            }
        }
    }
}

/// Returns what the phases of plugins used; `None` if no plugin ran.
pub(super) fn usage(plugins: &BTreeMap<String, Usage>) -> Option<Markup> {
    (!plugins.is_empty()).then(|| {
        html! {
            ul.rows {
                @for (plugin, used) in plugins {
                    li {
                        span.what {
                            code { (line(plugin)) }
                            span.states {
                                (memory(used.memory_bytes)) " of " (used.limits.shown_memory())
                                ", " (used.findings) " findings, " (used.proposals) " proposals, "
                                (used.message_bytes) " bytes of messages"
                            }
                        }
                    }
                }
            }
        }
    })
}

fn memory(bytes: usize) -> String {
    let used = Limits {
        memory: bytes.next_multiple_of(1 << 10),
        ..Limits::default()
    };
    used.shown_memory()
}
