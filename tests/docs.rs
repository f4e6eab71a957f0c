//! The documentation is compared with the code: error codes, links, and the examples that readers copy.
// A test that cannot go on says so by panicking; the lint only knows functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jackfield_runtime::host::{LimitEntry, LimitValue, Limits};

/// What stands before the literal of a code. `internal` and `limit` of the SDK take a message instead, which has blanks.
const BEFORE_A_CODE: &[&str] = &[
    "problem(",
    "Problem::error(",
    "Problem::warning(",
    "::invalid_input(",
    "::invalid_config(",
    "::limit(",
    "::internal(",
    "::unavailable(",
    "wrong(",
    "Fault::new(",
    "code: ",
    "CODE: &str = ",
    "\"code\": ",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: &str) -> String {
    fs::read_to_string(root().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// All files below a folder with this ending, without build output.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() && !["target", "tests", "out", ".git"].contains(&name.as_str()) {
                folders.push(path);
            } else if path.is_file() && name.ends_with(ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The code of every Rust file that users get, without its unit tests.
fn sources() -> Vec<(PathBuf, String)> {
    let files = ["crates", "plugins", "guest-sdk/rust/src"].into_iter().flat_map(|folder| files(folder, ".rs"));
    let product = files.filter(|file| file.file_name().is_none_or(|name| name != "tests.rs"));
    product
        .map(|file| {
            let text = fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default().to_owned();
            // Examples in doc comments make up codes of their own.
            let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
            (file, lines.collect::<Vec<_>>().join("\n"))
        })
        .collect()
}

fn is_code(text: &str) -> bool {
    text.len() > 1 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// The literal that `text` begins with, after white space.
fn literal(text: &str) -> Option<&str> {
    text.trim_start().strip_prefix('"')?.split_once('"').map(|(literal, _)| literal)
}

fn codes_of(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for before in BEFORE_A_CODE {
        found.extend(text.match_indices(before).filter_map(|(at, _)| literal(&text[at + before.len()..])));
    }
    // `report.error(spot, "code", …)`: the first literal of the call.
    for (at, before) in text.match_indices(".error(") {
        let arguments = &text[at + before.len()..];
        if let Some(quote) = arguments.find('"').filter(|quote| !arguments[..*quote].contains([';', '{'])) {
            found.extend(literal(&arguments[quote..]));
        }
    }
    // `fn load_code(…) -> &'static str { match … { … => "code", … } }`
    for (at, _) in text.match_indices("_code(") {
        let Some((head, body)) = text[at..].split_once("-> &'static str {") else { continue };
        if !head.contains('{') {
            let body = body.split("\n}").next().unwrap_or_default();
            found.extend(body.match_indices("=> ").filter_map(|(at, arrow)| literal(&body[at + arrow.len()..])));
        }
    }
    found.retain(|code| is_code(code));
    found
}

#[test]
fn every_error_code_is_explained() {
    let page = read("docs/errors.md");
    // The codes are what stands between back quotes in the first cell of a row.
    let cells = page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once(" | "));
    let listed: Vec<&str> = cells.flat_map(|(cell, _)| cell.split('`')).filter(|text| is_code(text)).collect();
    let sources = sources();
    let mut missing: BTreeMap<&str, &Path> = BTreeMap::new();
    for (file, text) in &sources {
        missing.extend(
            codes_of(text).into_iter().filter(|code| !listed.contains(code)).map(|code| (code, file.as_path())),
        );
    }
    let used = |code: &&str| sources.iter().any(|(_, text)| text.contains(&format!("\"{code}\"")));
    let stale: Vec<&str> = listed.iter().filter(|code| !used(code)).copied().collect();
    let mut sorted = listed.clone();
    sorted.sort();
    let twice: Vec<&[&str]> = sorted.windows(2).filter(|pair| pair[0] == pair[1]).collect();
    assert!(missing.is_empty(), "docs/errors.md lacks codes that the code gives: {missing:#?}");
    assert!(stale.is_empty(), "docs/errors.md explains codes that nothing gives: {stale:?}");
    assert!(twice.is_empty(), "docs/errors.md explains a code twice: {twice:?}");
}

#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    for page in files("", ".md") {
        let text = fs::read_to_string(&page).unwrap();
        for (at, before) in text.match_indices("](") {
            let Some((link, _)) = text[at + before.len()..].split_once(')') else { continue };
            let (target, anchor) = link.split_once('#').unwrap_or((link, ""));
            if target.contains("://") {
                continue;
            }
            let file = if target.is_empty() { page.clone() } else { page.parent().unwrap().join(target) };
            let heading = |text: &str| text.lines().any(|line| line.starts_with('#') && anchor_of(line) == anchor);
            if !file.exists() || (!anchor.is_empty() && !fs::read_to_string(&file).is_ok_and(|text| heading(&text))) {
                broken.push(format!("{}: {link}", page.strip_prefix(root()).unwrap().display()));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere:\n  {}", broken.join("\n  "));
}

/// What a heading is called in links.
fn anchor_of(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    words.chars().filter(|c| c.is_alphanumeric() || "-_ ".contains(*c)).collect::<String>().replace(' ', "-")
}

/// The fenced blocks of a page in one language.
fn blocks(page: &str, language: &str) -> Vec<String> {
    let text = read(page);
    let fence = format!("```{language}\n");
    let parts = text.split(&fence).skip(1);
    parts.map(|part| part.split("```").next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn the_plugin_that_pages_show_is_one_that_compiles() {
    let example = read("guest-sdk/rust/examples/speed.rs");
    let (_, code) = example.split_once("\n\n").unwrap();
    for page in ["README.md", "docs/plugins.md"] {
        assert!(blocks(page, "rust").iter().any(|block| block == code), "{page} shows another plugin than {example}");
    }
}

#[test]
fn the_pipelines_that_pages_show_are_read() {
    for page in ["README.md", "docs/pipelines.md", "docs/nodes.md", "docs/plugins.md"] {
        for block in blocks(page, "toml").iter().filter(|block| block.contains("[sink.")) {
            let (pipeline, problems) = jackfield_manifest::parse_pipeline(page, block, &[], &|_| None);
            assert!(pipeline.is_some() && problems.is_empty(), "{page}: {problems:#?}\n{block}");
        }
    }
}

/// A table of each hook point, from what the host knows of it.
fn hook_points() -> String {
    let mut text = String::new();
    for spec in &jackfield_runtime::hooks::point::POINTS {
        text.push_str(&format!("### {}\n\nCalled when {}.", spec.point, spec.about));
        if !spec.middle.is_empty() {
            text.push_str(&format!(" The chain stands around {}.", spec.middle));
        }
        text.push_str(&format!(" Honours {}.", spec.outcomes().join(", ")));
        if !spec.changes.is_empty() {
            text.push_str(&format!(" A hook may change `{}`.", spec.changes.join("`, `")));
        }
        if spec.rows {
            text.push_str(" It has rows.");
        }
        text.push_str("\n\n| field | type | |\n|---|---|---|\n");
        let schema = spec.schema();
        for field in spec.fields {
            let own = &schema["properties"][field.name];
            let kind = match (&own["type"], &own["enum"]) {
                (serde_json::Value::String(kind), _) => kind.clone(),
                (serde_json::Value::Array(kinds), _) => {
                    kinds.iter().filter_map(|kind| kind.as_str()).collect::<Vec<_>>().join(" or ")
                }
                (_, words) => {
                    let words = words.as_array().into_iter().flatten();
                    words.filter_map(|word| word.as_str()).collect::<Vec<_>>().join(", ")
                }
            };
            let mark = match (field.result, spec.data_fields.contains(&field.name)) {
                (true, _) => "*outcome*: ",
                (_, true) => "*data*: ",
                _ => "",
            };
            text.push_str(&format!("| `{}` | {kind} | {mark}{} |\n", field.name, field.about));
        }
        text.push('\n');
    }
    format!("{}\n", text.trim_end())
}

#[test]
fn every_hook_point_is_described() {
    let page = read("docs/hooks.md");
    let (head, rest) = page.split_once("those marked\n*data* only for hooks that ask for `data`.\n").unwrap();
    let expected = format!("\n{}", hook_points());
    if std::env::var_os("JACKFIELD_BLESS").is_some() {
        let head = format!("{head}those marked\n*data* only for hooks that ask for `data`.\n{expected}");
        fs::write(root().join("docs/hooks.md"), head).unwrap();
        return;
    }
    assert_eq!(rest, expected, "JACKFIELD_BLESS=1 writes it anew");
}

/// A limit's value as `[limits]` takes it, and in the words of SECURITY.md.
fn values(value: LimitValue) -> (String, String) {
    let apart = |number: u64, with: &str| {
        let digits = number.to_string();
        let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().map(|g| std::str::from_utf8(g).unwrap()).collect();
        groups.join(with)
    };
    let count = |number: u64| match number {
        20_000_000_000 => "20 × 10⁹".to_owned(),
        100_000_000_000_000_000 => "10¹⁷".to_owned(),
        other => apart(other, ","),
    };
    let key = |number: u64| if number < 10_000 && number != 8192 { number.to_string() } else { apart(number, "_") };
    match value {
        LimitValue::Count(number) => (key(number), count(number)),
        LimitValue::Times(number) => (key(number), format!("{} times", count(number))),
        LimitValue::Bytes(_) => (format!("\"{}\"", value.to_string().replace(' ', "")), value.to_string()),
        LimitValue::Time(time) => {
            let (number, unit, word) = match time.as_secs() {
                day if day % 86_400 == 0 => (day / 86_400, "d", "days"),
                hour if hour % 3600 == 0 => (hour / 3600, "h", "h"),
                second => (second, "s", "s"),
            };
            (format!("\"{number}{unit}\""), format!("{number} {word}"))
        }
    }
}

#[test]
fn limits_and_their_defaults_are_those_of_the_code() {
    let (security, pipelines) = (read("SECURITY.md"), read("docs/pipelines.md"));
    let rows = |page: &str| -> Vec<Vec<String>> {
        let lines = page.lines().filter(|line| line.starts_with("| "));
        lines.map(|line| line.split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
    };
    // A row may tell several limits: names and values stand in the same order.
    let find = |rows: &[Vec<String>], name: &str, between: &str| -> Option<String> {
        let (row, place) = rows.iter().find_map(|row| {
            let names = row.get(1)?.split(between).map(|name| name.trim().trim_matches('`').to_owned());
            Some((row, names.collect::<Vec<_>>().iter().position(|known| known == name)?))
        })?;
        let values: Vec<&str> = row.get(2)?.split(between).map(|value| value.trim().trim_matches('`')).collect();
        Some((*values.get(place).or(values.first())?).to_owned())
    };
    let (secure, keys) = (rows(&security), rows(&pipelines));
    for LimitEntry { name, value, settable } in Limits::default().entries() {
        let (key, words) = values(value);
        let told = find(&secure, name, " · ").unwrap_or_else(|| panic!("SECURITY.md does not tell `{name}`"));
        assert!(told.starts_with(&words), "SECURITY.md says {told} of `{name}`, which is {words}");
        if settable {
            let told = find(&keys, name, ", ").unwrap_or_else(|| panic!("docs/pipelines.md does not tell `{name}`"));
            assert_eq!(told, key, "docs/pipelines.md about `{name}`");
        }
    }
}

/// The ids of the corpus that every release has to hold.
const CORPUS: &str = "A01 A02 A05 A06 M01 M02 M04 M05 M06 M07 M09 C01 C03 C04 F01 F02 F03 F05 F06 F07 F08 N01 N02 N03 N04 N06 \
                      N07 N09 N10 D01 D02 D03 D04 D05 S08 K01 K02 K03 K04 K05 K06 K07 K08 K09 K10 L02";

#[test]
fn every_id_of_the_hostile_corpus_has_a_test_of_its_own() {
    let tests: String = files("tests/hostile", ".rs").iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let page = read("docs/hostile.md");
    let told: Vec<String> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" |").next())
        .flat_map(|cell| cell.split(", "))
        .filter(|id| id.len() == 3 && id.starts_with(|c: char| c.is_ascii_uppercase()))
        .map(str::to_owned)
        .collect();
    let has_test = |id: &str| tests.contains(&format!("fn {}_", id.to_lowercase()));
    let without: Vec<&str> = CORPUS.split_whitespace().filter(|id| !has_test(id)).collect();
    assert!(without.is_empty(), "no test begins with the id: {without:?}");
    let untold: Vec<&String> = told.iter().filter(|id| !has_test(id)).collect();
    assert!(untold.is_empty(), "docs/hostile.md tells of ids that no test has: {untold:?}");
    assert!(told.len() > 40, "{told:?}");
}
