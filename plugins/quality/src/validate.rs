//! `validate`: rows that break a rule leave by the port `rejected`, with the reason; those that break one that only
//! warns go on, and a copy of them leaves by the port `warnings`.

mod reasons;
mod rules;

use jackfield_kit::numbers::{flags, mask_of, numbers};
use jackfield_kit::{Groups, Problems, Rejections, Work, names, only_input};
use jackfield_sdk::{Batch, Binding, Column, DataType, Failure, Field, InputPort, OutputPort, Params, Step};
use rules::{Check, Rule, RuleText, Severity};
use serde::Deserialize;

const REJECTED: &str = "rejected";
const WARNINGS: &str = "warnings";

#[derive(Deserialize)]
struct Parameters {
    rules: Vec<RuleText>,
}

pub(crate) struct Validate {
    rules: Vec<RuleText>,
    bound: Vec<Rule>,
}

/// What a rule found in a batch.
struct Broken<'a> {
    rule: &'a Rule,
    /// Whether each row breaks it.
    rows: Vec<bool>,
}

impl Validate {
    pub(crate) fn new(params: Params) -> Result<Self, Vec<Failure>> {
        let Parameters { rules } = params.parse()?;
        Ok(Validate { rules, bound: Vec::new() })
    }
}

/// The rows that break a rule, if any does.
fn broken(
    check: &mut Check,
    pointer: &str,
    batch: &Batch,
    rejections: &mut Rejections,
) -> Result<Option<Vec<bool>>, Failure> {
    let rows = match check {
        Check::Condition(condition) => {
            let holds = rejections.evaluate(pointer, condition, batch)?;
            // What is neither true nor false breaks no rule, as in a CHECK of SQL.
            flags(&holds.not()?)?
        }
        Check::Unique { groups, seen } => later_ones(groups, seen, batch)?,
    };
    Ok(rows.contains(&true).then_some(rows))
}

/// Rows whose values another row has had before. A null equals nothing.
fn later_ones(groups: &mut Groups, seen: &mut u32, batch: &Batch) -> Result<Vec<bool>, Failure> {
    let of_rows = numbers(&groups.assign(batch)?)?;
    let mut later: Vec<bool> = of_rows
        .into_iter()
        .map(|group| {
            // Groups are numbered in order of first appearance, so the next number is a new group.
            let fresh = group == *seen;
            *seen += u32::from(fresh);
            !fresh
        })
        .collect();
    for index in groups.columns() {
        let column = batch.column_at(*index)?;
        if column.null_count() > 0 {
            later.iter_mut().zip(flags(&column.is_valid()?)?).for_each(|(later, valid)| *later &= valid);
        }
    }
    Ok(later)
}

/// Rows that break any of these.
fn any(broken: &[Broken], severity: Severity, rows: usize) -> Option<Vec<bool>> {
    let mut of_it = broken.iter().filter(|broken| broken.rule.severity == severity).peekable();
    of_it.peek()?;
    let mut any = vec![false; rows];
    for broken in of_it {
        any.iter_mut().zip(&broken.rows).for_each(|(any, broken)| *any |= broken);
    }
    Some(any)
}

impl Work for Validate {
    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        let input = only_input(inputs)?;
        let mut problems = Problems::default();
        self.bound.clear();
        for (number, text) in self.rules.iter().enumerate() {
            let pointer = format!("/rules/{number}");
            self.bound.extend(Rule::bind(&pointer, text, &input.schema, &mut problems));
        }
        let mut needed = Vec::new();
        for rule in &self.bound {
            needed.extend(&rule.columns);
        }
        // A reason of the input's own stays.
        let mut reason = "reason".to_owned();
        let mut number = 1;
        while input.schema.index_of(&reason).is_some() {
            number += 1;
            reason = format!("reason_{number}");
        }
        let with_reason = |name: &str| OutputPort::passing(name, input).made(vec![Field::new(&reason, DataType::Utf8)]);
        let binding = Binding::passing(input)
            .output(with_reason(REJECTED))
            .output(with_reason(WARNINGS))
            .needs(&input.name, &names::of(&input.schema, &needed));
        let alone = self.bound.iter().all(|rule| matches!(rule.check, Check::Condition(_)));
        problems.or(if alone { binding.row_wise() } else { binding })
    }

    fn process(&mut self, _port: &str, batch: &Batch) -> Result<Step, Failure> {
        let mut rejections = Rejections::default();
        let mut found = Vec::new();
        for rule in &mut self.bound {
            if let Some(rows) = broken(&mut rule.check, &rule.pointer, batch, &mut rejections)? {
                found.push(Broken { rule, rows });
            }
        }
        let rows = batch.rows() as usize;
        let (errors, mut warnings) = (any(&found, Severity::Error, rows), any(&found, Severity::Warning, rows));
        if let (Some(errors), Some(warnings)) = (&errors, &mut warnings) {
            // What is rejected does not go on, so there is nothing to warn of.
            warnings.iter_mut().zip(errors).for_each(|(warned, rejected)| *warned &= !rejected);
        }
        let mut step = match &errors {
            None => Step::pass(),
            Some(errors) => {
                let good: Vec<bool> = errors.iter().map(|broken| !broken).collect();
                Step::keep(mask_of(&good)?)
            }
        };
        for (port, severity, wrong) in [(REJECTED, Severity::Error, &errors), (WARNINGS, Severity::Warning, &warnings)]
        {
            let Some(wrong) = wrong else { continue };
            let mask: Column = mask_of(wrong)?;
            let of_it: Vec<&Broken> = found.iter().filter(|broken| broken.rule.severity == severity).collect();
            let reasons = reasons::column(batch, &of_it, wrong, &mask)?;
            step = step.change(port, Some(mask), vec![reasons]);
        }
        Ok(rejections.add_to(step))
    }
}
