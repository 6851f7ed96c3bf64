//! Originals that are not what they were when they were entered.

use serde_json::json;

use super::State;
use crate::app::effect::Effect;
use crate::app::view::Severity;
use crate::case::{AuditAction, AuditNote, Change, Series, SeriesId};
use crate::texts::tr;
use crate::warning::{Warning, WarningCode};

/// Digits of a fingerprint that a warning names.
const DIGITS: usize = 12;

impl State {
    /// Compares the files of a series as they were just read with those that were entered. Each
    /// change is entered into the audit trail once, as is its end.
    pub(super) fn compare_originals(
        &mut self,
        series: SeriesId,
        found: &str,
        effects: &mut Vec<Effect>,
    ) {
        let Some(record) = self.series(series).cloned() else {
            return;
        };
        let is_changed = |w: &Warning| w.code == WarningCode::Changed;
        let before = record.warnings.iter().find(|w| is_changed(w));
        let now = (record.fingerprint != found).then(|| {
            let digits = found.get(..DIGITS).unwrap_or(found);
            Warning::new(
                WarningCode::Changed,
                format!(
                    "The files are not the ones that were entered (fingerprint now {digits}…): masks and sizes were made on other pixels"
                ),
            )
        });
        if now.is_some() {
            self.say(
                Severity::Warning,
                tr!("W-CHANGED: The files of a series are not the ones that were measured"),
                tr!("Masks and measurements were made on other pixels. Restore the originals, or open the changed files as a new study."),
            );
        }
        if before == now.as_ref() || self.read_only.is_some() {
            return;
        }
        let event = if now.is_some() {
            "series.changed"
        } else {
            "series.restored"
        };
        let note = AuditNote::new(event, AuditAction::U, "series", series)
            .of(record.patient)
            .detail(json!({"fingerprint": record.fingerprint, "found": found}));
        let mut warnings = record.warnings.clone();
        warnings.retain(|w| !is_changed(w));
        warnings.extend(now);
        let after = Series { warnings, ..record };
        self.commit(vec![Change::PutSeries(after)], note, effects);
    }
}
