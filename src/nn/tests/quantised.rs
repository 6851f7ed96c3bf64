//! Weights that are quantised here and kept.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::apart;
use crate::jobs::JobContext;
use crate::nn::Error;
use crate::nn::gemma::{Files, Gemma, Input, Options};
use crate::nn::plan::{Precision, Wish};

const HIDDEN: usize = 256;
const INNER: usize = 512;
const LAYERS: usize = 3;
const VOCABULARY: usize = 96;

/// A model of random weights, whose rows can be quantised to four bits.
fn write(folder: &Path) {
    let mut chance = ChaCha8Rng::seed_from_u64(3);
    let mut tensors = HashMap::new();
    let mut add = |name: &str, shape: &[usize]| {
        let size = if shape.len() == 1 { 0.1 } else { 0.15 };
        let n = shape.iter().product();
        let values: Vec<f32> = (0..n).map(|_| chance.random_range(-size..size)).collect();
        let tensor = Tensor::from_vec(values, shape, &Device::Cpu).unwrap();
        let tensor = tensor.to_dtype(DType::BF16).unwrap();
        tensors.insert(format!("model.{name}.weight"), tensor);
    };
    add("embed_tokens", &[VOCABULARY, HIDDEN]);
    add("norm", &[HIDDEN]);
    for layer in 0..LAYERS {
        let mut of_layer = |name: &str, shape: &[usize]| {
            add(&format!("layers.{layer}.{name}"), shape);
        };
        of_layer("self_attn.q_proj", &[HIDDEN, HIDDEN]);
        of_layer("self_attn.k_proj", &[64, HIDDEN]);
        of_layer("self_attn.v_proj", &[64, HIDDEN]);
        of_layer("self_attn.o_proj", &[HIDDEN, HIDDEN]);
        of_layer("self_attn.q_norm", &[64]);
        of_layer("self_attn.k_norm", &[64]);
        of_layer("mlp.gate_proj", &[INNER, HIDDEN]);
        of_layer("mlp.up_proj", &[INNER, HIDDEN]);
        of_layer("mlp.down_proj", &[HIDDEN, INNER]);
        for norm in [
            "input_layernorm",
            "post_attention_layernorm",
            "pre_feedforward_layernorm",
            "post_feedforward_layernorm",
        ] {
            of_layer(norm, &[HIDDEN]);
        }
    }
    candle_core::safetensors::save(&tensors, folder.join("model.safetensors")).unwrap();
    let config = serde_json::json!({
        "model_type": "gemma3_text", "hidden_size": HIDDEN, "intermediate_size": INNER,
        "num_hidden_layers": LAYERS, "num_attention_heads": 4, "num_key_value_heads": 1,
        "head_dim": 64, "vocab_size": VOCABULARY, "query_pre_attn_scalar": 64,
        "sliding_window": 16, "max_position_embeddings": 128,
    });
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
}

fn open(folder: &Path, wish: Wish) -> (Gemma, Precision) {
    let files = Files {
        weights: folder.to_owned(),
        vision: None,
    };
    let options = Options {
        wish,
        kept: Some(folder.join("kept")),
        ..Options::auto(128)
    };
    let opened = Gemma::open(&files, &options, &JobContext::default()).unwrap();
    (opened.model, opened.plan.precision)
}

fn logits(model: &Gemma) -> Tensor {
    let input = Input {
        tokens: (0..40).map(|n| n * 7 % VOCABULARY as u32).collect(),
        images: Vec::new(),
    };
    let mut cache = model.cache(64).unwrap();
    let job = JobContext::default();
    let states = model.read(&input, 40, &mut cache, &job).unwrap();
    model.logits(&states).unwrap()
}

fn kept(folder: &Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder.join("kept")).unwrap();
    entries.map(|e| e.unwrap().path()).collect()
}

#[test]
fn floats_are_quantised_once_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    let (floats, precision) = open(folder.path(), Wish::Auto);
    assert_eq!(precision, Precision::Floats);
    let wanted = logits(&floats);
    let (four, precision) = open(folder.path(), Wish::FourBits);
    assert_eq!((precision, four.precision()), (Precision::FourBits, "Q4K"));
    let found = logits(&four);
    let largest = wanted.abs().unwrap().flatten_all().unwrap().max(0).unwrap();
    let largest: f32 = largest.to_scalar().unwrap();
    let share = apart(&found, &wanted) / largest;
    // Four bits are four bits: an error of some per cent, and not none.
    assert!((1e-4..0.35).contains(&share), "{share}");

    // The next time it is read as it is.
    let [file] = &kept(folder.path())[..] else {
        panic!("one file is kept");
    };
    let before = std::fs::metadata(file).unwrap().modified().unwrap();
    assert_eq!(
        apart(&logits(&open(folder.path(), Wish::FourBits).0), &found),
        0.0
    );
    assert_eq!(std::fs::metadata(file).unwrap().modified().unwrap(), before);

    // What is no longer whole is made anew.
    let bytes = std::fs::read(file).unwrap();
    std::fs::write(file, &bytes[..bytes.len() / 2]).unwrap();
    assert_eq!(
        apart(&logits(&open(folder.path(), Wish::FourBits).0), &found),
        0.0
    );
    assert_eq!(std::fs::read(file).unwrap(), bytes);
    assert_eq!(kept(folder.path()).len(), 1);
}

#[test]
fn other_weights_are_other_quantised_weights() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    open(folder.path(), Wish::FourBits);
    let weights = folder.path().join("model.safetensors");
    let file = std::fs::File::options().write(true).open(weights).unwrap();
    let made = file.metadata().unwrap().modified().unwrap();
    let later = made + std::time::Duration::from_secs(5);
    file.set_modified(later).unwrap();
    open(folder.path(), Wish::FourBits);
    assert_eq!(kept(folder.path()).len(), 2);
    // Neither name nor size nor time tells these from the ones before.
    let path = folder.path().join("model.safetensors");
    let mut bytes = std::fs::read(&path).unwrap();
    let start = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    for byte in &mut bytes[start..] {
        *byte ^= 1;
    }
    std::fs::write(&path, bytes).unwrap();
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(later).unwrap();
    open(folder.path(), Wish::FourBits);
    assert_eq!(kept(folder.path()).len(), 3);
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path());
    std::fs::write(folder.path().join("kept"), "a file").unwrap();
    let files = Files {
        weights: folder.path().to_owned(),
        vision: None,
    };
    let options = Options {
        wish: Wish::FourBits,
        kept: Some(folder.path().join("kept")),
        ..Options::auto(128)
    };
    let error = Gemma::open(&files, &options, &JobContext::default());
    let Err(Error::File { path, .. }) = error else {
        panic!("no error");
    };
    assert!(path.ends_with("kept"));
}
