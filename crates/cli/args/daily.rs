//! What can be typed behind `convert`, `pipe` and `peek`.

use clap::{Args, ValueEnum};

/// How the input is read.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Input")]
pub(crate) struct InputArguments {
    /// The format of the input [default: by its name, then by its content]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) from: Option<String>,
    /// The codec of the input, none for none [default: by its content, then by its name]
    #[arg(long, value_name = "CODEC")]
    pub(crate) from_codec: Option<String>,
    /// An option of the input's format, such as null-values=NA; `codec.` in front for its codec
    #[arg(short, long = "option", value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) options: Vec<(String, String)>,
    /// The type of a column; the others are inferred
    #[arg(long = "schema", value_name = "COLUMN=TYPE", value_parser = pair)]
    pub(crate) schema: Vec<(String, String)>,
    /// Add a column that holds the file of each row
    #[arg(long, value_name = "NAME")]
    pub(crate) file_name_column: Option<String>,
    /// What to do if the files differ in their columns [default: fail]
    #[arg(long, value_name = "HOW")]
    pub(crate) schema_drift: Option<Drift>,
}

/// How the output is written.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArguments {
    /// The format of the output [default: by its name; on stdout the input's if it is text, else jsonl]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) to: Option<String>,
    /// The codec of the output, none for none [default: by its name]
    #[arg(long, value_name = "CODEC")]
    pub(crate) to_codec: Option<String>,
    /// An option of the output's format, such as delimiter=';'; `codec.` in front for its codec
    #[arg(long = "to-option", value_name = "KEY=VALUE", value_parser = pair)]
    pub(crate) to_options: Vec<(String, String)>,
    /// What to do if the output is there already [default: replace]
    #[arg(long, value_name = "WHAT")]
    pub(crate) if_exists: Option<IfExists>,
    /// Columns whose values name folders below the output, with commas between them
    #[arg(long, value_name = "COLUMNS")]
    pub(crate) partition_by: Option<String>,
    /// Begin a new file beyond so many bytes, such as 256MiB
    #[arg(long, value_name = "SIZE")]
    pub(crate) split_size: Option<String>,
}

/// How it is run.
#[derive(Debug, Args)]
#[command(next_help_heading = "Run")]
pub(crate) struct RunningArguments {
    /// What becomes of a row that cannot be read or computed [default: stop]
    #[arg(long, value_name = "WHAT", conflicts_with = "dead_letter")]
    pub(crate) on_error: Option<OnError>,
    /// Write such rows, with the reason, to this file as JSON Lines
    #[arg(long, value_name = "FILE")]
    pub(crate) dead_letter: Option<String>,
    /// Instances of each node that works row by row [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: Option<u16>,
    /// Print the pipeline as TOML, and run nothing
    #[arg(long)]
    pub(crate) print: bool,
    /// Plan, show what would run, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Exit with 6 if rows were rejected
    #[arg(long)]
    pub(crate) fail_on_rejected: bool,
}

/// `convert`.
#[derive(Debug, Args)]
pub(crate) struct ConvertArguments {
    /// Files, globs or folders to read, or - for stdin; then the file to write, or - for stdout
    #[arg(value_name = "IN… OUT", required = true)]
    pub(crate) files: Vec<String>,
    /// Keep the rows for which this SQL condition is true
    #[arg(short, long, value_name = "EXPR")]
    pub(crate) r#where: Option<String>,
    /// Keep these columns, in this order, with commas between them
    #[arg(short, long, value_name = "COLUMNS")]
    pub(crate) select: Option<String>,
    /// Write at most N rows
    #[arg(short = 'n', long, value_name = "N")]
    pub(crate) limit: Option<u64>,
    #[command(flatten)]
    pub(crate) input: InputArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
    #[command(flatten)]
    pub(crate) running: RunningArguments,
}

/// `pipe`.
#[derive(Debug, Args)]
pub(crate) struct PipeArguments {
    /// The file, glob or folder to read, or -; the steps, each a node type and its parameters; the file to write, or -
    #[arg(value_name = "IN STEP… OUT", required = true)]
    pub(crate) parts: Vec<String>,
    #[command(flatten)]
    pub(crate) input: InputArguments,
    #[command(flatten)]
    pub(crate) output: OutputArguments,
    #[command(flatten)]
    pub(crate) running: RunningArguments,
}

/// `peek`.
#[derive(Debug, Args)]
pub(crate) struct PeekArguments {
    /// Files, globs or folders, or - for stdin
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<String>,
    /// Show so many rows
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(..=100_000))]
    pub(crate) rows: u64,
    /// List the columns, one on a line, instead of rows
    #[arg(short, long)]
    pub(crate) columns: bool,
    /// Show only these columns, with commas between them
    #[arg(short, long, value_name = "COLUMNS")]
    pub(crate) select: Option<String>,
    /// Draw how the values of a column are distributed
    #[arg(short, long, value_name = "COLUMN", conflicts_with_all = ["columns", "select"])]
    pub(crate) plot: Option<String>,
    /// Look at so many rows for --plot
    #[arg(long, value_name = "N", default_value_t = 1_000_000, requires = "plot")]
    pub(crate) plot_rows: u64,
    /// Draw with ASCII only [default: where the locale is not UTF-8]
    #[arg(long)]
    pub(crate) ascii: bool,
    #[command(flatten)]
    pub(crate) input: InputArguments,
}

/// What becomes of bad rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnError {
    /// The run fails
    Stop,
    /// They are left out and counted
    Skip,
}

/// What happens when files differ in their columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Drift {
    /// The run fails
    Fail,
    /// All columns of all files; missing values are null
    Union,
    /// Values are cast to the first file's types
    Cast,
}

/// What happens to a file that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum IfExists {
    /// The new one takes its place
    Replace,
    /// Nothing is run
    Fail,
    /// The rows are added, in formats that can
    Append,
}

/// The word for a choice, which is the same in a pipeline.
pub(crate) fn word(choice: impl ValueEnum) -> String {
    choice.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        _ => Err("write KEY=VALUE, for example null-values=NA".to_owned()),
    }
}
