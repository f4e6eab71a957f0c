//! Hooks that do what their configuration says: `do = { ID = "WHAT" }`.

use jackfield_sdk::{Batch, Chain, Event, Failure, Hook, HookOutcome, Lifecycle, Params, info};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::hint::black_box;

#[derive(Deserialize)]
struct Config {
    #[serde(rename = "do", default)]
    what: Map<String, Value>,
    #[serde(default)]
    fields: Map<String, Value>,
}

struct Hooks {
    config: Config,
    calls: u64,
}

impl Hooks {
    fn merged(&self, mut event: Event) -> Event {
        event.fields.extend(self.config.fields.clone());
        event
    }
}

fn reason(text: &str) -> Failure {
    Failure::invalid_config("on-purpose", text).with_help("there is none").with_parameter("/nodes/0/params")
}

#[allow(unconditional_recursion)]
fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 16]);
    recurse(depth + 1) + frame[(depth % 16) as usize]
}

fn spin() -> ! {
    let mut turns = 0u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

fn hog() -> ! {
    let mut held: Vec<Vec<u8>> = Vec::new();
    loop {
        held.push(black_box(vec![1; 1 << 20]));
    }
}

fn other_columns(event: &Event) -> Result<Batch<'static>, Failure> {
    let rows = event.rows.as_ref().ok_or_else(|| Failure::internal("no rows"))?;
    rows.pick([(0, Some("other".to_owned()))])
}

fn rows(event: &Event) -> Result<&Batch<'static>, Failure> {
    event.rows.as_ref().ok_or_else(|| Failure::internal("no rows"))
}

impl Hook for Hooks {
    fn new(config: Params) -> Result<Self, Vec<Failure>> {
        Ok(Hooks { config: config.parse()?, calls: 0 })
    }

    fn run(&mut self, hook: &str, mut event: Event, chain: Option<&Chain>) -> Result<HookOutcome, Failure> {
        self.calls += 1;
        let what = self.config.what.get(hook).and_then(Value::as_str).unwrap_or("proceed").to_owned();
        Ok(match (what.as_str(), chain) {
            ("proceed", _) => HookOutcome::Proceed,
            ("log", _) => {
                info!("{} {hook} {}", event.point, event.subject);
                HookOutcome::Proceed
            }
            ("tell", _) => {
                info!("{}", Value::Object(event.fields));
                HookOutcome::Proceed
            }
            ("fail", _) => return Err(Failure::internal("this hook fails on purpose")),
            ("panic", _) => panic!("this hook panics on purpose"),
            ("panic-second", _) if self.calls > 1 => panic!("this hook panics on purpose"),
            ("spin", _) => spin(),
            ("hog", _) => hog(),
            ("recurse", _) => {
                black_box(recurse(0));
                HookOutcome::Proceed
            }
            ("veto", _) => HookOutcome::Veto(vec![reason("this hook refuses on purpose")]),
            ("veto-twice", _) => HookOutcome::Veto(vec![reason("first reason"), reason("second reason")]),
            ("veto-without", _) => HookOutcome::Veto(Vec::new()),
            ("change", _) => HookOutcome::Changed(self.merged(event)),
            ("replace", _) => HookOutcome::Replaced(self.merged(event)),
            ("set-params", _) => {
                if let Some(node) = event.fields.get_mut("nodes").and_then(|nodes| nodes.get_mut(0)) {
                    node["params"] = Value::Object(self.config.fields.clone());
                }
                HookOutcome::Changed(event)
            }
            ("metric", _) => {
                event.fields["metrics"] = json!([{ "name": "hooks.calls", "value": self.calls }]);
                HookOutcome::Changed(event)
            }
            ("other-point", _) => {
                event.point = "pipeline.start".to_owned();
                HookOutcome::Changed(event)
            }
            ("other-subject", _) => {
                event.subject.push('!');
                HookOutcome::Changed(event)
            }
            ("huge", _) => {
                event.fields.insert("huge".to_owned(), Value::String("x".repeat(2 << 20)));
                HookOutcome::Changed(event)
            }
            ("deep", _) => {
                let mut value = json!(1);
                for _ in 0..200 {
                    value = json!([value]);
                }
                event.fields.insert("node".to_owned(), value);
                HookOutcome::Changed(event)
            }
            ("more-rows", _) => {
                let more = Batch::concat(&[rows(&event)?, rows(&event)?])?;
                event.rows = Some(more);
                HookOutcome::Changed(event)
            }
            ("first-row", _) => {
                let first = rows(&event)?.slice(0, 1)?;
                event.rows = Some(first);
                HookOutcome::Changed(event)
            }
            ("replace-rows", _) => {
                let first = rows(&event)?.slice(0, 1)?;
                event.rows = Some(first);
                HookOutcome::Replaced(event)
            }
            ("no-rows", _) => {
                let none = rows(&event)?.slice(0, 0)?;
                event.rows = Some(none);
                HookOutcome::Changed(event)
            }
            ("other-columns", _) => {
                event.rows = Some(other_columns(&event)?);
                HookOutcome::Changed(event)
            }
            ("replace-columns", _) => {
                event.rows = Some(other_columns(&event)?);
                HookOutcome::Replaced(event)
            }
            ("around", Some(chain)) => {
                chain.next(event)?;
                HookOutcome::Proceed
            }
            ("twice", Some(chain)) => {
                chain.next(event.again())?;
                chain.next(event)?;
                HookOutcome::Proceed
            }
            ("million", Some(chain)) => {
                for _ in 0..1_000_000 {
                    chain.next(event.again())?;
                }
                HookOutcome::Proceed
            }
            ("million-deaf", Some(chain)) => {
                for _ in 0..1_000_000 {
                    _ = chain.next(event.again());
                }
                HookOutcome::Proceed
            }
            ("again-after-error", Some(chain)) => {
                for _ in 0..10 {
                    _ = chain.next(event.again());
                }
                HookOutcome::Proceed
            }
            ("swallow-error", Some(chain)) => {
                _ = chain.next(event.again());
                HookOutcome::Replaced(event)
            }
            ("next-nonsense", Some(chain)) => {
                event.fields.insert("node".to_owned(), json!(5));
                chain.next(event)?;
                HookOutcome::Proceed
            }
            ("panic-after", Some(chain)) => {
                _ = chain.next(event);
                panic!("this hook panics on purpose")
            }
            ("spin-after", Some(chain)) => {
                _ = chain.next(event);
                spin()
            }
            (other, _) => return Err(Failure::internal(format!("this hook knows no `{other}` here"))),
        })
    }
}

impl Lifecycle for Hooks {
    fn init(config: Params) -> Result<(), Vec<Failure>> {
        let config: Config = config.parse()?;
        match config.what.get("init").and_then(Value::as_str) {
            Some("fail") => {
                let failure = Failure::invalid_config("on-purpose", "this plugin refuses its configuration on purpose");
                Err(vec![failure.with_parameter("/do/init")])
            }
            Some("spin") => spin(),
            _ => Ok(()),
        }
    }
}

jackfield_sdk::export_hook!(Hooks);
jackfield_sdk::export_lifecycle!(Hooks);
