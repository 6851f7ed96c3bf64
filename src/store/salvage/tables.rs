//! Which rows of a damaged file belong to which table.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;
use rusqlite::types::Value;

use super::pages::{Kind, Node, Pages, Record};

/// A table as the schema of the program has it.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: String,
    /// Columns in the order in which rows store them.
    pub(super) columns: Vec<Column>,
    has_rowid: bool,
}

#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    kind: ColumnKind,
    may_be_null: bool,
    may_be_absent: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum ColumnKind {
    /// Stands for the rowid; rows store NULL in its place.
    Rowid,
    Integer,
    Real,
    Text,
    Blob,
    Any,
}

/// Tables of a sound database, in the order in which they were created.
pub(super) fn of(conn: &Connection) -> rusqlite::Result<Vec<Table>> {
    let mut names = conn.prepare(
        "SELECT s.name, l.wr FROM sqlite_schema s JOIN pragma_table_list(s.name) l
         WHERE s.type = 'table' AND l.schema = 'main' AND s.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
         ORDER BY s.rowid",
    )?;
    let mut columns = conn.prepare(
        "SELECT name, type, \"notnull\", dflt_value IS NOT NULL, pk FROM pragma_table_info(?1)
         ORDER BY cid",
    )?;
    let mut tables = Vec::new();
    let mut rows = names.query([])?;
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        let has_rowid = !row.get::<_, bool>(1)?;
        let described = columns.query_map([&name], |row| {
            let kind: String = row.get(1)?;
            let (not_null, has_default): (bool, bool) = (row.get(2)?, row.get(3)?);
            let key: i64 = row.get(4)?;
            let kind = match kind.to_ascii_uppercase().as_str() {
                "INTEGER" if key > 0 && has_rowid => ColumnKind::Rowid,
                "INTEGER" | "INT" => ColumnKind::Integer,
                "REAL" => ColumnKind::Real,
                "TEXT" => ColumnKind::Text,
                "BLOB" => ColumnKind::Blob,
                _ => ColumnKind::Any,
            };
            let may_be_null = !not_null && (key == 0 || has_rowid);
            let column = Column {
                name: row.get(0)?,
                may_be_null,
                may_be_absent: has_default || (may_be_null && kind != ColumnKind::Rowid),
                kind,
            };
            Ok((key, column))
        })?;
        let mut described = described.collect::<Result<Vec<_>, _>>()?;
        if !has_rowid {
            // The key comes first; the sort is stable.
            described.sort_by_key(|(key, _)| if *key == 0 { i64::MAX } else { *key });
        }
        tables.push(Table {
            name,
            columns: described.into_iter().map(|(_, column)| column).collect(),
            has_rowid,
        });
    }
    Ok(tables)
}

impl Table {
    fn leaf(&self) -> Kind {
        if self.has_rowid {
            Kind::TableLeaf
        } else {
            Kind::IndexLeaf
        }
    }

    /// Whether rows of the table look like this. Columns that a later schema appended may be absent.
    pub(super) fn fits(&self, record: &Record) -> bool {
        let stored = record.values.len();
        stored <= self.columns.len()
            && self.columns[stored..].iter().all(|c| c.may_be_absent)
            && self
                .columns
                .iter()
                .zip(&record.values)
                .all(|(c, v)| match v {
                    Value::Null => c.may_be_null || c.kind == ColumnKind::Rowid,
                    Value::Integer(_) => matches!(
                        c.kind,
                        // A whole number in a REAL column is stored as an integer.
                        ColumnKind::Integer | ColumnKind::Real | ColumnKind::Any
                    ),
                    Value::Real(_) => matches!(c.kind, ColumnKind::Real | ColumnKind::Any),
                    Value::Text(_) => matches!(c.kind, ColumnKind::Text | ColumnKind::Any),
                    Value::Blob(_) => matches!(c.kind, ColumnKind::Blob | ColumnKind::Any),
                })
    }

    /// The values to insert, one for each stored column.
    pub(super) fn row(&self, record: Record) -> Vec<Value> {
        let mut values = record.values;
        for (column, value) in self.columns.iter().zip(&mut values) {
            if column.kind == ColumnKind::Rowid {
                *value = Value::Integer(record.rowid);
            }
        }
        values
    }
}

/// What was found of one table by following its tree.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) records: Vec<Record>,
    /// Rows that were counted and cannot be read.
    pub(super) lost: u64,
    /// Pages of the tree are damaged, or the tree was not found at all.
    pub(super) is_torn: bool,
}

/// Rows of a page that no tree leads to, and the tables that have rows of such a shape.
#[derive(Debug)]
pub(super) struct Stray {
    pub(super) records: Vec<Record>,
    /// Indices of tables.
    pub(super) candidates: Vec<usize>,
}

/// Everything that the pages give.
pub(super) struct Harvest {
    /// In the order of the tables.
    pub(super) found: Vec<Found>,
    /// Pages that may belong to several tables.
    pub(super) strays: Vec<Stray>,
    /// Names of tables in the damaged file that the program does not know.
    pub(super) unknown: Vec<String>,
    /// In words.
    pub(super) findings: Vec<String>,
}

/// One entry of `sqlite_schema`.
struct Entry {
    is_table: bool,
    name: String,
    root: u32,
}

/// Reads the rows of all `tables`.
pub(super) fn harvest(pages: &Pages, tables: &[Table]) -> Harvest {
    let mut walk = Walk {
        pages,
        claimed: vec![false; pages.count() as usize + 1],
        free: BTreeSet::new(),
    };
    let mut findings = Vec::new();
    if pages.header().is_none() {
        findings.push("the header of the database is damaged".to_owned());
    }
    match pages.free() {
        Some(free) => walk.free = free.into_iter().collect(),
        None => findings.push(
            "the list of free pages is damaged; rows that had been deleted may have come back"
                .to_owned(),
        ),
    }
    let entries = walk.schema();
    let mut roots: BTreeMap<&str, u32> = BTreeMap::new();
    for entry in entries.iter().filter(|e| e.is_table) {
        roots.entry(&entry.name).or_insert(entry.root);
    }
    let mut found: Vec<Found> = tables
        .iter()
        .map(|table| match roots.get(table.name.as_str()) {
            Some(root) => walk.table(table, *root),
            None => Found {
                is_torn: true,
                ..Found::default()
            },
        })
        .collect();
    for index in entries.iter().filter(|e| !e.is_table) {
        walk.tree(index.root, Kind::IndexLeaf, |_| true);
    }
    let known = |name: &str| tables.iter().any(|t| t.name == name);
    let foreign = entries
        .iter()
        .filter(|e| e.is_table && !e.name.starts_with("sqlite_") && !known(&e.name));
    let unknown = foreign.map(|e| e.name.clone()).collect();
    let (decided, mut strays): (Vec<Stray>, _) = walk
        .strays(tables)
        .into_iter()
        .partition(|stray| stray.candidates.len() == 1);
    for stray in decided {
        let table = stray.candidates[0];
        let mut fitting = stray.records;
        let before = fitting.len();
        fitting.retain(|record| tables[table].fits(record));
        found[table].lost += (before - fitting.len()) as u64;
        found[table].records.append(&mut fitting);
    }
    let all = strays.len();
    strays.retain(|stray| !stray.candidates.is_empty());
    let homeless = all - strays.len();
    if homeless > 0 {
        findings.push(format!(
            "{homeless} pages hold rows of which the table cannot be told"
        ));
    }
    Harvest {
        found,
        strays,
        unknown,
        findings,
    }
}

struct Walk<'p> {
    pages: &'p Pages,
    /// By page number: belongs to a tree.
    claimed: Vec<bool>,
    /// Pages that hold what was deleted, unless a tree leads to them all the same.
    free: BTreeSet<u32>,
}

/// What following a tree met besides its nodes.
#[derive(Default)]
struct Damage {
    unreadable: u64,
    is_torn: bool,
}

impl Walk<'_> {
    fn claim(&mut self, page: u32) {
        if let Some(claimed) = self.claimed.get_mut(page as usize) {
            *claimed = true;
        }
    }

    /// Pages that are neither free nor part of a tree so far.
    fn unclaimed(&self) -> Vec<u32> {
        (2..=self.pages.count())
            .filter(|n| !self.claimed[*n as usize] && !self.free.contains(n))
            .collect()
    }

    /// Follows the tree at `root` and hands each node to `take`, which says whether it belongs there.
    fn tree(&mut self, root: u32, leaf: Kind, mut take: impl FnMut(Node) -> bool) -> Damage {
        let mut damage = Damage::default();
        let mut ahead = vec![root];
        while let Some(number) = ahead.pop() {
            let is_new = self.claimed.get(number as usize) == Some(&false);
            let node = self
                .pages
                .node(number)
                .filter(|node| is_new && node.is_akin(leaf));
            let Some(mut node) = node else {
                damage.is_torn = true;
                continue;
            };
            let (unreadable, is_inner) = (node.unreadable, !node.kind.is_leaf());
            let children = std::mem::take(&mut node.children);
            if !take(node) {
                damage.is_torn = true;
                continue;
            }
            self.claim(number);
            if is_inner && unreadable > 0 {
                damage.is_torn = true;
            }
            damage.unreadable += unreadable;
            ahead.extend(children.into_iter().rev());
        }
        damage
    }

    /// Entries of `sqlite_schema`, also from pages that its root no longer leads to.
    fn schema(&mut self) -> Vec<Entry> {
        let mut entries = Vec::new();
        self.tree(1, Kind::TableLeaf, |node| {
            entries.extend(node.records.iter().filter_map(entry));
            true
        });
        for number in self.unclaimed() {
            let Some(node) = self.pages.node(number) else {
                continue;
            };
            let read: Vec<Entry> = node.records.iter().filter_map(entry).collect();
            if node.kind == Kind::TableLeaf && !read.is_empty() {
                self.claim(number);
                entries.extend(read);
            }
        }
        entries
    }

    fn table(&mut self, table: &Table, root: u32) -> Found {
        let mut found = Found::default();
        let damage = self.tree(root, table.leaf(), |node| {
            let before = node.records.len();
            let mut fitting = node.records;
            fitting.retain(|record| table.fits(record));
            // A page of which nothing fits belongs to something else.
            let belongs = before == 0 || !fitting.is_empty();
            if belongs {
                found.lost += (before - fitting.len()) as u64;
                found.records.append(&mut fitting);
            }
            belongs
        });
        found.lost += damage.unreadable;
        found.is_torn = damage.is_torn;
        found
    }

    fn strays(&self, tables: &[Table]) -> Vec<Stray> {
        let mut strays = Vec::new();
        for number in self.unclaimed() {
            let Some(node) = self.pages.node(number) else {
                continue;
            };
            if node.kind == Kind::TableInner || node.records.is_empty() {
                continue;
            }
            // Of damaged pages some rows fit nothing; the others tell the table.
            let fitting = |table: &Table| {
                let fitting = node.records.iter().filter(|r| table.fits(r)).count();
                node.is_akin(table.leaf()) && 2 * fitting > node.records.len()
            };
            let candidates: Vec<usize> =
                (0..tables.len()).filter(|n| fitting(&tables[*n])).collect();
            // Entries of an index that was not found are no rows and no loss.
            if !candidates.is_empty() || node.kind == Kind::TableLeaf {
                strays.push(Stray {
                    records: node.records,
                    candidates,
                });
            }
        }
        strays
    }
}

/// A row of `sqlite_schema`: type, name, table, root page, SQL.
fn entry(record: &Record) -> Option<Entry> {
    match &record.values[..] {
        [
            Value::Text(kind),
            Value::Text(name),
            Value::Text(_),
            Value::Integer(root),
            Value::Text(_) | Value::Null,
        ] => {
            let is_table = kind == "table";
            let root = u32::try_from(*root).ok()?;
            let has_tree = (is_table || kind == "index") && root > 1;
            has_tree.then(|| Entry {
                is_table,
                name: name.clone(),
                root,
            })
        }
        _ => None,
    }
}
