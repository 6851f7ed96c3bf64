//! From the vocabulary of a GGUF file to the rules of `tokenizer.json`.
//!
//! GGUF keeps pieces, scores and kinds of a SentencePiece model. The merges of byte pair encoding follow
//! from them, as they did when `tokenizer.json` was made: every way to put a piece together from two
//! others, the best score first.

use candle_core::quantized::gguf_file::{Content, Value};
use tokenizers::decoders::byte_fallback::ByteFallback;
use tokenizers::decoders::fuse::Fuse;
use tokenizers::decoders::sequence::Sequence;
use tokenizers::models::bpe::{BPE, Vocab};
use tokenizers::normalizers::Replace;
use tokenizers::pre_tokenizers::split::{Split, SplitPattern};
use tokenizers::{AddedToken, SplitDelimiterBehavior, Tokenizer};

use super::wrong;
use crate::nn::Result;

/// Stands for a space.
const SPACE: char = '▁';
/// Kinds of pieces.
const NORMAL: i32 = 1;
const CONTROL: i32 = 3;
const USER: i32 = 4;

/// Pieces that mean something to the model and are no words, as `tokenizer.json` marks them. Kinds do not
/// tell: places for later use are control pieces, and the marks of images are a user's.
const SPECIAL: [&str; 9] = [
    "<pad>",
    "<eos>",
    "<bos>",
    "<unk>",
    "<start_of_turn>",
    "<end_of_turn>",
    "<start_of_image>",
    "<end_of_image>",
    "<image_soft_token>",
];

fn list<'a>(content: &'a Content, key: &str) -> Result<&'a [Value]> {
    let key = format!("tokenizer.ggml.{key}");
    let value = content
        .metadata
        .get(&key)
        .ok_or_else(|| wrong(format!("{key} is missing")))?;
    value
        .to_vec()
        .map(Vec::as_slice)
        .map_err(|_| wrong(format!("{key} is no list")))
}

pub(super) fn tokenizer(content: &Content) -> Result<Tokenizer> {
    let model = content
        .metadata
        .get("tokenizer.ggml.model")
        .and_then(|m| m.to_string().ok());
    if model.is_none_or(|m| m != "llama") {
        return Err(wrong(
            "the file's vocabulary is not of the kind that Gemma 3 has",
        ));
    }
    let (texts, scores, kinds) = (
        list(content, "tokens")?,
        list(content, "scores")?,
        list(content, "token_type")?,
    );
    if texts.len() != scores.len() || texts.len() != kinds.len() {
        return Err(wrong("pieces, scores and kinds differ in number"));
    }
    let mut pieces = Vec::with_capacity(texts.len());
    for ((text, score), kind) in texts.iter().zip(scores).zip(kinds) {
        let piece = (text.to_string(), score.to_f32(), kind.to_i32());
        let (Ok(text), Ok(score), Ok(kind)) = piece else {
            return Err(wrong("the vocabulary holds what is no piece"));
        };
        // The converter wrote spaces into pieces that a user defined, and gave them a score that no
        // merge may have: they come before all others.
        pieces.push(if kind == USER {
            (text.replace(' ', &SPACE.to_string()), 0.0, kind)
        } else {
            (text.clone(), score, kind)
        });
    }
    let vocabulary: Vocab = pieces
        .iter()
        .enumerate()
        .map(|(n, (text, ..))| (text.clone(), n as u32))
        .collect();
    let merges = merges(&pieces, &vocabulary);
    let bpe = BPE::builder()
        .vocab_and_merges(vocabulary, merges)
        .unk_token("<unk>".to_owned())
        .fuse_unk(true)
        .byte_fallback(true)
        .build()
        .map_err(wrong)?;
    let mut tokenizer = Tokenizer::new(bpe);
    let space = SPACE.to_string();
    tokenizer
        .with_normalizer(Some(Replace::new(" ", space.clone()).map_err(wrong)?))
        .map_err(wrong)?;
    let split = SplitPattern::String(" ".to_owned());
    let split = Split::new(split, SplitDelimiterBehavior::MergedWithPrevious, false);
    tokenizer.with_pre_tokenizer(Some(split.map_err(wrong)?));
    tokenizer.with_decoder(Some(Sequence::new(vec![
        Replace::new(space, " ").map_err(wrong)?.into(),
        ByteFallback::new().into(),
        Fuse::new().into(),
    ])));
    let added = |(text, _, kind): &(String, f32, i32)| {
        matches!(*kind, CONTROL | USER).then(|| {
            AddedToken::from(text.clone(), SPECIAL.contains(&text.as_str())).normalized(false)
        })
    };
    let added: Vec<AddedToken> = pieces.iter().filter_map(added).collect();
    tokenizer.add_tokens(added).map_err(wrong)?;
    Ok(tokenizer)
}

/// All pairs of pieces that make a piece, best first.
fn merges(pieces: &[(String, f32, i32)], vocabulary: &Vocab) -> Vec<(String, String)> {
    let mut merges = Vec::new();
    for (text, score, kind) in pieces {
        if !matches!(*kind, NORMAL | USER) {
            continue;
        }
        let mut ways: Vec<(u32, u32, usize)> = text
            .char_indices()
            .skip(1)
            .filter_map(|(at, _)| {
                let (left, right) = text.split_at(at);
                Some((*vocabulary.get(left)?, *vocabulary.get(right)?, at))
            })
            .collect();
        ways.sort_unstable();
        merges.extend(ways.into_iter().map(|(_, _, at)| {
            let (left, right) = text.split_at(at);
            (
                *score,
                left.chars().count(),
                right.chars().count(),
                left,
                right,
            )
        }));
    }
    // Stable: among equals the order of pieces holds.
    merges.sort_by(|a, b| b.0.total_cmp(&a.0).then((b.1, b.2).cmp(&(a.1, a.2))));
    let owned =
        |(.., left, right): (f32, usize, usize, &str, &str)| (left.to_owned(), right.to_owned());
    merges.into_iter().map(owned).collect()
}
