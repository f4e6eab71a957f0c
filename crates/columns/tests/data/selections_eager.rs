//! Whatever selections are composed, the rows are those that arrow gives when each moves them at once.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, UInt32Array};
use arrow::compute::{concat_batches, filter_record_batch, take_record_batch};
use arrow::datatypes::{Field, Schema};
use jackfield_columns::{Batch, Unmetered};
use proptest::prelude::*;

use crate::sample::{Seed, assert_same, kind};

const COLUMNS: &[&str] =
    &["int64", "bool", "utf8", "list<utf8>", "fixed-size-list<int16, 3>", "dictionary<int8, utf8>"];

fn record_batch(seed: &mut Seed, rows: usize) -> RecordBatch {
    let fields = COLUMNS.iter().map(|text| Field::new(*text, kind(text), true));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let columns = COLUMNS.iter().map(|text| seed.array(&kind(text), rows)).collect();
    RecordBatch::try_new(schema, columns).unwrap()
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Filter(u64),
    Run,
    Take,
    Sorted,
    Slice,
    Concat,
    Read(usize),
    Put,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        (1u64..20).prop_map(Step::Filter),
        Just(Step::Run),
        Just(Step::Take),
        Just(Step::Sorted),
        Just(Step::Slice),
        Just(Step::Concat),
        (0..COLUMNS.len()).prop_map(Step::Read),
        Just(Step::Put),
    ];
    prop::collection::vec(step, 0..12)
}

fn same(lazy: &Batch, eager: &RecordBatch) {
    assert_eq!(lazy.rows(), eager.num_rows());
    for (index, column) in eager.columns().iter().enumerate() {
        assert_same(&lazy.column(index, &mut Unmetered).unwrap(), column);
    }
}

fn run(seed: u64, rows: usize, steps: &[Step]) {
    let mut seed = Seed(seed);
    let mut eager = record_batch(&mut seed, rows);
    let mut lazy = Batch::new(eager.clone());
    for step in steps {
        let rows = eager.num_rows();
        match step {
            Step::Filter(share) => {
                let mask: BooleanArray = (0..rows).map(|_| Some(seed.next(20) < *share)).collect();
                lazy = lazy.filter(&mask).unwrap();
                eager = filter_record_batch(&eager, &mask).unwrap();
            }
            Step::Run => {
                let (from, to) = (seed.next(rows as u64 + 1) as usize, seed.next(rows as u64 + 1) as usize);
                let mask: BooleanArray = (0..rows).map(|row| Some(row >= from && row < to)).collect();
                lazy = lazy.filter(&mask).unwrap();
                eager = filter_record_batch(&eager, &mask).unwrap();
            }
            Step::Take | Step::Sorted => {
                let wanted = if rows == 0 { 0 } else { seed.next(2 * rows as u64) };
                let mut numbers: Vec<_> = (0..wanted).map(|_| Some(seed.next(rows as u64) as u32)).collect();
                match step {
                    Step::Sorted => numbers.sort_unstable(),
                    _ if wanted > 2 => numbers[1] = None,
                    _ => {}
                }
                let numbers = UInt32Array::from(numbers);
                lazy = lazy.take(&(Arc::new(numbers.clone()) as ArrayRef), &mut Unmetered).unwrap();
                eager = take_record_batch(&eager, &numbers).unwrap();
            }
            Step::Slice => {
                let offset = seed.next(rows as u64 + 1) as usize;
                let length = seed.next((rows - offset) as u64 + 1) as usize;
                lazy = lazy.slice(offset, length).unwrap();
                eager = eager.slice(offset, length);
            }
            Step::Concat => {
                let more = record_batch(&mut seed, rows.min(50));
                lazy = Batch::concat(&[Batch::new(more.clone()), lazy], &mut Unmetered).unwrap();
                eager = concat_batches(&eager.schema(), [&more, &eager]).unwrap();
            }
            Step::Read(index) => same(&lazy.pick(&[(*index, None)]).unwrap(), &eager.project(&[*index]).unwrap()),
            Step::Put => {
                let made = seed.array(&kind("utf8"), rows);
                lazy = lazy.put(vec![("utf8".into(), made.clone())]).unwrap();
                let mut columns = eager.columns().to_vec();
                columns[2] = made;
                eager = RecordBatch::try_new(eager.schema(), columns).unwrap();
            }
        }
    }
    same(&lazy, &eager);
    let materialised = lazy.materialise(&mut Unmetered).unwrap();
    same(&Batch::new(materialised), &eager);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn composed_selections_equal_eager_ones(seed in any::<u64>(), rows in 0usize..700, steps in steps()) {
        run(seed, rows, &steps);
    }
}
