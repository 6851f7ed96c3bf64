//! Q4_K: 256 values of four bits in eight groups of 32, each with a scale and an offset of six bits
//! (ggml's block_q4_K).

use std::arch::x86_64::*;

use half::f16;

use super::{Row, lanes};

/// Two half-precision factors, twelve bytes of scales and offsets, 128 bytes of values.
pub(in crate::nn::kernels) const BYTES: usize = 144;

/// Scales and offsets of the groups, six bits each.
#[inline(always)]
pub(in crate::nn::kernels) fn scales(block: &[u8; BYTES]) -> [[u8; 8]; 2] {
    let word = |n: usize| {
        let at = 4 + 4 * n;
        u32::from_le_bytes([block[at], block[at + 1], block[at + 2], block[at + 3]])
    };
    let (a, b, c) = (word(0), word(1), word(2));
    let join = |low: u32, high: u32| {
        let both = u64::from(low) | u64::from(high) << 32;
        both.to_le_bytes()
    };
    let (low, top) = (0x3f3f_3f3f, 0x0303_0303);
    [
        join(a & low, (c & 0x0f0f_0f0f) | ((a >> 6) & top) << 4),
        join(b & low, ((c >> 4) & 0x0f0f_0f0f) | ((b >> 6) & top) << 4),
    ]
}

/// Factor of the scales and of the offsets.
#[inline(always)]
pub(in crate::nn::kernels) fn factors(block: &[u8; BYTES]) -> [f32; 2] {
    [
        f16::from_le_bytes([block[0], block[1]]).to_f32(),
        f16::from_le_bytes([block[2], block[3]]).to_f32(),
    ]
}

/// A group has only 16 different values: they are worked out and rounded, and then looked up.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512bf16,avx512vl")]
pub(super) fn fill(block: &[u8; BYTES], row: &mut Row) {
    let [d, d_min] = factors(block);
    let [scales, offsets] = scales(block);
    let counted = _mm512_set_ps(
        15.0, 14.0, 13.0, 12.0, 11.0, 10.0, 9.0, 8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0, 0.0,
    );
    let (values, _) = block[16..].as_chunks::<32>();
    let low = _mm256_set1_epi8(15);
    for (pair, values) in values.iter().enumerate() {
        let table = |group: usize| {
            let scale = _mm512_set1_ps(d * f32::from(scales[group]));
            let offset = _mm512_set1_ps(d_min * f32::from(offsets[group]));
            _mm512_fmsub_ps(counted, scale, offset)
        };
        let tables = _mm512_cvtne2ps_pbh(table(2 * pair + 1), table(2 * pair));
        let tables = lanes::as_bits(tables);
        // SAFETY: 32 bytes are 256 bits.
        let both = unsafe { _mm256_loadu_si256(values.as_ptr().cast()) };
        let first = _mm512_cvtepu8_epi16(_mm256_and_si256(both, low));
        let second = _mm256_and_si256(_mm256_srli_epi16::<4>(both), low);
        let second = _mm512_cvtepu8_epi16(_mm256_or_si256(second, _mm256_set1_epi8(16)));
        row.put(2 * pair, 0, _mm512_permutexvar_epi16(first, tables));
        row.put(2 * pair + 1, 0, _mm512_permutexvar_epi16(second, tables));
    }
}
