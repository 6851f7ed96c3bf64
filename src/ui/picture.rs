//! A colour picture, to look at. Nothing is measured on it.

use std::sync::Arc;

use egui::{
    Align2, Color32, ColorImage, CornerRadius, FontId, Id, Rect, RichText, Role, Sense, Slider,
    TextureOptions, Ui, WidgetInfo, Window, pos2, vec2,
};

use super::state::UiState;
use super::theme;
use super::widgets::{chip, halo_text, spinner, weak};
use crate::app::Command;
use crate::app::view::{ColourImage, PictureView};
use crate::texts::tr;

/// Draws the window.
pub(super) fn picture_ui(
    ui: &Ui,
    picture: &PictureView,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let mut open = true;
    let room = ui.ctx().content_rect();
    Window::new(tr!("Picture"))
        .id(Id::unique("colour picture"))
        .open(&mut open)
        .collapsible(true)
        .pivot(Align2::RIGHT_TOP)
        .default_pos(room.right_top() + vec2(-24.0, 56.0))
        .default_size(vec2(
            (room.width() - 48.0).min(600.0),
            (room.height() - 130.0).min(560.0),
        ))
        .max_height(room.height() - 90.0)
        .show(ui.ctx(), |ui| contents(ui, picture, state, out));
    if !open {
        state.colour = None;
        out.push(Command::HidePicture);
    }
}

fn contents(ui: &mut Ui, picture: &PictureView, state: &mut UiState, out: &mut Vec<Command>) {
    let p = theme::palette(ui);
    ui.horizontal(|ui| {
        ui.label(RichText::new(&picture.title).font(theme::medium(13.5)));
        chip(ui, tr!("no measurements: colour"), p.warning);
        if picture.pending {
            spinner(ui, tr!("Reading the picture"));
        }
    });
    weak(
        ui,
        tr!("A colour picture is shown as it is; nothing is measured on it."),
    );
    if !picture.error.is_empty() {
        ui.label(RichText::new(&picture.error).color(p.error));
    }
    let go = |frame: usize| Command::ShowPicture {
        item: picture.item,
        frame,
    };
    if picture.n_frames > 1 {
        ui.horizontal(|ui| {
            let last = picture.n_frames - 1;
            let back = ui.add_enabled(picture.frame > 0, egui::Button::new(tr!("Previous")));
            if back.clicked() {
                out.push(go(picture.frame.saturating_sub(1)));
            }
            let on = ui.add_enabled(picture.frame < last, egui::Button::new(tr!("Next")));
            if on.clicked() {
                out.push(go(picture.frame + 1));
            }
            ui.label(tr!(
                "{frame} of {n_frames}",
                frame = picture.frame + 1,
                n_frames = picture.n_frames
            ));
            let mut frame = picture.frame;
            ui.spacing_mut().slider_width = (ui.available_width() - 8.0).max(60.0);
            let slider = Slider::new(&mut frame, 0..=last).show_value(false);
            if ui.add(slider).accessible_name(tr!("Picture")).changed() {
                out.push(go(frame));
            }
        });
    }
    let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &picture.title));
    ui.painter()
        .rect_filled(rect, CornerRadius::ZERO, theme::image().background);
    if let Some(image) = &picture.image {
        draw(ui, rect, image, state);
    }
}

fn draw(ui: &Ui, rect: Rect, image: &Arc<ColourImage>, state: &mut UiState) {
    let size = [image.width(), image.height()];
    let limit = ui.input(|i| i.max_texture_side);
    if size[0].max(size[1]) > limit {
        let text = tr!(
            "{width} × {height} pixels: the graphics driver shows at most {limit}",
            width = size[0],
            height = size[1],
            limit
        );
        let (font, ink) = (FontId::proportional(13.0), theme::image().text);
        halo_text(
            ui.painter(),
            rect.center(),
            Align2::CENTER_CENTER,
            &text,
            font,
            ink,
        );
        return;
    }
    let stale = state
        .colour
        .as_ref()
        .is_none_or(|(of, _)| !Arc::ptr_eq(of, image));
    if stale {
        let pixels = ColorImage::from_rgb(size, image.rgb());
        let handle = ui
            .ctx()
            .load_texture("colour", pixels, TextureOptions::LINEAR);
        state.colour = Some((Arc::clone(image), handle));
    }
    let Some((_, texture)) = &state.colour else {
        return;
    };
    let (width, height) = (size[0] as f32, size[1] as f32);
    let scale = (rect.width() / width).min(rect.height() / height);
    let area = Rect::from_center_size(rect.center(), vec2(width, height) * scale);
    let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    ui.painter().image(texture.id(), area, uv, Color32::WHITE);
}
