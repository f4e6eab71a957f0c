//! Where a plugin spends its fuel. The same work is done again and again, each time with a little more fuel, and it is
//! noted where it ran out: every sample is exact, and the same each time.

use jackfield_manifest::{Case, Subject, TypeRef, Value};
use serde_json::Value as Json;

use super::Bench;
use super::bench::{BenchRequest, setting};
use super::ran::{Input, Ran, Setting};
use crate::hostile::inputs::made_up;
use crate::loader::Runtime;
use crate::stops::Stop;

/// Frames that were found some times.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Names of functions, outermost first.
    pub frames: Vec<String>,
    /// How often.
    pub count: u32,
}

/// Where the fuel of some work went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// What was done.
    pub subject: String,
    /// Fuel of all of it.
    pub fuel: u64,
    /// Different stacks, the most frequent first.
    pub samples: Vec<Sample>,
    /// Samples that were taken.
    pub taken: u32,
}

impl Runtime {
    /// Profiles a node on generated or given rows, as [`Runtime::bench`] would run it.
    ///
    /// # Errors
    /// The node cannot be run, in words.
    pub fn profile_node(
        &self,
        bench: &Bench<'_>,
        request: &BenchRequest,
        node_type: &str,
        samples: u32,
        told: &mut dyn FnMut(u32),
    ) -> Result<Profile, String> {
        let manifest = &bench.plugin.manifest;
        let node = manifest.nodes.iter().find(|node| node.node_type == node_type);
        let node = node.ok_or_else(|| format!("plugin {} has no node type `{node_type}`", manifest.plugin))?;
        let inputs: Vec<Input> = self.inputs_for(request, node)?;
        let params = request.params.get(node_type).cloned().unwrap_or_else(|| made_up(node.parameters.as_ref()));
        let mut setting = setting(bench, node_type, &params);
        let reference = TypeRef { plugin: None, version: None, name: node_type.to_owned() };
        self.sampled(node_type, samples, told, &bench.cancel, &mut |fuel| {
            limit(&mut setting, fuel);
            self.run_node(&setting, &reference, inputs.clone(), &[])
        })
    }

    /// Profiles a case of a plugin's tests. `folder` is that of its file.
    ///
    /// # Errors
    /// The case cannot be run, in words.
    pub fn profile_case(
        &self,
        bench: &Bench<'_>,
        case: &Case,
        folder: &std::path::Path,
        samples: u32,
        told: &mut dyn FnMut(u32),
    ) -> Result<Profile, String> {
        let mut case = case.clone();
        self.sampled(&case.name.clone(), samples, told, &bench.cancel, &mut |fuel| {
            if let Some(fuel) = fuel {
                case.limits.insert("fuel-per-instance".to_owned(), whole(fuel));
            }
            self.try_case(bench, &case, folder)
        })
    }

    /// Profiles writing and reading of a format, or encoding and decoding of a codec, on generated data.
    ///
    /// # Errors
    /// It cannot be run, in words.
    pub fn profile_bytes(
        &self,
        bench: &Bench<'_>,
        request: &BenchRequest,
        subject: &Subject,
        samples: u32,
        told: &mut dyn FnMut(u32),
    ) -> Result<Profile, String> {
        let mut case = Case::new(&subject.text(), subject.clone());
        if let Some(Json::Object(_)) = request.params.get(&subject.text()) {
            let params = request.params.get(&subject.text()).map(super::from_json);
            if let Some(Value::Table(params)) = params {
                case.params = params;
            }
        }
        let scratch = tempfile::Builder::new().prefix("jackfield-profile-").tempdir().map_err(|e| e.to_string())?;
        super::bench::fill(&mut case, request, scratch.path())?;
        self.profile_case(bench, &case, std::path::Path::new(""), samples, told)
    }

    fn sampled(
        &self,
        subject: &str,
        samples: u32,
        told: &mut dyn FnMut(u32),
        cancel: &jackfield_host::CancelToken,
        run: &mut dyn FnMut(Option<u64>) -> Result<Ran, String>,
    ) -> Result<Profile, String> {
        let whole = run(None)?;
        if let Some(problem) = whole.problems.first() {
            return Err(problem.message.clone());
        }
        let mut profile = Profile { subject: subject.to_owned(), fuel: whole.fuel, samples: Vec::new(), taken: 0 };
        for number in 0..samples {
            if cancel.is_cancelled() {
                break;
            }
            told(number);
            // In the middle of each of so many equal parts.
            let fuel = u128::from(whole.fuel) * (2 * u128::from(number) + 1) / (2 * u128::from(samples));
            let mut stops = self.stop_events();
            run(Some(u64::try_from(fuel).unwrap_or(u64::MAX).max(1)))?;
            let Ok(stop) = stops.try_recv() else { continue };
            let frames = functions(&stop);
            profile.taken += 1;
            match profile.samples.iter_mut().find(|sample| sample.frames == frames) {
                Some(sample) => sample.count += 1,
                None => profile.samples.push(Sample { frames, count: 1 }),
            }
        }
        profile.samples.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.frames.cmp(&other.frames)));
        Ok(profile)
    }
}

fn whole(number: u64) -> Value {
    Value::Integer(i64::try_from(number).unwrap_or(i64::MAX))
}

fn limit(setting: &mut Setting<'_>, fuel: Option<u64>) {
    if let Some(fuel) = fuel {
        setting.limits.insert("fuel-per-instance".to_owned(), whole(fuel));
    }
}

/// The names of the functions on the stack, outermost first. Lines that only say where a function stands in its source
/// are left out.
fn functions(stop: &Stop) -> Vec<String> {
    let names = stop.frames.iter().filter_map(|line| {
        let (_, name) = line.split_once(" - ")?;
        let name = name.split_once('!').map_or(name, |(_, name)| name);
        let name = name.trim();
        // The hash that rustc puts behind a name says nothing.
        let plain =
            name.rsplit_once("::h").filter(|(_, hash)| hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()));
        Some(plain.map_or(name, |(name, _)| name).to_owned())
    });
    let mut names: Vec<String> = names.collect();
    if names.is_empty() {
        names.push("(start)".to_owned());
    }
    names.reverse();
    names
}
