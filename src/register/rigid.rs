//! A rotation and a translation of patient space.

use nalgebra::{Matrix3, Matrix4, Quaternion, UnitQuaternion};
use serde::{Deserialize, Serialize};

use crate::geometry::{Point, Vec3};
use crate::units::Mm;

/// How far from 1 the norm of a stored quaternion may be before it is damage and not rounding.
const NORM_TOLERANCE: f64 = 1e-6;

/// A rigid transform of patient space (LPS, mm): `p ↦ R p + t`.
///
/// The rotation is a unit quaternion, so it stays a rotation however often transforms are composed.
/// Serialised as `{"quaternion":[w,x,y,z],"translation_mm":[x,y,z]}`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Rigid {
    rotation: UnitQuaternion<f64>,
    translation: Vec3,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    quaternion: [f64; 4],
    translation_mm: [f64; 3],
}

/// Why stored numbers are no rigid transform.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RigidError {
    /// The quaternion is not of length one, so it is no rotation.
    #[error("the quaternion has the norm {0}, a rotation has 1; register again")]
    Norm(f64),
    /// A number is missing or infinite.
    #[error("a number of the translation is not finite; register again")]
    Translation,
}

impl From<Rigid> for Stored {
    fn from(rigid: Rigid) -> Self {
        let q = rigid.rotation.quaternion();
        Self {
            quaternion: [q.w, q.i, q.j, q.k],
            translation_mm: rigid.translation.into(),
        }
    }
}

impl TryFrom<Stored> for Rigid {
    type Error = RigidError;

    fn try_from(stored: Stored) -> Result<Self, RigidError> {
        let [w, i, j, k] = stored.quaternion;
        let quaternion = Quaternion::new(w, i, j, k);
        let norm = quaternion.norm();
        if norm.is_nan() || (norm - 1.0).abs() > NORM_TOLERANCE {
            return Err(RigidError::Norm(norm));
        }
        if !stored.translation_mm.iter().all(|v| v.is_finite()) {
            return Err(RigidError::Translation);
        }
        // What is a unit to the last digits is kept bit for bit, so that reading gives what was written.
        let rotation = if (norm - 1.0).abs() <= 4.0 * f64::EPSILON {
            UnitQuaternion::new_unchecked(quaternion)
        } else {
            UnitQuaternion::new_normalize(quaternion)
        };
        Ok(Self::new(rotation, stored.translation_mm.into()))
    }
}

impl Rigid {
    /// `p ↦ rotation · p + translation`.
    #[must_use]
    pub const fn new(rotation: UnitQuaternion<f64>, translation: Vec3) -> Self {
        Self {
            rotation,
            translation,
        }
    }

    /// The transform that leaves every point where it is.
    #[must_use]
    pub fn identity() -> Self {
        Self::new(UnitQuaternion::identity(), Vec3::zeros())
    }

    /// A rotation about `centre`, followed by a shift: `p ↦ R (p − c) + c + shift`.
    #[must_use]
    pub fn about(centre: Point, rotation: UnitQuaternion<f64>, shift: Vec3) -> Self {
        let c = centre.0.coords;
        Self::new(rotation, c + shift - rotation * c)
    }

    /// The rotation.
    #[must_use]
    pub const fn rotation(&self) -> UnitQuaternion<f64> {
        self.rotation
    }

    /// The translation of the patient's origin, mm.
    #[must_use]
    pub const fn translation(&self) -> Vec3 {
        self.translation
    }

    /// Where a point goes.
    #[must_use]
    pub fn apply(&self, p: Point) -> Point {
        Point(self.rotation * p.0 + self.translation)
    }

    /// The transform that takes back what this one does.
    #[must_use]
    pub fn inverse(&self) -> Self {
        let rotation = self.rotation.inverse();
        Self::new(rotation, -(rotation * self.translation))
    }

    /// First this transform, then `next`.
    #[must_use]
    pub fn then(&self, next: &Self) -> Self {
        // Products drift from length one by rounding alone; one step of Newton's method undoes that.
        let mut rotation = next.rotation * self.rotation;
        rotation.renormalize_fast();
        Self::new(
            rotation,
            next.rotation * self.translation + next.translation,
        )
    }

    /// Angle of the rotation, degrees, 0–180.
    #[must_use]
    pub fn angle_deg(&self) -> f64 {
        self.rotation.angle().to_degrees()
    }

    /// Largest distance between where this transform and `other` send the points given.
    #[must_use]
    pub fn distance(&self, other: &Self, points: &[Point]) -> Mm {
        let apart = points
            .iter()
            .map(|p| self.apply(*p).distance(other.apply(*p)).0);
        Mm(apart.fold(0.0, f64::max))
    }

    /// The 4 × 4 matrix that maps (x, y, z, 1), LPS mm.
    #[must_use]
    pub fn matrix(&self) -> Matrix4<f64> {
        let mut matrix = self.rotation.to_homogeneous();
        matrix
            .fixed_view_mut::<3, 1>(0, 3)
            .copy_from(&self.translation);
        matrix
    }

    /// Angles about x, y and z in radians such that `R = Rz · Rx · Ry`, the order of ITK's Euler3D
    /// transform.
    ///
    /// At ±90° about x the split between y and z is arbitrary; y is then zero.
    #[must_use]
    pub fn euler_zxy(&self) -> [f64; 3] {
        let m: Matrix3<f64> = *self.rotation.to_rotation_matrix().matrix();
        let x = m[(2, 1)].clamp(-1.0, 1.0).asin();
        if x.cos() > 1e-7 {
            [
                x,
                (-m[(2, 0)]).atan2(m[(2, 2)]),
                (-m[(0, 1)]).atan2(m[(1, 1)]),
            ]
        } else {
            [x, 0.0, m[(1, 0)].atan2(m[(0, 0)])]
        }
    }

    /// The transform as a text of ITK (`.tfm`): Euler3D, which maps points of the fixed image to points
    /// of the moving image in LPS mm, as SimpleITK's `ReadTransform` reads it.
    #[must_use]
    pub fn to_itk_text(&self) -> String {
        let ([x, y, z], t) = (self.euler_zxy(), self.translation);
        // 17 digits bring every f64 back.
        format!(
            "#Insight Transform File V1.0\n#Transform 0\nTransform: Euler3DTransform_double_3_3\n\
             Parameters: {x:.17e} {y:.17e} {z:.17e} {:.17e} {:.17e} {:.17e}\n\
             FixedParameters: 0 0 0 0\n",
            t.x, t.y, t.z
        )
    }
}
