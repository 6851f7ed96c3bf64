//! New identifiers: UUID version 7, from the time of the command and seeded random bits.

use jiff::Timestamp;
use rand::{RngCore as _, SeedableRng as _};
use rand_chacha::ChaCha12Rng;
use uuid::Uuid;

/// Mints identifiers in rising order, also within a millisecond and when the clock goes back. Two
/// sources with the same seed, start and times mint the same ones.
#[derive(Debug)]
pub(super) struct IdSource {
    random: ChaCha12Rng,
    /// Milliseconds since 1970 and a count within the millisecond of the last identifier.
    last: (u64, u16),
}

/// The count has the 12 bits behind the version (RFC 9562, section 6.2, method 1).
const MAX_COUNT: u16 = 0x0fff;

impl IdSource {
    /// A source for one session that follows the identifiers already in use.
    #[must_use]
    pub(super) fn new(seed: [u8; 32], in_use: impl Iterator<Item = Uuid>) -> Self {
        let last = in_use
            .filter(|id| id.get_version_num() == 7)
            .map(time_and_count)
            .max();
        Self {
            random: ChaCha12Rng::from_seed(seed),
            last: last.unwrap_or_default(),
        }
    }

    /// The next identifier.
    pub(super) fn next(&mut self, now: Timestamp) -> Uuid {
        let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
        let (last, count) = self.last;
        self.last = match () {
            () if millis > last => (millis, 0),
            () if count < MAX_COUNT => (last, count + 1),
            () => (last + 1, 0),
        };
        let mut random = [0; 10];
        self.random.fill_bytes(&mut random);
        random[..2].copy_from_slice(&self.last.1.to_be_bytes());
        uuid::Builder::from_unix_timestamp_millis(self.last.0, &random).into_uuid()
    }
}

fn time_and_count(id: Uuid) -> (u64, u16) {
    let bits = id.as_u128();
    let count = (bits >> 64) as u16 & MAX_COUNT;
    ((bits >> 80) as u64, count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_rise_whatever_the_clock_does() {
        let mut ids = IdSource::new([1; 32], std::iter::empty());
        let at = |ms| Timestamp::from_millisecond(ms).unwrap();
        let mut minted: Vec<Uuid> = (0..9000).map(|_| ids.next(at(1_700_000_000_000))).collect();
        minted.push(ids.next(at(1_600_000_000_000)));
        minted.push(ids.next(at(1_800_000_000_000)));
        let mut later = IdSource::new([2; 32], minted.iter().copied());
        minted.push(later.next(at(1_700_000_000_000)));
        assert!(minted.is_sorted_by(|a, b| a < b));
        assert_eq!(minted[0].get_version_num(), 7);
    }
}
