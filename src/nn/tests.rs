//! The model against reference tensors that Hugging Face transformers made of small random models
//! (`goldens` of the shared data, with their generator).

mod chat;
#[path = "../../tests/it/common.rs"]
mod common;
mod golden;
mod pictures;
mod quantised;
mod real;
mod sampling;
mod seen;
mod tokens;

use std::collections::HashMap;
use std::path::Path;

use candle_core::{Device, Tensor};

use super::config::Config;
use super::gemma::Gemma;
use super::weights::{Target, Weights};
use crate::jobs::JobContext;

/// Tensors of a file.
fn tensors(path: &Path) -> HashMap<String, Tensor> {
    candle_core::safetensors::load(path, &Device::Cpu).unwrap()
}

/// Largest difference.
fn apart(a: &Tensor, b: &Tensor) -> f32 {
    assert_eq!(a.dims(), b.dims());
    let difference = (a - b).unwrap().abs().unwrap().flatten_all().unwrap();
    difference.max(0).unwrap().to_scalar().unwrap()
}

/// The small random Gemma 3, with its settings changed.
fn tiny(change: impl FnOnce(&mut Config)) -> Option<Gemma> {
    let folder = common::shared("goldens")?;
    let json = std::fs::read_to_string(folder.join("gemma3_tiny/config.json")).unwrap();
    let mut config = Config::from_json(&json).unwrap();
    change(&mut config);
    let weights = Weights::open(&folder.join("gemma3_tiny.safetensors"), Target::cpu()).unwrap();
    Some(Gemma::load(config, &weights, None, 64, &JobContext::default()).unwrap())
}
