//! Which studies form one time point: those within seven days of its first study, unless the user
//! split or merged. Studies without a date form a time point per study.

use jiff::civil::Date;

use crate::case::{Records, Series, TimePoint, TimePointId};
use crate::units::Days;

/// Studies up to this far from the first study of a time point belong to it.
pub(super) const WINDOW: Days = Days(7.0);

/// Whole days from `from` to `to`; negative when `to` is earlier.
#[must_use]
pub(super) fn days_between(from: Date, to: Date) -> Days {
    // The difference of two civil dates always fits.
    Days(
        from.until(to)
            .map_or(0.0, |span| f64::from(span.get_days())),
    )
}

/// The time point that a study of this date joins, if there is one.
///
/// Time points that the user made take only studies of exactly their date, so that opening more
/// files never undoes a split.
#[must_use]
pub(super) fn time_point_for<'r>(
    time_points: impl Iterator<Item = &'r TimePoint>,
    date: Date,
) -> Option<TimePointId> {
    time_points
        .filter_map(|t| {
            let distance = days_between(t.date?, date).0.abs();
            let reach = if t.by_user { 0.0 } else { WINDOW.0 };
            (distance <= reach).then_some((distance, t.id))
        })
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, id)| id)
}

/// The patient's time points, oldest first; those without a date last, in order of entry.
#[must_use]
pub(super) fn ordered(records: &Records, patient: crate::case::PatientId) -> Vec<&TimePoint> {
    let mut points: Vec<&TimePoint> = records
        .time_points
        .iter()
        .filter(|t| t.patient == patient)
        .collect();
    points.sort_by_key(|t| (t.date.is_none(), t.date, t.order));
    points
}

/// Date of the first study among these series.
#[must_use]
pub(super) fn first_date<'r>(series: impl Iterator<Item = &'r Series>) -> Option<Date> {
    series.filter_map(|s| s.study_date).min()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use uuid::Uuid;

    use super::*;
    use crate::case::PatientId;

    fn point(n: u128, day: Date, by_user: bool) -> TimePoint {
        TimePoint {
            id: TimePointId(Uuid::from_u128(n)),
            patient: PatientId(Uuid::nil()),
            date: Some(day),
            order: 0,
            by_user,
        }
    }

    #[test]
    fn seven_days_join_eight_do_not() {
        let points = [point(1, date(2024, 2, 26), false)];
        let join = |d| time_point_for(points.iter(), d).is_some();
        assert!(join(date(2024, 3, 4)) && join(date(2024, 2, 19)));
        assert!(!join(date(2024, 3, 5)) && !join(date(2024, 2, 18)));
    }

    #[test]
    fn a_split_time_point_takes_only_its_own_date() {
        let points = [
            point(1, date(2024, 3, 1), false),
            point(2, date(2024, 3, 3), true),
        ];
        let joined = |d| time_point_for(points.iter(), d).map(|t| t.0.as_u128());
        assert_eq!(joined(date(2024, 3, 3)), Some(2));
        assert_eq!(joined(date(2024, 3, 4)), Some(1));
    }

    #[test]
    fn days_cross_months_and_leap_years() {
        assert_eq!(days_between(date(2024, 2, 28), date(2024, 3, 1)), Days(2.0));
        assert_eq!(
            days_between(date(1996, 8, 13), date(1997, 1, 17)),
            Days(157.0)
        );
    }
}
