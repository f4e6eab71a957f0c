//! SQL expressions: parsed once, evaluated batch by batch.

use jackfield_columns::sql::{Context, Expression, parse_aggregate, parse_order};
use wasmtime::component::Resource;

use crate::bindings::jackfield::plugin::{flow, sql, types};
use crate::convert;
use crate::held::{HeldBatch, HeldExpression};
use crate::ledger::Charge;
use crate::state::{Answer, State, table_stop};

impl State {
    fn context(&self) -> Context {
        Context { now_micros: self.options.now_micros }
    }

    fn expression(&self, handle: &Resource<HeldExpression>) -> wasmtime::Result<Expression> {
        Ok(self.table.get(handle).map_err(table_stop)?.expression.clone())
    }
}

/// Bytes that an expression takes for each byte of its text, at most about.
const BYTES_PER_CHARACTER: u64 = 64;

impl State {
    fn hold_expression(&mut self, expression: Expression) -> wasmtime::Result<Resource<HeldExpression>> {
        let mut charge = Charge::default();
        self.charge_size(&mut charge, BYTES_PER_CHARACTER * expression.text().len() as u64)?;
        self.push(HeldExpression { expression, charge })
    }
}

impl sql::Host for State {
    fn parse_aggregate(&mut self, text: String, input: types::Schema) -> Answer<sql::Aggregate> {
        self.account.enter_copying(text.len().saturating_mul(64))?;
        let context = self.context();
        let parsed = convert::schema_from_wit(input).and_then(|schema| parse_aggregate(&text, &schema, &context));
        let aggregate = match self.answer(parsed)? {
            Ok(aggregate) => aggregate,
            Err(failure) => return Ok(Err(failure)),
        };
        let mut arguments = Vec::with_capacity(aggregate.arguments.len());
        for expression in aggregate.arguments {
            arguments.push(self.hold_expression(expression)?);
        }
        Ok(Ok(sql::Aggregate {
            function: aggregate.function,
            arguments,
            distinct: aggregate.distinct,
            options: aggregate.options,
            result_type: convert::type_tree_to_wit(&aggregate.result_type),
        }))
    }

    fn parse_order(&mut self, text: String, input: types::Schema) -> Answer<sql::Order> {
        self.account.enter_copying(text.len().saturating_mul(64))?;
        let context = self.context();
        let parsed = convert::schema_from_wit(input).and_then(|schema| parse_order(&text, &schema, &context));
        match self.answer(parsed)? {
            Ok(order) => {
                let key = self.hold_expression(order.key)?;
                Ok(Ok(sql::Order { key, descending: order.descending, nulls_first: order.nulls_first }))
            }
            Err(failure) => Ok(Err(failure)),
        }
    }
}

impl sql::HostExpression for State {
    fn new(&mut self, text: String, input: types::Schema) -> Answer<Resource<HeldExpression>> {
        self.account.enter_copying(text.len().saturating_mul(64))?;
        let context = self.context();
        let parsed = convert::schema_from_wit(input).and_then(|schema| Expression::parse(&text, &schema, &context));
        match self.answer(parsed)? {
            Ok(expression) => self.hold_expression(expression).map(Ok),
            Err(failure) => Ok(Err(failure)),
        }
    }

    fn columns(&mut self, handle: Resource<HeldExpression>) -> wasmtime::Result<Vec<u32>> {
        self.account.enter()?;
        let expression = self.expression(&handle)?;
        Ok(expression.columns().iter().filter_map(|column| u32::try_from(*column).ok()).collect())
    }

    fn result_type(&mut self, handle: Resource<HeldExpression>) -> wasmtime::Result<Vec<types::Field>> {
        self.account.enter()?;
        Ok(convert::type_tree_to_wit(self.expression(&handle)?.result_type()))
    }

    fn predicates(&mut self, handle: Resource<HeldExpression>) -> wasmtime::Result<Vec<types::Predicate>> {
        self.account.enter()?;
        Ok(convert::predicates_to_wit(self.expression(&handle)?.predicates()))
    }

    fn evaluate(&mut self, handle: Resource<HeldExpression>, input: Resource<HeldBatch>) -> Answer<flow::Outcome> {
        self.account.enter()?;
        let (expression, batch) = (self.expression(&handle)?, self.batch(&input)?);
        let outcome = expression.evaluate(&batch, &mut self.account);
        self.recharge_batch(&input)?;
        self.answer_outcome(outcome)
    }

    fn drop(&mut self, handle: Resource<HeldExpression>) -> wasmtime::Result<()> {
        let mut held = self.table.delete(handle).map_err(table_stop)?;
        self.account.ledger.release(&mut held.charge);
        Ok(())
    }
}
