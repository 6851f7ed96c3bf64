//! Pictures on the graphics card.

use egui::{Align2, Color32, ColorImage, FontId, Painter, Rect, TextureOptions, Ui};

use super::super::state::{Texture, UiState};
use super::super::theme;
use super::super::widgets::halo_text;
use super::transform::Transform;
use crate::app::view::{ColourMap, FusedView, Picture, SeriesId};
use crate::texts::tr;

/// Above this many screen pixels per picture pixel the pixels themselves are shown.
const PIXELS_VISIBLE: f64 = 6.0;

/// What a picture on the graphics card has to agree with.
struct Wanted {
    size: [usize; 2],
    version: u64,
    colours: ColourMap,
    /// How much it hides of what is below, 0–1.
    opacity: f64,
}

/// Uploads a picture when it changed, and paints it. `key` names it on the graphics card.
pub(super) fn gray(
    ui: &Ui,
    painter: &Painter,
    (series, across): (SeriesId, usize),
    (picture, colours): (&Picture, ColourMap),
    transform: Transform,
    state: &mut UiState,
) {
    let size = [picture.width, picture.height];
    let limit = ui.input(|i| i.max_texture_side);
    let usable = size[0] > 0 && size[1] > 0 && picture.gray.len() == size[0] * size[1];
    if !usable || size[0].max(size[1]) > limit {
        let text = if usable {
            tr!(
                "{width} × {height} pixels: the graphics driver shows at most {limit}",
                width = size[0],
                height = size[1],
                limit
            )
        } else {
            tr!("no pixels here").to_owned()
        };
        let at = painter.clip_rect().center();
        let font = FontId::proportional(13.0);
        let ink = theme::image().text;
        halo_text(painter, at, Align2::CENTER_CENTER, &text, font, ink);
        return;
    }
    let wanted = Wanted {
        size,
        version: picture.version,
        colours,
        opacity: 1.0,
    };
    let image = || match colours {
        ColourMap::Gray => ColorImage::from_gray(size, &picture.gray),
        _ => {
            let table = colours.table().map(theme::mapped);
            let pixels = picture.gray.iter().map(|level| table[usize::from(*level)]);
            ColorImage::new(size, pixels.collect())
        }
    };
    paint(
        ui,
        painter,
        (series, across, false),
        &wanted,
        image,
        transform,
        state,
    );
}

/// Paints what lies over a picture, as far as it is opaque.
pub(super) fn fused(
    ui: &Ui,
    painter: &Painter,
    (series, across): (SeriesId, usize),
    fused: &FusedView,
    transform: Transform,
    state: &mut UiState,
) {
    let picture = &fused.picture;
    let size = [picture.width, picture.height];
    let limit = ui.input(|i| i.max_texture_side);
    let usable = size[0] > 0 && size[1] > 0 && picture.rgba.len() == 4 * size[0] * size[1];
    // Where the picture below is too large, that was said.
    if !usable || size[0].max(size[1]) > limit {
        return;
    }
    let wanted = Wanted {
        size,
        version: picture.version,
        colours: ColourMap::default(),
        opacity: fused.opacity,
    };
    let image = || ColorImage::from_rgba_unmultiplied(size, &picture.rgba);
    paint(
        ui,
        painter,
        (series, across, true),
        &wanted,
        image,
        transform,
        state,
    );
}

fn paint(
    ui: &Ui,
    painter: &Painter,
    key: (SeriesId, usize, bool),
    wanted: &Wanted,
    image: impl FnOnce() -> ColorImage,
    transform: Transform,
    state: &mut UiState,
) {
    let [kx, ky] = transform.scale();
    let nearest = kx.min(ky) * f64::from(ui.pixels_per_point()) >= PIXELS_VISIBLE;
    let stale = state.textures.get(&key).is_none_or(|t| {
        (t.version, t.nearest, t.colours) != (wanted.version, nearest, wanted.colours)
    });
    if stale {
        let image = image();
        let options = if nearest {
            TextureOptions::NEAREST
        } else {
            TextureOptions::LINEAR
        };
        // A texture that stands is filled anew: making others all the time tires drivers.
        let handle = match state.textures.remove(&key) {
            Some(mut texture) => {
                texture.handle.set(image, options);
                texture.handle
            }
            None => ui.ctx().load_texture("slice", image, options),
        };
        let texture = Texture {
            handle,
            version: wanted.version,
            nearest,
            colours: wanted.colours,
        };
        state.textures.insert(key, texture);
    }
    let Some(texture) = state.textures.get(&key) else {
        return;
    };
    let [width, height] = wanted.size.map(|n| n as f64);
    let area = Rect::from_min_max(
        transform.to_screen([-0.5, -0.5]),
        transform.to_screen([width - 0.5, height - 0.5]),
    );
    let uv = Rect::from_min_max(egui::pos2(0.0, 0.0), egui::pos2(1.0, 1.0));
    // Levels pass unchanged; only what lies over others lets these through.
    let tint = Color32::from_white_alpha((wanted.opacity * 255.0).round() as u8);
    painter.image(texture.handle.id(), area, uv, tint);
}
