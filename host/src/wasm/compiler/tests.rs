use super::*;

#[test]
fn limits_grow_with_the_component_up_to_a_ceiling() {
    let of = |mebibytes: usize| Allowance::for_component(mebibytes << 20);
    assert_eq!(
        (of(0).memory, of(0).processor, of(0).wall),
        (of(8).memory, of(8).processor, of(8).wall)
    );
    assert_eq!(
        (of(8).memory, of(8).processor, of(8).wall),
        (limits::COMPILE_MEMORY, 20, limits::COMPILE_WALL)
    );
    assert!(of(12).memory > of(8).memory && of(12).wall > of(8).wall);
    assert_eq!(
        (of(64).memory, of(64).processor),
        (limits::MAX_COMPILE_MEMORY, limits::MAX_COMPILE_PROCESSOR)
    );
}

#[test]
fn a_process_with_another_name_does_not_compile() {
    assert!(run_child().is_none());
}
