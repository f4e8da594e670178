//! Guests that reach a limit.
use super::*;
use crate::wasm::limits::{TimeBudget, UsedTime};
use wasm_encoder::{ComponentSectionId, RawSection, Section};

#[test]
fn an_endless_loop_ends_at_the_deadline() {
    for (run, more) in [
        ("(loop (br 0))", ""),
        ("", "(func $forever (loop (br 0))) (start $forever)"),
    ] {
        let component = with_manifest(guest("", run, more), &manifest(&[]));
        let Err(Error::Stop(stop)) = run_in(
            &component,
            &[],
            limits_with_deadline(Duration::from_millis(50)),
        )
        .0
        else {
            panic!()
        };
        let message = stop.to_string();
        assert!(
            message.starts_with("plugin hostile 1.2.3 was stopped in run: deadline of 50ms passed"),
            "{message}"
        );
    }
}

#[test]
fn a_guest_that_computes_without_end_ends_long_before_its_deadline() {
    let began = std::time::Instant::now();
    let message = run_until_stopped("", "(loop (br 0))", "", &[]);
    assert!(
        message.contains("limit of 800ms of processor time reached"),
        "{message}"
    );
    assert!(began.elapsed() < Duration::from_secs(30));
}

/// Returns a guest that computes for a while and settles.
fn busy_guest() -> Vec<u8> {
    let count = "(global.set $left (i32.const 20000000)) (loop (global.set $left (i32.sub \
        (global.get $left) (i32.const 1))) (br_if 0 (global.get $left)))";
    let left = "(global $left (mut i32) (i32.const 0))";
    with_manifest(guest("", count, left), &manifest(&[]))
}

#[test]
fn all_calls_of_a_plugin_have_one_budget_of_processor_time() {
    let plugin = engine().load(busy_guest()).unwrap();
    let root = tempfile::tempdir().unwrap();
    let limits = limits("processorTime: 50ms");
    let used = UsedTime::default();
    let phase = || {
        let access = Access::Granted(plugin.grant());
        let session = world::session_with_limits(root.path(), access, limits);
        session.begin(0);
        let guest = plugin.phase(session, limits, &Cancel::never()).unwrap();
        guest.with_time_budget(Some(TimeBudget {
            limit: limits.processor_time,
            used: used.clone(),
        }))
    };
    let reached = "was stopped in run: limit of 50ms of processor time of all calls of one plugin \
        reached (limits.processorTime";
    let mut first = phase();
    let stop = (0..1000).find_map(|_| match first.run() {
        Err(Error::Stop(stop)) => Some(stop.to_string()),
        other => other.map(|_| None).unwrap(),
    });
    assert!(stop.is_some_and(|stop| stop.contains(reached)));
    // Another phase of the plugin does not begin.
    let Err(Error::Stop(stop)) = phase().run() else {
        panic!()
    };
    assert!(stop.to_string().contains(reached), "{stop}");
}

#[test]
fn work_of_the_host_outside_of_the_thread_counts_for_the_budget() {
    let used = UsedTime::default();
    used.add_work(|| std::thread::sleep(Duration::from_millis(60)));
    let limit = Duration::from_millis(50);
    let budget = TimeBudget { limit, used };
    assert!(budget.check().is_err());
}

#[test]
fn a_loop_of_host_calls_ends_at_the_deadline() {
    let round = r#"(import "kubephase:plugin/input@0.1.0" "round" (func $round (result i32)))"#;
    let component = with_manifest(
        guest(round, "(loop (drop (call $round)) (br 0))", ""),
        &manifest(&[]),
    );
    let Err(Error::Stop(stop)) = run_in(
        &component,
        &[],
        limits_with_deadline(Duration::from_millis(50)),
    )
    .0
    else {
        panic!()
    };
    assert!(
        stop.to_string().contains("deadline of 50ms passed"),
        "{stop}"
    );
}

#[test]
fn memory_is_limited_in_sum() {
    let limit = "memory limit of 67108864 bytes reached";
    let bomb = run_until_stopped(
        "",
        "(loop (drop (memory.grow (i32.const 16))) (br 0))",
        "",
        &[],
    );
    assert!(bomb.contains(limit), "{bomb}");
    let table = run_until_stopped(
        "",
        "(loop (drop (table.grow $t (ref.null func) (i32.const 65536))) (br 0))",
        "(table $t 0 funcref)",
        &[],
    );
    assert!(table.contains(limit), "{table}");
    let large = run_until_stopped("", "", "(memory $more 1000) (memory $most 1000)", &[]);
    assert!(large.contains(limit), "{large}");
}

fn limits(text: &str) -> Limits {
    serde_yaml::from_str::<Limits>(text).unwrap()
}

fn growing(pages: u32) -> Vec<u8> {
    let run = format!(
        "(if (i32.eq (memory.grow (i32.const {pages})) (i32.const -1)) (then unreachable))"
    );
    with_manifest(guest("", &run, ""), &manifest(&[]))
}

#[test]
fn the_operators_limits_hold() {
    // A page is 64 KiB; the guest has one.
    for (component, text, held) in [
        (growing(600), "memory: 32Mi", "33554432"),
        (growing(1100), "{}", "67108864"),
    ] {
        let Err(Error::Stop(stop)) = run_in(&component, &[], limits(text)).0 else {
            panic!("{text}")
        };
        assert!(
            stop.to_string().contains(&format!(
                "memory limit of {held} bytes reached (limits.memory"
            )),
            "{stop}"
        );
    }
    let (result, session) = run_in(
        &growing(1100),
        &[],
        limits("{memory: 128Mi, deadline: 10s}"),
    );
    assert_eq!(result.unwrap(), Outcome::Settled);
    assert_eq!(
        session.usage().limits,
        limits("{memory: 134217728, deadline: 10s}")
    );

    let round = r#"(import "kubephase:plugin/input@0.1.0" "round" (func $round (result i32)))"#;
    let endless = with_manifest(
        guest(round, "(loop (drop (call $round)) (br 0))", ""),
        &manifest(&[]),
    );
    let Err(Error::Stop(stop)) = run_in(&endless, &[], limits("deadline: 20ms")).0 else {
        panic!()
    };
    assert!(
        stop.to_string()
            .contains("deadline of 20ms passed (limits.deadline"),
        "{stop}"
    );
}

fn endless_writes(bytes: u32) -> String {
    let call = format!(
        "(call $write (i32.const 24) (i32.const 2) (i32.const 0) (i32.const {bytes}) \
         (i32.const 1024))"
    );
    run_until_stopped(
        WRITE_FILE,
        &format!("(loop {call} (br 0))"),
        "",
        &[ANY_FILE],
    )
}

#[test]
fn floods_end_the_guest() {
    let log = run_until_stopped(
        MESSAGE,
        "(loop (call $message (i32.const 1) (i32.const 0) (i32.const 60000)) (br 0))",
        "",
        &[],
    );
    assert!(
        log.contains("limit of 1048576 bytes of messages reached"),
        "{log}"
    );
    let empty = run_until_stopped(
        MESSAGE,
        "(loop (call $message (i32.const 1) (i32.const 0) (i32.const 0)) (br 0))",
        "",
        &[],
    );
    assert!(
        empty.contains("limit of 1048576 bytes of messages reached"),
        "{empty}"
    );
    let many = endless_writes(0);
    assert!(
        many.contains("limit of 1000 proposals in one call reached"),
        "{many}"
    );
    assert!(
        endless_writes(60_000)
            .contains("limit of 16777216 bytes of proposals, findings and facts reached")
    );
    let modifier = r#"(import "kubephase:plugin/effects@0.1.0" "requires"
        (func $requires (param i32 i32 i32)))"#;
    // The proposals come first, a little fewer than the limit: an edge takes little memory, and
    // processor time is limited as well.
    let call = "(call $write (i32.const 24) (i32.const 2) (i32.const 0) (i32.const 60000) \
        (i32.const 1024))";
    let count = "(global.set $count (i32.add (global.get $count) (i32.const 1)))";
    let many =
        format!("(loop {call} {count} (br_if 0 (i32.lt_u (global.get $count) (i32.const 270))))");
    let linked = run_until_stopped(
        &format!("{WRITE_FILE}{modifier}"),
        &format!(
            "{many} (loop (call $requires (i32.const 0) (i32.const 0) (i32.const 1024)) (br 0))"
        ),
        "(global $count (mut i32) (i32.const 0))",
        &[ANY_FILE],
    );
    assert!(linked.contains("limit of 16777216 bytes"), "{linked}");
}

#[test]
fn a_call_that_copies_too_much_data_is_refused() {
    let run = "(drop (memory.grow (i32.const 100))) (call $message (i32.const 1) (i32.const 0) \
        (i32.const 5000000))";
    let message = run_until_stopped(MESSAGE, run, "", &[]);
    assert!(
        message.contains("too much data is being copied"),
        "{message}"
    );
}

#[test]
fn components_that_take_too_much_memory_together_are_not_loaded() {
    let engine = engine();
    let prepare = |number: usize| {
        let name = "n".repeat(90_000);
        let exports: String = (0..20)
            .map(|export| format!("(export \"{number}-{export}-{name}\" (func 0))"))
            .collect();
        let module = wat::parse_str(format!("(module (func) {exports})")).unwrap();
        let mut component = with_manifest(guest("", "", ""), &manifest(&[]));
        let section = RawSection {
            id: ComponentSectionId::CoreModule.into(),
            data: &module,
        };
        section.append_to(&mut component);
        engine.load(component).unwrap().prepare()
    };
    let refused = (0..12).find_map(|number| Some(format!("{:#}", prepare(number).err()?)));
    let refused = refused.expect("one of them is refused");
    assert!(refused.contains("67108864 are allowed"), "{refused}");
    // A component that is loaded already takes no more memory.
    prepare(0).unwrap();
}
