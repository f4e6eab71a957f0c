//! Type text and field trees.

use std::time::{Duration, Instant};

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use expect_test::expect;
use jackfield_columns::{
    FlatField, FlatType, field_from_tree, flat_from_schema, parse_type, schema_from_flat, schema_text, tree_from_field,
    type_name,
};

use crate::sample::{ALL_TYPES, kind};

#[test]
fn names_read_back() {
    for text in ALL_TYPES {
        assert_eq!(type_name(&kind(text)), *text);
        let field = Field::new("c", kind(text), true);
        assert_eq!(field_from_tree(&tree_from_field(&field)).unwrap(), field);
    }
    for view in ["utf8-view", "binary-view", "list-view<int8>", "large-list-view<int8>", "decimal32(9,2)"] {
        assert_eq!(type_name(&kind(view)), view);
    }
    assert_eq!(type_name(&kind("struct<\"a b\": int8, \"q\"\"\": utf8>")), "struct<\"a b\": int8, \"q\"\"\": utf8>");
}

#[test]
fn sql_and_arrow_names_are_known_in_any_case() {
    let micros = |zone: Option<&str>| DataType::Timestamp(TimeUnit::Microsecond, zone.map(Into::into));
    for (text, expected) in [
        ("BIGINT", DataType::Int64),
        ("integer", DataType::Int32),
        ("Double Precision", DataType::Float64),
        ("varchar(20)", DataType::Utf8),
        ("character varying (20)", DataType::Utf8),
        ("TIMESTAMPTZ", micros(Some("UTC"))),
        ("timestamp with time zone", micros(Some("UTC"))),
        ("timestamp without time zone", micros(None)),
        ("timestamp [ utc ]", micros(Some("UTC"))),
        ("Timestamp(Millisecond, \"+02:00\")", DataType::Timestamp(TimeUnit::Millisecond, Some("+02:00".into()))),
        ("Timestamp(µs, None)", micros(None)),
        ("LargeUtf8", DataType::LargeUtf8),
        ("numeric", DataType::Decimal128(18, 3)),
        ("DECIMAL(10)", DataType::Decimal128(10, 0)),
        ("List(Int64)", kind("list<int64>")),
        ("text[][]", kind("list<list<utf8>>")),
        ("timestamp[]", kind("list<timestamp>")),
        ("STRUCT(a INTEGER, b TEXT)", kind("struct<a: int32, b: utf8>")),
        ("Float16", DataType::Float16),
    ] {
        assert_eq!(parse_type(text).unwrap(), expected, "{text}");
    }
}

#[test]
fn faults_in_type_text_are_located() {
    let mut faults = String::new();
    for text in [
        "",
        "int46",
        "list<int64",
        "list",
        "list<>",
        "int64 x",
        "timestamp[Mars/Olympus]",
        "timestamp[ms, ]",
        "decimal(77,2)",
        "decimal(5,6)",
        "decimal(x)",
        "struct<a: int8, a: int8>",
        "map<utf8>",
        "dictionary<utf8, utf8>",
        "fixed-size-list<int8, -1>",
        "interval[week]",
        "struct<\"a: int8>",
    ] {
        let failure = parse_type(text).unwrap_err();
        assert_eq!(failure.code, "invalid-type");
        faults += &format!("{text:28} {:3} {}\n", failure.offset.unwrap(), failure.message);
    }
    expect![[r#"
                                       0 expected a type, found the end
        int46                          0 unknown type `int46`
        list<int64                    10 expected `>`, found the end
        list                           4 expected `<`, found the end
        list<>                         5 expected a type, found `>`
        int64 x                        6 expected the end of the type, found `x`
        timestamp[Mars/Olympus]       10 unknown time zone `Mars/Olympus`, expected a unit or a name like Europe/Paris
        timestamp[ms, ]               14 unknown time zone ``, expected a unit or a name like Europe/Paris
        decimal(77,2)                  0 expected a precision from 1 to 76, found 77
        decimal(5,6)                   0 expected a scale from 0 to the precision 5, found 6
        decimal(x)                     8 expected a number, found `x`
        struct<a: int8, a: int8>      16 field `a` stands twice
        map<utf8>                      8 expected `,`, found `>`
        dictionary<utf8, utf8>        11 keys of a dictionary are integers
        fixed-size-list<int8, -1>     21 a size is not negative
        interval[week]                 9 expected year-month, day-time or month-day-nano
        struct<"a: int8>               8 expected a closing `"`, found `a: int8>`
    "#]]
    .assert_eq(&faults);
}

#[test]
fn hostile_type_text_is_refused_in_no_time() {
    let start = Instant::now();
    for hostile in [
        "List(".repeat(200_000),
        "list<".repeat(800),
        "struct<a:".repeat(400),
        "map<utf8,".repeat(400),
        format!("int8{}", "[]".repeat(2000)),
        "\"".repeat(4000),
        "é".repeat(2000),
        format!("{}int8{}", "list<".repeat(32), ">".repeat(32)),
    ] {
        assert_eq!(parse_type(&hostile).unwrap_err().code, "invalid-type");
        let text = FlatField {
            name: "c".into(),
            kind: FlatType::Other(hostile),
            nullable: true,
            children: vec![],
            metadata: vec![],
        };
        assert_eq!(field_from_tree(&[text]).unwrap_err().code, "invalid-type");
    }
    assert!(parse_type(&format!("{}int8{}", "list<".repeat(31), ">".repeat(31))).is_ok());
    assert!(start.elapsed() < Duration::from_secs(1));
}

fn flat(kind: FlatType, children: &[u32]) -> FlatField {
    FlatField { name: "c".into(), kind, nullable: true, children: children.to_vec(), metadata: vec![] }
}

fn code(tree: &[FlatField]) -> String {
    field_from_tree(tree).unwrap_err().code
}

#[test]
fn cyclic_shared_missing_and_deep_children_are_refused() {
    let list = |children: &[u32]| flat(FlatType::ListOf, children);
    let leaf = || flat(FlatType::Int8, &[]);
    assert_eq!(code(&[]), "invalid-type");
    assert_eq!(code(&[list(&[0])]), "invalid-type");
    assert_eq!(code(&[list(&[1]), list(&[0])]), "invalid-type");
    assert_eq!(code(&[list(&[7]), leaf()]), "invalid-type");
    assert_eq!(code(&[list(&[u32::MAX]), leaf()]), "invalid-type");
    assert_eq!(code(&[flat(FlatType::StructOf, &[1, 1]), leaf()]), "invalid-type");
    assert_eq!(code(&[flat(FlatType::StructOf, &[1, 2]), list(&[2]), leaf()]), "invalid-type");
    assert_eq!(code(&[leaf(), leaf()]), "invalid-type");
    assert_eq!(code(&[list(&[])]), "invalid-type");
    assert_eq!(code(&[flat(FlatType::Int8, &[1]), leaf()]), "invalid-type");
    assert_eq!(code(&[flat(FlatType::MapOf, &[1]), leaf()]), "invalid-type");
    let chain = |levels: u32| (1..levels).map(|next| list(&[next])).chain([leaf()]).collect::<Vec<_>>();
    assert!(field_from_tree(&chain(32)).is_ok());
    assert_eq!(code(&chain(33)), "invalid-type");
    assert_eq!(code(&chain(10_000)), "invalid-type");
    assert_eq!(code(&chain(100_000)), "too-large");
    // One field that names itself as its child a million times over.
    assert_eq!(code(&[flat(FlatType::StructOf, &vec![1; 1_000_000]), leaf()]), "invalid-type");
}

#[test]
fn types_that_arrow_would_panic_about_are_refused() {
    for wrong in [
        FlatType::Decimal128(0, 0),
        FlatType::Decimal128(39, 0),
        FlatType::Decimal128(5, 6),
        FlatType::Decimal256(77, 0),
        FlatType::FixedSizeBinary(u32::MAX),
        FlatType::Time32(jackfield_columns::TimeUnit::Nanosecond),
        FlatType::Time64(jackfield_columns::TimeUnit::Second),
        FlatType::Timestamp(jackfield_columns::TimeUnit::Second, Some("Nowhere".into())),
        FlatType::Other("List(Int64)".into()),
        FlatType::Other("no such type".into()),
    ] {
        assert_eq!(code(&[flat(wrong, &[])]), "invalid-type");
    }
    assert_eq!(field_from_tree(&[flat(FlatType::Other("Utf8View".into()), &[])]).unwrap().data_type(), &DataType::Utf8);
}

#[test]
fn schemas_go_out_and_back_and_have_unique_names() {
    let fields: Vec<_> = ALL_TYPES.iter().map(|text| Field::new(*text, kind(text), true)).collect();
    let metadata = [("k".to_owned(), "v".to_owned())];
    let schema = Schema::new_with_metadata(fields, std::collections::HashMap::from(metadata));
    let (fields, columns, metadata) = flat_from_schema(&schema);
    assert_eq!(schema_from_flat(&fields, &columns, &metadata).unwrap(), schema);
    let twice = [flat(FlatType::Int8, &[]), flat(FlatType::Int8, &[])];
    assert_eq!(schema_from_flat(&twice, &[0, 1], &[]).unwrap_err().code, "duplicate-column");
    assert_eq!(schema_from_flat(&twice, &[0, 0], &[]).unwrap_err().code, "invalid-type");
    assert_eq!(schema_from_flat(&twice, &[0], &[]).unwrap_err().code, "invalid-type");
    assert_eq!(schema_from_flat(&twice, &[0, 9], &[]).unwrap_err().code, "invalid-type");
}

#[test]
fn schema_text_has_a_line_per_column() {
    let schema = Schema::new(vec![Field::new("a", DataType::Int64, false), Field::new("b", kind("list<utf8>"), true)]);
    assert_eq!(schema_text(&schema), "a: int64 not null\nb: list<utf8>");
}

/// Arrow has scales below zero; here no type has, wherever it comes from.
#[test]
fn scales_below_zero_are_refused() {
    for text in ["decimal(5,-1)", "decimal256(5,-1)", "decimal32(5,-1)", "decimal64(5,-1)", "list<decimal(5,-128)>"] {
        assert_eq!(parse_type(text).unwrap_err().code, "invalid-type", "{text}");
    }
    for kind in [FlatType::Decimal128(5, -1), FlatType::Decimal256(5, -1), FlatType::Other("decimal(5,-1)".into())] {
        let tree = FlatField { name: "d".into(), kind, nullable: true, children: vec![], metadata: vec![] };
        assert_eq!(field_from_tree(std::slice::from_ref(&tree)).unwrap_err().code, "invalid-type");
        assert_eq!(schema_from_flat(&[tree], &[0], &[]).unwrap_err().code, "invalid-type");
    }
    for (data_type, column) in crate::sample::scaled_below_zero() {
        let field = Field::new("d", data_type.clone(), true);
        let levels = vec![jackfield_columns::Buffers::default(); tree_from_field(&field).len()];
        assert_eq!(jackfield_columns::array_from_levels(&field, levels).unwrap_err().code, "invalid-type");
        let schema = std::sync::Arc::new(Schema::new(vec![field]));
        let failure = jackfield_columns::Batch::of(schema, column.len(), vec![column]).unwrap_err();
        assert_eq!((failure.code.as_str(), failure.column.as_deref()), ("invalid-type", Some("d")), "{data_type}");
    }
}
