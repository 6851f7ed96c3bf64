//! Colours, type and spacing: tokens of `assets/theme.toml` turned into an egui style.

use std::sync::{Arc, LazyLock};

use egui::{
    Color32, Context, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Margin, Stroke,
    Style, TextStyle, Theme, Ui, Visuals, style::WidgetVisuals, vec2,
};
use serde::{Deserialize, Deserializer};

/// Family of the heavier weight, for titles and for numbers that matter.
const MEDIUM: &str = "medium";
/// Corner radius of everything.
pub(super) const RADIUS: u8 = 4;

fn color<'de, D: Deserializer<'de>>(source: D) -> Result<Color32, D::Error> {
    let text = String::deserialize(source)?;
    Color32::from_hex(&text)
        .map_err(|_| serde::de::Error::custom(format!("{text} is not a colour like #12abef")))
}

macro_rules! tokens {
    ($(#[$meta:meta])* $name:ident { $($field:ident),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $name {
            $(#[serde(deserialize_with = "color")] pub(super) $field: Color32,)*
        }
    };
}

tokens!(
    /// Colours of one theme.
    Palette {
        window, panel, raised, hover, pressed, field, border, border_strong, text, text_weak,
        accent, on_accent, danger, on_danger, selection, info, warning, error, success, factual, scenario, treated,
        unidentified, category_cr, category_pr, category_sd, category_pd, category_ne,
    }
);

tokens!(
    /// Colours on the picture, the same in both themes.
    ImagePalette { background, text, text_weak, halo, draft, figure, crosshair, compared_a, compared_b }
);

#[derive(Debug)]
struct Lesion(Color32);

impl<'de> Deserialize<'de> for Lesion {
    fn deserialize<D: Deserializer<'de>>(source: D) -> Result<Self, D::Error> {
        color(source).map(Self)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tokens {
    lesions: Vec<Lesion>,
    image: ImagePalette,
    dark: Palette,
    light: Palette,
}

static TOKENS: LazyLock<Tokens> = LazyLock::new(|| {
    toml::from_str(include_str!("../../assets/theme.toml"))
        .expect("the bundled token file is read by a test")
});

/// Colours of the theme in which `ui` draws.
pub(super) fn palette(ui: &Ui) -> &'static Palette {
    of(ui.visuals().dark_mode)
}

fn of(dark: bool) -> &'static Palette {
    if dark { &TOKENS.dark } else { &TOKENS.light }
}

/// Colours on the picture.
pub(super) fn image() -> &'static ImagePalette {
    &TOKENS.image
}

/// Colour of warnings on the picture, which is dark in both themes.
pub(super) fn image_warning() -> Color32 {
    TOKENS.dark.warning
}

/// A colour of a colour map.
pub(super) const fn mapped([r, g, b]: [u8; 3]) -> Color32 {
    Color32::from_rgb(r, g, b)
}

/// Colour of the lesion at a position in the list; colours repeat after the last.
pub(super) fn lesion(position: usize) -> Color32 {
    TOKENS.lesions[position % TOKENS.lesions.len()].0
}

impl Palette {
    /// Colour of a RECIST category.
    pub(super) fn category(&self, category: &str) -> Color32 {
        match category {
            "CR" => self.category_cr,
            "PR" => self.category_pr,
            "SD" => self.category_sd,
            "PD" => self.category_pd,
            _ => self.category_ne,
        }
    }
}

/// A font of the heavier weight.
pub(super) fn medium(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(MEDIUM.into()))
}

/// Installs fonts and both styles. Call once per context, before the first frame.
pub fn install(ctx: &Context) {
    // Keys are those of the key map, and what they set is kept.
    ctx.options_mut(|o| o.zoom_with_keyboard = false);
    ctx.set_fonts(fonts());
    ctx.set_style_of(Theme::Dark, style(true));
    ctx.set_style_of(Theme::Light, style(false));
}

/// Chooses the theme.
pub fn set_dark(ctx: &Context, dark: bool) {
    let theme = if dark { Theme::Dark } else { Theme::Light };
    if ctx.theme() != theme || ctx.options(|o| o.theme_preference != theme.into()) {
        ctx.set_theme(theme);
    }
}

/// Roboto first, because its digits share one width; egui's fonts behind it for symbols; the
/// system's fonts come last and on demand (eframe), for names in any script.
fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::default();
    for (name, bytes) in [
        (
            "roboto",
            include_bytes!("../../assets/fonts/Roboto-Regular.ttf").as_slice(),
        ),
        (
            "roboto-medium",
            include_bytes!("../../assets/fonts/Roboto-Medium.ttf").as_slice(),
        ),
    ] {
        fonts
            .font_data
            .insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    }
    let mut fallback = fonts.families[&FontFamily::Proportional].clone();
    // The monospaced face has the arrows and triangles that the others lack.
    fallback.extend_from_slice(&fonts.families[&FontFamily::Monospace]);
    for (family, first) in [
        (FontFamily::Proportional, "roboto"),
        (FontFamily::Name(MEDIUM.into()), "roboto-medium"),
    ] {
        let mut names = vec![first.to_owned()];
        names.extend_from_slice(&fallback);
        fonts.families.insert(family, names);
    }
    fonts
}

fn style(dark: bool) -> Style {
    let p = of(dark);
    let mut style = Style {
        visuals: visuals(dark, p),
        animation_time: 0.0,
        ..Style::default()
    };
    style.text_styles = [
        (TextStyle::Heading, medium(16.0)),
        (TextStyle::Body, FontId::proportional(13.0)),
        (TextStyle::Button, FontId::proportional(13.0)),
        (TextStyle::Small, FontId::proportional(11.5)),
        (TextStyle::Monospace, FontId::monospace(12.0)),
    ]
    .into();
    let s = &mut style.spacing;
    s.item_spacing = vec2(8.0, 6.0);
    s.button_padding = vec2(9.0, 3.0);
    s.interact_size = vec2(28.0, 24.0);
    s.menu_margin = Margin::same(6);
    s.window_margin = Margin::same(12);
    s.indent = 14.0;
    s.slider_rail_height = 4.0;
    s.combo_width = 60.0;
    s.tooltip_width = 420.0;
    s.scroll = egui::style::ScrollStyle::thin();
    style.interaction.tooltip_delay = 0.25;
    style.interaction.selectable_labels = false;
    style
}

fn visuals(dark: bool, p: &Palette) -> Visuals {
    let radius = CornerRadius::same(RADIUS);
    let widget = |fill: Color32, border: Color32, text: Color32| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, border),
        corner_radius: radius,
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    let mut v = if dark {
        Visuals::dark()
    } else {
        Visuals::light()
    };
    v.widgets.noninteractive = widget(p.panel, p.border, p.text);
    v.widgets.inactive = widget(p.raised, p.border, p.text);
    v.widgets.hovered = widget(p.hover, p.border_strong, p.text);
    v.widgets.active = widget(p.pressed, p.accent, p.text);
    v.widgets.open = widget(p.hover, p.border_strong, p.text);
    // Rails and handles of sliders take `bg_fill`; buttons take `weak_bg_fill`.
    v.widgets.inactive.bg_fill = p.border_strong;
    v.widgets.hovered.bg_fill = p.text_weak;
    v.widgets.active.bg_fill = p.accent;
    v.selection.bg_fill = p.selection;
    v.selection.stroke = Stroke::new(1.0, p.text);
    v.hyperlink_color = p.accent;
    v.weak_text_color = Some(p.text_weak);
    v.faint_bg_color = p.raised;
    v.extreme_bg_color = p.field;
    v.text_edit_bg_color = Some(p.field);
    v.code_bg_color = p.raised;
    v.warn_fg_color = p.warning;
    v.error_fg_color = p.error;
    v.window_fill = p.panel;
    v.window_stroke = Stroke::new(1.0, p.border_strong);
    v.panel_fill = p.panel;
    v.window_corner_radius = radius;
    v.menu_corner_radius = radius;
    v.striped = false;
    v
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance, WCAG 2.2.
    fn luminance(c: Color32) -> f64 {
        let channel = |v: u8| {
            let v = f64::from(v) / 255.0;
            if v <= 0.040_45 {
                v / 12.92
            } else {
                ((v + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * channel(c.r()) + 0.7152 * channel(c.g()) + 0.0722 * channel(c.b())
    }

    fn contrast(a: Color32, b: Color32) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_is_readable_on_every_surface() {
        for dark in [true, false] {
            let p = of(dark);
            for surface in [p.window, p.panel, p.raised, p.selection] {
                assert!(contrast(p.text, surface) >= 7.0, "{dark} {surface:?}");
            }
            for ink in [p.text_weak, p.info, p.warning, p.error, p.success] {
                for surface in [p.panel, p.raised] {
                    assert!(
                        contrast(ink, surface) >= 4.5,
                        "{dark} {ink:?} on {surface:?}"
                    );
                }
            }
            for category in ["CR", "PR", "SD", "PD", "NE"] {
                assert!(contrast(p.category(category), p.panel) >= 4.0, "{category}");
            }
            assert!(contrast(p.accent, p.on_accent) >= 4.5);
            assert!(contrast(p.danger, p.on_danger) >= 4.5);
        }
    }

    /// What a dichromat sees, linear light: Viénot, Brettel and Mollon (1999) for red and green
    /// blindness; for blue blindness the blue channel carries nothing of its own.
    fn seen(c: Color32, blind: usize) -> [f64; 3] {
        let channel = |v: u8| (f64::from(v) / 255.0).powf(2.2);
        let [r, g, b] = [channel(c.r()), channel(c.g()), channel(c.b())];
        match blind {
            0 => {
                let y = 0.112_38 * r + 0.887_62 * g;
                [y, y, 0.004_01 * r - 0.004_01 * g + b]
            }
            1 => {
                let y = 0.292_75 * r + 0.707_25 * g;
                [y, y, -0.022_34 * r + 0.022_34 * g + b]
            }
            _ => [r, g, g],
        }
    }

    #[test]
    fn compared_masks_are_told_apart_by_the_colour_blind() {
        let [a, b] = [image().compared_a, image().compared_b];
        for c in [a, b] {
            assert!(contrast(c, image().background) >= 7.0);
        }
        for blind in 0..3 {
            let [a, b] = [seen(a, blind), seen(b, blind)];
            let apart: f64 = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum();
            assert!(apart.sqrt() > 0.4, "{blind}: {a:?} {b:?}");
        }
    }

    #[test]
    fn lesions_have_eight_colours_that_show_on_the_picture() {
        assert!(TOKENS.lesions.len() >= 8);
        for i in 0..TOKENS.lesions.len() {
            assert!(contrast(lesion(i), image().background) >= 6.0);
        }
        assert_eq!(lesion(0), lesion(TOKENS.lesions.len()));
    }
}
