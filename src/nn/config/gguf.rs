//! The same from the metadata of GGUF files.

use candle_core::quantized::gguf_file::{Content, Value};

use super::json::by_pattern;
use super::{Activation, Reach, Rotation, TextConfig, VisionConfig};
use crate::nn::{Error, Result};

/// Windows end the local layers of five in six; so have all Gemma 3.
const PATTERN: usize = 6;
/// Blocks of the 27B, the one model whose queries are not scaled by the width of a head.
const BLOCKS_27B: usize = 62;
/// Blocks of the models (4B, 12B, 27B) whose global layers stretch positions eight times. The first
/// converters did not write the factor down.
const STRETCHED: [usize; 3] = [34, 48, BLOCKS_27B];

struct Settings<'a> {
    content: &'a Content,
    prefix: &'a str,
}

impl Settings<'_> {
    fn value(&self, key: &str) -> Option<&Value> {
        self.content.metadata.get(&format!("{}.{key}", self.prefix))
    }

    fn wrong(&self, key: &str, reason: &str) -> Error {
        Error::config(&format!("{}.{key}", self.prefix), reason)
    }

    fn whole(&self, key: &str) -> Result<usize> {
        let value = self
            .value(key)
            .ok_or_else(|| self.wrong(key, "is missing"))?;
        let number = value
            .to_u64()
            .ok()
            .or_else(|| value.to_i32().ok()?.try_into().ok());
        number
            .and_then(|n| usize::try_from(n).ok())
            .ok_or_else(|| self.wrong(key, "is not a whole number"))
    }

    fn number_or(&self, key: &str, default: f64) -> Result<f64> {
        let Some(value) = self.value(key) else {
            return Ok(default);
        };
        let number = value.to_f32().map(f64::from).or_else(|_| value.to_f64());
        number.map_err(|_| self.wrong(key, "is not a number"))
    }
}

/// The text part; `vocabulary` is the number of rows of the table of embeddings.
///
/// # Errors
/// [`Error::Config`] where a setting is missing or is no number.
pub fn text_of_gguf(content: &Content, vocabulary: usize) -> Result<TextConfig> {
    let of = Settings {
        content,
        prefix: "gemma3",
    };
    let blocks = of.whole("block_count")?;
    let (hidden, heads) = (
        of.whole("embedding_length")?,
        of.whole("attention.head_count")?,
    );
    let head_dim = of.whole("attention.key_length")?;
    let window = Reach::Window(of.whole("attention.sliding_window")?);
    let every = match of.value("attention.sliding_window_pattern") {
        Some(Value::Array(_)) | None => PATTERN,
        Some(_) => of.whole("attention.sliding_window_pattern")?,
    };
    let factor = if STRETCHED.contains(&blocks) {
        8.0
    } else {
        1.0
    };
    let query_scalar = if blocks == BLOCKS_27B && heads > 0 {
        hidden as f64 / heads as f64
    } else {
        head_dim as f64
    };
    TextConfig {
        hidden,
        intermediate: of.whole("feed_forward_length")?,
        heads,
        kv_heads: of.whole("attention.head_count_kv")?,
        head_dim,
        vocabulary,
        layers: by_pattern(blocks, every, window)?,
        query_scalar,
        epsilon: of.number_or("attention.layer_norm_rms_epsilon", 1e-6)?,
        global: Rotation {
            base: of.number_or("rope.freq_base", 1e6)?,
            factor: of.number_or("rope.scaling.factor", factor)?,
        },
        local: Rotation {
            base: of.number_or("rope.freq_base_swa", 1e4)?,
            factor: 1.0,
        },
        activation: Activation::GeluTanh,
        positions: of.whole("context_length")?,
    }
    .checked()
}

/// The vision part, of the second file (mmproj) that belongs to a multimodal GGUF.
///
/// # Errors
/// [`Error::Config`] where a setting is missing or is no number.
pub fn vision_of_gguf(content: &Content, per_image: usize) -> Result<VisionConfig> {
    let of = Settings {
        content,
        prefix: "clip.vision",
    };
    VisionConfig {
        hidden: of.whole("embedding_length")?,
        intermediate: of.whole("feed_forward_length")?,
        layers: of.whole("block_count")?,
        heads: of.whole("attention.head_count")?,
        image: of.whole("image_size")?,
        patch: of.whole("patch_size")?,
        epsilon: of.number_or("attention.layer_norm_epsilon", 1e-6)?,
    }
    .checked(per_image)
}
