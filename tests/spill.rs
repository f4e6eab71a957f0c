//! Nodes over more rows than they may hold in memory: what comes out is what comes out of memory, bit for bit, and
//! temporary storage has its limits and its messages.
// A test that cannot go on says so by panicking; the lint only knows functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Output;

mod support;

use support::{folder, jackfield, lay_out, names, text};

/// Rows in a mixed order, with nulls, repeated keys and text; `seed` makes another table of the same kind.
fn table(rows: u64, seed: u64) -> Vec<u8> {
    let mut text = String::from("k,x,t,n\n");
    let mut state = seed;
    for row in 0..rows {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let random = state >> 33;
        let key = if random.is_multiple_of(97) { String::new() } else { format!("key-{}", random % (rows / 3)) };
        let x = if random.is_multiple_of(13) { String::new() } else { format!("{}", (random % 2001) as i64 - 1000) };
        writeln!(text, "{key},{x},text of {} and {random},{row}", random % 50).unwrap();
    }
    text.into_bytes()
}

fn run(folder: &Path, limits: &str) -> Output {
    let pipeline = fs::read_to_string(folder.join("pipeline.toml")).unwrap();
    fs::write(folder.join("limited.toml"), format!("{pipeline}\n{limits}")).unwrap();
    jackfield(folder).args(["run", "limited.toml", "-q"]).output().unwrap()
}

/// The output of a pipeline that writes `out.csv`, with a limit on memory so that rows have to be put aside, against its
/// output without one; and that rows were put aside indeed.
fn same_with_little_memory(nodes: &str, memory: &str) {
    let folder = folder(nodes, &[("a.csv", &table(120_000, 1)), ("b.csv", &table(120_000, 2))]);
    let plenty = run(folder.path(), "");
    assert!(plenty.status.success(), "{}", text(&plenty));
    let expected = fs::read(folder.path().join("out.csv")).unwrap();
    let little = run(folder.path(), &format!("[limits]\nmemory = \"{memory}\"\n"));
    assert!(little.status.success(), "{}", text(&little));
    let actual = fs::read(folder.path().join("out.csv")).unwrap();
    assert!(expected.len() > 20_000, "{} bytes", expected.len());
    assert!(expected == actual, "other output with little memory: {} and {} bytes", expected.len(), actual.len());

    fs::remove_file(folder.path().join("out.csv")).unwrap();
    let none = run(folder.path(), &format!("[limits]\nmemory = \"{memory}\"\nspill-bytes = \"64KiB\"\n"));
    let said = text(&none);
    assert_eq!(none.status.code(), Some(5), "{said}");
    assert!(said.contains("error[spill-bytes]") && said.contains("raise `limits.spill-bytes`"), "{said}");
    assert!(!folder.path().join("out.csv").exists());
}

const SOURCES: &str = r#"
[source.a]
path = "a.csv"

[source.b]
path = "b.csv"
"#;

fn one(node: &str) -> String {
    format!("[source.a]\npath = \"a.csv\"\n{node}\n[sink.out]\ninput = \"n\"\npath = \"out.csv\"\n")
}

#[test]
fn sort() {
    same_with_little_memory(
        &one(
            "[node.n]\ntype = \"sort\"\ninput = \"a\"\nparams = { by = [\"x desc nulls first\", \"length(t)\", \"k\"] }\n",
        ),
        "16MiB",
    );
}

/// Rows of several kilobytes, of which 65,536 are more than memory, leave in smaller pieces.
#[test]
fn rows_of_several_kilobytes() {
    let mut rows = String::from("n,k,t\n");
    for row in 0..24_000_u32 {
        let letter = char::from(b'a' + (row % 26) as u8);
        writeln!(rows, "{row},{},{}", row.wrapping_mul(2_654_435_761) % 5, String::from(letter).repeat(5_000)).unwrap();
    }
    let nodes = [
        "type = \"sort\"\nparams = { by = [\"k\", \"n desc\"] }",
        "type = \"window\"\nparams = { by = [\"k\"], order = [\"n\"], columns = { b = \"lag(n)\", s = \"sum(n)\" } }",
    ];
    for node in nodes {
        let pipeline = one(&format!("[node.n]\ninput = \"a\"\n{node}\n"));
        let folder = folder(&pipeline, &[("a.csv", rows.as_bytes())]);
        let mut written = Vec::new();
        for limits in ["", "[limits]\nmemory = \"96MiB\"\n"] {
            let done = run(folder.path(), limits);
            assert!(done.status.success(), "{node}\n{}", text(&done));
            written.push(fs::read(folder.path().join("out.csv")).unwrap());
        }
        assert!(written[0].len() > 120_000_000 && written[0] == written[1], "{node}");
    }
}

#[test]
fn sort_keeps_the_order_of_equal_rows() {
    same_with_little_memory(&one("[node.n]\ntype = \"sort\"\ninput = \"a\"\nparams = { by = [\"x % 3\"] }\n"), "16MiB");
}

#[test]
fn window() {
    same_with_little_memory(
        &one("[node.n]\ntype = \"window\"\ninput = \"a\"\n[node.n.params]\nby = [\"k\"]\norder = [\"x\", \"n\"]\n\
             columns = { place = \"row_number()\", before = \"lag(x)\", so_far = \"sum(x)\", k = \"first(t)\" }\n"),
        "20MiB",
    );
}

#[test]
fn aggregate() {
    let nodes = "[node.n]\ntype = \"aggregate\"\ninput = \"a\"\n[node.n.params]\nby = [\"k\", \"x\"]\n[node.n.params.columns]\n\
         n = \"count(*)\"\nsum = \"sum(n)\"\nmean = \"avg(n / 7)\"\nfirst = \"first(t)\"\nlast = \"last(t)\"\nmost = \"max(t)\"\n";
    same_with_little_memory(&one(nodes), "16MiB");
}

/// Groups with many rows each, before and behind the moment at which memory is full; states of all kinds come back exactly.
#[test]
fn aggregate_goes_on_with_what_it_knew() {
    let nodes = "[node.n]\ntype = \"aggregate\"\ninput = \"a\"\n[node.n.params]\nby = { k = \"n % 5000\" }\n[node.n.params.columns]\n\
         mean = \"avg(x / 3)\"\nstddev = \"stddev(x / 3)\"\nskew = \"skew(x)\"\nmedian = \"median(x)\"\nabout = \"approximate_median(x)\"\n\
         kinds = \"count(distinct x)\"\nall = \"string_agg(t, ';')\"\nleast = \"min(t)\"\nany = \"bool_or(x > 900)\"\n";
    same_with_little_memory(&one(nodes), "24MiB");
}

#[test]
fn distinct() {
    same_with_little_memory(&one("[node.n]\ntype = \"distinct\"\ninput = \"a\"\nparams = { by = [\"t\"] }\n"), "16MiB");
}

#[test]
fn distinct_of_whole_rows() {
    same_with_little_memory(&one("[node.n]\ntype = \"distinct\"\ninput = \"a\"\n"), "24MiB");
}

#[test]
fn distinct_keeps_the_last() {
    let nodes = "[node.n]\ntype = \"distinct\"\ninput = \"a\"\nparams = { by = [\"k\"], keep = \"last\" }\n";
    same_with_little_memory(&one(nodes), "16MiB");
}

#[test]
fn top_of_groups() {
    let nodes = "[node.n]\ntype = \"top\"\ninput = \"a\"\nparams = { rows = 2, by = [\"x desc\"], per = [\"k\"] }\n";
    same_with_little_memory(&one(nodes), "16MiB");
}

#[test]
fn top_of_all() {
    let nodes = "[node.n]\ntype = \"top\"\ninput = \"a\"\nparams = { rows = 90000, by = [\"x desc\", \"t\"] }\n";
    same_with_little_memory(&one(nodes), "16MiB");
}

/// All rows are one group: each kind of call, in an order with ties and nulls.
#[test]
fn window_of_all_rows_in_an_order() {
    let nodes = "[node.n]\ntype = \"window\"\ninput = \"a\"\n[node.n.params]\norder = [\"x desc nulls first\", \"length(t)\"]\n\
         [node.n.params.columns]\nplace = \"row_number()\"\nrank = \"rank()\"\ndense = \"dense_rank()\"\npart = \"percent_rank()\"\n\
         upto = \"cume_dist()\"\ntile = \"ntile(7)\"\nbefore = \"lag(x)\"\nfar = \"lag(t, 70001, k)\"\nbehind = \"lead(n, 3, -1)\"\n\
         far_behind = \"lead(t, 100000)\"\nfirst = \"first_value(x)\"\nlast = \"last_value(t)\"\nnth = \"nth_value(n, 90000)\"\n";
    same_with_little_memory(&one(nodes), "24MiB");
}

#[test]
fn window_of_all_rows_with_aggregates_so_far() {
    let nodes = "[node.n]\ntype = \"window\"\ninput = \"a\"\n[node.n.params]\norder = [\"length(t)\", \"k desc\"]\n\
         [node.n.params.columns]\nrows = \"count(*)\"\nvalues = \"count(x)\"\nkinds = \"count(distinct x)\"\nsum = \"sum(x / 7)\"\nwhole = \"sum(x)\"\n\
         exact = \"sum(CAST(x AS decimal(10, 2)))\"\nmean = \"avg(x / 3)\"\nleast = \"min(x)\"\nmost = \"max(t)\"\nlowest = \"min(k)\"\n\
         spread = \"stddev(x / 3)\"\nvar = \"variance(n)\"\nfirst = \"first(x)\"\nlast = \"last(x)\"\nany = \"bool_or(x > 995)\"\nall = \"bool_and(x < 900)\"\n";
    same_with_little_memory(&one(nodes), "32MiB");
}

/// Without an order the frame is all rows, in the order in which they came.
#[test]
fn window_of_all_rows() {
    let nodes = "[node.n]\ntype = \"window\"\ninput = \"a\"\n[node.n.params.columns]\nplace = \"row_number()\"\nrank = \"rank()\"\n\
         upto = \"cume_dist()\"\ntile = \"ntile(1000)\"\nbefore = \"lag(t, 2, 'none')\"\nfirst = \"first_value(t)\"\nlast = \"last_value(k)\"\nnth = \"nth_value(x, 77777)\"\n\
         beyond = \"nth_value(x, 500000)\"\nmean = \"avg(x / 3)\"\nkinds = \"count(distinct t)\"\nmiddle = \"median(x / 3)\"\nhigh = \"quantile(n, 0.99)\"\nmost = \"max(t)\"\n";
    same_with_little_memory(&one(nodes), "32MiB");
}

/// Groups that do not fit, beside others that do.
#[test]
fn window_of_large_groups() {
    let nodes = "[node.g]\ntype = \"derive\"\ninput = \"a\"\nparams = { columns = { g = \"CASE WHEN n % 9 = 0 THEN n % 1000 ELSE x % 2 END\" } }\n\
         [node.n]\ntype = \"window\"\ninput = \"g\"\n[node.n.params]\nby = [\"g\"]\norder = [\"x\"]\n[node.n.params.columns]\n\
         place = \"row_number()\"\nrank = \"rank()\"\nupto = \"cume_dist()\"\ntile = \"ntile(5)\"\nbefore = \"lag(t, 3, k)\"\nbehind = \"lead(t)\"\n\
         sum = \"sum(x / 7)\"\nmean = \"avg(x / 7)\"\nkinds = \"count(distinct x)\"\nmost = \"max(t)\"\nnth = \"nth_value(t, 2)\"\n";
    same_with_little_memory(&one(nodes), "24MiB");
    let nodes =
        nodes.replace("order = [\"x\"]\n", "").replace("max(t)", "median(n / 3)").replace("lead(t)", "last_value(t)");
    same_with_little_memory(&one(&nodes), "24MiB");
}

/// Text as a dictionary and decimals keep their types on the way.
#[test]
fn columns_of_other_types() {
    let typed = "[node.typed]\ntype = \"cast\"\ninput = \"a\"\nparams = { columns = { t = \"dictionary<int32, utf8>\", x = \"decimal(10,2)\" } }\n";
    let nodes = format!(
        "{typed}[node.n]\ntype = \"window\"\ninput = \"typed\"\n[node.n.params]\norder = [\"x\"]\n[node.n.params.columns]\n\
         before = \"lag(t)\"\nbehind = \"lead(x, 2, -1)\"\nmost = \"max(t)\"\nlast = \"last(t)\"\nfirst = \"first_value(t)\"\nsum = \"sum(x)\"\nleast = \"min(x)\"\nkinds = \"count(distinct t)\"\n"
    );
    same_with_little_memory(&one(&nodes), "24MiB");
    let nodes = format!(
        "{typed}[node.few]\ntype = \"derive\"\ninput = \"typed\"\nparams = {{ columns = {{ t = \"CASE WHEN n % 100000 = 99999 THEN t END\", x = \"CASE WHEN n % 90000 = 89000 THEN x END\" }} }}\n\
         [node.n]\ntype = \"fill\"\ninput = \"few\"\nparams = {{ columns = [\"t\", \"x\"], method = \"next\" }}\n"
    );
    same_with_little_memory(&one(&nodes), "16MiB");
}

/// Rows between two that have a value, more than fit: they wait on storage, and leave when the value has come.
#[test]
fn fill_from_far_behind() {
    let nodes = "[node.few]\ntype = \"derive\"\ninput = \"a\"\nparams = { columns = { x = \"CASE WHEN n % 50000 = 49000 THEN x END\", t = \"CASE WHEN n < 70000 THEN t END\" } }\n\
         [node.n]\ntype = \"fill\"\ninput = \"few\"\nparams = { columns = [\"x\", \"t\", \"k\"], method = \"next\" }\n";
    same_with_little_memory(&one(nodes), "16MiB");
}

#[test]
fn fill_from_far_behind_in_groups() {
    let nodes = "[node.few]\ntype = \"derive\"\ninput = \"a\"\nparams = { columns = { g = \"n % 97\", x = \"CASE WHEN n % 15013 < 90 THEN x END\" } }\n\
         [node.n]\ntype = \"fill\"\ninput = \"few\"\nparams = { columns = [\"x\"], method = \"next\", by = [\"g\"] }\n";
    same_with_little_memory(&one(nodes), "16MiB");
}

/// Rows that lack a value for a short while only do not wait on storage, whatever the size of the input.
#[test]
fn fill_streams_over_ordinary_data() {
    let nodes = "[node.n]\ntype = \"fill\"\ninput = \"a\"\nparams = { columns = [\"x\", \"k\"], method = \"next\" }\n";
    let folder = folder(&one(nodes), &[("a.csv", &table(120_000, 1))]);
    let output = run(folder.path(), "[limits]\nmemory = \"12MiB\"\nspill-bytes = \"64KiB\"\n");
    assert!(output.status.success(), "{}", text(&output));
    let out = fs::read_to_string(folder.path().join("out.csv")).unwrap();
    assert_eq!(out.lines().count(), 120_001);
    let lacking = out.lines().filter(|line| line.starts_with(',') || line.contains(",,")).count();
    assert!(lacking < 50, "{lacking} rows were not filled, more than the last ones, which have none behind them");
}

fn aggregated(params: &str) -> String {
    one(&format!("[node.n]\ntype = \"aggregate\"\ninput = \"a\"\n[node.n.params]\n{params}"))
}

/// Without keys there is one row, so what is compared is small; what is held for it is not.
#[test]
fn aggregate_of_all_rows() {
    let nodes = aggregated(
        "[node.n.params.columns]\nkinds = \"count(distinct t)\"\nnumbers = \"count(distinct n / 2)\"\nmiddle = \"median(n / 3)\"\nlow = \"quantile(x * n, 0.01)\"\n\
         none = \"median(CAST(NULL AS float64))\"\nzeros = \"quantile(CASE WHEN n % 2 = 0 THEN -0.0 ELSE 0.0 END, 0.3)\"\nexact = \"median(CAST(n AS decimal(12, 2)))\"\n\
         mean = \"avg(x / 3)\"\nmost = \"max(t)\"\nratio = \"count(distinct k) / count(*)\"\n",
    );
    let folder = folder(&nodes, &[("a.csv", &table(240_000, 1))]);
    let plenty = run(folder.path(), "");
    assert!(plenty.status.success(), "{}", text(&plenty));
    let expected = fs::read_to_string(folder.path().join("out.csv")).unwrap();
    let little = run(folder.path(), "[limits]\nmemory = \"32MiB\"\n");
    assert!(little.status.success(), "{}", text(&little));
    assert_eq!(fs::read_to_string(folder.path().join("out.csv")).unwrap(), expected);
    let none = run(folder.path(), "[limits]\nmemory = \"32MiB\"\nspill-bytes = \"64KiB\"\n");
    assert!(text(&none).contains("error[spill-bytes]"), "{}", text(&none));
    assert_eq!(expected.lines().count(), 2);
    assert!(expected.contains(",240000,39999.833"), "{expected}");
}

/// A few groups with more values than fit, and groups that come to be many behind them.
#[test]
fn aggregate_of_large_groups() {
    let columns = "[node.n.params.columns]\nmiddle = \"median(n / 3)\"\nkinds = \"count(distinct t)\"\nhigh = \"quantile(x, 0.9)\"\nmean = \"avg(x / 7)\"\nlast = \"last(t)\"\n";
    let few = aggregated(&format!("by = {{ g = \"CASE WHEN n % 9 = 0 THEN n % 5000 ELSE x % 2 END\" }}\n{columns}"));
    same_with_little_memory(&few, "16MiB");
    let many =
        aggregated(&format!("by = {{ g = \"CASE WHEN n < 40000 THEN CAST(x % 2 AS utf8) ELSE t END\" }}\n{columns}"));
    same_with_little_memory(&many, "32MiB");
}

/// What cannot be put aside says which limit it has reached, and what raises it.
#[test]
fn what_stays_in_memory_names_its_limit() {
    for params in [
        "type = \"window\"\nparams = { order = [\"n\"], columns = { so_far = \"median(x)\" } }",
        "type = \"aggregate\"\nparams = { columns = { all = \"list(t)\" } }",
        "type = \"aggregate\"\nparams = { columns = { all = \"string_agg(t)\", kinds = \"count(distinct t)\" } }",
    ] {
        let folder = folder(&one(&format!("[node.n]\ninput = \"a\"\n{params}\n")), &[("a.csv", &table(120_000, 5))]);
        let output = run(folder.path(), "[limits]\nmemory = \"8MiB\"\n");
        let said = text(&output);
        assert_eq!(output.status.code(), Some(5), "{params}: {said}");
        assert!(said.contains("raise `limits.memory`"), "{params}: {said}");
    }
}

fn join(kind: &str, memory: &str) {
    let nodes = format!(
        "{SOURCES}\n[node.n]\ntype = \"join\"\ninputs = {{ left = \"a\", right = \"b\" }}\n\
         params = {{ on = [\"k\"], kind = \"{kind}\" }}\n[sink.out]\ninput = \"n\"\npath = \"out.csv\"\n"
    );
    same_with_little_memory(&nodes, memory);
}

#[test]
fn join_inner() {
    join("inner", "20MiB");
}

#[test]
fn join_full() {
    join("full", "20MiB");
}

#[test]
fn join_semi() {
    join("semi", "12MiB");
}

#[test]
fn join_anti() {
    join("anti", "12MiB");
}

/// A left side that fits into memory beside a right one that does not is held, and the right one streams past it.
#[test]
fn join_with_a_small_left_side() {
    for kind in ["inner", "left", "right", "full", "semi", "anti"] {
        let nodes = format!(
            "{SOURCES}\n[node.few]\ntype = \"filter\"\ninput = \"a\"\nparams = {{ where = \"n % 7 = 3\" }}\n\
             [node.n]\ntype = \"join\"\ninputs = {{ left = \"few\", right = \"b\" }}\n\
             params = {{ on = [\"k\"], kind = \"{kind}\" }}\n[sink.out]\ninput = \"n\"\npath = \"out.csv\"\n"
        );
        same_with_little_memory(&nodes, if matches!(kind, "semi" | "anti") { "12MiB" } else { "20MiB" });
    }
}

/// Both inputs of the join hang on one source: what waits for the other side goes to storage.
#[test]
fn diamond() {
    let nodes = "[source.a]\npath = \"a.csv\"\n\
         [node.means]\ntype = \"aggregate\"\ninput = \"a\"\nparams = { by = [\"x\"], columns = { mean = \"avg(n)\" } }\n\
         [node.n]\ntype = \"join\"\ninputs = { left = \"a\", right = \"means\" }\nparams = { on = [\"x\"], kind = \"left\" }\n\
         [sink.out]\ninput = \"n\"\npath = \"out.csv\"\n";
    same_with_little_memory(nodes, "16MiB");
}

#[test]
fn the_quota_of_the_run_holds_too() {
    let nodes = one("[node.n]\ntype = \"sort\"\ninput = \"a\"\nparams = { by = [\"x\"] }\n");
    let folder = folder(&nodes, &[("a.csv", &table(120_000, 3))]);
    let output = run(folder.path(), "[limits]\nmemory = \"16MiB\"\nrun-spill-bytes = \"64KiB\"\n");
    assert_eq!(output.status.code(), Some(5), "{}", text(&output));
    assert!(text(&output).contains("raise `limits.run-spill-bytes`"), "{}", text(&output));
}

#[test]
fn a_folder_of_ones_own_and_nothing_is_left_in_it() {
    let nodes = one("[node.n]\ntype = \"sort\"\ninput = \"a\"\nparams = { by = [\"x\"] }\n");
    let folder = folder(&nodes, &[("a.csv", &table(120_000, 4))]);
    let limits = "[limits]\nmemory = \"16MiB\"\n";
    fs::create_dir(folder.path().join("room")).unwrap();
    fs::write(folder.path().join("own.toml"), "[spill]\nfolder = \"room\"\n").unwrap();
    let with_config = |config: &str| {
        let pipeline = fs::read_to_string(folder.path().join("pipeline.toml")).unwrap();
        fs::write(folder.path().join("limited.toml"), format!("{pipeline}\n{limits}")).unwrap();
        jackfield(folder.path()).args(["run", "limited.toml", "-q", "--config", config]).output().unwrap()
    };
    let output = with_config("own.toml");
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(names(&folder.path().join("room")), Vec::<String>::new());

    fs::write(folder.path().join("lost.toml"), "[spill]\nfolder = \"nowhere\"\n").unwrap();
    let output = with_config("lost.toml");
    assert_eq!(output.status.code(), Some(1), "{}", text(&output));
    assert!(text(&output).contains("error[spill]") && text(&output).contains("nowhere"), "{}", text(&output));
}

/// More partitions than files that are open at once: rows of the others wait on storage, and each is one file.
#[test]
fn many_partitions_are_one_file_each() {
    let mut rows = String::from("day,flight\n");
    for row in 0..20_000 {
        writeln!(rows, "{},f{row}", row * 7 % 40).unwrap();
    }
    let nodes = "[source.a]\npath = \"a.csv\"\n[sink.out]\ninput = \"a\"\npath = \"out\"\nformat = \"csv\"\ncodec = \"gzip\"\npartition-by = [\"day\"]\n";
    let folder = folder(nodes, &[("a.csv", rows.as_bytes())]);
    let output = run(folder.path(), "");
    assert!(output.status.success(), "{}", text(&output));
    assert_eq!(names(&folder.path().join("out")).len(), 40);
    for day in 0..40 {
        assert_eq!(names(&folder.path().join(format!("out/day={day}"))), ["part-0.csv.gz"]);
    }
    let back = "[source.a]\npath = \"out\"\n[node.n]\ntype = \"sort\"\ninput = \"a\"\nparams = { by = [\"day\"] }\n[sink.out]\ninput = \"n\"\npath = \"back.csv\"\ncolumns = [\"day\", \"flight\"]\n";
    fs::write(folder.path().join("back.toml"), back).unwrap();
    let output = jackfield(folder.path()).args(["run", "back.toml", "-q"]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
    let mut expected: Vec<(u64, String)> = rows
        .lines()
        .skip(1)
        .map(|line| {
            let (day, _) = line.split_once(',').unwrap();
            (day.parse().unwrap(), line.to_owned())
        })
        .collect();
    expected.sort_by_key(|(day, _)| *day);
    let back = fs::read_to_string(folder.path().join("back.csv")).unwrap();
    let found: Vec<&str> = back.lines().skip(1).collect();
    assert_eq!(found, expected.iter().map(|(_, line)| line.as_str()).collect::<Vec<_>>());
}

#[test]
fn too_many_partitions_are_refused_and_leave_nothing() {
    let mut rows = String::from("id,x\n");
    (0..10_500).for_each(|row| writeln!(rows, "{row},1").unwrap());
    let nodes = "[source.a]\npath = \"a.csv\"\n[sink.out]\ninput = \"a\"\npath = \"out\"\nformat = \"csv\"\npartition-by = [\"id\"]\n";
    let folder = folder(nodes, &[("a.csv", rows.as_bytes())]);
    let output = run(folder.path(), "");
    assert_eq!(output.status.code(), Some(5), "{}", text(&output));
    assert!(text(&output).contains("error[too-many-partitions]"), "{}", text(&output));
    assert!(!folder.path().join("out").exists());
}

/// What the host says to a plugin that does everything wrong.
#[test]
fn a_plugin_cannot_misuse_its_spools() {
    let rows: &[u8] = b"a,b\n2,x\n1,y\n";
    for (what, exit, said) in [
        ("other columns", 1, "error[type-mismatch]"),
        ("while merging", 1, "error[in-use]"),
        ("no rows asked for", 1, "error[out-of-bounds]"),
        ("no key", 1, "error[type-mismatch]"),
        ("no such column", 1, "error[out-of-bounds]"),
        ("different spools", 1, "error[type-mismatch]"),
        ("fill the disk", 5, "raise `limits.spill-bytes`"),
        ("many spools", 5, "error[handles]"),
        ("many mergers", 5, "error["),
        ("behind the last", 0, ""),
        ("there and back", 0, ""),
    ] {
        let pipeline = format!(
            "[source.a]\npath = \"a.csv\"\n[node.n]\ntype = \"spools\"\ninput = \"a\"\nparams = {{ what = \"{what}\" }}\n\
             [sink.out]\ninput = \"n\"\npath = \"out.csv\"\n[limits]\nspill-bytes = \"1MiB\"\n"
        );
        let folder = folder(&pipeline, &[("a.csv", rows)]);
        let plugins = lay_out("spools", folder.path());
        let output = jackfield(folder.path())
            .args(["run", "pipeline.toml", "-q"])
            .env("JACKFIELD_PLUGINS", &plugins)
            .output()
            .unwrap();
        let text = text(&output);
        assert_eq!(output.status.code(), Some(exit), "{what}: {text}");
        assert!(text.contains(said), "{what}: {text}");
        let out = fs::read_to_string(folder.path().join("out.csv")).unwrap_or_default();
        let expected = match what {
            "behind the last" => "a,b\n",
            // Each spool holds the rows twice, and the merge does not know that they are unsorted.
            "there and back" => "a,b\n2,x\n1,y\n2,x\n",
            _ => "",
        };
        assert_eq!(out, expected, "{what}");
    }
}
