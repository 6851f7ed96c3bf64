//! A language model that anybody can make in a moment: two layers of random weights, and a vocabulary of
//! bytes. What it writes means nothing; how it is asked and answered is the same.

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
const SPECIALS: [&str; 6] = [
    "<pad>",
    "<eos>",
    "<bos>",
    "<unk>",
    "<start_of_turn>",
    "<end_of_turn>",
];
const VOCABULARY: usize = SPECIALS.len() + 256;

/// Writes the model into a folder, which is made.
pub(crate) fn write(folder: &Path) {
    std::fs::create_dir_all(folder).unwrap();
    let write = |name: &str, value: &Value| {
        std::fs::write(folder.join(name), value.to_string()).unwrap();
    };
    write("config.json", &config());
    write("tokenizer.json", &tokenizer());
    weights(&folder.join("model.safetensors"));
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

fn weights(path: &Path) {
    let mut chance = ChaCha8Rng::seed_from_u64(1);
    let mut tensors: Vec<(String, Vec<usize>, Vec<u8>)> = Vec::new();
    let mut add = |name: String, shape: &[usize]| {
        // What is not a matrix is the difference of a norm's factor to one.
        let size = if shape.len() == 1 { 0.05_f32 } else { 0.3 };
        let n = shape.iter().product::<usize>();
        let values = (0..n).flat_map(|_| chance.random_range(-size..size).to_le_bytes());
        tensors.push((name, shape.to_vec(), values.collect()));
    };
    add(
        "model.embed_tokens.weight".to_owned(),
        &[VOCABULARY, HIDDEN],
    );
    add("model.norm.weight".to_owned(), &[HIDDEN]);
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
            add(format!("model.layers.{layer}.{name}.weight"), shape);
        }
    }
    let views = tensors.iter().map(|(name, shape, bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap();
        (name.as_str(), view)
    });
    serialize_to_file(views, None, path).unwrap();
}
