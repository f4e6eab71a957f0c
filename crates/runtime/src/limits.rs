//! What `[limits]` tables make of the limits: the operator sets them, everybody else may only lower them.

use jackfield_host::{LimitEntry, Limits};
use jackfield_manifest::{LimitSettings, Problem, Severity};

use crate::diagnose::problem;

/// The limits with what `wanted` says, higher or lower: for the operator's own configuration.
pub(crate) fn set(limits: &Limits, wanted: &LimitSettings) -> Limits {
    let LimitSettings {
        memory,
        fuel_per_call,
        fuel_per_instance,
        call_timeout,
        instance_timeout,
        hostcall_fuel,
        handles,
        resource_table,
        open_files,
        written_bytes,
        emitted_bytes,
        emitted_rows,
        expansion,
        spill_bytes,
        run_spill_bytes,
        log_lines,
        log_bytes,
        recycle_calls,
        recycle_age,
        recycle_memory,
        recycle_handles,
    } = wanted.clone();
    let size = |bytes: u64| usize::try_from(bytes).unwrap_or(usize::MAX);
    let old = limits.clone();
    Limits {
        memory_bytes: memory.map_or(old.memory_bytes, |bytes| bytes.0),
        fuel_per_call: fuel_per_call.unwrap_or(old.fuel_per_call),
        fuel_per_instance: fuel_per_instance.unwrap_or(old.fuel_per_instance),
        call_timeout: call_timeout.unwrap_or(old.call_timeout),
        instance_timeout: instance_timeout.unwrap_or(old.instance_timeout),
        hostcall_fuel: hostcall_fuel.map_or(old.hostcall_fuel, |bytes| size(bytes.0)),
        handles: handles.unwrap_or(old.handles),
        wasi_handles: resource_table.map_or(old.wasi_handles, |entries| entries as usize),
        open_files: open_files.map_or(old.open_files, |files| files as usize),
        written_bytes: written_bytes.map_or(old.written_bytes, |bytes| bytes.0),
        emitted_bytes: emitted_bytes.map_or(old.emitted_bytes, |bytes| bytes.0),
        emitted_rows: emitted_rows.unwrap_or(old.emitted_rows),
        expansion: expansion.unwrap_or(old.expansion),
        spill_bytes: spill_bytes.map_or(old.spill_bytes, |bytes| bytes.0),
        run_spill_bytes: run_spill_bytes.map_or(old.run_spill_bytes, |bytes| bytes.0),
        log_lines: log_lines.unwrap_or(old.log_lines),
        log_bytes: log_bytes.map_or(old.log_bytes, |bytes| size(bytes.0)),
        recycle_calls: recycle_calls.unwrap_or(old.recycle_calls),
        recycle_age: recycle_age.unwrap_or(old.recycle_age),
        recycle_memory: recycle_memory.map_or(old.recycle_memory, |bytes| bytes.0),
        recycle_handles: recycle_handles.unwrap_or(old.recycle_handles),
        instances: old.instances,
        tables: old.tables,
        memories: old.memories,
    }
}

/// The limits where `wanted` lowers `ceiling`; what would raise one stays at the ceiling, with a warning.
pub(crate) fn lower(ceiling: &Limits, wanted: &LimitSettings, who: &str, warnings: &mut Vec<Problem>) -> Limits {
    let asked = set(ceiling, wanted);
    for (asked, allowed) in asked.entries().into_iter().zip(ceiling.entries()) {
        let LimitEntry { name, value, .. } = asked;
        let holds = allowed.value;
        if value > holds {
            let message = format!("{who} asks for {name} = {value}, above the allowed {holds}; {holds} holds");
            let mut warning = problem("limit-above-ceiling", message);
            warning.severity = Severity::Warning;
            warnings.push(warning);
        }
    }
    Limits {
        memory_bytes: asked.memory_bytes.min(ceiling.memory_bytes),
        fuel_per_call: asked.fuel_per_call.min(ceiling.fuel_per_call),
        fuel_per_instance: asked.fuel_per_instance.min(ceiling.fuel_per_instance),
        call_timeout: asked.call_timeout.min(ceiling.call_timeout),
        instance_timeout: asked.instance_timeout.min(ceiling.instance_timeout),
        hostcall_fuel: asked.hostcall_fuel.min(ceiling.hostcall_fuel),
        handles: asked.handles.min(ceiling.handles),
        wasi_handles: asked.wasi_handles.min(ceiling.wasi_handles),
        open_files: asked.open_files.min(ceiling.open_files),
        written_bytes: asked.written_bytes.min(ceiling.written_bytes),
        emitted_bytes: asked.emitted_bytes.min(ceiling.emitted_bytes),
        emitted_rows: asked.emitted_rows.min(ceiling.emitted_rows),
        expansion: asked.expansion.min(ceiling.expansion),
        spill_bytes: asked.spill_bytes.min(ceiling.spill_bytes),
        run_spill_bytes: asked.run_spill_bytes.min(ceiling.run_spill_bytes),
        log_lines: asked.log_lines.min(ceiling.log_lines),
        log_bytes: asked.log_bytes.min(ceiling.log_bytes),
        recycle_calls: asked.recycle_calls.min(ceiling.recycle_calls),
        recycle_age: asked.recycle_age.min(ceiling.recycle_age),
        recycle_memory: asked.recycle_memory.min(ceiling.recycle_memory),
        recycle_handles: asked.recycle_handles.min(ceiling.recycle_handles),
        instances: ceiling.instances,
        tables: ceiling.tables,
        memories: ceiling.memories,
    }
}

#[cfg(test)]
mod tests {
    use jackfield_manifest::Bytes;

    use super::*;

    #[test]
    fn the_operator_sets_and_others_lower() {
        let wanted = LimitSettings { memory: Some(Bytes(1 << 40)), expansion: Some(7), ..LimitSettings::default() };
        let limits = set(&Limits::default(), &wanted);
        assert_eq!((limits.memory_bytes, limits.expansion), (1 << 40, 7));
        let mut warnings = Vec::new();
        let limits = lower(&Limits::default(), &wanted, "somebody", &mut warnings);
        assert_eq!((limits.memory_bytes, limits.expansion), (256 << 20, 7));
        assert_eq!(warnings.len(), 1);
        assert!(warnings[0].message.contains("memory = 1 TiB"), "{}", warnings[0].message);
    }
}
