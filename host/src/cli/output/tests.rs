use super::*;

/// An object like those that commands print.
#[derive(Serialize)]
struct Shelf {
    books: Vec<Value>,
    owner: &'static str,
    #[serde(rename = "opened.at")]
    opened: u32,
}

fn shelf() -> OutputObject<Shelf> {
    let books = vec![
        json!({"title": "A", "pages": 10, "tags": ["x", "y"]}),
        json!({"title": "B-side", "pages": 20, "sub-title": "b"}),
    ];
    OutputObject::new(
        "Shelf",
        Shelf {
            books,
            owner: "Ann",
            opened: 7,
        },
    )
}

fn print_as(output: &str, allow_missing_template_keys: bool) -> Result<String> {
    let flags = FormatFlags {
        output: output.into(),
        show_managed_fields: false,
        allow_missing_template_keys,
    };
    let printer = flags.printer()?.context("a form for objects")?;
    printer.print(&[shelf()])
}

#[test]
fn jsonpath_is_kubectls_dialect() {
    for (template, expected) in [
        ("{.owner}", "Ann"),
        ("{$.owner}", "Ann"),
        ("owner: {.owner}!", "owner: Ann!"),
        (".owner", ".owner"),
        ("{.books[*].title}", "A B-side"),
        ("{.books[0].tags}", r#"["x","y"]"#),
        ("{.books[-1].title}", "B-side"),
        ("{.books[0:1].pages}", "10"),
        ("{.books[1].sub-title}", "b"),
        ("{.opened\\.at}", "7"),
        ("{['opened.at']}", "7"),
        ("{..title}", "A B-side"),
        (r#"{.books[?(@.title=="A")].pages}"#, "10"),
        ("{.books[?(@.pages>15)].title}", "B-side"),
        ("{.books[?(@.sub-title)].title}", "B-side"),
        (r#"{.books[?(@.sub-title=="b")].pages}"#, "20"),
        ("{.books[?(@.title=='}')].title}", ""),
        (r#"{.kind}{"\t"}{.owner}{'\n'}"#, "Shelf\tAnn\n"),
        (
            r#"{range .books[*]}{.title}={.pages}{"\n"}{end}"#,
            "A=10\nB-side=20\n",
        ),
        ("{range .books[*]}{range .tags[*]}<{@}>{end}{end}", "<x><y>"),
        ("{.nothing}", ""),
        ("{@.owner}", "Ann"),
    ] {
        assert_eq!(
            print_as(&format!("jsonpath={template}"), true).unwrap(),
            expected,
            "{template}"
        );
    }
    assert_eq!(
        print_as("jsonpath-as-json={.books[*].pages}", true).unwrap(),
        "[\n    10,\n    20\n]\n"
    );
    let missing = print_as("jsonpath={.nothing}", false).unwrap_err();
    assert!(
        missing.to_string().contains("nothing is not found"),
        "{missing}"
    );
}

#[test]
fn go_templates_have_kubectls_functions() {
    for (template, expected) in [
        ("{{.owner}}", "Ann"),
        ("{{range .books}}{{.title}};{{end}}", "A;B-side;"),
        ("{{len .books}}", "2"),
        ("{{.nothing}}", "<no value>"),
        (
            "{{if exists . \"owner\"}}yes{{end}}{{if exists . \"x\" \"y\"}}no{{end}}",
            "yes",
        ),
        ("{{base64decode \"aGk=\"}}", "hi"),
        ("{{printf \"%s/%d\" .owner (len .books)}}", "Ann/2"),
    ] {
        for form in ["go-template", "template"] {
            assert_eq!(
                print_as(&format!("{form}={template}"), true).unwrap(),
                expected,
                "{template}"
            );
        }
    }
    let missing = print_as("go-template={{.nothing}}", false).unwrap_err();
    assert!(
        missing.to_string().starts_with("error executing template"),
        "{missing}"
    );
    print_as("go-template={{base64decode \"?\"}}", true).unwrap_err();
}

#[test]
fn templates_are_read_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("template");
    for (form, template) in [
        ("jsonpath-file", "{.owner}"),
        ("go-template-file", "{{.owner}}"),
        ("templatefile", "{{.owner}}"),
    ] {
        std::fs::write(&file, template).unwrap();
        assert_eq!(
            print_as(&format!("{form}={}", file.display()), true).unwrap(),
            "Ann"
        );
    }
}

#[test]
fn forms_that_do_not_exist_are_refused_in_kubeadms_words() {
    for (output, expected) in [
        (
            "name",
            "unable to match a printer suitable for the output format \"name\", allowed",
        ),
        (
            "",
            "unable to match a printer suitable for the output format \"\", allowed",
        ),
        (
            "jsonpath=",
            "template format specified but no template given",
        ),
        (
            "go-template",
            "template format specified but no template given",
        ),
        (
            "jsonpath={.a[*",
            "error parsing jsonpath {.a[*, unterminated array",
        ),
        (
            "jsonpath={.a",
            "error parsing jsonpath {.a, unclosed action",
        ),
        (
            "jsonpath={range .a}",
            "error parsing jsonpath {range .a}, unclosed range",
        ),
        (
            "jsonpath={..*}",
            "error parsing jsonpath {..*}, unrecognized character in action",
        ),
        ("go-template={{", "error parsing template {{"),
        (
            "jsonpath-file=/no/such/file",
            "error reading --template /no/such/file",
        ),
    ] {
        let refusal = print_as(output, true).unwrap_err().to_string();
        assert!(
            refusal.starts_with("could not construct output printer: "),
            "{refusal}"
        );
        assert!(refusal.contains(expected), "{refusal}");
    }
}

#[test]
fn json_yaml_and_kyaml_are_kubeadms() {
    assert!(
        print_as("JSON", true)
            .unwrap()
            .starts_with("{\n    \"kind\": \"Shelf\",\n")
    );
    assert!(
        print_as("yaml", true)
            .unwrap()
            .starts_with("apiVersion: output.kubeadm")
    );
    let kyaml = print_as("kyaml", true).unwrap();
    assert!(kyaml.starts_with("---\n{\n  kind: \"Shelf\",\n"), "{kyaml}");
    assert!(kyaml.contains("      tags: [\n        \"x\",\n"), "{kyaml}");
}
