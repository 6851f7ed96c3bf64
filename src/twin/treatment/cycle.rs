//! The cycle in which doses of a drug were given, for giving them again.
//!
//! A drug given on days 1 and 8 of 21 has gaps of 7, 14, 7, 14 … days: neither their median nor their
//! mean is how it was given. The cycle is the shortest run of gaps that repeats; where none does (delays,
//! too few doses), doses follow each other at their median distance.

use super::COVERED;
use crate::twin::dynamics::dose::Dose;
use crate::twin::stats::quantile;

/// Most doses of one cycle (five days out of 28, or ten).
const MOST_IN_A_CYCLE: usize = 10;
/// A gap counts as that of a cycle before where they differ by no more than this share of it, and by no
/// more than a few days.
const DELAY: f64 = 0.2;
const DELAY_DAYS: [f64; 2] = [0.5, 3.0];
/// Ratio of gaps from which they are not taken for one gap with delays.
const UNLIKE: f64 = 1.5;
/// A gap longer than so many median ones, and than any usual cycle, ends a course.
const BREAK: f64 = 3.0;
/// Days from one dose to the next where there was one alone.
const LONE: f64 = 21.0;

/// One cycle: doses, each with the days until the next.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cycle(Vec<(Dose, f64)>);

impl Cycle {
    /// The cycle of the last course of doses given on these days, in order; `None` without any.
    pub(super) fn of(doses: &[(f64, Dose)]) -> Option<Self> {
        let (_, last) = *doses.last()?;
        let gaps = gaps(doses);
        let mut lengths: Vec<f64> = gaps.iter().copied().filter(|gap| *gap > 0.0).collect();
        lengths.sort_by(f64::total_cmp);
        if lengths.is_empty() {
            return Some(Self(vec![(last, LONE)]));
        }
        let median = quantile(&lengths, 0.5);
        let ends = |gap: &f64| *gap > COVERED.max(BREAK * median);
        let begin = gaps.iter().rposition(ends).map_or(0, |at| at + 1);
        let course = Self::repeating(&doses[begin..], &gaps[begin..]);
        Some(course.unwrap_or_else(|| Self(vec![(last, median)])))
    }

    /// The shortest run of gaps that comes again, begun after its longest gap: the rest of a cycle
    /// stands at its end.
    fn repeating(doses: &[(f64, Dose)], gaps: &[f64]) -> Option<Self> {
        let alike = |a: f64, b: f64| {
            let [least, most] = DELAY_DAYS;
            (a - b).abs() <= (DELAY * a.max(b)).clamp(least, most)
        };
        // One delay makes a course look like a cycle that was begun twice: unlike gaps must be clearly
        // so, or come three times.
        let is_seen = |n: usize| {
            let shortest = gaps.iter().copied().fold(f64::INFINITY, f64::min);
            let longest = gaps.iter().copied().fold(0.0, f64::max);
            let times = if longest >= UNLIKE * shortest { 2 } else { 3 };
            n == 1 || gaps.len() + 1 >= times * n
        };
        let n = (1..=MOST_IN_A_CYCLE).find(|n| {
            let mut pairs = gaps.iter().zip(gaps.iter().skip(*n)).peekable();
            pairs.peek().is_some() && is_seen(*n) && pairs.all(|(a, b)| alike(*a, *b))
        })?;
        let phases: Vec<(Dose, f64)> = (0..n)
            .map(|phase| {
                let mut lengths: Vec<f64> = gaps.iter().skip(phase).step_by(n).copied().collect();
                lengths.sort_by(f64::total_cmp);
                let dose = doses.iter().skip(phase).step_by(n).next_back();
                Some((dose?.1, quantile(&lengths, 0.5)))
            })
            .collect::<Option<_>>()?;
        // Doses of one instant are no cycle.
        if phases.iter().map(|(_, gap)| gap).sum::<f64>() <= 0.0 {
            return None;
        }
        let longest = phases.iter().map(|(_, gap)| *gap).fold(0.0, f64::max);
        // Where all gaps are alike the last ends the cycle, so that it begins with the course.
        let rest = phases.iter().rposition(|(_, gap)| *gap == longest)?;
        let mut cycle = phases;
        cycle.rotate_left((rest + 1) % n);
        Some(Self(cycle))
    }

    /// Days and doses from a day on, cycle after cycle.
    pub(super) fn from(&self, day: f64) -> impl Iterator<Item = (f64, Dose)> {
        self.0.iter().cycle().scan(day, |next, (dose, gap)| {
            let day = *next;
            *next += gap;
            Some((day, *dose))
        })
    }
}

fn gaps(doses: &[(f64, Dose)]) -> Vec<f64> {
    doses.windows(2).map(|pair| pair[1].0 - pair[0].0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn again(days: &[f64], n: usize) -> Vec<f64> {
        let doses: Vec<(f64, Dose)> = days.iter().map(|d| (*d, Dose::mg(100.0))).collect();
        let cycle = Cycle::of(&doses).unwrap();
        cycle.from(0.0).take(n).map(|(day, _)| day).collect()
    }

    #[test]
    fn days_1_and_8_of_21_come_again_as_such() {
        let given = [0.0, 7.0, 21.0, 28.0, 42.0, 49.0];
        assert_eq!(again(&given, 5), [0.0, 7.0, 21.0, 28.0, 42.0]);
        // Two cycles are enough, and one that was broken off after its first dose is begun anew.
        assert_eq!(again(&given[..4], 4), [0.0, 7.0, 21.0, 28.0]);
        assert_eq!(again(&given[..5], 4), [0.0, 7.0, 21.0, 28.0]);
    }

    #[test]
    fn one_delay_is_no_cycle() {
        for (given, gap) in [
            (&[0.0, 21.0, 42.0, 70.0, 91.0][..], 21.0),
            (&[0.0, 7.0, 14.0, 28.0, 35.0], 7.0),
            (&[0.0, 21.0, 49.0, 70.0], 21.0),
        ] {
            assert_eq!(again(given, 3), [0.0, gap, 2.0 * gap], "{given:?}");
        }
    }

    #[test]
    fn longer_cycles_and_plain_ones_are_found() {
        assert_eq!(again(&[0.0, 21.0, 42.0], 3), [0.0, 21.0, 42.0]);
        let three_of_four = [0.0, 7.0, 14.0, 28.0, 35.0, 42.0, 56.0];
        assert_eq!(again(&three_of_four, 6), [0.0, 7.0, 14.0, 28.0, 35.0, 42.0]);
        let days: Vec<f64> = (0..3)
            .flat_map(|c| (0..5).map(move |d| f64::from(28 * c + d)))
            .collect();
        assert_eq!(again(&days, 7), [0.0, 1.0, 2.0, 3.0, 4.0, 28.0, 29.0]);
        // Monday, Wednesday and Friday, begun on a Wednesday: weeks, not a median of two days.
        let week = again(&[0.0, 2.0, 5.0, 7.0, 9.0, 12.0, 14.0], 4);
        assert_eq!(week[3], 7.0);
    }

    #[test]
    fn a_delay_of_days_does_not_hide_the_cycle() {
        let late = [0.0, 7.0, 21.0, 28.0, 45.0, 52.0, 66.0];
        assert_eq!(again(&late, 4), [0.0, 7.0, 21.0, 28.0]);
        assert_eq!(again(&[0.0, 21.0, 43.0, 64.0], 3), [0.0, 21.0, 42.0]);
    }

    #[test]
    fn an_earlier_course_is_another() {
        let given = [0.0, 21.0, 42.0, 300.0, 307.0, 321.0, 328.0];
        assert_eq!(again(&given, 4), [0.0, 7.0, 21.0, 28.0]);
    }

    #[test]
    fn where_nothing_repeats_the_median_gap_does() {
        assert_eq!(again(&[0.0, 14.0, 40.0], 2), [0.0, 20.0]);
        assert_eq!(again(&[0.0, 7.0], 3), [0.0, 7.0, 14.0]);
        assert_eq!(again(&[5.0], 3), [0.0, 21.0, 42.0]);
        assert_eq!(again(&[5.0, 5.0], 2), [0.0, 21.0]);
        assert_eq!(Cycle::of(&[]), None);
    }

    #[test]
    fn each_day_of_a_cycle_keeps_its_own_dose() {
        let days = [0.0, 7.0, 21.0, 28.0, 42.0, 49.0];
        let doses: Vec<(f64, Dose)> = days
            .iter()
            .zip([1000.0, 800.0, 1000.0, 800.0, 900.0, 700.0])
            .map(|(day, mg)| (*day, Dose::mg(mg)))
            .collect();
        let cycle = Cycle::of(&doses).unwrap();
        let amounts: Vec<f64> = cycle.from(0.0).take(3).map(|(_, d)| d.amount).collect();
        assert_eq!(amounts, [900.0, 700.0, 900.0]);
    }
}
