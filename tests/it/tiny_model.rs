//! A language model that anybody can make in a moment: two layers of random weights, and a vocabulary of
//! bytes; on demand with a tower of one layer that sees pictures of 28 × 28. What it writes means nothing; how it is
//! asked and answered is the same.

use std::path::Path;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use safetensors::tensor::{Dtype, TensorView, serialize_to_file};
use serde_json::{Map, Value, json};

const HIDDEN: usize = 32;
const INNER: usize = 48;
const HEADS: usize = 2;
const HEAD: usize = 16;
const LAYERS: usize = 2;
const SPECIALS: [&str; 9] = [
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
const VOCABULARY: usize = SPECIALS.len() + 256;
const VISION: usize = 16;
const PATCH: usize = 14;
/// Patches on a side.
const SIDE: usize = 2;

/// Writes the model into a folder, which is made.
pub(crate) fn write(folder: &Path) {
    write_files(folder, false);
}

/// One that sees.
pub(crate) fn write_seeing(folder: &Path) {
    write_files(folder, true);
}

fn write_files(folder: &Path, sees: bool) {
    std::fs::create_dir_all(folder).unwrap();
    let write = |name: &str, value: &Value| {
        std::fs::write(folder.join(name), value.to_string()).unwrap();
    };
    let config = match sees {
        true => seeing_config(),
        false => config(),
    };
    write("config.json", &config);
    write("tokenizer.json", &tokenizer());
    weights(&folder.join("model.safetensors"), sees);
}

fn seeing_config() -> Value {
    let mark = |name: &str| SPECIALS.iter().position(|s| *s == name);
    json!({
        "model_type": "gemma3", "text_config": config(), "mm_tokens_per_image": 1,
        "boi_token_index": mark("<start_of_image>"), "eoi_token_index": mark("<end_of_image>"),
        "image_token_index": mark("<image_soft_token>"),
        "vision_config": {
            "hidden_size": VISION, "intermediate_size": 24, "num_hidden_layers": 1,
            "num_attention_heads": 2, "image_size": SIDE * PATCH, "patch_size": PATCH,
        },
    })
}

fn config() -> Value {
    json!({
        "model_type": "gemma3_text", "hidden_size": HIDDEN, "intermediate_size": INNER,
        "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "num_key_value_heads": 1,
        "head_dim": HEAD, "vocab_size": VOCABULARY, "query_pre_attn_scalar": HEAD,
        "sliding_window": 64, "layer_types": ["sliding_attention", "full_attention"],
        "max_position_embeddings": 4096,
    })
}

fn tokenizer() -> Value {
    let bytes = (0..256).map(|byte| format!("<0x{byte:02X}>"));
    let names = SPECIALS.iter().map(|s| (*s).to_owned()).chain(bytes);
    let vocab: Map<String, Value> = names.enumerate().map(|(id, n)| (n, json!(id))).collect();
    let added = SPECIALS.iter().enumerate().map(|(id, content)| {
        json!({
            "id": id, "content": content, "special": true, "single_word": false, "lstrip": false,
            "rstrip": false, "normalized": false,
        })
    });
    json!({
        "version": "1.0", "added_tokens": added.collect::<Vec<_>>(),
        "decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"}]},
        "model": {
            "type": "BPE", "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true,
            "vocab": vocab, "merges": [],
        },
    })
}

fn weights(path: &Path, sees: bool) {
    let mut chance = ChaCha8Rng::seed_from_u64(1);
    let mut tensors: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
    let prefix = if sees { "language_model." } else { "" };
    let mut add = |name: String, shape: &[usize]| {
        // What is not a matrix is the difference of a norm's factor to one.
        let size = if shape.len() == 1 { 0.05_f32 } else { 0.3 };
        let n = shape.iter().product::<usize>();
        let values = (0..n).flat_map(|_| chance.random_range(-size..size).to_le_bytes());
        tensors.push((name, shape.to_vec(), values.collect()));
    };
    let text = |name: &str| format!("{prefix}model.{name}");
    add(text("embed_tokens.weight"), &[VOCABULARY, HIDDEN]);
    add(text("norm.weight"), &[HIDDEN]);
    for layer in 0..LAYERS {
        let shapes: [(&str, &[usize]); 13] = [
            ("self_attn.q_proj", &[HEADS * HEAD, HIDDEN]),
            ("self_attn.k_proj", &[HEAD, HIDDEN]),
            ("self_attn.v_proj", &[HEAD, HIDDEN]),
            ("self_attn.o_proj", &[HIDDEN, HEADS * HEAD]),
            ("self_attn.q_norm", &[HEAD]),
            ("self_attn.k_norm", &[HEAD]),
            ("mlp.gate_proj", &[INNER, HIDDEN]),
            ("mlp.up_proj", &[INNER, HIDDEN]),
            ("mlp.down_proj", &[HIDDEN, INNER]),
            ("input_layernorm", &[HIDDEN]),
            ("post_attention_layernorm", &[HIDDEN]),
            ("pre_feedforward_layernorm", &[HIDDEN]),
            ("post_feedforward_layernorm", &[HIDDEN]),
        ];
        for (name, shape) in shapes {
            add(text(&format!("layers.{layer}.{name}.weight")), shape);
        }
    }
    if sees {
        tower(&mut add);
    }
    let views = tensors.iter().map(|(name, shape, bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap();
        (name.as_str(), view)
    });
    serialize_to_file(views, None, path).unwrap();
}

/// The part that sees, and what leads from it to the text.
fn tower(add: &mut impl FnMut(String, &[usize])) {
    let part = |name: &str| format!("vision_tower.vision_model.{name}");
    let patches = part("embeddings.patch_embedding");
    add(format!("{patches}.weight"), &[VISION, 3, PATCH, PATCH]);
    add(format!("{patches}.bias"), &[VISION]);
    let places = part("embeddings.position_embedding.weight");
    add(places, &[SIDE * SIDE, VISION]);
    let matrices = [
        ("self_attn.q_proj", [VISION, VISION]),
        ("self_attn.k_proj", [VISION, VISION]),
        ("self_attn.v_proj", [VISION, VISION]),
        ("self_attn.out_proj", [VISION, VISION]),
        ("mlp.fc1", [24, VISION]),
        ("mlp.fc2", [VISION, 24]),
    ];
    for (name, shape) in matrices {
        let name = part(&format!("encoder.layers.0.{name}"));
        add(format!("{name}.weight"), &shape);
        add(format!("{name}.bias"), &shape[..1]);
    }
    for name in [
        "encoder.layers.0.layer_norm1",
        "encoder.layers.0.layer_norm2",
        "post_layernorm",
    ] {
        add(format!("{}.weight", part(name)), &[VISION]);
        add(format!("{}.bias", part(name)), &[VISION]);
    }
    let projector = |name: &str| format!("multi_modal_projector.{name}");
    add(projector("mm_input_projection_weight"), &[VISION, HIDDEN]);
    add(projector("mm_soft_emb_norm.weight"), &[VISION]);
}
