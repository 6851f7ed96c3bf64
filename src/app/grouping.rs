//! Which studies form one time point: those within seven days of its first study, unless the user
//! split or merged. Studies without a date form a time point per study; files without date or study
//! (NIfTI) one per grid of a folder.

use std::path::Path;

use jiff::civil::Date;

use crate::case::{Records, Series, TimePoint, TimePointId};
use crate::geometry::Grid;
use crate::open::Item;
use crate::units::{Days, Mm};

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

/// How far voxels of two files may lie apart that are images of one visit.
const SAME_GRID: Mm = Mm(1e-3);

/// Whether two files that state neither date nor study are images of one visit: they lie in one
/// folder, their voxels at the same places, and their names tell no different dates or sessions. A
/// second examination never has the very grid of the first, unless it was brought to it; then names
/// or folders have to tell them apart. Where a file does not say where its voxels are, equal grids
/// mean nothing.
pub(super) fn is_same_visit(a: &Item, b: &Item) -> bool {
    let (Some(p), Some(q)) = (a.paths.first(), b.paths.first()) else {
        return false;
    };
    let (Some(grid), Some(other)) = (&a.grid, &b.grid) else {
        return false;
    };
    let placed = |grid: &Grid| grid.is_orientation_known() && grid.is_calibrated();
    is_named_alike(p, q)
        && placed(grid)
        && placed(other)
        && grid.shape() == other.shape()
        && grid.matches(other, SAME_GRID)
}

/// As [`is_same_visit`], of an item and a series of the record whose files were not read again.
pub(super) fn may_be_same_visit(item: &Item, series: &Series, file: &Path) -> bool {
    let (Some(path), Some(grid)) = (item.paths.first(), &item.grid) else {
        return false;
    };
    let spacing = grid.spacing_mm();
    let near = |n: usize| (spacing[n].0 - series.spacing_mm[n]).abs() <= SAME_GRID.0;
    is_named_alike(path, file)
        && grid.is_orientation_known()
        && grid.is_calibrated()
        && series.calibrated
        && grid.shape() == series.shape
        && (0..3).all(near)
}

/// Whether two files lie in one folder and their names tell no different dates or sessions.
fn is_named_alike(p: &Path, q: &Path) -> bool {
    p.parent() == q.parent() && named_date(p) == named_date(q) && session(p) == session(q)
}

/// The session that BIDS puts into the names of files: `ses-02`.
fn session(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_string_lossy().to_lowercase();
    let mut parts = name.split(['_', '.']);
    parts.find(|p| p.starts_with("ses-")).map(str::to_owned)
}

/// A date in the name of a file: `20240301`, perhaps with the time behind it, `2024-03-01`, or with
/// `_` or `.` between.
fn named_date(path: &Path) -> Option<Date> {
    let name = path.file_name()?.to_string_lossy().into_owned();
    let parts: Vec<&str> = name
        .split(|c: char| !c.is_ascii_digit())
        .filter(|part| !part.is_empty())
        .collect();
    let date = |y: &str, m: &str, d: &str| {
        let year: i16 = y.parse().ok().filter(|y| (1950..2100).contains(y))?;
        Date::new(year, m.parse().ok()?, d.parse().ok()?).ok()
    };
    let whole = parts.iter().filter(|p| matches!(p.len(), 8 | 12 | 14));
    let mut whole = whole.filter_map(|p| date(&p[..4], &p[4..6], &p[6..8]));
    whole.next().or_else(|| {
        parts.windows(3).find_map(|w| match w {
            [y, m, d] if y.len() == 4 && m.len() == 2 && d.len() == 2 => date(y, m, d),
            _ => None,
        })
    })
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
    fn dates_are_found_in_names() {
        for (name, day) in [
            ("P7_20240301_T1.nii.gz", Some(date(2024, 3, 1))),
            ("2024-03-01 FLAIR.nii", Some(date(2024, 3, 1))),
            ("2024_03_01.nii", Some(date(2024, 3, 1))),
            ("sub-01_ses-02_T1w.nii.gz", None),
            ("12345678.nii", None),
            ("2024-13-01.nii", None),
        ] {
            assert_eq!(named_date(Path::new(name)), day, "{name}");
        }
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
