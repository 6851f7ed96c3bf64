//! From stored PET values to standardised uptake values, or a reason why not.
//!
//! Rules of the QIBA FDG-PET/CT profile: images corrected for attenuation and decay, activity in
//! Bq/mL, and dose, time, half-life and weight all stated. `SUVbw = c · weight / dose(t)` with the
//! weight in g, and `dose(t) = dose · 2^(−t / T½)` for DecayCorrection START (t from injection to
//! the start of the scan) or the injected dose for ADMIN. SUVlbm takes the lean body mass in place
//! of the weight, SUVbsa the body surface in cm².
//!
//! The start of the scan is the series time where that is not later than the earliest acquisition.
//! A later one stamps a reconstruction; then the scanner's own time is taken (Siemens (0071,1022),
//! GE (0009,100D)), else the earliest acquisition, which is named.

mod body;
mod header;
mod time;

use std::sync::Arc;

use crate::open::uptake::{PetStated, Uptake};
use crate::volume::PetStatement;
use body::Sex;
pub(super) use header::{PetHeader, header};
use time::{elapsed_s, scan_start};

/// The headers of the slices of one PET series.
#[derive(Clone, Debug)]
pub(in crate::open) struct PetHeaders(Arc<[PetHeader]>);

impl PetHeaders {
    pub(super) fn new(headers: Vec<PetHeader>) -> Option<Self> {
        (!headers.is_empty()).then(|| Self(headers.into()))
    }

    /// What the first slice states of patient and tracer; others that differ allow no SUV.
    pub(in crate::open) fn stated(&self) -> PetStated {
        self.0
            .first()
            .map_or_else(PetStated::default, |h| PetStated {
                weight_kg: h.weight,
                height_m: h.height,
                dose_bq: h.dose,
            })
    }

    /// Decides with what a reader states in place of the headers; `Err` says why values cannot be
    /// counted so.
    pub(in crate::open) fn restated(&self, stated: &PetStatement) -> Result<Decision, String> {
        let scanner_counted = |h: &PetHeader| match &*h.units {
            "BQML" => false,
            "CNTS" => h.counts_to_suv.is_some(),
            _ => true,
        };
        let replaces = stated.weight_kg.is_some() || stated.dose_bq.is_some();
        if replaces && self.0.iter().all(scanner_counted) {
            return Err(
                "the values are SUV as the scanner counted them: its body weight and dose are in \
                 them already"
                    .to_owned(),
            );
        }
        let edited: Vec<PetHeader> = self
            .0
            .iter()
            .map(|h| PetHeader {
                weight: stated.weight_kg.or(h.weight),
                height: stated.height_m.or(h.height),
                dose: stated.dose_bq.or(h.dose),
                ..h.clone()
            })
            .collect();
        if stated.height_m.is_some() && edited.iter().any(|h| plausible_height(h).is_none()) {
            return Err("the stated height is no body height".to_owned());
        }
        Ok(uptake(&edited.iter().collect::<Vec<_>>()))
    }
}

/// What rescaled PET values become.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::open) struct Decision {
    /// Factors from activity (from rescaled values where those are SUV already).
    pub(in crate::open) factors: Uptake,
    /// Where counts are stored: a factor from rescaled counts to activity for each slice.
    pub(super) to_activity: Option<Vec<f64>>,
    /// What the user must know; the first says why there is no SUV where there is none.
    pub(in crate::open) notes: Vec<String>,
}

/// Decides for a whole stack; `headers` holds one header per slice.
pub(super) fn uptake(headers: &[&PetHeader]) -> Decision {
    let mut decision = Decision::default();
    let Some(first) = headers.first() else {
        decision.notes.push(no_unit("there is no PET header"));
        return decision;
    };
    if headers
        .iter()
        .any(|h| (&h.units, &h.suv_type) != (&first.units, &first.suv_type))
    {
        decision.notes.push(no_unit(
            "Units or SUVType (0054,1001/1006) differ between slices",
        ));
        return decision;
    }
    match &*first.units {
        "GML" | "CM2ML" => stored_suv(first, headers, &mut decision),
        "BQML" => {
            decision.factors.activity = Some(1.0);
            if let Err(reason) = factors(headers, &mut decision) {
                let note = format!("no SUV, values are in Bq/mL: {reason}");
                decision.notes.insert(0, note);
            }
        }
        "CNTS" => counts(headers, &mut decision),
        "" => decision
            .notes
            .push(no_unit("Units (0054,1001) are not stated")),
        other => decision
            .notes
            .push(no_unit(&format!("Units (0054,1001) are {other}"))),
    }
    decision
}

fn no_unit(reason: &str) -> String {
    format!("no SUV, values have no physical unit: {reason}")
}

/// Values that are SUV as stored; of which kind says SUVType, body weight where it is silent.
fn stored_suv(first: &PetHeader, headers: &[&PetHeader], decision: &mut Decision) {
    let suv = &mut decision.factors;
    let same = headers
        .iter()
        .all(|h| (h.weight, h.height, &h.sex) == (first.weight, first.height, &first.sex));
    match (&*first.units, &*first.suv_type) {
        ("GML", "" | "BW") => {
            suv.body_weight = Some(1.0);
            if let Some(weight) = first.weight.filter(|w| same && plausible_weight(*w)) {
                let of = |size: f64| size / weight;
                suv.lean_mass_james = lean(first, body::james).map(of);
                suv.lean_mass_janmahasatian = lean(first, body::janmahasatian).map(of);
                suv.body_surface = surface(first).map(|area| area * 10.0 / weight);
            }
        }
        ("GML", "LBM" | "LBMJAMES128") => suv.lean_mass_james = Some(1.0),
        ("GML", "LBMJANMA") => suv.lean_mass_janmahasatian = Some(1.0),
        ("CM2ML", "" | "BSA") => suv.body_surface = Some(1.0),
        (units, kind) => decision.notes.push(no_unit(&format!(
            "SUVType (0054,1006) {kind} in {units} is not known"
        ))),
    }
}

/// Counts, which only Philips says how to turn into uptake.
fn counts(headers: &[&PetHeader], decision: &mut Decision) {
    let all = |of: fn(&PetHeader) -> Option<f64>| -> Option<Vec<f64>> {
        headers.iter().map(|h| of(h)).collect()
    };
    let corrected = corrections(headers[0]);
    if let (Some(factors), Ok(())) = (all(|h| h.counts_to_suv), &corrected) {
        // One factor per slice, as the rescale is.
        decision.to_activity = Some(factors);
        decision.factors.body_weight = Some(1.0);
        if let (Some(suv), Some(activity)) =
            (headers[0].counts_to_suv, headers[0].counts_to_activity)
            && headers
                .iter()
                .all(|h| (h.counts_to_suv, h.counts_to_activity) == (Some(suv), Some(activity)))
        {
            decision.factors.activity = Some(activity / suv);
        }
    } else if let Some(to_activity) = all(|h| h.counts_to_activity) {
        decision.to_activity = Some(to_activity);
        decision.factors.activity = Some(1.0);
        if let Err(reason) = factors(headers, decision) {
            let note = format!("no SUV, values are in Bq/mL: {reason}");
            decision.notes.insert(0, note);
        }
    } else {
        decision.notes.push(no_unit(&match corrected {
            Err(reason) => reason,
            Ok(()) => "Units (0054,1001) are CNTS without the scale of Philips \
                       (7053,1000/1009)"
                .to_owned(),
        }));
    }
}

fn corrections(header: &PetHeader) -> Result<(), String> {
    for needed in ["ATTN", "DECY"] {
        if !header.corrections.iter().any(|c| c == needed) {
            return Err(format!("CorrectedImage (0028,0051) lacks {needed}"));
        }
    }
    Ok(())
}

fn plausible_weight(weight: f64) -> bool {
    weight > 0.0 && weight <= 700.0
}

fn plausible_height(header: &PetHeader) -> Option<f64> {
    header.height.filter(|h| (0.3..=2.7).contains(h))
}

fn lean(header: &PetHeader, formula: fn(Sex, f64, f64) -> f64) -> Option<f64> {
    let mass = formula(
        Sex::from_code(&header.sex)?,
        header.weight?,
        plausible_height(header)?,
    );
    (mass > 0.0).then_some(mass)
}

fn surface(header: &PetHeader) -> Option<f64> {
    Some(body::du_bois(header.weight?, plausible_height(header)?))
}

/// Sets the factors from activity to each SUV that the header allows.
fn factors(headers: &[&PetHeader], decision: &mut Decision) -> Result<(), String> {
    let first = headers[0];
    let same = |h: &&PetHeader| {
        h.weight == first.weight
            && h.height == first.height
            && h.sex == first.sex
            && h.dose == first.dose
            && h.half_life == first.half_life
            && h.corrections == first.corrections
            && h.decay_correction == first.decay_correction
            && h.decay_reference == first.decay_reference
            && h.scan_start == first.scan_start
            && h.series_start == first.series_start
            && h.injection == first.injection
            && h.injection_time == first.injection_time
    };
    if !headers.iter().all(same) {
        return Err("dose, body size, corrections or times differ between slices".to_owned());
    }
    corrections(first)?;
    let positive = |value: Option<f64>, name: &str| {
        value
            .filter(|v| *v > 0.0)
            .ok_or_else(|| format!("{name} is missing or not positive"))
    };
    let weight = positive(first.weight, "PatientWeight (0010,1030)")?;
    let dose = positive(first.dose, "RadionuclideTotalDose (0018,1074)")?;
    if !plausible_weight(weight) {
        return Err("PatientWeight (0010,1030) is no weight in kg".to_owned());
    }
    // Some exports write MBq into an attribute that is defined in Bq.
    if dose < 1e5 {
        return Err("RadionuclideTotalDose (0018,1074) is no injected dose in Bq".to_owned());
    }
    let (remaining, reference) = match &*first.decay_correction {
        "ADMIN" => (1.0, "injection"),
        "START" => {
            let half_life = positive(first.half_life, "RadionuclideHalfLife (0018,1075)")?;
            let (start, reference) = scan_start(headers, &mut decision.notes)?;
            let elapsed = elapsed_s(first, start, half_life)?;
            if first.injection_floats && first.decay_reference.is_none() {
                decision.notes.push(
                    "the injection is stated with an offset from UTC that the other times lack: \
                     it was taken as local time"
                        .to_owned(),
                );
            }
            ((-elapsed / half_life).exp2(), reference)
        }
        "" => return Err("DecayCorrection (0054,1102) is not stated".to_owned()),
        other => return Err(format!("DecayCorrection (0054,1102) is {other}")),
    };
    let remaining = dose * remaining;
    let suv = &mut decision.factors;
    suv.body_weight = Some(weight * 1000.0 / remaining);
    suv.lean_mass_james = lean(first, body::james).map(|m| m * 1000.0 / remaining);
    suv.lean_mass_janmahasatian = lean(first, body::janmahasatian).map(|m| m * 1000.0 / remaining);
    suv.body_surface = surface(first).map(|area| area * 1e4 / remaining);
    suv.decay_reference = Some(reference.to_owned());
    Ok(())
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
            height: Some(1.75),
            sex: "M".to_owned(),
            dose: Some(3.7e8),
            half_life: Some(6586.2),
            injection_time: Some(jiff::civil::time(23, 30, 0, 0)),
            series_start: Some(date(2024, 3, 2).at(0, 30, 0, 0)),
            acquisition_start: Some(date(2024, 3, 2).at(0, 31, 0, 0)),
            ..PetHeader::default()
        }
    }

    fn factor(header: &PetHeader) -> f64 {
        uptake(&[header]).factors.body_weight.expect("a factor")
    }

    fn close(a: f64, b: f64) {
        assert!((a / b - 1.0).abs() < 1e-12, "{a} beside {b}");
    }

    #[test]
    fn decay_runs_over_midnight() {
        let remaining = 3.7e8 * (-3600.0f64 / 6586.2).exp2();
        let found = uptake(&[&complete()]);
        assert!(found.notes.is_empty());
        close(found.factors.body_weight.expect("bw"), 70_000.0 / remaining);
        let lean = body::james(Sex::Male, 70.0, 1.75) * 1000.0;
        close(
            found.factors.lean_mass_james.expect("lbm"),
            lean / remaining,
        );
        let area = body::du_bois(70.0, 1.75) * 1e4;
        close(found.factors.body_surface.expect("bsa"), area / remaining);
    }

    #[test]
    fn a_late_series_time_gives_way() {
        let mut late = complete();
        late.series_start = Some(date(2024, 3, 2).at(9, 0, 0, 0));
        let found = uptake(&[&late]);
        assert!(found.notes[0].contains("earliest AcquisitionTime"));
        let remaining = 3.7e8 * (-3660.0f64 / 6586.2).exp2();
        close(found.factors.body_weight.expect("bw"), 70_000.0 / remaining);
        late.scan_start = Some(date(2024, 3, 2).at(0, 30, 0, 0));
        assert!(uptake(&[&late]).notes.is_empty());
        close(factor(&late), factor(&complete()));
        // A private date that de-identification forgot is not believed.
        late.scan_start = Some(date(2019, 7, 2).at(0, 30, 0, 0));
        assert_eq!(uptake(&[&late]).notes.len(), 1);
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
            let found = uptake(&[&header]);
            assert_eq!(found.factors.body_weight, None);
            assert_eq!(found.factors.activity, Some(1.0));
            assert!(found.notes[0].contains(needle), "{:?}", found.notes);
        }
    }

    #[test]
    fn without_height_or_sex_only_body_weight_counts() {
        for breakage in [
            |h: &mut PetHeader| h.height = Some(175.0),
            |h: &mut PetHeader| h.height = None,
        ] {
            let mut header = complete();
            breakage(&mut header);
            let suv = uptake(&[&header]).factors;
            assert!(suv.body_weight.is_some() && suv.body_surface.is_none());
            assert!(suv.lean_mass_james.is_none());
        }
        let mut header = complete();
        header.sex = "O".to_owned();
        let suv = uptake(&[&header]).factors;
        assert!(suv.lean_mass_james.is_none() && suv.body_surface.is_some());
    }

    #[test]
    fn counts_need_the_scale_of_philips() {
        let mut header = PetHeader {
            units: "CNTS".to_owned(),
            ..complete()
        };
        let found = uptake(&[&header]);
        assert!(found.notes[0].contains("7053") && found.factors == Uptake::default());
        header.counts_to_activity = Some(2.0);
        let found = uptake(&[&header]);
        assert_eq!(found.to_activity, Some(vec![2.0]));
        close(found.factors.body_weight.expect("bw"), factor(&complete()));
        header.counts_to_suv = Some(0.25);
        let found = uptake(&[&header]);
        assert_eq!(found.to_activity, Some(vec![0.25]));
        assert_eq!(found.factors.body_weight, Some(1.0));
    }

    #[test]
    fn stored_suv_is_of_the_stated_kind() {
        let header = |suv_type: &str| PetHeader {
            units: "GML".to_owned(),
            suv_type: suv_type.to_owned(),
            ..complete()
        };
        assert_eq!(uptake(&[&header("")]).factors.body_weight, Some(1.0));
        let lean = uptake(&[&header("LBMJANMA")]).factors;
        assert_eq!(lean.body_weight, None);
        assert_eq!(lean.lean_mass_janmahasatian, Some(1.0));
        assert!(!uptake(&[&header("IBW")]).notes.is_empty());
    }
}
