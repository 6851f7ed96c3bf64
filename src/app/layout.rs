//! Where the panels of the window are. Remembered on disk, not audited.

use serde::{Deserialize, Serialize};

/// A panel beside the pictures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PanelKind {
    /// The table of lesions.
    Lesions,
    /// Growth, narrative and treatments.
    Growth,
    /// The steps of the record.
    History,
}

impl PanelKind {
    /// All panels, in the order in which they share a side.
    pub const ALL: [Self; 3] = [Self::Lesions, Self::Growth, Self::History];
}

/// A side of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Left of the pictures.
    Left,
    /// Right of them.
    Right,
    /// Below them.
    Bottom,
}

impl Side {
    /// All sides, in the order in which they take their room.
    pub const ALL: [Self; 3] = [Self::Bottom, Self::Right, Self::Left];
}

/// How one panel is shown.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PanelLook {
    /// It is shown.
    pub shown: bool,
    /// Where.
    pub side: Side,
    /// Its share of a side that it has not alone, in points; `None` while nobody has set it.
    pub size: Option<f32>,
}

/// How all panels are shown, and how large everything is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Layout {
    /// The table of lesions.
    pub lesions: PanelLook,
    /// Growth, narrative and treatments.
    pub growth: PanelLook,
    /// The steps of the record.
    pub history: PanelLook,
    /// The one that has all the room.
    pub maximised: Option<PanelKind>,
    /// Width or height of the sides (left, right, bottom) in points; `None` while nobody has set it.
    pub sides: [Option<f32>; 3],
    /// Magnification of the whole window.
    pub scale: f32,
}

impl Default for Layout {
    fn default() -> Self {
        let look = |shown, side| PanelLook {
            shown,
            side,
            size: None,
        };
        Self {
            lesions: look(true, Side::Bottom),
            growth: look(true, Side::Right),
            history: look(false, Side::Right),
            maximised: None,
            sides: [None; 3],
            scale: 1.0,
        }
    }
}

/// Magnifications that leave a window to work with.
const SCALES: std::ops::RangeInclusive<f32> = 0.5..=3.0;

impl Layout {
    /// How a panel is shown.
    #[must_use]
    pub const fn of(&self, panel: PanelKind) -> &PanelLook {
        match panel {
            PanelKind::Lesions => &self.lesions,
            PanelKind::Growth => &self.growth,
            PanelKind::History => &self.history,
        }
    }

    const fn of_mut(&mut self, panel: PanelKind) -> &mut PanelLook {
        match panel {
            PanelKind::Lesions => &mut self.lesions,
            PanelKind::Growth => &mut self.growth,
            PanelKind::History => &mut self.history,
        }
    }

    /// Panels that are shown at a side, in order.
    pub fn at(&self, side: Side) -> impl Iterator<Item = PanelKind> {
        let here = move |panel: &PanelKind| self.of(*panel).shown && self.of(*panel).side == side;
        PanelKind::ALL.into_iter().filter(here)
    }

    /// With a panel shown that was hidden, or hidden that was shown. Whoever asks for a panel that
    /// another one covers gets it.
    #[must_use]
    pub fn toggled(mut self, panel: PanelKind) -> Self {
        let covered = self.maximised.is_some_and(|other| other != panel);
        self.maximised = None;
        let look = self.of_mut(panel);
        look.shown = covered || !look.shown;
        self
    }

    /// With a panel at a side.
    #[must_use]
    pub const fn moved(mut self, panel: PanelKind, side: Side) -> Self {
        self.maximised = None;
        let look = self.of_mut(panel);
        look.shown = true;
        look.side = side;
        self
    }

    /// With a panel that has all the room, or none.
    #[must_use]
    pub const fn maximised(mut self, panel: Option<PanelKind>) -> Self {
        if let Some(panel) = panel {
            self.of_mut(panel).shown = true;
        }
        self.maximised = panel;
        self
    }

    /// With a share of its side for a panel.
    #[must_use]
    pub const fn sized(mut self, panel: PanelKind, size: f32) -> Self {
        self.of_mut(panel).size = Some(size);
        self
    }

    /// With a width or height of a side.
    #[must_use]
    pub const fn with_side(mut self, side: Side, size: f32) -> Self {
        self.sides[side as usize] = Some(size);
        self
    }

    /// Width or height of a side, if somebody has set it.
    #[must_use]
    pub const fn side(&self, side: Side) -> Option<f32> {
        self.sides[side as usize]
    }

    /// With everything larger or smaller by a factor.
    #[must_use]
    pub fn scaled(mut self, factor: f32) -> Self {
        // In steps that lead back to where they came from.
        self.scale = (self.scale * factor * 20.0).round() / 20.0;
        self.sound()
    }

    /// What is remembered may be of another hand: sizes that no window has are left out.
    #[must_use]
    pub fn sound(mut self) -> Self {
        let is_size = |size: &f32| size.is_finite() && (20.0..20_000.0).contains(size);
        for look in [&mut self.lesions, &mut self.growth, &mut self.history] {
            look.size = look.size.filter(is_size);
        }
        self.sides = self.sides.map(|size| size.filter(is_size));
        self.scale = if self.scale.is_finite() {
            self.scale.clamp(*SCALES.start(), *SCALES.end())
        } else {
            1.0
        };
        let covers = |panel: &PanelKind| self.of(*panel).shown;
        self.maximised = self.maximised.filter(covers);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panel_that_is_covered_comes_when_it_is_asked_for() {
        let layout = Layout::default().maximised(Some(PanelKind::Lesions));
        let asked = layout.toggled(PanelKind::Growth);
        assert!(asked.growth.shown);
        assert_eq!(asked.maximised, None);
        assert!(!asked.toggled(PanelKind::Growth).growth.shown);
    }

    #[test]
    fn sizes_come_back_from_steps_and_nonsense_is_left_out() {
        let larger = Layout::default().scaled(1.1).scaled(1.1);
        let back = larger.scaled(1.0 / 1.1).scaled(1.0 / 1.1);
        assert!((back.scale - 1.0).abs() < 1e-6, "{}", back.scale);
        let mut odd = Layout::default().with_side(Side::Right, f32::NAN);
        odd.scale = f32::INFINITY;
        assert_eq!(odd.sound(), Layout::default());
        let hidden = Layout {
            maximised: Some(PanelKind::History),
            ..Layout::default()
        };
        assert_eq!(hidden.sound(), Layout::default());
    }
}
