//! Words to tokens and back: `tokenizer.json`, or the vocabulary inside a GGUF file.

mod gguf;

use std::path::Path;

use candle_core::quantized::gguf_file::Content;
use tokenizers::Tokenizer as Inner;

use crate::nn::{Error, Result};

/// Tokens that mean something to the model and are no words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Specials {
    /// Begins every context.
    pub bos: u32,
    /// End of a text, and of a turn: after either nothing more is to be said.
    pub ends: Vec<u32>,
}

/// A vocabulary and its rules.
pub struct Tokenizer {
    /// Takes special tokens for words; where they stand, [`Self::encode`] cuts.
    inner: Inner,
    /// By text, longest first.
    controls: Vec<(String, u32)>,
    specials: Specials,
}

fn wrong(reason: impl std::fmt::Display) -> Error {
    Error::Tokenizer {
        reason: reason.to_string(),
    }
}

impl Tokenizer {
    /// Of a file `tokenizer.json`.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::Tokenizer`].
    pub fn open(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).map_err(|source| Error::File {
            path: path.to_owned(),
            source,
        })?;
        let inner =
            Inner::from_bytes(&bytes).map_err(|e| wrong(format!("{}: {e}", path.display())))?;
        Self::of(inner)
    }

    /// Of the vocabulary inside a GGUF file.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] where it is missing or of another kind.
    pub fn of_gguf(content: &Content) -> Result<Self> {
        Self::of(gguf::tokenizer(content)?)
    }

    fn of(mut inner: Inner) -> Result<Self> {
        inner.set_encode_special_tokens(true);
        let id = |text: &str| {
            inner
                .token_to_id(text)
                .ok_or_else(|| wrong(format!("has no token {text}; it is not Gemma's")))
        };
        let specials = Specials {
            bos: id("<bos>")?,
            ends: vec![id("<eos>")?, id("<end_of_turn>")?],
        };
        let added = inner.get_added_tokens_decoder();
        let mut controls: Vec<(String, u32)> = added
            .into_iter()
            .filter(|(_, token)| token.special)
            .map(|(id, token)| (token.content, id))
            .collect();
        controls.sort_unstable_by(|(a, _), (b, _)| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        Ok(Self {
            inner,
            controls,
            specials,
        })
    }

    /// Tokens that mean something to the model.
    #[must_use]
    pub const fn specials(&self) -> &Specials {
        &self.specials
    }

    /// One more than the largest token.
    #[must_use]
    pub fn size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// The token of exactly this text.
    #[must_use]
    pub fn token(&self, text: &str) -> Option<u32> {
        self.inner.token_to_id(text)
    }

    /// Tokens of words. What looks like a special token is words too, so that nothing that a text says
    /// can end a turn or begin an image.
    ///
    /// # Errors
    /// [`Error::Tokenizer`].
    pub fn encode_words(&self, text: &str) -> Result<Vec<u32>> {
        let encoding = self.inner.encode_fast(text, false).map_err(wrong)?;
        Ok(encoding.get_ids().to_vec())
    }

    /// Tokens of a text in which special tokens are meant, as in a rendered template.
    ///
    /// # Errors
    /// [`Error::Tokenizer`].
    pub fn encode(&self, text: &str) -> Result<Vec<u32>> {
        let mut tokens = Vec::new();
        let mut rest = text;
        while let Some((at, (name, id))) = self.first_control(rest) {
            if at > 0 {
                tokens.extend(self.encode_words(&rest[..at])?);
            }
            tokens.push(id);
            rest = &rest[at + name..];
        }
        if !rest.is_empty() {
            tokens.extend(self.encode_words(rest)?);
        }
        Ok(tokens)
    }

    /// Where the first special token begins, its length in bytes and its number.
    fn first_control(&self, text: &str) -> Option<(usize, (usize, u32))> {
        // All of them begin with this.
        text.match_indices('<').find_map(|(at, _)| {
            let (name, id) = self
                .controls
                .iter()
                .find(|(name, _)| text[at..].starts_with(name))?;
            Some((at, (name.len(), *id)))
        })
    }

    /// Words of tokens, without the special ones.
    ///
    /// # Errors
    /// [`Error::Tokenizer`].
    pub fn decode(&self, tokens: &[u32]) -> Result<String> {
        self.inner.decode(tokens, true).map_err(wrong)
    }

    /// Gives words as tokens come: `step(token)` returns what has become whole characters.
    pub fn stream(&self) -> impl FnMut(u32) -> Result<Option<String>> + '_ {
        let mut stream = self.inner.decode_stream(true);
        move |token| stream.step(token).map_err(wrong)
    }

    /// Refuses a tokenizer that does not belong to a model with so many rows: it may know fewer tokens, as
    /// tables are padded, and one more, as text models leave out the token of images.
    ///
    /// # Errors
    /// [`Error::Tokenizer`].
    pub fn check(&self, rows: usize) -> Result<()> {
        let size = self.size();
        if size > rows + 1 || rows > size + size / 100 + 128 {
            return Err(wrong(format!(
                "knows {size} tokens, the model {rows}; they do not belong together"
            )));
        }
        Ok(())
    }
}
