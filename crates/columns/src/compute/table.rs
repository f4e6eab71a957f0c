//! The one table of functions. A function is one entry of its topic's `FUNCTIONS`: name, signature, types, kernel, bound
//! and weight; everything else (calls, checks, the reference page, the hostile tests) follows from the entry.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::LazyLock;

use arrow::datatypes::DataType;

use super::options::Options;
use super::values::{Call, Values};
use super::{
    aggregate, arithmetic, bits, cast, compare, conditional, encodings, hashing, letters, lists, logic, patterns,
    rounding, running, slices, splits, strings, temporal, time_text, trigonometry, zones,
};
use crate::Failure;

/// What a function may allocate; it is asked for before it is allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// The width of the result's type for each row.
    Width,
    /// Variable: asked for piece by piece, before each piece, up to 2 GiB.
    Pieces,
}

/// What scalars do about their type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Literals {
    /// They keep it.
    Own,
    /// Text takes the type of a date, time or timestamp that it meets.
    Text,
    /// So it does, and a number takes the type of the numbers that it meets where that holds it.
    Number,
}

/// The types that a kernel gets its arguments in, and the type of its result.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) inputs: Vec<DataType>,
    pub(super) output: DataType,
}

impl Plan {
    /// All arguments in one type.
    pub(super) fn uniform(count: usize, input: DataType, output: DataType) -> Self {
        Self { inputs: vec![input; count], output }
    }
}

/// Works on one chunk.
pub(super) type Kernel = fn(&mut Call) -> Result<Values, Failure>;
/// Checks types, which are normal and as many as the function of that name takes.
pub(super) type Check = fn(&str, &[DataType], &Options) -> Result<Plan, Failure>;

/// How a function is computed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Body {
    /// Element by element.
    Element(Kernel),
    /// On whole columns, for a row's value depends on other rows; with `free`, the result has a length of its own.
    Whole { kernel: Kernel, free: bool },
    /// By an accumulator.
    Aggregate(aggregate::Make),
}

/// A function of the table.
#[derive(Debug)]
pub struct Function {
    /// Arrow's name.
    pub name: &'static str,
    /// Arguments and result, for people.
    pub signature: &'static str,
    /// One line about what it does.
    pub doc: &'static str,
    /// The options it takes.
    pub options: &'static [&'static str],
    /// Where its meaning is another one than that of Arrow's function of the same name; empty where it is not.
    pub differs: &'static str,
    /// What it may allocate.
    pub bound: Bound,
    /// Units of fuel for each 8 bytes of input; one is about 2 ns.
    pub weight: u32,
    pub(super) arity: (usize, usize),
    pub(super) literals: Literals,
    pub(super) check: Check,
    pub(super) body: Body,
}

impl Function {
    /// An entry with the usual settings; the others are put on top of it.
    pub(super) const fn new(name: &'static str, signature: &'static str, check: Check, kernel: Kernel) -> Self {
        Self {
            name,
            signature,
            doc: "",
            options: &[],
            differs: "",
            bound: Bound::Width,
            weight: 1,
            arity: (1, 1),
            literals: Literals::Own,
            check,
            body: Body::Element(kernel),
        }
    }

    /// An entry for a function of whole columns.
    pub(super) const fn whole(name: &'static str, signature: &'static str, check: Check, kernel: Kernel) -> Self {
        let mut function = Self::new(name, signature, check, kernel);
        function.body = Body::Whole { kernel, free: false };
        function.bound = Bound::Pieces;
        function
    }

    /// The result has a length of its own.
    pub(super) const fn free(mut self) -> Self {
        if let Body::Whole { kernel, .. } = self.body {
            self.body = Body::Whole { kernel, free: true };
        }
        self
    }

    pub(super) const fn differs(mut self, differs: &'static str) -> Self {
        self.differs = differs;
        self
    }

    pub(super) const fn doc(mut self, doc: &'static str) -> Self {
        self.doc = doc;
        self
    }

    pub(super) const fn arity(mut self, least: usize, most: usize) -> Self {
        self.arity = (least, most);
        self
    }

    pub(super) const fn options(mut self, options: &'static [&'static str]) -> Self {
        self.options = options;
        self
    }

    pub(super) const fn literals(mut self, literals: Literals) -> Self {
        self.literals = literals;
        self
    }

    /// For kernels that ask for memory piece by piece.
    pub(super) const fn pieces(mut self) -> Self {
        self.bound = Bound::Pieces;
        self
    }

    pub(super) const fn weight(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// Whether it works row by row, so that it may stand in an expression.
    pub fn is_row_wise(&self) -> bool {
        matches!(self.body, Body::Element(_))
    }

    /// Whether it aggregates, so that it is for [`super::Accumulator`] and [`super::reduce`].
    pub fn aggregates(&self) -> bool {
        matches!(self.body, Body::Aggregate(_))
    }
}

/// Functions that Arrow does not have; what `scripts/compare-pyarrow` compares them with instead.
const ALONE: &[(&str, &str)] = &[
    ("base64_decode", PYTHON),
    ("base64_encode", PYTHON),
    ("epoch", PYTHON),
    ("extract_regex_group", PYTHON),
    ("hash_64", "nothing"),
    ("hex_decode", PYTHON),
    ("hex_encode", PYTHON),
    ("is_distinct_from", PYTHON),
    ("is_not_distinct_from", PYTHON),
    ("lag", PYTHON),
    ("lead", PYTHON),
    ("list", PYTHON),
    ("list_contains", PYTHON),
    ("list_index", PYTHON),
    ("make_list", PYTHON),
    ("median", PYTHON),
    ("months_between", PYTHON),
    ("nullif", PYTHON),
    ("row_number", PYTHON),
    ("sha256", PYTHON),
    ("string_agg", PYTHON),
    ("utf8_replace", PYTHON),
];

const PYTHON: &str = "Python";

impl Function {
    /// What stands in for Arrow's function of the same name where there is none: empty if there is one.
    pub fn alone(&self) -> &'static str {
        ALONE.iter().find(|(name, _)| *name == self.name).map_or("", |(_, peer)| peer)
    }
}

type Topic = (&'static str, &'static [Function]);

static TOPICS: &[Topic] = &[
    ("Comparison", compare::FUNCTIONS),
    ("Logic", logic::FUNCTIONS),
    ("Arithmetic", arithmetic::FUNCTIONS),
    ("Rounding", rounding::FUNCTIONS),
    ("Angles and logarithms", trigonometry::FUNCTIONS),
    ("Bits", bits::FUNCTIONS),
    ("Dates and times", temporal::FUNCTIONS),
    ("Zones and calendars", zones::FUNCTIONS),
    ("Dates and times as text", time_text::FUNCTIONS),
    ("Text", strings::FUNCTIONS),
    ("Characters", letters::FUNCTIONS),
    ("Patterns", patterns::FUNCTIONS),
    ("Finding, counting and splitting", splits::FUNCTIONS),
    ("Parts by their places", slices::FUNCTIONS),
    ("Bytes as text", encodings::FUNCTIONS),
    ("Digests", hashing::FUNCTIONS),
    ("Lists, structs and maps", lists::FUNCTIONS),
    ("Conversion", cast::FUNCTIONS),
    ("Choice and nulls", conditional::FUNCTIONS),
    ("Whole columns", running::FUNCTIONS),
    ("Aggregation", aggregate::FUNCTIONS),
];

struct Table {
    functions: Vec<&'static Function>,
    by_name: HashMap<&'static str, &'static Function>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let functions: Vec<&'static Function> = TOPICS.iter().flat_map(|(_, functions)| functions.iter()).collect();
    let by_name = functions.iter().map(|function| (function.name, *function)).collect();
    Table { functions, by_name }
});

/// All functions, by topic.
pub fn functions() -> &'static [&'static Function] {
    &TABLE.functions
}

/// The function of that name.
pub(super) fn find(name: &str) -> Result<&'static Function, Failure> {
    TABLE.by_name.get(name).copied().ok_or_else(|| {
        let shown: String = name.chars().take(60).collect();
        let failure = Failure::invalid_config("unknown-function", format!("there is no function {shown:?}"));
        let near = TABLE.functions.iter().map(|function| (strsim::jaro_winkler(&shown, function.name), function.name));
        match near.max_by(|a, b| a.0.total_cmp(&b.0)) {
            Some((likeness, name)) if likeness > 0.8 => failure.with_help(format!("did you mean {name}?")),
            _ => failure,
        }
    })
}

/// The reference page of all functions, as Markdown.
pub fn reference() -> String {
    let mut page = String::from(
        "# Functions\n\n\
        Every kernel that plugins call by name and that SQL expressions know, generated from the table in\n\
        `crates/columns/src/compute`.\n\n\
        - Null in, null out, unless the text says otherwise. Scalars broadcast.\n\
        - Numbers of different types are widened: integers to the smallest type that holds both, integers and floats to\n\
        \x20 float64, decimals to the decimal that holds both. Text never mixes with numbers. Where Arrow computes roots, angles\n\
        \x20 and logarithms of float32 in float32, and float32 with integers too, this is float64.\n\
        - A *row error* leaves the row null and marks it as failed; the pipeline's error policy decides what becomes of it.\n\
        - Timestamps with a zone are stored in UTC; parts of dates are local to the zone. A plain timestamp that meets one\n\
        \x20 with a zone counts as UTC.\n\
        - Floats compare by IEEE in comparisons; groups, joins and sorting take NaN as equal to NaN and -0.0 as 0.0.\n\
        - Large text, text views and dictionaries are worked on as what they hold; the result is plain text or numbers.\n\
        - Functions of *whole columns* are for plugins and the window node; they stand in no expression. Their last argument\n\
        \x20 parts the rows into groups.\n\
        - Names and meanings are those of Arrow's compute functions; *differs* says where a meaning is another one. What\n\
        \x20 Arrow has no function for has no such line.\n",
    );
    for (topic, functions) in TOPICS {
        let _ = write!(page, "\n## {topic}\n\n| function | signature | | options | fuel |\n|---|---|---|---|---|\n");
        for function in *functions {
            let options: Vec<String> = function.options.iter().map(|option| format!("`{option}`")).collect();
            let (name, signature) = (function.name, function.signature);
            let described = match function.differs {
                "" => function.doc.to_owned(),
                differs => format!("{}. *Differs:* {differs}", function.doc),
            };
            let _ = writeln!(
                page,
                "| `{name}` | `{}` | {} | {} | {} |",
                signature.replace('|', "\\|"),
                described.replace('|', "\\|"),
                options.join(", "),
                function.weight
            );
        }
    }
    page.push_str(
        "\n## Compared with Arrow\n\n\
        `scripts/compare-pyarrow` asks pyarrow the same as these functions, over columns of all types with extreme values: with\n\
        nulls, without, of nulls only, sliced and empty. It fails where something differs that no *differs* above tells, and\n\
        where a function was compared with nothing. These are not among Arrow's functions; they are compared with Python's\n\
        own library, and `hash_64` with the digests that XXH64 publishes (in the tests of the crate):\n\n",
    );
    let names: Vec<String> = ALONE.iter().map(|(name, _)| format!("`{name}`")).collect();
    let _ = writeln!(page, "{}.", names.join(", "));
    page
}
