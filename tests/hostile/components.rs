//! C and S08: bytes that are no honest component.

use std::fmt::Write;
use std::fs;
use std::time::{Duration, Instant};

use jackfield_runtime::host::inspect;

use crate::case::Case;
use crate::support::{folder, jackfield, lay_out, text};
use crate::wat::{Node, with_modules};

/// 849 bytes that come to 10^8 instances.
fn billion_laughs() -> Vec<u8> {
    let mut text = String::from("(component (component $c0 (core module $m) (core instance (instantiate $m)))");
    for level in 1..9 {
        write!(text, "(component $c{level} (alias outer 1 $c{} (component $x))", level - 1).unwrap();
        text.push_str(&"(instance (instantiate $x))".repeat(10));
        text.push(')');
    }
    text.push_str("(instance (instantiate $c8)))");
    wat::parse_str(&text).unwrap()
}

#[test]
fn c01_billion_laughs() {
    let bytes = billion_laughs();
    assert!(bytes.len() < 1000);
    let quickest = (0..20).map(|_| {
        let started = Instant::now();
        let error = inspect(&bytes).unwrap_err();
        assert!(error.to_string().contains("256 instances"), "{error}");
        started.elapsed()
    });
    let quickest = quickest.min().unwrap();
    assert!(quickest < Duration::from_millis(10), "{quickest:?}");
    Case::evil(&bytes).run().refused("component-refused", &["evil 6.6.6", "256 instances"]).peaked(64 << 20);
}

#[test]
fn c03_malformed() {
    // Cut at every length, and changed at every place, by every kind of change: each is refused or found in order, in no
    // time and without a panic. What is found in order goes on to the loader's other checks.
    let plain = Node::default().bytes();
    let module = wat::parse_str("(module (memory 1) (func (export \"f\")))").unwrap();
    let bytes = with_modules(&plain, &module, 2);
    for length in 0..bytes.len() {
        let _ = inspect(&bytes[..length]);
    }
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 16).unwrap()
    };
    let started = Instant::now();
    for _ in 0..20_000 {
        let mut changed = bytes.clone();
        for _ in 0..=random() % 4 {
            let at = 8 + random() % (changed.len() - 8);
            match random() % 4 {
                0 => changed[at] ^= 1 << (random() % 8),
                1 => changed[at] = 0xff,
                2 => drop(changed.splice(at..at, [0x80, 0x80, 0x80, 0x80, 0x0f])),
                _ => changed.truncate(at.max(9)),
            }
        }
        let _ = inspect(&changed);
    }
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
    for section in 0..=13_u8 {
        // A section that says it is as long as there is address space.
        let mut huge = b"\0asm\x0d\0\x01\0".to_vec();
        huge.extend([section, 0xff, 0xff, 0xff, 0xff, 0x0f]);
        assert!(inspect(&huge).is_err(), "section {section}");
    }
    Case::evil(&bytes[..bytes.len() / 2]).run().refused("not-a-component", &["evil 6.6.6"]);
}

#[test]
fn c04_wrong_world_asks_for_sockets() {
    let ran = Case::node("sockets", "connect", "{}").run();
    ran.refused("import-not-permitted", &["wasi:sockets", "network.socket", "[permissions]"]);
}

#[test]
fn c04_wrong_world_asks_for_what_nobody_offers() {
    let bytes = wat::parse_str(r#"(component (import "acme:own/thing@1.0.0" (instance)))"#).unwrap();
    Case::evil(&bytes).run().refused("import-not-permitted", &["acme:own/thing", "no permission"]);
}

#[test]
fn c04_wrong_world_lacks_what_it_claims() {
    Case::node("liar", "ghost", "{}")
        .run()
        .refused("manifest-contradicts-component", &["liar", "jackfield:plugin/node"]);
}

#[test]
fn s08_compiled_code_is_no_plugin() {
    for bytes in [b"\x7fELF\x02\x01\x01\0 and so on".to_vec(), fs::read(std::env::current_exe().unwrap()).unwrap()] {
        let ran = Case::evil(&bytes[..bytes.len().min(1 << 20)]).run();
        ran.refused("not-a-component", &["compiled code"]);
    }
}

#[test]
fn s08_edited_cache_is_compiled_anew() {
    let pipeline = "[source.a]\npath = \"in.csv\"\n\n[node.n]\ntype = \"kinds-node\"\ninput = \"a\"\n\n\
                    [sink.out]\ninput = \"n\"\npath = \"out.jsonl\"\n";
    let folder = folder(pipeline, &[("in.csv", b"x\n1\n")]);
    let plugins = lay_out("kinds", folder.path());
    let (cache, state) = (folder.path().join("cache"), folder.path().join("state"));
    let run = || {
        let output = jackfield(folder.path())
            .args(["run", "pipeline.toml"])
            .env("JACKFIELD_PLUGINS", &plugins)
            .env("JACKFIELD_CACHE", &cache)
            .env("JACKFIELD_STATE", &state)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output));
        fs::read_to_string(folder.path().join("out.jsonl")).unwrap()
    };
    let first = run();
    let code = || fs::read_dir(&cache).unwrap().map(|entry| entry.unwrap().path());
    let code: Vec<_> = code().filter(|path| path.extension().is_some_and(|ending| ending == "code")).collect();
    assert!(code.len() >= 3, "{code:?}");
    let mut bad = Vec::new();
    for file in &code {
        let mut bytes = fs::read(file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0xff;
        fs::write(file, &bytes).unwrap();
        bad.push(bytes);
    }
    assert_eq!(run(), first);
    for (file, bad) in code.iter().zip(bad) {
        assert_ne!(fs::read(file).unwrap(), bad, "the changed {} was taken", file.display());
    }
}
