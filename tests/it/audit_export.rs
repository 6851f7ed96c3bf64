//! The audit trail as other programs get it.

use std::path::Path;
use std::process::Command;

use jiff::Timestamp;
use oncotwin::audit_export::{Format, line, opening};
use oncotwin::store::{
    Access, AuditEntry, OpenOptions, Query, Rehearsal, VerifyOptions, Which, Workspace, verify,
};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

fn filled(dir: &Path) {
    let options = OpenOptions {
        clock: Box::new(|| Timestamp::from_nanosecond(1_767_225_600_123_456_789).unwrap()),
        app_version: "0.1.0-test".to_owned(),
        anchors: None,
        access: Access::Write,
        file_system: None,
    };
    let (workspace, _) = Workspace::open(dir, options).unwrap();
    let mut r = Rehearsal::new(1);
    let mut acts = vec![r.enter_reader("Dr \"Quote\", <b>&amp;").unwrap()];
    let (gone, act) = r.enter_patient("Zacharias^Erased").unwrap();
    acts.push(act);
    acts.push(r.treat(gone).unwrap());
    let (patient, act) = r.enter_patient("Alice^Kept").unwrap();
    acts.push(act);
    let (series, act) = r.import(patient).unwrap();
    acts.push(act);
    let (_, mark, mut act) = r.draw(series, None).unwrap();
    let note = act.transaction.audit.as_mut().unwrap();
    note.title = "=HYPERLINK(\"x\")".to_owned();
    note.reason = "first, \"second\"\r\nthird".to_owned();
    acts.push(act);
    acts.push(r.mask(mark, 12).unwrap());
    acts.push(r.erase(gone).unwrap());
    for act in acts {
        act.perform(&workspace).unwrap();
    }
}

fn exported(dir: &Path, format: Format) -> (Vec<AuditEntry>, String) {
    let entries = Query::new(dir).entries(&Which::All).unwrap();
    let mut text = opening(format).unwrap();
    for entry in &entries {
        text += &line(format, entry).unwrap();
    }
    (entries, text)
}

#[test]
fn a_table_holds_every_column_and_no_formula() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let (entries, text) = exported(dir.path(), Format::Csv);
    assert!(!text.contains("Zacharias"));
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let columns = reader.headers().unwrap().clone();
    let at = |name: &str| columns.iter().position(|c| c == name).unwrap();
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), entries.len());
    for (row, entry) in rows.iter().zip(&entries) {
        assert_eq!(row[at("seq")], entry.seq.to_string());
        assert_eq!(row[at("hash")], entry.hash);
        assert_eq!(row[at("erased")], entry.erased.to_string());
        for cell in row {
            let is_number = cell.parse::<f64>().is_ok();
            assert!(
                is_number || !cell.starts_with(['=', '+', '-', '@']),
                "{cell}"
            );
        }
    }
    // Every column of the table of the trail is there.
    let conn = rusqlite::Connection::open(dir.path().join("oncotwin.sqlite")).unwrap();
    let mut statement = conn
        .prepare("SELECT name FROM pragma_table_info('audit')")
        .unwrap();
    for name in statement
        .query_map([], |row| row.get::<_, String>(0))
        .unwrap()
    {
        let name = match name.unwrap().as_str() {
            "utc_ns" => "at".to_owned(),
            name => name.to_owned(),
        };
        assert!(columns.iter().any(|c| c == name), "{name}");
    }
    let drawn = rows
        .iter()
        .find(|r| &r[at("event")] == "annotation.draw")
        .unwrap();
    assert_eq!(&drawn[at("title")], "'=HYPERLINK(\"x\")");
    assert_eq!(&drawn[at("reason")], "first, \"second\"\r\nthird");
    assert!(
        rows.iter()
            .any(|r| &r[at("erased")] == "true" && r[at("title")].is_empty())
    );
}

#[test]
fn json_lines_have_the_keys_of_their_schema() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let (entries, text) = exported(dir.path(), Format::Json);
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../docs/schemas/audit-entry.schema.json")).unwrap();
    let keys =
        |v: &serde_json::Value| -> Vec<String> { v.as_object().unwrap().keys().cloned().collect() };
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|l| serde_json::from_str(l).unwrap())
        .collect();
    assert_eq!(lines.len(), entries.len());
    for (line, entry) in lines.iter().zip(&entries) {
        assert_eq!(line["hash"], entry.hash);
        assert_eq!(keys(line), keys(&schema["properties"]));
        if !line["act"].is_null() {
            assert_eq!(
                keys(&line["act"]),
                keys(&schema["properties"]["act"]["properties"])
            );
        }
    }
}

/// An attribute, and whether it is required.
type Attribute = (&'static str, bool);

/// An element with its children in their order and its attributes (PS3.15 A.5.1).
type Rule = (&'static str, &'static [&'static str], &'static [Attribute]);

const RULES: &[Rule] = &[
    (
        "AuditMessage",
        &[
            "EventIdentification",
            "ActiveParticipant",
            "AuditSourceIdentification",
            "ParticipantObjectIdentification",
        ],
        &[],
    ),
    (
        "EventIdentification",
        &["EventID", "EventTypeCode"],
        &[
            ("EventActionCode", false),
            ("EventDateTime", true),
            ("EventOutcomeIndicator", true),
        ],
    ),
    (
        "ActiveParticipant",
        &["RoleIDCode"],
        &[
            ("UserID", true),
            ("AlternativeUserID", false),
            ("UserIsRequestor", true),
            ("NetworkAccessPointID", false),
            ("NetworkAccessPointTypeCode", false),
        ],
    ),
    (
        "AuditSourceIdentification",
        &["AuditSourceTypeCode"],
        &[("AuditSourceID", true)],
    ),
    (
        "ParticipantObjectIdentification",
        &["ParticipantObjectIDTypeCode", "ParticipantObjectDetail"],
        &[
            ("ParticipantObjectID", true),
            ("ParticipantObjectTypeCode", false),
            ("ParticipantObjectTypeCodeRole", false),
            ("ParticipantObjectDataLifeCycle", false),
        ],
    ),
    (
        "ParticipantObjectDetail",
        &[],
        &[("type", true), ("value", true)],
    ),
];
/// Attributes of every element that is a code.
const CODED: &[Attribute] = &[
    ("csd-code", true),
    ("codeSystemName", true),
    ("originalText", true),
];

fn rule(name: &str) -> (&'static [&'static str], &'static [Attribute]) {
    let known = RULES.iter().find(|(element, ..)| *element == name);
    known.map_or((&[], CODED), |(_, children, attributes)| {
        (*children, *attributes)
    })
}

fn check_attributes(element: &BytesStart<'_>) {
    let name = String::from_utf8(element.name().as_ref().to_vec()).unwrap();
    let found: Vec<(String, String)> = element
        .attributes()
        .map(|a| {
            let a = a.unwrap();
            let key = String::from_utf8(a.key.as_ref().to_vec()).unwrap();
            (key, String::from_utf8(a.value.to_vec()).unwrap())
        })
        .collect();
    let (_, allowed) = rule(&name);
    for (key, value) in &found {
        assert!(allowed.iter().any(|(a, _)| a == key), "{name} has {key}");
        let one_of = |values: &[&str]| values.contains(&value.as_str());
        let fits = match key.as_str() {
            "EventActionCode" => one_of(&["C", "R", "U", "D", "E"]),
            "EventOutcomeIndicator" => one_of(&["0", "4", "8", "12"]),
            "EventDateTime" => {
                let zone = &value[value.len() - 6..];
                value.parse::<Timestamp>().is_ok() && zone.starts_with(['+', '-'])
            }
            "UserIsRequestor" => one_of(&["true", "false"]),
            "NetworkAccessPointTypeCode" => one_of(&["1", "2", "3", "4", "5"]),
            "ParticipantObjectTypeCode" => one_of(&["1", "2", "3", "4"]),
            "ParticipantObjectTypeCodeRole" => (1..=24).any(|n: u8| n.to_string() == *value),
            "ParticipantObjectDataLifeCycle" => (1..=15).any(|n: u8| n.to_string() == *value),
            _ => !value.is_empty(),
        };
        assert!(fits, "{name} {key}={value}");
    }
    for (key, is_required) in allowed {
        let count = found.iter().filter(|(k, _)| k == key).count();
        assert!(
            count == 1 || (count == 0 && !is_required),
            "{name} has {count} {key}"
        );
    }
}

/// Elements below the root, parents before children, as pairs of depth and name.
fn checked(message: &str) -> Vec<(usize, String)> {
    let mut reader = Reader::from_str(message);
    reader.config_mut().check_end_names = true;
    let mut path: Vec<(String, usize)> = Vec::new();
    let mut seen = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Decl(_) => assert!(path.is_empty()),
            event @ (Event::Start(_) | Event::Empty(_)) => {
                let (Event::Start(element) | Event::Empty(element)) = &event else {
                    unreachable!()
                };
                check_attributes(element);
                let name = String::from_utf8(element.name().as_ref().to_vec()).unwrap();
                if let Some((parent, last)) = path.last_mut() {
                    let place = rule(parent).0.iter().position(|child| *child == name);
                    let place = place.unwrap_or_else(|| panic!("{name} in {parent}"));
                    assert!(place >= *last, "{name} stands too late in {parent}");
                    *last = place;
                }
                seen.push((path.len(), name.clone()));
                if matches!(event, Event::Start(_)) {
                    path.push((name, 0));
                }
            }
            Event::End(_) => drop(path.pop()),
            Event::Eof => break,
            other => panic!("{other:?}"),
        }
    }
    assert!(path.is_empty());
    seen
}

#[test]
fn every_message_follows_the_rules_of_dicom() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let (entries, text) = exported(dir.path(), Format::Dicom);
    for secret in ["Zacharias", "Alice", "HYPERLINK", "second", "MRN", "Quote"] {
        assert!(!text.contains(secret), "{secret} is in a message");
    }
    assert_eq!(text.lines().count(), entries.len());
    for (line, entry) in text.lines().zip(&entries) {
        let elements = checked(line);
        let count = |name: &str| elements.iter().filter(|(_, n)| n == name).count();
        assert_eq!(elements[0], (0, "AuditMessage".to_owned()));
        assert_eq!(count("EventIdentification"), 1);
        assert_eq!(count("EventID"), 1);
        assert_eq!(count("AuditSourceIdentification"), 1);
        assert_eq!(count("ActiveParticipant"), 2);
        let objects = 1 + usize::from(!entry.patient.is_empty());
        assert_eq!(count("ParticipantObjectIdentification"), objects);
        assert!(line.contains(&format!("csd-code=\"{}\"", entry.event_code)));
    }
}

#[test]
fn odd_characters_of_an_edited_trail_stay_inside_their_attribute() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let mut entry = Query::new(dir.path())
        .entries(&Which::Seq(3))
        .unwrap()
        .remove(0);
    entry.host = "a\"><x/>\n&\u{0}\u{1f}\u{ffff}'\u{2028}b".to_owned();
    entry.action = "X".to_owned();
    entry.outcome = 77;
    for tz_s in [i64::MAX, -1, 3600 * 20, -3 * 3600 - 1800] {
        entry.tz_s = tz_s;
        let message = line(Format::Dicom, &entry).unwrap();
        assert_eq!(message.lines().count(), 1);
        checked(message.trim_end());
    }
    assert!(
        line(Format::Dicom, &entry)
            .unwrap()
            .contains("T20:30:00.123456789-03:30")
    );
}

#[test]
fn the_verb_writes_the_file_and_says_so_in_the_trail() {
    let dir = tempfile::tempdir().unwrap();
    let case = dir.path().join("case");
    filled(&case);
    let run = |format: &str, out: &Path, case: &Path| {
        Command::new(env!("CARGO_BIN_EXE_oncotwin"))
            .args(["audit", "export", "--json", "--format", format, "--case"])
            .arg(case)
            .arg("--out")
            .arg(out)
            .env("ONCOTWIN_CONFIG_DIR", dir.path().join("keys"))
            .output()
            .unwrap()
    };
    for format in ["csv", "json", "dicom"] {
        let out = dir.path().join(format);
        let output = run(format, &out, &case);
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
        let answer: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(std::fs::metadata(&out).unwrap().len() > 1000);
        let logged = Query::new(&case).entries(&Which::All).unwrap();
        let entry = logged.iter().rfind(|e| e.event == "audit.export").unwrap();
        assert_eq!(entry.event_code, 110_101);
        let detail = &entry.act.as_ref().unwrap().detail;
        assert_eq!(detail["sha256"], answer["sha256"]);
        assert_eq!(detail["format"], format);
    }
    assert!(verify(&case, &VerifyOptions::default()).unwrap().ok);

    // What is no workspace is refused and stays as it was.
    let nowhere = dir.path().join("nowhere");
    let output = run("csv", &dir.path().join("none"), &nowhere);
    assert_eq!(output.status.code(), Some(1));
    assert!(!nowhere.exists() && !dir.path().join("none").exists());
    let output = run("csv", &dir.path().join("no/such/folder.csv"), &case);
    assert_eq!(output.status.code(), Some(1));
}
