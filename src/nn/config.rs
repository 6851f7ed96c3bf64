//! What a model is made of: sizes, windows, angles. Read from `config.json` in its older and newer
//! form, or from the metadata of a GGUF file.

mod gguf;
mod json;

pub use gguf::{text_of_gguf, vision_of_gguf};

use crate::nn::{Error, Result};

/// Soft tokens' place in the vocabulary, and what stands around them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ImageTokens {
    /// Before an image (`<start_of_image>`).
    pub begin: u32,
    /// After an image (`<end_of_image>`).
    pub end: u32,
    /// Stands for one soft token (`<image_soft_token>`).
    pub soft: u32,
    /// Soft tokens of an image.
    pub per_image: usize,
}

/// What bends the gate of the feed-forward layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// Gaussian error linear unit by its approximation with tanh: what Gemma 3 was trained with.
    GeluTanh,
    /// The same by the error function.
    Gelu,
    /// Sigmoid linear unit.
    Silu,
}

/// Which keys a layer attends to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All before.
    Global,
    /// Those of the last so many positions, the own one included.
    Window(usize),
}

/// Angles of rotary positions: position · base^(−2i/d) / factor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rotation {
    /// Base of the frequencies (θ).
    pub base: f64,
    /// By how much positions are stretched.
    pub factor: f64,
}

/// The part that reads and writes text.
#[derive(Clone, Debug, PartialEq)]
pub struct TextConfig {
    /// Width of the residual stream.
    pub hidden: usize,
    /// Width inside the feed-forward layers.
    pub intermediate: usize,
    /// Heads of queries.
    pub heads: usize,
    /// Heads of keys and values.
    pub kv_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Rows of the table of embeddings.
    pub vocabulary: usize,
    /// What each layer attends to.
    pub layers: Vec<Reach>,
    /// Queries are divided by the root of this; not always the width of a head (168, not 128, at 27B).
    pub query_scalar: f64,
    /// ε of the norms.
    pub epsilon: f64,
    /// Angles of the layers that attend to all.
    pub global: Rotation,
    /// Angles of the layers with a window.
    pub local: Rotation,
    /// What bends the gate.
    pub activation: Activation,
    /// Longest context that the model was made for.
    pub positions: usize,
}

/// The part that looks at images (SigLIP, without its head).
#[derive(Clone, Debug, PartialEq)]
pub struct VisionConfig {
    /// Width.
    pub hidden: usize,
    /// Width inside the feed-forward layers.
    pub intermediate: usize,
    /// Layers.
    pub layers: usize,
    /// Heads of attention.
    pub heads: usize,
    /// Sides of the image, pixels.
    pub image: usize,
    /// Sides of a patch, pixels.
    pub patch: usize,
    /// ε of the norms.
    pub epsilon: f64,
}

impl VisionConfig {
    /// Patches along a side.
    #[must_use]
    pub const fn patches(&self) -> usize {
        self.image / self.patch
    }
}

/// A whole model.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Text.
    pub text: TextConfig,
    /// Images, if the model can look at any.
    pub vision: Option<(VisionConfig, ImageTokens)>,
}

impl TextConfig {
    /// Refuses what cannot be computed.
    pub(super) fn checked(self) -> Result<Self> {
        let positive = [
            ("hidden_size", self.hidden),
            ("intermediate_size", self.intermediate),
            ("num_attention_heads", self.heads),
            ("num_key_value_heads", self.kv_heads),
            ("head_dim", self.head_dim),
            ("vocab_size", self.vocabulary),
            ("num_hidden_layers", self.layers.len()),
            ("max_position_embeddings", self.positions),
        ];
        for (key, value) in positive {
            if value == 0 {
                return Err(Error::config(key, "is nought"));
            }
        }
        if !self.heads.is_multiple_of(self.kv_heads) {
            let reason = format!("{} does not divide {} heads", self.kv_heads, self.heads);
            return Err(Error::config("num_key_value_heads", reason));
        }
        if !self.head_dim.is_multiple_of(2) {
            return Err(Error::config(
                "head_dim",
                "is odd; rotary positions need pairs",
            ));
        }
        if self.layers.contains(&Reach::Window(0)) {
            return Err(Error::config("sliding_window", "is nought"));
        }
        let scale = [
            self.query_scalar,
            self.epsilon,
            self.global.base,
            self.local.base,
        ];
        let stretch = [self.global.factor, self.local.factor];
        if scale
            .iter()
            .chain(&stretch)
            .any(|v| !(v.is_finite() && *v > 0.0))
        {
            return Err(Error::config("rope or norm", "is not a positive number"));
        }
        Ok(self)
    }
}

impl VisionConfig {
    /// Refuses what cannot be computed.
    pub(super) fn checked(self, per_image: usize) -> Result<Self> {
        let positive = [
            ("vision hidden_size", self.hidden),
            ("vision intermediate_size", self.intermediate),
            ("vision num_hidden_layers", self.layers),
            ("vision num_attention_heads", self.heads),
            ("patch_size", self.patch),
        ];
        for (key, value) in positive {
            if value == 0 {
                return Err(Error::config(key, "is nought"));
            }
        }
        if !self.image.is_multiple_of(self.patch) || self.image == 0 {
            return Err(Error::config(
                "image_size",
                "is not a multiple of the patch",
            ));
        }
        if !self.hidden.is_multiple_of(self.heads) {
            return Err(Error::config(
                "vision num_attention_heads",
                "does not divide the width",
            ));
        }
        let side = per_image.isqrt();
        if side == 0 || side * side != per_image || !self.patches().is_multiple_of(side) {
            let reason = format!("{per_image} do not tile {} patches a side", self.patches());
            return Err(Error::config("mm_tokens_per_image", reason));
        }
        Ok(self)
    }
}
