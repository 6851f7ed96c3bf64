//! A model with the tokenizer that belongs to it.

use std::path::{Path, PathBuf};

use super::gemma::{Files, Gemma, Opened, Options};
use super::plan::{Failed, Machine, Plan};
use super::tokenizer::Tokenizer;
use super::weights::{Target, Weights};
use crate::jobs::JobContext;
use crate::nn::{Error, Result};

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
        // Before minutes are spent on reading.
        let estimate = Gemma::estimate(files, options, &Machine::here())?;
        tokenizer.check(estimate.vocabulary)?;
        let Opened {
            model,
            plan,
            failed,
        } = Gemma::open(files, options, job)?;
        Ok(Self {
            model,
            tokenizer,
            plan,
            failed,
        })
    }

    /// What has failed, this way among it, when working ended with an error; `None` where that is no fault of the
    /// way, so that another would be of no use.
    #[must_use]
    pub fn give_up(&self, error: &Error) -> Option<Vec<Failed>> {
        let is_of_card = matches!(error, Error::Tensor(_)) && self.plan.uses_cards();
        if !is_of_card && !matches!(error, Error::NonFinite { .. }) {
            return None;
        }
        let mut failed = self.failed.clone();
        failed.push(Failed {
            plan: self.plan.clone(),
            reason: error.to_string(),
            is_non_finite: matches!(error, Error::NonFinite { .. }),
        });
        Some(failed)
    }
}
