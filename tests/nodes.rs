//! The examples of docs/nodes.md run as they stand and write what the page shows below them.
// A test that cannot go on says so by panicking; the lint only knows functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fs;
use std::path::Path;

/// An example: a pipeline, and the lines of its first output.
struct Example {
    pipeline: String,
    shown: String,
}

/// The pipelines of the page, each with the block of JSON that follows it.
fn examples(page: &str) -> Vec<Example> {
    let blocks = page.split("```toml\n").skip(1);
    blocks
        .map(|block| {
            let (pipeline, behind) = block.split_once("```").unwrap();
            let shown = behind.split_once("```json\n").and_then(|(_, json)| json.split_once("```"));
            let (shown, _) = shown.unwrap_or_else(|| panic!("nothing is shown below\n{pipeline}"));
            Example { pipeline: pipeline.to_owned(), shown: shown.to_owned() }
        })
        .collect()
}

/// The values of `path = "…"` that begin with `start`, in order.
fn paths<'a>(pipeline: &'a str, start: &str) -> Vec<&'a str> {
    let values = pipeline.lines().filter_map(|line| line.strip_prefix("path = \"")?.strip_suffix('"'));
    values.filter(|path| path.starts_with(start)).collect()
}

#[test]
fn the_examples_of_the_page_write_what_it_shows() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/nodes.md")).unwrap();
    let examples = examples(&page);
    let headings = page.lines().filter(|line| line.starts_with("## ") && *line != "## Rows").count();
    assert_eq!(examples.len(), headings, "each node has one example");
    for Example { pipeline, shown } in examples {
        let folder = support::folder(&pipeline, &[]);
        for file in paths(&pipeline, "examples/") {
            let copy = folder.path().join(file);
            fs::create_dir_all(copy.parent().unwrap()).unwrap();
            fs::copy(root.join(file), copy).unwrap();
        }
        let output = support::jackfield(folder.path()).args(["run", "pipeline.toml"]).output().unwrap();
        assert!(output.status.success(), "{}\n{pipeline}", support::text(&output));
        let written = fs::read_to_string(folder.path().join(paths(&pipeline, "out/")[0])).unwrap_or_default();
        assert_eq!(written, shown, "docs/nodes.md shows something else below\n{pipeline}");
    }
}
