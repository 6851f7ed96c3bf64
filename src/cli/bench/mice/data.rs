//! The tables: volumes of mice's tumours (Zenodo 3574531 and 3572401), and the sample data of tumgr.

use std::collections::HashMap;
use std::io;
use std::path::Path;

use serde::Deserialize;

use crate::cli::bench::csv_rows::{check, open, rows};
use crate::cli::output::Failure;
use crate::twin::gd::Course;
use crate::twin::population::{Reading, Tumour};
use crate::units::{Days, Mm3};

/// Folders of the sets.
const MICE: &str = "C3_mouse_growth_vaghi_benzekry";
const TUMGR: &str = "C4_tumgr_gd";

/// The tumours of a table of mice.
pub(super) fn tumours(data: &Path, file: &str) -> Result<Vec<Tumour>, Failure> {
    let path = data.join(MICE).join("data").join(file);
    read_tumours(open(&path, MICE)?).map_err(|e| e.at(path.display()))
}

/// The patients of tumgr's sample data.
pub(super) fn courses(data: &Path) -> Result<Vec<Course>, Failure> {
    let path = data.join(TUMGR).join("data/sampleData.csv");
    read_courses(open(&path, TUMGR)?).map_err(|e| e.at(path.display()))
}

#[derive(Deserialize)]
struct MouseRow {
    #[serde(rename = "ID")]
    name: String,
    #[serde(rename = "Time")]
    day: f64,
    #[serde(rename = "Observation")]
    volume: f64,
}

fn read_tumours(table: impl io::Read) -> Result<Vec<Tumour>, Failure> {
    let reader = csv::ReaderBuilder::new()
        .delimiter(b'\t')
        .from_reader(table);
    let mut found = Vec::new();
    for (line, row) in rows::<MouseRow>(reader)? {
        check(line, "Time", row.day, [0.0, 1e4])?;
        check(line, "Observation", row.volume, [0.0, 1e9])?;
        found.push((row.name, Days(row.day), Mm3(row.volume)));
    }
    let tumours = grouped(found)?.into_iter();
    Ok(tumours
        .map(|(name, readings)| Tumour {
            name,
            readings: readings
                .into_iter()
                .map(|(day, volume)| Reading { day, volume })
                .collect(),
        })
        .collect())
}

#[derive(Deserialize)]
struct CourseRow {
    name: String,
    date: f64,
    size: f64,
}

fn read_courses(table: impl io::Read) -> Result<Vec<Course>, Failure> {
    let mut found = Vec::new();
    for (line, row) in rows::<CourseRow>(csv::Reader::from_reader(table))? {
        check(line, "date", row.date, [-1e6, 1e6])?;
        check(line, "size", row.size, [0.0, 1e9])?;
        found.push((row.name, Days(row.date), row.size));
    }
    let courses = grouped(found)?.into_iter();
    Ok(courses
        .map(|(name, readings)| Course { name, readings })
        .collect())
}

/// A name and its readings by day.
type Group<V> = (String, Vec<(Days, V)>);

/// Readings by name, in the order in which the names come first, sorted by day.
fn grouped<V>(rows: Vec<(String, Days, V)>) -> Result<Vec<Group<V>>, Failure> {
    let mut groups: Vec<Group<V>> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for (name, day, value) in rows {
        let next = groups.len();
        let at = *places.entry(name.clone()).or_insert(next);
        if at == next {
            groups.push((name, Vec::new()));
        }
        groups[at].1.push((day, value));
    }
    if groups.is_empty() {
        return Err(Failure::new("E-TABLE", "the table has no reading"));
    }
    for (_, readings) in &mut groups {
        readings.sort_by(|a, b| a.0.0.total_cmp(&b.0.0));
    }
    Ok(groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readings_need_not_stand_in_order() {
        let found = read_courses("name,date,size\n7,9,2.5\n8,1,1\n7,3,4\n".as_bytes()).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].readings, [(Days(3.0), 4.0), (Days(9.0), 2.5)]);
        let found = read_tumours("ID\tTime\tObservation\n0\t7.0\t50.5\n".as_bytes()).unwrap();
        assert_eq!(found[0].readings[0].volume, Mm3(50.5));
    }

    #[test]
    fn damaged_tables_are_refused_with_line_and_column() {
        let refusal = |rows: &str| {
            let text = format!("ID\tTime\tObservation\n{rows}");
            let failure = read_tumours(text.as_bytes()).unwrap_err();
            assert_eq!(failure.code, "E-TABLE");
            failure.message
        };
        assert!(refusal("1\t2\tx\n").starts_with("line 2: "));
        assert!(refusal("1\t2\t5\n1\t-3\t5\n").starts_with("line 3: Time"));
        assert!(refusal("1\t2\tNaN\n").starts_with("line 2: Observation"));
        assert_eq!(refusal(""), "the table has no reading");
        assert!(read_courses("a,b\n1,2\n".as_bytes()).is_err());
    }
}
