//! Key images: a grey crop around a lesion with outlines and axes drawn as vectors over it.

use std::fmt::Write as _;

use base64::Engine as _;
use image::ImageEncoder as _;

use crate::geometry::Letters;
use crate::units::Mm;

use super::{Error, Theme, escape_xml, figure};

/// A grey picture, rows from the top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrayPicture {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// `width · height` grey levels.
    pub gray: Vec<u8>,
}

/// A lesion on a picture, in picture coordinates (pixel centres are whole numbers).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LesionOverlay {
    /// Place of the lesion in the list, for its colour.
    pub color: usize,
    /// Closed outlines of the mask along pixel edges.
    pub outlines: Vec<Vec<[f32; 2]>>,
    /// Long axis.
    pub long_axis: Option<[[f32; 2]; 2]>,
    /// Short axis.
    pub short_axis: Option<[[f32; 2]; 2]>,
    /// Diameter as drawn.
    pub drawn: Option<[[f32; 2]; 2]>,
}

/// Which part of a picture is shown. Use the same side for all images that are to be compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CropWindow {
    /// Centre, picture coordinates.
    pub center: [f64; 2],
    /// Side of the square: mm where the spacing is known, pixels where not.
    pub side: f64,
}

/// A key image, ready to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyImage {
    /// Label of the lesion.
    pub lesion: String,
    /// Zero-based visit.
    pub time_point: usize,
    /// Visit, slice and window in words.
    pub caption: String,
    /// The crop as PNG, 8-bit grey.
    pub png: Vec<u8>,
    /// Size of the crop in `unit`.
    pub size: [f64; 2],
    /// `mm` or `px`.
    pub unit: &'static str,
    /// Overlays in `unit`, measured from the crop's upper left corner.
    pub overlays: Vec<LesionOverlay>,
    /// Orientation letters; `None` where left and right are unknown.
    pub letters: Option<Letters>,
}

/// Longest side of a crop in pixels; a key image is no copy of the series.
const MAX_PIXELS: usize = 1024;

/// Cuts `window` out of a picture and puts the overlays in its place. Where the window reaches
/// beyond the picture it is black, so that the scale never changes.
///
/// `pixel` is the size of a pixel along columns and rows; `None` where it is not known.
///
/// # Errors
/// [`Error::Picture`] when the picture's size and pixels disagree, or pixel size or window are not
/// positive and finite.
pub fn key_image(
    (lesion, time_point, caption): (&str, usize, &str),
    picture: &GrayPicture,
    pixel: Option<[Mm; 2]>,
    overlays: &[LesionOverlay],
    letters: Option<Letters>,
    window: CropWindow,
) -> Result<KeyImage, Error> {
    let fail = |why: &str| Error::Picture {
        what: format!("lesion {lesion}, time point {}", time_point + 1),
        why: why.to_owned(),
    };
    if picture.width.checked_mul(picture.height) != Some(picture.gray.len())
        || picture.gray.is_empty()
    {
        return Err(fail("the number of pixels is not width times height"));
    }
    let step = pixel.map_or([1.0, 1.0], |[x, y]| [x.0, y.0]);
    let usable = |v: f64| v.is_finite() && v > 0.0;
    if !step.iter().all(|s| usable(*s)) || !usable(window.side) {
        return Err(fail("pixel size and window are positive lengths"));
    }
    if !window.center.iter().all(|c| c.is_finite() && c.abs() < 1e6) {
        return Err(fail("the window's centre is not on the picture"));
    }
    let count = |s: f64| ((window.side / s).ceil() as usize).clamp(1, MAX_PIXELS);
    let n = [count(step[0]), count(step[1])];
    let first = [0, 1].map(|a| (window.center[a] - (n[a] as f64 - 1.0) / 2.0).round() as i64);
    let mut gray = Vec::with_capacity(n[0] * n[1]);
    for row in 0..n[1] as i64 {
        for column in 0..n[0] as i64 {
            let x = usize::try_from(first[0] + column)
                .ok()
                .filter(|x| *x < picture.width);
            let y = usize::try_from(first[1] + row)
                .ok()
                .filter(|y| *y < picture.height);
            gray.push(match (x, y) {
                (Some(x), Some(y)) => picture.gray[y * picture.width + x],
                _ => 0,
            });
        }
    }
    let mut png = Vec::new();
    image::codecs::png::PngEncoder::new(&mut png)
        .write_image(
            &gray,
            n[0] as u32,
            n[1] as u32,
            image::ExtendedColorType::L8,
        )
        .map_err(|e| fail(&e.to_string()))?;
    let place =
        |p: [f32; 2]| [0, 1].map(|a| ((f64::from(p[a]) + 0.5 - first[a] as f64) * step[a]) as f32);
    let line = |l: Option<[[f32; 2]; 2]>| l.map(|ends| ends.map(place));
    let overlays = overlays
        .iter()
        .map(|o| LesionOverlay {
            color: o.color,
            outlines: o
                .outlines
                .iter()
                .map(|outline| outline.iter().map(|p| place(*p)).collect())
                .collect(),
            long_axis: line(o.long_axis),
            short_axis: line(o.short_axis),
            drawn: line(o.drawn),
        })
        .collect();
    Ok(KeyImage {
        lesion: lesion.to_owned(),
        time_point,
        caption: caption.to_owned(),
        png,
        size: [n[0] as f64 * step[0], n[1] as f64 * step[1]],
        unit: if pixel.is_some() { "mm" } else { "px" },
        overlays,
        letters,
    })
}

/// Width of the drawing in its own units.
const SIDE: f64 = 240.0;

/// Longest round length of at most 40 % of the width.
fn scale_bar(width: f64) -> f64 {
    let most = 0.4 * width;
    let power = 10f64.powf(most.log10().floor());
    [5.0, 2.0, 1.0]
        .into_iter()
        .map(|m| m * power)
        .find(|l| *l <= most)
        .unwrap_or(power)
}

/// The key image as SVG with the picture inside. `id` is unique on a page.
#[must_use]
pub fn key_image_svg(image: &KeyImage, id: &str, theme: Theme) -> String {
    let s = SIDE / image.size[0];
    let height = image.size[1] * s;
    let mut out = String::new();
    let mut put = |args: std::fmt::Arguments<'_>| {
        // Writing to a String cannot fail.
        out.write_fmt(args).unwrap_or_default();
    };
    put(format_args!(
        "<svg{} class=\"fig key\" viewBox=\"0 0 {SIDE} {height:.1}\" role=\"img\" aria-labelledby=\"{id}-t\"><title id=\"{id}-t\">Lesion {}: {}</title>",
        theme.namespace(),
        escape_xml(&image.lesion),
        escape_xml(&image.caption)
    ));
    if theme == Theme::Standalone {
        put(format_args!("<style>{}</style>", figure::CSS));
    }
    put(format_args!(
        "<image width=\"{SIDE}\" height=\"{height:.1}\" preserveAspectRatio=\"none\" href=\"data:image/png;base64,{}\"/>",
        base64::engine::general_purpose::STANDARD.encode(&image.png)
    ));
    let at = |p: &[f32; 2]| [f64::from(p[0]) * s, f64::from(p[1]) * s];
    for o in &image.overlays {
        let mut d = String::new();
        for outline in &o.outlines {
            for (i, p) in outline.iter().enumerate() {
                let [x, y] = at(p);
                let letter = if i == 0 { 'M' } else { 'L' };
                write!(d, "{letter}{x:.2} {y:.2}").unwrap_or_default();
            }
            d.push('Z');
        }
        let segment = |ends: &Option<[[f32; 2]; 2]>| {
            ends.as_ref().map(|[a, b]| {
                let ([x1, y1], [x2, y2]) = (at(a), at(b));
                format!("M{x1:.2} {y1:.2}L{x2:.2} {y2:.2}")
            })
        };
        let axes: String = [&o.long_axis, &o.short_axis]
            .into_iter()
            .filter_map(segment)
            .collect();
        // Colours of a picture do not follow the page: the picture is dark in every theme.
        let color = BRIGHT[o.color % BRIGHT.len()];
        put(format_args!(
            "<g fill=\"none\" stroke-linejoin=\"round\" stroke-linecap=\"round\"><path d=\"{d}{axes}\" stroke=\"#000\" stroke-opacity=\".55\" stroke-width=\"3\"/><path d=\"{d}\" stroke=\"{color}\" stroke-width=\"1.5\"/><path d=\"{axes}\" stroke=\"#fff\" stroke-width=\"1.2\"/>"
        ));
        if let Some(drawn) = segment(&o.drawn) {
            put(format_args!(
                "<path d=\"{drawn}\" stroke=\"{color}\" stroke-width=\"1\" stroke-dasharray=\"3 3\"/>"
            ));
        }
        put(format_args!("</g>"));
    }
    let mut label = |x: f64, y: f64, anchor: &str, text: &str| {
        put(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" style=\"fill:#fff;font-size:11px;stroke:#000;stroke-opacity:.7;stroke-width:2.5px;paint-order:stroke\">{}</text>",
            escape_xml(text)
        ));
    };
    if let Some(l) = &image.letters {
        label(6.0, height / 2.0 + 4.0, "start", &l.left);
        label(SIDE - 6.0, height / 2.0 + 4.0, "end", &l.right);
        label(SIDE / 2.0, 14.0, "middle", &l.top);
        label(SIDE / 2.0, height - 6.0, "middle", &l.bottom);
    }
    let bar = scale_bar(image.size[0]);
    let (x, y) = (10.0, height - 12.0);
    label(x, y - 6.0, "start", &format!("{bar} {}", image.unit));
    let d = format!("M{x} {:.1}v4h{:.2}v-4", y - 2.0, bar * s);
    put(format_args!(
        "<path d=\"{d}\" fill=\"none\" stroke=\"#000\" stroke-opacity=\".6\" stroke-width=\"3.5\"/><path d=\"{d}\" fill=\"none\" stroke=\"#fff\" stroke-width=\"1.6\"/></svg>"
    ));
    out
}

/// The lesion colours on a dark ground.
const BRIGHT: [&str; 6] = [
    "#4aa8e0", "#f08a4b", "#35c79c", "#dd93bb", "#e6b34a", "#86c8f0",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn picture() -> GrayPicture {
        GrayPicture {
            width: 20,
            height: 10,
            gray: (0..200).map(|i| i as u8).collect(),
        }
    }

    #[test]
    fn the_crop_keeps_its_scale_at_the_border() {
        let window = CropWindow {
            center: [0.0, 0.0],
            side: 10.0,
        };
        let pixel = Some([Mm(1.0), Mm(2.0)]);
        let overlay = LesionOverlay {
            long_axis: Some([[0.0, 0.0], [2.0, 0.0]]),
            ..LesionOverlay::default()
        };
        let k = key_image(("L1", 0, ""), &picture(), pixel, &[overlay], None, window).unwrap();
        assert_eq!(k.size, [10.0, 10.0]);
        let image = image::load_from_memory(&k.png).unwrap().to_luma8();
        assert_eq!(image.dimensions(), (10, 5));
        assert_eq!(image.get_pixel(0, 0).0, [0]);
        // First pixel of the picture: column 5 after rounding, row 2.
        let [a, b] = k.overlays[0].long_axis.unwrap();
        assert!((b[0] - a[0] - 2.0).abs() < 1e-6);
        let (column, row) = ((a[0] - 0.5) as u32, (a[1] / 2.0 - 0.5) as u32);
        assert_eq!(image.get_pixel(column + 1, row).0, [1]);
        assert_eq!(image.get_pixel(column, row + 1).0, [20]);
    }

    #[test]
    fn impossible_pictures_are_refused() {
        let window = CropWindow {
            center: [0.0, 0.0],
            side: 10.0,
        };
        let mut p = picture();
        p.gray.pop();
        assert!(key_image(("L1", 0, ""), &p, None, &[], None, window).is_err());
        let zero = Some([Mm(0.0), Mm(1.0)]);
        assert!(key_image(("L1", 0, ""), &picture(), zero, &[], None, window).is_err());
    }

    #[test]
    fn scale_bars_are_round() {
        assert!((scale_bar(80.0) - 20.0).abs() < 1e-9);
        assert!((scale_bar(33.0) - 10.0).abs() < 1e-9);
    }
}
