//! Entries as DICOM audit messages (PS3.15 A.5.1; codes of PS3.16 CID 400 and following).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use jiff::tz::{Offset, TimeZone};

use crate::store::AuditEntry;

/// Coding scheme of our own words; private designators begin with 99 (PS3.16, 8.2).
const OURS: &str = "99ONCOTWIN";

/// The message in one line, without a line break.
pub(super) fn message(e: &AuditEntry) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?><AuditMessage>");
    event(&mut xml, e);
    participants(&mut xml, e);
    source(&mut xml, e);
    if !e.patient.is_empty() {
        object(
            &mut xml,
            &e.patient,
            &[
                ("ParticipantObjectTypeCode", "1"),
                ("ParticipantObjectTypeCodeRole", "1"),
            ],
            &code(
                "ParticipantObjectIDTypeCode",
                "2",
                "RFC-3881",
                "Patient Number",
            ),
            &[],
        );
    }
    changed(&mut xml, e);
    xml.push_str("</AuditMessage>");
    xml
}

fn event(xml: &mut String, e: &AuditEntry) {
    let outcome = match e.outcome {
        0 => "0",
        4 => "4",
        8 => "8",
        _ => "12",
    };
    let mut attributes = Vec::new();
    if ["C", "R", "U", "D", "E"].contains(&e.action.as_str()) {
        attributes.push(("EventActionCode", e.action.clone()));
    }
    attributes.push(("EventDateTime", date_time(e)));
    attributes.push(("EventOutcomeIndicator", outcome.to_owned()));
    open(xml, "EventIdentification", &attributes);
    let number = e.event_code.to_string();
    xml.push_str(&code("EventID", &number, "DCM", meaning(e.event_code)));
    // Application Activity tells start and stop apart by a code of its own (CID 401).
    match e.event.as_str() {
        "session.open" => {
            xml.push_str(&code("EventTypeCode", "110120", "DCM", "Application Start"))
        }
        "session.close" => {
            xml.push_str(&code("EventTypeCode", "110121", "DCM", "Application Stop"));
        }
        _ => {}
    }
    xml.push_str(&code("EventTypeCode", &e.event, OURS, &e.event));
    xml.push_str("</EventIdentification>");
}

/// The reader, who asked for it, and the program, which did it.
fn participants(xml: &mut String, e: &AuditEntry) {
    let host = |attributes: &mut Vec<(&'static str, String)>| {
        if !e.host.is_empty() {
            attributes.push(("NetworkAccessPointID", e.host.clone()));
            // 1: machine name.
            attributes.push(("NetworkAccessPointTypeCode", "1".to_owned()));
        }
    };
    let user = if e.user.is_empty() {
        "unnamed"
    } else {
        &e.user
    };
    let mut reader = vec![
        ("UserID", user.to_owned()),
        ("AlternativeUserID", e.session.clone()),
        ("UserIsRequestor", "true".to_owned()),
    ];
    host(&mut reader);
    open(xml, "ActiveParticipant", &reader);
    if !e.role.is_empty() {
        xml.push_str(&code("RoleIDCode", &e.role, OURS, &e.role));
    }
    xml.push_str("</ActiveParticipant>");
    let mut program = vec![
        ("UserID", format!("oncotwin/{}", e.app_version)),
        ("AlternativeUserID", e.session.clone()),
        ("UserIsRequestor", "false".to_owned()),
    ];
    host(&mut program);
    open(xml, "ActiveParticipant", &program);
    xml.push_str(&code("RoleIDCode", "110150", "DCM", "Application"));
    xml.push_str("</ActiveParticipant>");
}

fn source(xml: &mut String, e: &AuditEntry) {
    let host = if e.host.is_empty() {
        "unknown"
    } else {
        &e.host
    };
    open(
        xml,
        "AuditSourceIdentification",
        &[("AuditSourceID", host.to_owned())],
    );
    xml.push_str(&code(
        "AuditSourceTypeCode",
        "1",
        "DCM",
        "End-user display device",
    ));
    xml.push_str("</AuditSourceIdentification>");
}

/// The object of the act, with what binds the message to the trail.
fn changed(xml: &mut String, e: &AuditEntry) {
    let (kind, role) = match e.object_type.as_str() {
        "patient" => ("1", "1"),
        "reader" => ("1", "6"),
        "report" => ("2", "3"),
        "session" => ("2", "20"),
        "workspace" | "backup" => ("2", "17"),
        _ => ("2", "4"),
    };
    let id = if e.object_id.is_empty() {
        "none"
    } else {
        &e.object_id
    };
    let life_cycle = life_cycle(e);
    let mut attributes = vec![
        ("ParticipantObjectTypeCode", kind),
        ("ParticipantObjectTypeCodeRole", role),
    ];
    if let Some(stage) = life_cycle {
        attributes.push(("ParticipantObjectDataLifeCycle", stage));
    }
    let seq = e.seq.to_string();
    let mut details = vec![
        ("oncotwin.seq", seq.as_str()),
        ("oncotwin.hash", &e.hash),
        ("oncotwin.prev_hash", &e.prev_hash),
    ];
    for (name, value) in [
        ("oncotwin.changes_sha256", &e.changes_sha256),
        ("oncotwin.step", &e.step),
        ("oncotwin.kind", &e.kind),
        ("oncotwin.model", &e.model),
    ] {
        if !value.is_empty() {
            details.push((name, value));
        }
    }
    for artifact in &e.artifacts {
        details.push(("oncotwin.artifact", artifact));
    }
    let kind = if e.object_type.is_empty() {
        "none"
    } else {
        &e.object_type
    };
    let id_type = code("ParticipantObjectIDTypeCode", kind, OURS, kind);
    object(xml, id, &attributes, &id_type, &details);
}

/// Stage in the life of the object (PS3.15 A.5.1, ParticipantObjectDataLifeCycle).
fn life_cycle(e: &AuditEntry) -> Option<&'static str> {
    match (e.event.as_str(), e.event_code, e.action.as_str()) {
        ("patient.erase", ..) => Some("15"),
        (_, 110_106, _) => Some("10"),
        (_, 110_107, _) => Some("2"),
        (_, _, "C") => Some("1"),
        (_, _, "R") => Some("6"),
        (_, _, "U") => Some("3"),
        (_, _, "D") => Some("14"),
        _ => None,
    }
}

fn object(
    xml: &mut String,
    id: &str,
    attributes: &[(&'static str, &str)],
    id_type: &str,
    details: &[(&str, &str)],
) {
    let mut all = vec![("ParticipantObjectID", id.to_owned())];
    all.extend(
        attributes
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned())),
    );
    open(xml, "ParticipantObjectIdentification", &all);
    xml.push_str(id_type);
    for (name, value) in details {
        let value = BASE64_STANDARD.encode(value);
        open_empty(
            xml,
            "ParticipantObjectDetail",
            &[("type", (*name).to_owned()), ("value", value)],
        );
    }
    xml.push_str("</ParticipantObjectIdentification>");
}

/// An element of type CodedValueType.
fn code(element: &str, value: &str, scheme: &str, meaning: &str) -> String {
    let mut xml = String::new();
    open_empty(
        &mut xml,
        element,
        &[
            ("csd-code", value.to_owned()),
            ("codeSystemName", scheme.to_owned()),
            ("originalText", meaning.to_owned()),
        ],
    );
    xml
}

fn open(xml: &mut String, element: &str, attributes: &[(&str, String)]) {
    start(xml, element, attributes);
    xml.push('>');
}

fn open_empty(xml: &mut String, element: &str, attributes: &[(&str, String)]) {
    start(xml, element, attributes);
    xml.push_str("/>");
}

fn start(xml: &mut String, element: &str, attributes: &[(&str, String)]) {
    xml.push('<');
    xml.push_str(element);
    for (name, value) in attributes {
        xml.push(' ');
        xml.push_str(name);
        xml.push_str("=\"");
        escape(xml, value);
        xml.push('"');
    }
}

/// Writes an attribute value (XML 1.0). Characters that XML does not know become U+FFFD; blanks
/// other than a space are written by number, or a reader would take them for spaces and the message
/// would not stay on its line.
fn escape(xml: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            '\'' => xml.push_str("&apos;"),
            '\t' | '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => {
                xml.push_str(&format!("&#{};", u32::from(c)));
            }
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => xml.push('\u{fffd}'),
            _ => xml.push(c),
        }
    }
}

/// Local time with its offset, or UTC where the offset is none that XML Schema allows (whole
/// minutes, at most 14 hours).
fn date_time(e: &AuditEntry) -> String {
    let offset = i32::try_from(e.tz_s)
        .ok()
        .filter(|s| s % 60 == 0 && s.abs() <= 14 * 3600)
        .and_then(|s| Offset::from_seconds(s).ok())
        .unwrap_or(Offset::UTC);
    let local = e.at.to_zoned(TimeZone::fixed(offset));
    local.strftime("%Y-%m-%dT%H:%M:%S%.f%:z").to_string()
}

/// Meaning of a code of CID 400.
const fn meaning(code: i64) -> &'static str {
    match code {
        110_100 => "Application Activity",
        110_101 => "Audit Log Used",
        110_102 => "Begin Transferring DICOM Instances",
        110_103 => "DICOM Instances Accessed",
        110_104 => "DICOM Instances Transferred",
        110_105 => "DICOM Study Deleted",
        110_106 => "Export",
        110_107 => "Import",
        110_108 => "Network Entry",
        110_109 => "Order Record",
        110_110 => "Patient Record",
        110_111 => "Procedure Record",
        110_112 => "Query",
        110_113 => "Security Alert",
        110_114 => "User Authentication",
        _ => "Unknown Event",
    }
}
