//! What the last gesture made, to be accepted or rejected, over the foot of the slice.

use egui::{
    Align2, Area, Button, Color32, Frame, Id, Label, Margin, Order, Rect, RichText, Ui, vec2,
};

use super::theme;
use super::widgets::{gated, spinner};
use crate::app::Command;
use crate::app::view::{KeyMap, OfferView, ProposalView, SliceView};
use crate::keymap::Action;
use crate::texts::{self, mark, tr};

/// Why a diameter is offered in another slice.
const BETTER_SLICE: &str = mark!("The same line stands out more in that slice");

/// Draws the bar into the foot of a slice.
pub(super) fn proposal_ui(
    ui: &Ui,
    slice_rect: Rect,
    proposal: &ProposalView,
    slice: &SliceView,
    keys: &KeyMap,
    out: &mut Vec<Command>,
) {
    let p = theme::palette(ui);
    let at = slice_rect.center_bottom() - vec2(0.0, 24.0);
    Area::new(Id::unique("proposal").with(proposal.series))
        .order(Order::Middle)
        .pivot(Align2::CENTER_BOTTOM)
        .fixed_pos(at)
        .constrain_to(slice_rect)
        .show(ui.ctx(), |ui| {
            Frame::popup(ui.style())
                .fill(p.panel)
                .inner_margin(Margin::symmetric(10, 6))
                .show(ui, |ui| {
                    ui.set_max_width((slice_rect.width() - 40.0).max(180.0));
                    ui.horizontal_wrapped(|ui| {
                        ui.spacing_mut().item_spacing.x = 8.0;
                        let label = RichText::new(&proposal.label)
                            .font(theme::medium(13.0))
                            .color(theme::lesion(proposal.color));
                        ui.label(label);
                        if proposal.pending {
                            spinner(ui, tr!("Segmenting"));
                        }
                        let ink: Color32 = if proposal.doubtful { p.warning } else { p.text };
                        ui.label(RichText::new(&proposal.text).size(12.5).color(ink));
                        buttons_ui(ui, proposal, slice, keys, out);
                    });
                    if !proposal.depends.is_empty() {
                        let text = RichText::new(&proposal.depends).size(12.0).color(p.warning);
                        ui.add(Label::new(text).wrap());
                    }
                });
        });
}

fn buttons_ui(
    ui: &mut Ui,
    proposal: &ProposalView,
    slice: &SliceView,
    keys: &KeyMap,
    out: &mut Vec<Command>,
) {
    if let Some(offer) = &proposal.offer {
        let (text, why) = match offer {
            OfferView::Slice(better) if *better == slice.slice => {
                (tr!("Draw it here").to_owned(), BETTER_SLICE)
            }
            OfferView::Slice(better) => (
                tr!(
                    "Fits better on slice {better}: draw it there",
                    better = better + 1
                ),
                BETTER_SLICE,
            ),
            OfferView::Whole {
                by_slice: true,
                volume,
            } => (
                tr!("Slice by slice: {volume}", volume),
                tr!(
                    "Follows the lesion from the drawn slice to the others, as the dashed line shows"
                ),
            ),
            OfferView::Whole { volume, .. } => (
                tr!("Whole lesion anew: {volume}", volume),
                tr!(
                    "Divides the whole lesion again with your strokes in mind, as the dashed line shows"
                ),
            ),
        };
        let button = ui.button(RichText::new(text).size(12.5));
        if button
            .on_hover_text(keys.hint(texts::text(why), Action::TakeOffer))
            .clicked()
        {
            out.push(Command::TakeOffer);
        }
    }
    if proposal.doubtful {
        let button = ui.button(RichText::new(tr!("Let the mask count")).size(12.5));
        if button
            .on_hover_text(tr!(
                "The engine does not trust this mask, so that it counts for nothing as it is"
            ))
            .clicked()
        {
            out.push(Command::CountBy {
                annotation: proposal.annotation,
                source: Some(crate::app::view::ValueSource::Mask),
            });
        }
    }
    let accept = Button::new(RichText::new(tr!("Accept")).size(12.5));
    let accept = gated(ui, proposal.pending.then_some(tr!("Not there yet")), accept);
    if accept
        .on_hover_text(keys.hint(tr!("Keep it"), Action::Accept))
        .clicked()
    {
        out.push(Command::Accept);
    }
    let reject = ui.button(RichText::new(tr!("Reject")).size(12.5));
    if reject
        .on_hover_text(keys.hint(tr!("Back to what stood before"), Action::Cancel))
        .clicked()
    {
        out.push(Command::Reject);
    }
}
