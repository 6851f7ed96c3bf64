//! eˣ and eˣ − 1, short enough to be inlined and in a form that compilers turn into vector instructions:
//! half the time of a posterior went into exponentials.

use std::f64::consts::{LN_2, LOG2_E};

/// Added and taken away again, it rounds to whole numbers.
const ROUND: f64 = 6_755_399_441_055_744.0;
/// ln 2 in two parts, the first with room for a whole number of eleven bits.
const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// Below and above this a result changes no more: 3e-308 is as good as none, 8e307 as infinity.
const LEAST: f64 = -708.0;
const MOST: f64 = 709.0;

/// eˣ to 5e-16 of itself, the same bits on every machine.
pub(crate) fn exps<const N: usize>(mut x: [f64; N]) -> [f64; N] {
    each(&mut x);
    x
}

/// A loop of unknown length, which is not unrolled before it can be vectorised.
#[inline(never)]
fn each(x: &mut [f64]) {
    for x in x {
        *x = exp(*x);
    }
}

/// eˣ to 5e-16 of itself; Cody and Waite's reduction to |r| ≤ ln(2)/2, there Taylor's polynomial.
#[inline(always)]
pub(crate) fn exp(x: f64) -> f64 {
    // NaN passes both.
    let x = if x < LEAST { LEAST } else { x };
    let x = if x > MOST { MOST } else { x };
    let shifted = x * LOG2_E + ROUND;
    let k = shifted - ROUND;
    let r = (x - k * LN_2_HIGH) - k * LN_2_LOW;
    let scale = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1.0_f64.to_bits()));
    (1.0 + r * taylor(r)) * scale
}

/// eˣ − 1 to 2e-15 of itself.
#[inline(always)]
pub(crate) fn expm1(x: f64) -> f64 {
    if x.abs() < 0.5 * LN_2 {
        x * taylor(x)
    } else {
        exp(x) - 1.0
    }
}

/// (eʳ − 1)/r for |r| ≤ ln(2)/2, by terms up to r¹²; the rest is below 2e-16.
#[inline(always)]
fn taylor(r: f64) -> f64 {
    let (r2, r4) = (r * r, (r * r) * (r * r));
    let a = (1.0 + r * (1.0 / 2.0)) + r2 * (1.0 / 6.0 + r * (1.0 / 24.0));
    let b = (1.0 / 120.0 + r * (1.0 / 720.0)) + r2 * (1.0 / 5040.0 + r * (1.0 / 40_320.0));
    let c = (1.0 / 362_880.0 + r * (1.0 / 3_628_800.0))
        + r2 * (1.0 / 39_916_800.0 + r * (1.0 / 479_001_600.0))
        + r4 * (1.0 / 6_227_020_800.0);
    a + r4 * (b + r4 * c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_library() {
        let mut x = -707.9;
        while x < 709.0 {
            let many = exps([x, 0.5 * x, -0.001 * x, x + 0.01]);
            for (found, at) in many.iter().zip([x, 0.5 * x, -0.001 * x, x + 0.01]) {
                let exact = libm::exp(at);
                assert!((found / exact - 1.0).abs() < 5e-16, "{at}: {found} {exact}");
            }
            x += 0.317;
        }
    }

    #[test]
    fn small_changes_keep_their_digits() {
        let mut x = 1e-300;
        while x < 700.0 {
            for at in [x, -x] {
                let (found, exact) = (expm1(at), libm::expm1(at));
                assert!((found / exact - 1.0).abs() < 2e-15, "{at}: {found} {exact}");
            }
            x *= 1.3;
        }
        assert_eq!(expm1(0.0), 0.0);
    }

    #[test]
    fn has_an_answer_everywhere() {
        let [least, far, near, most, none] =
            exps([f64::NEG_INFINITY, -1e9, 0.0, f64::INFINITY, f64::NAN]);
        assert!(least > 0.0 && least < 1e-307 && far == least);
        assert!(near == 1.0 && most > 1e307 && most.is_finite());
        assert!(none.is_nan());
    }
}
