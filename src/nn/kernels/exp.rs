//! eˣ without a branch, so that several are worked out at once.

/// 1.5 · 2²³: adding it rounds to a whole number, which then stands in the lowest bits.
const ROUND: f32 = 12_582_912.0;

/// eˣ to 3 parts in 10⁷ between −87 and 88, beyond that its value there: a polynomial of the rest beside a
/// power of two (Moshier's Cephes, expf).
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let rest = (x - n * 0.693_359_4) + n * 2.121_944_4e-4;
    let mut p = 1.987_569_1e-4;
    for c in [
        1.398_199_9e-3,
        8.333_452e-3,
        4.166_579_6e-2,
        0.166_666_65,
        0.5,
    ] {
        p = p * rest + c;
    }
    let power = f32::from_bits(shifted.to_bits().wrapping_add(127) << 23);
    (p * rest * rest + rest + 1.0) * power
}

#[cfg(test)]
mod tests {
    use super::exp;

    #[test]
    fn powers_are_those_of_the_standard_library() {
        for n in -8700..=8800 {
            let x = n as f32 * 0.01;
            let (found, wanted) = (f64::from(exp(x)), f64::from(x).exp());
            assert!((found / wanted - 1.0).abs() < 3e-7, "{x}");
        }
        assert!(exp(-1e30) < 1e-37);
        assert!(exp(0.0).to_bits() == 1.0f32.to_bits());
    }
}
