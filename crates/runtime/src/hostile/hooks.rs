//! Hooks on odd events: whether they crash, and whether what they give back is what their point allows.

use jackfield_columns::{Batch, Failure};
use jackfield_host::{CallError, HookEvent, HookOutcome, Pending, PluginInstance, Rest};
use jackfield_manifest::{HookDecl, HookKind};
use serde_json::{Map, Value as Json, json};

use super::inputs::{ODD_TEXT, long_text, tables};
use super::{Trials, Verdict, verdict};
use crate::hooks::point::{Field, PointSpec, Shape};
use crate::hooks::{Event, Reading, accept};

/// What the rest of a chain does for a hook that stands around it.
enum Answer {
    /// It adds the fields of the outcome.
    Well(Map<String, Json>),
    Fails,
}

impl Rest for Answer {
    fn next(&mut self, mut event: HookEvent) -> Pending<'_, Result<HookEvent, Failure>> {
        Box::pin(async move {
            match self {
                Answer::Well(results) => {
                    let mut fields: Map<String, Json> = serde_json::from_str(&event.fields).unwrap_or_default();
                    fields.extend(results.clone());
                    event.fields = Json::Object(fields).to_string();
                    Ok(event)
                }
                Answer::Fails => Err(Failure::internal("internal", "what the hook stands around has failed")),
            }
        })
    }
}

pub(super) async fn run(trials: &mut Trials<'_>, hook: &HookDecl) {
    let spec = PointSpec::of(hook.point);
    let batches: Vec<(&str, Option<Batch>)> = match (spec.rows, tables()) {
        (true, Ok(tables)) => {
            let all = tables.into_iter().flat_map(|table| table.batches);
            all.map(|(name, batch)| (name, Some(batch))).collect()
        }
        _ => vec![("", None)],
    };
    for odd in [Odd::Usual, Odd::Steering, Odd::Long, Odd::Empty] {
        for (name, rows) in &batches {
            // One odd thing at a time.
            if odd != Odd::Usual && *name != batches.first().map_or("", |(name, _)| *name) {
                continue;
            }
            for fails in [false, true] {
                if fails && hook.kind != HookKind::Around {
                    continue;
                }
                let mut input = format!("{} fields", odd.name());
                input.push_str(&if name.is_empty() { String::new() } else { format!(", {name}") });
                input.push_str(if fails { ", and the rest of the chain fails" } else { "" });
                let verdict = one(trials, hook, spec, (odd, rows.clone(), fails)).await;
                trials.note(input, verdict);
            }
        }
    }
}

async fn one(
    trials: &Trials<'_>,
    hook: &HookDecl,
    spec: &'static PointSpec,
    (odd, rows, fails): (Odd, Option<Batch>, bool),
) -> Verdict {
    let mut instance = match open(trials).await {
        Ok(instance) => instance,
        Err(error) => return verdict(error),
    };
    let after = hook.kind == HookKind::After;
    let told = spec.fields.iter().filter(|field| after || !field.result);
    let mut event = Event::new(odd.text(), Json::Object(told.map(|field| odd.field(field)).collect()));
    event.fields.insert("now-nanos".to_owned(), json!(1000));
    event.rows = rows;
    let results = || spec.fields.iter().filter(|field| field.result).map(|field| odd.field(field)).collect();
    let mut rest = if fails { Answer::Fails } else { Answer::Well(results()) };
    let rest: Option<&mut dyn Rest> = (hook.kind == HookKind::Around).then_some(&mut rest);
    let shown = event.shown(spec, hook.data);
    let outcome = match instance.run_hook(&hook.id, shown.clone(), rest).await {
        Ok(outcome) => outcome,
        Err(error) => return verdict(error),
    };
    match outcome {
        HookOutcome::Proceed => Verdict::Took,
        HookOutcome::Veto(reasons) => {
            let reasons: Vec<String> = reasons.into_iter().map(|reason| reason.message).collect();
            Verdict::Refused(reasons.join("; "))
        }
        HookOutcome::Changed(answer) | HookOutcome::Replaced(answer) => {
            let reading = Reading { spec, data: hook.data, outcome: after || hook.kind == HookKind::Around };
            let mut given = event;
            if hook.kind == HookKind::Around {
                given.fields.extend::<Map<String, Json>>(results());
            }
            match accept(reading, &given, &shown.fields, answer) {
                Ok(_) => Verdict::Took,
                // What it was shown is odd itself, and it need not mend that.
                Err(_) if odd != Odd::Usual => Verdict::Took,
                Err(why) => Verdict::Defect { code: "hook-nonsense".to_owned(), message: format!("it {why}") },
            }
        }
    }
}

/// A main instance that has started, as hooks run in.
pub(super) async fn open(trials: &Trials<'_>) -> Result<PluginInstance, CallError> {
    let mut instance = PluginInstance::open(&trials.plugin.component, trials.store.clone()).await?;
    instance.start().await?;
    Ok(instance)
}

/// In which way the fields of an event are odd.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Odd {
    Usual,
    Steering,
    Long,
    Empty,
}

impl Odd {
    fn name(self) -> &'static str {
        match self {
            Odd::Usual => "usual",
            Odd::Steering => "terminal-steering",
            Odd::Long => "long",
            Odd::Empty => "empty",
        }
    }

    fn text(self) -> String {
        match self {
            Odd::Usual => "name".to_owned(),
            Odd::Steering => ODD_TEXT.to_owned(),
            Odd::Long => long_text(),
            Odd::Empty => String::new(),
        }
    }

    fn field(self, field: &Field) -> (String, Json) {
        let texts = |one: Json| if self == Odd::Empty { json!([]) } else { json!([one.clone(), one]) };
        let value = match field.shape {
            Shape::Text => json!(self.text()),
            Shape::MaybeText if self == Odd::Empty => Json::Null,
            Shape::MaybeText => json!(self.text()),
            Shape::Word(words) => json!(words.first()),
            Shape::Count => json!(if self == Odd::Usual { 3 } else { u64::MAX >> 1 }),
            Shape::Object if self == Odd::Empty => json!({}),
            Shape::Object => json!({ self.text(): self.text() }),
            Shape::Texts => texts(json!(self.text())),
            Shape::Objects => texts(json!({ "name": self.text(), "type": self.text(), "params": {} })),
            Shape::Metrics => json!([]),
        };
        (field.name.to_owned(), value)
    }
}
