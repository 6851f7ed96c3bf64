//! Who a patient is, taken out of everything the window draws: for demonstrations and screenshots.
//!
//! Names, patient numbers and birth dates are covered wherever they occur, dates become days after
//! the first visit, and places of files are left out. What is burned into pixels stays.

use std::sync::Arc;

use jiff::civil::Date;

use crate::app::grouping;
use crate::app::state::State;
use crate::app::view::{
    ChooserView, DraftState, DraftView, FileKind, FileList, FileRow, FilesView, HeaderView,
    HistoryRow, PatientView, PictureView, View,
};
use crate::case::{PatientIdentity, Records};
use crate::texts::tr;

/// What stands in place of what is covered.
const COVER: &str = "•••";
/// Shorter words are in too many others to be covered.
const LEAST: usize = 3;

/// What is to be covered, and what dates are counted from.
struct Cover {
    words: Vec<String>,
    baseline: Option<Date>,
}

impl State {
    /// The view without what tells who the patients are.
    pub(super) fn hide_identity_in(&self, view: &mut View) {
        let patient = self.shown_patient();
        let points = patient.map(|id| grouping::ordered(&self.records, id));
        let cover = Cover {
            words: words_of(&self.records),
            baseline: points.and_then(|p| p.iter().find_map(|t| t.date)),
        };
        view.hidden = true;
        cover.text(&mut view.workspace);
        cover.chooser(&mut view.chooser);
        if let Some(patient) = &mut view.patient {
            cover.patient(patient);
        }
        for message in &mut view.messages {
            cover.text(&mut message.text);
            cover.text(&mut message.hint);
        }
        if let Some(reason) = &mut view.read_only {
            cover.text(reason);
        }
        if let Some(trace) = &mut view.trace {
            cover.text(&mut trace.title);
            for node in &mut trace.nodes {
                cover.text(&mut node.title);
                node.lines
                    .iter_mut()
                    .for_each(|(_, value)| cover.text(value));
            }
        }
        if let Some(files) = &mut view.files {
            hide_files(files);
        }
        if let Some(picture) = &mut view.picture {
            hide_picture(picture);
        }
        if let Some(header) = &mut view.header {
            *header = HeaderView {
                pending: header.pending,
                error: tr!("Headers are not shown while identities are hidden").to_owned(),
                ..HeaderView::default()
            };
        }
    }
}

/// Words that tell who patients are, the longest first.
fn words_of(records: &Records) -> Vec<String> {
    let parts = |identity: &PatientIdentity| {
        let mut parts: Vec<String> = identity
            .name
            .split(['^', '=', ',', ' '])
            .map(str::to_owned)
            .collect();
        parts.push(super::displayed_name(&identity.name));
        parts.push(identity.name.clone());
        parts.push(identity.code.trim().to_owned());
        parts.extend(identity.birth_date.map(|d| d.to_string()));
        parts
    };
    let mut words: Vec<String> = records.identities.iter().flat_map(parts).collect();
    words.retain(|w| w.chars().count() >= LEAST);
    words.sort_by_key(|w| std::cmp::Reverse(w.len()));
    words.dedup();
    words
}

impl Cover {
    fn text(&self, text: &mut String) {
        for word in &self.words {
            if text.contains(word.as_str()) {
                *text = text.replace(word.as_str(), COVER);
            }
        }
        *text = without_paths(text);
        *text = self.days(text);
    }

    /// Dates as days after the first visit; covered where that is not known.
    fn days(&self, text: &str) -> String {
        let mut rest = text;
        let mut made = String::with_capacity(text.len());
        while let Some((before, date, after)) = first_date(rest) {
            made.push_str(before);
            match self.baseline {
                Some(first) => {
                    let days = grouping::days_between(first, date).0;
                    made.push_str(&tr!("day {day:.0}", day = days));
                }
                None => made.push_str(COVER),
            }
            rest = after;
        }
        made.push_str(rest);
        made
    }

    fn chooser(&self, chooser: &mut ChooserView) {
        let n = chooser.patients.len();
        for (at, row) in chooser.patients.iter_mut().enumerate() {
            row.title = tr!("Patient {n}", n = n - at);
            // The date of the last visit stands at the end, after how many visits and lesions there are.
            let counts: Vec<&str> = row.detail.split(" · ").take(2).collect();
            row.detail = counts.join(" · ");
        }
    }

    fn patient(&self, patient: &mut PatientView) {
        patient.name = tr!("Identity hidden").to_owned();
        patient.detail.clear();
        if let Some(dispute) = &mut patient.dispute {
            *dispute = tr!("These studies may be of several persons").to_owned();
        }
        for column in &mut patient.columns {
            column.date = match column.date.split_once(" · ") {
                Some((_, day)) => day.to_owned(),
                None if column.needs_date => column.date.clone(),
                None => COVER.to_owned(),
            };
            self.text(&mut column.status);
            self.text(&mut column.reading.text);
            column.reading.history.iter_mut().for_each(|l| self.text(l));
            for series in &mut column.series {
                self.text(&mut series.label);
                series.warnings.iter_mut().for_each(|w| self.text(w));
            }
            if let Some(slice) = &mut column.shown {
                slice
                    .fusible
                    .iter_mut()
                    .for_each(|f| self.text(&mut f.label));
                if let Some(fusion) = &mut slice.fusion {
                    self.text(&mut fusion.label);
                    self.text(&mut fusion.problem);
                }
            }
        }
        for lesion in &mut patient.lesions {
            self.text(&mut lesion.label);
            self.text(&mut lesion.organ);
            for cell in lesion.cells.iter_mut().flatten() {
                self.text(&mut cell.recist);
                self.text(&mut cell.provenance);
                cell.warnings.iter_mut().for_each(|w| self.text(w));
                cell.sources.iter_mut().for_each(|(_, s)| self.text(s));
            }
        }
        for cell in &mut patient.response {
            self.text(&mut cell.why);
        }
        self.text(&mut patient.growth.title);
        let growth = &mut patient.growth;
        for act in growth
            .treated
            .iter_mut()
            .chain(&mut growth.scenario_treated)
        {
            self.text(&mut act.name);
        }
        patient.growth.notes.iter_mut().for_each(|n| self.text(n));
        patient.sum.notes.iter_mut().for_each(|n| self.text(n));
        patient
            .treatments
            .iter_mut()
            .for_each(|t| self.text(&mut t.text));
        for row in &mut patient.narrative {
            self.text(&mut row.text);
            row.facts.iter_mut().for_each(|(_, fact)| self.text(fact));
        }
        if let Some(DraftView { state, .. }) = &mut patient.draft
            && let DraftState::UnderWay { text, .. } | DraftState::Made { text, .. } = state
        {
            self.text(text);
        }
        if !patient.last_report.is_empty() {
            patient.last_report = COVER.to_owned();
        }
        let history = &mut patient.history;
        let covered = history.steps.iter().map(|step| {
            let mut row = HistoryRow::clone(step);
            self.text(&mut row.title);
            self.text(&mut row.reason);
            Arc::new(row)
        });
        history.steps = covered.collect();
        for step in [&mut history.undo, &mut history.redo].into_iter().flatten() {
            self.text(step);
        }
        if let Some(versions) = &mut patient.versions {
            self.text(&mut versions.title);
            versions.rows.iter_mut().for_each(|r| self.text(&mut r.why));
        }
    }
}

fn hide_files(files: &mut FilesView) {
    files.roots.iter_mut().for_each(|r| COVER.clone_into(r));
    let mut row = FileRow::new(FileKind::Heading, 0);
    tr!("Files are not listed while identities are hidden").clone_into(&mut row.title);
    files.list = Arc::new(FileList {
        rows: vec![row],
        others: Vec::new(),
        n_refused: files.list.n_refused,
    });
}

fn hide_picture(picture: &mut PictureView) {
    COVER.clone_into(&mut picture.title);
    picture.image = None;
    tr!("Pictures may have names in their pixels: they are not shown while identities are hidden")
        .clone_into(&mut picture.error);
}

/// The first date as `2024-05-02` with what stands before and behind it.
fn first_date(text: &str) -> Option<(&str, Date, &str)> {
    const LENGTH: usize = 10;
    let bytes = text.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    (0..bytes.len().saturating_sub(LENGTH - 1)).find_map(|at| {
        let before = at.checked_sub(1).is_some_and(digit);
        if before || digit(at + LENGTH) || !digit(at) || bytes[at + 4] != b'-' {
            return None;
        }
        let date = text.get(at..at + LENGTH)?.parse::<Date>().ok()?;
        Some((&text[..at], date, &text[at + LENGTH..]))
    })
}

/// Words that look like places of files are covered.
fn without_paths(text: &str) -> String {
    let is_path = |word: &str| {
        let slashes = word.matches('/').count();
        word.contains('\\')
            || (slashes > 0 && word.starts_with('/') && word.len() > 1)
            || slashes > 2
    };
    if !text.split(' ').any(is_path) {
        return text.to_owned();
    }
    let words = text.split(' ').map(|w| if is_path(w) { COVER } else { w });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cover() -> Cover {
        Cover {
            words: vec!["Müller".to_owned(), "4711".to_owned()],
            baseline: Some(jiff::civil::date(2024, 3, 1)),
        }
    }

    fn covered(text: &str) -> String {
        let mut text = text.to_owned();
        cover().text(&mut text);
        text
    }

    #[test]
    fn dates_become_days_and_numbers_stay() {
        assert_eq!(
            covered("29.1 mm on 2024-05-02, 20.7 % below 2024-03-01"),
            "29.1 mm on day 62, 20.7 % below day 0"
        );
        assert_eq!(covered("2024-02-20"), "day -10");
        assert_eq!(
            covered("12024-05-02 and 2024-13-02"),
            "12024-05-02 and 2024-13-02"
        );
    }

    #[test]
    fn names_numbers_and_places_of_files_are_covered() {
        assert_eq!(
            covered("cannot read /data/Müller/1.dcm of Müller (4711)"),
            "cannot read ••• of ••• (•••)"
        );
        assert_eq!(covered("200 mg/m² and C:\\x\\y"), "200 mg/m² and •••");
    }

    proptest! {
        #[test]
        fn any_text_is_covered(text in "\\PC{0,60}") {
            let once = covered(&text);
            prop_assert!(!once.contains("Müller") && !once.contains("4711"));
        }
    }
}
