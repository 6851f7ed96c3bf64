//! When a PET scan began, and how long after the injection.

use jiff::civil::DateTime;

use super::PetHeader;

/// When the scan began, and where that is from.
pub(super) fn scan_start(
    headers: &[&PetHeader],
    notes: &mut Vec<String>,
) -> Result<(DateTime, &'static str), String> {
    let first = headers[0];
    if let Some(stated) = first.decay_reference {
        return Ok((stated, "DecayCorrectionDateTime"));
    }
    let acquired = headers.iter().filter_map(|h| h.acquisition_start).min();
    let Some(acquired) = acquired else {
        return first
            .series_start
            .or(first.scan_start)
            .map(|start| (start, "series time"))
            .ok_or_else(|| "series and acquisition times are missing".to_owned());
    };
    if let Some(series) = first.series_start.filter(|series| *series <= acquired) {
        return Ok((series, "series time"));
    }
    // De-identification may shift standard dates and forget private ones.
    let near = |start: &DateTime| {
        let before = acquired.duration_since(*start).as_secs_f64();
        (0.0..=12.0 * 3600.0).contains(&before)
    };
    if let Some(start) = first.scan_start.filter(near) {
        return Ok((start, "scan start of the scanner"));
    }
    notes.push(
        "the series time is later than the first acquisition, and the scanner left no start of its \
         own: decay is counted to the earliest AcquisitionTime (0008,0032)"
            .to_owned(),
    );
    Ok((acquired, "earliest acquisition time"))
}

/// Half-lives after which hardly anything is left to see: a longer time is a wrong one.
const MOST_HALF_LIVES: f64 = 5.0;
/// A time of injection later than the scan is one of the evening before if the scan then began
/// within these hours; else a clock or the entry is wrong.
const LONGEST_NIGHT_S: f64 = 6.0 * 3600.0;
/// Tracers that last longer are scanned days after the injection: a time of day says nothing.
const ONE_DAY_HALF_LIFE_S: f64 = 6.0 * 3600.0;

/// Seconds from injection to the start of the scan; `half_life` in s.
pub(super) fn elapsed_s(first: &PetHeader, start: DateTime, half_life: f64) -> Result<f64, String> {
    let seconds = |from: DateTime| start.duration_since(from).as_secs_f64();
    let elapsed = match (first.injection, first.injection_time) {
        (Some(at), _) => seconds(at),
        (None, Some(_)) if half_life > ONE_DAY_HALF_LIFE_S => {
            return Err(
                "the date of injection (0018,1078) is missing, and the tracer lasts for days"
                    .to_owned(),
            );
        }
        (None, Some(time)) => {
            let same_day = seconds(start.date().to_datetime(time));
            if same_day >= 0.0 {
                same_day
            } else {
                // Injected before midnight, scanned after it.
                let eve = start.date().yesterday().map_err(|e| e.to_string())?;
                let over_night = seconds(eve.to_datetime(time));
                if over_night > LONGEST_NIGHT_S {
                    return Err(
                        "the time of injection (0018,1072) is later than the scan".to_owned()
                    );
                }
                over_night
            }
        }
        (None, None) => return Err("the time of injection (0018,1072/1078) is missing".to_owned()),
    };
    if elapsed < 0.0 {
        return Err("the injection is dated after the scan".to_owned());
    }
    if elapsed > MOST_HALF_LIVES * half_life {
        return Err(format!("{elapsed:.0} s between injection and scan"));
    }
    Ok(elapsed)
}
