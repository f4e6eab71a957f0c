//! Arrow IPC read back: files, streams, and damaged ones.

use super::*;
use crate::input::{Bytes, Input};
use crate::options::Kind as Written;
use crate::write::Writer;
use arrow_array::cast::AsArray;
use arrow_array::types::{Int8Type, Int64Type};
use arrow_array::{DictionaryArray, Int64Array, ListArray, StringArray};
use arrow_ipc::CompressionType;
use arrow_ipc::writer::{IpcWriteOptions, StreamWriter};
use arrow_schema::{DataType, Field};
use jackfield_sdk::Piece;

fn demand(columns: Option<&[&str]>, limit: Option<u64>) -> Demand {
    let columns = columns.map(|names| names.iter().map(|name| (*name).to_owned()).collect());
    Demand { columns, predicates: Vec::new(), limit, batch_rows: 300, resume: None, extra: Vec::new() }
}

/// Bytes that come in pieces as small as a pipe gives them.
struct Small(Vec<u8>, usize);

impl Bytes for Small {
    fn pull(&mut self, most: u32) -> Result<Piece, Failure> {
        let to = (self.1 + (most as usize).min(1000)).min(self.0.len());
        let piece = self.0[self.1..to].to_vec();
        self.1 = to;
        Ok(if piece.is_empty() { Piece::End } else { Piece::Data(piece) })
    }

    fn size(&mut self) -> Result<u64, Failure> {
        Ok(self.0.len() as u64)
    }

    fn read_at(&mut self, offset: u64, most: u32) -> Result<Vec<u8>, Failure> {
        let from = (offset as usize).min(self.0.len());
        Ok(self.0[from..(from + (most as usize).min(1000)).min(self.0.len())].to_vec())
    }
}

fn open(bytes: &[u8], demand: &Demand) -> Result<Reader, Failure> {
    Reader::open(Input::new(Box::new(Small(bytes.to_vec(), 0))), &[], demand)
}

fn all(bytes: &[u8], demand: &Demand) -> Result<Vec<Rows>, Failure> {
    let mut reader = open(bytes, demand)?;
    let mut out = Vec::new();
    while let Some(rows) = reader.rows()? {
        out.push(rows);
    }
    Ok(out)
}

fn batch(from: i64, words: &[&str]) -> RecordBatch {
    let numbers = Int64Array::from_iter((from..from + 400).map(|n| (n % 7 != 0).then_some(n)));
    let texts = StringArray::from_iter_values((from..from + 400).map(|n| format!("text {n}")));
    let words: DictionaryArray<Int8Type> = (0..400).map(|n| (n % 5 != 0).then(|| words[n % words.len()])).collect();
    let lists = ListArray::from_iter_primitive::<Int64Type, _, _>(
        (0..400).map(|n| (n % 3 != 0).then(|| vec![Some(n); (n % 3) as usize])),
    );
    let columns: Vec<(&str, ArrayRef)> =
        vec![("n", Arc::new(numbers)), ("t", Arc::new(texts)), ("w", Arc::new(words)), ("l", Arc::new(lists))];
    let fields: Vec<Field> =
        columns.iter().map(|(name, array)| Field::new(*name, array.data_type().clone(), true)).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns.into_iter().map(|(_, array)| array).collect()).unwrap()
}

fn written(kind: Written) -> Vec<u8> {
    let batches = [batch(0, &["a", "b"]), batch(400, &["c", "b", "d"]), batch(800, &["a"])];
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out, &batches[0].schema(), kind).unwrap();
    batches.iter().for_each(|batch| writer.write(batch).unwrap());
    writer.finish().unwrap();
    drop(writer);
    out
}

fn packed(with: CompressionType) -> Vec<u8> {
    let options = IpcWriteOptions::default().try_with_compression(Some(with)).unwrap();
    let batch = batch(0, &["a", "b"]);
    let mut writer = StreamWriter::try_new_with_options(Vec::new(), &batch.schema(), options).unwrap();
    writer.write(&batch).unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn files_and_streams_come_back_as_they_were() {
    for kind in [Written::File, Written::Stream] {
        let bytes = written(kind);
        let rows = all(&bytes, &demand(Some(&["w", "n"]), None)).unwrap();
        assert_eq!(
            rows.iter().map(|rows| (rows.first, rows.count)).collect::<Vec<_>>(),
            [(0, 300), (300, 100), (400, 300), (700, 100), (800, 300), (1100, 100)]
        );
        let words = rows[2].arrays[0].as_dictionary::<Int8Type>().downcast_dict::<StringArray>().unwrap();
        assert_eq!(words.into_iter().take(4).collect::<Vec<_>>(), [None, Some("b"), Some("d"), Some("c")], "{kind:?}");
        assert_eq!(rows[2].arrays[1].as_primitive::<Int64Type>().value(1), 401);
        let rows = all(&bytes, &demand(None, Some(350))).unwrap();
        assert_eq!(rows.iter().map(|rows| rows.count).sum::<usize>(), 350);
        assert_eq!(&rows[0].arrays[3], &batch(0, &["a", "b"]).column(3).slice(0, 300));
    }
}

#[test]
fn packed_buffers_are_unpacked() {
    for with in [CompressionType::LZ4_FRAME, CompressionType::ZSTD] {
        let rows = all(&packed(with), &demand(None, None)).unwrap();
        assert_eq!(&rows[0].arrays[1], &batch(0, &["a", "b"]).column(1).slice(0, 300));
    }
}

#[test]
fn what_is_no_arrow_data_is_told_from_what_is_damaged() {
    let code = |bytes: &[u8]| all(bytes, &demand(None, None)).map(|_| ()).unwrap_err().code;
    assert_eq!(code(b""), "not-arrow");
    assert_eq!(code(b"a,b\n1,2\n3,4\n"), "not-arrow");
    assert_eq!(code(b"FEA1\0\0\0\0\0\0\0\0"), "not-supported");
    for kind in [Written::File, Written::Stream] {
        let bytes = written(kind);
        for end in [9, 100, bytes.len() / 2, bytes.len() - 9] {
            assert_eq!(code(&bytes[..end]), "truncated", "{kind:?} cut at {end} of {}", bytes.len());
        }
    }
    let bytes = written(Written::File);
    assert_eq!(code(&bytes[..bytes.len() - 1]), "truncated");
}

fn random(state: &mut u64) -> usize {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) as usize
}

#[test]
fn damaged_data_fails_in_words() {
    let files = [
        written(Written::File),
        written(Written::Stream),
        packed(CompressionType::LZ4_FRAME),
        packed(CompressionType::ZSTD),
    ];
    let mut state = 1;
    let (mut failed, mut read, mut panicked) = (0, 0, 0);
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    for file in &files {
        for round in 0..1500 {
            let mut bytes = file.clone();
            // Descriptions of messages stand in front.
            let to = if round % 3 == 0 { bytes.len().min(1200) } else { bytes.len() };
            for _ in 0..1 + random(&mut state) % 3 {
                let at = random(&mut state) % to;
                bytes[at] = random(&mut state) as u8;
            }
            let outcome = std::panic::catch_unwind(|| all(&bytes, &demand(None, None)).map(|_| ()));
            match outcome {
                Ok(Ok(())) => read += 1,
                Ok(Err(failure)) => {
                    assert!(!failure.message.is_empty() && !failure.code.is_empty());
                    failed += 1;
                }
                // The decoder's own; in the sandbox it ends the instance, and the user is told that the file is damaged.
                Err(_) => panicked += 1,
            }
        }
    }
    std::panic::set_hook(hook);
    assert!(failed > 500 && read > 0, "{failed} failed, {read} could be read");
    assert!(panicked * 100 < failed, "{panicked} panicked, {failed} failed");
}

#[test]
fn views_and_runs_are_read_in_arrows_own_types() {
    let views: ArrayRef =
        Arc::new(arrow_array::StringViewArray::from(vec![Some("a text that is longer than twelve"), None]));
    let schema = Arc::new(Schema::new(vec![Field::new("v", DataType::Utf8View, true)]));
    let batch = RecordBatch::try_new(schema.clone(), vec![views.clone()]).unwrap();
    let mut writer = StreamWriter::try_new(Vec::new(), &schema).unwrap();
    writer.write(&batch).unwrap();
    let rows = all(&writer.into_inner().unwrap(), &demand(None, None)).unwrap();
    assert_eq!(&rows[0].arrays[0], &views);
}
