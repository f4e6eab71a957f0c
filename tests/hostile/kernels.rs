//! K and D: what the host computes and accepts on a plugin's wish.

use std::time::Duration;

use jackfield_runtime::columns::compute::functions;

use crate::case::{Case, Ran};
use crate::wat::{BINDS_OUT, Node};

fn hoard(what: &str) -> Case {
    Case::node("hoards", "hoard", &format!("{{ what = \"{what}\" }}"))
}

fn lie(what: &str) -> Ran {
    Case::node("lies", "lie", &format!("{{ what = \"{what}\" }}")).run()
}

fn corpus(case: &str) -> Case {
    Case::node("corpus", "corpus", &format!("{{ case = \"{case}\" }}"))
}

#[test]
fn k01_handle_hoard_data() {
    let rows: String = std::iter::once("n\n".to_owned()).chain((0..2_000_000).map(|n| format!("{n}\n"))).collect();
    let ran = hoard("batches").file("in.csv", rows.as_bytes()).limit("memory = \"8MiB\"").run();
    ran.stopped("hoards", "memory", "8 MiB").peaked(10 * (32 << 20));
}

#[test]
fn k02_wild_rows() {
    for (what, code) in [
        ("take-beyond", "out-of-bounds"),
        ("slice-beyond", "out-of-bounds"),
        ("column-beyond", "out-of-bounds"),
        ("unequal-columns", "out-of-bounds"),
    ] {
        lie(what).refused(code, &["node.n"]);
    }
    for what in ["made-length", "mask-length", "reject-length"] {
        lie(what).refused("plugin-protocol", &["lies 0.1.0", "length"]).event("lies", "plugin-protocol");
    }
}

#[test]
fn k03_text_bomb() {
    hoard("text").run().refused("memory", &["256 MiB", "limits.memory"]).peaked(10 * (256 << 20));
    for case in ["k03-pad", "k03-repeat", "k03-join", "k03-take"] {
        let ran = corpus(case).run();
        let codes: Vec<&str> = ran.codes();
        assert!(codes.iter().all(|code| ["memory", "too-large"].contains(code)), "{case}: {codes:?}");
        ran.peaked(10 * (256 << 20));
    }
}

#[test]
fn k03_take_that_would_be_a_tebibyte() {
    // A selection is small; what leaves counts as what it becomes.
    let ran = corpus("k03-emit").run();
    ran.stopped("corpus", "emitted-bytes", "1 GiB").peaked(10 * (256 << 20));
}

#[test]
fn k04_pattern() {
    lie("pattern").refused("too-large", &["a pattern may have at most 4 KiB"]).within(Duration::from_secs(10));
    corpus("k04-patterns").run().output();
}

#[test]
fn k05_groups() {
    let ran = hoard("groups").limit("memory = \"64MiB\"").run();
    ran.refused("memory", &["node.n", "64 MiB", "raise `limits.memory`"]).peaked(10 * (64 << 20));
}

#[test]
fn k06_slow_kernel() {
    let ran = hoard("kernels").raise("fuel-per-call").limit("call-timeout = \"300ms\"").run();
    ran.stopped("hoards", "call-timeout", "300ms").within(Duration::from_millis(300 + 10 * 50 + 2000));
    // Fuel is charged for what the host does.
    hoard("kernels").limit("fuel-per-call = 100000000").run().stopped("hoards", "fuel-per-call", "100000000");
}

#[test]
fn k07_wrong_types() {
    let names: Vec<String> = functions().iter().map(|function| format!("\"{}\"", function.name)).collect();
    assert!(names.len() > 100);
    let params = format!("{{ case = \"k07-wrong-types\", functions = [{}] }}", names.join(", "));
    let ran = Case::node("corpus", "corpus", &params).run();
    assert_eq!(ran.output().lines().count(), 4);
}

fn stale(process: &str, imports: &str) -> Ran {
    Case::evil(&Node { imports, bind: BINDS_OUT, process, ..Node::default() }.bytes()).run()
}

const SHARE: &str =
    r#"(import "jackfield:plugin/data@0.1.0" "[method]batch.share" (func $share (param i32) (result i32)))"#;

#[test]
fn k08_stale_handle_used_after_its_drop() {
    let process = "(call $drop (local.get $input)) (drop (call $share (local.get $input)))";
    stale(process, SHARE).refused("plugin-trap", &["evil 6.6.6", "handle"]).event("evil", "plugin-trap");
}

#[test]
fn k08_stale_handle_of_nobody() {
    let process = "(drop (call $share (i32.const 12345)))";
    stale(process, SHARE).refused("plugin-trap", &["evil 6.6.6", "handle"]);
}

#[test]
fn k08_stale_handle_dropped_twice() {
    let process = "(call $drop (local.get $input)) (call $drop (local.get $input))";
    stale(process, "").refused("plugin-trap", &["evil 6.6.6", "handle"]);
}

#[test]
fn k08_stale_borrow_kept_beyond_its_call() {
    let process = "(return (i32.const 4096))";
    stale(process, "").refused("kept-borrow", &["evil 6.6.6", "borrow"]);
}

#[test]
fn k09_type_text() {
    for what in ["deep-type-text", "deep-other-type", "cyclic-children", "shared-children", "child-beyond", "deep-tree"]
    {
        let ran = lie(what);
        assert!(!ran.succeeded(), "{what} was believed");
        ran.peaked(10 * (32 << 20));
    }
    let ran = hoard("selections").limit("memory = \"64MiB\"").run();
    assert!(ran.succeeded());
    ran.peaked(10 * (64 << 20));
}

#[test]
fn k10_peek_behind() {
    let pipeline = "[source.a]\npath = \"in.csv\"\n\n[node.f]\ntype = \"filter\"\ninput = \"a\"\n\
                    params = { where = \"x = 1 or x = 4\" }\n\n[node.n]\ntype = \"peek\"\ninput = \"f\"\n\n\
                    [sink.out]\ninput = \"n\"\npath = \"out.jsonl\"\n";
    let seen = Case::pipeline(pipeline).with_guest("peek").run().output();
    // x: 1 and 4 as little-endian int64; y: `a` and `d` with offsets from zero. Neither 2, 3 nor `ccc` is anywhere.
    assert!(seen.contains("01000000000000000400000000000000\"") && seen.contains("\"6164\""), "{seen}");
    assert!(!seen.contains("63") && !seen.contains("0300000000000000"), "{seen}");
}

#[test]
fn d03_bad_schema() {
    for what in ["batch-schema", "made-type", "made-extra", "port"] {
        lie(what).refused("plugin-protocol", &["lies 0.1.0"]).event("lies", "plugin-protocol");
    }
    let pipeline = "[source.a]\npath = \"in.csv\"\nformat = \"wrong-columns\"\n\n[sink.out]\ninput = \"a\"\npath = \"out.jsonl\"\n";
    let ran = Case::pipeline(pipeline).with_guest("formats").run();
    ran.refused("plugin-protocol", &["formats 0.1.0", "other"]);
}

#[test]
fn d04_lying_counts() {
    for what in [
        "huge-length",
        "short-values",
        "offsets-beyond",
        "offsets-falling",
        "offsets-negative",
        "null-count",
        "child-length",
    ] {
        let code = if what == "huge-length" { "too-large" } else { "invalid-buffers" };
        lie(what).refused(code, &["node.n"]).peaked(10 * (16 << 20));
    }
    let manners = "[source.a]\npath = \"in.csv\"\nformat = \"bad-rows\"\non-error = { dead-letter = \"bad.jsonl\" }\n\n\
                   [sink.out]\ninput = \"a\"\npath = \"out.jsonl\"\n";
    // Rows that a reader gives up are the error policy's.
    assert_eq!(Case::pipeline(manners).with_guest("formats").run().output().lines().count(), 7);
}

/// A zstd frame of 128 KiB blocks that each repeat one byte: 4 bytes each.
fn zstd_bomb(blocks: u32, byte: u8) -> Vec<u8> {
    // Magic, descriptor without checksum or size, window of 1 MiB.
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50];
    for block in 0..blocks {
        let last = u32::from(block + 1 == blocks);
        let header = last | 1 << 1 | (128 << 10) << 3;
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.push(byte);
    }
    frame
}

/// The bytes as a zstd frame that stores them.
fn zstd_stored(bytes: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50];
    let pieces: Vec<&[u8]> = bytes.chunks(64 << 10).collect();
    for (number, piece) in pieces.iter().enumerate() {
        let last = u32::from(number + 1 == pieces.len());
        let header = last | (u32::try_from(piece.len()).unwrap() << 3);
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.extend_from_slice(piece);
    }
    frame
}

const CSV_SOURCE: &str = "\n[sink.out]\ninput = \"a\"\npath = \"out.jsonl\"\n";

#[test]
fn d01_codec_bomb() {
    let pipeline = format!("[source.a]\npath = \"in.csv\"\nformat = \"csv\"\ncodec = \"bomb\"\n{CSV_SOURCE}");
    let ran = Case::pipeline(&pipeline).with_guest("codecs").file("in.csv", &[b'x'; 1024]).run();
    ran.stopped("codecs", "expansion", "1000 times").peaked(10 * (64 << 20));
}

#[test]
fn d01_a_real_codec_on_a_bomb() {
    // 3 KiB that are 96 MiB of line ends.
    let pipeline = format!("[source.a]\npath = \"in.csv.zst\"\n{CSV_SOURCE}");
    let ran = Case::pipeline(&pipeline).file("in.csv.zst", &zstd_bomb(768, b'\n')).run();
    ran.stopped("zstd", "expansion", "1000 times").peaked(10 * (64 << 20));
}

#[test]
fn d02_self_bomb() {
    // A bomb in a bomb: one layer is taken off, and what is inside is no CSV.
    let pipeline = format!("[source.a]\npath = \"in.csv.zst\"\nformat = \"csv\"\n{CSV_SOURCE}");
    let ran = Case::pipeline(&pipeline).file("in.csv.zst", &zstd_stored(&zstd_bomb(100_000, 0))).run();
    assert!(!ran.succeeded());
    ran.peaked(10 * (64 << 20)).within(Duration::from_secs(20));
}

#[test]
fn d06_reader_without_end() {
    let pipeline = "[source.a]\npath = \"in.csv\"\nformat = \"endless-format\"\n\n[sink.out]\ninput = \"a\"\npath = \"out.jsonl\"\n";
    let ran = Case::pipeline(pipeline).with_guest("formats").run();
    ran.stopped("formats", "expansion", "1000 times");
}

#[test]
fn d07_writer_without_end() {
    let pipeline =
        "[source.a]\npath = \"in.csv\"\n\n[sink.out]\ninput = \"a\"\npath = \"out.jsonl\"\ncodec = \"endless\"\n";
    let ran = Case::pipeline(pipeline).with_guest("codecs").run();
    ran.stopped("codecs", "expansion", "1000 times");
    let ran = Case::pipeline(pipeline).with_guest("codecs").limit("written-bytes = \"16MiB\"").run();
    ran.stopped("codecs", "written-bytes", "16 MiB");
}

#[test]
fn d08_node_without_end() {
    corpus("d08-endless-rows").run().stopped("corpus", "expansion", "1000 times");
    let ran = corpus("d08-many-rows").limit("emitted-rows = 10000").run();
    ran.stopped("corpus", "emitted-rows", "10000");
}

#[test]
fn d09_empty_lines() {
    // Nothing is in them, and nothing is kept of them.
    let pipeline = "[source.a]\npath = \"empty.csv\"\n\n[sink.out]\ninput = \"a\"\npath = \"out.jsonl\"\n";
    let text = format!("a,b,c,d,e,f,g,h\n{}1,2,3,4,5,6,7,8\n", "\n".repeat(64 << 20));
    let ran = Case::pipeline(pipeline).file("empty.csv", text.as_bytes()).limit("memory = \"48MiB\"").run();
    assert_eq!(ran.output().lines().count(), 1);
    ran.peaked(10 * (48 << 20));
}
