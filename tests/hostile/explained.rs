//! What goes wrong in a plugin is told so that its author knows what to do: each kind has a code and words of its own.

use crate::case::Case;
use crate::wat::{BINDS_OUT, Node, component, with_modules};

fn imports(interface: &str) -> Case {
    let text = format!(r#"(component (import "jackfield:plugin/{interface}" (instance)))"#);
    Case::evil(&wat::parse_str(text).unwrap())
}

#[test]
fn x01_interfaces_of_a_later_release() {
    for interface in ["log@0.7.0", "log@0.1.1", "log@1.0.0"] {
        imports(interface).run().refused(
            "plugin-api",
            &[
                "evil 6.6.6",
                interface,
                "offers jackfield:plugin@0.1.0",
                "update jackfield, or use a release of the plugin",
            ],
        );
    }
}

#[test]
fn x02_interfaces_of_an_earlier_release() {
    imports("log@0.0.9").run().refused(
        "plugin-api",
        &[
            "built for jackfield:plugin/log@0.0.9",
            "build the plugin again with the interfaces of jackfield:plugin@0.1.0",
        ],
    );
}

#[test]
fn x03_interfaces_without_a_version() {
    imports("log").run().refused("plugin-api", &["jackfield:plugin/log", "a version of three numbers"]);
}

#[test]
fn x04_missing_export() {
    // The interface is there, none of its functions is.
    let text = r#"(component (instance $none) (export "jackfield:plugin/node@0.1.0" (instance $none)))"#;
    let ran = Case::evil(&wat::parse_str(text).unwrap()).run();
    ran.refused("missing-export", &["evil 6.6.6", "instance", "export all functions"]);
    // There is nothing at all.
    let ran = Case::evil(&wat::parse_str("(component)").unwrap()).run();
    ran.refused(
        "missing-export",
        &["none of node, format, codec, hook and service", "whichever the manifest provides"],
    );
}

#[test]
fn x05_trap_while_starting() {
    let module = wat::parse_str("(module (func $boom unreachable) (start $boom))").unwrap();
    let ran = Case::evil(&with_modules(&Node::default().bytes(), &module, 1)).run();
    ran.refused(
        "plugin-start",
        &["evil 6.6.6", "it trapped while it started, before its first call", "runs before main"],
    );
    ran.event("evil", "plugin-start");
}

#[test]
fn x06_trap_in_initialize() {
    let initialize = r#"(func $initialize (export "_initialize") unreachable) (func (export "f"))"#;
    let text = Node { fields: initialize, ..Node::default() }.text();
    let ran = Case::evil(&component(&text, "node-plugin")).run();
    ran.refused("plugin-start", &["it trapped while it started", "_initialize"]);
    ran.event("evil", "plugin-start");
}

#[test]
fn x07_kept_borrow() {
    // It comes back without dropping the batch that it was lent.
    let node = Node { bind: BINDS_OUT, process: "(return (i32.const 4096))", ..Node::default() };
    let ran = Case::evil(&node.bytes()).run();
    ran.refused("kept-borrow", &["evil 6.6.6", "borrow handles still remain", "before the call returns", "share"]);
    ran.event("evil", "kept-borrow");
}

#[test]
fn x08_panic_with_place_and_rows() {
    let ran = Case::node("faults", "fault", "{ how = \"panic\" }").run();
    let words = [
        "plugin faults 0.1.0 in stage n",
        "it panicked at faults/src/lib.rs:",
        ": this guest panics on purpose",
        "it was working on batch 1: 4 rows, records 1 to 4 of in.csv",
        // Where there are line tables, the backtrace has files and lines.
        "faults/src/lib.rs:",
    ];
    ran.refused("plugin-trap", &words).event("faults", "plugin-trap");
}

#[test]
fn x09_panic_in_a_later_batch() {
    let pipeline = "batch-rows = 2\n\n[source.a]\npath = \"in.csv\"\n\n[node.n]\ntype = \"fault\"\ninput = \"a\"\n\
                    params = { how = \"panic\", after = 1 }\n\n[sink.out]\ninput = \"n\"\npath = \"out.jsonl\"\n";
    let ran = Case::pipeline(pipeline).with_guest("faults").run();
    ran.refused("plugin-trap", &["it was working on batch 2: 2 rows, records 3 to 4 of in.csv"]);
}

#[test]
fn x10_damaged_debug_information() {
    // What stands in for files and lines is the plugin's own, and is looked at when it traps.
    let mut sections = String::new();
    for name in [".debug_info", ".debug_line", ".debug_abbrev", ".debug_str", ".debug_ranges"] {
        sections.push_str(&format!(
            "(@custom \"{name}\" \"{}\")\n",
            "\\ff\\ff\\ff\\7f\\05\\00\\01\\08\\00\\ff\\80".repeat(200)
        ));
    }
    let node = Node { bind: BINDS_OUT, process: "unreachable", fields: &sections, ..Node::default() };
    let ran = Case::evil(&node.bytes()).run();
    ran.refused("plugin-trap", &["evil 6.6.6", "it trapped"]).event("evil", "plugin-trap");
    ran.within(std::time::Duration::from_secs(10));
}
