//! From stored PET values to SUV by body weight, or a reason why not.
//!
//! Rules of the QIBA FDG-PET/CT profile: images corrected for attenuation and decay, activity in
//! Bq/mL, and dose, time, half-life and weight all stated. `SUVbw = c · weight / dose(t)` with the
//! weight in g, and `dose(t) = dose · 2^(−t / T½)` for DecayCorrection START (t from injection to
//! the start of the scan) or the injected dose for ADMIN.

use dicom::core::Tag;
use dicom::dictionary_std::tags;
use dicom::object::InMemDicomObject;
use jiff::civil::{Date, DateTime, Time};

use super::dates;
use super::values::{items, number, text, texts};

/// What a PET header says.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct PetHeader {
    pub(super) units: String,
    pub(super) corrections: Vec<String>,
    pub(super) decay_correction: String,
    /// Patient's weight, kg.
    pub(super) weight: Option<f64>,
    /// Injected dose, Bq.
    pub(super) dose: Option<f64>,
    /// Half-life, s.
    pub(super) half_life: Option<f64>,
    pub(super) injection: Option<DateTime>,
    pub(super) injection_time: Option<Time>,
    pub(super) series_start: Option<DateTime>,
    pub(super) acquisition_start: Option<DateTime>,
}

pub(super) fn header(set: &InMemDicomObject) -> PetHeader {
    let tracer = items(set, tags::RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE).first();
    let at = |day: Tag, time: Tag| {
        let day: Date = dates::date(&text(set, day))?;
        Some(day.to_datetime(dates::time(&text(set, time))?))
    };
    PetHeader {
        units: text(set, tags::UNITS),
        corrections: texts(set, tags::CORRECTED_IMAGE),
        decay_correction: text(set, tags::DECAY_CORRECTION),
        weight: number(set, tags::PATIENT_WEIGHT),
        dose: tracer.and_then(|t| number(t, tags::RADIONUCLIDE_TOTAL_DOSE)),
        half_life: tracer.and_then(|t| number(t, tags::RADIONUCLIDE_HALF_LIFE)),
        injection: tracer
            .and_then(|t| dates::date_time(&text(t, tags::RADIOPHARMACEUTICAL_START_DATE_TIME))),
        injection_time: tracer
            .and_then(|t| dates::time(&text(t, tags::RADIOPHARMACEUTICAL_START_TIME))),
        series_start: at(tags::SERIES_DATE, tags::SERIES_TIME),
        acquisition_start: at(tags::ACQUISITION_DATE, tags::ACQUISITION_TIME),
    }
}

/// What stored PET values become.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Uptake {
    /// Multiply rescaled values by this to get SUV by body weight.
    Suv(f64),
    /// Activity concentration, with the reason why there is no SUV.
    Activity(String),
    /// Neither, with the reason.
    Unknown(String),
}

/// Decides for a whole series; `headers` holds one header per slice.
pub(super) fn uptake(headers: &[&PetHeader]) -> Uptake {
    let Some(first) = headers.first() else {
        return Uptake::Unknown("no PET header".to_owned());
    };
    if headers.iter().any(|h| h.units != first.units) {
        return Uptake::Unknown("Units (0054,1001) differ between slices".to_owned());
    }
    match &*first.units {
        "GML" => Uptake::Suv(1.0),
        "BQML" => factor(headers).map_or_else(Uptake::Activity, Uptake::Suv),
        "" => Uptake::Unknown("Units (0054,1001) are not stated".to_owned()),
        other => Uptake::Unknown(format!("Units (0054,1001) are {other}")),
    }
}

fn factor(headers: &[&PetHeader]) -> Result<f64, String> {
    let first = headers[0];
    let same = |h: &&PetHeader| {
        h.weight == first.weight
            && h.dose == first.dose
            && h.half_life == first.half_life
            && h.decay_correction == first.decay_correction
            && h.injection == first.injection
            && h.injection_time == first.injection_time
    };
    if !headers.iter().all(same) {
        return Err("dose, weight or injection time differ between slices".to_owned());
    }
    for needed in ["ATTN", "DECY"] {
        if !first.corrections.iter().any(|c| c == needed) {
            return Err(format!("CorrectedImage (0028,0051) lacks {needed}"));
        }
    }
    let positive = |value: Option<f64>, name: &str| {
        value
            .filter(|v| *v > 0.0)
            .ok_or_else(|| format!("{name} is missing or not positive"))
    };
    let weight = positive(first.weight, "PatientWeight (0010,1030)")?;
    let dose = positive(first.dose, "RadionuclideTotalDose (0018,1074)")?;
    if weight > 700.0 {
        return Err(format!("PatientWeight (0010,1030) is {weight} kg"));
    }
    // Some exports write MBq into an attribute that is defined in Bq.
    if dose < 1e5 {
        return Err(format!(
            "RadionuclideTotalDose (0018,1074) of {dose} Bq is no injected dose"
        ));
    }
    let remaining = match &*first.decay_correction {
        "ADMIN" => 1.0,
        "START" => {
            let half_life = positive(first.half_life, "RadionuclideHalfLife (0018,1075)")?;
            let elapsed = elapsed_s(headers)?;
            if elapsed > 10.0 * half_life {
                return Err(format!("{elapsed:.0} s between injection and scan"));
            }
            (-elapsed / half_life).exp2()
        }
        other => return Err(format!("DecayCorrection (0054,1102) is {other:?}")),
    };
    Ok(weight * 1000.0 / (dose * remaining))
}

/// Seconds from injection to the reference time of decay correction: the series time, unless the
/// series was stamped after its first slice was acquired (post-processing), then that slice's time.
fn elapsed_s(headers: &[&PetHeader]) -> Result<f64, String> {
    let first = headers[0];
    let acquired = headers.iter().filter_map(|h| h.acquisition_start).min();
    let start = match (first.series_start, acquired) {
        (Some(series), Some(acquired)) => series.min(acquired),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => return Err("series and acquisition times are missing".to_owned()),
    };
    let injection = match (first.injection, first.injection_time) {
        (Some(at), _) => at,
        (None, Some(time)) => {
            let same_day = start.date().to_datetime(time);
            if same_day <= start {
                same_day
            } else {
                // Injected before midnight, scanned after it.
                let eve = start.date().yesterday().map_err(|e| e.to_string())?;
                eve.to_datetime(time)
            }
        }
        (None, None) => return Err("the time of injection (0018,1072/1078) is missing".to_owned()),
    };
    let elapsed = start.duration_since(injection).as_secs_f64();
    if elapsed < 0.0 {
        return Err("the injection is dated after the scan".to_owned());
    }
    Ok(elapsed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn complete() -> PetHeader {
        PetHeader {
            units: "BQML".to_owned(),
            corrections: vec!["DECY".to_owned(), "ATTN".to_owned()],
            decay_correction: "START".to_owned(),
            weight: Some(70.0),
            dose: Some(3.7e8),
            half_life: Some(6586.2),
            injection: None,
            injection_time: Some(jiff::civil::time(23, 30, 0, 0)),
            series_start: Some(date(2024, 3, 2).at(0, 30, 0, 0)),
            acquisition_start: Some(date(2024, 3, 2).at(0, 31, 0, 0)),
        }
    }

    #[test]
    fn decay_runs_over_midnight() {
        let expected = 70_000.0 / (3.7e8 * (-3600.0f64 / 6586.2).exp2());
        match uptake(&[&complete()]) {
            Uptake::Suv(factor) => assert!((factor / expected - 1.0).abs() < 1e-12),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_broken_chain_gives_activity_with_a_reason() {
        type Breakage = fn(&mut PetHeader);
        let breakages: [(Breakage, &str); 5] = [
            (|h| h.weight = None, "PatientWeight"),
            (|h| h.dose = Some(370.0), "RadionuclideTotalDose"),
            (|h| h.corrections.clear(), "ATTN"),
            (
                |h| h.decay_correction = "NONE".to_owned(),
                "DecayCorrection",
            ),
            (|h| h.injection_time = None, "injection"),
        ];
        for (breakage, needle) in breakages {
            let mut header = complete();
            breakage(&mut header);
            match uptake(&[&header]) {
                Uptake::Activity(reason) => assert!(reason.contains(needle), "{reason}"),
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn counts_are_not_activity() {
        let header = PetHeader {
            units: "CNTS".to_owned(),
            ..complete()
        };
        assert!(matches!(uptake(&[&header]), Uptake::Unknown(_)));
    }
}
