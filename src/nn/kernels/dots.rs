//! Products of few rows of activations with quantised matrices, value by value as they are stored: what
//! counts there is how little is read from memory.

use std::arch::x86_64::*;

use candle_core::quantized::GgmlDType;
use candle_core::utils::barrier_pool;
use parking_lot::Mutex;

use super::matrix::{BLOCK, q4k, q6k};

/// 256 activations, rounded to eight bits.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Rounded {
    values: [i8; BLOCK],
    /// In the order in which Q4_K stores its groups of 32: 0, 2, 1, 3, 4, 6, 5, 7.
    crossed: [i8; BLOCK],
    /// Sums of 16 each.
    sums: [i16; 16],
    /// Sums of 32 each.
    group_sums: [i16; 8],
    step: f32,
}

const NONE: Rounded = Rounded {
    values: [0; BLOCK],
    crossed: [0; BLOCK],
    sums: [0; 16],
    group_sums: [0; 8],
    step: 0.0,
};

/// Groups as Q4_K stores them.
const CROSSED: [usize; 8] = [0, 2, 1, 3, 4, 6, 5, 7];

fn round(values: &[f32; BLOCK]) -> Rounded {
    let most = values.iter().fold(0.0, |most: f32, v| most.max(v.abs()));
    let mut rounded = NONE;
    if most == 0.0 {
        return rounded;
    }
    rounded.step = most / 127.0;
    let back = 127.0 / most;
    for (to, value) in rounded.values.iter_mut().zip(values) {
        *to = (value * back).round_ties_even() as i8;
    }
    let sum = |part: &[i8]| part.iter().map(|v| i16::from(*v)).sum();
    for (to, part) in rounded.sums.iter_mut().zip(rounded.values.chunks(16)) {
        *to = sum(part);
    }
    for (to, part) in rounded.group_sums.iter_mut().zip(rounded.values.chunks(32)) {
        *to = sum(part);
    }
    for (to, group) in rounded.crossed.chunks_mut(32).zip(CROSSED) {
        to.copy_from_slice(&rounded.values[group * 32..][..32]);
    }
    rounded
}

/// Rows of activations, rounded.
pub(super) struct Few {
    blocks: Vec<Rounded>,
    pub(super) rows: usize,
}

impl Few {
    /// Of whole blocks.
    pub(super) fn of(values: &[f32], rows: usize) -> Self {
        Self {
            blocks: values.as_chunks::<BLOCK>().0.iter().map(round).collect(),
            rows,
        }
    }
}

/// A matrix that can be multiplied with few rows.
#[derive(Clone, Copy)]
pub(super) enum Stored<'a> {
    Q4K(&'a [[u8; q4k::BYTES]]),
    Q6K(&'a [[u8; q6k::BYTES]]),
}

impl<'a> Stored<'a> {
    /// Of whole blocks; `None` for kinds without a kernel here.
    pub(super) fn of(kind: GgmlDType, bytes: &'a [u8]) -> Option<Self> {
        match kind {
            GgmlDType::Q4K => Some(Self::Q4K(bytes.as_chunks().0)),
            GgmlDType::Q6K => Some(Self::Q6K(bytes.as_chunks().0)),
            _ => None,
        }
    }

    const fn blocks(&self) -> usize {
        match self {
            Self::Q4K(blocks) => blocks.len(),
            Self::Q6K(blocks) => blocks.len(),
        }
    }
}

/// So far ahead of what is worked on memory is asked for, bytes: what processors foresee by themselves ends with
/// each page.
const AHEAD: usize = 4096;

/// Asks for a block that comes later.
#[inline]
fn foresee<const N: usize>(block: &[u8; N]) {
    for line in (0..N).step_by(64) {
        let later = block.as_ptr().wrapping_add(AHEAD + line);
        // SAFETY: asking for memory has no effect that could be seen, wherever it is.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(later.cast()) };
    }
}

/// Rows of a matrix that are a piece of work.
const ROWS: usize = 16;

/// Products with several matrices, (rows, height) each.
pub(super) fn products(few: &Few, matrices: &[Stored]) -> Vec<Vec<f32>> {
    let width = few.blocks.len() / few.rows;
    // As (height, rows), so that each piece of work has a piece of it.
    let mut outs: Vec<Vec<f32>> = matrices
        .iter()
        .map(|m| vec![0.0; m.blocks() / width * few.rows])
        .collect();
    let mut pieces = Vec::new();
    for (matrix, out) in matrices.iter().zip(&mut outs) {
        for (n, out) in out.chunks_mut(ROWS * few.rows).enumerate() {
            pieces.push(Mutex::new((*matrix, n * ROWS * width, out)));
        }
    }
    barrier_pool().execute_chunked(pieces.len(), |numbers| {
        for number in numbers {
            let (matrix, start, out) = &mut *pieces[number].lock();
            for (n, out) in out.chunks_exact_mut(few.rows).enumerate() {
                let blocks = *start + n * width..*start + (n + 1) * width;
                // SAFETY: who calls has asked for the unit, with which these instructions come.
                unsafe {
                    match matrix {
                        Stored::Q4K(all) => q4k_row(few, &all[blocks], out),
                        Stored::Q6K(all) => q6k_row(few, &all[blocks], out),
                    }
                }
            }
        }
    });
    drop(pieces);
    if few.rows > 1 {
        for out in &mut outs {
            *out = turned(out, few.rows);
        }
    }
    outs
}

fn turned(columns: &[f32], rows: usize) -> Vec<f32> {
    let height = columns.len() / rows;
    (0..rows * height)
        .map(|n| columns[n % height * rows + n / height])
        .collect()
}

#[inline]
#[target_feature(enable = "avx512f")]
fn words(values: &[i8; BLOCK], part: usize) -> __m512i {
    let part = &values.as_chunks::<64>().0[part];
    // SAFETY: 64 bytes are 512 bits.
    unsafe { _mm512_loadu_si512(part.as_ptr().cast()) }
}

/// A row with each row of activations.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma")]
fn q4k_row(few: &Few, blocks: &[[u8; q4k::BYTES]], out: &mut [f32]) {
    let low = _mm512_set1_epi8(15);
    // Scales are bytes; each of the eight becomes the factor of 16 words.
    let spread = |first: i16, second: i16| {
        let (first, second) = (_mm256_set1_epi16(first), _mm256_set1_epi16(second));
        _mm512_inserti64x4::<1>(_mm512_castsi256_si512(first), second)
    };
    let zero = i16::MIN;
    let places = [
        spread(zero, zero | 2),
        spread(zero | 1, zero | 3),
        spread(zero | 4, zero | 6),
        spread(zero | 5, zero | 7),
    ];
    for (out, activations) in out.iter_mut().zip(few.blocks.chunks_exact(blocks.len())) {
        let mut sum = _mm512_setzero_ps();
        let mut below = _mm_setzero_ps();
        for (block, activation) in blocks.iter().zip(activations) {
            foresee(block);
            let [d, d_min] = q4k::factors(block);
            let [scales, offsets] = q4k::scales(block);
            let as_word = |bytes: [u8; 8]| i64::from_le_bytes(bytes);
            let scales = _mm512_set1_epi64(as_word(scales));
            let (halves, _) = block[16..].as_chunks::<64>();
            let mut whole = _mm512_setzero_si512();
            for (n, half) in halves.iter().enumerate() {
                // SAFETY: 64 bytes are 512 bits.
                let both = unsafe { _mm512_loadu_si512(half.as_ptr().cast()) };
                let first = _mm512_and_si512(both, low);
                let second = _mm512_and_si512(_mm512_srli_epi16::<4>(both), low);
                for (part, values) in [(2 * n, first), (2 * n + 1, second)] {
                    let pairs = _mm512_maddubs_epi16(values, words(&activation.crossed, part));
                    let scale = _mm512_shuffle_epi8(scales, places[part]);
                    whole = _mm512_dpwssd_epi32(whole, pairs, scale);
                }
            }
            let factor = _mm512_set1_ps(d * activation.step);
            sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(whole), factor, sum);
            // SAFETY: eight words are 128 bits.
            let sums = unsafe { _mm_loadu_si128(activation.group_sums.as_ptr().cast()) };
            let offsets = _mm_cvtepu8_epi16(_mm_cvtsi64_si128(as_word(offsets)));
            let offset = _mm_cvtepi32_ps(_mm_madd_epi16(offsets, sums));
            below = _mm_fmadd_ps(offset, _mm_set1_ps(d_min * activation.step), below);
        }
        let whole = _mm512_sub_ps(sum, _mm512_zextps128_ps512(below));
        *out = _mm512_reduce_add_ps(whole);
    }
}

/// A row with each row of activations.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,fma")]
fn q6k_row(few: &Few, blocks: &[[u8; q6k::BYTES]], out: &mut [f32]) {
    let (four, two) = (_mm512_set1_epi8(15), _mm512_set1_epi8(0x30));
    let halves = |first: i16, second: i16| {
        let (first, second) = (_mm256_set1_epi16(first), _mm256_set1_epi16(second));
        _mm512_inserti64x4::<1>(_mm512_castsi256_si512(first), second)
    };
    let (up, down) = (halves(4, 2), halves(0, 2));
    // Each scale becomes the factor of eight words.
    let quarter = _mm512_set_epi64(
        0x0003_0003_0003_0003,
        0x0003_0003_0003_0003,
        0x0002_0002_0002_0002,
        0x0002_0002_0002_0002,
        0x0001_0001_0001_0001,
        0x0001_0001_0001_0001,
        0,
        0,
    );
    for (out, activations) in out.iter_mut().zip(few.blocks.chunks_exact(blocks.len())) {
        let mut sum = _mm512_setzero_ps();
        for (block, activation) in blocks.iter().zip(activations) {
            foresee(block);
            // SAFETY: 16 bytes are 128 bits.
            let scales = unsafe { _mm_loadu_si128(q6k::scales(block).as_ptr().cast()) };
            let scales = _mm256_cvtepi8_epi16(scales);
            let wide = _mm512_castsi256_si512(scales);
            let mut whole = _mm512_setzero_si512();
            for half in 0..2 {
                let (lower, upper) = (&block[64 * half..][..64], &block[128 + 32 * half..][..32]);
                // SAFETY: 64 bytes of lower bits and 32 of upper ones.
                let (lower, upper) = unsafe {
                    (
                        _mm512_loadu_si512(lower.as_ptr().cast()),
                        _mm256_loadu_si256(upper.as_ptr().cast()),
                    )
                };
                let upper = _mm512_broadcast_i64x4(upper);
                let join = |lower: __m512i, upper: __m512i| {
                    _mm512_or_si512(_mm512_and_si512(lower, four), _mm512_and_si512(upper, two))
                };
                let first = join(lower, _mm512_sllv_epi16(upper, up));
                let second = join(
                    _mm512_srli_epi16::<4>(lower),
                    _mm512_srlv_epi16(upper, down),
                );
                for (part, values) in [(2 * half, first), (2 * half + 1, second)] {
                    let pairs = _mm512_maddubs_epi16(values, words(&activation.values, part));
                    let places = _mm512_add_epi16(quarter, _mm512_set1_epi16(4 * part as i16));
                    let scale = _mm512_permutexvar_epi16(places, wide);
                    whole = _mm512_dpwssd_epi32(whole, pairs, scale);
                }
            }
            // SAFETY: 16 words are 256 bits.
            let sums = unsafe { _mm256_loadu_si256(activation.sums.as_ptr().cast()) };
            let offset = _mm256_slli_epi32::<5>(_mm256_madd_epi16(scales, sums));
            whole = _mm512_sub_epi32(whole, _mm512_zextsi256_si512(offset));
            let factor = _mm512_set1_ps(q6k::factor(block) * activation.step);
            sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(whole), factor, sum);
        }
        *out = _mm512_reduce_add_ps(sum);
    }
}

#[cfg(test)]
mod tests {
    use candle_core::quantized::{GgmlDType, QTensor};
    use candle_core::{Device, Tensor};

    use super::*;
    use crate::nn::kernels::{amx, noise};

    #[test]
    fn products_are_those_of_rounded_activations() {
        if !amx::available() {
            return;
        }
        let [rows, width, height] = [3, 768, 37];
        let x = noise(rows * width, 1);
        let few = Few::of(&x, rows);
        let weights = Tensor::from_vec(noise(width * height, 2), (height, width), &Device::Cpu);
        let quantised = |kind| QTensor::quantize(weights.as_ref().unwrap(), kind).unwrap();
        let both = [quantised(GgmlDType::Q4K), quantised(GgmlDType::Q6K)];
        let data = both.each_ref().map(|q| q.data().unwrap());
        let stored = [
            Stored::of(GgmlDType::Q4K, &data[0]).unwrap(),
            Stored::of(GgmlDType::Q6K, &data[1]).unwrap(),
        ];
        for (found, stored) in products(&few, &stored).iter().zip(both) {
            let floats = stored.dequantize(&Device::Cpu).unwrap();
            let floats: Vec<Vec<f32>> = floats.to_vec2().unwrap();
            for (n, found) in found.iter().enumerate() {
                let (row, of) = (n / height, n % height);
                let mut wanted = 0.0;
                for (block, w) in few.blocks[row * 3..].iter().zip(floats[of].chunks(BLOCK)) {
                    for (value, w) in block.values.iter().zip(w) {
                        wanted += f64::from(*value) * f64::from(block.step) * f64::from(*w);
                    }
                }
                assert!(
                    (f64::from(*found) - wanted).abs() < 1e-3,
                    "{found} {wanted}"
                );
            }
        }
        for (block, values) in few.blocks.iter().zip(x.chunks(BLOCK)) {
            for (rounded, value) in block.values.iter().zip(values) {
                assert!((f32::from(*rounded) * block.step - value).abs() <= 0.501 * block.step);
            }
        }
    }
}
