//! Cases of hooks: an event, in an instance like those of a pipeline, and what the hook answers.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use jackfield_columns::{Batch, Failure};
use jackfield_host::{CallError, HookEvent, HookOutcome, Pending, PluginInstance, Rest};
use jackfield_manifest::{Case, HookDecl, HookKind, Table, Value, to_json};
use serde_json::{Map, Value as Json, json};

use super::ran::{Ran, Setting, now_micros};
use super::{Came, HookAnswer};
use crate::diagnose::{Class, ProblemExt, Report, call_problems, failure_problem};
use crate::hooks::point::{Field, PointSpec, Shape};
use crate::hooks::{Event, Reading, accept};
use crate::lifecycle::About;
use crate::loader::Runtime;

/// What the hook stands around, or comes after.
struct Middle {
    results: Map<String, Json>,
    fails: Option<String>,
    /// The event that the hook called it with last, and what it gave.
    last: Option<Result<HookEvent, Failure>>,
}

impl Rest for Middle {
    fn next(&mut self, mut event: HookEvent) -> Pending<'_, Result<HookEvent, Failure>> {
        Box::pin(async move {
            let given = match &self.fails {
                Some(message) => Err(Failure::internal("internal", message)),
                None => {
                    let mut fields: Map<String, Json> = serde_json::from_str(&event.fields).unwrap_or_default();
                    fields.extend(self.results.clone());
                    event.fields = Json::Object(fields).to_string();
                    Ok(event)
                }
            };
            self.last = Some(given.clone());
            given
        })
    }
}

impl Runtime {
    /// Shows a hook the event of a case. A veto's reasons are the problems of what comes back.
    ///
    /// # Errors
    /// The case cannot be run, in words.
    pub(super) fn run_hook_case(
        &self,
        setting: &Setting<'_>,
        case: &Case,
        id: &str,
        folder: &std::path::Path,
    ) -> Result<Ran, String> {
        let hooks = &setting.bench.plugin.manifest.hooks;
        let Some(hook) = hooks.iter().find(|hook| hook.id == id) else {
            let names: Vec<&str> = hooks.iter().map(|hook| hook.id.as_str()).collect();
            let name = setting.bench.plugin.name();
            return Err(format!("plugin {name} has no hook `{id}`; it has: {}", names.join(", ")));
        };
        let spec = PointSpec::of(hook.point);
        let event = self.event(case, hook, spec, folder)?;
        let kept = Arc::<Mutex<Vec<_>>>::default();
        let lines = kept.clone();
        let (pipeline, problems) = jackfield_manifest::parse_pipeline("case", &setting.head(), &[], &|_| None);
        if let Some(problem) = problems.first().filter(|_| pipeline.is_none()) {
            return Err(problem.message.clone());
        }
        let about = About {
            pipeline: "test".to_owned(),
            limits: pipeline.as_ref().map(|pipeline| pipeline.limits.clone()).unwrap_or_default(),
            now_micros: if setting.deterministic { 0 } else { now_micros() },
            deterministic: setting.deterministic,
            log: Arc::new(move |line| lines.lock().unwrap_or_else(PoisonError::into_inner).push(line)),
            stops: self.stops(),
            denials: self.denial_events(),
            spill: self.spill_space(),
        };
        let registry = self.registry();
        let plugin = registry.plugin(setting.bench.plugin.name()).cloned().ok_or("the plugin is not installed")?;
        let running = self.running(about, registry.clone(), pipeline.map(Arc::new));
        let executor = crate::plan::executor().map_err(|diagnosis| diagnosis.problem.message)?;
        let mut ran = Ran::default();
        let start = Instant::now();
        let asked = executor.block_on(async {
            let loaded = match running.ready(self, &plugin).await {
                Ok(loaded) => loaded,
                Err(diagnoses) => return Err(diagnoses),
            };
            let cancel = setting.bench.cancel.clone();
            let store = running.store("test", &plugin, &loaded.limits, cancel, &mut Vec::new());
            let answer = async {
                let mut instance = PluginInstance::open(&loaded.component, store).await?;
                instance.start().await?;
                let answer = ask(&mut instance, case, hook, spec, event).await;
                let usage = instance.usage();
                ran.used(usage.fuel, usage.peak_memory_bytes);
                ran.busy += usage.busy;
                answer
            };
            let answer = answer.await.map_err(|error| call_problems(error, &format!("hook {id}")));
            running.stop().await;
            answer
        });
        ran.elapsed = start.elapsed();
        match asked {
            Ok(Asked::Answer(answer, rows)) => {
                ran.outputs.extend(rows.map(|rows| ("rows".to_owned(), Came::Rows(rows.schema().clone(), vec![rows]))));
                ran.answer = Some(answer);
            }
            Ok(Asked::Veto(reasons)) => {
                ran.answer = Some(HookAnswer { word: "veto", fields: Map::new() });
                let what = format!("hook {id}");
                let told = reasons.into_iter().map(|reason| failure_problem(reason, &what).problem);
                ran.problems.extend(told);
            }
            Ok(Asked::Nonsense(why)) => {
                ran.broke = true;
                let problem = super::fault("hook-nonsense", format!("hook {id} {why}"));
                ran.failed(Report { diagnoses: vec![problem.class(Class::Failed)] });
            }
            Err(diagnoses) => ran.failed(Report { diagnoses }),
        }
        ran.logs.append(&mut kept.lock().unwrap_or_else(PoisonError::into_inner));
        Ok(ran)
    }

    /// The event of a case: what it says of the fields, and something ordinary for the others.
    fn event(
        &self,
        case: &Case,
        hook: &HookDecl,
        spec: &'static PointSpec,
        folder: &std::path::Path,
    ) -> Result<Event, String> {
        let after = hook.kind == HookKind::After;
        let mut fields: Map<String, Json> =
            spec.fields.iter().filter(|field| after || !field.result).map(ordinary).collect();
        fields.insert("now-nanos".to_owned(), json!(1000));
        let mut rows = None;
        if let Some((port, content)) = case.inputs.first() {
            if !spec.rows {
                return Err(format!("input.{port}: there are no rows at {}", spec.point));
            }
            let (_, batches) = self.given(case, port, content, folder)?;
            rows = batches.into_iter().next();
            if let Some(rows) = rows.as_ref().filter(|_| fields.contains_key("rows")) {
                fields.insert("rows".to_owned(), json!(rows.rows()));
            }
        }
        let given = [("event", &case.hook.event, false), ("outcome", &case.hook.outcome, after)];
        for (key, table, wanted) in given {
            let all = key == "event" || wanted;
            for (name, value) in table.iter().filter(|_| all) {
                known(spec, key, name)?;
                fields.insert(name.clone(), json_of(value));
            }
        }
        for name in case.hook.outcome.keys() {
            known(spec, "outcome", name)?;
        }
        let whole = Json::Object(fields.clone());
        if let Some(error) = spec.validator().and_then(|validator| validator.iter_errors(&whole).next()) {
            let place = error.instance_path().to_string();
            return Err(format!("event{place}: {error}"));
        }
        let mut event = Event::new("test", Json::Object(fields));
        event.rows = rows;
        Ok(event)
    }
}

/// What came of asking.
enum Asked {
    Answer(HookAnswer, Option<Batch>),
    Veto(Vec<Failure>),
    /// It answered with what it may not, in words that follow its name.
    Nonsense(String),
}

async fn ask(
    instance: &mut PluginInstance,
    case: &Case,
    hook: &HookDecl,
    spec: &'static PointSpec,
    event: Event,
) -> Result<Asked, CallError> {
    let mut results: Map<String, Json> = spec.fields.iter().filter(|field| field.result).map(ordinary).collect();
    results.extend(case.hook.outcome.iter().map(|(name, value)| (name.clone(), json_of(value))));
    let mut middle = Middle { results, fails: case.hook.fails.clone(), last: None };
    let around = hook.kind == HookKind::Around;
    let shown = event.shown(spec, hook.data);
    let rest: Option<&mut dyn Rest> = if around { Some(&mut middle) } else { None };
    let answered = instance.run_hook(&hook.id, shown.clone(), rest).await?;
    let (word, answer) = match answered {
        HookOutcome::Proceed => ("proceed", None),
        HookOutcome::Changed(answer) => ("changed", Some(answer)),
        HookOutcome::Replaced(answer) => ("replaced", Some(answer)),
        HookOutcome::Veto(_) if !spec.vetoes => return Ok(Asked::Nonsense(refused("veto", spec))),
        HookOutcome::Veto(reasons) => return Ok(Asked::Veto(reasons)),
    };
    if !spec.outcomes().contains(&word) {
        return Ok(Asked::Nonsense(refused(word, spec)));
    }
    let called = middle.last.is_some();
    // What an answer is held against: the event, or behind `next` what that gave.
    let mut given = event;
    if let Some(Ok(last)) = &middle.last {
        given.fields.extend(serde_json::from_str::<Map<String, Json>>(&last.fields).unwrap_or_default());
        given.rows.clone_from(&last.rows);
    }
    let Some(answer) = answer else {
        let rows = given.rows.clone().filter(|_| hook.data);
        return Ok(Asked::Answer(HookAnswer { word, fields: given.fields }, rows));
    };
    let outcome = word == "replaced" || called || matches!(hook.kind, HookKind::After | HookKind::Replace);
    let reading = Reading { spec, data: hook.data, outcome };
    Ok(match accept(reading, &given, &shown.fields, answer) {
        Ok(event) => Asked::Answer(HookAnswer { word, fields: event.fields }, event.rows),
        Err(why) => Asked::Nonsense(why),
    })
}

fn refused(word: &str, spec: &PointSpec) -> String {
    format!("answered with `{word}`, which {} does not honour: {}", spec.point, spec.outcomes().join(", "))
}

fn known(spec: &PointSpec, key: &str, name: &str) -> Result<(), String> {
    if spec.fields.iter().any(|field| field.name == name && (key == "event" || field.result)) {
        return Ok(());
    }
    let fields = spec.fields.iter().filter(|field| key == "event" || field.result);
    let names: Vec<&str> = fields.map(|field| field.name).collect();
    let has = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    Err(format!("{key}.{name}: {} has no such field; it has: {has}", spec.point))
}

/// A value for a field of which a case says nothing.
fn ordinary(field: &Field) -> (String, Json) {
    let value = match field.shape {
        Shape::Text => json!("test"),
        Shape::MaybeText => Json::Null,
        Shape::Word(words) => json!(words.first()),
        Shape::Count => json!(0),
        Shape::Object => json!({}),
        Shape::Texts | Shape::Objects | Shape::Metrics => json!([]),
    };
    (field.name.to_owned(), value)
}

fn json_of(value: &Value) -> Json {
    to_json(value, None)
}

/// The fields that a case expects and an answer does not have so: name, what was due, what came.
pub(super) fn differing(expected: &Table, answer: &HookAnswer) -> Vec<(String, Json, Json)> {
    let differs = |(name, value): (&String, &Value)| {
        let (wanted, came) = (json_of(value), answer.fields.get(name).cloned().unwrap_or(Json::Null));
        (!same(&wanted, &came)).then(|| (name.clone(), wanted, came))
    };
    expected.iter().filter_map(differs).collect()
}

/// Equal, and numbers by their values: TOML tells 1 from 1.0, and a hook need not.
fn same(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Number(one), Json::Number(other)) => one == other || one.as_f64() == other.as_f64(),
        (Json::Array(one), Json::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Json::Object(one), Json::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, value)| other.get(name).is_some_and(|other| same(value, other)))
        }
        _ => one == other,
    }
}
