//! The pages of runs and plans: what they show, and that no text acts in them.
use super::{
    PlanPage, plan_page,
    samples::{CALM, Texts, plugin, run},
};
use crate::{
    journal::{Header, Record},
    plan::{
        Plan,
        testing::{INIT, node},
    },
    report::{recorded_run::RecordedRun, tally::Tally},
};
use jiff::tz::TimeZone;

/// A text that would act in a page, end an attribute, or turn the text around it.
const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>\u{202e}&amp;";

#[test]
fn the_page_of_a_run_shows_everything_about_it() {
    let page = run(&CALM).html(&TimeZone::UTC);
    for part in [
        "<h1>init <span class=\"badge bad\">failed</span></h1>",
        "run 3",
        "v1.36.2",
        "2026-11-29 18:20:15 UTC",
        "href=\"https://example.com/clock\"",
        "it did not answer: the clock is 2 s late",
        "did not exist",
        "was different",
        "not touched",
        "abababab",
        "read files",
        "paths time-sync",
    ] {
        assert!(page.contains(part), "{part} is missing in {page}");
    }
    let graph = &page[page.find("<svg class=\"graph\"").unwrap()..];
    assert_eq!(graph.matches("<g class=\"node").count(), 5);
    assert_eq!(graph.matches("<path class=\"edge").count(), 5);
    // certs/ca → certs/apiserver → wait-control-plane, after the check.
    assert_eq!(graph.matches("<path class=\"edge critical\"").count(), 3);
}

/// Refuses a page that has an element or an attribute which can act, or a character that cannot be
/// seen.
fn check_page(page: &str) {
    let lower = page.to_lowercase();
    for forbidden in [
        "<script",
        "<img",
        "<iframe",
        "<object",
        "javascript:",
        "<link",
        "@import",
    ] {
        assert!(!lower.contains(forbidden), "{forbidden} in {page}");
    }
    // Within a tag, an attribute of the page stands outside of its quotes.
    for tag in page.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap_or_default();
        let outside: String = tag.split('"').step_by(2).collect();
        assert!(!outside.contains("onerror"), "{tag}");
    }
    assert!(
        !page.contains('\u{202e}'),
        "the order of characters can be turned around"
    );
}

#[test]
fn hostile_texts_of_a_plugin_do_not_act() {
    let hostile = Texts {
        summary: HOSTILE,
        url: "javascript:alert(1)//\u{202e}",
        plugin: HOSTILE,
    };
    let page = run(&hostile).html(&TimeZone::UTC);
    check_page(&page.replace("javascript:alert(1)//", "shown as text"));
    assert!(
        page.contains("&lt;script&gt;alert(1)&lt;/script&gt;"),
        "{page}"
    );
    assert!(!page.contains("href=\"javascript"), "{page}");
    // The policy stands before every text.
    let policy = page.find("Content-Security-Policy").unwrap();
    assert!(policy < page.find("<title>").unwrap());
    check_page(&run(&CALM).html(&TimeZone::UTC));
}

#[test]
fn a_damaged_journal_makes_a_page_as_well() {
    let mut run = run(&CALM);
    // A circle, a phase that needs itself, and one that does not exist.
    run.tally.phases[0].needs = Some(vec!["wait-control-plane".into()]);
    run.tally.phases[1].needs = Some(vec!["certs/ca".into(), "no-such-phase".into()]);
    run.tally.result = None;
    let page = run.html(&TimeZone::UTC);
    assert!(page.contains("cut off"), "{page}");
    let nothing = RecordedRun::new(
        run.journal.clone(),
        Record {
            header: Header::new(0),
            torn: true,
            damage: None,
        },
        Tally::default(),
        None,
    );
    assert!(nothing.html(&TimeZone::UTC).contains("<h1>run "));
}

#[test]
fn the_page_of_a_plan_shows_phases_and_grants() {
    let plan = Plan {
        workflow: INIT,
        nodes: vec![
            node("certs/ca", &[]),
            node("certs/apiserver", &["certs/ca"]),
            node("upload-certs", &["certs/apiserver"]),
        ],
        groups: Vec::new(),
    };
    let page = plan_page(&PlanPage {
        plan: &plan,
        plugins: &[plugin(HOSTILE)],
        warnings: &[HOSTILE.to_owned()],
        kubernetes_version: "v1.36.2",
    });
    check_page(&page);
    for node in &plan.nodes {
        assert!(page.contains(node.id()), "{} is missing", node.id());
    }
}
