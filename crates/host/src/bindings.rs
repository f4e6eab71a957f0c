//! What wasmtime generates from `wit/`: every interface the host offers and every one a plugin may export.

#![allow(missing_docs, missing_debug_implementations, unreachable_pub, reason = "generated")]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "host-side",
    imports: {
        "jackfield:plugin/streams": async | trappable,
        "jackfield:plugin/hooking": async | trappable,
        "jackfield:plugin/services": async | trappable,
        default: trappable,
    },
    exports: { default: async },
    with: {
        "jackfield:plugin/data.column": crate::held::HeldColumn,
        "jackfield:plugin/data.batch": crate::held::HeldBatch,
        "jackfield:plugin/compute.grouper": crate::held::HeldGrouper,
        "jackfield:plugin/compute.accumulator": crate::held::HeldAccumulator,
        "jackfield:plugin/compute.joiner": crate::held::HeldJoiner,
        "jackfield:plugin/compute.matches": crate::held::HeldMatches,
        "jackfield:plugin/sql.expression": crate::held::HeldExpression,
        "jackfield:plugin/spill.spool": crate::held::HeldSpool,
        "jackfield:plugin/spill.merger": crate::held::HeldMerger,
        "jackfield:plugin/streams.source": crate::held::HeldSource,
        "jackfield:plugin/streams.sink": crate::held::HeldSink,
        "jackfield:plugin/hooking.chain": crate::held::HeldChain,
    },
});
