//! The small picture of a patient in the list.

use egui::{
    Color32, ColorImage, CornerRadius, Rect, Role, Sense, TextureOptions, Ui, Vec2, WidgetInfo,
    pos2,
};

use super::state::{Texture, UiState};
use super::theme;
use crate::app::Command;
use crate::app::view::{ColourMap, PatientRow, Picture, Thumbnail};
use crate::texts::tr;

/// Side of the square that it has.
const SIDE: f32 = 48.0;

/// Draws the picture, and asks for it where it is in view and nobody has asked yet.
pub(super) fn thumbnail_ui(
    ui: &mut Ui,
    row: &PatientRow,
    state: &mut UiState,
    out: &mut Vec<Command>,
) {
    let (rect, response) = ui.allocate_exact_size(Vec2::splat(SIDE), Sense::hover());
    if !ui.is_rect_visible(rect) {
        return;
    }
    let ground = theme::image().background;
    ui.painter()
        .rect_filled(rect, CornerRadius::same(theme::RADIUS), ground);
    match &row.thumbnail {
        Thumbnail::Made(picture) => {
            let name = tr!("Picture of {title}", title = row.title);
            response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &name));
            paint(ui, rect, row, picture, state);
        }
        Thumbnail::Unknown => {
            // One after the other: the next one is asked for when this one is there.
            let asked = |c: &Command| matches!(c, Command::MakeThumbnail { .. });
            if !out.iter().any(asked) {
                out.push(Command::MakeThumbnail { patient: row.id });
            }
        }
        Thumbnail::Pending | Thumbnail::Without => {}
    }
}

fn paint(ui: &Ui, rect: Rect, row: &PatientRow, picture: &Picture, state: &mut UiState) {
    let (width, height) = (picture.width, picture.height);
    if width == 0 || height == 0 || picture.gray.len() != width * height {
        return;
    }
    let known = state.thumbnails.get(&row.id);
    if known.is_none_or(|t| t.version != picture.version) {
        let image = ColorImage::from_gray([width, height], &picture.gray);
        let handle = ui
            .ctx()
            .load_texture("thumbnail", image, TextureOptions::LINEAR);
        let texture = Texture {
            handle,
            version: picture.version,
            nearest: false,
            colours: ColourMap::Gray,
        };
        state.thumbnails.insert(row.id, texture);
    }
    let Some(texture) = state.thumbnails.get(&row.id) else {
        return;
    };
    let scale = SIDE / width.max(height) as f32;
    let size = Vec2::new(width as f32, height as f32) * scale;
    let area = Rect::from_center_size(rect.center(), size);
    let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    // Grey levels pass unchanged.
    ui.painter()
        .image(texture.handle.id(), area, uv, Color32::WHITE);
}
