//! One name for a tensor, whatever layout its file has.
//!
//! Inside the program tensors have the names of the original release without the prefix of their part.
//! Prefixes changed with transformers 5 and differ for models that only read text; llama.cpp has names
//! of its own.

/// What a tensor belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Text.
    Text,
    /// The table that turns the last state into logits, where it is not the table of embeddings.
    Head,
    /// Images.
    Vision,
    /// From images to soft tokens.
    Projector,
}

impl Part {
    /// Prefixes of published layouts.
    pub(super) const fn prefixes(self) -> &'static [&'static str] {
        match self {
            Self::Text => &[
                "language_model.model.",
                "model.language_model.",
                "model.",
                "",
            ],
            Self::Head => &["language_model.", ""],
            Self::Vision => &[
                "vision_tower.vision_model.",
                "model.vision_tower.vision_model.",
                "model.vision_tower.",
                "vision_tower.",
            ],
            Self::Projector => &["multi_modal_projector.", "model.multi_modal_projector."],
        }
    }

    /// A tensor that every such part has.
    pub(super) const fn landmark(self) -> &'static str {
        match self {
            Self::Text => "embed_tokens.weight",
            Self::Head => "lm_head.weight",
            Self::Vision => "embeddings.patch_embedding.weight",
            Self::Projector => "mm_soft_emb_norm.weight",
        }
    }
}

/// Pieces of names: here, in llama.cpp.
const TEXT: [(&str, &str); 15] = [
    ("embed_tokens", "token_embd"),
    ("self_attn.q_proj", "attn_q"),
    ("self_attn.k_proj", "attn_k"),
    ("self_attn.v_proj", "attn_v"),
    ("self_attn.o_proj", "attn_output"),
    ("self_attn.q_norm", "attn_q_norm"),
    ("self_attn.k_norm", "attn_k_norm"),
    ("mlp.gate_proj", "ffn_gate"),
    ("mlp.up_proj", "ffn_up"),
    ("mlp.down_proj", "ffn_down"),
    ("input_layernorm", "attn_norm"),
    ("post_attention_layernorm", "post_attention_norm"),
    ("pre_feedforward_layernorm", "ffn_norm"),
    ("post_feedforward_layernorm", "post_ffw_norm"),
    ("norm", "output_norm"),
];
const VISION: [(&str, &str); 11] = [
    ("embeddings.patch_embedding", "v.patch_embd"),
    ("embeddings.position_embedding", "v.position_embd"),
    ("self_attn.q_proj", "attn_q"),
    ("self_attn.k_proj", "attn_k"),
    ("self_attn.v_proj", "attn_v"),
    ("self_attn.out_proj", "attn_out"),
    ("layer_norm1", "ln1"),
    ("layer_norm2", "ln2"),
    ("mlp.fc1", "ffn_up"),
    ("mlp.fc2", "ffn_down"),
    ("post_layernorm", "v.post_ln"),
];

/// The name in files of llama.cpp.
pub(super) fn in_gguf(part: Part, name: &str) -> String {
    let (table, layers, blocks): (&[(&str, &str)], &str, &str) = match part {
        Part::Text => (&TEXT, "layers.", "blk."),
        Part::Head => return name.replace("lm_head", "output"),
        Part::Vision => (&VISION, "encoder.layers.", "v.blk."),
        Part::Projector => {
            return match name {
                "mm_input_projection_weight" => "mm.input_projection.weight".to_owned(),
                other => other.replace("mm_soft_emb_norm", "mm.soft_emb_norm"),
            };
        }
    };
    let (before, layer) = match name
        .strip_prefix(layers)
        .and_then(|rest| rest.split_once('.'))
    {
        Some((number, layer)) => (format!("{blocks}{number}."), layer),
        None => (String::new(), name),
    };
    let (stem, kind) = layer.rsplit_once('.').unwrap_or((layer, ""));
    let theirs = table
        .iter()
        .find(|(ours, _)| *ours == stem)
        .map_or(stem, |(_, theirs)| *theirs);
    format!("{before}{theirs}.{kind}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_llama_cpp() {
        for (part, ours, theirs) in [
            (Part::Text, "embed_tokens.weight", "token_embd.weight"),
            (Part::Text, "norm.weight", "output_norm.weight"),
            (
                Part::Text,
                "layers.3.self_attn.o_proj.weight",
                "blk.3.attn_output.weight",
            ),
            (
                Part::Text,
                "layers.12.post_feedforward_layernorm.weight",
                "blk.12.post_ffw_norm.weight",
            ),
            (Part::Head, "lm_head.weight", "output.weight"),
            (
                Part::Vision,
                "encoder.layers.26.mlp.fc1.bias",
                "v.blk.26.ffn_up.bias",
            ),
            (Part::Vision, "post_layernorm.weight", "v.post_ln.weight"),
            (
                Part::Projector,
                "mm_input_projection_weight",
                "mm.input_projection.weight",
            ),
            (
                Part::Projector,
                "mm_soft_emb_norm.weight",
                "mm.soft_emb_norm.weight",
            ),
        ] {
            assert_eq!(in_gguf(part, ours), theirs);
        }
    }
}
