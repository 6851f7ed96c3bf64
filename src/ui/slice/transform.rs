//! Where the pixels of a picture are on the screen.

use egui::{Pos2, Rect, pos2};

use crate::app::view::{PixelMap, SliceView};

/// Smallest and largest magnification.
const ZOOM: std::ops::RangeInclusive<f64> = 0.2..=40.0;

/// Screen ↔ picture. Picture coordinates have whole numbers at pixel centres.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Transform {
    center: [f64; 2],
    middle: [f64; 2],
    fit: [f64; 2],
    zoom: f64,
    pan: [f64; 2],
}

impl Transform {
    /// Fits the picture into `rect` with the aspect of the patient, then magnifies by `zoom` and
    /// shifts by `pan` picture pixels.
    pub(super) fn new(rect: Rect, slice: &SliceView) -> Self {
        let size = [slice.picture.width, slice.picture.height];
        Self::of(rect, size, &slice.map, slice.zoom, slice.pan)
    }

    /// As [`Transform::new`], for a picture of `size` pixels that lie as `map` says.
    pub(super) fn of(
        rect: Rect,
        size: [usize; 2],
        map: &PixelMap,
        zoom: f64,
        pan: [f64; 2],
    ) -> Self {
        let [w, h] = size.map(|n| n.max(1) as f64);
        let [sx, sy] = pixel_size(map);
        let per_mm = (f64::from(rect.width()) / (w * sx)).min(f64::from(rect.height()) / (h * sy));
        Self {
            center: [f64::from(rect.center().x), f64::from(rect.center().y)],
            middle: [(w - 1.0) / 2.0, (h - 1.0) / 2.0],
            fit: [per_mm * sx, per_mm * sy],
            zoom: zoom.clamp(*ZOOM.start(), *ZOOM.end()),
            pan,
        }
    }

    /// Points on the screen per picture pixel, across and down.
    pub(super) fn scale(&self) -> [f64; 2] {
        [self.fit[0] * self.zoom, self.fit[1] * self.zoom]
    }

    pub(super) fn to_screen(self, p: [f64; 2]) -> Pos2 {
        let s = self.scale();
        let at = |a: usize| self.center[a] + (p[a] - self.middle[a] + self.pan[a]) * s[a];
        pos2(at(0) as f32, at(1) as f32)
    }

    pub(super) fn to_picture(self, p: Pos2) -> [f64; 2] {
        let s = self.scale();
        let at = |a: usize, v: f32| {
            (f64::from(v) - self.center[a]) / s[a] + self.middle[a] - self.pan[a]
        };
        [at(0, p.x), at(1, p.y)]
    }

    /// Zoom and pan after magnifying by `factor` while the picture stays put under `anchor`.
    pub(super) fn zoomed_about(self, anchor: Pos2, factor: f64) -> (f64, [f64; 2]) {
        let zoom = (self.zoom * factor).clamp(*ZOOM.start(), *ZOOM.end());
        let there = self.magnified(anchor, zoom / self.zoom);
        (zoom, there.pan)
    }

    /// Magnified by a factor without limits, the picture staying put under `anchor`.
    pub(super) fn magnified(self, anchor: Pos2, factor: f64) -> Self {
        let fixed = self.to_picture(anchor);
        let zoom = self.zoom * factor;
        let at = |a: usize, v: f32| {
            (f64::from(v) - self.center[a]) / (self.fit[a] * zoom) + self.middle[a] - fixed[a]
        };
        Self {
            zoom,
            pan: [at(0, anchor.x), at(1, anchor.y)],
            ..self
        }
    }

    /// Pan after the picture was moved by a distance on the screen.
    pub(super) fn panned(self, moved: egui::Vec2) -> [f64; 2] {
        let s = self.scale();
        [
            self.pan[0] + f64::from(moved.x) / s[0],
            self.pan[1] + f64::from(moved.y) / s[1],
        ]
    }
}

/// Pixel size across and down; 1 × 1 where the map states none.
pub(super) fn pixel_size(map: &PixelMap) -> [f64; 2] {
    let (sx, sy) = (map.dx.norm(), map.dy.norm());
    let stated = |s: f64| s.is_finite() && s > 0.0;
    if stated(sx) && stated(sy) {
        [sx, sy]
    } else {
        [1.0, 1.0]
    }
}

/// The longest round length (1, 2 or 5 times a power of ten) of at most `limit`.
pub(super) fn round_length(limit: f64) -> f64 {
    let power = 10_f64.powf(limit.log10().floor());
    [5.0, 2.0, 1.0]
        .into_iter()
        .map(|m| m * power)
        .find(|l| *l <= limit)
        .unwrap_or(power)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use egui::{Rect, vec2};

    use super::*;
    use crate::app::view::{Picture, Point, Vec3, WindowLevel};

    fn slice(width: usize, height: usize, sx: f64, sy: f64) -> SliceView {
        SliceView {
            series: crate::app::view::SeriesId(uuid::Uuid::nil()),
            picture: Arc::new(Picture {
                width,
                height,
                gray: vec![0; width * height],
                version: 0,
            }),
            map: PixelMap {
                origin: Point::new(0.0, 0.0, 0.0),
                dx: Vec3::x() * sx,
                dy: Vec3::y() * sy,
            },
            calibrated: true,
            slice: 0,
            n_slices: 1,
            position: crate::units::Mm(0.0),
            window: WindowLevel::new(0.0, 1.0),
            unit: "",
            probe: None,
            uptake: None,
            frame: None,
            presets: Vec::new(),
            badges: Vec::new(),
            is_void: false,
            zoom: 1.0,
            pan: [0.0; 2],
            crosshair: None,
            references: Vec::new(),
            slab: None,
            on_its_way: false,
            colours: crate::app::view::ColourMap::default(),
            fusible: Vec::new(),
            fusion: None,
            fused: None,
            letters: None,
            overlays: Vec::new(),
            figures: Vec::new(),
            compared: None,
            marked_slices: Vec::new(),
        }
    }

    fn rect() -> Rect {
        Rect::from_min_size(pos2(10.0, 20.0), vec2(300.0, 200.0))
    }

    fn close(a: [f64; 2], b: [f64; 2]) -> bool {
        (a[0] - b[0]).abs() < 1e-3 && (a[1] - b[1]).abs() < 1e-3
    }

    #[test]
    fn the_whole_picture_fits_with_true_aspect() {
        // 100 × 100 pixels of 1 × 2 mm fill the height of 200 points and half as much across.
        let t = Transform::new(rect(), &slice(100, 100, 1.0, 2.0));
        assert_eq!(t.scale(), [1.0, 2.0]);
        assert_eq!(t.to_screen([-0.5, -0.5]), pos2(110.0, 20.0));
        assert_eq!(t.to_screen([99.5, 99.5]), pos2(210.0, 220.0));
    }

    #[test]
    fn unknown_pixel_size_is_shown_square() {
        let t = Transform::new(rect(), &slice(100, 100, 0.0, f64::NAN));
        assert_eq!(t.scale(), [2.0, 2.0]);
    }

    #[test]
    fn screen_and_picture_are_inverse() {
        let mut s = slice(512, 400, 0.7, 0.9);
        s.zoom = 3.3;
        s.pan = [12.5, -40.0];
        let t = Transform::new(rect(), &s);
        for p in [[0.0, 0.0], [256.25, 100.5], [511.0, 399.0]] {
            assert!(close(t.to_picture(t.to_screen(p)), p));
        }
    }

    #[test]
    fn zooming_keeps_the_point_under_the_cursor() {
        let mut s = slice(512, 512, 0.7, 0.7);
        s.pan = [5.0, -8.0];
        let anchor = pos2(77.0, 190.0);
        let before = Transform::new(rect(), &s).to_picture(anchor);
        let (zoom, pan) = Transform::new(rect(), &s).zoomed_about(anchor, 2.5);
        assert!((zoom - 2.5).abs() < 1e-12);
        (s.zoom, s.pan) = (zoom, pan);
        assert!(close(Transform::new(rect(), &s).to_picture(anchor), before));
    }

    #[test]
    fn zooming_stops_at_its_limits_without_moving_the_picture() {
        let mut s = slice(512, 512, 0.7, 0.7);
        s.zoom = 40.0;
        let (zoom, pan) = Transform::new(rect(), &s).zoomed_about(pos2(33.0, 44.0), 2.0);
        assert_eq!(zoom, 40.0);
        assert!(close(pan, [0.0, 0.0]));
    }

    #[test]
    fn panning_follows_the_pointer() {
        let mut s = slice(100, 100, 1.0, 2.0);
        let grabbed = Transform::new(rect(), &s).to_picture(pos2(150.0, 120.0));
        s.pan = Transform::new(rect(), &s).panned(vec2(10.0, -6.0));
        let now = Transform::new(rect(), &s).to_picture(pos2(160.0, 114.0));
        assert!(close(grabbed, now));
    }

    #[test]
    fn scale_bars_are_round() {
        let lengths = [0.7, 1.0, 3.0, 49.0, 50.0, 180.0].map(round_length);
        for (l, expected) in lengths.into_iter().zip([0.5, 1.0, 2.0, 20.0, 50.0, 100.0]) {
            assert!((l - expected).abs() < 1e-9, "{l}");
        }
    }
}
