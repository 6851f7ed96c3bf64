//! A model with the tokenizer that belongs to it.

use std::path::{Path, PathBuf};

use super::gemma::{Files, Gemma, Opened, Options};
use super::plan::{Failed, Plan};
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
    /// Where and in how many bits it is held, and what memory that was expected to take.
    pub plan: Plan,
    /// Better ways that failed.
    pub failed: Vec<Failed>,
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
    /// Opens a model. The tokenizer is the one named; else the
    /// vocabulary inside a GGUF file; else `tokenizer.json` in the folder of the weights.
    ///
    /// # Errors
    /// What is wrong with the files, or [`crate::nn::Error::Cancelled`].
    pub fn open(
        files: &Files,
        tokenizer: Option<&Path>,
        options: &Options,
        job: &JobContext,
    ) -> Result<Self> {
        job.progress.step("Reading the tokenizer");
        let tokenizer = match tokenizer {
            Some(path) => Tokenizer::open(path)?,
            None => {
                let weights = Weights::open(&files.weights, Target::cpu())?;
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
        let Opened {
            model,
            plan,
            failed,
        } = Gemma::open(files, options, job)?;
        tokenizer.check(model.vocabulary())?;
        Ok(Self {
            model,
            tokenizer,
            plan,
            failed,
        })
    }
}
