//! Reading the two tables from text.

use crate::twin::{EventKind, LesionSeries, Observation, Scale, TreatmentEvent};
use crate::units::{Days, Mm};

/// What is wrong with a table, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
#[non_exhaustive]
pub struct TableError {
    /// Line of the text, from 1; the header is line 1.
    pub line: u64,
    /// What is wrong and what to do.
    pub message: String,
}

/// The measurements of one lesion in a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Lesion {
    /// Patient as written.
    pub patient: String,
    /// Lesion as written.
    pub lesion: String,
    /// Unit of its sizes.
    pub scale: Scale,
    /// Its measurements, in the order of the table.
    pub series: LesionSeries,
    /// Which of them are of a lesion that was seen, but too small to measure.
    pub too_small: Vec<bool>,
}

impl Lesion {
    /// What the lesion counted in a sum of diameters (mm): 5 mm where it was too small to measure, 0
    /// where it was gone. Means nothing in another unit than millimetres.
    #[must_use]
    pub fn counted(&self) -> Vec<(Days, Mm)> {
        let each = self.series.observations.iter().zip(&self.too_small);
        each.map(|(o, too_small)| {
            let counted = if *too_small { 5.0 } else { o.size.value() };
            (o.day, Mm(counted))
        })
        .collect()
    }
}

/// The treatment events of one patient in a table.
#[derive(Clone, Debug, PartialEq)]
pub struct PatientEvents {
    /// Patient as written.
    pub patient: String,
    /// The events, in the order of the table.
    pub events: Vec<TreatmentEvent>,
}

/// Reads `patient,lesion,day,value,unit[,reader,slice_mm,status]`; columns in any order, others
/// ignored.
///
/// Units: `mm`, `px` (diameters), `mm3`, `voxels` (volumes). `status`: `measured` (or empty),
/// `absent` and `too_small` (both below the limit of detection; `value` may be empty),
/// `not_assessed` (the row is left out). Lesions come in order of first appearance.
///
/// # Errors
/// [`TableError`] with the line.
pub fn parse_measurements(text: &str) -> Result<Vec<Lesion>, TableError> {
    let mut lesions: Vec<Lesion> = Vec::new();
    for row in Rows::new(text, &["patient", "lesion", "day", "value", "unit"])? {
        let row = row?;
        let status = row.optional("status").to_lowercase();
        let measured = match status.as_str() {
            "" | "measured" => true,
            "absent" | "too_small" => false,
            "not_assessed" => continue,
            other => {
                return Err(row.error(format!(
                    "status '{other}' is unknown; use measured, too_small, absent or not_assessed"
                )));
            }
        };
        let scale = match row.required("unit")?.to_lowercase().as_str() {
            "mm" => Scale::DiameterMm,
            "px" => Scale::DiameterPx,
            "mm3" | "mm^3" | "mm³" => Scale::VolumeMm3,
            "voxels" => Scale::Voxels,
            other => {
                return Err(row.error(format!(
                    "unit '{other}' is unknown; use mm or px for diameters, mm3 or voxels for \
                     volumes"
                )));
            }
        };
        let value = if measured {
            let value = row.number("value")?;
            if value < 0.0 {
                return Err(row.error(format!("value {value} is negative; a size cannot be")));
            }
            value
        } else {
            0.0
        };
        let slice = match row.optional_number("slice_mm")? {
            Some(slice) if slice <= 0.0 => {
                return Err(row.error(format!("slice_mm {slice} must be above zero")));
            }
            slice => slice.map(Mm),
        };
        let reader = row.optional("reader");
        let observation = Observation {
            day: Days(row.number("day")?),
            size: scale.size(value),
            reader: (!reader.is_empty()).then(|| reader.to_owned()),
            slice,
        };
        let (patient, lesion) = (row.required("patient")?, row.required("lesion")?);
        let known = lesions
            .iter_mut()
            .find(|l| l.patient == patient && l.lesion == lesion);
        match known {
            Some(known) if known.scale != scale => {
                return Err(row.error(format!(
                    "unit '{}' differs from the '{}' of earlier rows of this lesion; one lesion \
                     has one unit",
                    scale.unit(),
                    known.scale.unit()
                )));
            }
            Some(known) => {
                known.series.observations.push(observation);
                known.too_small.push(status == "too_small");
            }
            None => lesions.push(Lesion {
                patient: patient.to_owned(),
                lesion: lesion.to_owned(),
                scale,
                series: LesionSeries {
                    observations: vec![observation],
                },
                too_small: vec![status == "too_small"],
            }),
        }
    }
    Ok(lesions)
}

/// Reads `patient,day,kind,name,dose,unit,duration_days[,fractions]`; columns in any order, others
/// ignored.
///
/// 0 in `duration_days` is a single moment or day. An empty one is a single administration where a
/// drug is given more than once with a dose, else open-ended. Patients come in order of first
/// appearance.
///
/// # Errors
/// [`TableError`] with the line.
pub fn parse_events(text: &str) -> Result<Vec<PatientEvents>, TableError> {
    let mut patients: Vec<PatientEvents> = Vec::new();
    for row in Rows::new(text, &["patient", "day", "kind"])? {
        let row = row?;
        let kind = match row.required("kind")?.to_lowercase().as_str() {
            "systemic" => EventKind::Systemic,
            "radiotherapy" => EventKind::Radiotherapy,
            "surgery" => EventKind::Surgery,
            "stop" => EventKind::Stop,
            "note" => EventKind::Note,
            other => {
                return Err(row.error(format!(
                    "kind '{other}' is unknown; use systemic, radiotherapy, surgery, stop or note"
                )));
            }
        };
        let dose = row.optional_number("dose")?;
        let duration = row.optional_number("duration_days")?;
        for (what, number) in [("dose", dose), ("duration_days", duration)] {
            if let Some(number) = number.filter(|n| *n < 0.0) {
                return Err(row.error(format!("{what} {number} is negative")));
            }
        }
        let fractions = match row.optional_number("fractions")? {
            None => None,
            Some(n) if (1.0..=200.0).contains(&n) && n.fract() == 0.0 => Some(n as u32),
            Some(n) => {
                return Err(row.error(format!(
                    "fractions {n} is not a whole number between 1 and 200"
                )));
            }
        };
        let event = TreatmentEvent {
            day: Days(row.number("day")?),
            kind,
            name: row.optional("name").to_owned(),
            dose,
            unit: row.optional("unit").to_owned(),
            duration: duration.map(Days),
            fractions,
            weekday: None,
        };
        let patient = row.required("patient")?;
        match patients.iter_mut().find(|p| p.patient == patient) {
            Some(known) => known.events.push(event),
            None => patients.push(PatientEvents {
                patient: patient.to_owned(),
                events: vec![event],
            }),
        }
    }
    Ok(patients)
}

/// Rows of a table with a header.
struct Rows<'a> {
    header: Vec<String>,
    records: ::csv::StringRecordsIntoIter<&'a [u8]>,
}

impl<'a> Rows<'a> {
    fn new(text: &'a str, required: &[&str]) -> Result<Self, TableError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = ::csv::ReaderBuilder::new()
            .trim(::csv::Trim::All)
            .flexible(true)
            .from_reader(text.as_bytes());
        let header: Vec<String> = reader
            .headers()
            .map_err(|e| broken(&e))?
            .iter()
            .map(str::to_lowercase)
            .collect();
        for name in required {
            let count = header.iter().filter(|h| h == name).count();
            if count != 1 {
                return Err(TableError {
                    line: 1,
                    message: format!(
                        "column '{name}' occurs {count} times; the header must name it once \
                         (comma-separated)"
                    ),
                });
            }
        }
        Ok(Self {
            header,
            records: reader.into_records(),
        })
    }
}

impl Iterator for Rows<'_> {
    type Item = Result<Row, TableError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let record = match self.records.next()? {
                Ok(record) => record,
                Err(e) => return Some(Err(broken(&e))),
            };
            // A line of separators only is an empty row of a spreadsheet.
            if record.iter().all(str::is_empty) {
                continue;
            }
            return Some(Ok(Row {
                line: record.position().map_or(0, ::csv::Position::line),
                cells: self
                    .header
                    .iter()
                    .cloned()
                    .zip(record.iter().map(str::to_owned))
                    .collect(),
            }));
        }
    }
}

fn broken(error: &::csv::Error) -> TableError {
    TableError {
        line: error.position().map_or(1, ::csv::Position::line),
        message: format!("the table cannot be read: {error}"),
    }
}

struct Row {
    line: u64,
    cells: Vec<(String, String)>,
}

impl Row {
    fn error(&self, message: String) -> TableError {
        TableError {
            line: self.line,
            message,
        }
    }

    fn optional(&self, name: &str) -> &str {
        self.cells
            .iter()
            .find(|(n, _)| n == name)
            .map_or("", |(_, value)| value)
    }

    fn required(&self, name: &str) -> Result<&str, TableError> {
        match self.optional(name) {
            "" => Err(self.error(format!("'{name}' is empty"))),
            value => Ok(value),
        }
    }

    fn number(&self, name: &str) -> Result<f64, TableError> {
        self.optional_number(name)?
            .ok_or_else(|| self.error(format!("'{name}' is empty")))
    }

    fn optional_number(&self, name: &str) -> Result<Option<f64>, TableError> {
        match self.optional(name) {
            "" => Ok(None),
            text => match text.parse::<f64>() {
                Ok(number) if number.is_finite() => Ok(Some(number)),
                _ => Err(self.error(format!(
                    "'{name}' is '{text}', not a number (use a point for decimals)"
                ))),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::twin::Size;
    use crate::units::Length;

    #[test]
    fn reads_measurements_by_lesion() {
        let text = "\u{feff}lesion,patient,day,value,unit,status,reader,slice_mm\n\
                    L1,P1,0,31.5,mm,,AB,2.5\n\
                    L2,P1,0,1200,mm3,measured,,\n\
                    \n\
                    L1,P1,42.5,,mm,absent,,\n\
                    L1,P1,50,,mm,not_assessed,,\n";
        let lesions = parse_measurements(text).unwrap();
        assert_eq!(lesions.len(), 2);
        assert_eq!(lesions[0].series.observations.len(), 2);
        let first = &lesions[0].series.observations[0];
        assert_eq!(first.size, Size::Diameter(Length::Mm(Mm(31.5))));
        assert_eq!(first.reader.as_deref(), Some("AB"));
        assert_eq!(lesions[0].series.observations[1].size.value(), 0.0);
        assert_eq!(lesions[1].scale, Scale::VolumeMm3);
    }

    #[test]
    fn names_the_line_that_is_wrong() {
        let header = "patient,lesion,day,value,unit\n";
        for (rows, line, part) in [
            ("P,L,0,30,mm\nP,L,10,30,mm3\n", 3, "differs"),
            ("P,L,0,-3,mm\n", 2, "negative"),
            ("P,L,0,\"1,5\",mm\n", 2, "not a number"),
            ("P,L,0,nan,mm\n", 2, "not a number"),
            ("P,L,,30,mm\n", 2, "'day' is empty"),
            ("P,L,0,30,inch\n", 2, "unknown"),
            ("P,L,0\n", 2, "empty"),
        ] {
            let error = parse_measurements(&format!("{header}{rows}")).unwrap_err();
            assert_eq!(error.line, line, "{rows}");
            assert!(error.message.contains(part), "{rows}: {error}");
        }
        let error = parse_measurements("patient,lesion,day,value\n").unwrap_err();
        assert!(error.to_string().contains("'unit'"), "{error}");
    }

    #[test]
    fn reads_events_by_patient() {
        let text = "patient,day,kind,name,dose,unit,duration_days\n\
                    P1,0,systemic,drug,75,mg/m2,\n\
                    P2,3,radiotherapy,,60,Gy,42\n\
                    P1,90.5,stop,,,,\n";
        let patients = parse_events(text).unwrap();
        assert_eq!(patients.len(), 2);
        assert_eq!(patients[0].events.len(), 2);
        assert_eq!(patients[0].events[0].duration, None);
        assert_eq!(patients[1].events[0].duration, Some(Days(42.0)));
        assert!(parse_events("patient,day,kind\nP,0,chemo\n").is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC*") {
            drop(parse_measurements(&text));
            drop(parse_events(&text));
        }

        #[test]
        fn no_cells_panic(cells in proptest::collection::vec("[-0-9a-z.,\"\n ]{0,12}", 0..40)) {
            let body = cells.join(",");
            drop(parse_measurements(&format!("patient,lesion,day,value,unit,status\n{body}")));
            drop(parse_events(&format!("patient,day,kind,dose,duration_days\n{body}")));
        }
    }
}
