//! Word by word: read the prompt, then write until an end.

use candle_core::Tensor;

use super::cache::Cache;
use super::gemma::{Gemma, Input};
use super::sampling::{Sampler, Sampling};
use super::tokenizer::Tokenizer;
use crate::jobs::JobContext;
use crate::nn::{Error, Result};

/// What is asked of a model.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The prompt.
    pub input: Input,
    /// At most so many new tokens.
    pub new_tokens: usize,
    /// How they are chosen.
    pub sampling: Sampling,
}

/// Why writing ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Stop {
    /// The model said all it had to say.
    End,
    /// As many tokens as asked for.
    Length,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// New tokens, without that of the end.
    pub tokens: Vec<u32>,
    /// The same as words.
    pub text: String,
    /// Why it ended.
    pub stop: Stop,
}

/// What happens on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// The prompt was read.
    Read,
    /// New words, possibly none yet.
    Wrote(&'a str),
}

/// Answers a request. The cache holds what stands before the prompt, if anything, and afterwards prompt
/// and answer.
///
/// # Errors
/// [`Error::TooLong`] before anything is read, [`Error::NonFinite`], [`Error::Cancelled`] within a layer
/// of the model, and what the model itself refuses.
pub fn generate(
    model: &Gemma,
    tokenizer: &Tokenizer,
    request: &Request,
    cache: &mut Cache,
    job: &JobContext,
    tell: &mut dyn FnMut(Step<'_>),
) -> Result<Answer> {
    request.sampling.check()?;
    let (prompt, limit) = (cache.length() + request.input.tokens.len(), cache.limit());
    if prompt.saturating_add(request.new_tokens) > limit {
        return Err(Error::TooLong {
            tokens: prompt,
            room: request.new_tokens,
            limit,
        });
    }
    job.progress.step("Reading the prompt");
    let mut state = model.read(&request.input, 1, cache, job)?;
    tell(Step::Read);
    job.progress.step("Writing");
    let mut sampler = Sampler::new(request.sampling, &request.input.tokens);
    let mut words = tokenizer.stream();
    let mut answer = Answer {
        tokens: Vec::new(),
        text: String::new(),
        stop: Stop::Length,
    };
    while answer.tokens.len() < request.new_tokens {
        let token = next(model, tokenizer, &state, &mut sampler, cache.length())?;
        if tokenizer.specials().ends.contains(&token) {
            answer.stop = Stop::End;
            break;
        }
        answer.tokens.push(token);
        let new = words(token)?.unwrap_or_default();
        answer.text.push_str(&new);
        tell(Step::Wrote(&new));
        job.progress.set(answer.tokens.len(), request.new_tokens);
        if answer.tokens.len() < request.new_tokens {
            let input = Input {
                tokens: vec![token],
                images: Vec::new(),
            };
            state = model.read(&input, 1, cache, &job.silent())?;
        }
    }
    // A last character may have been cut by the length.
    answer.text = tokenizer.decode(&answer.tokens)?;
    Ok(answer)
}

fn next(
    model: &Gemma,
    tokenizer: &Tokenizer,
    state: &Tensor,
    sampler: &mut Sampler,
    position: usize,
) -> Result<u32> {
    let mut logits = model.logits(state)?.flatten_all()?.to_vec1::<f32>()?;
    // Rows behind the vocabulary are padding; soft tokens are read and never written.
    logits.truncate(tokenizer.size());
    if let Some((_, images)) = model.vision()
        && let Some(logit) = logits.get_mut(images.soft as usize)
    {
        *logit = f32::NEG_INFINITY;
    }
    sampler.pick(&mut logits).ok_or_else(|| Error::NonFinite {
        position,
        precision: model.precision().to_owned(),
    })
}
