//! Codecs: whether they give back what they were given, and what they make of odd and damaged bytes.

use jackfield_host::{ByteSource, CallError, Decoder, Encoder, Piece};

use super::inputs::{bytes, damaged};
use super::{Trials, Verdict, verdict, written};

/// Pieces that are asked for at most.
const MOST_PIECES: u32 = 100_000;

pub(super) async fn run(trials: &mut Trials<'_>, codec: &str) {
    let mut whole = None;
    for (name, bytes) in bytes() {
        let input = format!("encoding and decoding {name}");
        let encoded = match encode(trials, codec, &bytes).await {
            Ok(encoded) => encoded,
            Err(error) => {
                trials.note(input, verdict(error));
                continue;
            }
        };
        match decode(trials, codec, encoded.clone()).await {
            Ok(decoded) if decoded == bytes => trials.note(input, Verdict::Took),
            Ok(_) => trials.defect(input, "not-reversible", "what it decoded is not what it had encoded"),
            Err(error) => trials.note(input, verdict(error)),
        }
        if name == "noise" {
            whole = Some(encoded);
        }
    }
    for (name, bytes) in bytes() {
        let decoded = decode(trials, codec, bytes).await;
        trials.note(format!("decoding {name}"), decoded.err().map_or(Verdict::Took, verdict));
    }
    for (name, bytes) in whole.iter().flat_map(|whole| damaged(whole)) {
        let decoded = decode(trials, codec, bytes).await;
        trials.note(format!("decoding {name}"), decoded.err().map_or(Verdict::Took, verdict));
    }
}

async fn encode(trials: &Trials<'_>, codec: &str, bytes: &[u8]) -> Result<Vec<u8>, CallError> {
    written(async |sink| {
        let mut encoder = Encoder::open(&trials.plugin.component, trials.store.clone(), codec, "{}", sink).await?;
        for piece in bytes.chunks(256 << 10) {
            encoder.write(piece.to_vec()).await?;
        }
        encoder.flush().await?;
        encoder.finish().await
    })
    .await
}

async fn decode(trials: &Trials<'_>, codec: &str, bytes: Vec<u8>) -> Result<Vec<u8>, CallError> {
    let source = ByteSource::from_bytes(Some("hostile".to_owned()), bytes);
    let mut decoder = Decoder::open(&trials.plugin.component, trials.store.clone(), codec, "{}", source).await?;
    let mut decoded = Vec::new();
    for _ in 0..MOST_PIECES {
        match decoder.read(256 << 10).await? {
            Piece::Data(data) => decoded.extend(data),
            Piece::Pause => {}
            Piece::End => break,
        }
    }
    Ok(decoded)
}
