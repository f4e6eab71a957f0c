//! The options of the format, as the manifest's schema describes them.

use jackfield_sdk::params::Ordered;
use jackfield_sdk::{Failure, Params};
use parquet::basic::{BrotliLevel, Compression, GzipLevel, ZstdLevel};

/// What a reader or writer is told.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) compression: Compression,
    pub(crate) row_group_rows: usize,
    /// Types told by the pipeline: column and type text.
    pub(crate) schema: Vec<(String, String)>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Told {
    compression: Option<String>,
    row_group_rows: Option<u64>,
    #[serde(default)]
    schema: Ordered<String>,
}

/// So many rows have a row group where nothing else is said.
const ROWS: u64 = 262_144;

impl Options {
    /// # Errors
    /// The option that is wrong, as an `invalid-config` failure.
    pub(crate) fn parse(params: &Params) -> Result<Options, Failure> {
        let told: Told = params.parse_one()?;
        let compression = told.compression.as_deref().unwrap_or("zstd");
        let compression = self::compression(compression).ok_or_else(|| {
            let message = format!("`compression` is zstd, snappy, gzip, lz4, brotli or none, not `{compression}`");
            Failure::invalid_config("invalid-option", message).with_parameter("/compression")
        })?;
        let rows = told.row_group_rows.unwrap_or(ROWS);
        let rows = usize::try_from(rows).ok().filter(|rows| *rows > 0).ok_or_else(|| {
            let message = format!("`row-group-rows` is a number of rows from 1 on, not {rows}");
            Failure::invalid_config("invalid-option", message).with_parameter("/row-group-rows")
        })?;
        Ok(Options { compression, row_group_rows: rows, schema: told.schema.0 })
    }
}

fn compression(name: &str) -> Option<Compression> {
    Some(match name {
        "zstd" => Compression::ZSTD(ZstdLevel::try_new(3).ok()?),
        "snappy" => Compression::SNAPPY,
        "gzip" => Compression::GZIP(GzipLevel::default()),
        "lz4" => Compression::LZ4_RAW,
        "brotli" => Compression::BROTLI(BrotliLevel::default()),
        "none" => Compression::UNCOMPRESSED,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_and_what_is_wrong() {
        let parse = |json: &str| Options::parse(&Params::new(json));
        let options = parse("{}").unwrap();
        assert!(matches!(options.compression, Compression::ZSTD(_)));
        assert_eq!(options.row_group_rows, 262_144);
        assert_eq!(parse(r#"{"compression": "lz4"}"#).unwrap().compression, Compression::LZ4_RAW);
        assert_eq!(parse(r#"{"compression": "lzo"}"#).unwrap_err().parameter.as_deref(), Some("/compression"));
        assert_eq!(parse(r#"{"row-group-rows": 0}"#).unwrap_err().parameter.as_deref(), Some("/row-group-rows"));
        assert_eq!(parse(r#"{"schema": {"a": "int64"}}"#).unwrap().schema, [("a".to_owned(), "int64".to_owned())]);
    }
}
