//! A rigid transform as it is searched: a rotation about the middle of the samples.

use nalgebra::{UnitQuaternion, Vector6};

use super::rigid::Rigid;
use crate::geometry::Vec3;

/// `p ↦ R (p − centre) + image`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pose {
    pub(super) rotation: UnitQuaternion<f64>,
    pub(super) centre: Vec3,
    pub(super) image: Vec3,
}

impl Pose {
    /// A pure translation.
    pub(super) fn shifted(centre: Vec3, shift: Vec3) -> Self {
        Self {
            rotation: UnitQuaternion::identity(),
            centre,
            image: centre + shift,
        }
    }

    /// Turned further by a rotation vector (radians, after the rotation so far) and shifted further.
    pub(super) fn moved(&self, turn: Vec3, shift: Vec3) -> Self {
        let mut rotation = UnitQuaternion::from_scaled_axis(turn) * self.rotation;
        rotation.renormalize_fast();
        Self {
            rotation,
            image: self.image + shift,
            ..*self
        }
    }

    /// [`Pose::moved`] by a step of the optimiser: three angles, three lengths.
    pub(super) fn stepped(&self, step: &Vector6<f64>) -> Self {
        let turn = Vec3::new(step[0], step[1], step[2]);
        self.moved(turn, Vec3::new(step[3], step[4], step[5]))
    }

    pub(super) fn rigid(&self) -> Rigid {
        Rigid::new(self.rotation, self.image - self.rotation * self.centre)
    }

    /// How far apart two poses send points within `radius` mm of the middle, at most.
    pub(super) fn distance(&self, other: &Self, radius: f64) -> f64 {
        let angle = self.rotation.angle_to(&other.rotation);
        (self.image - other.image).norm() + 2.0 * (angle / 2.0).sin() * radius
    }
}
