//! Faults on demand: `{ how, when, after }`.

use jackfield_sdk::{Batch, Binding, Buffers, Failure, InputPort, Node, Params, Step};
use serde::Deserialize;
use std::hint::black_box;

#[derive(Deserialize)]
struct Fault {
    how: How,
    #[serde(default)]
    when: When,
    #[serde(default)]
    after: u64,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum How {
    Spin,
    Panic,
    Recurse,
    Hog,
    Fill,
    Fail,
}

#[derive(Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
enum When {
    New,
    Bind,
    #[default]
    Process,
    Finish,
}

impl Fault {
    fn reach(&mut self, now: When) -> Result<(), Failure> {
        if now != self.when {
            return Ok(());
        }
        if self.after > 0 {
            self.after -= 1;
            return Ok(());
        }
        match self.how {
            How::Spin => spin(),
            How::Panic => panic!("this guest panics on purpose"),
            How::Recurse => _ = black_box(recurse(0)),
            How::Hog => hog(),
            How::Fill => fill(),
            How::Fail => return Err(Failure::invalid_input("on-purpose", "this guest fails on purpose")),
        }
        Ok(())
    }
}

#[inline(never)]
fn spin() {
    let mut turns = 0u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}

#[inline(never)]
#[allow(unconditional_recursion)]
fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 16]);
    recurse(depth + 1) + frame[(depth % 16) as usize]
}

/// Asks for memory until there is none.
fn hog() {
    let mut held: Vec<Vec<u8>> = Vec::new();
    loop {
        held.push(black_box(vec![1; 1 << 20]));
    }
}

/// Few instructions, many bytes: `memory.fill` in a loop.
fn fill() {
    let mut bytes = vec![0u8; 62 << 20];
    for value in 0u8.. {
        black_box(&mut bytes).fill(value);
    }
}

impl Node for Fault {
    fn new(_node_type: &str, params: Params) -> Result<Self, Vec<Failure>> {
        let mut fault: Fault = params.parse()?;
        fault.reach(When::New)?;
        Ok(fault)
    }
    fn bind(&mut self, inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        self.reach(When::Bind)?;
        Ok(Binding::passing(&inputs[0]))
    }
    fn process(&mut self, _port: &str, _batch: &Batch, _columns: &[Buffers]) -> Result<Step, Failure> {
        self.reach(When::Process)?;
        Ok(Step::pass())
    }
    fn finish(&mut self, _port: &str) -> Result<Step, Failure> {
        self.reach(When::Finish)?;
        Ok(Step::nothing())
    }
}

jackfield_sdk::export_node!(Fault);
