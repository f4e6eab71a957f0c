//! `jackfield pipe`: a pipeline in one line.

mod step;

use jackfield_manifest::Problem;
use jackfield_runtime::{Class, Diagnosis, Registry, Report};

use crate::args::Global;
use crate::args::daily::PipeArguments;
use crate::compose::{self, Policy};
use crate::composed::{Composed, Origin, Value};
use crate::output::{CommandError, CommandResult, Output};
use crate::run::{self, Manner};
use step::{Place, Step};

pub(crate) fn pipe(global: &Global, arguments: &PipeArguments, output: &Output) -> CommandResult {
    let manner = Manner::of(&arguments.running, "pipe");
    if arguments.parts.len() < 2 {
        let message = "pipe takes a file to read, steps, and a file to write, or - for stdin and stdout";
        return Err(CommandError::Usage(message.to_owned()));
    }
    run::composed(global, &manner, output, |registry| compose(registry, arguments))
}

fn compose(registry: &Registry, arguments: &PipeArguments) -> Result<Composed, CommandError> {
    let mut out = Composed::default();
    let [input, steps @ .., path] = arguments.parts.as_slice() else { return Ok(out) };
    let first = path.split_whitespace().next().unwrap_or_default();
    let is_step = |word: &str| word.parse().is_ok_and(|node_type| registry.node(&node_type).is_ok());
    if is_step(first) && (path.contains(char::is_whitespace) || !path.contains('.')) {
        let message =
            format!("the last argument is the file to write, and `{path}` is a step; end with a file, or with -");
        return Err(CommandError::Usage(message));
    }
    let policy = Policy::of(&arguments.running);
    let mut problems = Vec::new();
    let mut read = Vec::new();
    for (number, text) in steps.iter().enumerate() {
        let origin = out.typed(Some(&format!("step {}", number + 1)), text);
        match step::read(registry, text, &origin) {
            Ok(step) => read.push((origin, step)),
            Err(fault) => {
                let place = out.place(&origin.part(fault.bytes));
                problems.push(Problem::error("invalid-step", fault.message).with_help(fault.help).at(place));
            }
        }
    }
    if !problems.is_empty() {
        let diagnoses = problems.into_iter().map(|problem| Diagnosis { problem, class: Class::Configuration });
        return Err(Report { diagnoses: diagnoses.collect() }.into());
    }
    let names = Names::of(&read.iter().map(|(_, step)| step).collect::<Vec<_>>());
    compose::source(&mut out, registry, "in", std::slice::from_ref(input), &arguments.input, &policy);
    for (name, path, origin) in &names.files {
        out.raw(&format!("\n[source.{name}]\n"));
        out.text_entry("path", path, origin.clone());
    }
    let mut last = "in".to_owned();
    for ((origin, step), name) in read.iter().zip(&names.steps) {
        out.region(origin.clone(), |out| {
            out.raw(&format!("\n[node.{name}]\n"));
            out.text_entry("type", &step.node_type, origin.part(0..step.node_type.len()));
            inputs(out, step, &last, &names);
            policy.write(out);
            out.table(&format!("node.{name}"), "params", &step.params);
        });
        last.clone_from(name);
    }
    let format = compose::text_format(registry, &arguments.input, input);
    compose::sink(&mut out, registry, &last, path, &arguments.output, Some(&format));
    Ok(out)
}

/// `input`, or `inputs` where the step reads further files.
fn inputs(out: &mut Composed, step: &Step, last: &str, names: &Names) {
    let name_of =
        |origin: &Origin| names.files.iter().find(|(_, _, of)| of == origin).map_or("", |(name, ..)| name.as_str());
    match &step.place {
        _ if step.files.is_empty() => out.raw(&format!("input = \"{last}\"\n")),
        Place::Many => {
            let others = step.files.iter().map(|file| format!(", \"{}\"", name_of(&file.origin)));
            out.raw(&format!("inputs = [\"{last}\"{}]\n", others.collect::<String>()));
        }
        Place::Named(port) => {
            let others = step.files.iter().map(|file| format!(", {} = \"{}\"", file.port, name_of(&file.origin)));
            out.raw(&format!("inputs = {{ {port} = \"{last}\"{} }}\n", others.collect::<String>()));
        }
    }
}

/// Names of the stages: nodes are called after their types, further sources after the ports they feed.
struct Names {
    steps: Vec<String>,
    files: Vec<(String, String, Origin)>,
}

impl Names {
    fn of(steps: &[&Step]) -> Names {
        let mut taken = vec!["in".to_owned()];
        let mut free = |wished: &str| {
            let name = (1..)
                .map(|number| if number == 1 { wished.to_owned() } else { format!("{wished}-{number}") })
                .find(|name| !taken.contains(name))
                .unwrap_or_default();
            taken.push(name.clone());
            name
        };
        let plain = |node_type: &str| node_type.rsplit('/').next().unwrap_or(node_type).to_owned();
        let names = steps.iter().map(|step| free(&plain(&step.node_type))).collect();
        let files = steps.iter().flat_map(|step| &step.files);
        let files = files.map(|file| (free(&file.port), file.path.clone(), file.origin.clone())).collect();
        Names { steps: names, files }
    }
}

/// A value of a parameter, for the steps.
pub(crate) type Parameter = (String, Origin, Value);
