//! Digests: fast ones for spreading rows, and SHA-256 for names that nobody shall read.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, FixedSizeBinaryBuilder, UInt64Array};
use arrow::datatypes::{DataType, Decimal128Type, Decimal256Type, Float64Type, Int64Type};
use sha2::{Digest, Sha256};

use super::options::Options;
use super::promote::{internal, mismatch, relabel};
use super::table::{Function, Plan};
use super::text::PIECE;
use super::values::{Call, Values};
use crate::Failure;

pub(super) const FUNCTIONS: &[Function] = &[
    Function::new("hash_64", "hash_64(any, …) -> uint64", hash_types, hash_64).arity(1, usize::MAX).options(&["seed"]).weight(4)
        .doc("XXH64 of text or binary, or of the eight bytes of a number or time; of several arguments each begins with the hash before as its seed; null is a value like any other, so never null; numbers that are equal have equal hashes"),
    Function::new("sha256", "sha256(text or binary) -> fixed-size-binary(32)", digest_types, sha256).options(&["key"]).weight(12)
        .doc("SHA-256, or with a text as `key` HMAC-SHA-256, by which nobody without the key can tell what was hashed"),
];

fn hash_types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    options.integer("seed")?;
    let inputs = types.iter().map(|data_type| {
        Ok(match data_type {
            DataType::Null => DataType::Int64,
            DataType::FixedSizeBinary(_) => DataType::Binary,
            to if to.is_integer() && *to != DataType::UInt64 => DataType::Int64,
            to if to.is_floating() => DataType::Float64,
            to if to.is_nested() || matches!(to, DataType::Interval(_)) => {
                return Err(mismatch("text, binary, a bool, a number, a date or a time is expected"));
            }
            to => to.clone(),
        })
    });
    Ok(Plan { inputs: inputs.collect::<Result<_, _>>()?, output: DataType::UInt64 })
}

fn digest_types(_: &str, types: &[DataType], options: &Options) -> Result<Plan, Failure> {
    options.text("key")?;
    match types {
        [DataType::Utf8 | DataType::Binary | DataType::FixedSizeBinary(_) | DataType::Null] => {
            Ok(Plan::uniform(1, DataType::Binary, DataType::FixedSizeBinary(32)))
        }
        _ => Err(mismatch("text or binary is expected; cast to utf8 first")),
    }
}

const PRIMES: [u64; 5] =
    [0x9E37_79B1_85EB_CA87, 0xC2B2_AE3D_27D4_EB4F, 0x1656_67B1_9E37_79F9, 0x85EB_CA77_C2B2_AE63, 0x27D4_EB2F_1656_67C5];

fn round(lane: u64, word: u64) -> u64 {
    lane.wrapping_add(word.wrapping_mul(PRIMES[1])).rotate_left(31).wrapping_mul(PRIMES[0])
}

/// XXH64, by its specification.
fn xxh64(bytes: &[u8], seed: u64, call: &mut Call) -> Result<u64, Failure> {
    let (stripes, rest) = bytes.as_chunks::<32>();
    let mut hash = if stripes.is_empty() {
        seed.wrapping_add(PRIMES[4])
    } else {
        let mut lanes = [
            seed.wrapping_add(PRIMES[0]).wrapping_add(PRIMES[1]),
            seed.wrapping_add(PRIMES[1]),
            seed,
            seed.wrapping_sub(PRIMES[0]),
        ];
        for stripes in stripes.chunks(PIECE / 32) {
            call.tick(stripes.len() * 8)?;
            for stripe in stripes {
                let (words, _) = stripe.as_chunks::<8>();
                for (lane, word) in lanes.iter_mut().zip(words) {
                    *lane = round(*lane, u64::from_le_bytes(*word));
                }
            }
        }
        let [a, b, c, d] = lanes;
        let mut hash = a.rotate_left(1);
        for (lane, turn) in [(b, 7), (c, 12), (d, 18)] {
            hash = hash.wrapping_add(lane.rotate_left(turn));
        }
        for lane in lanes {
            hash = (hash ^ round(0, lane)).wrapping_mul(PRIMES[0]).wrapping_add(PRIMES[3]);
        }
        hash
    };
    hash = hash.wrapping_add(bytes.len() as u64);
    let (words, rest) = rest.as_chunks::<8>();
    for word in words {
        hash ^= round(0, u64::from_le_bytes(*word));
        hash = hash.rotate_left(27).wrapping_mul(PRIMES[0]).wrapping_add(PRIMES[3]);
    }
    let (words, rest) = rest.as_chunks::<4>();
    for word in words {
        hash ^= u64::from(u32::from_le_bytes(*word)).wrapping_mul(PRIMES[0]);
        hash = hash.rotate_left(23).wrapping_mul(PRIMES[1]).wrapping_add(PRIMES[2]);
    }
    for byte in rest {
        hash ^= u64::from(*byte).wrapping_mul(PRIMES[4]);
        hash = hash.rotate_left(11).wrapping_mul(PRIMES[0]);
    }
    hash = (hash ^ hash >> 33).wrapping_mul(PRIMES[1]);
    hash = (hash ^ hash >> 29).wrapping_mul(PRIMES[2]);
    Ok(hash ^ hash >> 32)
}

fn hash_64(call: &mut Call) -> Result<Values, Failure> {
    let seed = call.options.integer("seed")?.unwrap_or(0) as u64;
    let mut hashes = vec![seed; call.rows];
    for input in call.inputs {
        let nulls = input.array.logical_nulls();
        let array = plain(&input.array)?;
        for (row, hash) in hashes.iter_mut().enumerate() {
            let row = input.at(row);
            call.tick(8)?;
            if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
                // No bytes hash like this in practice: a null is none of the values.
                *hash = hash.rotate_left(32) ^ PRIMES[2];
                continue;
            }
            *hash = match array.data_type() {
                DataType::Utf8 => xxh64(array.as_string::<i32>().value(row).as_bytes(), *hash, call)?,
                DataType::Binary => xxh64(array.as_binary::<i32>().value(row), *hash, call)?,
                DataType::Boolean => xxh64(&i64::from(array.as_boolean().value(row)).to_le_bytes(), *hash, call)?,
                DataType::Float64 => {
                    let value = array.as_primitive::<Float64Type>().value(row);
                    xxh64(&number(value), *hash, call)?
                }
                DataType::Decimal128(..) => {
                    xxh64(&array.as_primitive::<Decimal128Type>().value(row).to_le_bytes(), *hash, call)?
                }
                DataType::Decimal256(..) => {
                    xxh64(&array.as_primitive::<Decimal256Type>().value(row).to_le_bytes(), *hash, call)?
                }
                _ => xxh64(&array.as_primitive::<Int64Type>().value(row).to_le_bytes(), *hash, call)?,
            };
        }
    }
    Ok(Values::of(Arc::new(UInt64Array::from(hashes))))
}

/// A float's bytes, or the integer's if it is one.
fn number(value: f64) -> [u8; 8] {
    const LIMIT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= LIMIT {
        return (value as i64).to_le_bytes();
    }
    if value.is_nan() { f64::NAN.to_le_bytes() } else { value.to_le_bytes() }
}

/// Times and unsigned numbers as int64 of the same bits.
fn plain(array: &ArrayRef) -> Result<ArrayRef, Failure> {
    match array.data_type() {
        DataType::UInt64 | DataType::Timestamp(..) | DataType::Date64 | DataType::Time64(_) | DataType::Duration(_) => {
            relabel(array, &DataType::Int64)
        }
        DataType::Date32 | DataType::Time32(_) => {
            arrow::compute::cast(&relabel(array, &DataType::Int32)?, &DataType::Int64).map_err(internal)
        }
        _ => Ok(Arc::clone(array)),
    }
}

/// A digest of bytes, with looks at the deadline.
fn digested(mut digest: Sha256, bytes: &[u8], call: &mut Call) -> Result<[u8; 32], Failure> {
    for piece in bytes.chunks(PIECE) {
        call.charge(piece.len() as u64 / 4)?;
        digest.update(piece);
    }
    Ok(digest.finalize().into())
}

/// The inner and the outer beginning of an HMAC, as RFC 2104 has them.
fn keyed(key: &[u8]) -> (Sha256, Sha256) {
    let mut block = [0_u8; 64];
    let short: [u8; 32];
    let key = if key.len() > block.len() {
        short = Sha256::digest(key).into();
        short.as_slice()
    } else {
        key
    };
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    let begun = |pad: u8| Sha256::new_with_prefix(block.map(|byte| byte ^ pad));
    (begun(0x36), begun(0x5C))
}

fn sha256(call: &mut Call) -> Result<Values, Failure> {
    let Some(input) = call.inputs.first() else { return Err(mismatch("an argument is expected")) };
    let binary = input.array.as_binary::<i32>();
    let keys = call.options.text("key")?.map(|key| keyed(key.as_bytes()));
    let mut out = FixedSizeBinaryBuilder::with_capacity(call.rows, 32);
    call.meter.allocate(call.rows as u64 * 32)?;
    for row in 0..call.rows {
        if binary.is_null(row) {
            out.append_null();
            continue;
        }
        // A block of 64 bytes takes about a third of a microsecond, and the last one is always there.
        call.charge(128)?;
        let digest = match &keys {
            None => digested(Sha256::new(), binary.value(row), call)?,
            Some((inner, outer)) => {
                let inner = digested(inner.clone(), binary.value(row), call)?;
                digested(outer.clone(), &inner, call)?
            }
        };
        out.append_value(digest).map_err(internal)?;
    }
    Ok(Values::of(Arc::new(out.finish())))
}
