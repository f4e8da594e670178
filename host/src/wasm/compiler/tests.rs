use super::*;

fn allowance_of(mebibytes: usize) -> CompilationLimits {
    CompilationLimits::for_component(mebibytes << 20)
}

#[test]
fn limits_grow_with_the_component_up_to_a_ceiling() {
    assert_eq!(
        (
            allowance_of(0).memory,
            allowance_of(0).processor,
            allowance_of(0).wall
        ),
        (
            allowance_of(8).memory,
            allowance_of(8).processor,
            allowance_of(8).wall
        )
    );
    assert_eq!(
        (
            allowance_of(8).memory,
            allowance_of(8).processor,
            allowance_of(8).wall
        ),
        (limits::COMPILE_MEMORY_BYTES, 20, limits::COMPILE_TIME)
    );
    assert!(
        allowance_of(12).memory > allowance_of(8).memory
            && allowance_of(12).wall > allowance_of(8).wall
    );
    assert_eq!(
        (allowance_of(64).memory, allowance_of(64).processor),
        (
            limits::MAX_COMPILE_MEMORY_BYTES,
            limits::MAX_COMPILE_PROCESSOR_SECONDS
        )
    );
}

#[test]
fn a_process_with_another_name_does_not_compile() {
    assert!(run_child().is_none());
}
