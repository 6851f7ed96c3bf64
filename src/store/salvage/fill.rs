//! Putting rows into a fresh database so that all its rules hold.

use std::collections::BTreeMap;

use rusqlite::{Connection, ErrorCode, params_from_iter};

use super::super::load::load;
use super::tables::{Found, Stray, Table};

/// Rows written and left out, by table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) read: u64,
    /// Of these, rows that contradict others or have lost what they belong to.
    pub(super) left_out: u64,
}

/// Does `work` without triggers, and with foreign keys only if `tied`, in one transaction, and puts
/// both back.
pub(super) fn unguarded<T>(
    conn: &Connection,
    tied: bool,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    conn.pragma_update(None, "foreign_keys", tied)?;
    let tx = conn.unchecked_transaction()?;
    let triggers: Vec<(String, String)> = tx
        .prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' ORDER BY rowid")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    for (name, _) in &triggers {
        tx.execute_batch(&format!("DROP TRIGGER {}", quoted(name)))?;
    }
    let result = work(&tx)?;
    for (_, sql) in &triggers {
        tx.execute_batch(sql)?;
    }
    tx.commit()?;
    conn.pragma_update(None, "foreign_keys", true)?;
    Ok(result)
}

/// Writes the rows that the trees led to.
pub(super) fn write_found(
    conn: &Connection,
    tables: &[Table],
    found: &mut [Found],
    counts: &mut [Count],
) -> rusqlite::Result<()> {
    for ((table, found), count) in tables.iter().zip(found).zip(counts) {
        for record in std::mem::take(&mut found.records) {
            count.read += 1;
            if !insert(conn, table, table.row(record))? {
                count.left_out += 1;
            }
        }
    }
    Ok(())
}

/// Writes the rows of pages that may belong to several tables. A page goes to the one table that takes most of
/// its rows, foreign keys being checked; pages of children may have to wait for those of parents.
/// Returns how many pages could not be told to one table.
pub(super) fn write_strays(
    conn: &Connection,
    tables: &[Table],
    mut strays: Vec<Stray>,
    counts: &mut [Count],
) -> rusqlite::Result<u64> {
    loop {
        let before = strays.len();
        let mut undecided = 0;
        let mut waiting = Vec::new();
        for stray in strays {
            let mut trials = Vec::new();
            for candidate in &stray.candidates {
                let taken = attempt(conn, &tables[*candidate], &stray, false)?;
                trials.push((taken, *candidate));
            }
            trials.sort_by_key(|(taken, _)| std::cmp::Reverse(*taken));
            match trials[..] {
                [(most, table), ref others @ ..]
                    if most > 0 && others.iter().all(|(taken, _)| *taken < most) =>
                {
                    attempt(conn, &tables[table], &stray, true)?;
                    let fitting = stray.records.iter().filter(|r| tables[table].fits(r));
                    let read = fitting.count() as u64;
                    counts[table].read += read;
                    counts[table].left_out += read - most;
                }
                // A page of which no table takes a row is an old copy, or has lost its parents.
                [(most, _), ..] => {
                    undecided += u64::from(most > 0);
                    waiting.push(stray);
                }
                [] => {}
            }
        }
        if waiting.is_empty() || waiting.len() == before {
            return Ok(undecided);
        }
        strays = waiting;
    }
}

/// How many rows of the page the table takes; they stay there only if `keep`.
fn attempt(conn: &Connection, table: &Table, stray: &Stray, keep: bool) -> rusqlite::Result<u64> {
    conn.execute_batch("SAVEPOINT attempt")?;
    let mut taken = 0;
    for record in stray.records.iter().filter(|r| table.fits(r)) {
        taken += u64::from(insert(conn, table, table.row(record.clone()))?);
    }
    if !keep {
        conn.execute_batch("ROLLBACK TO attempt")?;
    }
    conn.execute_batch("RELEASE attempt")?;
    Ok(taken)
}

/// Inserts a row; `false` when a rule of the schema forbids it.
fn insert(
    conn: &Connection,
    table: &Table,
    values: Vec<rusqlite::types::Value>,
) -> rusqlite::Result<bool> {
    let columns: Vec<String> = table.columns[..values.len()]
        .iter()
        .map(|c| quoted(&c.name))
        .collect();
    let places = vec!["?"; values.len()].join(", ");
    let sql = format!(
        "INSERT INTO {} ({}) VALUES ({places})",
        quoted(&table.name),
        columns.join(", ")
    );
    let done = conn.prepare_cached(&sql)?.execute(params_from_iter(values));
    match done {
        Ok(_) => Ok(true),
        Err(e) => match e.sqlite_error_code() {
            Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch) => Ok(false),
            _ => Err(e),
        },
    }
}

/// A rule that ties rows of one table to rows of another.
struct Tie {
    child: String,
    parent: String,
    /// Columns of the child and of the parent.
    columns: Vec<(String, String)>,
}

fn ties(conn: &Connection, tables: &[Table]) -> rusqlite::Result<Vec<Tie>> {
    let mut ties = Vec::new();
    let mut statement = conn.prepare(
        "SELECT id, \"table\", \"from\", \"to\" FROM pragma_foreign_key_list(?1) ORDER BY id, seq",
    )?;
    for table in tables {
        let mut of_table: BTreeMap<i64, Tie> = BTreeMap::new();
        let mut rows = statement.query([&table.name])?;
        while let Some(row) = rows.next()? {
            let parent: String = row.get(1)?;
            let from: String = row.get(2)?;
            // Without a name it is the primary key of the parent, which has the same name here.
            let to: Option<String> = row.get(3)?;
            let tie = of_table.entry(row.get(0)?).or_insert_with(|| Tie {
                child: table.name.clone(),
                parent,
                columns: Vec::new(),
            });
            let to = to.unwrap_or_else(|| from.clone());
            tie.columns.push((from, to));
        }
        ties.extend(of_table.into_values());
    }
    Ok(ties)
}

/// Takes out rows whose parent is lost, and those below them, until all ties hold.
pub(super) fn remove_orphans(
    conn: &Connection,
    tables: &[Table],
    counts: &mut [Count],
) -> rusqlite::Result<()> {
    let ties = ties(conn, tables)?;
    loop {
        let mut removed = 0;
        for tie in &ties {
            let (mut stated, mut matches) = (Vec::new(), Vec::new());
            for (from, to) in &tie.columns {
                stated.push(format!("c.{} IS NOT NULL", quoted(from)));
                matches.push(format!("p.{} = c.{}", quoted(to), quoted(from)));
            }
            let gone = conn.execute(
                &format!(
                    "DELETE FROM {} AS c WHERE {} AND NOT EXISTS (SELECT 1 FROM {} AS p WHERE {})",
                    quoted(&tie.child),
                    stated.join(" AND "),
                    quoted(&tie.parent),
                    matches.join(" AND ")
                ),
                [],
            )?;
            if let Some(n) = tables.iter().position(|t| t.name == tie.child) {
                counts[n].left_out += gone as u64;
            }
            removed += gone;
        }
        if removed == 0 {
            return Ok(());
        }
    }
}

/// Takes out rows that satisfy the schema and that the program cannot read (an id that is none, an
/// unknown word), so that the workspace opens. The schema is the newest.
pub(super) fn remove_unreadable(
    conn: &Connection,
    tables: &[Table],
    counts: &mut [Count],
) -> rusqlite::Result<()> {
    if load(conn).is_ok() {
        return Ok(());
    }
    // All rows are taken out and come back table by table, so that each is tried among rows that
    // are known to be readable.
    for table in tables {
        let name = quoted(&table.name);
        conn.execute_batch(&format!(
            "CREATE TEMP TABLE {held} AS SELECT * FROM main.{name}; DELETE FROM main.{name}",
            held = held(table)
        ))?;
    }
    for (table, count) in tables.iter().zip(counts) {
        let rows: i64 = conn.query_row(
            &format!("SELECT count(*) FROM {}", held(table)),
            [],
            |row| row.get(0),
        )?;
        count.left_out += bring_back(conn, table, 1, rows)?;
        conn.execute_batch(&format!("DROP TABLE {}", held(table)))?;
    }
    Ok(())
}

fn held(table: &Table) -> String {
    format!("temp.{}", quoted(&format!("held {}", table.name)))
}

/// Brings back held rows `first` to `last`, halving what cannot be read; returns how many stay out.
fn bring_back(conn: &Connection, table: &Table, first: i64, last: i64) -> rusqlite::Result<u64> {
    if first > last {
        return Ok(0);
    }
    conn.execute_batch("SAVEPOINT part")?;
    conn.execute(
        &format!(
            "INSERT INTO main.{} SELECT * FROM {} WHERE rowid BETWEEN ?1 AND ?2",
            quoted(&table.name),
            held(table)
        ),
        [first, last],
    )?;
    if load(conn).is_ok() {
        conn.execute_batch("RELEASE part")?;
        return Ok(0);
    }
    conn.execute_batch("ROLLBACK TO part; RELEASE part")?;
    if first == last {
        return Ok(1);
    }
    let middle = first + (last - first) / 2;
    Ok(bring_back(conn, table, first, middle)? + bring_back(conn, table, middle + 1, last)?)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
