//! What a text's characters are, and further changes of case.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, BooleanBufferBuilder};
use arrow::datatypes::DataType;

use super::options::Options;
use super::patterns::{Search, our_own};
use super::promote::mismatch;
use super::strings::all_text;
use super::table::{Function, Kernel, Plan};
use super::text::{Texts, Writer, pieces};
use super::values::{Call, Values};
use crate::Failure;

pub(super) const FUNCTIONS: &[Function] = &[
    test("utf8_is_alnum", "utf8_is_alnum(text) -> bool", utf8_is_alnum)
        .doc("whether there are characters, and all of them letters or numbers"),
    test("utf8_is_alpha", "utf8_is_alpha(text) -> bool", utf8_is_alpha)
        .doc("whether there are characters, and all of them letters"),
    test("utf8_is_decimal", "utf8_is_decimal(text) -> bool", utf8_is_decimal)
        .doc("whether there are characters, and all of them decimal digits of some script"),
    test("utf8_is_digit", "utf8_is_digit(text) -> bool", utf8_is_decimal).doc("the same as utf8_is_decimal"),
    test("utf8_is_numeric", "utf8_is_numeric(text) -> bool", utf8_is_numeric)
        .doc("whether there are characters, and all of them numbers, such as fractions"),
    test("utf8_is_space", "utf8_is_space(text) -> bool", utf8_is_space)
        .doc("whether there are characters, and all of them white space"),
    test("utf8_is_printable", "utf8_is_printable(text) -> bool", utf8_is_printable)
        .doc("whether all characters are such as are seen, or spaces; true of empty text"),
    test("utf8_is_lower", "utf8_is_lower(text) -> bool", utf8_is_lower)
        .doc("whether some characters have a case, and all of these are lower case"),
    test("utf8_is_upper", "utf8_is_upper(text) -> bool", utf8_is_upper)
        .doc("whether some characters have a case, and all of these are upper case"),
    test("utf8_is_title", "utf8_is_title(text) -> bool", utf8_is_title)
        .doc("whether there are words, and each begins in upper case and goes on in lower case"),
    test("ascii_is_alnum", "ascii_is_alnum(text) -> bool", ascii_is_alnum)
        .doc("whether there are characters, and all of them ASCII letters or digits"),
    test("ascii_is_alpha", "ascii_is_alpha(text) -> bool", ascii_is_alpha)
        .doc("whether there are characters, and all of them ASCII letters"),
    test("ascii_is_decimal", "ascii_is_decimal(text) -> bool", ascii_is_decimal)
        .doc("whether there are characters, and all of them ASCII digits"),
    test("ascii_is_space", "ascii_is_space(text) -> bool", ascii_is_space)
        .doc("whether there are characters, and all of them ASCII white space"),
    test("ascii_is_printable", "ascii_is_printable(text) -> bool", ascii_is_printable)
        .doc("whether all characters are ASCII from space to tilde; true of empty text"),
    test("ascii_is_lower", "ascii_is_lower(text) -> bool", ascii_is_lower)
        .doc("whether there are ASCII letters, and all of them lower case"),
    test("ascii_is_upper", "ascii_is_upper(text) -> bool", ascii_is_upper)
        .doc("whether there are ASCII letters, and all of them upper case"),
    test("ascii_is_title", "ascii_is_title(text) -> bool", ascii_is_title)
        .doc("whether there are words of ASCII letters, and each begins in upper case and goes on in lower case"),
    test("string_is_ascii", "string_is_ascii(text) -> bool", string_is_ascii)
        .doc("whether all characters are ASCII; true of empty text"),
    change("utf8_capitalize", "utf8_capitalize(text) -> text", utf8_capitalize)
        .doc("the first character in upper case, the others in lower case"),
    change("utf8_title", "utf8_title(text) -> text", utf8_title)
        .differs("ß becomes SS, as Unicode has it")
        .doc("each word's first letter in upper case, its others in lower case"),
    change("utf8_swapcase", "utf8_swapcase(text) -> text", utf8_swapcase)
        .differs("ß becomes SS, as Unicode has it")
        .doc("lower case for upper case and the other way round"),
    change("ascii_lower", "ascii_lower(text) -> text", ascii_lower).doc("ASCII letters in lower case"),
    change("ascii_upper", "ascii_upper(text) -> text", ascii_upper).doc("ASCII letters in upper case"),
    change("ascii_capitalize", "ascii_capitalize(text) -> text", ascii_capitalize)
        .doc("the first character in upper case, the others in lower case, if they are ASCII letters"),
    change("ascii_title", "ascii_title(text) -> text", ascii_title)
        .doc("each word's first ASCII letter in upper case, its others in lower case"),
    change("ascii_swapcase", "ascii_swapcase(text) -> text", ascii_swapcase)
        .doc("ASCII letters in lower case for upper case and the other way round"),
];

const fn test(name: &'static str, signature: &'static str, kernel: Kernel) -> Function {
    Function::new(name, signature, test_types, kernel).weight(6)
}

const fn change(name: &'static str, signature: &'static str, kernel: Kernel) -> Function {
    Function::new(name, signature, change_types, kernel).pieces().weight(6)
}

fn test_types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    all_text(types, DataType::Boolean)
}

fn change_types(_: &str, types: &[DataType], _: &Options) -> Result<Plan, Failure> {
    all_text(types, DataType::Utf8)
}

/// A test of each text that is not null.
fn tested(call: &mut Call, mut test: impl FnMut(&str, &mut Call) -> Result<bool, Failure>) -> Result<Values, Failure> {
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    let texts = input.array.as_string::<i32>();
    let mut bits = BooleanBufferBuilder::new(call.rows);
    for row in 0..call.rows {
        call.tick(8)?;
        bits.append(texts.is_valid(row) && test(texts.value(row), call)?);
    }
    let array: ArrayRef = Arc::new(BooleanArray::new(bits.finish(), texts.nulls().cloned()));
    Ok(Values::of(array))
}

/// Whether the whole text is like a pattern.
fn like(call: &mut Call, pattern: &str) -> Result<Values, Failure> {
    let pattern = our_own(pattern)?;
    let mut search = Search::new(&pattern, 1, call)?;
    tested(call, |text, call| search.is_match(text, call))
}

fn utf8_is_alnum(call: &mut Call) -> Result<Values, Failure> {
    like(call, r"\A[\p{L}\p{N}]+\z")
}
fn utf8_is_alpha(call: &mut Call) -> Result<Values, Failure> {
    like(call, r"\A\p{L}+\z")
}
fn utf8_is_decimal(call: &mut Call) -> Result<Values, Failure> {
    like(call, r"\A\p{Nd}+\z")
}
fn utf8_is_numeric(call: &mut Call) -> Result<Values, Failure> {
    like(call, r"\A\p{N}+\z")
}
fn utf8_is_space(call: &mut Call) -> Result<Values, Failure> {
    like(call, r"\A\s+\z")
}
fn utf8_is_printable(call: &mut Call) -> Result<Values, Failure> {
    like(call, r"\A[^\p{C}\p{Zl}\p{Zp}\p{Zs}]*( +[^\p{C}\p{Zl}\p{Zp}\p{Zs}]*)*\z")
}

/// Whether all characters pass, of which there is at least one.
fn all(call: &mut Call, passes: impl Fn(u8) -> bool) -> Result<Values, Failure> {
    tested(call, |text, call| {
        for piece in pieces(text) {
            call.tick(piece.len() / 4)?;
            if !piece.bytes().all(&passes) {
                return Ok(false);
            }
        }
        Ok(!text.is_empty())
    })
}

fn ascii_is_alnum(call: &mut Call) -> Result<Values, Failure> {
    all(call, |byte| byte.is_ascii_alphanumeric())
}
fn ascii_is_alpha(call: &mut Call) -> Result<Values, Failure> {
    all(call, |byte| byte.is_ascii_alphabetic())
}
fn ascii_is_decimal(call: &mut Call) -> Result<Values, Failure> {
    all(call, |byte| byte.is_ascii_digit())
}
fn ascii_is_space(call: &mut Call) -> Result<Values, Failure> {
    all(call, |byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0B | 0x0C))
}
fn ascii_is_printable(call: &mut Call) -> Result<Values, Failure> {
    tested(call, |text, call| {
        call.tick(text.len() / 4)?;
        Ok(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)))
    })
}
fn string_is_ascii(call: &mut Call) -> Result<Values, Failure> {
    tested(call, |text, call| {
        call.tick(text.len() / 8)?;
        Ok(text.is_ascii())
    })
}

/// The case of a character, if it has one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Lower,
    Upper,
    None,
}

fn unicode(character: char) -> Case {
    if character.is_lowercase() {
        Case::Lower
    } else if character.is_uppercase() {
        Case::Upper
    } else {
        Case::None
    }
}

fn ascii(character: char) -> Case {
    if character.is_ascii_lowercase() {
        Case::Lower
    } else if character.is_ascii_uppercase() {
        Case::Upper
    } else {
        Case::None
    }
}

/// Whether there are characters of this case and none of the other.
fn only(call: &mut Call, case: fn(char) -> Case, wanted: Case) -> Result<Values, Failure> {
    tested(call, |text, call| {
        let mut found = false;
        for piece in pieces(text) {
            call.tick(piece.len())?;
            for character in piece.chars() {
                match case(character) {
                    Case::None => {}
                    case if case == wanted => found = true,
                    _ => return Ok(false),
                }
            }
        }
        Ok(found)
    })
}

fn utf8_is_lower(call: &mut Call) -> Result<Values, Failure> {
    only(call, unicode, Case::Lower)
}
fn utf8_is_upper(call: &mut Call) -> Result<Values, Failure> {
    only(call, unicode, Case::Upper)
}
fn ascii_is_lower(call: &mut Call) -> Result<Values, Failure> {
    only(call, ascii, Case::Lower)
}
fn ascii_is_upper(call: &mut Call) -> Result<Values, Failure> {
    only(call, ascii, Case::Upper)
}

/// Whether upper case begins each run of characters with a case, and lower case goes on.
fn title(call: &mut Call, case: fn(char) -> Case) -> Result<Values, Failure> {
    tested(call, |text, call| {
        let (mut inside, mut found) = (false, false);
        for piece in pieces(text) {
            call.tick(piece.len())?;
            for character in piece.chars() {
                inside = match (case(character), inside) {
                    (Case::Upper, false) | (Case::Lower, true) => true,
                    (Case::None, _) => false,
                    _ => return Ok(false),
                };
                found |= inside;
            }
        }
        Ok(found)
    })
}

fn utf8_is_title(call: &mut Call) -> Result<Values, Failure> {
    title(call, unicode)
}
fn ascii_is_title(call: &mut Call) -> Result<Values, Failure> {
    title(call, ascii)
}

/// Each text with its characters changed by `change`, which is told the character before.
fn changed(call: &mut Call, change: impl Fn(char, Option<char>, &mut String)) -> Result<Values, Failure> {
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    let texts = Texts::of(input);
    let nulls = input.array.nulls().cloned();
    let mut out = Writer::new(call.rows, texts.bytes(), call.meter)?;
    let mut made = String::new();
    for row in 0..call.rows {
        if nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) {
            let mut before = None;
            for piece in pieces(texts.get(row)) {
                call.tick(piece.len() * 2)?;
                made.clear();
                for character in piece.chars() {
                    change(character, before, &mut made);
                    before = Some(character);
                }
                out.push(&made, call.meter)?;
            }
        }
        out.end_row();
    }
    Ok(Values::of(out.finish(nulls)?))
}

fn utf8_capitalize(call: &mut Call) -> Result<Values, Failure> {
    changed(call, |character, before, made| match before {
        None => made.extend(character.to_uppercase()),
        Some(_) => made.extend(character.to_lowercase()),
    })
}
fn utf8_title(call: &mut Call) -> Result<Values, Failure> {
    changed(call, |character, before, made| match before {
        Some(before) if unicode(before) != Case::None => made.extend(character.to_lowercase()),
        _ => made.extend(character.to_uppercase()),
    })
}
fn utf8_swapcase(call: &mut Call) -> Result<Values, Failure> {
    changed(call, |character, _, made| match unicode(character) {
        Case::Lower => made.extend(character.to_uppercase()),
        Case::Upper => made.extend(character.to_lowercase()),
        Case::None => made.push(character),
    })
}
fn ascii_lower(call: &mut Call) -> Result<Values, Failure> {
    changed(call, |character, _, made| made.push(character.to_ascii_lowercase()))
}
fn ascii_upper(call: &mut Call) -> Result<Values, Failure> {
    changed(call, |character, _, made| made.push(character.to_ascii_uppercase()))
}
fn ascii_capitalize(call: &mut Call) -> Result<Values, Failure> {
    changed(call, |character, before, made| {
        made.push(if before.is_none() { character.to_ascii_uppercase() } else { character.to_ascii_lowercase() });
    })
}
fn ascii_title(call: &mut Call) -> Result<Values, Failure> {
    changed(call, |character, before, made| {
        let inside = before.is_some_and(|before| before.is_ascii_alphabetic());
        made.push(if inside { character.to_ascii_lowercase() } else { character.to_ascii_uppercase() });
    })
}
fn ascii_swapcase(call: &mut Call) -> Result<Values, Failure> {
    changed(call, |character, _, made| {
        made.push(match ascii(character) {
            Case::Lower => character.to_ascii_uppercase(),
            _ => character.to_ascii_lowercase(),
        });
    })
}
