//! The page of all functions is the table of functions. `JACKFIELD_BLESS=1` writes it anew.
// A test that cannot go on says so by panicking; the lint only knows functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;

use jackfield_columns::compute::reference;

#[test]
fn the_page_of_functions_is_up_to_date() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/functions.md");
    if std::env::var_os("JACKFIELD_BLESS").is_some() {
        fs::write(&page, reference()).unwrap();
    }
    let written = fs::read_to_string(&page).unwrap_or_default();
    assert!(
        written == reference(),
        "docs/functions.md is not what the functions say: run this test with JACKFIELD_BLESS=1"
    );
}
