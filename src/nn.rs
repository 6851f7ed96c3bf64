//! Models that run on this machine: Gemma 3 and MedGemma, from files to text.
//!
//! `weights` opens what was published (safetensors, GGUF), `config` says what is in it, `text` and
//! `vision` compute, `gemma` joins them; `tokenizer`, `chat` and `processor` make of words and images
//! what the model reads, `sampling` and `generate` make words of what it answers.
//!
//! What is computed follows the model's own publication (Gemma 3 Technical Report, arXiv:2503.19786)
//! and the implementation that it was released with; reference tensors of that implementation are in
//! the tests. Tensors on the way are single precision whatever the weights are: halves lose the
//! residual stream, and eight bits of mantissa lose positions.

mod attention;
pub mod cache;
pub mod cards;
pub mod chat;
pub mod config;
pub mod engine;
mod error;
pub mod gemma;
pub mod generate;
mod kernels;
mod linear;
mod norm;
mod placement;
pub mod plan;
pub mod processor;
pub mod quantise;
mod rope;
pub mod sampling;
mod text;
pub mod tokenizer;
mod vision;
pub mod weights;

pub use candle_core::{DType, Device, Tensor};
pub use error::{Error, Result};

#[cfg(test)]
mod tests;
