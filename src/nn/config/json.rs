//! `config.json`, as the models are published: what the older form leaves out has the defaults of
//! Gemma 3's first release, the newer form (transformers 5) names layers and rotations one by one.

use serde::Deserialize;

use super::{Activation, Config, ImageTokens, Reach, Rotation, TextConfig, VisionConfig};
use crate::nn::{Error, Result};

#[derive(Deserialize)]
struct Whole {
    #[serde(default)]
    model_type: String,
    text_config: Option<Text>,
    vision_config: Option<Vision>,
    #[serde(default = "boi")]
    boi_token_index: u32,
    #[serde(default = "eoi")]
    eoi_token_index: u32,
    #[serde(default = "soft")]
    image_token_index: u32,
    #[serde(default = "per_image")]
    mm_tokens_per_image: usize,
}

const fn boi() -> u32 {
    255_999
}

const fn eoi() -> u32 {
    256_000
}

const fn soft() -> u32 {
    262_144
}

const fn per_image() -> usize {
    256
}

/// Defaults are those of the published configuration class, which published files rely on.
#[derive(Deserialize)]
#[serde(default)]
struct Text {
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: usize,
    head_dim: usize,
    vocab_size: usize,
    rms_norm_eps: f64,
    query_pre_attn_scalar: f64,
    sliding_window: usize,
    #[serde(alias = "_sliding_window_pattern")]
    sliding_window_pattern: usize,
    layer_types: Option<Vec<String>>,
    rope_theta: f64,
    rope_local_base_freq: f64,
    rope_scaling: Option<Rope>,
    rope_parameters: Option<Ropes>,
    hidden_activation: String,
    max_position_embeddings: usize,
    attention_bias: bool,
    attn_logit_softcapping: Option<f64>,
    final_logit_softcapping: Option<f64>,
    use_bidirectional_attention: bool,
}

impl Default for Text {
    fn default() -> Self {
        Self {
            hidden_size: 2304,
            intermediate_size: 9216,
            num_hidden_layers: 26,
            num_attention_heads: 8,
            num_key_value_heads: 4,
            head_dim: 256,
            vocab_size: 262_208,
            rms_norm_eps: 1e-6,
            query_pre_attn_scalar: 256.0,
            sliding_window: 4096,
            sliding_window_pattern: 6,
            layer_types: None,
            rope_theta: 1e6,
            rope_local_base_freq: 1e4,
            rope_scaling: None,
            rope_parameters: None,
            hidden_activation: "gelu_pytorch_tanh".to_owned(),
            max_position_embeddings: 131_072,
            attention_bias: false,
            attn_logit_softcapping: None,
            final_logit_softcapping: None,
            use_bidirectional_attention: false,
        }
    }
}

#[derive(Deserialize)]
struct Rope {
    #[serde(alias = "type", default)]
    rope_type: String,
    #[serde(default = "one")]
    factor: f64,
    rope_theta: Option<f64>,
}

const fn one() -> f64 {
    1.0
}

#[derive(Deserialize)]
struct Ropes {
    full_attention: Rope,
    sliding_attention: Rope,
}

#[derive(Deserialize)]
#[serde(default)]
struct Vision {
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    image_size: usize,
    patch_size: usize,
    layer_norm_eps: f64,
    hidden_act: String,
}

impl Default for Vision {
    fn default() -> Self {
        Self {
            hidden_size: 1152,
            intermediate_size: 4304,
            num_hidden_layers: 27,
            num_attention_heads: 16,
            image_size: 896,
            patch_size: 14,
            layer_norm_eps: 1e-6,
            hidden_act: "gelu_pytorch_tanh".to_owned(),
        }
    }
}

impl Rope {
    fn rotation(&self, base: f64) -> Result<Rotation> {
        let factor = match self.rope_type.as_str() {
            "default" | "" => 1.0,
            "linear" => self.factor,
            other => {
                return Err(Error::config(
                    "rope_scaling",
                    format!("of the kind “{other}” is unknown"),
                ));
            }
        };
        let base = self.rope_theta.unwrap_or(base);
        Ok(Rotation { base, factor })
    }
}

impl Text {
    fn config(self) -> Result<TextConfig> {
        if self.attention_bias {
            return Err(Error::config("attention_bias", "is not part of Gemma 3"));
        }
        if self.attn_logit_softcapping.is_some() || self.final_logit_softcapping.is_some() {
            return Err(Error::config("softcapping", "is not part of Gemma 3"));
        }
        if self.use_bidirectional_attention {
            let reason = "is of a model for embeddings, which writes no text";
            return Err(Error::config("use_bidirectional_attention", reason));
        }
        let activation = match self.hidden_activation.as_str() {
            "gelu_pytorch_tanh" | "gelu_tanh" => Activation::GeluTanh,
            "gelu" => Activation::Gelu,
            "silu" => Activation::Silu,
            other => {
                let reason = format!("“{other}” is unknown");
                return Err(Error::config("hidden_activation", reason));
            }
        };
        let window = Reach::Window(self.sliding_window);
        let layers = match &self.layer_types {
            Some(types) => {
                if types.len() != self.num_hidden_layers {
                    let reason =
                        format!("names {} layers of {}", types.len(), self.num_hidden_layers);
                    return Err(Error::config("layer_types", reason));
                }
                let reach = |kind: &String| match kind.as_str() {
                    "full_attention" => Ok(Reach::Global),
                    "sliding_attention" => Ok(window),
                    other => Err(Error::config(
                        "layer_types",
                        format!("“{other}” is unknown"),
                    )),
                };
                types.iter().map(reach).collect::<Result<_>>()?
            }
            None => by_pattern(self.num_hidden_layers, self.sliding_window_pattern, window)?,
        };
        let (global, local) = match &self.rope_parameters {
            Some(ropes) => (
                ropes.full_attention.rotation(self.rope_theta)?,
                ropes
                    .sliding_attention
                    .rotation(self.rope_local_base_freq)?,
            ),
            None => {
                let plain = |base| Rotation { base, factor: 1.0 };
                let global = match &self.rope_scaling {
                    Some(rope) => rope.rotation(self.rope_theta)?,
                    None => plain(self.rope_theta),
                };
                (global, plain(self.rope_local_base_freq))
            }
        };
        TextConfig {
            hidden: self.hidden_size,
            intermediate: self.intermediate_size,
            heads: self.num_attention_heads,
            kv_heads: self.num_key_value_heads,
            head_dim: self.head_dim,
            vocabulary: self.vocab_size,
            layers,
            query_scalar: self.query_pre_attn_scalar,
            epsilon: self.rms_norm_eps,
            global,
            local,
            activation,
            positions: self.max_position_embeddings,
        }
        .checked()
    }
}

/// Every so-manieth layer attends to all.
pub(super) fn by_pattern(layers: usize, every: usize, window: Reach) -> Result<Vec<Reach>> {
    if every == 0 {
        return Err(Error::config("sliding_window_pattern", "is nought"));
    }
    let reach = |layer: usize| {
        if (layer + 1).is_multiple_of(every) {
            Reach::Global
        } else {
            window
        }
    };
    Ok((0..layers).map(reach).collect())
}

impl Config {
    /// Of the text of `config.json`.
    ///
    /// # Errors
    /// [`Error::Config`] where a setting is missing, contradicts another or is not part of Gemma 3.
    pub fn from_json(text: &str) -> Result<Self> {
        let unreadable = |e: serde_json::Error| Error::config("config.json", e.to_string());
        let whole: Whole = serde_json::from_str(text).map_err(unreadable)?;
        match whole.model_type.as_str() {
            "gemma3" => {
                let text = whole
                    .text_config
                    .ok_or_else(|| Error::config("text_config", "is missing"))?;
                let tokens = ImageTokens {
                    begin: whole.boi_token_index,
                    end: whole.eoi_token_index,
                    soft: whole.image_token_index,
                    per_image: whole.mm_tokens_per_image,
                };
                let vision = whole.vision_config.map(|v| v.config(tokens)).transpose()?;
                Ok(Self {
                    text: text.config()?,
                    vision,
                })
            }
            "gemma3_text" => {
                let text: Text = serde_json::from_str(text).map_err(unreadable)?;
                Ok(Self {
                    text: text.config()?,
                    vision: None,
                })
            }
            other => Err(Error::config(
                "model_type",
                format!("“{other}” is not Gemma 3"),
            )),
        }
    }
}

impl Vision {
    fn config(self, tokens: ImageTokens) -> Result<(VisionConfig, ImageTokens)> {
        if self.hidden_act != "gelu_pytorch_tanh" {
            let reason = format!("“{}” is not SigLIP's", self.hidden_act);
            return Err(Error::config("vision hidden_act", reason));
        }
        let config = VisionConfig {
            hidden: self.hidden_size,
            intermediate: self.intermediate_size,
            layers: self.num_hidden_layers,
            heads: self.num_attention_heads,
            image: self.image_size,
            patch: self.patch_size,
            epsilon: self.layer_norm_eps,
        };
        Ok((config.checked(tokens.per_image)?, tokens))
    }
}
