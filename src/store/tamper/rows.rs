//! Rows of every table: edited in each column, inserted, deleted. Tables and columns are read from
//! the schema, so that new ones join by themselves.

use rusqlite::Connection;

use super::{Case, Scene, excuses};
use crate::store::error::Error;
use crate::store::words::Fault;

pub(super) struct Column {
    pub(super) name: String,
    kind: String,
    is_key: bool,
}

/// Tables of the database, without those of SQLite.
pub(super) fn tables(conn: &Connection) -> rusqlite::Result<Vec<String>> {
    conn.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'
         ORDER BY name",
    )?
    .query_map([], |row| row.get(0))?
    .collect()
}

pub(super) fn columns(conn: &Connection, table: &str) -> rusqlite::Result<Vec<Column>> {
    conn.prepare("SELECT name, type, pk > 0 FROM pragma_table_info(?1)")?
        .query_map([table], |row| {
            Ok(Column {
                name: row.get(0)?,
                kind: row.get(1)?,
                is_key: row.get(2)?,
            })
        })?
        .collect()
}

/// Whether a table holds how things are looked at.
pub(super) fn is_about_looks(table: &str) -> bool {
    ["series_view", "settings"].contains(&table)
}

/// Columns that no two rows may share.
fn unique_columns(conn: &Connection, table: &str) -> rusqlite::Result<Vec<String>> {
    conn.prepare(
        "SELECT DISTINCT i.name FROM pragma_index_list(?1) AS l, pragma_index_info(l.name) AS i
         WHERE l.\"unique\"",
    )?
    .query_map([table], |row| row.get(0))?
    .collect()
}

/// An expression that differs from the column and has its type.
fn other_value(column: &Column) -> String {
    let name = &column.name;
    match column.kind.as_str() {
        "INTEGER" => format!("coalesce({name} + 1000, 1)"),
        "REAL" => format!("coalesce({name} + 0.5, 1.0)"),
        _ => format!("coalesce({name} || 'x', 'x')"),
    }
}

pub(super) fn cases(scene: &Scene) -> Result<Vec<Case>, Fault> {
    let conn = Connection::open(scene.database())?;
    let mut cases = Vec::new();
    for table in tables(&conn)? {
        let columns = columns(&conn, &table)?;
        let keys: Vec<&str> = columns
            .iter()
            .filter(|c| c.is_key)
            .map(|c| c.name.as_str())
            .collect();
        let keys = keys.join(", ");
        let first = format!("({keys}) IN (SELECT {keys} FROM {table} ORDER BY {keys} LIMIT 1)");
        let looks = is_about_looks(&table);
        let excuse = |case: Case| {
            if looks {
                case.excused(excuses::LOOKS)
            } else {
                case
            }
        };
        for column in &columns {
            let sql = format!(
                "UPDATE {table} SET {} = {} WHERE {first}",
                column.name,
                other_value(column)
            );
            let case = Case::new(
                "a value of a row was edited",
                format!("{table}.{}", column.name),
                move |scene: &Scene| changing(scene, &sql),
            );
            cases.push(if column.name == "ord" {
                case.excused(excuses::ORDER)
            } else {
                excuse(case)
            });
        }
        let unique = unique_columns(&conn, &table)?;
        let copied: Vec<String> = columns
            .iter()
            .map(|c| {
                if c.is_key || unique.contains(&c.name) {
                    other_value(c)
                } else {
                    c.name.clone()
                }
            })
            .collect();
        let sql = format!(
            "INSERT INTO {table} SELECT {} FROM {table} WHERE {first}",
            copied.join(", ")
        );
        cases.push(excuse(Case::new(
            "a row was inserted",
            table.as_str(),
            move |scene: &Scene| changing(scene, &sql),
        )));
        let sql = format!("DELETE FROM {table} WHERE {first}");
        cases.push(excuse(Case::new(
            "a row was deleted",
            table.as_str(),
            move |scene: &Scene| changing(scene, &sql),
        )));
    }
    Ok(cases)
}

/// Runs a statement that must change exactly one row: otherwise nothing would be shown.
fn changing(scene: &Scene, sql: &str) -> Result<(), Fault> {
    scene.unguarded(|conn| {
        let changed = conn.execute(sql, [])?;
        if changed == 1 {
            return Ok(());
        }
        Err(Error::Refused(format!("{sql} changed {changed} rows")).into())
    })
}
