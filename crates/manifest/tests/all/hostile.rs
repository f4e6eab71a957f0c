//! No text makes the crate panic, overflow the stack or take long.

use std::time::{Duration, Instant};

use jackfield_manifest::{Document, SetOption, decode, parse_config, parse_manifest, parse_pipeline, render};
use proptest::prelude::*;

const PATHS: &[&[&str]] = &[
    &[],
    &["node"],
    &["node", "n", "params", "where"],
    &["source", "a", "path", "0"],
    &["sink", "out", "columns", "99999999999999999999"],
];

fn read(text: &str, sets: &[SetOption]) {
    let env = |name: &str| name.len().is_multiple_of(2).then(|| "$${x} \u{1f600}".to_owned());
    let (pipeline, problems) = parse_pipeline("p.toml", text, sets, &env);
    problems.iter().for_each(|problem| drop(render(problem)));
    if let Some(pipeline) = pipeline {
        let visit = |document: &Document| {
            for path in PATHS {
                document.locate(path);
                document.locate_key(path);
                for offset in (0..100).chain([u32::MAX]) {
                    document.locate_offset(path, offset);
                }
            }
        };
        visit(&pipeline.document);
    }
    parse_manifest("plugin.toml", text).1.iter().for_each(|problem| drop(render(problem)));
    parse_config("jackfield.toml", text).1.iter().for_each(|problem| drop(render(problem)));
}

/// Pieces that together make nearly good files, which get further than noise does.
const PIECES: &[&str] = &[
    "[source.a]\n",
    "[node.n]\n",
    "[sink.out]\n",
    "[plugin]\n",
    "[limits]\n",
    "[permissions]\n",
    "[[provides.node]]\n",
    "[requires]\n",
    "[secrets]\n",
    "[plugins]\n",
    "[policy]\n",
    "path = ",
    "input = ",
    "inputs = ",
    "type = ",
    "params = ",
    "params.where = ",
    "on-error = ",
    "memory = ",
    "batch-rows = ",
    "\"a\"",
    "'n'",
    "\"${X}\"",
    "\"${YY:-1}\"",
    "'$${'",
    "\"\"\"\n\\u00e9 \\\n x\"\"\"",
    "'''\n\r\n'''",
    "{ dead-letter = 'a' }",
    "[1, 'b', { c = [] }]",
    "1",
    "-1.5e400",
    "nan",
    "true",
    "1979-05-27",
    "\n",
    "=",
    ".",
    ",",
    "#é\n",
    "\u{feff}",
    "\r\n",
    "{",
    "}",
    "[",
    "]",
];

proptest! {
    #[test]
    fn any_text(text in "\\PC{0,200}") {
        read(&text, &[]);
    }

    #[test]
    fn pieces_of_files(numbers in prop::collection::vec(0..PIECES.len(), 0..40)) {
        let text: String = numbers.iter().map(|number| PIECES[*number]).collect();
        read(&text, &[]);
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        match decode("p.toml", &bytes) {
            Ok(text) => read(text, &[]),
            Err(problem) => drop(render(&problem)),
        }
    }

    #[test]
    fn any_set_option(text in "[a-c.\"'=\\[\\]{} 0-2é]{0,30}", file in prop::bool::ANY) {
        if let Ok(set) = text.parse::<SetOption>() {
            let again: SetOption = set.to_string().parse().unwrap_or_else(|_| set.clone());
            prop_assert_eq!(&again.value, &set.value);
            read(if file { "a.b = [1, { c = 2 }]\n" } else { "" }, &[set]);
        }
    }

    #[test]
    fn any_string_leads_back_to_its_own_bytes(text in "[a-z\"'\\\\\n\té\u{1f600}]{0,40}") {
        let file = format!("[node.n]\ntype = 'filter'\nparams.where = {}\n", toml::Value::String(text.clone()));
        let (pipeline, _) = parse_pipeline("p.toml", &file, &[], &|_| None);
        let pipeline = pipeline.unwrap();
        prop_assert_eq!(pipeline.nodes[0].params["where"].as_text(), Some(text.as_str()));
        for (offset, character) in text.char_indices().filter(|(_, c)| c.is_ascii_lowercase() || !c.is_ascii()) {
            let path = ["node", "n", "params", "where"];
            let location = pipeline.document.locate_offset(&path, u32::try_from(offset).unwrap()).unwrap();
            let found = location.text.chars().nth(location.column as usize - 1).unwrap();
            prop_assert_eq!(found, character);
        }
    }
}

/// On the stack of an ordinary thread, and far quicker than this in practice.
fn quickly(text: &str) {
    let start = Instant::now();
    read(text, &[]);
    let length = text.len();
    assert!(start.elapsed() < Duration::from_secs(20), "{length} bytes took {:?}", start.elapsed());
}

#[test]
fn deep_and_big_texts() {
    quickly(&format!("a = {}", "[".repeat(200_000)));
    quickly(&format!("a = {}1{}", "[".repeat(75), "]".repeat(75)));
    quickly(&format!("a = {}", "{ a = ".repeat(100_000)));
    quickly(&format!("[{}a]", "a.".repeat(100_000)));
    let dotted = format!("{}a = ", "a.".repeat(78));
    quickly(&format!("{}{}1{}", dotted, format!("{{ {dotted}").repeat(78), " }".repeat(78)));
    quickly(&"x = 1\n".repeat(50_000));
    quickly(&(0..30_000).map(|i| format!("key{i} = 1\n")).collect::<String>());
    quickly(&format!(
        "{}[sink.z]\n",
        (0..20_000).map(|i| format!("[node.n{i}]\ntype = 'a'\ninput = 'n{}'\n", i + 1)).collect::<String>()
    ));
    quickly(&"a".repeat(5 << 20));
}

#[test]
fn a_tangle_of_cycles() {
    let names: Vec<String> = (0..300).map(|i| format!("'n{i}'")).collect();
    let list = names.join(",");
    quickly(&(0..300).map(|i| format!("[node.n{i}]\ntype = 'a'\ninputs = [{list}]\n")).collect::<String>());
}
