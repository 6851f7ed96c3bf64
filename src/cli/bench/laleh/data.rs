//! The longitudinal diameters of Laleh et al. (PLoS Comput Biol 2022;18:e1009822), one target
//! lesion per patient, as the table of `TumorGrowth.jl` holds them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::Path;

use serde::Deserialize;

use crate::cli::bench::csv_rows::{check, damaged, open, rows};
use crate::cli::output::Failure;
use crate::twin::forecast::Readings;
use crate::units::{Days, Mm};

/// Folder of the set among the image sets.
const SET: &str = "C2_laleh2022_recist";
/// Largest volume of the set, 0.52·228³ mm³, by which the published benchmark divides.
const LARGEST_MM3: f64 = 6_163_223.04;
/// Volume over cubed diameter, as the publication rounds π/6.
const SPHERE: f64 = 0.52;

/// One reading of a diameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Scan {
    /// Day since the start of treatment.
    pub(super) day: Days,
    /// Week as the publication counts it: ⌈day/7⌉, 0.1 where that is not positive.
    pub(super) week: f64,
    /// Longest diameter; 0 where the lesion was too small to measure.
    pub(super) diameter: Mm,
    /// Volume 0.52·d³ divided by the largest of the set.
    pub(super) normalised_volume: f64,
}

/// One lesion.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Lesion {
    /// Pseudonym of the patient, and arm of the trial.
    pub(super) name: (String, String),
    /// Trial, 1 to 5.
    pub(super) study: u8,
    /// Readings in the order of the table, which is that of the benchmark.
    pub(super) scans: Vec<Scan>,
    /// The same for forecasts.
    pub(super) readings: Readings,
}

/// The whole set.
pub(super) struct Set {
    /// All lesions, in the order in which the table names them first.
    pub(super) lesions: Vec<Lesion>,
    /// Those over which the published means are taken.
    pub(super) listed: BTreeSet<(String, String)>,
    /// Published errors in normalised volume of lesions of trial 1, by name and model.
    pub(super) answers: BTreeMap<(String, String), Answers>,
}

/// Published errors of one lesion by model.
pub(super) type Answers = BTreeMap<String, f64>;

/// Normalised volume of a diameter.
pub(super) fn normalised_volume(diameter: Mm) -> f64 {
    SPHERE * diameter.0 * diameter.0 * diameter.0 / LARGEST_MM3
}

/// Diameter of a normalised volume.
pub(super) fn diameter(normalised_volume: f64) -> Mm {
    Mm(libm::cbrt(normalised_volume * LARGEST_MM3 / SPHERE))
}

/// Reads the set below the folder of image sets.
pub(super) fn read(data: &Path) -> Result<Set, Failure> {
    let folder = data.join(SET);
    let open = |name: &str| {
        let path = folder.join(name);
        let file = open(&path, SET)?;
        Ok((path, file))
    };
    let (path, table) = open("data/flat_patient_data.csv")?;
    let lesions = read_lesions(table).map_err(|e| e.at(path.display()))?;
    let (path, list) = open("battle_rows.txt")?;
    let listed = read_list(list, &lesions).map_err(|e| e.at(path.display()))?;
    let (path, table) = open("reference_model_battle_errors_study1.csv")?;
    let answers = read_answers(table).map_err(|e| e.at(path.display()))?;
    Ok(Set {
        lesions,
        listed,
        answers,
    })
}

#[derive(Deserialize)]
struct Row {
    #[serde(rename = "Pt_hashID")]
    patient: String,
    #[serde(rename = "Study_Arm")]
    arm: String,
    #[serde(rename = "Study_id")]
    study: u8,
    #[serde(rename = "T_weeks")]
    week: f64,
    #[serde(rename = "T_days")]
    day: f64,
    #[serde(rename = "Lesion_diam")]
    diameter: f64,
    #[serde(rename = "Lesion_normvol")]
    volume: f64,
}

/// Reads the table of readings.
fn read_lesions(table: impl io::Read) -> Result<Vec<Lesion>, Failure> {
    let mut lesions: Vec<Lesion> = Vec::new();
    let mut places: HashMap<(String, String), usize> = HashMap::new();
    for (line, row) in rows::<Row>(csv::Reader::from_reader(table))? {
        check(line, "T_weeks", row.week, [0.0, 1e4])?;
        check(line, "T_days", row.day, [-1e4, 1e4])?;
        check(line, "Lesion_diam", row.diameter, [0.0, 1e3])?;
        check(line, "Lesion_normvol", row.volume, [0.0, 1.0])?;
        let name = (row.patient, row.arm);
        let next = lesions.len();
        let at = *places.entry(name.clone()).or_insert(next);
        if at == next {
            lesions.push(Lesion {
                name,
                study: row.study,
                scans: Vec::new(),
                readings: Readings::of_diameters([]),
            });
        }
        if lesions[at].study != row.study {
            return Err(damaged(line, "the lesion is in two studies (Study_id)"));
        }
        lesions[at].scans.push(Scan {
            day: Days(row.day),
            week: row.week,
            diameter: Mm(row.diameter),
            normalised_volume: row.volume,
        });
    }
    if lesions.is_empty() {
        return Err(Failure::new("E-TABLE", "the table has no reading"));
    }
    for lesion in &mut lesions {
        let scans = lesion.scans.iter();
        lesion.readings = Readings::of_diameters(scans.map(|s| (s.day, s.diameter)));
    }
    Ok(lesions)
}

/// Reads the lesions over which the published means are taken: a line each, patient and arm.
fn read_list(
    list: impl io::Read,
    lesions: &[Lesion],
) -> Result<BTreeSet<(String, String)>, Failure> {
    let known: BTreeSet<&(String, String)> = lesions.iter().map(|l| &l.name).collect();
    let reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(list);
    let mut listed = BTreeSet::new();
    for (line, name) in rows::<(String, String)>(reader)? {
        if !known.contains(&name) {
            return Err(damaged(line, "the table of readings has no such lesion"));
        }
        listed.insert(name);
    }
    Ok(listed)
}

/// Reads published errors: patient, arm, two columns about the lesion, and one to each model.
fn read_answers(table: impl io::Read) -> Result<BTreeMap<(String, String), Answers>, Failure> {
    let rows = rows::<BTreeMap<String, String>>(csv::Reader::from_reader(table))?;
    let mut found = BTreeMap::new();
    for (line, mut row) in rows {
        let mut taken = |column: &str| {
            let missing = || damaged(line, &format!("column {column} is missing"));
            row.remove(column).ok_or_else(missing)
        };
        let name = (taken("Pt_hashID")?, taken("Study_Arm")?);
        taken("readings")?;
        taken("response")?;
        let errors: Result<Answers, Failure> = row
            .into_iter()
            .map(|(model, text)| match text.parse() {
                Ok(error) => Ok((model, error)),
                Err(_) => Err(damaged(line, &format!("{model} is {text:?}, no number"))),
            })
            .collect();
        found.insert(name, errors?);
    }
    Ok(found)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    const HEAD: &str = "Pt_hashID,Study_Arm,Study_id,T_weeks,T_days,Lesion_diam,Lesion_normvol\n";

    /// A lesion with a scan each 42 days.
    pub(in crate::cli::bench::laleh) fn lesion(study: u8, diameters: &[f64]) -> Lesion {
        let scans: Vec<Scan> = diameters
            .iter()
            .enumerate()
            .map(|(i, d)| Scan {
                day: Days(42.0 * i as f64),
                week: 6.0 * i as f64,
                diameter: Mm(*d),
                normalised_volume: normalised_volume(Mm(*d)),
            })
            .collect();
        Lesion {
            name: ("P".to_owned(), "A".to_owned()),
            study,
            readings: Readings::of_diameters(scans.iter().map(|s| (s.day, s.diameter))),
            scans,
        }
    }

    fn refusal(rows: &str) -> String {
        let failure = read_lesions(format!("{HEAD}{rows}").as_bytes()).unwrap_err();
        assert_eq!(failure.code, "E-TABLE");
        failure.message
    }

    #[test]
    fn readings_of_a_lesion_need_not_stand_together() {
        let text = format!(
            "{HEAD}P1,A,1,0.1,-3,20,0.000675\nP2,A,1,0.1,0,10,0.00008\nP1,A,1,6,40,22.5,0.00096\n"
        );
        let found = read_lesions(text.as_bytes()).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].readings.len(), 2);
        assert_eq!(found[0].scans[1].diameter, Mm(22.5));
        let list = read_list("P2,A\n".as_bytes(), &found).unwrap();
        assert!(list.contains(&found[1].name) && list.len() == 1);
    }

    #[test]
    fn damaged_tables_are_refused_with_line_and_column() {
        let sound = "P1,A,1,0.1,-3,20,0.0007\n";
        assert!(
            refusal(&format!("{sound}P1,A,1,6,40,-1,0.1\n")).starts_with("line 3: Lesion_diam")
        );
        assert!(refusal(&format!("{sound}P1,A,1,6,40,9,1.5\n")).starts_with("line 3: Lesion_norm"));
        assert!(refusal("P1,A,1,6,NaN,9,0.1\n").starts_with("line 2: T_days"));
        assert!(refusal("P1,A,1,inf,40,9,0.1\n").starts_with("line 2: T_weeks"));
        assert!(refusal("P1,A,1,6,40,wide,0.1\n").starts_with("line 2: "));
        assert!(refusal("P1,A,1,6,40\n").starts_with("line 2: "));
        assert!(refusal(&format!("{sound}P1,A,2,6,40,9,0.1\n")).contains("two studies"));
        assert_eq!(refusal(""), "the table has no reading");
        let failure = read_lesions("patient,day\nP1,3\n".as_bytes()).unwrap_err();
        assert!(failure.message.contains("Pt_hashID"), "{}", failure.message);
    }

    #[test]
    fn damaged_lists_are_refused() {
        let lesions = [lesion(1, &[9.0])];
        let failure = read_list("P,A\nQ,A\n".as_bytes(), &lesions).unwrap_err();
        assert!(failure.message.starts_with("line 2: "));
        assert!(read_list("P\n".as_bytes(), &lesions).is_err());
    }

    #[test]
    fn published_errors_are_read_by_model() {
        let head = "Pt_hashID,Study_Arm,readings,response,gompertz,last_value\n";
        let found = read_answers(format!("{head}P,A,7,flux,3e-05,0.5\n").as_bytes()).unwrap();
        let answers = &found[&("P".to_owned(), "A".to_owned())];
        assert_eq!((answers["gompertz"], answers.len()), (3e-5, 2));
        let failure = read_answers(format!("{head}P,A,7,flux,few,0.5\n").as_bytes()).unwrap_err();
        assert!(failure.message.starts_with("line 2: gompertz"));
        let failure = read_answers("Pt_hashID,readings\nP,7\n".as_bytes()).unwrap_err();
        assert!(failure.message.contains("Study_Arm"));
    }

    #[test]
    fn an_absent_set_is_named() {
        let failure = read(Path::new("no such folder")).err().unwrap();
        assert_eq!(failure.code, "E-DATA");
        assert!(failure.message.starts_with(SET));
    }

    #[test]
    fn volumes_and_diameters_are_inverse() {
        assert!((diameter(normalised_volume(Mm(31.0))).0 - 31.0).abs() < 1e-12);
        assert_eq!(normalised_volume(Mm(228.0)), 1.0);
    }
}
