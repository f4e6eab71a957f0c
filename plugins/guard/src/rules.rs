//! Rules about the parameters of nodes.

use jackfield_sdk::params::pointer;
use jackfield_sdk::{Failure, Params};
use serde::Deserialize;
use serde_json::Value;

/// What the operator does not want.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub(crate) struct Rules {
    deny_types: Vec<String>,
    rules: Vec<Rule>,
}

/// What a parameter has to be like.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
struct Rule {
    #[serde(rename = "type")]
    node_type: String,
    param: String,
    require: bool,
    deny: bool,
    minimum: Option<f64>,
    maximum: Option<f64>,
    max_length: Option<u64>,
    one_of: Option<Vec<Value>>,
    without: Vec<String>,
    message: Option<String>,
}

impl Rules {
    /// Reads the plugin's configuration.
    ///
    /// # Errors
    /// Every rule that nothing can keep.
    pub(crate) fn read(config: &Params) -> Result<Rules, Vec<Failure>> {
        let rules: Rules = config.parse()?;
        let wrong = |number: usize, key: &str, message: &str| {
            Failure::invalid_config("impossible-rule", message).with_parameter(format!("/rules/{number}/{key}"))
        };
        let mut found = Vec::new();
        for (number, rule) in rules.rules.iter().enumerate() {
            if let (Some(minimum), Some(maximum)) = (rule.minimum, rule.maximum)
                && minimum > maximum
            {
                found.push(wrong(number, "minimum", "`minimum` is more than `maximum`"));
            }
            if rule.deny && rule.require {
                found.push(wrong(number, "deny", "a parameter cannot be both denied and required"));
            }
        }
        if found.is_empty() { Ok(rules) } else { Err(found) }
    }

    /// Everything in the nodes that the rules do not allow. Each points to its place in the event: `/nodes/0/params/rows`.
    pub(crate) fn check(&self, nodes: &[Value]) -> Vec<Failure> {
        let mut found = Vec::new();
        for (number, node) in nodes.iter().enumerate() {
            let node_type = node.get("type").and_then(Value::as_str).unwrap_or_default();
            let at = format!("/nodes/{number}");
            if self.deny_types.iter().any(|denied| denied == node_type) {
                let failure =
                    Failure::invalid_config("denied-type", format!("nodes of the type {node_type} are not allowed"));
                found.push(failure.with_parameter(pointer(&at, "type")));
            }
            let params = node.get("params").unwrap_or(&Value::Null);
            for rule in self.rules.iter().filter(|rule| rule.node_type == "*" || rule.node_type == node_type) {
                found.extend(rule.check(node_type, params, &pointer(&at, "params")));
            }
        }
        found
    }
}

impl Rule {
    fn check(&self, node_type: &str, params: &Value, at: &str) -> Option<Failure> {
        let mut place = at.to_owned();
        let mut value = Some(params);
        for key in self.param.split('.') {
            place = pointer(&place, key);
            value = value.and_then(|value| value.get(key));
        }
        let Some(value) = value else {
            let missing = || {
                Failure::invalid_config("rule-required", self.told(format!("{node_type} needs `{}` here", self.param)))
            };
            return self.require.then(|| missing().with_parameter(at));
        };
        let (code, why) = self.wrong(value)?;
        Some(Failure::invalid_config(code, self.told(why)).with_parameter(place))
    }

    /// What is wrong with the value of the parameter.
    fn wrong(&self, value: &Value) -> Option<(&'static str, String)> {
        let name = &self.param;
        if self.deny {
            return Some(("denied-parameter", format!("`{name}` is not allowed here")));
        }
        if let Some(number) = value.as_f64() {
            if let Some(minimum) = self.minimum.filter(|minimum| number < *minimum) {
                return Some(("rule-bounds", format!("`{name}` is {value}, at least {minimum} is allowed")));
            }
            if let Some(maximum) = self.maximum.filter(|maximum| number > *maximum) {
                return Some(("rule-bounds", format!("`{name}` is {value}, at most {maximum} is allowed")));
            }
        } else if self.minimum.or(self.maximum).is_some() {
            return Some(("rule-bounds", format!("`{name}` has to be a number")));
        }
        let length = match value {
            Value::String(text) => text.chars().count() as u64,
            Value::Array(items) => items.len() as u64,
            Value::Object(entries) => entries.len() as u64,
            _ => 0,
        };
        if let Some(most) = self.max_length.filter(|most| length > *most) {
            return Some(("rule-length", format!("`{name}` has a length of {length}, at most {most} is allowed")));
        }
        if let Some(values) = self.one_of.as_ref().filter(|values| !values.contains(value)) {
            let values: Vec<String> = values.iter().map(Value::to_string).collect();
            return Some(("rule-values", format!("`{name}` has to be one of {}", values.join(", "))));
        }
        let text = value.to_string().to_lowercase();
        let denied = self.without.iter().find(|denied| text.contains(&denied.to_lowercase()))?;
        Some(("rule-values", format!("`{name}` must not contain `{denied}`")))
    }

    /// The operator's words, if there are any, with what was found.
    fn told(&self, why: String) -> String {
        match &self.message {
            Some(message) => format!("{message}: {why}"),
            None => why,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rules(config: Value) -> Rules {
        Rules::read(&Params::new(config.to_string())).unwrap_or_else(|failures| panic!("{failures:?}"))
    }

    #[test]
    fn each_rule_finds_what_it_is_about_and_where() {
        let rules = rules(json!({
            "deny-types": ["sample"],
            "rules": [
                { "type": "limit", "param": "rows", "minimum": 1, "maximum": 100, "message": "small samples only" },
                { "type": "filter", "param": "where", "without": ["NOW()"], "max-length": 30 },
                { "type": "join", "param": "kind", "one-of": ["inner", "left"], "require": true },
                { "type": "*", "param": "columns.secret", "deny": true },
            ],
        }));
        let nodes = [
            json!({ "type": "sample", "params": {} }),
            json!({ "type": "limit", "params": { "rows": 101 } }),
            json!({ "type": "limit", "params": { "rows": "many" } }),
            json!({ "type": "filter", "params": { "where": "t < now()" } }),
            json!({ "type": "filter", "params": { "where": "a = 1 or a = 2 or a = 3 or a = 4" } }),
            json!({ "type": "join", "params": { "kind": "full" } }),
            json!({ "type": "join", "params": {} }),
            json!({ "type": "derive", "params": { "columns": { "secret": "1" } } }),
            json!({ "type": "derive", "params": { "columns": { "open": "1" } } }),
        ];
        let found: Vec<(String, String)> =
            rules.check(&nodes).into_iter().map(|f| (f.code, f.parameter.unwrap_or_default())).collect();
        let expected = [
            ("denied-type", "/nodes/0/type"),
            ("rule-bounds", "/nodes/1/params/rows"),
            ("rule-bounds", "/nodes/2/params/rows"),
            ("rule-values", "/nodes/3/params/where"),
            ("rule-length", "/nodes/4/params/where"),
            ("rule-values", "/nodes/5/params/kind"),
            ("rule-required", "/nodes/6/params"),
            ("denied-parameter", "/nodes/7/params/columns/secret"),
        ];
        assert_eq!(found, expected.map(|(code, place)| (code.to_owned(), place.to_owned())));
    }

    #[test]
    fn rules_that_nothing_can_keep_are_all_named() {
        let config = json!({ "rules": [
            { "type": "a", "param": "x", "minimum": 2, "maximum": 1 },
            { "type": "a", "param": "x", "deny": true, "require": true },
        ] });
        let found = Rules::read(&Params::new(config.to_string())).err().unwrap_or_default();
        let places: Vec<&str> = found.iter().filter_map(|failure| failure.parameter.as_deref()).collect();
        assert_eq!(places, ["/rules/0/minimum", "/rules/1/deny"]);
    }
}
