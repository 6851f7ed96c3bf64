//! The sums that were measured.

use super::NoSum;
use crate::twin::outlook::USUAL_INTERVAL;
use crate::twin::stats::{mean, quantile};
use crate::units::{Days, Mm};

/// Days within which targets were measured at one scan: twice the week that trials allow.
pub(super) const SAME_SCAN: f64 = 14.0;
/// Below this diameter (mm) a lesion is too small to measure.
pub(super) const TOO_SMALL: f64 = 5.0;

/// What every target counted at one scan.
#[derive(Clone, Debug, PartialEq)]
pub struct Scan {
    /// The day after baseline.
    pub day: Days,
    /// Diameter per target: 5 mm where it was too small to measure, 0 where it was gone; `None` where
    /// it was not assessed.
    pub counted: Vec<Option<Mm>>,
}

/// Scans of the readings of each target (day, and the diameter that counts), in any order.
///
/// Readings belong to one scan while they lie within 14 days and no target has another of a later
/// day; readings of a target on one day count by their mean. The day of a scan is that of its last
/// reading.
#[must_use]
pub fn scans_of(targets: &[Vec<(Days, Mm)>]) -> Vec<Scan> {
    let mut readings: Vec<(f64, usize, f64)> = Vec::new();
    for (target, read) in targets.iter().enumerate() {
        let mut read: Vec<(f64, f64)> = read.iter().map(|(day, d)| (day.0, d.0)).collect();
        read.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        for of_day in read.chunk_by(|a, b| a.0 == b.0) {
            let sizes: Vec<f64> = of_day.iter().map(|(_, d)| *d).collect();
            readings.push((of_day[0].0, target, mean(&sizes)));
        }
    }
    readings.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut scans: Vec<(f64, Scan)> = Vec::new();
    for (day, target, diameter) in readings {
        let same = scans
            .last_mut()
            .filter(|(first, scan)| day - first <= SAME_SCAN && scan.counted[target].is_none());
        match same {
            Some((_, scan)) => {
                scan.day = Days(day);
                scan.counted[target] = Some(Mm(diameter));
            }
            None => {
                let mut counted = vec![None; targets.len()];
                counted[target] = Some(Mm(diameter));
                let day = Days(day);
                scans.push((day.0, Scan { day, counted }));
            }
        }
    }
    scans.into_iter().map(|(_, scan)| scan).collect()
}

/// The sums so far, decided on whole tenths of a millimetre as RECIST sums are elsewhere.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    /// Day of the last scan.
    pub(super) day: f64,
    /// Median time between scans that have a sum.
    pub(super) interval: f64,
    /// mm that each target counted at the last scan.
    pub(super) last: Vec<f64>,
    /// Tenths.
    current: i64,
    nadir: i64,
}

impl Measured {
    pub(super) fn of(scans: &[Scan], targets: usize) -> Result<Self, NoSum> {
        let mut ordered: Vec<&Scan> = scans.iter().collect();
        ordered.sort_by(|a, b| a.day.0.total_cmp(&b.day.0));
        let tenths = |d: &Mm| (10.0 * d.0).round() as i64;
        let sum = |scan: &Scan| -> Option<i64> {
            let each = scan.counted.iter().map(|d| d.as_ref().map(tenths));
            each.sum::<Option<i64>>()
                .filter(|_| scan.counted.len() == targets)
        };
        ordered
            .first()
            .and_then(|scan| sum(scan))
            .ok_or(NoSum::NoBaseline)?;
        let latest = ordered.last().ok_or(NoSum::NoLastSum)?;
        let current = sum(latest).ok_or(NoSum::NoLastSum)?;
        let summed: Vec<(f64, i64)> = ordered
            .iter()
            .filter_map(|scan| Some((scan.day.0, sum(scan)?)))
            .collect();
        let nadir = summed.iter().fold(current, |low, (_, sum)| low.min(*sum));
        let mut intervals: Vec<f64> = summed
            .windows(2)
            .map(|pair| pair[1].0 - pair[0].0)
            .filter(|days| *days > 0.0)
            .collect();
        intervals.sort_by(f64::total_cmp);
        Ok(Self {
            day: latest.day.0,
            interval: if intervals.is_empty() {
                USUAL_INTERVAL
            } else {
                quantile(&intervals, 0.5)
            },
            last: latest.counted.iter().flatten().map(|d| d.0).collect(),
            current,
            nadir,
        })
    }

    /// mm.
    pub(super) fn current(&self) -> f64 {
        self.current as f64 / 10.0
    }

    /// mm.
    pub(super) fn nadir(&self) -> f64 {
        self.nadir as f64 / 10.0
    }

    /// The sum (mm) that counts as progression.
    pub(super) fn threshold(&self) -> f64 {
        ((12 * self.nadir).max(10 * self.nadir + 500)) as f64 / 100.0
    }

    /// Whether the last sum is progression against the smallest one.
    pub(super) fn reached(&self) -> bool {
        10 * self.current >= (12 * self.nadir).max(10 * self.nadir + 500)
    }

    /// What a target counts when its diameter (mm) is `d`.
    pub(super) fn counted(&self, target: usize, d: f64) -> f64 {
        if d >= TOO_SMALL {
            d
        } else {
            self.last[target].min(TOO_SMALL)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(points: &[(f64, f64)]) -> Vec<(Days, Mm)> {
        points.iter().map(|(t, d)| (Days(*t), Mm(*d))).collect()
    }

    fn counted(scan: &Scan) -> Vec<Option<f64>> {
        scan.counted.iter().map(|d| d.map(|d| d.0)).collect()
    }

    #[test]
    fn readings_of_one_visit_are_one_scan() {
        let found = scans_of(&[
            read(&[(42.0, 18.0), (0.0, 20.0), (0.0, 22.0), (90.0, 19.0)]),
            read(&[(3.0, 30.0), (40.0, 31.0)]),
        ]);
        assert_eq!(found.len(), 3);
        assert_eq!(found[0].day, Days(3.0));
        assert_eq!(counted(&found[0]), [Some(21.0), Some(30.0)]);
        assert_eq!(counted(&found[1]), [Some(18.0), Some(31.0)]);
        assert_eq!(counted(&found[2]), [Some(19.0), None]);
    }

    #[test]
    fn weekly_scans_of_a_target_stay_apart() {
        let found = scans_of(&[read(&[(0.0, 20.0), (7.0, 21.0), (14.0, 22.0)])]);
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn thresholds_are_those_of_the_smallest_sum() {
        let scan = |day: f64, sizes: [Option<f64>; 2]| Scan {
            day: Days(day),
            counted: sizes.map(|d| d.map(Mm)).to_vec(),
        };
        let scans = [
            scan(0.0, [Some(30.0), Some(20.0)]),
            scan(42.0, [Some(20.0), Some(15.0)]),
            scan(63.0, [Some(1.0), None]),
            scan(90.0, [Some(26.0), Some(16.0)]),
        ];
        let found = Measured::of(&scans, 2).unwrap();
        assert_eq!((found.nadir(), found.current()), (35.0, 42.0));
        assert_eq!((found.threshold(), found.reached()), (42.0, true));
        assert_eq!((found.day, found.interval), (90.0, 45.0));
        assert!(matches!(
            Measured::of(&scans[..3], 2),
            Err(NoSum::NoLastSum)
        ));
        assert!(matches!(
            Measured::of(&scans[2..], 2),
            Err(NoSum::NoBaseline)
        ));
        // Small sums need 5 mm.
        let small = Measured::of(&[scan(0.0, [Some(6.0), Some(4.0)])], 2).unwrap();
        assert_eq!((small.threshold(), small.reached()), (15.0, false));
        assert_eq!((small.counted(0, 3.0), small.counted(1, 3.0)), (5.0, 4.0));
        assert_eq!((small.counted(0, 7.0), small.interval), (7.0, 42.0));
    }
}
