//! Which size of a lesion counts: the mask's axes, lines drawn by hand, or what others measured.

use crate::app::state::State;
use crate::case::{Annotation, Lesion, Segmented, SeriesId, ValueSource};
use crate::geometry::Point;
use crate::units::{Length, Px};

/// Below this confidence a mask is shown and measured but counts for nothing: neither its axes in a
/// sum of diameters nor its volume in a growth curve, unless a reader says that it does.
const DOUBTFUL: f64 = 0.5;

/// Said wherever such a mask is shown.
pub(super) const DOUBTFUL_NOTE: &str = "The mask is doubtful: neither its axes nor its volume count; the drawn diameter does, where there is one";

/// Said where a reader let such a mask count.
pub(super) const DOUBTFUL_COUNTS: &str =
    "The mask is doubtful by its confidence; it counts because a reader said so";

/// Length of a drawn line: millimetres, or pixels along a row where the spacing is unknown.
pub(super) fn line_length(state: &State, series: SeriesId, [a, b]: [Point; 2]) -> Option<Length> {
    let series = state.series(series)?;
    let nominal = a.distance(b);
    Some(if series.calibrated {
        Length::Mm(nominal)
    } else {
        Length::Px(Px(nominal.0 / series.spacing_mm[0]))
    })
}

/// Length of the longest diameter as drawn by hand.
pub(super) fn drawn_length(state: &State, mark: &Annotation) -> Option<Length> {
    line_length(state, mark.series, mark.marking.line()?)
}

/// Whether a mask's own confidence is too low for it to count.
pub(super) fn is_doubtful(segmented: &Segmented) -> bool {
    segmented.confidence < DOUBTFUL
}

/// The mask of a mark, when it can be counted on: by its confidence, or because a reader said so.
pub(super) fn sound_mask<'s>(state: &'s State, mark: &Annotation) -> Option<&'s Segmented> {
    let said = mark.marking.counts == Some(ValueSource::Mask);
    state.segmented(mark.id).filter(|s| said || !is_doubtful(s))
}

/// The longest diameter, from the source that counts.
pub(super) fn longest(state: &State, mark: &Annotation) -> Option<Length> {
    let of_mask = |s: &Segmented| s.measured.long_axis.length;
    let imported = || mark.marking.imported.map(|i| Length::Mm(i.long));
    match mark.marking.counts {
        Some(ValueSource::Mask) => state.segmented(mark.id).map(of_mask),
        Some(ValueSource::Caliper) => drawn_length(state, mark),
        Some(ValueSource::Imported) => imported(),
        None => sound_mask(state, mark)
            .map(of_mask)
            .or_else(|| drawn_length(state, mark))
            .or_else(imported),
    }
}

/// A size that RECIST counts, and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct RecistValue {
    pub(super) length: Length,
    pub(super) source: ValueSource,
}

/// The diameter from one source: the longest, or the short axis of a node.
pub(super) fn from_source(
    state: &State,
    lesion: &Lesion,
    mark: &Annotation,
    source: ValueSource,
) -> Option<Length> {
    let marking = &mark.marking;
    match source {
        ValueSource::Mask => {
            let measured = &state.segmented(mark.id)?.measured;
            Some(if lesion.nodal {
                measured.short_axis.length
            } else {
                measured.long_axis.length
            })
        }
        // A drawn longest diameter says nothing about a node's short axis.
        ValueSource::Caliper if lesion.nodal => {
            line_length(state, mark.series, marking.caliper?.short?)
        }
        ValueSource::Caliper => drawn_length(state, mark),
        ValueSource::Imported => {
            let imported = marking.imported?;
            let size = if lesion.nodal {
                imported.short?
            } else {
                imported.long
            };
            Some(Length::Mm(size))
        }
    }
}

/// The size that RECIST counts. What a reader chose, and nothing in its place while that is not
/// there; without a choice the mask where it can be counted on, else the lines drawn by hand, else
/// what others measured.
pub(super) fn recist(state: &State, lesion: &Lesion, mark: &Annotation) -> Option<RecistValue> {
    let from = |source| {
        let length = from_source(state, lesion, mark, source)?;
        Some(RecistValue { length, source })
    };
    match mark.marking.counts {
        Some(source) => from(source),
        None => sound_mask(state, mark)
            .and_then(|_| from(ValueSource::Mask))
            .or_else(|| from(ValueSource::Caliper))
            .or_else(|| from(ValueSource::Imported)),
    }
}
