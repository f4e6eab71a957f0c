//! Whether what the footer says can be, before anything is read by it.

use crate::trouble::damaged;
use jackfield_sdk::Failure;
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::schema::types::Type;

/// Digits that a decimal may have.
const MOST_DIGITS: i32 = 76;

/// # Errors
/// What cannot be, or cannot be read.
pub(super) fn metadata(metadata: &ParquetMetaData, size: u64) -> Result<(), Failure> {
    let file = metadata.file_metadata();
    let mut rows = 0u64;
    for node in file.schema_descr().root_schema().get_fields() {
        if is_hollow(node) {
            let message = format!("the column `{}` of the parquet file has a group without columns", node.name());
            return Err(Failure::invalid_input("not-supported", message));
        }
    }
    for column in file.schema_descr().columns() {
        if column.type_precision() > MOST_DIGITS {
            let (path, digits) = (column.path().string(), column.type_precision());
            let message =
                format!("decimals of {digits} digits, as in the column `{path}`: at most {MOST_DIGITS} are read");
            return Err(Failure::invalid_input("not-supported", message));
        }
    }
    for (number, group) in metadata.row_groups().iter().enumerate() {
        let wrong = |what: String| damaged(format!("row group {number} {what}"));
        let told = u64::try_from(group.num_rows()).ok().filter(|rows| *rows <= 1 << 40);
        let told = told.ok_or_else(|| wrong(format!("cannot have {} rows", group.num_rows())))?;
        rows = rows.saturating_add(told);
        if group.num_columns() != file.schema_descr().num_columns() {
            let columns = file.schema_descr().num_columns();
            return Err(wrong(format!("has {} columns where there are {columns}", group.num_columns())));
        }
        for column in group.columns() {
            let wrong = |what: String| wrong(format!("says its column {} {what}", column.column_path().string()));
            let (start, length) = range(column).ok_or_else(|| wrong("begins nowhere".to_owned()))?;
            if start < 4 || start.checked_add(length).is_none_or(|end| end > size) {
                return Err(wrong(format!("has {length} bytes from byte {start} on, and the file has {size}")));
            }
            let values = column.num_values();
            let flat = column.column_descr().max_rep_level() == 0;
            if values < 0 || flat && u64::try_from(values) != Ok(told) {
                return Err(wrong(format!("has {values} values for {told} rows")));
            }
            if told > 0 && length == 0 {
                return Err(wrong(format!("has no bytes for {told} rows")));
            }
        }
    }
    if u64::try_from(file.num_rows()) != Ok(rows) {
        return Err(damaged(format!("it says it has {} rows, and its row groups have {rows}", file.num_rows())));
    }
    Ok(())
}

/// Whether there is a group without columns in it: arrow leaves those out of the rows, but not out of their types.
fn is_hollow(node: &Type) -> bool {
    node.is_group() && (node.get_fields().is_empty() || node.get_fields().iter().any(|field| is_hollow(field)))
}

/// Start and length of a column, which the parquet crate takes for granted.
fn range(column: &ColumnChunkMetaData) -> Option<(u64, u64)> {
    let start = match column.dictionary_page_offset() {
        Some(dictionary) => dictionary,
        None => column.data_page_offset(),
    };
    Some((u64::try_from(start).ok()?, u64::try_from(column.compressed_size()).ok()?))
}

/// # Errors
/// Pages that are not where their column is, or not in order.
pub(super) fn page_index(metadata: &ParquetMetaData) -> Result<(), Failure> {
    for (number, group) in metadata.row_groups().iter().enumerate() {
        let index = metadata.page_index_for_row_group(number);
        for (leaf, column) in group.columns().iter().enumerate() {
            let Some(pages) = index.page_locations(leaf) else { continue };
            let wrong = || {
                let path = column.column_path().string();
                damaged(format!("row group {number} has an index of pages that does not fit its column {path}"))
            };
            let (start, length) = range(column).ok_or_else(wrong)?;
            let (mut at, mut row) = (i64::try_from(start).map_err(|_| wrong())?, 0);
            let end = i64::try_from(start + length).map_err(|_| wrong())?;
            for (place, page) in pages.iter().enumerate() {
                let first_row = page.first_row_index;
                let ordered = if place == 0 { first_row == 0 } else { first_row > row };
                let fits = page.compressed_page_size > 0
                    && page.offset >= at
                    && page.offset.checked_add(page.compressed_page_size.into()).is_some_and(|page| page <= end);
                if !ordered || !fits || first_row >= group.num_rows().max(1) {
                    return Err(wrong());
                }
                (at, row) = (page.offset + i64::from(page.compressed_page_size), first_row);
            }
            if pages.is_empty() && group.num_rows() > 0 {
                return Err(wrong());
            }
        }
    }
    Ok(())
}
