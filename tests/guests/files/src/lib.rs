//! Uses what it was granted, or was not, step by step, and tells what came of it, as a row for each step.

use jackfield_sdk::builders::TextBuilder;
use jackfield_sdk::{
    Batch, Binding, Buffers, Column, Failure, InputPort, Node, OutputPort, Params, Schema, Step, parse_type,
};
use serde::Deserialize;
use std::ffi::{CString, c_char, c_int};
use std::io::Write;
use std::time::{Duration, Instant, SystemTime};
use std::{env, fs, io};

#[derive(Deserialize)]
struct Wishes {
    steps: Vec<String>,
}

struct Files {
    schema: Schema,
    steps: Vec<String>,
}

impl Node for Files {
    fn new(_node_type: &str, params: Params) -> Result<Self, Vec<Failure>> {
        let wishes: Wishes = params.parse()?;
        let schema = Schema::of([parse_type("step", "utf8")?, parse_type("seen", "utf8")?]);
        Ok(Files { schema, steps: wishes.steps })
    }
    fn bind(&mut self, _inputs: &[InputPort]) -> Result<Binding, Vec<Failure>> {
        let port = OutputPort::new("out").made(self.schema.tree(0)).made(self.schema.tree(1));
        Ok(Binding::new().output(port))
    }
    fn process(&mut self, _port: &str, _batch: &Batch, _columns: &[Buffers]) -> Result<Step, Failure> {
        Ok(Step::nothing())
    }
    fn finish(&mut self, _port: &str) -> Result<Step, Failure> {
        let (mut steps, mut seen) = (TextBuilder::default(), TextBuilder::default());
        for step in &self.steps {
            steps.push(step.as_bytes());
            seen.push(carry_out(step).as_bytes());
        }
        let rows = steps.len() as u32;
        let steps = Column::of(&self.schema.tree(0), &[steps.finish()?])?;
        let seen = Column::of(&self.schema.tree(1), &[seen.finish()?])?;
        Ok(Step::from(Batch::of(&self.schema, rows, &[&steps, &seen])?))
    }
}

fn told<T>(result: io::Result<T>, tell: impl Fn(T) -> String) -> String {
    match result {
        Ok(value) => tell(value),
        Err(error) => format!("no: {:?}", error.kind()),
    }
}

fn done<T>(result: io::Result<T>) -> String {
    told(result, |_| "done".to_owned())
}

unsafe extern "C" {
    fn symlink(target: *const c_char, path: *const c_char) -> c_int;
}

/// The standard library has this for nightly compilers only.
fn link_to(target: &str, path: &str) -> io::Result<()> {
    let (target, path) = (CString::new(target)?, CString::new(path)?);
    // SAFETY: both are texts that end with a zero, and live until the call is over.
    match unsafe { symlink(target.as_ptr(), path.as_ptr()) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// `VERB PATH MORE`.
fn carry_out(step: &str) -> String {
    let mut words = step.splitn(3, ' ');
    let (verb, path, more) =
        (words.next().unwrap_or_default(), words.next().unwrap_or_default(), words.next().unwrap_or_default());
    match verb {
        "read" => told(fs::read_to_string(path), |text| text.trim_end().to_owned()),
        "stat" => told(fs::metadata(path), |stat| if stat.is_dir() { "folder".into() } else { stat.len().to_string() }),
        "list" => told(fs::read_dir(path), |entries| {
            let mut names: Vec<String> =
                entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
            names.sort();
            names.join(" ")
        }),
        "write" => done(fs::write(path, more)),
        "append" => {
            done(fs::OpenOptions::new().append(true).open(path).and_then(|mut file| file.write_all(more.as_bytes())))
        }
        "fill" => {
            let bytes = more.parse().unwrap_or(0);
            done(fs::write(path, vec![b'x'; bytes]))
        }
        "grow" => {
            let size = more.parse().unwrap_or(0);
            done(fs::OpenOptions::new().write(true).open(path).and_then(|file| file.set_len(size)))
        }
        "truncate" => done(fs::OpenOptions::new().write(true).truncate(true).open(path)),
        "chmod" => done(fs::metadata(path).and_then(|stat| fs::set_permissions(path, stat.permissions()))),
        // Open for ever, until something says no.
        "hoard" => {
            let mut open = 0;
            loop {
                match fs::File::open(path) {
                    Ok(file) => std::mem::forget(file),
                    Err(error) => break format!("no: {:?} after {open}", error.kind()),
                }
                open += 1;
            }
        }
        "mkdir" => done(fs::create_dir(path)),
        "remove" => done(fs::remove_file(path)),
        "rename" => done(fs::rename(path, more)),
        "link" => done(fs::hard_link(path, more)),
        "symlink" => done(link_to(more, path)),
        "many" => {
            let made = (0..more.parse().unwrap_or(0)).take_while(|n| fs::write(format!("{path}/{n}"), "").is_ok());
            made.count().to_string()
        }
        "env" => env::var(path).unwrap_or_else(|_| "unset".to_owned()),
        "variables" => env::vars().count().to_string(),
        "clock" => {
            let (before, date) = (Instant::now(), SystemTime::now());
            // The real time goes on, at the latest when something else has been done.
            let moved = (0..100_000).any(|_| before.elapsed() > Duration::ZERO && SystemTime::now() > date);
            if moved { "real".to_owned() } else { "frozen".to_owned() }
        }
        "random" => {
            use std::hash::{BuildHasher, RandomState};
            RandomState::new().hash_one(1).to_string()
        }
        _ => "what?".to_owned(),
    }
}

jackfield_sdk::export_node!(Files);
