//! What is to be forecast: the last two scans of long lesions, and every scan as a last one.

use super::data::Lesion;
use crate::twin::forecast::score::LEVELS;

/// Scans that a lesion of the benchmark has at least.
pub(super) const LEAST_SCANS: usize = 6;
/// Scans held out at the end of each.
pub(super) const HELD_OUT: usize = 2;
/// Levels of the 95 % interval, which is reported and not fitted.
pub(super) const WIDE: [f64; 2] = [0.025, 0.975];

/// A reading that is to be forecast.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case {
    /// Place of the lesion among those given.
    pub(super) lesion: usize,
    /// Trial.
    pub(super) study: u8,
    /// Scans before.
    pub(super) scans: usize,
    /// 1 for the next scan, 2 for the one after.
    pub(super) ahead: usize,
    /// Days since the last scan.
    pub(super) horizon: f64,
    /// Last diameter, mm.
    pub(super) last_mm: f64,
    /// The reading, mm.
    pub(super) truth_mm: f64,
    /// Diameter from which the lesion counts as progressing, mm.
    pub(super) progression_mm: f64,
}

/// A forecast: quantiles, mm.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Predicted {
    /// At [`LEVELS`], which are scored.
    pub(super) at: [f64; LEVELS.len()],
    /// At [`WIDE`].
    pub(super) wide: [f64; 2],
    /// Probability that the lesion progresses.
    pub(super) progression: f64,
}

/// The cases of the benchmark, two to a lesion.
pub(super) fn last_scans(lesions: &[Lesion]) -> Vec<Case> {
    let long = lesions
        .iter()
        .enumerate()
        .filter(|(_, lesion)| lesion.scans.len() >= LEAST_SCANS);
    long.flat_map(|(place, lesion)| {
        let scans = lesion.scans.len() - HELD_OUT;
        (1..=HELD_OUT).map(move |ahead| case(place, lesion, scans, ahead))
    })
    .collect()
}

/// Every scan of every lesion as a last one, with up to two later ones: what a forecaster meets from
/// the first scan on.
pub(super) fn every_scan(lesions: &[Lesion]) -> Vec<Case> {
    let mut found = Vec::new();
    for (place, lesion) in lesions.iter().enumerate() {
        let n = lesion.scans.len();
        for scans in 1..n {
            let ahead = HELD_OUT.min(n - scans);
            found.extend((1..=ahead).map(|ahead| case(place, lesion, scans, ahead)));
        }
    }
    found
}

fn case(place: usize, lesion: &Lesion, scans: usize, ahead: usize) -> Case {
    let (last, truth) = (&lesion.scans[scans - 1], &lesion.scans[scans - 1 + ahead]);
    let past = lesion.scans[..scans].iter().map(|s| s.diameter.0);
    Case {
        lesion: place,
        study: lesion.study,
        scans,
        ahead,
        horizon: truth.day.0 - last.day.0,
        last_mm: last.diameter.0,
        truth_mm: truth.diameter.0,
        progression_mm: progression_mm(past.fold(f64::INFINITY, f64::min)),
    }
}

/// Diameter (mm) from which a single lesion counts as progressing: 20 % and 5 mm above its smallest
/// (the rule of RECIST 1.1 for the sum of diameters, applied to one).
fn progression_mm(nadir: f64) -> f64 {
    (1.2 * nadir).max(nadir + 5.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::bench::laleh::data::tests::lesion;

    #[test]
    fn the_last_two_scans_are_held_out() {
        let lesions = [
            lesion(1, &[9.0; 5]),
            lesion(2, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        ];
        let found = last_scans(&lesions);
        assert_eq!(found.len(), 2);
        assert_eq!((found[1].last_mm, found[1].truth_mm), (4.0, 6.0));
        let (scans, ahead, horizon) = (found[1].scans, found[1].ahead, found[1].horizon);
        assert_eq!((scans, ahead, horizon), (4, 2, 84.0));
        assert_eq!(found[1].progression_mm, 6.0);
        assert_eq!(every_scan(&lesions).len(), 7 + 9);
    }

    #[test]
    fn progression_needs_a_fifth_and_five_millimetres() {
        assert_eq!(progression_mm(50.0), 60.0);
        assert_eq!(progression_mm(10.0), 15.0);
        assert_eq!(progression_mm(0.0), 5.0);
    }
}
