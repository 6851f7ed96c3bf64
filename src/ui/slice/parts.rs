//! The menu of a part of a mask, under a click of the right button. Dragging with it magnifies.

use egui::{Button, Popup, Pos2, Response, Ui};

use super::super::state::UiState;
use super::super::widgets::gated;
use super::transform::Transform;
use super::{SliceContext, gesture};
use crate::app::Command;
use crate::app::view::{Edit, LesionId, Overlay, SeriesId, SliceView};
use crate::geometry::Point;
use crate::texts::tr;

/// The part that was clicked.
pub(in crate::ui) struct Part {
    series: SeriesId,
    lesion: LesionId,
    label: String,
    /// Middle of a pixel of it.
    at: Point,
    /// Where on the screen.
    clicked: Pos2,
}

/// Opens the menu where a part is clicked, and shows it while it is open.
pub(super) fn menu_ui(
    ui: &Ui,
    response: &Response,
    slice: &SliceView,
    transform: Transform,
    context: &SliceContext<'_>,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let clicked = ui.input(|i| {
        let at = i.pointer.interact_pos();
        at.filter(|_| i.pointer.secondary_clicked())
    });
    let mut open = None;
    if let Some(at) = clicked.filter(|_| response.contains_pointer()) {
        let shown = state.show_overlays && slice.compared.is_none();
        let part = part_at(slice, transform, context.selected, at).filter(|_| shown);
        open = Some(part.is_some().into());
        state.part = part;
    }
    let Some(part) = state.part.as_ref().filter(|p| p.series == slice.series) else {
        return;
    };
    Popup::menu(response)
        .id(response.id.with("part"))
        .open_memory(open)
        .at_position(part.clicked)
        .show(|ui| {
            let button = Button::new(tr!("Remove this part of {label}", label = part.label));
            if gated(ui, context.barred, button).clicked() {
                out.push(Command::Edit {
                    series: part.series,
                    lesion: Some(part.lesion),
                    edit: Edit::RemoveIsland { at: part.at },
                });
            }
        });
}

/// The mask at a place on the screen; where several are, that of the selected lesion.
fn part_at(
    slice: &SliceView,
    transform: Transform,
    selected: Option<LesionId>,
    clicked: Pos2,
) -> Option<Part> {
    let inside = gesture::on_picture(slice, transform.to_picture(clicked));
    // Outlines run along the edges of pixels: a pixel is in as a whole, or out.
    let [x, y] = inside.map(f64::round);
    let hit = |o: &&Overlay| !o.preview && covers(&o.outlines, [x, y]);
    let mut hits: Vec<&Overlay> = slice.overlays.iter().filter(hit).collect();
    hits.sort_by_key(|o| selected != Some(o.lesion));
    let overlay = hits.first()?;
    Some(Part {
        series: slice.series,
        lesion: overlay.lesion,
        label: overlay.label.clone(),
        at: slice.map.patient(x, y),
        clicked,
    })
}

/// Whether a place lies within closed outlines, of which those of holes are some.
fn covers(outlines: &[Vec<[f32; 2]>], [x, y]: [f64; 2]) -> bool {
    let mut within = false;
    for outline in outlines {
        let next = outline.iter().cycle().skip(1);
        for (a, b) in outline.iter().zip(next) {
            let ([ax, ay], [bx, by]) = (a.map(f64::from), b.map(f64::from));
            if (ay > y) != (by > y) && x < ax + (y - ay) / (by - ay) * (bx - ax) {
                within = !within;
            }
        }
    }
    within
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holes_and_gaps_are_no_part() {
        let square = |low: f32, high: f32| vec![[low, low], [high, low], [high, high], [low, high]];
        let ring = [square(0.5, 9.5), square(3.5, 6.5), square(12.5, 14.5)];
        for (at, is_in) in [(2.0, true), (5.0, false), (11.0, false), (13.0, true)] {
            assert_eq!(covers(&ring, [at, at]), is_in, "{at}");
        }
        assert!(!covers(&[Vec::new()], [0.0, 0.0]));
    }
}
