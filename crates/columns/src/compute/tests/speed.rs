//! x
use std::sync::Arc;
use std::time::Instant;

#[test]
fn speed() {
    let n = 336_776usize;
    let carriers = ["UA", "AA", "B6", "DL", "EV", "MQ", "US", "WN", "VX", "FL", "AS", "9E", "F9", "HA", "YV", "OO"];
    let mut x = 12345u64;
    let mut rnd = || {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        x
    };
    let car: Vec<&str> = (0..n).map(|_| carriers[(rnd() % 16) as usize]).collect();
    let month: Vec<i64> = (0..n).map(|i| (i * 12 / n) as i64).collect();
    let delay: Vec<Option<f64>> =
        (0..n).map(|_| if rnd() % 40 == 0 { None } else { Some((rnd() % 300) as f64) }).collect();
    let dist: Vec<i64> = (0..n).map(|_| (rnd() % 3000) as i64).collect();
    let tail: Vec<String> = (0..n).map(|_| format!("N{}AA", rnd() % 4000)).collect();
    let car: ArrayRef = Arc::new(StringArray::from(car));
    let month: ArrayRef = Arc::new(Int64Array::from(month));
    let delay: ArrayRef = Arc::new(Float64Array::from(delay));
    let dist: ArrayRef = Arc::new(Int64Array::from(dist));
    let tail: ArrayRef = Arc::new(StringArray::from(tail));
    let m = &mut Unmetered;
    let time = |name: &str, f: &mut dyn FnMut()| {
        let mut best = f64::MAX;
        for _ in 0..7 {
            let t = Instant::now();
            f();
            best = best.min(t.elapsed().as_secs_f64());
        }
        println!("{name}: {:.3} ms", best * 1e3);
    };
    for (name, keys) in [
        ("carrier", vec![car.clone()]),
        ("month", vec![month.clone()]),
        ("tail", vec![tail.clone()]),
        ("carrier+month", vec![car.clone(), month.clone()]),
        ("dist", vec![dist.clone()]),
    ] {
        let types: Vec<_> = keys.iter().map(|k| k.data_type().clone()).collect();
        let mut groups = None;
        let mut count = 0;
        time(&format!("group {name}"), &mut || {
            let mut g = Grouper::new(&types).unwrap();
            for o in (0..n).step_by(65536) {
                let l = 65536.min(n - o);
                let k: Vec<ArrayRef> = keys.iter().map(|k| k.slice(o, l)).collect();
                g.assign(&k, m).unwrap();
            }
            groups = Some(Grouper::new(&types).unwrap().assign(&keys, m).unwrap());
            count = g.count();
        });
        let groups = groups.unwrap();
        println!("  {count} groups");
        for (f, v) in [
            ("sum", &dist),
            ("mean", &delay),
            ("max", &delay),
            ("count", &delay),
            ("variance", &delay),
            ("median", &delay),
            ("first", &car),
            ("count_distinct", &dist),
        ] {
            time(&format!("  {f}"), &mut || {
                let mut a = Accumulator::new(f, &[v.data_type().clone()], "").unwrap();
                a.update(&[v.clone()], &groups, count, m).unwrap();
                a.finish(m).unwrap();
            });
        }
    }
    let b = dist.slice(0, 65536);
    let d = delay.slice(0, 65536);
    let c = car.slice(0, 65536);
    for (f, args, options) in [
        ("greater", vec![Argument::Column(b.clone()), Argument::Scalar(Scalar::Int64(60))], ""),
        ("greater", vec![Argument::Column(d.clone()), Argument::Scalar(Scalar::Int64(60))], ""),
        ("multiply_checked", vec![Argument::Column(b.clone()), Argument::Scalar(Scalar::Int64(60))], ""),
        ("add_checked", vec![Argument::Column(b.clone()), Argument::Column(b.clone())], ""),
        ("divide", vec![Argument::Column(d.clone()), Argument::Scalar(Scalar::Float64(60.0))], ""),
        ("cast", vec![Argument::Column(b.clone())], r#"{"to_type":"float64"}"#),
        ("utf8_lower", vec![Argument::Column(c.clone())], ""),
        ("equal", vec![Argument::Column(c.clone()), Argument::Scalar(Scalar::Text("UA".into()))], ""),
        (
            "match_substring_regex",
            vec![Argument::Column(c.clone()), Argument::Scalar(Scalar::Text("^[A-M]".into()))],
            "",
        ),
        ("match_like", vec![Argument::Column(c.clone()), Argument::Scalar(Scalar::Text("U%".into()))], ""),
        (
            "if_else",
            vec![
                Argument::Column(arrow::compute::is_null(&d).map(|a| Arc::new(a) as ArrayRef).unwrap()),
                Argument::Scalar(Scalar::Int64(0)),
                Argument::Column(b.clone()),
            ],
            "",
        ),
        ("coalesce", vec![Argument::Column(d.clone()), Argument::Scalar(Scalar::Float64(0.0))], ""),
        ("round", vec![Argument::Column(d.clone())], ""),
    ] {
        time(f, &mut || {
            call(f, &args, options, 0, None, m).unwrap();
        });
    }
    time("sort", &mut || {
        sort_indices(&[SortKey { column: delay.clone(), descending: true, nulls_first: false }], None, m).unwrap();
    });
    time("sort 10", &mut || {
        sort_indices(&[SortKey { column: delay.clone(), descending: true, nulls_first: false }], Some(10), m).unwrap();
    });
    time("sort 2", &mut || {
        sort_indices(
            &[
                SortKey { column: car.clone(), descending: false, nulls_first: false },
                SortKey { column: delay.clone(), descending: true, nulls_first: false },
            ],
            None,
            m,
        )
        .unwrap();
    });
}
