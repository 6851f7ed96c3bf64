//! Lesions: rotated ellipsoids whose volume follows a known law.

use nalgebra::{Matrix3, Rotation3};
use serde::{Deserialize, Serialize};

use super::CHEST;
use crate::geometry::{Point, Vec3};
use crate::units::{Days, Hu, Mm, Mm3};

/// Growth of a lesion: V(t) = V₀ exp(r t − s τ(t)), τ being the days under treatment until t.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Law {
    /// Growth rate of the volume, per day.
    pub growth_per_day: f64,
    /// Rate taken off while treated, per day.
    pub kill_per_day: f64,
}

impl Law {
    /// Volume at `day` relative to day 0.
    #[must_use]
    pub fn relative_volume(self, day: Days, treatment: Option<(Days, Days)>) -> f64 {
        let treated = treatment.map_or(0.0, |(start, length)| {
            (day.0 - start.0).clamp(0.0, length.0)
        });
        (self.growth_per_day * day.0 - self.kill_per_day * treated).exp()
    }
}

/// A lesion of the phantom.
#[derive(Clone, Debug, PartialEq)]
pub struct LesionSpec {
    /// Label in `truth.json`.
    pub label: String,
    /// Organ.
    pub organ: String,
    /// Lymph node.
    pub nodal: bool,
    /// Centre, mm from the middle of the chest, LPS.
    pub center: [f64; 3],
    /// Semi-axes on day 0.
    pub semi_axes: [Mm; 3],
    /// Roll, pitch and yaw, radians.
    pub rotation: [f64; 3],
    /// Value of its tissue.
    pub value: Hu,
    /// How it grows.
    pub law: Law,
}

/// The lesions of the sample study: a responder, a partial responder, a node and one that grows on.
pub(super) fn sample_lesions() -> Vec<LesionSpec> {
    let lesion = |label: &str,
                  organ: &str,
                  center,
                  semi_axes: [f64; 3],
                  rotation,
                  value,
                  rates: (f64, f64)| {
        LesionSpec {
            label: label.to_owned(),
            organ: organ.to_owned(),
            nodal: false,
            center,
            semi_axes: semi_axes.map(Mm),
            rotation,
            value: Hu(value),
            law: Law {
                growth_per_day: rates.0,
                kill_per_day: rates.1,
            },
        }
    };
    vec![
        lesion(
            "L1",
            "lung",
            [-80.0, -12.0, 24.0],
            [16.5, 13.5, 12.5],
            [0.3, 0.2, 0.7],
            45.0,
            (0.006, 0.020),
        ),
        lesion(
            "L2",
            "liver",
            [-66.0, -12.0, -34.0],
            [17.5, 14.5, 12.5],
            [0.2, -0.3, -0.5],
            50.0,
            (0.004, 0.008),
        ),
        LesionSpec {
            nodal: true,
            ..lesion(
                "L3",
                "lymph node",
                [-8.0, -20.0, 34.0],
                [13.5, 10.5, 11.5],
                [0.1, 0.3, 0.4],
                75.0,
                (0.003, 0.009),
            )
        },
        lesion(
            "L4",
            "lung",
            [74.0, 14.0, 8.0],
            [6.8, 5.6, 5.9],
            [0.0, 0.4, -0.9],
            40.0,
            (0.007, 0.0),
        ),
    ]
}

/// A lesion in its place and size at one time point.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) spec: LesionSpec,
    pub(super) center: Vec3,
    pub(super) semi_axes: [Mm; 3],
    pub(super) value: Hu,
    /// x lies inside when (x − c)ᵀ A (x − c) ≤ 1.
    shape: Matrix3<f64>,
}

impl LesionSpec {
    pub(super) fn at(&self, day: Days, treatment: Option<(Days, Days)>, shift: Vec3) -> Placed {
        let scale = self.law.relative_volume(day, treatment).cbrt();
        let semi_axes = self.semi_axes.map(|a| Mm(a.0 * scale));
        let [roll, pitch, yaw] = self.rotation;
        let turn = Rotation3::from_euler_angles(roll, pitch, yaw);
        let inverse_squares = Vec3::from(semi_axes.map(|a| a.0.powi(-2)));
        let shape = turn * Matrix3::from_diagonal(&inverse_squares) * turn.transpose();
        Placed {
            spec: self.clone(),
            center: Vec3::from(CHEST) + shift + Vec3::from(self.center),
            semi_axes,
            value: self.value,
            shape,
        }
    }
}

impl Placed {
    pub(super) fn contains(&self, p: Vec3) -> bool {
        let d = p - self.center;
        d.dot(&(self.shape * d)) <= 1.0
    }

    /// Whether a voxel there may hold a part of the lesion.
    pub(super) fn is_near(&self, p: Vec3, spacing: [Mm; 3]) -> bool {
        let reach = self.semi_axes.iter().fold(0.0f64, |r, a| r.max(a.0));
        (0..3).all(|a| (p[a] - self.center[a]).abs() <= reach + spacing[a].0)
    }

    pub(super) fn volume(&self) -> Mm3 {
        let [a, b, c] = self.semi_axes.map(|s| s.0);
        Mm3(4.0 / 3.0 * std::f64::consts::PI * a * b * c)
    }

    /// Ends of the longest diameter in the axial plane through the centre (the widest of all axial
    /// sections, which are similar ellipses), and the length of the perpendicular one.
    pub(super) fn axial_axes(&self) -> ([Point; 2], Mm) {
        let section = self.shape.fixed_view::<2, 2>(0, 0).into_owned();
        let eigen = section.symmetric_eigen();
        let (long, short) = if eigen.eigenvalues[0] <= eigen.eigenvalues[1] {
            (0, 1)
        } else {
            (1, 0)
        };
        let half = eigen.eigenvalues[long].powf(-0.5);
        let direction = eigen.eigenvectors.column(long);
        let reach = Vec3::new(direction[0], direction[1], 0.0) * half;
        let ends = [self.center - reach, self.center + reach].map(|p| Point(p.into()));
        (ends, Mm(2.0 * eigen.eigenvalues[short].powf(-0.5)))
    }
}
