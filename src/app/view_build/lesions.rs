//! The lesion table.

use crate::app::state::{Slot, State};
use crate::app::summary;
use crate::app::view::{LesionCell, LesionRow};
use crate::app::view_build::{axes, warning_line};
use crate::case::{Annotation, Lesion, PatientId, Prompt, TimePoint};

impl State {
    pub(super) fn lesion_rows(&self, patient: PatientId, points: &[TimePoint]) -> Vec<LesionRow> {
        self.lesions_of(patient)
            .enumerate()
            .map(|(color, lesion)| {
                let marks: Vec<Option<&Annotation>> = points
                    .iter()
                    .map(|p| self.annotation_at(lesion.id, p.id))
                    .collect();
                let first = marks
                    .iter()
                    .flatten()
                    .find_map(|a| summary::recist_length(self, lesion, a));
                LesionRow {
                    id: lesion.id,
                    label: lesion.label.clone(),
                    organ: lesion.organ.clone(),
                    role: lesion.role,
                    nodal: lesion.nodal,
                    color,
                    cells: marks
                        .into_iter()
                        .map(|mark| {
                            let mark = mark?;
                            let is_first = first.is_some_and(|(id, _)| id == mark.id);
                            let reference = first.map(|(_, length)| length).filter(|_| !is_first);
                            Some(self.lesion_cell(lesion, mark, reference))
                        })
                        .collect(),
                }
            })
            .collect()
    }

    fn lesion_cell(
        &self,
        lesion: &Lesion,
        mark: &Annotation,
        reference: Option<crate::units::Length>,
    ) -> LesionCell {
        let Prompt::Diameter { p0, p1 } = mark.prompt;
        let drawn = summary::drawn_length(self, mark.series, p0, p1);
        let segmented = self.segmented(mark.id);
        let locked = self.signature_on(mark).is_some();
        let failure = match self.masks.get(&mark.id) {
            Some(Slot::Failed(failure)) => Some(format!("{} {}", failure.text, failure.hint)),
            _ => None,
        };
        let now = summary::recist_length(self, lesion, mark).map(|(_, length)| length);
        let change = match (now, reference) {
            (Some(now), Some(first)) if now.symbol() == first.symbol() && first.value() > 0.0 => {
                signed_percent(100.0 * (now.value() / first.value() - 1.0))
            }
            _ => String::new(),
        };
        let mut warnings: Vec<String> = segmented
            .map(|s| s.warnings.iter().map(warning_line).collect())
            .unwrap_or_default();
        warnings.extend(failure.clone());
        let sound = summary::sound_mask(self, mark).is_some();
        if segmented.is_some() && !sound {
            warnings.push(summary::DOUBTFUL_NOTE.to_owned());
        }
        if let Some(series) = self.series(mark.series) {
            warnings.extend(series.warnings.iter().map(warning_line));
        }
        LesionCell {
            annotation: mark.id,
            locked,
            drawn: drawn.map(|d| d.to_string()).unwrap_or_default(),
            axes: segmented.map(|s| axes(&s.measured)).unwrap_or_default(),
            volume: segmented
                .map(|s| s.measured.volume.display())
                .unwrap_or_default(),
            change,
            confidence: segmented.map(|s| s.confidence),
            counts: sound,
            warnings,
            pending: segmented.is_none() && failure.is_none() && !locked,
            provenance: segmented.map_or_else(
                || format!("drawn {}", mark.created.strftime("%Y-%m-%d %H:%M UTC")),
                |s| {
                    format!(
                        "{} · mask {} · drawn {}",
                        s.engine,
                        &s.mask_sha256[..12.min(s.mask_sha256.len())],
                        mark.created.strftime("%Y-%m-%d %H:%M UTC")
                    )
                },
            ),
        }
    }
}

/// `+12 %` or `−3 %`, with a true minus sign.
pub(in crate::app) fn signed_percent(percent: f64) -> String {
    let rounded = percent.round();
    if rounded < 0.0 {
        format!("−{:.0} %", -rounded)
    } else {
        format!("+{:.0} %", rounded.abs())
    }
}
