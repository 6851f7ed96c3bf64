//! The trail as a whole: cut, reordered, rewritten, with and without the key.

use rusqlite::{Connection, params};

use super::{Case, Scene, excuses};
use crate::store::anchor::{self, Anchors};
use crate::store::audit::journal::{self, Journal, Stored};
use crate::store::audit::{self, Entry};
use crate::store::error::Error;
use crate::store::words::Fault;

pub(super) fn cases() -> Vec<Case> {
    let mut cases = in_the_chain();
    cases.extend(in_the_journal());
    cases.extend(against_the_anchor());
    cases
}

fn in_the_chain() -> Vec<Case> {
    vec![
        Case::new(
            "triggers that guard the trail were removed",
            "schema",
            |s| {
                Ok(Connection::open(s.database())?.execute_batch(
                    "DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete;
                 DROP TRIGGER journal_no_update",
                )?)
            },
        ),
        Case::new("a trigger was added", "schema", |s| {
            Ok(Connection::open(s.database())?.execute_batch(
                "CREATE TRIGGER hide AFTER INSERT ON segmented
                 BEGIN UPDATE segmented SET long_axis = 1; END",
            )?)
        }),
        Case::new("two entries changed places", "audit", |s| {
            s.sql(
                "UPDATE audit SET seq = -1 WHERE seq = 5; UPDATE audit SET seq = 5 WHERE seq = 6;
                 UPDATE audit SET seq = 6 WHERE seq = -1;
                 UPDATE journal SET seq = -1 WHERE seq = 5; UPDATE journal SET seq = 5 WHERE seq = 6;
                 UPDATE journal SET seq = 6 WHERE seq = -1;",
            )
        }),
        Case::new(
            "an entry was taken out and the rest renumbered",
            "audit",
            |s| {
                s.sql(
                "DELETE FROM audit WHERE seq = 7; DELETE FROM journal WHERE seq = 7;
                 UPDATE audit SET seq = -seq WHERE seq > 7; UPDATE audit SET seq = -seq - 1 WHERE seq < 0;
                 UPDATE journal SET seq = -seq WHERE seq > 7;
                 UPDATE journal SET seq = -seq - 1 WHERE seq < 0;",
            )
            },
        ),
        Case::new(
            "an entry was put in and every hash behind it made anew",
            "audit",
            |s| {
                s.unguarded(|conn| {
                    conn.execute_batch(
                        "UPDATE audit SET seq = -seq WHERE seq > 7;
                     UPDATE audit SET seq = 1 - seq WHERE seq < 0;
                     UPDATE journal SET seq = -seq WHERE seq > 7;
                     UPDATE journal SET seq = 1 - seq WHERE seq < 0;",
                    )?;
                    let mut entry = entry(conn, 7)?;
                    entry.seq = 8;
                    entry.changes_sha256.clear();
                    audit::insert(conn, &entry)?;
                    rewrite(conn)
                })
            },
        ),
        Case::new(
            "an entry was put behind the last, with a right hash",
            "audit",
            |s| s.unguarded(append),
        )
        .excused(excuses::APPENDED),
    ]
}

fn in_the_journal() -> Vec<Case> {
    vec![
        Case::new("a journal was emptied without an erasure", "journal", |s| {
            s.sql(&format!(
                "UPDATE journal SET title = NULL, inverse = NULL, content = NULL WHERE seq = {DRAWN}"
            ))
        }),
        Case::new("an erased journal was filled", "journal", |s| {
            s.sql(
                "UPDATE journal SET title = 'x', inverse = '[]', content = '{}'
                 WHERE content IS NULL",
            )
        }),
        Case::new(
            "a change was edited, its hash in the entry with it",
            "journal",
            |s| s.unguarded(edit_journal),
        ),
        Case::new(
            "a change was edited, with every hash behind it and the record itself",
            "journal, annotations",
            |s| s.unguarded(edit_everywhere),
        ),
    ]
}

fn against_the_anchor() -> Vec<Case> {
    vec![
        Case::new("the end was cut off", "audit", |s| s.unguarded(cut)),
        Case::new("the end was cut off, down to the first entry", "audit", |s| {
            s.sql("DELETE FROM journal WHERE seq > 1; DELETE FROM audit WHERE seq > 1")
        }),
        Case::new("the trail was emptied", "audit", |s| {
            s.sql("DELETE FROM journal; DELETE FROM audit")
        }),
        Case::new("every table was emptied", "all tables", |s| {
            s.unguarded(|conn| {
                for table in super::rows::tables(conn)? {
                    conn.execute(&format!("DELETE FROM {table}"), [])?;
                }
                Ok(())
            })
        }),
        Case::new("every hash of the chain was made anew, with another reader", "audit", |s| {
            s.unguarded(another_reader)
        }),
        Case::new("the anchor of the workspace was deleted", "oncotwin.anchor-…", |s| {
            delete_anchors(s, true, false)
        })
        .excused(excuses::NO_ANCHOR),
        Case::new("the anchor of the key folder was deleted", "anchors/…", |s| {
            delete_anchors(s, false, true)
        })
        .excused(excuses::NO_ANCHOR),
        Case::new("one anchor was deleted and the end cut off", "audit, oncotwin.anchor-…", |s| {
            delete_anchors(s, true, false)?;
            s.unguarded(cut)
        }),
        Case::new("the other anchor was deleted and the end cut off", "audit, anchors/…", |s| {
            delete_anchors(s, false, true)?;
            s.unguarded(cut)
        }),
        Case::new("both anchors were deleted and the end cut off", "audit, both anchors", |s| {
            delete_anchors(s, true, true)?;
            s.unguarded(cut)
        })
        .excused(excuses::CUT_WITHOUT_ANCHOR),
        Case::new(
            "both anchors were deleted and the end cut off; a printed head is at hand",
            "audit, both anchors",
            |s| {
                delete_anchors(s, true, true)?;
                s.unguarded(cut)
            },
        )
        .with_head(),
        Case::new(
            "both anchors were deleted and every hash made anew, with another reader",
            "audit, both anchors",
            |s| {
                delete_anchors(s, true, true)?;
                s.unguarded(another_reader)
            },
        )
        .excused(excuses::REWRITTEN_WITHOUT_ANCHOR),
        Case::new(
            "both anchors were deleted and every hash made anew; a printed head is at hand",
            "audit, both anchors",
            |s| {
                delete_anchors(s, true, true)?;
                s.unguarded(another_reader)
            },
        )
        .with_head(),
        Case::new(
            "every hash was made anew, and the anchors with the stolen key",
            "audit, both anchors",
            |s| {
                s.unguarded(another_reader)?;
                anchor_anew(s)
            },
        )
        .excused(excuses::HAS_KEY),
        Case::new(
            "every hash was made anew, and the anchors with the stolen key; a printed head is at hand",
            "audit, both anchors",
            |s| {
                s.unguarded(another_reader)?;
                anchor_anew(s)
            },
        )
        .with_head(),
        Case::new("the end was cut off; another user checks", "audit", |s| s.unguarded(cut))
            .by_other_user()
            .excused(excuses::OTHER_USER),
    ]
}

/// Number of the entry that drew a lesion which still stands.
const DRAWN: &str = "(SELECT max(seq) FROM audit WHERE event = 'annotation.edit')";

fn entry(conn: &Connection, seq: i64) -> Result<Entry, Fault> {
    Ok(conn.query_row("SELECT * FROM audit WHERE seq = ?1", [seq], Entry::read)?)
}

/// Makes every hash of the chain anew.
fn rewrite(conn: &Connection) -> Result<(), Fault> {
    let entries: Vec<Entry> = conn
        .prepare("SELECT * FROM audit ORDER BY seq")?
        .query_map([], Entry::read)?
        .collect::<rusqlite::Result<_>>()?;
    let mut head = audit::GENESIS.to_owned();
    for entry in entries {
        let hash = entry.chained(&head);
        conn.execute(
            "UPDATE audit SET prev_hash = ?1, hash = ?2 WHERE seq = ?3",
            params![head, hash, entry.seq],
        )?;
        head = hash;
    }
    Ok(())
}

fn append(conn: &Connection) -> Result<(), Fault> {
    let head = audit::head(conn)?;
    let mut entry = entry(conn, head.entries)?;
    entry.seq += 1;
    entry.prev_hash.clone_from(&entry.hash);
    entry.hash = entry.chained(&entry.prev_hash);
    audit::insert(conn, &entry)
}

/// Takes the last entry off.
fn cut(conn: &Connection) -> Result<(), Fault> {
    Ok(conn.execute_batch(
        "DELETE FROM journal WHERE seq > (SELECT max(seq) - 1 FROM audit);
         DELETE FROM audit WHERE seq = (SELECT max(seq) FROM audit);",
    )?)
}

fn another_reader(conn: &Connection) -> Result<(), Fault> {
    conn.execute("UPDATE audit SET host = 'elsewhere' WHERE seq = 5", [])?;
    rewrite(conn)
}

/// Edits the newest moved diameter in its journal; the entry gets the hash of the new text.
fn edit_journal(conn: &Connection) -> Result<(), Fault> {
    let seq: i64 = conn.query_row(&format!("SELECT {DRAWN}"), [], |row| row.get(0))?;
    let stored = conn.query_row(
        "SELECT title, inverse, content FROM journal WHERE seq = ?1",
        [seq],
        journal::stored,
    )?;
    let Stored::Whole(whole) = stored else {
        return Err(Error::Refused("the gesture has no journal".to_owned()).into());
    };
    let edited = Journal {
        content: whole.content.replace("-40.25", "-42.75"),
        ..whole.clone()
    };
    if edited == whole {
        return Err(Error::Refused("the gesture does not say where it is".to_owned()).into());
    }
    conn.execute(
        "UPDATE journal SET content = ?1 WHERE seq = ?2",
        params![edited.content, seq],
    )?;
    conn.execute(
        "UPDATE audit SET changes_sha256 = ?1 WHERE seq = ?2",
        params![edited.sha256(), seq],
    )?;
    Ok(())
}

fn edit_everywhere(conn: &Connection) -> Result<(), Fault> {
    edit_journal(conn)?;
    conn.execute(
        &format!(
            "UPDATE annotations SET p0_z = -42.75, p1_z = -42.75
             WHERE id = (SELECT object_id FROM audit WHERE seq = {DRAWN})"
        ),
        [],
    )?;
    rewrite(conn)
}

fn anchor_anew(scene: &Scene) -> Result<(), Fault> {
    let conn = Connection::open(scene.database())?;
    let head = audit::head(&conn)?;
    let workspace = anchor::workspace_id(&conn)?.unwrap_or_default();
    let mut anchors = Anchors::open(&scene.case, &scene.keys, &workspace)?;
    // Both slots.
    anchors.set(head.entries, &head.hash)?;
    Ok(anchors.set(head.entries, &head.hash)?)
}

/// Deletes the anchor in the workspace, that in the folder of the key, or both.
fn delete_anchors(scene: &Scene, here: bool, there: bool) -> Result<(), Fault> {
    let mut gone = Vec::new();
    if here {
        gone.extend(
            super::files::listed(&scene.case)?
                .into_iter()
                .filter(|path| {
                    path.file_name()
                        .is_some_and(|n| n.to_string_lossy().starts_with("oncotwin.anchor-"))
                }),
        );
    }
    if there {
        gone.extend(super::files::listed(&scene.keys.join("anchors"))?);
    }
    if gone.is_empty() {
        return Err(Error::Refused("there is no anchor".to_owned()).into());
    }
    for path in gone {
        std::fs::remove_file(&path).map_err(Error::io("remove", &path))?;
    }
    Ok(())
}
