//! What a kernel costs over the arrow-rs call that it wraps: both over the same columns of 65,536 rows, one in eight null,
//! in turn. `scripts/bench kernels` runs it: arguments are the number of rounds, and `all` to print every kernel and not
//! only those beyond the bound.
// A measurement that cannot go on says so by panicking.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use jackfield_runtime::arrow;
use jackfield_runtime::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, Scalar as ArrowScalar, StringArray,
    TimestampMicrosecondArray, UInt32Array,
};
use jackfield_runtime::arrow::compute::{self as native, kernels};
use jackfield_runtime::arrow::datatypes::{DataType, Float64Type, Int64Type};
use jackfield_runtime::columns::compute::{Argument, Scalar, SortKey, call, reduce, sort_indices};
use jackfield_runtime::columns::{Batch, Unmetered};

/// Rows of each column.
const ROWS: usize = 65_536;

/// A kernel may take so many times as long as the call that it wraps.
const BOUND: f64 = 1.1;

/// Beneath this the fixed cost of a call is what is measured.
const FREE: Duration = Duration::from_micros(2);

type Work = Box<dyn Fn() -> ArrayRef>;

struct Pair {
    name: &'static str,
    ours: Work,
    native: Work,
}

struct Columns {
    a: Int64Array,
    b: Int64Array,
    x: Float64Array,
    y: Float64Array,
    t: StringArray,
    numbers: StringArray,
    p: BooleanArray,
    q: BooleanArray,
    time: TimestampMicrosecondArray,
    rows: UInt32Array,
}

fn columns() -> Columns {
    let mut state = 1_u64;
    let mut random = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let mut some = |row: usize, most: u64| (row % 8 != 5).then(|| random() % most);
    Columns {
        a: (0..ROWS).map(|row| some(row, 2000).map(|value| value as i64 - 1000)).collect(),
        b: (0..ROWS).map(|row| some(row, 2000).map(|value| value as i64 + 1)).collect(),
        x: (0..ROWS).map(|row| some(row, 1 << 30).map(|value| value as f64 / 1024.0)).collect(),
        y: (0..ROWS).map(|row| some(row, 1 << 30).map(|value| value as f64 + 0.5)).collect(),
        t: (0..ROWS).map(|row| some(row, 5000).map(|value| format!("carrier {value} of many"))).collect(),
        numbers: (0..ROWS).map(|row| some(row, 1 << 30).map(|value| value.to_string())).collect(),
        p: (0..ROWS).map(|row| some(row, 2).map(|value| value == 1)).collect(),
        q: (0..ROWS).map(|row| some(row, 2).map(|value| value == 1)).collect(),
        time: (0..ROWS).map(|row| some(row, 1 << 50).map(|value| value as i64)).collect(),
        rows: (0..ROWS).map(|_| (random_row(ROWS)) as u32).collect(),
    }
}

/// Numbers of rows in no order: a walk with a step that is no divisor of their count.
fn random_row(rows: usize) -> usize {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static LAST: AtomicUsize = AtomicUsize::new(0);
    LAST.fetch_add(40_503, Ordering::Relaxed) % rows
}

fn array(array: &(impl Array + Clone + 'static)) -> ArrayRef {
    Arc::new(array.clone())
}

/// A kernel with these arguments, and the call of arrow-rs that gives the same.
fn pair(
    name: &'static str,
    function: &'static str,
    arguments: &[Argument],
    options: &'static str,
    native: impl Fn() -> ArrayRef + 'static,
) -> Pair {
    let arguments = arguments.to_vec();
    let ours = move || call(function, &arguments, options, ROWS, None, &mut Unmetered).unwrap().values;
    Pair { name, ours: Box::new(ours), native: Box::new(native) }
}

/// A result of arrow-rs as an array.
macro_rules! native {
    ([$($held:ident),*] $work:expr) => {{
        $(let $held = $held.clone();)*
        move || { let made: ArrayRef = Arc::new($work.unwrap()); made }
    }};
}

fn element_wise(columns: &Columns) -> Vec<Pair> {
    let Columns { a, b, x, y, t, numbers, p, q, time, .. } = columns;
    let column = |array: ArrayRef| Argument::Column(array);
    let (ca, cb, cx, cy) = (column(array(a)), column(array(b)), column(array(x)), column(array(y)));
    let (ct, cp, cq, ctime) = (column(array(t)), column(array(p)), column(array(q)), column(array(time)));
    let sixty = || ArrowScalar::new(Int64Array::from(vec![60]));
    let word = || ArrowScalar::new(StringArray::from(vec!["carrier 60 of many"]));
    let start = || ArrowScalar::new(StringArray::from(vec!["carrier 4"]));
    let pattern = || ArrowScalar::new(StringArray::from(vec!["%7_of%"]));
    let text = |text: &str| Argument::Scalar(Scalar::Text(text.to_owned()));
    let number = Argument::Scalar(Scalar::Int64(60));
    let cast = |to: DataType, of: ArrayRef| move || native::cast(&of, &to).unwrap();
    vec![
        pair(
            "greater, int64 and a scalar",
            "greater",
            &[ca.clone(), number.clone()],
            "",
            native!([a] kernels::cmp::gt(&a, &sixty())),
        ),
        pair("less, int64", "less", &[ca.clone(), cb.clone()], "", native!([a, b] kernels::cmp::lt(&a, &b))),
        pair("equal, float64", "equal", &[cx.clone(), cy.clone()], "", native!([x, y] kernels::cmp::eq(&x, &y))),
        pair(
            "equal, utf8 and a scalar",
            "equal",
            &[ct.clone(), text("carrier 60 of many")],
            "",
            native!([t] kernels::cmp::eq(&t, &word())),
        ),
        pair(
            "is_not_distinct_from, int64",
            "is_not_distinct_from",
            &[ca.clone(), cb.clone()],
            "",
            native!([a, b] kernels::cmp::not_distinct(&a, &b)),
        ),
        pair(
            "add, int64",
            "add",
            &[ca.clone(), cb.clone()],
            "",
            native!([a, b] kernels::numeric::add_wrapping(&a, &b)),
        ),
        pair(
            "add_checked, int64",
            "add_checked",
            &[ca.clone(), cb.clone()],
            "",
            native!([a, b] kernels::numeric::add(&a, &b)),
        ),
        pair(
            "multiply_checked, int64 and a scalar",
            "multiply_checked",
            &[ca.clone(), number],
            "",
            native!([a] kernels::numeric::mul(&a, &sixty())),
        ),
        pair(
            "multiply, float64",
            "multiply",
            &[cx.clone(), cy.clone()],
            "",
            native!([x, y] kernels::numeric::mul(&x, &y)),
        ),
        pair("divide, float64", "divide", &[cx.clone(), cy], "", native!([x, y] kernels::numeric::div(&x, &y))),
        pair(
            "remainder_checked, int64",
            "remainder_checked",
            &[ca.clone(), cb.clone()],
            "",
            native!([a, b] kernels::numeric::rem(&a, &b)),
        ),
        pair(
            "bit_wise_and, int64",
            "bit_wise_and",
            &[ca.clone(), cb.clone()],
            "",
            native!([a, b] kernels::bitwise::bitwise_and(&a, &b)),
        ),
        pair("and_kleene", "and_kleene", &[cp.clone(), cq.clone()], "", native!([p, q] native::and_kleene(&p, &q))),
        pair("or_kleene", "or_kleene", &[cp.clone(), cq.clone()], "", native!([p, q] native::or_kleene(&p, &q))),
        pair("and", "and", &[cp.clone(), cq], "", native!([p, q] native::and(&p, &q))),
        pair("invert", "invert", std::slice::from_ref(&cp), "", native!([p] native::not(&p))),
        pair("is_null", "is_null", std::slice::from_ref(&ca), "", native!([a] native::is_null(&a))),
        pair("is_valid", "is_valid", std::slice::from_ref(&ca), "", native!([a] native::is_not_null(&a))),
        pair("if_else, int64", "if_else", &[cp, ca.clone(), cb.clone()], "", {
            let (p, a, b) = (native::prep_null_mask_filter(p), a.clone(), b.clone());
            move || kernels::zip::zip(&p, &a, &b).unwrap()
        }),
        pair("nullif, int64", "nullif", &[ca.clone(), cb], "", {
            let (a, b) = (a.clone(), b.clone());
            move || native::nullif(&a, &kernels::cmp::eq(&a, &b).unwrap()).unwrap()
        }),
        pair(
            "cast, int64 to float64",
            "cast",
            std::slice::from_ref(&ca),
            r#"{"to_type":"float64"}"#,
            cast(DataType::Float64, array(a)),
        ),
        pair("cast, int64 to utf8", "cast", &[ca], r#"{"to_type":"utf8"}"#, cast(DataType::Utf8, array(a))),
        pair(
            "cast, utf8 to int64",
            "cast",
            &[column(array(numbers))],
            r#"{"to_type":"int64"}"#,
            cast(DataType::Int64, array(numbers)),
        ),
        pair(
            "cast, timestamp to date",
            "cast",
            std::slice::from_ref(&ctime),
            r#"{"to_type":"date"}"#,
            cast(DataType::Date32, array(time)),
        ),
        pair(
            "starts_with",
            "starts_with",
            std::slice::from_ref(&ct),
            r#"{"pattern":"carrier 4"}"#,
            native!([t] kernels::comparison::starts_with(&t, &start())),
        ),
        pair(
            "match_like",
            "match_like",
            std::slice::from_ref(&ct),
            r#"{"pattern":"%7_of%"}"#,
            native!([t] kernels::comparison::like(&t, &pattern())),
        ),
        pair(
            "match_substring_regex",
            "match_substring_regex",
            std::slice::from_ref(&ct),
            r#"{"pattern":"7. of"}"#,
            native!([t] kernels::regexp::regexp_is_match_scalar(&t, "7. of", None)),
        ),
        pair("binary_length", "binary_length", &[ct], "", {
            let t = t.clone();
            move || kernels::length::length(&t).unwrap()
        }),
        pair("year", "year", std::slice::from_ref(&ctime), "", {
            let time = time.clone();
            move || native::date_part(&time, native::DatePart::Year).unwrap()
        }),
        pair("hour", "hour", &[ctime], "", {
            let time = time.clone();
            move || native::date_part(&time, native::DatePart::Hour).unwrap()
        }),
        pair("negate, float64", "negate", &[cx], "", native!([x] kernels::numeric::neg_wrapping(&x))),
    ]
}

/// One value as a column, so that all pairs give columns.
fn one(value: Option<impl Into<f64>>) -> ArrayRef {
    Arc::new(Float64Array::from(vec![value.map(Into::into)]))
}

fn of_columns(columns: &Columns) -> Vec<Pair> {
    let Columns { a, x, t, p, rows, .. } = columns;
    let reduced = |name: &'static str, function: &'static str, of: ArrayRef, native: Work| {
        let ours = move || {
            one(match reduce(function, &of, "", &mut Unmetered).unwrap() {
                Scalar::Int64(value) => Some(value as f64),
                Scalar::Float64(value) => Some(value),
                _ => None,
            })
        };
        Pair { name, ours: Box::new(ours), native }
    };
    let sorted = |name, keys: Vec<ArrayRef>, native: Work| {
        let key = |column: &ArrayRef| SortKey { column: Arc::clone(column), descending: false, nulls_first: false };
        let keys: Vec<SortKey> = keys.iter().map(key).collect();
        let ours = move || Arc::new(sort_indices(&keys, None, &mut Unmetered).unwrap()) as ArrayRef;
        Pair { name, ours: Box::new(ours), native }
    };
    let options = Some(native::SortOptions { descending: false, nulls_first: false });
    let batch = |column: ArrayRef| {
        Batch::new(arrow::array::RecordBatch::try_from_iter_with_nullable([("c", column, true)]).unwrap())
    };
    let read = |batch: Batch| batch.column(0, &mut Unmetered).unwrap();
    let (ints, floats, texts) = (a.clone(), x.clone(), t.clone());
    vec![
        reduced("sum, int64", "sum", array(a), {
            let a = a.clone();
            Box::new(move || one(native::sum_checked(&a).unwrap().map(|sum| sum as f64)))
        }),
        reduced("min, float64", "min", array(x), {
            let x = x.clone();
            Box::new(move || one(native::min(&x)))
        }),
        reduced("max, int64", "max", array(a), {
            let a = a.clone();
            Box::new(move || one(native::max(&a).map(|most| most as f64)))
        }),
        sorted(
            "sort indices, int64",
            vec![array(a)],
            Box::new(move || Arc::new(native::sort_to_indices(&ints, options, None).unwrap())),
        ),
        sorted(
            "sort indices, float64",
            vec![array(x)],
            Box::new(move || Arc::new(native::sort_to_indices(&floats, options, None).unwrap())),
        ),
        sorted(
            "sort indices, utf8",
            vec![array(t)],
            Box::new(move || Arc::new(native::sort_to_indices(&texts, options, None).unwrap())),
        ),
        sorted("sort indices, int64 and utf8", vec![array(a), array(t)], {
            let keys = [array(a), array(t)].map(|values| native::SortColumn { values, options });
            Box::new(move || Arc::new(native::lexsort_to_indices(&keys, None).unwrap()))
        }),
        Pair {
            name: "take, int64",
            ours: {
                let (batch, rows) = (batch(array(a)), array(rows));
                Box::new(move || read(batch.take(&rows, &mut Unmetered).unwrap()))
            },
            native: {
                let (a, rows) = (a.clone(), rows.clone());
                Box::new(move || native::take(&a, &rows, None).unwrap())
            },
        },
        Pair {
            name: "take, utf8",
            ours: {
                let (batch, rows) = (batch(array(t)), array(rows));
                Box::new(move || read(batch.take(&rows, &mut Unmetered).unwrap()))
            },
            native: {
                let (t, rows) = (t.clone(), rows.clone());
                Box::new(move || native::take(&t, &rows, None).unwrap())
            },
        },
        Pair {
            name: "filter, int64",
            ours: {
                let (batch, p) = (batch(array(a)), p.clone());
                Box::new(move || read(batch.filter(&p).unwrap()))
            },
            native: {
                let (a, p) = (a.clone(), p.clone());
                Box::new(move || native::filter(&a, &p).unwrap())
            },
        },
        Pair {
            name: "filter, utf8",
            ours: {
                let (batch, p) = (batch(array(t)), p.clone());
                Box::new(move || read(batch.filter(&p).unwrap()))
            },
            native: {
                let (t, p) = (t.clone(), p.clone());
                Box::new(move || native::filter(&t, &p).unwrap())
            },
        },
    ]
}

/// The best of some rounds of each, in turn; each round is long enough to be measured.
fn race(pair: &Pair, rounds: usize) -> (Duration, Duration) {
    let time = |work: &Work, times: u32| {
        let start = Instant::now();
        (0..times).for_each(|_| drop(std::hint::black_box(work())));
        start.elapsed() / times
    };
    // What comes out is the same, as far as it is a column of either's own type.
    let (ours, native) = ((pair.ours)(), (pair.native)());
    assert_eq!(ours.len(), native.len(), "{}", pair.name);
    assert_eq!(ours.null_count(), native.null_count(), "{}", pair.name);
    if let (Some(ours), Some(native)) = (ours.as_primitive_opt::<Int64Type>(), native.as_primitive_opt::<Int64Type>()) {
        assert_eq!(ours, native, "{}", pair.name);
    }
    if let (Some(ours), Some(native)) = (ours.as_boolean_opt(), native.as_boolean_opt()) {
        assert_eq!(ours, native, "{}", pair.name);
    }
    if let (Some(ours), Some(native)) =
        (ours.as_primitive_opt::<Float64Type>(), native.as_primitive_opt::<Float64Type>())
    {
        assert_eq!(ours, native, "{}", pair.name);
    }
    let once = time(&pair.native, 3).max(time(&pair.ours, 3)).max(Duration::from_nanos(100));
    let times = u32::try_from((Duration::from_millis(4).as_nanos() / once.as_nanos()).clamp(3, 10_000)).unwrap();
    let mut best = (Duration::MAX, Duration::MAX);
    for _ in 0..rounds {
        best.0 = best.0.min(time(&pair.ours, times));
        best.1 = best.1.min(time(&pair.native, times));
    }
    best
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let rounds = arguments.iter().find_map(|argument| argument.parse().ok()).unwrap_or(15);
    let all = arguments.iter().any(|argument| argument == "all");
    let columns = columns();
    let pairs: Vec<Pair> = element_wise(&columns).into_iter().chain(of_columns(&columns)).collect();
    println!("| kernel, {ROWS} rows | jackfield | arrow-rs | ratio |\n|---|---|---|---|");
    let (mut within, mut ratios) = (0, Vec::new());
    for pair in &pairs {
        let (ours, native) = race(pair, rounds);
        let ratio = ours.as_secs_f64() / native.as_secs_f64();
        let met = ratio <= BOUND || ours <= native + FREE;
        within += usize::from(met);
        ratios.push(ratio);
        if all || !met {
            let micros = |time: Duration| time.as_secs_f64() * 1e6;
            let mark = if met { "" } else { ", **missed**" };
            println!("| {} | {:.1} µs | {:.1} µs | {ratio:.2} ×{mark} |", pair.name, micros(ours), micros(native));
        }
    }
    ratios.sort_by(f64::total_cmp);
    let middle = ratios.get(ratios.len() / 2).copied().unwrap_or_default();
    println!(
        "\n{within} of {} within {BOUND} × of the arrow-rs call, or {} µs of it; the ratio in the middle is {middle:.2} ×",
        pairs.len(),
        FREE.as_micros()
    );
}
