//! Q6_K: 256 values of six bits in 16 groups of 16, each with a scale of eight bits (ggml's block_q6_K).

use std::arch::x86_64::*;

use half::f16;

use super::{Row, lanes};

/// 128 bytes of lower and 64 of upper bits, 16 scales, one half-precision factor.
pub(in crate::nn::kernels) const BYTES: usize = 210;

/// Factor of the scales.
#[inline(always)]
pub(in crate::nn::kernels) fn factor(block: &[u8; BYTES]) -> f32 {
    f16::from_le_bytes([block[208], block[209]]).to_f32()
}

/// Scales of the groups.
#[inline(always)]
pub(in crate::nn::kernels) fn scales(block: &[u8; BYTES]) -> &[u8; 16] {
    let (scales, _) = block[192..].as_chunks::<16>();
    &scales[0]
}

/// Values 0 to 63 of half a block, 32 and 32 and so on; what they mean is less by 32.
#[inline]
#[target_feature(enable = "avx512f,avx512vl")]
pub(in crate::nn::kernels) fn values(block: &[u8; BYTES], half: usize) -> [__m256i; 4] {
    let (low, high) = (
        &block[64 * half..64 * half + 64],
        &block[128 + 32 * half..][..32],
    );
    // SAFETY: 64 bytes of lower bits, 32 of upper ones.
    let (a, b, top) = unsafe {
        (
            _mm256_loadu_si256(low.as_ptr().cast()),
            _mm256_loadu_si256(low.as_ptr().add(32).cast()),
            _mm256_loadu_si256(high.as_ptr().cast()),
        )
    };
    let (four, two) = (_mm256_set1_epi8(15), _mm256_set1_epi8(0x30));
    let join = |low: __m256i, high: __m256i| {
        _mm256_or_si256(_mm256_and_si256(low, four), _mm256_and_si256(high, two))
    };
    [
        join(a, _mm256_slli_epi16::<4>(top)),
        join(b, _mm256_slli_epi16::<2>(top)),
        join(_mm256_srli_epi16::<4>(a), top),
        join(_mm256_srli_epi16::<4>(b), _mm256_srli_epi16::<2>(top)),
    ]
}

#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512bf16,avx512vl")]
pub(super) fn fill(block: &[u8; BYTES], row: &mut Row) {
    let d = factor(block);
    let scales = scales(block);
    for half in 0..2 {
        for (quarter, values) in values(block, half).into_iter().enumerate() {
            let step = 4 * half + quarter;
            let centred = _mm256_sub_epi8(values, _mm256_set1_epi8(32));
            let scaled = |group: usize, values: __m128i| {
                let scale = d * f32::from(scales[group].cast_signed());
                let values = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(values));
                _mm512_mul_ps(values, _mm512_set1_ps(scale))
            };
            let low = scaled(2 * step, _mm256_castsi256_si128(centred));
            let high = scaled(2 * step + 1, _mm256_extracti128_si256::<1>(centred));
            row.put(step, 0, lanes::as_bits(_mm512_cvtne2ps_pbh(high, low)));
        }
    }
}
