//! A run, or the plan of one, as one HTML file that people can mail around. The file refers to
//! nothing outside of it and has no script; a policy in its head forbids both, whatever the texts
//! in it say. Every text is escaped. Characters that cannot be seen, or that change the order of
//! others, are shown as escapes.
mod effects;
mod findings;
mod graph;
mod layout;
mod plan_page;
mod plugins;
mod run_page;
#[cfg(test)]
pub mod samples;
#[cfg(test)]
mod tests;
mod timeline;

pub use plan_page::{PlanPage, plan_page};

use crate::text::sanitise;
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// Nothing is loaded, and nothing runs; only the style within the file is used.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; \
    form-action 'none'";
const STYLE: &str = include_str!("html/style.css");

/// A section of a page.
struct Section {
    /// the fragment of its address
    id: &'static str,
    title: &'static str,
    content: Markup,
}

/// Returns a section; `None` if it has no content.
fn section(id: &'static str, title: &'static str, content: Option<Markup>) -> Option<Section> {
    content.map(|content| Section { id, title, content })
}

/// Returns the whole page.
fn page(title: &str, head: &Markup, sections: &[Section], foot: &str) -> String {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (line(title)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    header { (head) }
                    nav aria-label="Sections" {
                        @for section in sections {
                            a href={ "#" (section.id) } { (section.title) }
                        }
                    }
                    @for section in sections {
                        section id=(section.id) {
                            h2 { (section.title) }
                            (section.content)
                        }
                    }
                    footer { (line(foot)) }
                }
            }
        }
    };
    markup.into_string()
}

/// Returns a text that becomes one line.
fn line(text: &str) -> String {
    sanitise::line(text).into_owned()
}

/// Returns a text that keeps its lines.
fn block(text: &str) -> String {
    sanitise::multiline(text).into_owned()
}

/// Returns a list of names with their values; values are one line each.
fn facts(facts: &[(&str, String)]) -> Markup {
    html! {
        dl.facts {
            @for (name, value) in facts {
                div { dt { (name) } dd { (line(value)) } }
            }
        }
    }
}
