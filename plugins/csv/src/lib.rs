//! CSV and TSV: reads and writes both, as a file format plugin.
//!
//! Reading: [`feed`] cuts the source into segments of complete records, in which [`scan`] has found every field's end;
//! [`rows`] sorts out what is ragged; [`reader`] takes names, infers types, tries predicates and has the demanded columns
//! parsed, one by one, by [`cells`]; [`assembly`] makes blocks of them. Writing is [`write`].

mod assembly;
mod cells;
mod detect;
mod feed;
mod header;
mod infer;
mod numbers;
mod options;
mod plugin;
mod predicate;
mod reader;
mod rows;
mod scan;
mod write;
