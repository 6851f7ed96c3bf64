//! Random numbers with the same bits everywhere.

use std::f64::consts::PI;

use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A stream of random numbers.
#[derive(Clone, Debug)]
pub(in crate::twin) struct Random {
    stream: ChaCha8Rng,
    /// The second normal of a pair.
    spare: Option<f64>,
}

impl Random {
    /// The stream of a seed.
    #[must_use]
    pub(in crate::twin) fn new(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self {
            stream: rng,
            spare: None,
        }
    }

    /// Uniform on (0, 1], with 53 bits.
    pub(in crate::twin) fn uniform(&mut self) -> f64 {
        ((self.stream.next_u64() >> 11) + 1) as f64 / (1_u64 << 53) as f64
    }

    /// Standard normal (Box and Muller).
    pub(in crate::twin) fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let radius = libm::sqrt(-2.0 * libm::log(self.uniform()));
        let (sin, cos) = libm::sincos(2.0 * PI * self.uniform());
        self.spare = Some(radius * sin);
        radius * cos
    }

    /// χ² with four degrees of freedom.
    pub(in crate::twin) fn chi_square_4(&mut self) -> f64 {
        -2.0 * libm::log(self.uniform() * self.uniform())
    }
}
