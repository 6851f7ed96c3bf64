//! Choosing tokens.

use crate::nn::sampling::{Sampler, Sampling};

fn drawn(sampling: Sampling, logits: &[f32], n: usize) -> Vec<u32> {
    // A sampler for each draw, so that what was written does not count.
    let draw = |seed| {
        let sampling = Sampling { seed, ..sampling };
        Sampler::new(sampling, &[])
            .pick(&mut logits.to_vec())
            .unwrap()
    };
    (0..n as u64).map(draw).collect()
}

#[test]
fn without_temperature_the_largest_is_taken_and_of_equals_the_first() {
    let greedy = Sampling::default();
    assert_eq!(drawn(greedy, &[0.0, 3.0, 3.0, f32::NEG_INFINITY], 1), [1]);
}

#[test]
fn draws_have_the_shares_of_the_softmax() {
    let logits: [f32; 5] = [1.0, 0.0, -1.0, 2.0, 0.5];
    for temperature in [0.7, 1.0, 2.0] {
        let sampling = Sampling {
            temperature,
            ..Sampling::default()
        };
        let weights = logits.map(|l| (f64::from(l) / temperature).exp());
        let all: f64 = weights.iter().sum();
        let n = 20_000;
        let mut counts = [0.0; 5];
        for token in drawn(sampling, &logits, n) {
            counts[token as usize] += 1.0;
        }
        let expected = weights.map(|w| w / all * n as f64);
        let chi: f64 = counts
            .iter()
            .zip(expected)
            .map(|(c, e)| (c - e) * (c - e) / e)
            .sum();
        // Four degrees of freedom: above this once in a thousand times.
        assert!(chi < 18.47, "{temperature}: {chi}");
    }
}

#[test]
fn only_the_largest_are_drawn_where_asked_for() {
    let logits: [f32; 4] = [2.0, 1.0, 0.0, -1.0];
    let hot = Sampling {
        temperature: 1.0,
        ..Sampling::default()
    };
    let most = |sampling| drawn(sampling, &logits, 2000).into_iter().max();
    assert_eq!(most(Sampling { top_k: 2, ..hot }), Some(1));
    // The shares are 0.644, 0.237, 0.087, 0.032.
    assert_eq!(most(Sampling { top_p: 0.6, ..hot }), Some(0));
    assert_eq!(most(Sampling { top_p: 0.7, ..hot }), Some(1));
    assert_eq!(most(Sampling { top_p: 0.9, ..hot }), Some(2));
    assert_eq!(most(hot), Some(3));
}

#[test]
fn what_was_written_is_less_likely_with_a_penalty() {
    let penalty = Sampling {
        repetition_penalty: 2.0,
        ..Sampling::default()
    };
    let mut sampler = Sampler::new(penalty, &[1]);
    assert_eq!(sampler.pick(&mut [1.0, 1.9, 0.5]), Some(0));
    // Both were written now: 0.5, 0.95 and 0.5, of which 1 is the largest.
    assert_eq!(sampler.pick(&mut [1.0, 1.9, 0.5]), Some(1));
    // Negative logits fall as well.
    assert_eq!(sampler.pick(&mut [-1.0, -1.0, -1.5]), Some(2));
}

#[test]
fn the_same_seed_draws_the_same() {
    let logits: Vec<f32> = (0..100).map(|n| (n as f32 * 0.37).sin()).collect();
    let hot = Sampling {
        temperature: 1.0,
        ..Sampling::default()
    };
    assert_eq!(drawn(hot, &logits, 50), drawn(hot, &logits, 50));
}

#[test]
fn what_is_no_number_is_told() {
    let mut sampler = Sampler::new(Sampling::default(), &[]);
    assert_eq!(sampler.pick(&mut [0.0, f32::NAN]), None);
    assert_eq!(sampler.pick(&mut [0.0, f32::INFINITY]), None);
    assert_eq!(sampler.pick(&mut [f32::NEG_INFINITY; 2]), None);
    for wrong in [
        Sampling {
            temperature: -1.0,
            ..Sampling::default()
        },
        Sampling {
            temperature: f64::NAN,
            ..Sampling::default()
        },
        Sampling {
            top_p: 0.0,
            ..Sampling::default()
        },
        Sampling {
            repetition_penalty: 0.0,
            ..Sampling::default()
        },
    ] {
        assert!(wrong.check().is_err());
    }
}
