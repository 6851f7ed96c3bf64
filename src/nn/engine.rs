//! A model with the tokenizer that belongs to it.

use std::path::{Path, PathBuf};

use super::gemma::{Files, Gemma};
use super::tokenizer::Tokenizer;
use super::weights::{Target, Weights};
use crate::jobs::JobContext;
use crate::nn::Result;

/// What it takes to answer.
pub struct Engine {
    /// The model.
    pub model: Gemma,
    /// Its words.
    pub tokenizer: Tokenizer,
}

/// `tokenizer.json` in the folder of a model, if there is one.
fn tokenizer_beside(weights: &Path) -> Option<PathBuf> {
    let folder = if weights.is_dir() {
        weights
    } else {
        weights.parent()?
    };
    Some(folder.join("tokenizer.json")).filter(|path| path.exists())
}

impl Engine {
    /// Opens a model for contexts up to `positions` tokens. The tokenizer is the one named; else the
    /// vocabulary inside a GGUF file; else `tokenizer.json` in the folder of the weights.
    ///
    /// # Errors
    /// What is wrong with the files, or [`crate::nn::Error::Cancelled`].
    pub fn open(
        files: &Files,
        tokenizer: Option<&Path>,
        target: &Target,
        positions: usize,
        job: &JobContext,
    ) -> Result<Self> {
        job.progress.step("Reading the tokenizer");
        let tokenizer = match tokenizer {
            Some(path) => Tokenizer::open(path)?,
            None => {
                let weights = Weights::open(&files.weights, target.clone())?;
                match weights.gguf() {
                    Some(content) => Tokenizer::of_gguf(content)?,
                    None => {
                        let beside = tokenizer_beside(&files.weights);
                        let path = beside.unwrap_or_else(|| files.weights.join("tokenizer.json"));
                        Tokenizer::open(&path)?
                    }
                }
            }
        };
        let model = Gemma::open(files, target, positions, job)?;
        tokenizer.check(model.vocabulary())?;
        Ok(Self { model, tokenizer })
    }
}
