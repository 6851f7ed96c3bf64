//! New identifiers: UUID version 7, from the time of the command and seeded random bits.

use jiff::Timestamp;
use rand::{RngCore as _, SeedableRng as _};
use rand_chacha::ChaCha12Rng;
use uuid::Uuid;

/// Mints identifiers. Two sources with the same seed and the same times mint the same ones.
#[derive(Debug)]
pub(super) struct IdSource(ChaCha12Rng);

impl IdSource {
    /// A source for one session.
    #[must_use]
    pub(super) fn new(seed: [u8; 32]) -> Self {
        Self(ChaCha12Rng::from_seed(seed))
    }

    /// The next identifier.
    pub(super) fn next(&mut self, now: Timestamp) -> Uuid {
        let mut random = [0; 10];
        self.0.fill_bytes(&mut random);
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
    }
}
