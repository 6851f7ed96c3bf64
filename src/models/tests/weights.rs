//! Models of a few bytes, with headers and settings as real ones have them.

use std::path::Path;

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

/// A GGUF file of one tensor.
pub(super) fn gguf(path: &Path) {
    let settings = [
        ("block_count", 1_u32),
        ("context_length", 32),
        ("embedding_length", 4),
        ("feed_forward_length", 8),
        ("attention.head_count", 2),
        ("attention.head_count_kv", 1),
        ("attention.key_length", 2),
        ("attention.value_length", 2),
        ("attention.sliding_window", 16),
    ];
    let mut out = b"GGUF".to_vec();
    out.extend(3_u32.to_le_bytes());
    out.extend(1_u64.to_le_bytes());
    out.extend((settings.len() as u64 + 2).to_le_bytes());
    let (whole, float, words) = (4_u32, 6_u32, 8_u32);
    text(&mut out, "general.architecture");
    out.extend(words.to_le_bytes());
    text(&mut out, "gemma3");
    text(&mut out, "gemma3.attention.layer_norm_rms_epsilon");
    out.extend(float.to_le_bytes());
    out.extend(1e-6_f32.to_le_bytes());
    for (key, value) in settings {
        text(&mut out, &format!("gemma3.{key}"));
        out.extend(whole.to_le_bytes());
        out.extend(value.to_le_bytes());
    }
    // A table of 8 rows in single precision, from the next multiple of 32 bytes on.
    text(&mut out, "token_embd.weight");
    out.extend(2_u32.to_le_bytes());
    out.extend([4_u64, 8].map(u64::to_le_bytes).concat());
    out.extend(0_u32.to_le_bytes());
    out.extend(0_u64.to_le_bytes());
    out.resize(out.len().next_multiple_of(32) + 4 * 8 * 4, 0);
    std::fs::write(path, out).unwrap();
}

/// A folder of safetensors, with one tensor.
pub(super) fn safetensors(folder: &Path) {
    let header =
        r#"{"model.embed_tokens.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}"#;
    let mut out = (header.len() as u64).to_le_bytes().to_vec();
    out.extend(header.as_bytes());
    out.extend([0; 16]);
    std::fs::write(folder.join("model.safetensors"), out).unwrap();
    std::fs::write(
        folder.join("config.json"),
        r#"{"model_type": "gemma3_text", "vocab_size": 2, "hidden_size": 2}"#,
    )
    .unwrap();
    std::fs::write(folder.join("tokenizer.json"), "{}").unwrap();
}
