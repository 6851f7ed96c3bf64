//! From logits to the next token.

use std::collections::BTreeSet;

use rand::Rng as _;
use rand::SeedableRng as _;
use rand_chacha::ChaCha12Rng;

use crate::nn::{Error, Result};

/// How the next token is chosen. The steps are taken in this order: repetition, temperature, top k,
/// top p.
#[derive(Clone, Copy, Debug, PartialEq, serde::Deserialize, serde::Serialize)]
pub struct Sampling {
    /// Divides logits; 0 takes the largest.
    pub temperature: f64,
    /// Only so many of the largest; 0 for all.
    pub top_k: usize,
    /// Only the largest that together have this share; 1 for all.
    pub top_p: f64,
    /// Divides positive logits, multiplies negative ones, of tokens that were written before; 1 for none
    /// (Keskar et al., arXiv:1909.05858).
    pub repetition_penalty: f64,
    /// Where chance begins.
    pub seed: u64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self {
            temperature: 0.0,
            top_k: 0,
            top_p: 1.0,
            repetition_penalty: 1.0,
            seed: 0,
        }
    }
}

impl Sampling {
    /// Refuses what makes no sense.
    ///
    /// # Errors
    /// [`Error::Request`].
    pub fn check(&self) -> Result<()> {
        let refuse = |reason: &str| {
            Err(Error::Request {
                reason: reason.to_owned(),
            })
        };
        if !(self.temperature.is_finite() && (0.0..=10.0).contains(&self.temperature)) {
            return refuse("the temperature has to be between 0 and 10");
        }
        if !(self.top_p > 0.0 && self.top_p <= 1.0) {
            return refuse("top p has to be above 0 and at most 1");
        }
        if !(self.repetition_penalty.is_finite() && self.repetition_penalty > 0.0) {
            return refuse("the repetition penalty has to be above 0");
        }
        Ok(())
    }
}

/// Chooses tokens one after the other.
pub struct Sampler {
    sampling: Sampling,
    random: ChaCha12Rng,
    written: BTreeSet<u32>,
}

impl Sampler {
    /// With `before` counting as written.
    #[must_use]
    pub fn new(sampling: Sampling, before: &[u32]) -> Self {
        Self {
            sampling,
            random: ChaCha12Rng::seed_from_u64(sampling.seed),
            written: before.iter().copied().collect(),
        }
    }

    /// The next token; `None` if no logit is a number, or one of them is NaN.
    pub fn pick(&mut self, logits: &mut [f32]) -> Option<u32> {
        if logits.iter().any(|l| l.is_nan() || *l == f32::INFINITY) {
            return None;
        }
        let penalty = self.sampling.repetition_penalty as f32;
        if penalty != 1.0 {
            for token in &self.written {
                if let Some(logit) = logits.get_mut(*token as usize) {
                    *logit = if *logit > 0.0 {
                        *logit / penalty
                    } else {
                        *logit * penalty
                    };
                }
            }
        }
        let token = if self.sampling.temperature == 0.0 {
            largest(logits)?
        } else {
            self.draw(logits)?
        };
        self.written.insert(token);
        Some(token)
    }

    fn draw(&mut self, logits: &[f32]) -> Option<u32> {
        let highest = f64::from(logits[largest(logits)? as usize]);
        // From the largest on; of equals the first.
        let mut shares: Vec<(f64, u32)> = logits
            .iter()
            .enumerate()
            .filter(|(_, logit)| logit.is_finite())
            .map(|(token, logit)| {
                let share = ((f64::from(*logit) - highest) / self.sampling.temperature).exp();
                (share, token as u32)
            })
            .collect();
        let order = |a: &(f64, u32), b: &(f64, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        let k = self.sampling.top_k;
        if k > 0 && k < shares.len() {
            shares.select_nth_unstable_by(k - 1, order);
            shares.truncate(k);
        }
        shares.sort_unstable_by(order);
        let all: f64 = shares.iter().map(|(share, _)| share).sum();
        let mut sum = 0.0;
        let enough = shares.iter().position(|(share, _)| {
            sum += share;
            sum >= self.sampling.top_p * all
        });
        shares.truncate(enough.map_or(shares.len(), |n| n + 1));
        let all: f64 = shares.iter().map(|(share, _)| share).sum();
        let mut left = self.random.random::<f64>() * all;
        for (share, token) in &shares {
            left -= share;
            if left < 0.0 {
                return Some(*token);
            }
        }
        shares.last().map(|(_, token)| *token)
    }
}

/// The largest of all; of equals the first.
fn largest(logits: &[f32]) -> Option<u32> {
    let mut best: Option<(usize, f32)> = None;
    for (token, logit) in logits.iter().enumerate() {
        if logit.is_finite() && best.is_none_or(|(_, most)| *logit > most) {
            best = Some((token, *logit));
        }
    }
    best.map(|(token, _)| token as u32)
}
