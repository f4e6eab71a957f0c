//! What happens at each point: what is told, what a hook may do about it, and the schema of the fields.

use std::sync::OnceLock;

use jackfield_manifest::HookPoint;
use serde_json::{Map, Value, json};

/// What the host knows of a point.
#[derive(Debug, Clone, Copy)]
pub struct PointSpec {
    /// The point.
    pub point: HookPoint,
    /// When hooks are called, in a line.
    pub about: &'static str,
    /// What the chain stands around, in a few words; empty where it is only told.
    pub middle: &'static str,
    /// A hook may say no.
    pub vetoes: bool,
    /// Fields that a hook may change, of the event or of its outcome.
    pub changes: &'static [&'static str],
    /// A hook may give the outcome instead of what the chain stands around.
    pub replaces: bool,
    /// Hooks that ask for `data` get rows, and may change them.
    pub rows: bool,
    /// Fields that hooks only get if they ask for `data`.
    pub data_fields: &'static [&'static str],
    /// Hooks are called in instances of the stage, not in the plugin's main instance.
    pub in_stage: bool,
    /// Name, JSON type and meaning of each field; those in `results` are of the outcome.
    pub fields: &'static [Field],
}

/// A field of a point's events.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its shape.
    pub shape: Shape,
    /// What it tells.
    pub about: &'static str,
    /// It is there in the outcome only.
    pub result: bool,
}

/// The shape of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A text.
    Text,
    /// A text, or null.
    MaybeText,
    /// One of these texts.
    Word(&'static [&'static str]),
    /// A whole number from 0.
    Count,
    /// An object.
    Object,
    /// A list of texts.
    Texts,
    /// A list of objects.
    Objects,
    /// Figures: objects with `name`, `value` and, if wanted, `merge` (sum, max, min, last) and `unit`.
    Metrics,
}

const fn told(name: &'static str, shape: Shape, about: &'static str) -> Field {
    Field { name, shape, about, result: false }
}

const fn result(name: &'static str, shape: Shape, about: &'static str) -> Field {
    Field { name, shape, about, result: true }
}

use HookPoint as P;
use Shape::{Count, MaybeText, Metrics, Object, Objects, Text, Texts, Word};

const PLUGIN: Field = told("plugin", Text, "the plugin");
const VERSION: Field = told("version", Text, "its version");
const PIPELINE: Field = told("pipeline", Text, "the pipeline's name");
const ROWS: Field = told("rows", Count, "rows of the batch");
const NODE: Field = told("node", Text, "the node's name in the pipeline");
const TYPE: Field = told("type", Text, "its type");
const BATCH: Field = told("batch", Count, "the number of the batch in this instance, from 0");

/// A point where hooks are told something, and may say no.
const fn point(point: HookPoint, about: &'static str, middle: &'static str, fields: &'static [Field]) -> PointSpec {
    PointSpec {
        point,
        about,
        middle,
        vetoes: true,
        changes: &[],
        replaces: false,
        rows: false,
        data_fields: &[],
        in_stage: false,
        fields,
    }
}

/// All points, in the order of a pipeline's life.
pub static POINTS: [PointSpec; 18] = [
    PointSpec {
        changes: &["config"],
        ..point(
            P::ConfigLoad,
            "a plugin's configuration was put together",
            "",
            &[
                PLUGIN,
                VERSION,
                told(
                    "config",
                    Object,
                    "the configuration with its defaults; what a hook makes of it is validated again",
                ),
            ],
        )
    },
    point(P::PluginLoad, "a plugin's component is loaded", "loading it", &[PLUGIN, VERSION]),
    point(P::PluginInit, "a plugin is given its configuration", "its `init`", &[PLUGIN, VERSION]),
    point(P::PluginStart, "a plugin starts", "its `start`", &[PLUGIN, VERSION]),
    PointSpec {
        changes: &["nodes"],
        ..point(
            P::PipelinePlan,
            "a pipeline was read and is about to be planned",
            "",
            &[
                PIPELINE,
                told("sources", Objects, "`name`, `paths`, `format`, `options` of each source"),
                told("nodes", Objects, "`name`, `type`, `inputs`, `params` of each node; a hook may change `params`"),
                told("sinks", Objects, "`name`, `input`, `path`, `format`, `options` of each sink"),
            ],
        )
    },
    PointSpec {
        changes: &["format"],
        replaces: true,
        ..point(
            P::FormatDetect,
            "the format of a source is found out",
            "finding it",
            &[
                told("source", Text, "the source's name"),
                told("file", Text, "its first file"),
                told("format", MaybeText, "the format that the pipeline says or, in the outcome, that was found"),
            ],
        )
    },
    point(
        P::PipelineStart,
        "a planned pipeline is about to move data",
        "",
        &[PIPELINE, told("stages", Objects, "`name`, `kind`, `plugin` of each stage")],
    ),
    PointSpec {
        in_stage: true,
        ..point(P::NodeBefore, "a node is about to get its first batch", "", &[NODE, TYPE, PLUGIN, VERSION])
    },
    PointSpec {
        replaces: true,
        rows: true,
        in_stage: true,
        ..point(
            P::NodeProcess,
            "a node works on a batch",
            "the node's `process`",
            &[
                NODE,
                TYPE,
                BATCH,
                ROWS,
                result("rows-out", Count, "rows that come out, over all ports"),
                result("rows-rejected", Count, "rows that leave by the error policy"),
            ],
        )
    },
    PointSpec {
        vetoes: false,
        changes: &["action"],
        data_fields: &["message"],
        in_stage: true,
        ..point(
            P::NodeError,
            "a node has failed on a batch",
            "",
            &[
                NODE,
                TYPE,
                BATCH,
                ROWS,
                told("code", Text, "the code of the failure"),
                told("message", Text, "its text; only for hooks that ask for `data`"),
                told(
                    "action",
                    Word(&["fail", "skip"]),
                    "what becomes of it: the run fails, or the batch counts as rejected",
                ),
            ],
        )
    },
    PointSpec {
        replaces: true,
        rows: true,
        in_stage: true,
        ..point(
            P::BatchEmit,
            "a source or node hands on a batch",
            "",
            &[
                told("stage", Text, "the stage's name in the pipeline"),
                told("kind", Word(&["source", "node"]), "what it is"),
                told("port", Text, "the output port"),
                ROWS,
            ],
        )
    },
    PointSpec {
        changes: &["payload"],
        replaces: true,
        data_fields: &["payload"],
        ..point(
            P::ServiceCall,
            "a plugin calls a service of another one",
            "the call",
            &[
                PLUGIN,
                told("service", Text, "the service"),
                told("method", Text, "its method"),
                told("caller", Text, "the plugin that calls"),
                told("bytes", Count, "bytes of the payload"),
                told(
                    "payload",
                    Text,
                    "the payload in base64, the answer in the outcome; only for hooks that ask for `data`",
                ),
            ],
        )
    },
    PointSpec {
        vetoes: false,
        changes: &["status", "message"],
        replaces: true,
        ..point(
            P::HealthCheck,
            "a plugin is asked how it is",
            "its `check`",
            &[
                PLUGIN,
                VERSION,
                result("status", Word(&["healthy", "degraded", "failing"]), "how it is"),
                result("message", Text, "why"),
            ],
        )
    },
    PointSpec {
        vetoes: false,
        changes: &["metrics"],
        in_stage: true,
        ..point(
            P::MetricsCollect,
            "a stage, and at last the pipeline, has ended and its figures are gathered",
            "",
            &[
                PIPELINE,
                told("scope", Word(&["stage", "run"]), "whether it is about a stage or about the whole run"),
                told("stage", MaybeText, "the stage's name"),
                told("kind", MaybeText, "what the stage is"),
                told("metrics", Metrics, "the figures so far, to which hooks add theirs"),
            ],
        )
    },
    point(
        P::PipelineComplete,
        "all data was moved, and the outputs are about to appear",
        "",
        &[
            PIPELINE,
            told("stages", Objects, "`name`, `kind`, `rows-in`, `rows-out`, `rows-rejected` of each stage"),
            told("rows-rejected", Count, "rows that left by an error policy"),
        ],
    ),
    PointSpec {
        vetoes: false,
        data_fields: &["messages"],
        ..point(
            P::PipelineFail,
            "a run has failed",
            "",
            &[
                PIPELINE,
                told("codes", Texts, "the codes of what went wrong"),
                told("messages", Texts, "the texts; only for hooks that ask for `data`"),
            ],
        )
    },
    PointSpec { vetoes: false, ..point(P::PluginStop, "a plugin stops", "its `stop`", &[PLUGIN, VERSION]) },
    PointSpec {
        vetoes: false,
        ..point(
            P::PluginFail,
            "a plugin has failed",
            "",
            &[
                PLUGIN,
                VERSION,
                told("reason", Text, "why"),
                told("dependents", Texts, "the plugins that require it, and so cannot work either"),
            ],
        )
    },
];

impl PointSpec {
    /// What the host knows of a point.
    pub fn of(point: HookPoint) -> &'static PointSpec {
        // The test below holds that every point stands in the table, so the first is never taken for another.
        POINTS.iter().find(|spec| spec.point == point).unwrap_or(&POINTS[0])
    }

    /// The JSON Schema of the fields.
    pub fn schema(&self) -> Value {
        let mut properties = Map::new();
        for field in self.fields {
            properties.insert(field.name.to_owned(), field.schema());
        }
        let time = |about: &str| json!({ "type": "integer", "minimum": 0, "description": about });
        properties.insert("now-nanos".to_owned(), time("nanoseconds since planning began; never goes back"));
        if !self.middle.is_empty() {
            let about = format!("in the outcome: the nanoseconds that {} took", self.middle);
            properties.insert("elapsed-nanos".to_owned(), time(&about));
        }
        let always = |field: &&Field| !field.result && !self.data_fields.contains(&field.name);
        let mut required: Vec<&str> = self.fields.iter().filter(always).map(|field| field.name).collect();
        required.push("now-nanos");
        json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
    }

    /// The schema, compiled once.
    pub(crate) fn validator(&self) -> Option<&'static jsonschema::Validator> {
        static VALIDATORS: [OnceLock<Option<jsonschema::Validator>>; 18] = [const { OnceLock::new() }; 18];
        let index = POINTS.iter().position(|spec| spec.point == self.point)?;
        VALIDATORS.get(index)?.get_or_init(|| jsonschema::validator_for(&self.schema()).ok()).as_ref()
    }

    /// The outcomes that the point honours, for listings.
    pub fn outcomes(&self) -> Vec<&'static str> {
        let mut outcomes = vec!["proceed"];
        let changes = !self.changes.is_empty() || self.rows;
        outcomes.extend(
            [("changed", changes), ("replaced", self.replaces), ("veto", self.vetoes)]
                .map(|(outcome, honoured)| if honoured { outcome } else { "" }),
        );
        outcomes.retain(|outcome| !outcome.is_empty());
        outcomes
    }
}

impl Field {
    fn schema(&self) -> Value {
        let mut schema = match self.shape {
            Shape::Text => json!({ "type": "string" }),
            Shape::MaybeText => json!({ "type": ["string", "null"] }),
            Shape::Word(words) => json!({ "enum": words }),
            Shape::Count => json!({ "type": "integer", "minimum": 0 }),
            Shape::Object => json!({ "type": "object" }),
            Shape::Texts => json!({ "type": "array", "items": { "type": "string" } }),
            Shape::Objects => json!({ "type": "array", "items": { "type": "object" } }),
            Shape::Metrics => json!({
                "type": "array",
                "maxItems": 1000,
                "items": {
                    "type": "object",
                    "required": ["name", "value"],
                    "additionalProperties": false,
                    "properties": {
                        "name": { "type": "string", "minLength": 1, "maxLength": 100 },
                        "value": { "type": "number" },
                        "merge": { "enum": ["sum", "max", "min", "last"] },
                        "unit": { "type": "string", "maxLength": 20 },
                    },
                },
            }),
        };
        if let Some(schema) = schema.as_object_mut() {
            let about = if self.result { format!("in the outcome: {}", self.about) } else { self.about.to_owned() };
            schema.insert("description".to_owned(), about.into());
        }
        schema
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_point_is_described_once_with_a_schema_that_compiles() {
        for point in HookPoint::ALL {
            assert_eq!(POINTS.iter().filter(|spec| spec.point == point).count(), 1, "{point}");
            let spec = PointSpec::of(point);
            assert!(spec.validator().is_some(), "{point}");
            for field in spec.changes.iter().chain(spec.data_fields) {
                assert!(spec.fields.iter().any(|known| known.name == *field), "{point}: {field}");
            }
        }
    }
}
