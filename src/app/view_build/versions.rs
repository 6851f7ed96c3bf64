//! The list of masks of a lesion at a time point, and the comparison of two.

use crate::app::state::{Slot, State};
use crate::app::value;
use crate::app::versions::{Compared, Version};
use crate::app::view::{VersionRow, VersionsView};
use crate::app::view_build::{local_time, reader_name};
use crate::case::{MaskStep, SeriesId};
use crate::measure::Measured;
use crate::segment::Prompt;
use crate::texts::{self, tr};
use crate::volume::{Layout, Mask, outlines};

impl State {
    pub(super) fn versions_view(&self) -> Option<VersionsView> {
        let shown = self.versions.as_ref()?;
        let mark = self.listed_mark(shown)?;
        let title = format!(
            "{} · {}",
            self.label(shown.lesion),
            self.visit_title(shown.time_point)
        );
        let comparison = shown.compared.as_ref().map(|c| match &c.result {
            Slot::Ready(made) => comparison(made),
            Slot::Waiting(_) => vec![(tr!("Comparison").to_owned(), tr!("under way").to_owned())],
            Slot::Failed(failure) => vec![(tr!("Comparison").to_owned(), failure.text.clone())],
        });
        Some(VersionsView {
            annotation: mark.id,
            title,
            rows: shown.rows.iter().map(|v| self.version_row(v)).collect(),
            pending: shown.is_pending(),
            compared: shown.compared.as_ref().map(|c| c.ids),
            comparison: comparison.unwrap_or_default(),
        })
    }

    fn version_row(&self, version: &Version) -> VersionRow {
        let drawn = value::drawn_length(self, &version.gesture);
        let drawn = drawn.map_or_else(String::new, |d| tr!(" of {length}", length = d));
        let (first, more) = match &version.gesture.marking.steps[..] {
            [] => (tr!("nothing"), 0),
            [
                MaskStep::Prompt {
                    prompt: Prompt::Drag { .. },
                },
                more @ ..,
            ] => (tr!("a drawn diameter"), more.len()),
            [first, more @ ..] => (texts::text(first.word()), more.len()),
        };
        let more = match more {
            0 => String::new(),
            n => tr!(" and {n} correction" | " and {n} corrections" % n),
        };
        let measured = &version.segmented.measured;
        let again = if version.is_restored {
            tr!(", restored")
        } else {
            ""
        };
        VersionRow {
            id: version.id,
            when: local_time(version.at),
            who: reader_name(&self.records, version.reader),
            what: tr!(
                "{engine} from {first}{drawn}{more}{again}",
                engine = version.segmented.engine,
                first,
                drawn,
                more,
                again
            ),
            why: version.why.clone(),
            axes: axes(measured),
            volume: measured.volume.display(),
            confidence: version.segmented.confidence,
            standing: version.is_standing,
        }
    }

    /// Outlines of the two compared masks on a slice of the series that they were made on.
    pub(super) fn compared_outlines(
        &self,
        series: SeriesId,
        slice: usize,
        layout: Layout,
    ) -> Option<[Vec<Vec<[f32; 2]>>; 2]> {
        let compared = self.versions.as_ref()?.compared.as_ref()?;
        let made = compared
            .result
            .ready()
            .filter(|_| compared.series == series)?;
        let outline = |mask: &Mask| {
            let to_picture = |[i, j]: [f64; 2]| layout.picture_from_voxel(i, j).map(|c| c as f32);
            let closed = outlines(mask, slice).into_iter();
            closed
                .map(|o| o.into_iter().map(to_picture).collect())
                .collect()
        };
        Some([outline(&made.masks[0]), outline(&made.masks[1])])
    }
}

/// `32.1 × 20.4 mm`
pub(in crate::app) fn axes(measured: &Measured) -> String {
    let (long, short) = (measured.long_axis.length, measured.short_axis.length);
    format!(
        "{:.1} × {:.1} {}",
        long.value(),
        short.value(),
        long.symbol()
    )
}

fn comparison(compared: &Compared) -> Vec<(String, String)> {
    let made = &compared.made;
    let [a, b] = made.volumes;
    let change = if a.value() > 0.0 {
        let percent = 100.0 * (b.value() / a.value() - 1.0);
        format!(" ({percent:+.1} %)").replace('-', "−")
    } else {
        String::new()
    };
    let line = |name: &str, value: String| (name.to_owned(), value);
    vec![
        line(tr!("Dice overlap"), format!("{:.3}", made.dice)),
        line(tr!("Volume of the first"), a.display()),
        line(
            tr!("Volume of the second"),
            format!("{}{change}", b.display()),
        ),
        line(tr!("Voxels in the first only"), made.only[0].to_string()),
        line(tr!("Voxels in the second only"), made.only[1].to_string()),
        line(tr!("95 % surface distance"), made.surface_95.to_string()),
        line(
            tr!("Largest surface distance"),
            made.surface_max.to_string(),
        ),
    ]
}
