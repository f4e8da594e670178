//! The expressions that are refused, and the messages.
use super::{check_expression, describe, functions::FUNCTIONS};
use kube_cel::{
    KubeCelExt,
    cel::{Context, Value, parser::Parser},
};
use std::thread;

/// Returns the mistakes of an expression as a person reads them.
fn mistakes_of(text: &str) -> Vec<String> {
    let mistakes = check_expression(text);
    mistakes
        .iter()
        .map(|mistake| describe(text, mistake))
        .collect()
}

#[test]
fn rules_that_can_be_evaluated_have_no_mistakes() {
    for rule in [
        "true",
        "node.cpus >= 8 || node.hostname.startsWith(\"dev-\")",
        "int(node.sysctls[\"vm.swappiness\"]) < 10",
        "config.cluster.networking.podSubnet.startsWith('10.')",
        "!has(config.cluster.networking.podSubnet) || config.cluster.networking.podSubnet != ''",
        "config.cluster.?clusterName.orValue('kubernetes') == 'kubernetes'",
        "node.commands.exists(command, command == 'mount')",
        "['mount', 'swapoff'].all(command, command in node.commands)",
        "node.addresses.map(address, ip(address)).all(address, address.family() == 4)",
        "node.addresses.filter(a, isIPv4(a)).size() > 0",
        "node.commands.exists_one(command, command == 'mount')",
        "node.addresses.map(a, isIPv4(a), ip(a)).size() > 0",
        "!cidr(config.cluster.networking.podSubnet).containsIP(node.addresses[0])",
        "quantity('2Gi').isGreaterThan(quantity(string(node.memoryMib) + 'Mi'))",
        "semver(node.kubeletVersion, true).compareTo(semver('1.36.0')) >= 0",
        "sets.contains(node.commands, ['mount'])",
        "node.services['kubelet'].active ? node.runtime.ready : !node.runtime.ready",
        "config.init.bootstrapTokens == null || size(config.init.bootstrapTokens) < 2",
        "config.kubelet.document.clusterDNS[0] == '10.96.0.10'",
        "config.cluster.apiServer.extraArgs.all(arg, arg.name != 'anonymous-auth')",
        "config.run.anything == 1",
        "duration('4h') > duration('3h')",
        "timestamp('2026-01-01T00:00:00Z').getFullYear() == 2026",
        "node[\"cpus\"] > 0 && 2.5 > 1.0 && node.cpus > 1.5",
        "{'a': 1}.a == 1 && 'a' in {'a': 1}",
        "// what it says\nnode.cpus > 1",
    ] {
        assert_eq!(mistakes_of(rule), [""; 0], "{rule}");
    }
}

/// Wrong expressions, each with its message and the column of the mistake.
const MISTAKES: &[(&str, &str, usize)] = &[
    (
        "node.cpu >= 2",
        "node has no fact cpu; did you mean cpus?",
        6,
    ),
    (
        "node.cpus >= ",
        "the expression ends where more is expected",
        14,
    ),
    ("node.cpus >= 2 2", "`2` is not expected here", 16),
    (
        "node.cpus",
        "the expression is a whole number; a rule has to be true or false",
        1,
    ),
    ("", "the expression is empty", 1),
    (
        "true && nod.cpus > 1",
        "there is no variable nod; did you mean node?",
        9,
    ),
    (
        "foo == bar",
        "there is no variable foo; the variables are `node` and `config`",
        1,
    ),
    (
        "node.hostname.startWith('a')",
        "there is no function startWith; did you mean startsWith?",
        15,
    ),
    (
        "node.cpus.startsWith('a')",
        "startsWith cannot be called on a whole number with a text",
        11,
    ),
    (
        "node.hostname.startsWith(1)",
        "it is string.startsWith(string)",
        15,
    ),
    (
        "node.hostname >= 2",
        "`>=` cannot be used with a text and a whole number; `int(…)`",
        15,
    ),
    (
        "node.hostname == 2",
        "`==` cannot be used with a text and a whole number",
        15,
    ),
    ("node.cpus + 'a' == ''", "`+` cannot be used with", 11),
    (
        "node.cpus && true",
        "`&&` cannot be used with a whole number and a boolean",
        11,
    ),
    (
        "!node.cpus",
        "this is a whole number; it has to be true or false",
        1,
    ),
    (
        "has(config.cluster.netwrking)",
        "no field netwrking; did you mean networking?",
        20,
    ),
    (
        "config.cluster.networking.podSubnets == ''",
        "did you mean podSubnet?",
        27,
    ),
    (
        "node.commands.all(c, c > 1)",
        "`>` cannot be used with a text and a whole number",
        24,
    ),
    (
        "node.commands.all(c, c)",
        "this is a text; it has to be true or false",
        22,
    ),
    (
        "node.cpus.all(c, true)",
        "a whole number has no elements",
        6,
    ),
    (
        "node.runtime.redy",
        "this object has no field redy; did you mean ready?",
        14,
    ),
    (
        "node.hostname.size.x == 1",
        "a text has no fields, and so no size",
        15,
    ),
    ("node.?cpu.orValue(2) > 1", "node has no fact cpu", 7),
    (
        "node.addresses['a'] == ''",
        "a list has no element for a text",
        15,
    ),
    (
        "cidr('10.0.0.0/8').contains('10.1.1.1')",
        "contains cannot be called on a cidr with a text",
        20,
    ),
    ("Object{a: 1} == 1", "there is no message type Object", 1),
    ("1 == 1 ? 'a' : 'b'", "the expression is a text", 1),
    ("has(node)", "", 1),
];

#[test]
fn every_mistake_is_reported_with_its_place() {
    for &(rule, message, column) in MISTAKES {
        let mistakes = mistakes_of(rule);
        assert!(!mistakes.is_empty(), "{rule} has no mistake");
        assert!(mistakes[0].contains(message), "{rule}: {mistakes:?}");
        if !message.is_empty() {
            let place = format!("(column {column} of `{}`)", rule.trim_end());
            assert!(mistakes[0].ends_with(&place), "{rule}: {mistakes:?}");
        }
    }
    let lines = mistakes_of("node.cpus > 1\n  && node.cpu > 1\n  && node.memory > 1\n");
    assert_eq!(
        lines
            .iter()
            .map(|line| line.split(" (").nth(1).unwrap())
            .collect::<Vec<_>>(),
        [
            "line 2, column 11 of the expression)",
            "line 3, column 11 of the expression)"
        ]
    );
}

#[test]
fn long_and_deep_expressions_are_refused_without_a_crash() {
    let deep = [
        "1+".repeat(2000) + "1 == 1",
        "(".repeat(2000) + &")".repeat(2000),
        "[".repeat(2000) + &"]".repeat(2000),
        "!(".repeat(500) + "true" + &")".repeat(500),
        "-".repeat(2001) + "1",
        "node".to_owned() + &".a".repeat(2000),
        "node".to_owned() + &"[0]".repeat(1300),
        "true ? ".repeat(500) + "true" + &" : true".repeat(500),
        "true || ".repeat(500) + "nothing",
        "node.commands.all(c, ".repeat(150) + "true" + &")".repeat(150),
        "x".repeat(5000),
        "\"".repeat(4001),
        "\u{1}".repeat(500),
    ];
    for text in deep {
        let check = || mistakes_of(&text);
        let mistakes = thread::scope(|scope| {
            let thread = thread::Builder::new().stack_size(super::STACK);
            thread.spawn_scoped(scope, check).unwrap().join().unwrap()
        });
        assert!(!mistakes.is_empty(), "{}", &text[..20]);
    }
}

/// Values of each type, as they are written in an expression.
fn example_of(name: &str) -> &'static str {
    match name {
        "any" | "number" | "int" => "1",
        "uint" => "1u",
        "double" => "1.0",
        "bool" => "true",
        "string" => "'1'",
        "bytes" => "b'1'",
        "list" => "[1, 2]",
        "map" => "{'a': 1}",
        "optional" => "optional.of(1)",
        "duration" => "duration('1h')",
        "timestamp" => "timestamp('2026-01-01T00:00:00Z')",
        "ip" => "ip('192.0.2.1')",
        "cidr" => "cidr('192.0.2.0/24')",
        "semver" => "semver('1.2.3')",
        "quantity" => "quantity('1Gi')",
        other => panic!("no example of {other}"),
    }
}

/// Examples of texts that have a form.
fn texts_of(function: &str) -> &'static str {
    match function {
        "duration" => "'1h'",
        "timestamp" => "'2026-01-01T00:00:00Z'",
        "ip" | "containsIP" | "ip.isCanonical" => "'192.0.2.1'",
        "cidr" | "containsCIDR" => "'192.0.2.0/24'",
        "semver" => "'1.2.3'",
        "quantity" => "'1Gi'",
        _ => "'1'",
    }
}

#[test]
fn every_function_of_the_table_can_be_called_as_the_table_says() {
    let context = Context::default().with_all();
    assert!(FUNCTIONS.len() > 120, "{} functions", FUNCTIONS.len());
    for function in FUNCTIONS.iter() {
        let example = |name: &str| match name {
            "string" => texts_of(function.name),
            name => example_of(name),
        };
        let arguments: Vec<Vec<&str>> = (function.arguments.iter())
            .map(|of| of.split('|').map(example).collect())
            .collect();
        // `format` takes the values of a text that names none.
        let arguments: Vec<&str> = arguments.iter().map(|choices| choices[0]).collect();
        let receivers = function
            .receiver
            .map_or(vec![None], |of| of.split('|').map(Some).collect());
        for receiver in receivers {
            let receiver = match (receiver, function.name) {
                (Some("quantity"), "asInteger") => Some("quantity('1')"),
                (Some("list"), "join") => Some("['a']"),
                (receiver, _) => receiver.map(example_of),
            };
            let call = format!(
                "{}{}({})",
                receiver.map_or(String::new(), |of| format!("{of}.")),
                function.name,
                arguments.join(", ")
            );
            let parsed = Parser::new()
                .enable_optional_syntax(true)
                .parse(&call)
                .unwrap();
            let result = Value::resolve(&parsed, &context);
            assert!(result.is_ok(), "{call}: {result:?}");
            let text = format!("type_of({call})");
            assert!(
                mistakes_of(&text)[0].contains("no function type_of"),
                "{text}"
            );
        }
    }
}

/// Without the limit, this expression takes more than a second, and a configuration may have many.
#[test]
fn an_expression_with_too_many_levels_is_refused_before_it_is_parsed() {
    let expression = "[".repeat(4000);
    let mistakes = mistakes_of(&expression);
    assert!(
        mistakes[0].starts_with("the expression has 4000 brackets, signs and question marks"),
        "{mistakes:?}"
    );
    assert!(mistakes_of(&format!("{}true{}", "(".repeat(90), ")".repeat(90))).is_empty());
}

#[test]
fn brackets_inside_of_each_other_are_refused_in_plain_words() {
    let expression = format!("{}true{}", "(".repeat(300), ")".repeat(300));
    // The parser calls itself for each bracket.
    let thread = thread::Builder::new().stack_size(super::STACK);
    let refused = thread.spawn(move || mistakes_of(&expression)).unwrap();
    let refused = refused.join().unwrap();
    assert!(
        refused[0].starts_with("the expression has too many brackets inside of each other"),
        "{refused:?}"
    );
}
