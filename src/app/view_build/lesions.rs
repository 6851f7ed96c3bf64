//! The lesion table.

use crate::app::state::offer::Offer;
use crate::app::state::{Slot, State};
use crate::app::view::{LesionCell, LesionRow, OfferView, ProposalView};
use crate::app::view_build::{axes, warning_line};
use crate::app::{consistency, value};
use crate::case::{Annotation, Lesion, PatientId, TimePoint, ValueSource};
use crate::segment::Prompt;
use crate::texts::{self, tr};

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
                    .find_map(|a| Some((a.id, value::recist(self, lesion, a)?.length)));
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

    /// What was made of the last gesture, while it waits to be accepted or rejected.
    pub(super) fn proposal_view(&self) -> Option<ProposalView> {
        let proposal = self.proposal.as_ref()?;
        let mark = self.annotation(proposal.annotation)?;
        let lesion = self.lesion(mark.lesion)?;
        let segmented = self.segmented(mark.id);
        let pending = matches!(self.masks.get(&mark.id), Some(Slot::Waiting(_)));
        let text = match (segmented, self.masks.get(&mark.id)) {
            (Some(s), _) => tr!(
                "{axes} · {volume} · confidence {confidence:.2}{consistency}",
                axes = axes(&s.measured),
                volume = s.measured.volume.display(),
                confidence = s.confidence,
                consistency = s
                    .consistency
                    .map(|c| tr!(" · consistency {consistency:.2}", consistency = c))
                    .unwrap_or_default()
            ),
            (None, Some(Slot::Failed(_))) => tr!("no mask; the drawn diameter stands").to_owned(),
            (None, _) if pending => tr!("segmenting …").to_owned(),
            (None, _) => value::drawn_length(self, mark)
                .map(|l| l.to_string())
                .unwrap_or_default(),
        };
        Some(ProposalView {
            annotation: mark.id,
            series: mark.series,
            label: lesion.label.clone(),
            color: self
                .lesions_of(lesion.patient)
                .position(|l| l.id == lesion.id)
                .unwrap_or(0),
            pending,
            text,
            depends: segmented
                .and_then(|s| s.consistency)
                .and_then(consistency::warning)
                .map(|w| warning_line(&w))
                .unwrap_or_default(),
            doubtful: segmented.is_some() && value::sound_mask(self, mark).is_none(),
            offer: proposal.offer.as_ref().and_then(|offer| match offer {
                Offer::Slice(better) => Some(OfferView::Slice(better.slice)),
                Offer::Dividing(_) => None,
                Offer::Whole(divided) => Some(OfferView::Whole {
                    by_slice: divided.way == Prompt::Slices,
                    volume: divided.volume.display(),
                }),
            }),
        })
    }

    fn lesion_cell(
        &self,
        lesion: &Lesion,
        mark: &Annotation,
        reference: Option<crate::units::Length>,
    ) -> LesionCell {
        let drawn = value::drawn_length(self, mark);
        let segmented = self.segmented(mark.id);
        let locked = self.signature_on(mark).is_some();
        let failure = match self.masks.get(&mark.id) {
            Some(Slot::Failed(failure)) => Some(format!("{} {}", failure.text, failure.hint)),
            _ => None,
        };
        let counted = value::recist(self, lesion, mark);
        let change = match (counted.map(|c| c.length), reference) {
            (Some(now), Some(first)) if now.symbol() == first.symbol() && first.value() > 0.0 => {
                signed_percent(100.0 * (now.value() / first.value() - 1.0))
            }
            _ => String::new(),
        };
        let mut warnings: Vec<String> = segmented
            .map(|s| s.warnings.iter().map(warning_line).collect())
            .unwrap_or_default();
        let of_hand = segmented
            .and_then(|s| s.consistency)
            .and_then(consistency::warning);
        warnings.extend(of_hand.as_ref().map(warning_line));
        warnings.extend(failure.clone());
        let sound = value::sound_mask(self, mark).is_some();
        if segmented.is_some_and(value::is_doubtful) {
            let said = if sound {
                value::DOUBTFUL_COUNTS
            } else {
                value::DOUBTFUL_NOTE
            };
            warnings.push(said.to_owned());
        }
        let steps: Vec<&str> = mark
            .marking
            .steps
            .iter()
            .map(|s| texts::text(s.word()))
            .collect();
        let unseen = self.unseen_slices(mark.id).len();
        if unseen > 0 {
            warnings.push(tr!(
                "{n} slice of the mask was filled from its neighbour and not looked at yet"
                    | "{n} slices of the mask were filled from their neighbours and not looked at yet" % unseen
            ));
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
            consistency: segmented.and_then(|s| s.consistency),
            depends: of_hand.is_some(),
            counts: sound,
            recist: counted.map(|c| c.length.to_string()).unwrap_or_default(),
            source: counted.map(|c| c.source),
            chosen: mark.marking.counts,
            sources: [
                ValueSource::Mask,
                ValueSource::Caliper,
                ValueSource::Imported,
            ]
            .into_iter()
            .filter_map(|source| {
                let length = value::from_source(self, lesion, mark, source)?;
                Some((source, length.to_string()))
            })
            .collect(),
            partial_volume: segmented
                .and_then(|s| s.partial_volume)
                .map(|v| v.display())
                .unwrap_or_default(),
            warnings,
            pending: segmented.is_none()
                && failure.is_none()
                && !locked
                && !mark.marking.steps.is_empty(),
            provenance: segmented.map_or_else(
                || {
                    tr!(
                        "drawn {when}",
                        when = mark.created.strftime("%Y-%m-%d %H:%M UTC")
                    )
                },
                |s| {
                    tr!(
                        "{engine} from {steps} · mask {mask} · drawn {when}",
                        engine = s.engine,
                        steps = steps.join(", "),
                        mask = &s.mask_sha256[..12.min(s.mask_sha256.len())],
                        when = mark.created.strftime("%Y-%m-%d %H:%M UTC")
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
