//! A running node.

use arrow::datatypes::SchemaRef;
use jackfield_columns::Batch;

use crate::{Binding, CallError, Component, Step, StoreOptions, Usage};

/// A running node. Dropping it frees everything it holds.
#[derive(Debug)]
pub struct NodeInstance {}

impl NodeInstance {
    /// Starts an instance of `node_type` with its parameters, a JSON object.
    pub async fn open(
        component: &Component,
        options: StoreOptions,
        node_type: &str,
        params_json: &str,
    ) -> Result<Self, CallError> {
        todo!()
    }
    /// Tells it the schema of every connected input.
    pub async fn bind(&mut self, inputs: &[(String, SchemaRef)]) -> Result<Binding, CallError> {
        todo!()
    }
    /// Gives it a batch.
    pub async fn process(&mut self, port: &str, batch: Batch) -> Result<Step, CallError> {
        todo!()
    }
    /// Asks for more after a step that said so.
    pub async fn resume(&mut self) -> Result<Step, CallError> {
        todo!()
    }
    /// Tells it that a port has no more input.
    pub async fn finish(&mut self, port: &str) -> Result<Step, CallError> {
        todo!()
    }
    /// What it has used so far.
    #[must_use]
    pub fn usage(&self) -> Usage {
        todo!()
    }
}
