//! Groups, sorting, selections and logic against naive models, on random data.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array, BooleanArray, UInt32Array};
use arrow::datatypes::{Field, Schema};
use jackfield_columns::compute::{Accumulator, Grouper, SortKey, sort_indices};
use jackfield_columns::{Batch, Unmetered};
use proptest::prelude::*;

use crate::suite::*;

type Key = (Option<u8>, Option<String>);
type Row = (Option<u8>, Option<String>, Option<i16>);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let row = (prop::option::of(0_u8..4), prop::option::of("[a-c]{0,10}"), prop::option::of(any::<i16>()));
    prop::collection::vec(row, 0..300)
}

fn wide(values: impl Iterator<Item = Option<i64>>) -> arrow::array::ArrayRef {
    ints(&values.collect::<Vec<_>>())
}

/// What one aggregate makes of the values of a group.
fn model(function: &str, values: &[i64]) -> Option<i64> {
    match function {
        "sum" if values.is_empty() => None,
        "sum" => Some(values.iter().sum()),
        "count" => Some(values.len() as i64),
        "min" => values.iter().min().copied(),
        "max" => values.iter().max().copied(),
        "first" => values.first().copied(),
        "last" => values.last().copied(),
        _ => Some(values.iter().collect::<BTreeSet<_>>().len() as i64),
    }
}

const MODELLED: &[&str] = &["sum", "count", "min", "max", "first", "last", "count_distinct"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn groups_are_those_of_a_map(rows in rows(), size in 1_usize..100) {
        let numbers = wide(rows.iter().map(|row| row.0.map(i64::from)));
        let names = texts(&rows.iter().map(|row| row.1.as_deref()).collect::<Vec<_>>());
        let values = wide(rows.iter().map(|row| row.2.map(i64::from)));
        let mut grouper = Grouper::new(&[numbers.data_type().clone(), names.data_type().clone()]).unwrap();
        let make = |function: &&str| Accumulator::new(function, &[values.data_type().clone()], "").unwrap();
        let mut whole: Vec<Accumulator> = MODELLED.iter().map(make).collect();
        let mut merged: Vec<Accumulator> = MODELLED.iter().map(make).collect();
        for from in (0..rows.len()).step_by(size) {
            let length = size.min(rows.len() - from);
            let of = grouper.assign(&[numbers.slice(from, length), names.slice(from, length)], &mut Unmetered).unwrap();
            let values = [values.slice(from, length)];
            // Each batch by itself, and then its state into the rest.
            let mut parts: Vec<Accumulator> = MODELLED.iter().map(make).collect();
            let all = UInt32Array::from_iter_values(0..grouper.count());
            for ((whole, part), merged) in whole.iter_mut().zip(&mut parts).zip(&mut merged) {
                whole.update(&values, &of, grouper.count(), &mut Unmetered).unwrap();
                part.update(&values, &of, grouper.count(), &mut Unmetered).unwrap();
                let state = part.state(&mut Unmetered).unwrap();
                merged.merge(&state, &all, grouper.count(), &mut Unmetered).unwrap();
            }
        }
        let mut naive: BTreeMap<Key, Vec<i64>> = BTreeMap::new();
        let mut order: Vec<Key> = Vec::new();
        for (number, name, value) in &rows {
            let key = (*number, name.clone());
            let group = naive.entry(key.clone()).or_insert_with(|| {
                order.push(key);
                Vec::new()
            });
            group.extend(value.map(i64::from));
        }
        let keys = grouper.keys(&mut Unmetered).unwrap();
        prop_assert_eq!(grouper.count() as usize, order.len());
        prop_assert_eq!(shown(&keys[0]), shown(&wide(order.iter().map(|key| key.0.map(i64::from)))));
        prop_assert_eq!(shown(&keys[1]), shown(&texts(&order.iter().map(|key| key.1.as_deref()).collect::<Vec<_>>())));
        for (function, (whole, merged)) in MODELLED.iter().zip(whole.iter_mut().zip(&mut merged)) {
            let expected = wide(order.iter().map(|key| model(function, &naive[key])));
            prop_assert_eq!(shown(&whole.finish(&mut Unmetered).unwrap()), shown(&expected), "{}", function);
            prop_assert_eq!(shown(&merged.finish(&mut Unmetered).unwrap()), shown(&expected), "{} merged", function);
        }
    }

    #[test]
    fn sorting_is_stable_and_that_of_a_model(
        rows in rows(), directions in any::<[bool; 4]>(), limit in prop::option::of(0_u32..320), single in any::<bool>(),
    ) {
        let [descending, nulls_first, then_descending, then_nulls_first] = directions;
        let first = SortKey { column: wide(rows.iter().map(|row| row.0.map(i64::from))), descending, nulls_first };
        let names = texts(&rows.iter().map(|row| row.1.as_deref()).collect::<Vec<_>>());
        let then = SortKey { column: names, descending: then_descending, nulls_first: then_nulls_first };
        let keys = if single { vec![first] } else { vec![first, then] };
        fn compare<T: Ord>(a: &Option<T>, b: &Option<T>, descending: bool, nulls_first: bool) -> std::cmp::Ordering {
            match (a, b) {
                (Some(a), Some(b)) => if descending { b.cmp(a) } else { a.cmp(b) },
                (a, b) => if nulls_first { a.is_some().cmp(&b.is_some()) } else { a.is_none().cmp(&b.is_none()) },
            }
        }
        let mut expected: Vec<u32> = (0..rows.len() as u32).collect();
        expected.sort_by(|a, b| {
            let (a, b) = (&rows[*a as usize], &rows[*b as usize]);
            let order = compare(&a.0, &b.0, descending, nulls_first);
            if single { order } else { order.then(compare(&a.1, &b.1, then_descending, then_nulls_first)) }
        });
        expected.truncate(limit.map_or(usize::MAX, |limit| limit as usize));
        let found = sort_indices(&keys, limit, &mut Unmetered).unwrap();
        prop_assert_eq!(found.values().to_vec(), expected);
    }

    #[test]
    fn taken_and_filtered_rows_are_those_of_a_model(
        rows in rows(), picks in prop::collection::vec(prop::option::of(any::<prop::sample::Index>()), 0..50), mask in any::<u64>(),
    ) {
        let names: Vec<Option<&str>> = rows.iter().map(|row| row.1.as_deref()).collect();
        let schema = Schema::new(vec![Field::new("name", arrow::datatypes::DataType::Utf8, true)]);
        let batch = Batch::of(Arc::new(schema), rows.len(), vec![texts(&names)]).unwrap();
        let keep: BooleanArray = (0..rows.len()).map(|row| (row % 5 != 4).then_some(mask >> (row % 64) & 1 == 1)).collect();
        let kept: Vec<Option<&str>> = (0..rows.len()).filter(|row| keep.is_valid(*row) && keep.value(*row)).map(|row| names[row]).collect();
        let filtered = batch.filter(&keep).unwrap();
        prop_assert_eq!(shown(&filtered.column(0, &mut Unmetered).unwrap()), shown(&texts(&kept)));
        if kept.is_empty() {
            return Ok(());
        }
        let picks: Vec<Option<u32>> = picks.iter().map(|pick| pick.map(|pick| pick.index(kept.len()) as u32)).collect();
        let expected: Vec<Option<&str>> = picks.iter().map(|pick| pick.and_then(|pick| kept[pick as usize])).collect();
        let numbers: arrow::array::ArrayRef = Arc::new(UInt32Array::from(picks));
        let taken = filtered.take(&numbers, &mut Unmetered).unwrap();
        prop_assert_eq!(shown(&taken.column(0, &mut Unmetered).unwrap()), shown(&texts(&expected)));
    }

    #[test]
    fn comparisons_and_logic_are_those_of_a_model(
        rows in prop::collection::vec((prop::option::of(-3_i64..3), prop::option::of(-3_i64..3)), 0..200), offset in 0_usize..70,
    ) {
        let offset = offset.min(rows.len());
        let (left, right): (Vec<_>, Vec<_>) = rows.iter().copied().unzip();
        let pair = [column(&ints(&left).slice(offset, rows.len() - offset)), column(&ints(&right).slice(offset, rows.len() - offset))];
        let rows = &rows[offset..];
        type Compare = fn(&i64, &i64) -> bool;
        let comparisons: [(&str, Compare); 6] = [
            ("equal", i64::eq), ("not_equal", i64::ne), ("less", i64::lt), ("less_equal", i64::le), ("greater", i64::gt), ("greater_equal", i64::ge),
        ];
        let mut found = Vec::new();
        for (function, compare) in comparisons {
            let expected: Vec<Option<bool>> = rows.iter().map(|(a, b)| Some(compare(a.as_ref()?, b.as_ref()?))).collect();
            let outcome = run(function, &pair, "").unwrap();
            prop_assert_eq!(shown(&outcome.values), shown(&bools(&expected)), "{}", function);
            found.push((outcome.values, expected));
        }
        let kleene_and = |a: Option<bool>, b: Option<bool>| match (a, b) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        };
        let (first, second) = (&found[2], &column(&bools(&rows.iter().map(|(a, _)| a.map(|a| a > 0)).collect::<Vec<_>>())));
        let flags: Vec<Option<bool>> = rows.iter().map(|(a, _)| a.map(|a| a > 0)).collect();
        let zipped = || first.1.iter().copied().zip(flags.iter().copied());
        let and: Vec<Option<bool>> = zipped().map(|(a, b)| kleene_and(a, b)).collect();
        let or: Vec<Option<bool>> = zipped().map(|(a, b)| kleene_and(a.map(|a| !a), b.map(|b| !b)).map(|both| !both)).collect();
        for (function, expected) in [("and_kleene", and), ("or_kleene", or)] {
            let outcome = run(function, &[column(&first.0), second.clone()], "").unwrap();
            prop_assert_eq!(shown(&outcome.values), shown(&bools(&expected)), "{}", function);
        }
    }
}
