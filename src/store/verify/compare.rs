//! The tables that stand against the tables that replaying made.

use std::cmp::Ordering;

use rusqlite::types::Value;
use rusqlite::{Connection, Row, Statement};

use super::replay::Replayed;
use super::{DefectKind, VerifyReport};
use crate::store::words::Fault;

/// Every table that the trail accounts for, with the columns that name a row.
pub(super) const TABLES: &[(&str, &[&str])] = &[
    ("workspace", &["one"]),
    ("patients", &["id"]),
    ("patient_identity", &["patient"]),
    ("time_points", &["id"]),
    ("series", &["id"]),
    ("series_source", &["series"]),
    ("series_files", &["series", "position"]),
    ("series_warning_files", &["series"]),
    ("lesions", &["id"]),
    ("annotations", &["id"]),
    ("artifacts", &["sha256"]),
    ("segmented", &["annotation"]),
    ("segmented_warning_files", &["annotation"]),
    ("measurements", &["id"]),
    ("treatments", &["id"]),
    ("treatment_text", &["treatment"]),
    ("scenarios", &["id"]),
    ("priors", &["patient"]),
    ("readers", &["id"]),
    ("signoffs", &["id"]),
    ("signoff_text", &["signoff"]),
];

/// Tables that hold the trail itself, and those of how things are looked at.
#[cfg(test)]
const NOT_REPLAYED: &[&str] = &["audit", "journal", "series_view", "settings"];

/// Differences of one table that are told one by one.
const MAX_TOLD: usize = 20;

/// Compares all tables; returns the number of rows compared.
pub(super) fn tables(
    conn: &Connection,
    replayed: &Replayed,
    report: &mut VerifyReport,
) -> Result<u64, Fault> {
    let mut n_rows = 0;
    for (table, key) in TABLES {
        let mut differences = Vec::new();
        n_rows += compare(conn, replayed, table, key, &mut differences)?;
        let more = differences.len().saturating_sub(MAX_TOLD);
        for message in differences.into_iter().take(MAX_TOLD) {
            report.add(None, DefectKind::Replay, message);
        }
        if more > 0 {
            let message = format!("table {table}: {more} more rows differ from the trail");
            report.add(None, DefectKind::Replay, message);
        }
    }
    Ok(n_rows)
}

/// Merges the two tables by key.
fn compare(
    conn: &Connection,
    replayed: &Replayed,
    table: &str,
    key: &[&str],
    differences: &mut Vec<String>,
) -> Result<u64, Fault> {
    let columns = columns(&replayed.conn, table, key)?;
    // Binary order, whatever the types in the columns became.
    let sql = format!(
        "SELECT {} FROM {table} ORDER BY {}",
        columns.join(", "),
        key.join(", ")
    );
    let (mut a, mut b) = (conn.prepare(&sql)?, replayed.conn.prepare(&sql)?);
    let (mut found, mut expected) = (Cursor::new(&mut a)?, Cursor::new(&mut b)?);
    let mut n_rows = 0;
    loop {
        let order = match (&found.row, &expected.row) {
            (None, None) => return Ok(n_rows),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(x), Some(y)) => order(&x[..key.len()], &y[..key.len()]),
        };
        n_rows += 1;
        let name = |row: &Option<Vec<Value>>| {
            row.as_ref()
                .map(|r| name(&r[..key.len()]))
                .unwrap_or_default()
        };
        match order {
            Ordering::Less => {
                if !is_vague(replayed, table, &found.row) {
                    differences.push(format!(
                        "table {table}: the trail knows no row {}",
                        name(&found.row)
                    ));
                }
                found.next()?;
            }
            Ordering::Greater => {
                differences.push(format!(
                    "table {table}: the row {} of the trail is missing",
                    name(&expected.row)
                ));
                expected.next()?;
            }
            Ordering::Equal => {
                if let (Some(x), Some(y)) = (&found.row, &expected.row) {
                    let differing: Vec<&str> = columns
                        .iter()
                        .zip(x.iter().zip(y))
                        .filter(|(_, (x, y))| x != y)
                        .map(|(column, _)| column.as_str())
                        .collect();
                    if !differing.is_empty() && !is_vague(replayed, table, &found.row) {
                        // Values might be a person's; the columns say enough.
                        differences.push(format!(
                            "table {table}: the row {} was edited ({})",
                            name(&found.row),
                            differing.join(", ")
                        ));
                    }
                }
                found.next()?;
                expected.next()?;
            }
        }
    }
}

/// An artifact of which the trail does not tell any more when it was entered.
fn is_vague(replayed: &Replayed, table: &str, row: &Option<Vec<Value>>) -> bool {
    table == "artifacts"
        && matches!(row.as_ref().and_then(|r| r.first()),
            Some(Value::Text(sha256)) if replayed.vague_artifacts.contains(sha256))
}

/// Columns of a table, those of the key first; `ord` only counts insertions.
fn columns(conn: &Connection, table: &str, key: &[&str]) -> Result<Vec<String>, Fault> {
    let mut statement = conn.prepare("SELECT name FROM pragma_table_info(?1)")?;
    let names = statement.query_map([table], |row| row.get::<_, String>(0))?;
    let mut columns: Vec<String> = key.iter().map(|k| (*k).to_owned()).collect();
    for name in names {
        let name = name?;
        if name != "ord" && !columns.contains(&name) {
            columns.push(name);
        }
    }
    Ok(columns)
}

struct Cursor<'s> {
    rows: rusqlite::Rows<'s>,
    row: Option<Vec<Value>>,
}

impl<'s> Cursor<'s> {
    fn new(statement: &'s mut Statement<'_>) -> Result<Self, Fault> {
        let mut cursor = Self {
            rows: statement.query([])?,
            row: None,
        };
        cursor.next()?;
        Ok(cursor)
    }

    fn next(&mut self) -> Result<(), Fault> {
        self.row = self.rows.next()?.map(values).transpose()?;
        Ok(())
    }
}

fn values(row: &Row<'_>) -> rusqlite::Result<Vec<Value>> {
    (0..row.as_ref().column_count())
        .map(|n| row.get(n))
        .collect()
}

/// The order in which SQLite sorts values.
fn order(a: &[Value], b: &[Value]) -> Ordering {
    let rank = |v: &Value| match v {
        Value::Null => 0,
        Value::Integer(_) | Value::Real(_) => 1,
        Value::Text(_) => 2,
        Value::Blob(_) => 3,
    };
    let one = |x: &Value, y: &Value| match (x, y) {
        (Value::Integer(x), Value::Integer(y)) => x.cmp(y),
        (Value::Real(x), Value::Real(y)) => x.total_cmp(y),
        (Value::Text(x), Value::Text(y)) => x.as_bytes().cmp(y.as_bytes()),
        (Value::Blob(x), Value::Blob(y)) => x.cmp(y),
        _ => rank(x).cmp(&rank(y)),
    };
    let pairs = a.iter().zip(b).map(|(x, y)| one(x, y));
    pairs.fold(Ordering::Equal, Ordering::then)
}

fn name(key: &[Value]) -> String {
    let parts: Vec<String> = key
        .iter()
        .map(|value| match value {
            Value::Text(text) if text.len() <= 64 => text.clone(),
            Value::Integer(n) => n.to_string(),
            _ => "with an unreadable key".to_owned(),
        })
        .collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::migrate;

    #[test]
    fn every_table_is_compared_or_exempt() {
        let conn = migrate::in_memory().unwrap();
        let mut statement = conn
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")
            .unwrap();
        let names = statement.query_map([], |row| row.get::<_, String>(0));
        for name in names.unwrap() {
            let name = name.unwrap();
            let compared = TABLES.iter().any(|(table, _)| *table == name);
            assert!(compared != NOT_REPLAYED.contains(&name.as_str()), "{name}");
        }
    }
}
