//! Which tokens attend to which, and what they take from each other.

use std::ops::Range;

use candle_core::{D, Tensor};

use super::cache::Attended;
use super::config::Reach;
use super::kernels;
use crate::jobs::JobContext;
use crate::nn::Result;

/// Queries that are worked on together: their scores fit the caches of a processor.
const QUERIES: usize = 128;

/// Patches whose attention is worked out before a look at whether to go on.
const PATCHES: usize = 1024;

/// Positions of images among the tokens: those of one see each other, before and behind.
#[derive(Clone, Debug, Default)]
pub(super) struct Blocks(Vec<Range<usize>>);

impl Blocks {
    /// Runs of the soft token, counted from a position on.
    pub(super) fn of(tokens: &[u32], soft: Option<u32>, position: usize) -> Self {
        let mut blocks: Vec<Range<usize>> = Vec::new();
        for (n, _) in tokens.iter().enumerate().filter(|(_, t)| Some(**t) == soft) {
            let at = position + n;
            match blocks.last_mut() {
                Some(last) if last.end == at => last.end += 1,
                _ => blocks.push(at..at + 1),
            }
        }
        Self(blocks)
    }

    fn around(&self, position: usize) -> Option<&Range<usize>> {
        self.0.iter().find(|b| b.contains(&position))
    }

    /// One behind the last position that a token attends to.
    fn end(&self, position: usize) -> usize {
        self.around(position)
            .map_or(position + 1, |block| block.end)
    }
}

/// First position that a token attends to.
const fn start(reach: Reach, position: usize) -> usize {
    match reach {
        Reach::Global => 0,
        Reach::Window(window) => (position + 1).saturating_sub(window),
    }
}

/// softmax(q·kᵀ)·v for scaled queries (tokens, heads, head) from a position on: (tokens, heads · head).
pub(super) fn attend(
    queries: &Tensor,
    attended: &Attended,
    position: usize,
    reach: Reach,
    blocks: &Blocks,
) -> Result<Tensor> {
    let (tokens, heads, head) = queries.dims3()?;
    let (kv_heads, held, _) = attended.keys.dims3()?;
    if tokens == 1 && queries.device().is_cpu() {
        return kernels::attend_one(queries, [&attended.keys, &attended.values]);
    }
    if tokens > 1 {
        let span = |n: usize| {
            let at = position + n;
            start(reach, at).max(attended.first) - attended.first..blocks.end(at) - attended.first
        };
        let spans: Vec<Range<usize>> = (0..tokens).map(span).collect();
        let kept = [&attended.keys, &attended.values];
        if let Some(taken) = kernels::attend(queries, kept, 1.0, &spans)? {
            return Ok(taken);
        }
    }
    let group = heads / kv_heads;
    // Heads that share keys are rows of one product.
    let queries = queries
        .reshape((tokens, kv_heads, group, head))?
        .permute((1, 2, 0, 3))?;
    let mut rows = Vec::new();
    for from in (0..tokens).step_by(QUERIES) {
        let n = QUERIES.min(tokens - from);
        let span = if tokens == 1 {
            0..held
        } else {
            let last = position + from + n - 1;
            start(reach, position + from) - attended.first..blocks.end(last) - attended.first
        };
        let keys = attended.keys.narrow(1, span.start, span.len())?;
        let values = attended.values.narrow(1, span.start, span.len())?;
        let part = queries.narrow(2, from, n)?.contiguous()?;
        let scores = part
            .reshape((kv_heads, group * n, head))?
            .matmul(&keys.t()?)?;
        let scores = if tokens == 1 {
            scores
        } else {
            let first = attended.first + span.start;
            let mask = mask(position + from, n, first..first + span.len(), reach, blocks);
            let mask = Tensor::from_vec(mask, (1, 1, n, span.len()), scores.device())?;
            let scores = scores.reshape((kv_heads, group, n, span.len()))?;
            let masked = scores.broadcast_add(&mask)?;
            masked.reshape((kv_heads, group * n, span.len()))?
        };
        let shares = candle_nn::ops::softmax_last_dim(&scores)?;
        let taken = shares.matmul(&values.contiguous()?)?;
        rows.push(taken.reshape((kv_heads * group, n, head))?);
    }
    let all = Tensor::cat(&rows, 1)?;
    Ok(all.transpose(0, 1)?.contiguous()?.flatten_from(D::Minus2)?)
}

/// Nought where a query attends to a key, −∞ where not.
fn mask(position: usize, n: usize, keys: Range<usize>, reach: Reach, blocks: &Blocks) -> Vec<f32> {
    let mut mask = vec![f32::NEG_INFINITY; n * keys.len()];
    for (query, row) in mask.chunks_exact_mut(keys.len()).enumerate() {
        let at = position + query;
        let from = start(reach, at).max(keys.start) - keys.start;
        let mut open = |span: Range<usize>| row[span].fill(0.0);
        open(from..at + 1 - keys.start);
        if let Some(block) = blocks.around(at) {
            // What of the block lies behind; what lies before is seen as any token, within the window.
            open(at + 1 - keys.start..block.end - keys.start);
        }
    }
    mask
}

/// softmax(q·kᵀ / √head)·v where all see all, for queries, keys and values (patches, heads, head):
/// (patches, heads · head).
pub(super) fn attend_all(
    queries: &Tensor,
    keys: &Tensor,
    values: &Tensor,
    job: &JobContext,
) -> Result<Tensor> {
    let (patches, _, head) = queries.dims3()?;
    let scale = (head as f64).powf(-0.5);
    let (keys, values) = (keys.transpose(0, 1)?, values.transpose(0, 1)?);
    let spans = vec![0..patches; patches.min(PATCHES)];
    let mut taken = Vec::new();
    for from in (0..patches).step_by(PATCHES) {
        job.check()?;
        let n = PATCHES.min(patches - from);
        let part = queries.narrow(0, from, n)?;
        match kernels::attend(&part, [&keys, &values], scale as f32, &spans[..n])? {
            Some(part) => taken.push(part),
            None => break,
        }
    }
    if !taken.is_empty() {
        return Ok(Tensor::cat(&taken, 0)?);
    }
    let queries = (queries.transpose(0, 1)?.contiguous()? * scale)?;
    let (keys, values) = (keys.contiguous()?, values.contiguous()?);
    let mut rows = Vec::new();
    for from in (0..patches).step_by(QUERIES) {
        job.check()?;
        let part = queries.narrow(1, from, QUERIES.min(patches - from))?;
        let scores = part.contiguous()?.matmul(&keys.t()?)?;
        rows.push(candle_nn::ops::softmax_last_dim(&scores)?.matmul(&values)?);
    }
    let all = Tensor::cat(&rows, 1)?;
    Ok(all.transpose(0, 1)?.contiguous()?.flatten_from(D::Minus2)?)
}
