//! What can be typed.

pub(crate) mod daily;

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, Parser, Subcommand, ValueEnum};
use jackfield_authoring::{Language, TemplateKind};
use jackfield_manifest::SetOption;

use daily::{ConvertArguments, PeekArguments, PipeArguments};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Runs data pipelines made of sandboxed WebAssembly plugins.
#[derive(Debug, Parser)]
#[command(name = "jackfield", version, styles = STYLES, subcommand_required = true, arg_required_else_help = true)]
#[command(
    after_help = "Examples:\n  jackfield peek data.csv\n  jackfield convert data.csv data.jsonl\n  jackfield run examples/late-flights/pipeline.toml\n\nExit codes: 0 done · 1 the run failed · 2 wrong command line · 3 wrong pipeline, manifest or configuration\n4 denied · 5 a limit was reached · 6 rows were rejected (--fail-on-rejected) · 130, 143 interrupted, terminated"
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of all commands.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Print one JSON document on stdout
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print errors only
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Print more; twice for what plugins log at debug level
    #[arg(short, long, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet")]
    pub(crate) verbose: u8,
    /// When to use colour; NO_COLOR is honoured
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: ColorChoice,
    /// The configuration to use instead of jackfield/jackfield.toml in the user's configuration folder
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a pipeline to its end
    #[command(
        after_help = "Examples:\n  jackfield run pipeline.toml\n  jackfield run pipeline.toml --set node.late.params.where='dep_delay > 120' --limit 1000\n  gzip -dc big.csv.gz | jackfield run from-stdin.toml | head"
    )]
    Run(RunArguments),
    /// Convert files into another format, and leave out what is not wanted
    #[command(
        after_help = "Examples:\n  jackfield convert flights.csv.gz flights.jsonl.zst\n  jackfield convert flights.csv late.csv -o null-values=NA -w 'dep_delay > 60' -s carrier,flight\n  jackfield convert 'logs/*.jsonl' all.csv --file-name-column file --schema-drift union\n  curl -s https://example.com/data.csv | jackfield convert - some.jsonl --from csv -n 5",
        override_usage = "jackfield convert [OPTIONS] <IN>… <OUT>"
    )]
    Convert(Box<ConvertArguments>),
    /// Run a pipeline that is written in one line
    #[command(
        after_help = "A step is a node type; then bare text for its main parameter, and name=value for others. A name that is no parameter\nis a column of `columns`, one that is an input port reads a file. `jackfield plugin docs NAME` shows what there is.\n\nExamples:\n  jackfield pipe flights.csv 'filter dep_delay > 60' 'aggregate by=carrier n=count(*) mean=avg(dep_delay)' late.csv\n  jackfield pipe flights.csv 'join on=carrier right=airlines.csv' 'top 3 by=dep_delay desc' -\n  jackfield pipe flights.csv 'derive speed=distance / air_time * 60' fast.jsonl --print > fast.toml",
        override_usage = "jackfield pipe [OPTIONS] <IN> <STEP>… <OUT>"
    )]
    Pipe(Box<PipeArguments>),
    /// Look into a file: its columns, its first rows, its size, how it was recognised
    #[command(
        after_help = "Examples:\n  jackfield peek flights.csv.gz\n  jackfield peek flights.csv.gz --rows 3 --select carrier,dep_delay\n  jackfield peek flights.csv.gz --plot dep_delay -o null-values=NA\n  jackfield peek data.jsonl --json | jq '.columns[].name'"
    )]
    Peek(Box<PeekArguments>),
    /// Find every problem of a pipeline without running it
    #[command(
        after_help = "Examples:\n  jackfield check pipeline.toml\n  jackfield check pipeline.toml --json | jq '.errors[].message'"
    )]
    Check(PipelineArguments),
    /// Draw a pipeline as Mermaid or DOT
    #[command(
        after_help = "Examples:\n  jackfield graph pipeline.toml\n  jackfield graph pipeline.toml --format dot | dot -Tsvg > pipeline.svg"
    )]
    Graph(GraphArguments),
    /// List and describe plugins
    Plugin(PluginArguments),
    /// Explain which hooks are called where
    Hooks(HooksArguments),
    /// List the functions that expressions can call, or describe one
    #[command(after_help = "Examples:\n  jackfield functions\n  jackfield functions date_trunc --json")]
    Functions {
        /// The function's name
        name: Option<String>,
    },
    /// Look for the tools that plugin authors need
    #[command(after_help = "Examples:\n  jackfield doctor\n  jackfield doctor --lang go --fix")]
    Doctor(DoctorArguments),
    /// Print a completion script for a shell
    #[command(
        after_help = "Example: jackfield completions bash > ~/.local/share/bash-completion/completions/jackfield"
    )]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// A pipeline file and what is changed in it.
#[derive(Debug, Args)]
pub(crate) struct PipelineArguments {
    /// The pipeline file
    pub(crate) file: PathBuf,
    /// Set any key of the file, such as node.late.params.where='dep_delay > 60'
    #[arg(long, value_name = "PATH=VALUE", value_parser = set_option)]
    pub(crate) set: Vec<SetOption>,
}

fn set_option(text: &str) -> Result<SetOption, String> {
    text.parse().map_err(|problem: jackfield_manifest::Problem| problem.message)
}

/// `run`.
#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    #[command(flatten)]
    pub(crate) pipeline: PipelineArguments,
    /// Read at most N records of each source
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u64>,
    /// Plan, show what would run, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Instances of each node that works row by row [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: Option<u16>,
    /// Exit with 6 if rows were rejected
    #[arg(long)]
    pub(crate) fail_on_rejected: bool,
    /// Save rows that fail or are rejected in DIR, as cases for `plugin test`; otherwise only those that crash a plugin, in the state folder
    #[arg(long, value_name = "DIR")]
    pub(crate) save_failures: Option<std::path::PathBuf>,
}

/// `graph`.
#[derive(Debug, Args)]
pub(crate) struct GraphArguments {
    #[command(flatten)]
    pub(crate) pipeline: PipelineArguments,
    /// The language of the drawing
    #[arg(long, value_name = "LANGUAGE", default_value = "mermaid")]
    pub(crate) format: GraphFormat,
}

/// Languages of drawings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum GraphFormat {
    /// Mermaid, which many Markdown viewers draw
    Mermaid,
    /// Graphviz
    Dot,
}

/// `hooks`.
#[derive(Debug, Args)]
pub(crate) struct HooksArguments {
    #[command(subcommand)]
    pub(crate) command: HooksCommand,
}

/// The commands of `hooks`.
#[derive(Debug, Subcommand)]
pub(crate) enum HooksCommand {
    /// Show the hooks of a point in the order in which they would be called, and why; runs none
    #[command(
        after_help = "Examples:\n  jackfield hooks explain node.process\n  jackfield hooks explain --pipeline pipeline.toml\n  jackfield hooks explain pipeline.plan --json | jq '.points[0].fields'"
    )]
    Explain(ExplainArguments),
}

/// `hooks explain`.
#[derive(Debug, Args)]
pub(crate) struct ExplainArguments {
    /// The point, such as node.process; all of them if it is left out
    #[arg(value_parser = crate::hooks::point)]
    pub(crate) point: Option<jackfield_manifest::HookPoint>,
    /// A pipeline file, which may enable hooks of its own
    #[arg(long, value_name = "FILE")]
    pub(crate) pipeline: Option<PathBuf>,
}

/// `plugin`.
#[derive(Debug, Args)]
pub(crate) struct PluginArguments {
    #[command(subcommand)]
    pub(crate) command: PluginCommand,
}

/// The commands of `plugin`.
#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// List the installed plugins; reads manifests only
    #[command(
        after_help = "Examples:\n  jackfield plugin list\n  jackfield plugin list --kind codec\n  jackfield plugin list --capability geo.lookup --json\n  jackfield plugin list --start"
    )]
    List {
        /// Only those that provide such things
        #[arg(long, value_name = "KIND")]
        kind: Option<ProvidedKind>,
        /// Only those that provide this capability
        #[arg(long, value_name = "ID")]
        capability: Option<String>,
        /// Only those with a node type of this category
        #[arg(long, value_name = "NAME")]
        category: Option<String>,
        /// Start each with what it requires, ask how it is, and stop it again; 1 if one fails
        #[arg(long)]
        start: bool,
    },
    /// Describe a plugin: what it provides, asks for and may use
    #[command(after_help = "Examples:\n  jackfield plugin info csv\n  jackfield plugin info csv@0.1 --json")]
    Info {
        /// The plugin's name, or NAME@VERSION
        name: String,
    },
    /// Make the project of a new plugin; asks on a terminal for what is not said
    #[command(
        after_help = "Examples:\n  jackfield plugin new\n  jackfield plugin new late-flights --lang python --kind node"
    )]
    New(NewArguments),
    /// Build the plugin in a folder: a component beside its plugin.toml
    #[command(
        after_help = "Examples:\n  jackfield plugin build\n  jackfield plugin build late-flights --release\n  jackfield plugin build --watch"
    )]
    Build(BuildArguments),
    /// Print the reference page of a plugin in Markdown: what it provides, with all parameters and options
    #[command(
        after_help = "Examples:\n  jackfield plugin docs csv\n  jackfield plugin docs sort | less\n  jackfield plugin docs -o reference"
    )]
    Docs {
        /// The plugin's name, or NAME@VERSION, or that of a node type, format or codec; without it, an index of all plugins
        name: Option<String>,
        /// Write the index and a page for each plugin into this folder
        #[arg(short, long, value_name = "FOLDER", conflicts_with = "name")]
        output: Option<PathBuf>,
    },
    /// Check that a plugin is sound: manifest, component, rights, schemas, what it does with small inputs, and, on request, with hostile ones
    #[command(
        after_help = "Examples:\n  jackfield plugin check\n  jackfield plugin check csv\n  jackfield plugin check csv --hostile\n  jackfield plugin check rows --params 'filter={\"where\": \"a > 1\"}' --json\n\nExit codes: 0 sound · 1 it has defects · 3 there is no such plugin, or its manifest or component cannot be used"
    )]
    Check(CheckArguments),
    /// Measure a plugin: rows and bytes a second of its nodes, formats and codecs
    #[command(
        after_help = "Examples:\n  jackfield plugin bench\n  jackfield plugin bench csv --rows 1000000\n  jackfield plugin bench rows --type filter --params 'filter={\"where\": \"a > 1\"}' --input flights.csv"
    )]
    Bench(BenchArguments),
    /// Draw where a plugin spends its fuel, as a flame graph
    #[command(
        after_help = "Examples:\n  jackfield plugin profile --type phonetic -o profile.svg\n  jackfield plugin profile --case soundex\n  jackfield plugin profile gzip --type codec:gzip --samples 500\n\nThe same work is done once for each sample, with a little more fuel each time, and it is noted where the fuel ran out:\nthe samples are exact, and the same each time. Functions have names if the component has a name section (do not strip it)."
    )]
    Profile(ProfileArguments),
    /// Run a plugin's tests: cases in tests/*.toml, against the real host with real limits
    #[command(
        after_help = "Examples:\n  jackfield plugin test\n  jackfield plugin test my-plugin soundex\n  jackfield plugin test --bless\n  jackfield plugin test --suite ../suite --property 1000\n  jackfield plugin test --from ~/.local/state/jackfield/failures/clean-1f3a90c2.toml\n\nExit codes: 0 all cases passed · 1 a case failed · 3 the plugin or a file of cases is wrong"
    )]
    Test(TestArguments),
    /// Run the rows again with which a run has failed, as it saved them
    #[command(
        after_help = "Example: jackfield plugin replay ~/.local/state/jackfield/failures/clean-1f3a90c2.toml\n\n`jackfield plugin test --from FILE` makes a test case of them."
    )]
    Replay {
        /// The file that the error of the run names
        file: PathBuf,
    },
    /// Show what plugins require, as a tree
    #[command(after_help = "Examples:\n  jackfield plugin tree\n  jackfield plugin tree maps --json")]
    Tree {
        /// Only this plugin's tree: a name, or NAME@VERSION
        name: Option<String>,
    },
    /// Show who requires a plugin, or why it cannot be used
    #[command(after_help = "Examples:\n  jackfield plugin why geo\n  jackfield plugin why geo@1 --json")]
    Why {
        /// The plugin's name, or NAME@VERSION
        name: String,
    },
    /// Let plugins run, with the rights that they ask for
    #[command(
        after_help = "Examples:\n  jackfield plugin grant geo --path /geo=/srv/maps\n  jackfield plugin grant geo --only clock --only 'network.http api.example.com'"
    )]
    Grant(GrantArguments),
    /// Take back what was granted to a plugin
    #[command(after_help = "Examples:\n  jackfield plugin revoke geo\n  jackfield plugin revoke geo@1.2.0")]
    Revoke {
        /// The plugin's name, or NAME@VERSION; it need not be installed any more
        name: String,
    },
    /// List what was granted to whom, when, and by whom
    #[command(
        after_help = "Examples:\n  jackfield plugin grants\n  jackfield plugin grants --json | jq '.grants[].rights'"
    )]
    Grants,
    /// Compare what a plugin asks for with what it was granted, imports, and has used
    #[command(
        after_help = "Examples:\n  jackfield plugin audit geo\n  jackfield plugin audit geo --json | jq -r .minimal"
    )]
    Audit {
        /// The plugin's name, or NAME@VERSION
        name: String,
    },
    /// Draw the plugins and what they require, as SVG
    #[command(
        after_help = "Examples:\n  jackfield plugin graph -o plugins.svg\n  jackfield plugin graph --json | jq '.arrows[]'"
    )]
    Graph {
        /// The file to write; otherwise stdout
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

/// `plugin new`.
#[derive(Debug, Args)]
pub(crate) struct NewArguments {
    /// The plugin's name: lower-case letters and digits, `-` between words
    pub(crate) name: Option<String>,
    /// rust, c, c++, zig, go, python or ts
    #[arg(long, value_name = "LANGUAGE")]
    pub(crate) lang: Option<Language>,
    /// node, format or codec; in Rust also hook and service
    #[arg(long, value_name = "KIND")]
    pub(crate) kind: Option<TemplateKind>,
    /// Where to make it [default: a folder of its name]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) path: Option<PathBuf>,
}

/// `plugin build`.
#[derive(Debug, Args)]
pub(crate) struct BuildArguments {
    /// The folder of the plugin
    #[arg(default_value = ".")]
    pub(crate) folder: PathBuf,
    /// Optimise, and leave out names and debug information
    #[arg(long)]
    pub(crate) release: bool,
    /// Build again whenever a source changes, until interrupted
    #[arg(long, conflicts_with = "json")]
    pub(crate) watch: bool,
}

/// `doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorArguments {
    /// Only the tools of one language: rust, c, c++, zig, go, python or ts
    #[arg(long, value_name = "LANGUAGE")]
    pub(crate) lang: Option<Language>,
    /// Install what is missing
    #[arg(long)]
    pub(crate) fix: bool,
}

/// `plugin check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// The plugin's name, NAME@VERSION, or its folder
    #[arg(default_value = ".")]
    pub(crate) name: String,
    /// Run hostile inputs against its nodes, formats and codecs, too
    #[arg(long)]
    pub(crate) hostile: bool,
    /// Parameters of a node type, where those made up from the manifest will not do; the columns are a int64, b bool, t utf8, f float64
    #[arg(long, value_name = "TYPE=JSON")]
    pub(crate) params: Vec<String>,
}

/// `plugin bench`.
#[derive(Debug, Args)]
pub(crate) struct BenchArguments {
    /// The plugin's name, NAME@VERSION, or its folder
    #[arg(default_value = ".")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) data: DataArguments,
    /// Seconds for each measurement; there are three rounds at least
    #[arg(long, value_name = "S", default_value_t = 2.0)]
    pub(crate) seconds: f64,
}

/// What is measured, and on what.
#[derive(Debug, Args)]
pub(crate) struct DataArguments {
    /// Only this: a node type, format:ID or codec:ID
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) only: Option<String>,
    /// Parameters of a node type, or options of format:ID or codec:ID; generated columns are a int64, b bool, t utf8, f float64
    #[arg(long, value_name = "TYPE=JSON")]
    pub(crate) params: Vec<String>,
    /// Rows of generated data
    #[arg(long, value_name = "N", default_value_t = 262_144, value_parser = clap::value_parser!(u64).range(1..=100_000_000))]
    pub(crate) rows: u64,
    /// A file instead of generated data: rows for nodes, bytes for formats and codecs
    #[arg(long, value_name = "FILE")]
    pub(crate) input: Option<PathBuf>,
}

/// `plugin profile`.
#[derive(Debug, Args)]
pub(crate) struct ProfileArguments {
    /// The plugin's name, NAME@VERSION, or its folder
    #[arg(default_value = ".")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) data: DataArguments,
    /// Profile the case in the plugin's tests whose file or name contains this, instead
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["only", "params", "input"])]
    pub(crate) case: Option<String>,
    /// So many samples
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) samples: u32,
    /// The file to write
    #[arg(short, long, value_name = "FILE", default_value = "profile.svg")]
    pub(crate) output: PathBuf,
}

/// `plugin test`.
#[derive(Debug, Args)]
pub(crate) struct TestArguments {
    /// The plugin's folder
    #[arg(default_value = ".")]
    pub(crate) folder: PathBuf,
    /// Only cases whose file or name contains this text
    pub(crate) filter: Option<String>,
    /// Write what comes as what is expected
    #[arg(long)]
    pub(crate) bless: bool,
    /// Run the cases of this file, or of the files in this folder, instead of the plugin's own; may be given several times
    #[arg(long, value_name = "PATH")]
    pub(crate) suite: Vec<PathBuf>,
    /// Try N random batches for each node type and parameters of the cases [default: what a file says in [property]]
    #[arg(long, value_name = "N")]
    pub(crate) property: Option<u32>,
    /// What the random numbers start with [default: 1]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Make a case of rows that a run has saved, and run it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["suite", "property", "filter"])]
    pub(crate) from: Option<PathBuf>,
}

/// `plugin grant`.
#[derive(Debug, Args)]
pub(crate) struct GrantArguments {
    /// Names of plugins, or NAME@VERSION
    #[arg(required = true)]
    pub(crate) names: Vec<String>,
    /// The place of this machine that the plugin sees under a path that it asks for [default: the same path]
    #[arg(long = "path", value_name = "PATH=PLACE", value_parser = place)]
    pub(crate) paths: Vec<(String, PathBuf)>,
    /// Grant only this, written as `plugin info` shows it; may be given several times
    #[arg(long, value_name = "RIGHT")]
    pub(crate) only: Vec<String>,
}

fn place(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((guest, host)) if guest.starts_with('/') && !host.is_empty() => Ok((guest.to_owned(), host.into())),
        _ => Err("write PATH=PLACE, for example /geo=/srv/maps".to_owned()),
    }
}

/// Kinds of things that plugins provide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProvidedKind {
    /// Node types
    Node,
    /// File formats
    Format,
    /// Compression codecs
    Codec,
    /// Hooks
    Hook,
    /// Services that other plugins call
    Service,
    /// Commands
    Command,
    /// HTTP routes of the daemon
    Route,
    /// Drivers
    Driver,
    /// Rules for the node validate
    Validator,
    /// Engines that carry out the work of others
    Engine,
    /// Capabilities that other plugins require
    Capability,
}

impl ProvidedKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            ProvidedKind::Node => "node",
            ProvidedKind::Format => "format",
            ProvidedKind::Codec => "codec",
            ProvidedKind::Hook => "hook",
            ProvidedKind::Service => "service",
            ProvidedKind::Command => "command",
            ProvidedKind::Route => "route",
            ProvidedKind::Driver => "driver",
            ProvidedKind::Validator => "validator",
            ProvidedKind::Engine => "engine",
            ProvidedKind::Capability => "capability",
        }
    }
}
