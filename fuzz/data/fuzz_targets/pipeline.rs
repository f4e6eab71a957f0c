//! Any text as a `pipeline.toml`, with variables and a `--set` out of the same bytes.
#![no_main]

use jackfield_manifest::{SetOption, parse_pipeline, render};

libfuzzer_sys::fuzz_target!(|input: (&str, &str, &str)| {
    let (text, set, variable) = input;
    let sets: Vec<SetOption> = set.parse().into_iter().collect();
    // Short, or a text full of variables would grow without bound by its own length.
    let value: String = variable.chars().take(64).collect();
    let env = |name: &str| (name.len() % 2 == 0).then(|| value.clone());
    let (pipeline, problems) = parse_pipeline("pipeline.toml", text, &sets, &env);
    problems.iter().for_each(|problem| drop(render(problem)));
    assert!(pipeline.is_some() || !problems.is_empty(), "nothing was read and nothing was said");
});
