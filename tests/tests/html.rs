//! `report --html` and `plan --html`: the pages as a browser shows them. The browser draws each
//! page at the width of a screen and of a telephone, and says which texts overlap or are cut off.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
use harness::{has_program, kubephase, quick_config, run, workspace};
use serde_json::Value;
use std::{fs, path::Path, process::Command};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");
const BROWSER: &str = "chromium";
/// Widths of a screen and of a telephone, in pixels.
const WIDTHS: [u32; 2] = [1280, 400];
/// The script that measures a copy of a page. The pages themselves have none.
const MEASURE: &str = include_str!("html/measure.js");

/// Writes the page of a rehearsal of `init`, and that of its plan.
fn write_pages(folder: &Path) -> [std::path::PathBuf; 2] {
    let config = folder.join("cluster.yaml");
    quick_config(&config, "");
    let node = workspace().join("examples/single-node/node.yaml");
    let root = folder.join("root");
    let of_node = |command: &mut Command| {
        command
            .arg("--config")
            .arg(&config)
            .arg("--node")
            .arg(&node);
    };
    let mut rehearsal = kubephase(PROGRAM);
    rehearsal.arg("rehearse").arg("--root").arg(&root);
    of_node(&mut rehearsal);
    run(&mut rehearsal).expect_success();
    let pages = ["run.html", "plan.html"].map(|name| folder.join(name));
    let report = run(kubephase(PROGRAM)
        .args(["report", "--root"])
        .arg(&root)
        .arg("--html")
        .arg(&pages[0]));
    assert_eq!(report.expect_success(), "");
    let mut plan = kubephase(PROGRAM);
    plan.args(["plan", "init", "--html"]).arg(&pages[1]);
    of_node(&mut plan);
    assert_eq!(run(&mut plan).expect_success(), "");
    pages
}

/// Returns the browser, for a window of this width.
fn browser(folder: &Path, width: u32) -> Command {
    let mut command = Command::new(BROWSER);
    command
        .args([
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
        ])
        .args([
            "--no-first-run",
            "--disable-dev-shm-usage",
            "--virtual-time-budget=2000",
        ])
        .arg(format!("--window-size={width},3000"))
        .arg(format!(
            "--user-data-dir={}",
            folder.join("profile").display()
        ));
    command
}

/// Lets the browser draw a page. Returns the width and the bytes of the picture.
fn draw(folder: &Path, page: &Path, width: u32) -> (u32, usize) {
    let picture = folder.join(format!("{width}.png"));
    let output = browser(folder, width)
        .arg(format!("--screenshot={}", picture.display()))
        .arg(page)
        .output()
        .expect("the browser can be started");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let bytes = fs::read(&picture).expect("the browser writes the picture");
    assert_eq!(&bytes[1..4], b"PNG");
    let drawn = u32::from_be_bytes(bytes[16..20].try_into().expect("four bytes"));
    (drawn, bytes.len())
}

/// Lets the browser measure a copy of a page in which everything is unfolded. The copy is in a
/// frame, because windows of the browser are at least 500 pixels wide.
fn measure(folder: &Path, page: &Path, width: u32) -> Value {
    let text = fs::read_to_string(page).unwrap();
    let at = text
        .find("<meta http-equiv")
        .expect("the page has a policy");
    let end = at + text[at..].find('>').unwrap() + 1;
    let copy = format!("{}{}", &text[..at], &text[end..]);
    let copy = copy.replace("</body>", &format!("<script>{MEASURE}</script></body>"));
    let copy = copy.replace('&', "&amp;").replace('"', "&quot;");
    let measured = folder.join("measured.html");
    let frame = format!(
        "<!doctype html><html><head><title></title></head><body><iframe style='width:{width}px;\
         height:3000px;border:0' srcdoc=\"{copy}\"></iframe></body></html>"
    );
    fs::write(&measured, frame).unwrap();
    let output = browser(folder, WIDTHS[0] + 100)
        .arg("--dump-dom")
        .arg(&measured)
        .output()
        .expect("the browser can be started");
    let dom = String::from_utf8_lossy(&output.stdout).into_owned();
    let result = dom
        .split_once("<title>")
        .and_then(|(_, rest)| Some(rest.split_once("</title>")?.0))
        .unwrap_or_else(|| panic!("the script did not run: {dom}"));
    let result = result
        .replace("&amp;", "&")
        .replace("&lt;", "<")
        .replace("&gt;", ">");
    serde_json::from_str(&result).unwrap_or_else(|why| panic!("{why}: {result}"))
}

#[test]
fn pages_are_one_file_without_scripts() {
    let folder = tempfile::tempdir().unwrap();
    for page in write_pages(folder.path()) {
        let text = fs::read_to_string(&page).unwrap();
        for outside in ["<script", "<link", "src=", "@import", "url("] {
            assert!(!text.contains(outside), "{} has {outside}", page.display());
        }
        assert!(text.contains("default-src 'none'"), "{text}");
        assert!(text.contains("prefers-color-scheme: dark"), "{text}");
        assert!(text.contains("<svg class=\"graph\""), "{text}");
        assert!(text.contains("control-plane/apiserver"), "{text}");
    }
}

#[test]
fn nothing_overlaps_on_a_screen_and_on_a_telephone() {
    if !has_program(BROWSER) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    for page in write_pages(folder.path()) {
        for width in WIDTHS {
            let measured = measure(folder.path(), &page, width);
            let shown = page.display();
            assert_eq!(measured["width"], width, "{shown}: {measured}");
            assert!(
                measured["texts"].as_u64() > Some(100),
                "{shown}: {measured}"
            );
            for problem in ["overlaps", "outside", "cut"] {
                assert_eq!(
                    measured[problem].as_array().map(Vec::len),
                    Some(0),
                    "{shown} at {width} pixels: {measured:#}"
                );
            }
            let (drawn, bytes) = draw(folder.path(), &page, width);
            assert_eq!(drawn, width, "{shown}");
            assert!(
                bytes > 20_000,
                "{shown}: the picture has only {bytes} bytes"
            );
        }
    }
}

#[test]
fn the_browser_finds_texts_that_overlap() {
    if !has_program(BROWSER) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("bad.html");
    let text = "<!doctype html><html><head><meta http-equiv=x><title></title></head><body>\
        <div style='position:absolute;left:10px;top:10px'>one text</div>\
        <div style='position:absolute;left:14px;top:12px'>another text</div>\
        <div style='position:absolute;left:1200px;top:80px;width:300px'>far away and long</div>\
        </body></html>";
    fs::write(&page, text).unwrap();
    let measured = measure(folder.path(), &page, 400);
    assert_eq!(
        measured["overlaps"].as_array().map(Vec::len),
        Some(1),
        "{measured}"
    );
    assert!(
        measured["outside"]
            .as_array()
            .is_some_and(|all| !all.is_empty()),
        "{measured}"
    );
}
