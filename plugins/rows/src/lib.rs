//! Nodes that work on rows: filter, select, derive, cast, limit and aggregate. The host does the computing; what is here
//! decides what is computed, and says what is wrong with the parameters.

mod aggregate;
mod cast;
mod derive;
mod filter;
mod limit;
mod select;

use aggregate::Aggregate;
use cast::Cast;
use derive::Derive;
use filter::Filter;
use jackfield_sdk::{Batch, Binding, Buffers, Failure, InputPort, Node, Params, Step};
use limit::Limit;
use select::Select;

/// One node of any of the types.
enum Rows {
    Filter(Filter),
    Select(Select),
    Derive(Derive),
    Cast(Cast),
    Limit(Limit),
    Aggregate(Box<Aggregate>),
}

impl Node for Rows {
    fn new(node_type: &str, params: Params) -> Result<Self, Vec<Failure>> {
        match node_type {
            "filter" => Filter::new(params).map(Rows::Filter),
            "select" => Select::new(params).map(Rows::Select),
            "derive" => Derive::new(params).map(Rows::Derive),
            "cast" => Cast::new(params).map(Rows::Cast),
            "limit" => Limit::new(params).map(Rows::Limit),
            "aggregate" => Aggregate::new(params).map(|node| Rows::Aggregate(Box::new(node))),
            other => Err(Failure::invalid_config("unknown-node", format!("there is no node type `{other}`")).into()),
        }
    }

    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        let Some(input) = inputs.first() else {
            return Err(Failure::invalid_config("missing-input", "the node has no input").into());
        };
        match self {
            Rows::Filter(node) => node.bind(input),
            Rows::Select(node) => node.bind(input),
            Rows::Derive(node) => node.bind(input),
            Rows::Cast(node) => node.bind(input),
            Rows::Limit(node) => Ok(node.bind(input)),
            Rows::Aggregate(node) => node.bind(input),
        }
    }

    fn process(&mut self, _port: &str, batch: &Batch, _columns: &[Buffers]) -> Result<Step, Failure> {
        match self {
            Rows::Filter(node) => node.process(batch),
            Rows::Select(_) => Ok(Step::pass()),
            Rows::Derive(node) => node.process(batch),
            Rows::Cast(node) => node.process(batch),
            Rows::Limit(node) => node.process(batch),
            Rows::Aggregate(node) => node.process(batch),
        }
    }

    fn resume(&mut self) -> Result<Step, Failure> {
        match self {
            Rows::Aggregate(node) => node.resume(),
            _ => Ok(Step::nothing()),
        }
    }

    fn finish(&mut self, _port: &str) -> Result<Step, Failure> {
        match self {
            Rows::Aggregate(node) => node.finish(),
            _ => Ok(Step::nothing()),
        }
    }
}

jackfield_sdk::export_node!(Rows);
