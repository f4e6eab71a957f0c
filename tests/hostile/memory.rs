//! M: memory, tables, handles, stacks.

use std::fs;
use std::path::Path;

use crate::case::Case;
use crate::wat::{BINDS_OUT, Node, with_modules};

fn evil(node: &Node<'_>) -> Case {
    Case::evil(&Node { bind: BINDS_OUT, ..*node }.bytes())
}

const CREATE: &str = r#"(import "jackfield:plugin/data@0.1.0" "[static]column.create"
    (func $create (param i32 i32 i32 i32 i32)))"#;

#[test]
fn m01_many_mem() {
    // Eight modules, each with a memory as large as the limit.
    let module = wat::parse_str("(module (memory 1024) (data (i32.const 0) \"x\"))").unwrap();
    let component = with_modules(&Node::default().bytes(), &module, 7);
    let ran = Case::evil(&component).limit("memory = \"64MiB\"").run();
    ran.stopped("evil", "memory", "64 MiB").peaked(10 * (64 << 20));
}

#[test]
fn m01_more_memories_than_there_may_be() {
    let module = wat::parse_str("(module (memory 1))").unwrap();
    let ran = Case::evil(&with_modules(&Node::default().bytes(), &module, 12)).run();
    ran.refused("too-many-parts", &["evil", "memories", "8", "built in"]).event("evil", "too-many-parts");
}

#[test]
fn m02_nested_lists() {
    // 100,000 levels of a column, which all lie at the same 65,000 bytes: 4 MiB become 6.5 GB in whoever copies them.
    let process = "(drop (memory.grow (i32.const 80)))
        (local.set $i (i32.const 0))
        (loop $fill
          (i32.store (i32.add (i32.const 131104) (i32.mul (local.get $i) (i32.const 40))) (i32.const 0))
          (i32.store (i32.add (i32.const 131108) (i32.mul (local.get $i) (i32.const 40))) (i32.const 65000))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $fill (i32.lt_u (local.get $i) (i32.const 100000))))
        (call $create (i32.const 0) (i32.const 0) (i32.const 131072) (i32.const 100000) (i32.const 9000))";
    let ran = evil(&Node { imports: CREATE, process, ..Node::default() }).run();
    ran.stopped("evil", "hostcall-fuel", "16 MiB").peaked(10 * (16 << 20));
}

#[test]
fn m04_dyn_val() {
    // One level of 60 MiB.
    let process = "(drop (memory.grow (i32.const 1000)))
        (i32.store (i32.const 7032) (i32.const 65536))
        (i32.store (i32.const 7036) (i32.const 62914560))
        (call $create (i32.const 0) (i32.const 0) (i32.const 7000) (i32.const 1) (i32.const 9000))";
    let ran = evil(&Node { imports: CREATE, process, ..Node::default() }).run();
    ran.stopped("evil", "hostcall-fuel", "16 MiB").peaked(10 * (62 << 20));
}

#[test]
fn m04_no_dynamic_call_is_reachable() {
    // wasmtime's dynamic values take 40 bytes for each element of a list. Nothing in the host makes or takes one: every
    // import is generated or typed by hand, and exports are reached through generated bindings only.
    let mut files = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("crates")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            match path.is_dir() {
                true => folders.push(path),
                false => files.push(path),
            }
        }
    }
    let words =
        ["Val::", "component::Val", "Val>", "func_new", "get_func(", "get_export(", "LinkerInstance", "Func::new"];
    let mut seen = 0;
    for file in files.into_iter().filter(|file| file.extension().is_some_and(|ending| ending == "rs")) {
        let text = fs::read_to_string(&file).unwrap();
        if !text.contains("wasmtime") {
            continue;
        }
        seen += 1;
        for word in words {
            assert!(!text.contains(word), "{} uses {word}: a call with dynamic values", file.display());
        }
    }
    assert!(seen > 10, "the host was not found");
}

#[test]
fn m05_fd_hoard_of_polls() {
    let ran = Case::node("corpus", "corpus", "{ case = \"m05-hoard\" }").run();
    ran.stopped("corpus", "resource-table", "256");
}

#[test]
fn m06_handle_hoard() {
    let ran = evil(&Node { process: "(loop $l (drop (call $new (i32.const 1))) (br $l))", ..Node::default() }).run();
    ran.stopped("evil", "handles", "16384").peaked(10 * (8 << 20));
}

#[test]
fn m07_table_grow() {
    let node = Node {
        fields: "(table $t 1 funcref)",
        process: "(if (i32.eq (table.grow $t (ref.null func) (i32.const 2147483647)) (i32.const -1)) (then unreachable))",
        ..Node::default()
    };
    evil(&node).run().stopped("evil", "memory", "256 MiB").peaked(10 * (4 << 20));
}

#[test]
fn m08_memory_grow() {
    let process = "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 16)) (i32.const -1)))) unreachable";
    let ran = evil(&Node { process, ..Node::default() }).limit("memory = \"64MiB\"").run();
    ran.stopped("evil", "memory", "64 MiB").peaked(10 * (64 << 20));
}

#[test]
fn m09_recursion() {
    let node = Node {
        fields: "(func $deep (param i64) (result i64) (i64.add (local.get 0) (call $deep (i64.add (local.get 0) (i64.const 1)))))",
        process: "(drop (call $deep (i64.const 0)))",
        ..Node::default()
    };
    let ran = evil(&node).run();
    ran.refused("stack", &["evil 6.6.6", "512 KiB", "built in", "tell its authors"]).event("evil", "stack");
}
