//! Attention on the matrix unit, in blocks of queries and keys, without the table of all scores (Dao et al.,
//! arXiv:2205.14135).
//!
//! Scores are products of values in two parts, [whole, whole, rest]·[whole, rest, whole], laid out as one
//! longer row: heads need not be multiples of anything.

use std::arch::x86_64::*;
use std::cell::RefCell;
use std::ops::Range;

use candle_core::utils::barrier_pool;
use parking_lot::Mutex;

use super::amx::{self, DEPTH, Parts, SIDE, Sums, Tile, Unit};
use super::exp::exp;
use super::lanes;

/// Longest head.
pub(super) const HEAD: usize = 256;
/// Queries that are worked on together.
const QUERIES: usize = 128;
/// Keys of a block.
const KEYS: usize = 128;
/// Below all scores, and finite, so that differences of two are numbers.
const LOWEST: f32 = -1e30;

/// Values of heads, each `head` long, that begin so many values apart.
#[derive(Clone, Copy)]
pub(super) struct Heads<'a> {
    pub(super) values: &'a [f32],
    /// From a head to the next.
    pub(super) head_stride: usize,
    /// From a token to the next.
    pub(super) token_stride: usize,
}

impl<'a> Heads<'a> {
    fn row(&self, head: usize, token: usize, length: usize) -> &'a [f32] {
        &self.values[head * self.head_stride + token * self.token_stride..][..length]
    }
}

/// softmax(q·kᵀ · scale)·v of heads that share keys in groups.
pub(super) struct Attention<'a> {
    pub(super) queries: Heads<'a>,
    pub(super) keys: Heads<'a>,
    pub(super) values: Heads<'a>,
    pub(super) heads: usize,
    /// Heads of queries for one of keys.
    pub(super) group: usize,
    /// Values of a head, at most [`HEAD`].
    pub(super) length: usize,
    /// How many keys there are.
    pub(super) held: usize,
    pub(super) scale: f32,
    /// What each query attends to, at least one key.
    pub(super) spans: &'a [Range<usize>],
}

/// Keys and values of a head as right factors.
struct Packed {
    /// 16 keys and all steps, for all keys.
    keys: Vec<Tile>,
    /// 16 values of a head and all keys, for all values.
    values: Vec<Tile>,
}

#[derive(Default)]
struct Scratch {
    queries: Vec<Tile>,
    scores: Vec<Sums>,
    shares: Vec<Tile>,
    taken: Vec<Sums>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Attention<'_> {
    /// Steps of a product of long rows.
    const fn steps(&self) -> usize {
        (3 * self.length).div_ceil(DEPTH)
    }

    /// Strips of 16 values of a head, an even number.
    const fn across(&self) -> usize {
        self.length.div_ceil(2 * SIDE) * 2
    }

    /// Rows (queries, heads · length).
    pub(super) fn attend(&self, out: &mut [f32]) {
        let tokens = self.spans.len();
        let width = self.heads * self.length;
        assert!(
            self.length <= HEAD && out.len() == tokens * width,
            "heads that fit, and a place for each"
        );
        let kv_heads = self.heads / self.group;
        let blocks = self.held.div_ceil(KEYS);
        let packed: Vec<Mutex<Packed>> = (0..kv_heads)
            .map(|_| {
                Mutex::new(Packed {
                    keys: vec![Tile::ZERO; blocks * (KEYS / SIDE) * self.steps()],
                    values: vec![Tile::ZERO; self.across() * blocks * (KEYS / DEPTH) * 2],
                })
            })
            .collect();
        barrier_pool().execute_chunked(kv_heads, |heads| {
            for head in heads {
                // SAFETY: who calls has asked for the unit, with which these instructions come.
                unsafe { self.pack(head, &mut packed[head].lock()) };
            }
        });
        let packed: Vec<Packed> = packed.into_iter().map(Mutex::into_inner).collect();
        let pieces = tokens.div_ceil(QUERIES);
        // Pieces of the rows, each of all heads, which are written one after the other.
        let rows: Vec<Mutex<&mut [f32]>> =
            out.chunks_mut(QUERIES * width).map(Mutex::new).collect();
        barrier_pool().execute_chunked(self.heads * pieces, |numbers| {
            let Some(unit) = Unit::take() else {
                unreachable!("called only where the unit is")
            };
            for number in numbers {
                let (head, piece) = (number / pieces, number % pieces);
                let queries = piece * QUERIES..((piece + 1) * QUERIES).min(tokens);
                SCRATCH.with_borrow_mut(|scratch| {
                    let packed = &packed[head / self.group];
                    // SAFETY: the unit is there, with which these instructions come.
                    unsafe {
                        let parts = self.work_out(&unit, head, queries, packed, scratch);
                        self.write(scratch, head, &parts, &mut rows[piece].lock());
                    }
                });
            }
        });
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
    fn pack(&self, head: usize, packed: &mut Packed) {
        let steps = self.steps();
        let mut long = [[0; LONG]; SIDE];
        for (strip, tiles) in packed.keys.chunks_exact_mut(steps).enumerate() {
            for (n, row) in long.iter_mut().enumerate() {
                let key = strip * SIDE + n;
                if key < self.held {
                    let [whole, rest] = parts_of(self.keys.row(head, key, self.length), 1.0);
                    lay(row, self.length, [&whole, &rest, &whole]);
                } else {
                    row.fill(0);
                }
            }
            for (step, tile) in tiles.iter_mut().enumerate() {
                let rows = long.each_ref().map(|row| words(row, step));
                for (row, bits) in tile.0.iter_mut().zip(lanes::turn(rows)) {
                    lanes::store(row, bits);
                }
            }
        }
        let steps = packed.values.len() / self.across() / 2;
        let between = between();
        for key in (0..self.held).step_by(2) {
            let (step, row) = (key / DEPTH, key % DEPTH / 2);
            let first = self.values.row(head, key, self.length);
            let second = (key + 1 < self.held).then(|| self.values.row(head, key + 1, self.length));
            for (strip, first) in first.chunks(SIDE).enumerate() {
                let pad = |values: &[f32]| {
                    let mut padded = [0.0; SIDE];
                    padded[..values.len()].copy_from_slice(values);
                    lanes::load_half(&padded)
                };
                let second = second.map_or(_mm512_setzero_ps(), |second| {
                    pad(&second[strip * SIDE..][..first.len()])
                });
                let split = lanes::split(pad(first), second);
                for (part, bits) in split.into_iter().enumerate() {
                    let tile = &mut packed.values[(strip * steps + step) * 2 + part];
                    lanes::store(&mut tile.0[row], _mm512_permutexvar_epi16(between, bits));
                }
            }
        }
    }

    /// Leaves sums of values in `taken`, and gives the sum of shares of each query.
    #[target_feature(enable = "avx512f,avx512bw,avx512bf16,fma")]
    fn work_out(
        &self,
        unit: &Unit,
        head: usize,
        queries: Range<usize>,
        packed: &Packed,
        scratch: &mut Scratch,
    ) -> [f32; QUERIES] {
        let (steps, across) = (self.steps(), self.across());
        let strips = queries.len().div_ceil(2 * SIDE) * 2;
        scratch.queries.resize(strips * steps, Tile::ZERO);
        scratch.scores.resize(strips * (KEYS / SIDE), Sums::ZERO);
        scratch
            .shares
            .resize(strips * (KEYS / DEPTH) * 2, Tile::ZERO);
        scratch.taken.clear();
        scratch.taken.resize(strips * across, Sums::ZERO);
        let mut long = [0; LONG];
        for n in 0..strips * SIDE {
            if n < queries.len() {
                let row = self.queries.row(head, queries.start + n, self.length);
                let [whole, rest] = parts_of(row, self.scale);
                lay(&mut long, self.length, [&whole, &whole, &rest]);
            } else {
                long.fill(0);
            }
            for step in 0..steps {
                let tile = &mut scratch.queries[n / SIDE * steps + step];
                lanes::store(&mut tile.0[n % SIDE], words(&long, step));
            }
        }
        let spans = &self.spans[queries];
        let first = spans.iter().map(|s| s.start).min().unwrap_or(0);
        let last = spans.iter().map(|s| s.end).max().unwrap_or(0);
        let (mut most, mut sum) = ([LOWEST; QUERIES], [0.0; QUERIES]);
        let all_steps = packed.values.len() / across / 2;
        for block in first / KEYS..last.div_ceil(KEYS) {
            scratch.scores.fill(Sums::ZERO);
            let keys = &packed.keys[block * (KEYS / SIDE) * steps..];
            for two in 0..strips / 2 {
                let (a, b) = scratch.queries[2 * two * steps..][..2 * steps].split_at(steps);
                let scores = &mut scratch.scores[2 * two * (KEYS / SIDE)..][..2 * (KEYS / SIDE)];
                let (upper, lower) = scores.split_at_mut(KEYS / SIDE);
                let pairs = upper.as_chunks_mut::<2>().0.iter_mut();
                for (n, (upper, lower)) in pairs.zip(lower.as_chunks_mut::<2>().0).enumerate() {
                    let (k, l) = keys[2 * n * steps..][..2 * steps].split_at(steps);
                    let ([c00, c01], [c10, c11]) = (upper, lower);
                    let sums = [c00, c01, c10, c11];
                    amx::multiply(unit, ([a, b], Parts::One), ([k, l], Parts::One), sums);
                }
            }
            let keys = block * KEYS..(block + 1) * KEYS;
            for (n, span) in spans.iter().enumerate() {
                let scores = &mut scratch.scores[n / SIDE * (KEYS / SIDE)..][..KEYS / SIDE];
                let shares =
                    &mut scratch.shares[n / SIDE * (KEYS / DEPTH) * 2..][..(KEYS / DEPTH) * 2];
                let clipped = span.start.clamp(keys.start, keys.end) - keys.start
                    ..span.end.clamp(keys.start, keys.end) - keys.start;
                let (highest, part) = share(scores, n % SIDE, &clipped, most[n], shares);
                let kept = exp(most[n] - highest);
                sum[n] = sum[n] * kept + part;
                if highest > most[n] {
                    most[n] = highest;
                    for sums in &mut scratch.taken[n / SIDE * across..][..across] {
                        for value in &mut sums.0[n % SIDE] {
                            *value *= kept;
                        }
                    }
                }
            }
            let key_steps = block * (KEYS / DEPTH) * 2..(block + 1) * (KEYS / DEPTH) * 2;
            let strip = (KEYS / DEPTH) * 2;
            for two in 0..strips / 2 {
                let (a, b) = scratch.shares[2 * two * strip..][..2 * strip].split_at(strip);
                let (upper, lower) =
                    scratch.taken[2 * two * across..][..2 * across].split_at_mut(across);
                let pairs = upper.as_chunks_mut::<2>().0.iter_mut();
                for (n, (upper, lower)) in pairs.zip(lower.as_chunks_mut::<2>().0).enumerate() {
                    let column = |n: usize| &packed.values[n * all_steps * 2..][key_steps.clone()];
                    let ([c00, c01], [c10, c11]) = (upper, lower);
                    amx::multiply(
                        unit,
                        ([a, b], Parts::Two),
                        ([column(2 * n), column(2 * n + 1)], Parts::Two),
                        [c00, c01, c10, c11],
                    );
                }
            }
        }
        sum
    }

    #[target_feature(enable = "avx512f")]
    fn write(&self, scratch: &Scratch, head: usize, sum: &[f32; QUERIES], rows: &mut [f32]) {
        let across = self.across();
        let width = self.heads * self.length;
        for (n, row) in rows.chunks_exact_mut(width).enumerate() {
            let taken = &scratch.taken[n / SIDE * across..];
            let row = &mut row[head * self.length..][..self.length];
            for (values, sums) in row.chunks_mut(SIDE).zip(taken) {
                for (value, taken) in values.iter_mut().zip(&sums.0[n % SIDE]) {
                    *value = taken / sum[n];
                }
            }
        }
    }
}

/// Room for a long row.
const LONG: usize = 3 * HEAD;

/// Values times a scale, rounded, and what rounding left.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512bf16")]
fn parts_of(values: &[f32], scale: f32) -> [[u16; HEAD]; 2] {
    let mut parts = [[0; HEAD]; 2];
    let scale = _mm512_set1_ps(scale);
    for (step, values) in values.chunks(DEPTH).enumerate() {
        let mut padded = [0.0; DEPTH];
        padded[..values.len()].copy_from_slice(values);
        let [low, high] = lanes::load(&padded);
        let split = lanes::split(_mm512_mul_ps(low, scale), _mm512_mul_ps(high, scale));
        for (part, bits) in parts.iter_mut().zip(split) {
            lanes::store(&mut part.as_chunks_mut::<DEPTH>().0[step], bits);
        }
    }
    parts
}

/// Three pieces one behind the other, then nought up to a whole step.
#[inline]
fn lay(row: &mut [u16; LONG], length: usize, pieces: [&[u16; HEAD]; 3]) {
    for (to, piece) in row.chunks_exact_mut(length).zip(pieces) {
        to.copy_from_slice(&piece[..length]);
    }
    row[3 * length..].fill(0);
}

/// 32 values of a step.
#[inline]
#[target_feature(enable = "avx512f")]
fn words(row: &[u16; LONG], step: usize) -> __m512i {
    let row = &row.as_chunks::<DEPTH>().0[step];
    // SAFETY: 32 words are 512 bits.
    unsafe { _mm512_loadu_si512(row.as_ptr().cast()) }
}

/// Takes 16 words and 16 others in turn.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn between() -> __m512i {
    let mut places = [0; DEPTH];
    for (n, pair) in places.as_chunks_mut::<2>().0.iter_mut().enumerate() {
        *pair = [n as u16, n as u16 + 16];
    }
    // SAFETY: 32 words are 512 bits.
    unsafe { _mm512_loadu_si512(places.as_ptr().cast()) }
}

/// Turns the scores of a query into shares, relative to the highest score so far, which comes back with
/// their sum.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512bf16,fma")]
fn share(
    scores: &mut [Sums],
    row: usize,
    open: &Range<usize>,
    most: f32,
    shares: &mut [Tile],
) -> (f32, f32) {
    let mut values = [[0.0; SIDE]; KEYS / SIDE];
    for (values, sums) in values.iter_mut().zip(scores) {
        *values = sums.0[row];
    }
    if open.len() < KEYS {
        let flat = values.as_flattened_mut();
        flat[..open.start].fill(f32::NEG_INFINITY);
        flat[open.end..].fill(f32::NEG_INFINITY);
    }
    let mut highest = _mm512_set1_ps(most);
    for values in &values {
        highest = _mm512_max_ps(highest, lanes::load_half(values));
    }
    let highest = _mm512_reduce_max_ps(highest);
    let mut sum = [0.0; SIDE];
    for values in &mut values {
        for (value, sum) in values.iter_mut().zip(&mut sum) {
            *value = exp(*value - highest);
            *sum += *value;
        }
    }
    let pairs = values.as_chunks::<2>().0.iter();
    for ([low, high], tiles) in pairs.zip(shares.as_chunks_mut::<2>().0) {
        let split = lanes::split(lanes::load_half(low), lanes::load_half(high));
        for (tile, bits) in tiles.iter_mut().zip(split) {
            lanes::store(&mut tile.0[row], bits);
        }
    }
    (highest, _mm512_reduce_add_ps(lanes::load_half(&sum)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::kernels::noise;

    #[test]
    fn attention_is_that_of_its_definition() {
        if !amx::available() {
            return;
        }
        // (heads, group, length, queries, keys): of images, of text, and of no round size.
        for [heads, group, length, tokens, held] in [
            [2, 1, 72, 300, 300],
            [4, 2, 256, 130, 515],
            [2, 2, 16, 3, 40],
            [1, 1, 5, 1, 1],
        ] {
            let q = noise(tokens * heads * length, 1);
            let k = noise(heads / group * held * length, 2);
            let v = noise(heads / group * held * length, 3);
            let spans: Vec<Range<usize>> = (0..tokens)
                .map(|n| (n * 7 % held.div_ceil(3))..held - (n * 11 % held.div_ceil(3)))
                .collect();
            let attention = Attention {
                queries: Heads {
                    values: &q,
                    head_stride: length,
                    token_stride: heads * length,
                },
                keys: Heads {
                    values: &k,
                    head_stride: held * length,
                    token_stride: length,
                },
                values: Heads {
                    values: &v,
                    head_stride: held * length,
                    token_stride: length,
                },
                heads,
                group,
                length,
                held,
                scale: 0.5,
                spans: &spans,
            };
            let mut out = vec![f32::NAN; tokens * heads * length];
            attention.attend(&mut out);
            for (n, found) in out.chunks(length).enumerate() {
                let (token, head) = (n / heads, n % heads);
                let kv = |values: &'_ [f32], key: usize| -> Vec<f64> {
                    let row = &values[(head / group * held + key) * length..][..length];
                    row.iter().map(|v| f64::from(*v)).collect()
                };
                let query = &q[n * length..][..length];
                let score = |key: usize| -> f64 {
                    let key = kv(&k, key);
                    let pairs = query.iter().zip(key);
                    pairs.map(|(q, k)| f64::from(*q) * k * 0.5).sum()
                };
                let scores: Vec<f64> = spans[token].clone().map(score).collect();
                let all: f64 = scores.iter().map(|s| s.exp()).sum();
                let mut wanted = vec![0.0; length];
                for (key, score) in spans[token].clone().zip(&scores) {
                    for (to, v) in wanted.iter_mut().zip(kv(&v, key)) {
                        *to += score.exp() / all * v;
                    }
                }
                for (found, wanted) in found.iter().zip(wanted) {
                    assert!(
                        (f64::from(*found) - wanted).abs() < 2e-5,
                        "{found} {wanted}"
                    );
                }
            }
        }
    }
}
