//! What passes by a hook, and whether what comes back is allowed.

use jackfield_columns::Batch;
use jackfield_host::HookEvent;
use serde_json::{Map, Value};

use super::point::PointSpec;
use jackfield_manifest::HookPoint;

/// Fields that the host alone writes.
const HOSTS_OWN: [&str; 2] = ["now-nanos", "elapsed-nanos"];

/// What passes by a chain of hooks.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    /// What it is about.
    pub(crate) subject: String,
    /// By the point's schema.
    pub(crate) fields: Map<String, Value>,
    /// The rows that it is about, where it is about rows.
    pub(crate) rows: Option<Batch>,
}

impl Event {
    /// An event without rows. `fields` is an object.
    pub(crate) fn new(subject: impl Into<String>, fields: Value) -> Event {
        let fields = match fields {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        Event { subject: subject.into(), fields, rows: None }
    }

    /// The same about rows.
    pub(crate) fn with_rows(mut self, rows: Batch) -> Event {
        self.rows = Some(rows);
        self
    }

    /// A text among the fields.
    pub(crate) fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field).and_then(Value::as_str)
    }

    /// What a hook gets to see of it.
    pub(crate) fn shown(&self, spec: &PointSpec, data: bool) -> HookEvent {
        let fields = if data || spec.data_fields.is_empty() {
            serde_json::to_string(&self.fields)
        } else {
            let visible = self.fields.iter().filter(|(name, _)| !spec.data_fields.contains(&name.as_str()));
            serde_json::to_string(&visible.collect::<std::collections::BTreeMap<_, _>>())
        };
        HookEvent {
            point: spec.point.name().to_owned(),
            subject: self.subject.clone(),
            // Maps of JSON values with text keys can always be written.
            fields: fields.unwrap_or_default(),
            rows: self.rows.clone().filter(|_| data && spec.rows),
        }
    }
}

/// How an answer of a hook is to be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading<'a> {
    pub(crate) spec: &'a PointSpec,
    /// The hook sees data.
    pub(crate) data: bool,
    /// The answer is the outcome, not something to go on with.
    pub(crate) outcome: bool,
}

/// The event that a hook gave back, where it was given `given`, shown as the text `shown`. What the hook left out, or
/// could not see, is as it was.
///
/// # Errors
/// What the hook may not do, in words that follow its name.
pub(crate) fn accept(reading: Reading<'_>, given: &Event, shown: &str, answer: HookEvent) -> Result<Event, String> {
    let Reading { spec, .. } = reading;
    if answer.point != spec.point.name() || answer.subject != given.subject {
        return Err("gave back an event of another point or subject".to_owned());
    }
    let fields = if answer.fields == shown { given.fields.clone() } else { fields(spec, given, &answer.fields)? };
    let rows = rows(reading, given, answer.rows)?;
    Ok(Event { subject: given.subject.clone(), fields, rows })
}

fn fields(spec: &PointSpec, given: &Event, text: &str) -> Result<Map<String, Value>, String> {
    let mut fields: Map<String, Value> =
        serde_json::from_str(text).map_err(|error| format!("gave back fields that are no JSON object: {error}"))?;
    for name in HOSTS_OWN {
        fields.remove(name);
    }
    if let Some(added) = fields.keys().find(|name| !given.fields.contains_key(*name) && !changes(spec, name)) {
        return Err(format!("added the field `{added}`, which {} does not have here", spec.point));
    }
    for (name, value) in &given.fields {
        match fields.get(name) {
            Some(new) if new != value && !changes(spec, name) => {
                return Err(format!("changed the field `{name}`, which hooks at {} cannot", spec.point));
            }
            Some(_) => {}
            None => drop(fields.insert(name.clone(), value.clone())),
        }
    }
    let whole = Value::Object(fields);
    if let Some(error) = spec.validator().and_then(|validator| validator.iter_errors(&whole).next()) {
        return Err(format!("gave back fields that the schema of {} does not allow: {error}", spec.point));
    }
    let Value::Object(fields) = whole else { return Ok(Map::new()) };
    if spec.point == HookPoint::PipelinePlan {
        only_params(given, &fields)?;
    }
    Ok(fields)
}

fn changes(spec: &PointSpec, field: &str) -> bool {
    spec.changes.contains(&field)
}

/// Of a node, a hook may change the parameters only.
fn only_params(given: &Event, fields: &Map<String, Value>) -> Result<(), String> {
    let nodes = |fields: &Map<String, Value>| {
        let nodes = fields.get("nodes").and_then(Value::as_array).cloned().unwrap_or_default();
        let without = |mut node: Value| {
            let params = node.as_object_mut().and_then(|node| node.remove("params"));
            (node, params.is_some_and(|params| params.is_object()))
        };
        nodes.into_iter().map(without).collect::<Vec<_>>()
    };
    if nodes(&given.fields) == nodes(fields) {
        return Ok(());
    }
    Err("changed more of a node than its `params`".to_owned())
}

fn rows(reading: Reading<'_>, given: &Event, answer: Option<Batch>) -> Result<Option<Batch>, String> {
    let Reading { spec, data, outcome } = reading;
    let of_node = outcome && spec.point == HookPoint::NodeProcess;
    // The rows that a node was to get are not what it would have given.
    let Some(answer) = answer else { return Ok(given.rows.clone().filter(|_| !of_node)) };
    if !data || !spec.rows {
        return Err("gave rows without asking for `data` in its manifest".to_owned());
    }
    // The rows that a node would have given are checked against the node's output, where they are used.
    if of_node {
        return Ok(Some(answer));
    }
    if let Some(given) = &given.rows {
        let columns = |batch: &Batch| -> Vec<_> {
            batch.schema().fields().iter().map(|field| (field.name().clone(), field.data_type().clone())).collect()
        };
        if columns(given) != columns(&answer) {
            return Err("gave back rows with other columns than it got".to_owned());
        }
        if answer.rows() > given.rows() {
            return Err(format!("gave back {} rows, more than the {} it got", answer.rows(), given.rows()));
        }
    }
    Ok(Some(answer))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn given() -> Event {
        Event::new(
            "p",
            json!({ "pipeline": "p", "sources": [], "nodes": [{ "name": "n", "type": "t", "inputs": [],
            "params": { "a": 1 } }], "sinks": [], "now-nanos": 7 }),
        )
    }

    fn answer(fields: Value) -> Result<Event, String> {
        let spec = PointSpec::of(HookPoint::PipelinePlan);
        let given = given();
        let shown = given.shown(spec, false);
        let answer = HookEvent { fields: fields.to_string(), ..shown.clone() };
        accept(Reading { spec, data: false, outcome: false }, &given, &shown.fields, answer)
    }

    #[test]
    fn parameters_may_change_and_what_is_left_out_stays() {
        let nodes = json!([{ "name": "n", "type": "t", "inputs": [], "params": { "a": 2 } }]);
        let event = answer(json!({ "nodes": nodes, "now-nanos": 9 })).unwrap();
        assert_eq!(event.fields["nodes"], nodes);
        assert_eq!(event.fields["now-nanos"], 7);
        assert_eq!(event.fields["pipeline"], "p");
    }

    #[test]
    fn nonsense_is_refused_with_a_reason() {
        let more = json!([{ "name": "m", "type": "t", "inputs": [], "params": {} }]);
        for (fields, words) in [
            (json!({ "pipeline": "q" }), "`pipeline`"),
            (json!({ "nodes": 3 }), "schema"),
            (json!({ "nodes": [] }), "`params`"),
            (json!({ "nodes": more }), "`params`"),
            (json!({ "nodes": [{ "name": "n", "type": "t", "inputs": [], "params": 5 }] }), "`params`"),
            (json!({ "extra": 1 }), "`extra`"),
            (json!([]), "no JSON object"),
        ] {
            let why = answer(fields.clone()).unwrap_err();
            assert!(why.contains(words), "{fields}: {why}");
        }
    }
}
