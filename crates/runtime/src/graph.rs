//! A pipeline as a graph, to be drawn: Mermaid and DOT.

use jackfield_columns::type_name;
use jackfield_manifest::steers;

use crate::plan::Plan;
use crate::progress::StageKind;

/// A box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphNode {
    /// The stage's name.
    pub name: String,
    /// What it is.
    pub kind: StageKind,
    /// The plugin and its version.
    pub plugin: String,
}

/// An arrow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphEdge {
    /// The number of the box that it starts from.
    pub from: usize,
    /// The output port, unless it is the only one.
    pub port: Option<String>,
    /// The number of the box that it ends at.
    pub to: usize,
    /// The columns that move, with their types; `None` where they are known with the data only.
    pub columns: Option<Vec<(String, String)>>,
}

/// A pipeline's boxes and arrows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    /// The pipeline's name.
    pub name: String,
    /// In the order of the data.
    pub nodes: Vec<GraphNode>,
    /// In the order of the boxes they end at.
    pub edges: Vec<GraphEdge>,
}

impl Plan {
    /// The pipeline as a graph. Edges show the columns that the rest of the pipeline wants, not all there are.
    pub fn graph(&self) -> Graph {
        let nodes = self.stages.iter().map(|stage| GraphNode {
            name: stage.name.clone(),
            kind: stage.counters.kind,
            plugin: stage.counters.plugin.clone(),
        });
        let edges = self.edges.iter().map(|edge| {
            let stage = &self.stages[edge.from];
            let port = &stage.outputs[edge.output];
            let wanted = port.wanted.as_ref().and_then(|wanted| wanted.columns.as_ref());
            let columns = port.schema.as_ref().map(|schema| {
                let fields = schema.fields().iter().filter(|f| wanted.is_none_or(|names| names.contains(f.name())));
                fields.map(|f| (f.name().clone(), type_name(f.data_type()))).collect()
            });
            let named = stage.outputs.len() > 1;
            GraphEdge { from: edge.from, port: named.then(|| port.name.clone()), to: edge.to, columns }
        });
        Graph { name: self.name.clone(), nodes: nodes.collect(), edges: edges.collect() }
    }
}

impl Graph {
    /// The graph in Mermaid's language. Names are quoted and escaped, so nothing in them can become markup.
    pub fn to_mermaid(&self) -> String {
        let mut text = String::from("flowchart LR\n");
        for (number, node) in self.nodes.iter().enumerate() {
            let (open, close) = match node.kind {
                StageKind::Source => ("[(", ")]"),
                StageKind::Node => ("[", "]"),
                StageKind::Sink => ("[/", "/]"),
            };
            let label = format!("{}<br/>{}", mermaid(&node.name), mermaid(&node.plugin));
            text.push_str(&format!("  n{number}{open}\"{label}\"{close}\n"));
        }
        for edge in &self.edges {
            let label = edge.label();
            let label = if label.is_empty() { String::new() } else { format!("|\"{}\"|", mermaid(&label)) };
            text.push_str(&format!("  n{} -->{label} n{}\n", edge.from, edge.to));
        }
        text
    }

    /// The graph in Graphviz's language.
    pub fn to_dot(&self) -> String {
        let mut text = format!("digraph {} {{\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n", dot(&self.name));
        for (number, node) in self.nodes.iter().enumerate() {
            let shape = match node.kind {
                StageKind::Source => "cylinder",
                StageKind::Node => "box",
                StageKind::Sink => "note",
            };
            let label = dot(&format!("{}\n{}", node.name, node.plugin));
            text.push_str(&format!("  n{number} [shape={shape}, label={label}];\n"));
        }
        for edge in &self.edges {
            text.push_str(&format!("  n{} -> n{} [label={}];\n", edge.from, edge.to, dot(&edge.label())));
        }
        text.push_str("}\n");
        text
    }
}

impl GraphEdge {
    fn label(&self) -> String {
        let columns = match &self.columns {
            Some(columns) if columns.len() == 1 => "1 column".to_owned(),
            Some(columns) => format!("{} columns", columns.len()),
            None => String::new(),
        };
        match &self.port {
            Some(port) if columns.is_empty() => port.clone(),
            Some(port) => format!("{port}: {columns}"),
            None => columns,
        }
    }
}

/// Text inside a quoted Mermaid label: all that could end it or start markup becomes an entity.
fn mermaid(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' | ' ' | '.' | ',' | ':' | '_' | '-' | '/' | '+' => safe.push(c),
            c => safe.push_str(&format!("#{};", c as u32)),
        }
    }
    safe
}

/// A quoted string of Graphviz.
fn dot(text: &str) -> String {
    let mut safe = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => safe.push_str("\\\""),
            '\\' => safe.push_str("\\\\"),
            '\n' => safe.push_str("\\n"),
            c if steers(c) => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe.push('"');
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_plugins_cannot_become_markup() {
        let node = GraphNode { name: "a\"]; evil[\"<b>".into(), kind: StageKind::Node, plugin: "x\\\"\n".into() };
        let graph = Graph { name: "p\"".into(), nodes: vec![node], edges: Vec::new() };
        assert_eq!(
            graph.to_mermaid(),
            "flowchart LR\n  n0[\"a#34;#93;#59; evil#91;#34;#60;b#62;<br/>x#92;#34;#10;\"]\n"
        );
        assert!(graph.to_dot().contains("label=\"a\\\"]; evil[\\\"<b>\\nx\\\\\\\"\\n\""));
    }
}
