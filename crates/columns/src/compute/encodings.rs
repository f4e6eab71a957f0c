//! Bytes as text and back: hexadecimal and base64.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BinaryArray, BinaryBuilder};
use arrow::datatypes::DataType;

use super::options::Options;
use super::promote::mismatch;
use super::scalar::shown;
use super::table::{Function, Plan};
use super::text::{PIECE, Texts, Writer};
use super::values::{Call, Values};
use crate::Failure;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("hex_encode", "hex_encode(text or binary) -> text", to_text, hex_encode).pieces().weight(6)
        .doc("the bytes as hexadecimal digits, in lower case"),
    Function::new("hex_decode", "hex_decode(text) -> binary", to_bytes, hex_decode).pieces().weight(8)
        .doc("the bytes that hexadecimal digits of either case stand for; other text is a row error"),
    Function::new("base64_encode", "base64_encode(text or binary) -> text", to_text, base64_encode).options(&["alphabet"]).pieces().weight(6)
        .doc("the bytes in base64 of the `alphabet` standard, or url; with padding"),
    Function::new("base64_decode", "base64_decode(text) -> binary", to_bytes, base64_decode).options(&["alphabet"]).pieces().weight(8)
        .doc("the bytes that base64 of the `alphabet` standard, or url, stands for, with or without padding; other text is a row error"),
];

const ALPHABETS: &[&str] = &["standard", "url"];

fn alphabet(options: &Options) -> Result<[u8; 2], Failure> {
    Ok(if options.word("alphabet", ALPHABETS)? == "url" { *b"-_" } else { *b"+/" })
}

fn to_text(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    alphabet(options)?;
    match types {
        [DataType::Utf8 | DataType::Binary | DataType::FixedSizeBinary(_) | DataType::Null] => {
            Ok(Plan::uniform(1, DataType::Binary, DataType::Utf8))
        }
        _ => Err(mismatch("text or binary is expected")),
    }
}

fn to_bytes(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    alphabet(options)?;
    super::strings::all_text(types, DataType::Binary)
}

fn encode(call: &mut Call, write: impl Fn(&[u8], &mut String), grown: usize) -> Result<Values, Failure> {
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    let binary: &BinaryArray = input.array.as_binary::<i32>();
    let mut out = Writer::new(call.rows, 0, call.meter)?;
    let mut text = String::new();
    for row in 0..call.rows {
        if binary.is_valid(row) {
            out.reserve(binary.value_length(row) as usize * grown, call.meter)?;
            // Of a length that has no rest of three bytes.
            for piece in binary.value(row).chunks(PIECE / 3 * 3) {
                call.tick(piece.len())?;
                text.clear();
                write(piece, &mut text);
                out.push(&text, call.meter)?;
            }
        }
        out.end_row();
    }
    Ok(Values::of(out.finish(binary.nulls().cloned())?))
}

/// Bytes read from each text; `None` is a row error.
fn decode(
    call: &mut Call,
    read: impl Fn(&str, &mut Vec<u8>, &mut Call) -> Result<Option<()>, Failure>,
    what: &'static str,
) -> Result<Values, Failure> {
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    let texts = Texts::of(input);
    let nulls = input.array.nulls().cloned();
    call.meter.allocate((texts.bytes() + call.rows * 4) as u64)?;
    let mut out = BinaryBuilder::with_capacity(call.rows, texts.bytes() / 2);
    let (mut failed, mut bytes) = (vec![false; call.rows], Vec::new());
    for (row, failed) in failed.iter_mut().enumerate() {
        if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
            out.append_null();
            continue;
        }
        bytes.clear();
        call.tick(16)?;
        match read(texts.get(row), &mut bytes, call)? {
            Some(()) => out.append_value(&bytes),
            None => {
                *failed = true;
                out.append_null();
            }
        }
    }
    let array: ArrayRef = Arc::new(out.finish());
    let source = Arc::clone(&input.array);
    Ok(Values::with_errors(array, failed.into(), move |row| {
        Failure::invalid_input("invalid-cast", format!("{} is not {what}", shown(source.as_ref(), row)))
    }))
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

fn hex_encode(call: &mut Call) -> Result<Values, Failure> {
    let digit = |half: u8| char::from(DIGITS.get(usize::from(half)).copied().unwrap_or_default());
    let write = |bytes: &[u8], text: &mut String| {
        text.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]));
    };
    encode(call, write, 2)
}

fn hex_decode(call: &mut Call) -> Result<Values, Failure> {
    let half = |byte: u8| char::from(byte).to_digit(16);
    let read = |text: &str, bytes: &mut Vec<u8>, call: &mut Call| {
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if !rest.is_empty() {
            return Ok(None);
        }
        for pairs in pairs.chunks(PIECE) {
            call.tick(pairs.len())?;
            for [high, low] in pairs {
                let (Some(high), Some(low)) = (half(*high), half(*low)) else { return Ok(None) };
                bytes.push((high << 4 | low) as u8);
            }
        }
        Ok(Some(()))
    };
    decode(call, read, "hexadecimal digits, two for each byte")
}

const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

fn base64_encode(call: &mut Call) -> Result<Values, Failure> {
    let last = alphabet(call.options)?;
    let letter = |six: u32| {
        let six = (six & 63) as usize;
        char::from(LETTERS.get(six).copied().unwrap_or(if six == 62 { last[0] } else { last[1] }))
    };
    let write = |bytes: &[u8], text: &mut String| {
        let (threes, rest) = bytes.as_chunks::<3>();
        for [a, b, c] in threes {
            let all = u32::from(*a) << 16 | u32::from(*b) << 8 | u32::from(*c);
            text.extend([letter(all >> 18), letter(all >> 12), letter(all >> 6), letter(all)]);
        }
        match rest {
            [a] => text.extend([letter(u32::from(*a) >> 2), letter(u32::from(*a) << 4), '=', '=']),
            [a, b] => {
                let all = u32::from(*a) << 8 | u32::from(*b);
                text.extend([letter(all >> 10), letter(all >> 4), letter(all << 2), '=']);
            }
            _ => {}
        }
    };
    encode(call, write, 2)
}

fn base64_decode(call: &mut Call) -> Result<Values, Failure> {
    let last = alphabet(call.options)?;
    let six = |letter: u8| {
        Some(u32::from(match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            letter if letter == last[0] => 62,
            letter if letter == last[1] => 63,
            _ => return None,
        }))
    };
    let read = |text: &str, bytes: &mut Vec<u8>, call: &mut Call| {
        let letters = text.as_bytes();
        let padding = letters.iter().rev().take_while(|letter| **letter == b'=').count();
        let letters = letters.get(..letters.len() - padding).unwrap_or_default();
        // Padding, if there is any, fills up to four.
        if letters.len() % 4 == 1 || (padding > 0 && (padding > 2 || (letters.len() + padding) % 4 != 0)) {
            return Ok(None);
        }
        for (index, four) in letters.chunks(4).enumerate() {
            if index % PIECE == 0 {
                call.tick(PIECE)?;
            }
            let mut all = 0;
            for letter in four {
                let Some(six) = six(*letter) else { return Ok(None) };
                all = all << 6 | six;
            }
            let [_, a, b, c] = (all << (6 * (4 - four.len()))).to_be_bytes();
            // Bits that belong to no byte have to be zero.
            match (four.len(), a, b, c) {
                (4, ..) => bytes.extend([a, b, c]),
                (3, a, b, 0) => bytes.extend([a, b]),
                (2, a, 0, 0) => bytes.push(a),
                _ => return Ok(None),
            }
        }
        Ok(Some(()))
    };
    decode(call, read, "base64")
}
