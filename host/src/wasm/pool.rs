//! The pool of memories and tables for calls of components. They are mapped once and used again:
//! mapping and unmapping them for each call would stop the other threads of the program each time.
use super::limits::{MAX_CALLS, MAX_INSTANCES, MAX_MEMORIES, TABLE_ELEMENT_BYTES};
use crate::config::plugin_limits::MEMORIES;
use wasmtime::{Enabled, PoolingAllocationConfig};

/// Bytes of a memory that stay mapped after a call, if the kernel can tell which pages have to be
/// cleared.
const RESIDENT_BYTES: usize = 256 << 10;
/// The largest number of elements of a table: as many as the highest limit on memory allows.
const MAX_TABLE_ELEMENTS: usize = *MEMORIES.end() / TABLE_ELEMENT_BYTES;
/// Bytes of an instance's metadata. Components in Python have large modules.
const INSTANCE_BYTES: usize = 16 << 20;

/// Configures a pool that is large enough for [`MAX_CALLS`] calls, each up to its limits.
pub fn pool() -> PoolingAllocationConfig {
    let resident = if PoolingAllocationConfig::is_pagemap_scan_available() {
        RESIDENT_BYTES
    } else {
        0
    };
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(of_all_calls(1))
        .total_core_instances(of_all_calls(MAX_INSTANCES))
        .total_memories(of_all_calls(MAX_MEMORIES))
        .total_tables(of_all_calls(MAX_MEMORIES))
        // The limits of a call are checked elsewhere, with better messages.
        .max_memories_per_module(of_all_calls(MAX_MEMORIES))
        .max_tables_per_module(of_all_calls(MAX_MEMORIES))
        .table_elements(MAX_TABLE_ELEMENTS)
        .max_core_instance_size(INSTANCE_BYTES)
        .max_component_instance_size(INSTANCE_BYTES)
        // The slot that was used last is used first.
        .max_unused_warm_slots(0)
        .linear_memory_keep_resident(resident)
        .table_keep_resident(resident)
        .pagemap_scan(Enabled::Auto);
    pool
}

/// Returns the number of slots for all calls at the same time, from the number for each.
fn of_all_calls(each: usize) -> u32 {
    u32::try_from(MAX_CALLS * each).unwrap_or(u32::MAX)
}
