//! Tissues around one lesion, as a function of position in mm from its centre.

use rand::Rng as _;
use rand_chacha::ChaCha8Rng;

use crate::geometry::Vec3;

/// Kind of lesion and surroundings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Solid in lung.
    LungSolid,
    /// Solid in lung, with vessels that enter it.
    LungVessels,
    /// Solid in lung, on the chest wall and of its value.
    LungPleura,
    /// Ground glass in lung.
    GroundGlass,
    /// Ground glass with a solid part.
    PartSolid,
    /// Solid in lung, with spikes.
    Spiculated,
    /// Darker than the liver, with vessels near.
    LiverDark,
    /// Brighter than the liver.
    LiverBright,
    /// Two overlapping balls in the liver.
    Bilobed,
    /// Lymph node in fat, beside muscle and a vessel.
    Node,
    /// Ring-enhancing in brain, with oedema (MR).
    BrainRing,
    /// Dark centre and bright, uneven rim in muscle.
    Necrotic,
    /// Nearly of the value of the muscle it lies in, beside bone and fat.
    Sarcoma,
    /// Uptake (PET).
    Pet,
}

impl Class {
    /// All classes, in order.
    pub const ALL: [Self; 14] = [
        Self::LungSolid,
        Self::LungVessels,
        Self::LungPleura,
        Self::GroundGlass,
        Self::PartSolid,
        Self::Spiculated,
        Self::LiverDark,
        Self::LiverBright,
        Self::Bilobed,
        Self::Node,
        Self::BrainRing,
        Self::Necrotic,
        Self::Sarcoma,
        Self::Pet,
    ];

    /// The name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LungSolid => "lung, solid",
            Self::LungVessels => "lung, with vessels",
            Self::LungPleura => "lung, on the pleura",
            Self::GroundGlass => "lung, ground glass",
            Self::PartSolid => "lung, part-solid",
            Self::Spiculated => "lung, spiculated",
            Self::LiverDark => "liver, hypodense",
            Self::LiverBright => "liver, hyperdense",
            Self::Bilobed => "liver, bilobed",
            Self::Node => "node beside muscle and vessel",
            Self::BrainRing => "brain, ring-enhancing",
            Self::Necrotic => "muscle, necrotic",
            Self::Sarcoma => "muscle, nearly isodense",
            Self::Pet => "PET uptake",
        }
    }

    /// Range of the noise's standard deviation.
    pub(super) const fn noise(self) -> [f64; 2] {
        match self {
            Self::LiverDark | Self::LiverBright | Self::Bilobed | Self::Node => [8.0, 20.0],
            Self::Necrotic | Self::Sarcoma => [6.0, 15.0],
            Self::BrainRing => [15.0, 40.0],
            Self::Pet => [0.1, 0.5],
            _ => [14.0, 40.0],
        }
    }
}

/// A body of the lesion's outline: a ball of uneven radius, stretched and turned.
struct Blob {
    center: Vec3,
    semi_axes: Vec3,
    turn: nalgebra::Rotation3<f64>,
    /// Direction and strength of gentle dents and bulges.
    waves: Vec<(Vec3, f64, f64)>,
}

impl Blob {
    fn new(center: Vec3, radius: f64, unevenness: f64, random: &mut ChaCha8Rng) -> Self {
        let stretch = |random: &mut ChaCha8Rng| random.random_range(0.8..1.2);
        let semi_axes = Vec3::new(stretch(random), stretch(random), stretch(random)) * radius;
        let angle = |random: &mut ChaCha8Rng| random.random_range(0.0..std::f64::consts::PI);
        let turn =
            nalgebra::Rotation3::from_euler_angles(angle(random), angle(random), angle(random));
        let waves = (0..4)
            .map(|_| {
                let direction = unit(random) * random.random_range(2.0..4.0);
                let phase = random.random_range(0.0..std::f64::consts::TAU);
                (direction, phase, unevenness * random.random_range(0.3..1.0))
            })
            .collect();
        Self {
            center,
            semi_axes,
            turn,
            waves,
        }
    }

    /// Distance from the centre in units of the outline's: below 1 inside.
    fn depth(&self, p: Vec3) -> f64 {
        let q = (self.turn.inverse() * (p - self.center)).component_div(&self.semi_axes);
        let r = q.norm();
        if r < 1e-9 {
            return 0.0;
        }
        let u = q / r;
        let outline: f64 = self
            .waves
            .iter()
            .map(|(direction, phase, strength)| strength * (direction.dot(&u) + phase).sin())
            .sum();
        r / (1.0 + outline)
    }

    fn reach(&self) -> f64 {
        let outline: f64 = self.waves.iter().map(|w| w.2.abs()).sum();
        self.center.norm() + self.semi_axes.max() * (1.0 + outline)
    }
}

fn unit(random: &mut ChaCha8Rng) -> Vec3 {
    loop {
        let mut side = || random.random_range(-1.0..1.0f64);
        let v = Vec3::new(side(), side(), side());
        let n = v.norm();
        if (0.1..1.0).contains(&n) {
            return v / n;
        }
    }
}

/// A straight vessel or spike: from, direction, length, radius at both ends.
struct Branch {
    from: Vec3,
    along: Vec3,
    length: f64,
    radii: [f64; 2],
}

impl Branch {
    fn contains(&self, p: Vec3) -> bool {
        let t = (p - self.from).dot(&self.along).clamp(0.0, self.length);
        let radius = self.radii[0] + (self.radii[1] - self.radii[0]) * t / self.length;
        (p - self.from - self.along * t).norm() < radius
    }
}

/// Half-space beyond a plane: unit normal and distance from the centre.
struct Wall {
    normal: Vec3,
    distance: f64,
}

impl Wall {
    fn contains(&self, p: Vec3) -> bool {
        self.normal.dot(&p) > self.distance
    }
}

/// One lesion and what lies around it.
pub(super) struct Scene {
    class: Class,
    body: Blob,
    /// A second part, core or lobe.
    second: Option<Blob>,
    branches: Vec<Branch>,
    walls: Vec<Wall>,
    /// Value of the lesion and of its surroundings.
    values: [f64; 2],
    radius: f64,
}

impl Scene {
    pub(super) fn new(class: Class, radius: f64, random: &mut ChaCha8Rng) -> Self {
        let body = Blob::new(Vec3::zeros(), radius, 0.06, random);
        let mut scene = Self {
            class,
            body,
            second: None,
            branches: Vec::new(),
            walls: Vec::new(),
            values: [0.0; 2],
            radius,
        };
        let mut within = |low: f64, high: f64| random.random_range(low..high);
        scene.values = match class {
            Class::LungSolid | Class::LungVessels | Class::LungPleura | Class::Spiculated => {
                [within(10.0, 70.0), within(-890.0, -800.0)]
            }
            Class::GroundGlass | Class::PartSolid => {
                [within(-650.0, -500.0), within(-890.0, -820.0)]
            }
            Class::LiverDark => {
                let liver = within(95.0, 125.0);
                [liver - within(35.0, 65.0), liver]
            }
            Class::LiverBright | Class::Bilobed => {
                let liver = within(80.0, 110.0);
                [liver + within(40.0, 70.0), liver]
            }
            Class::Node => [within(60.0, 95.0), -95.0],
            Class::BrainRing => [within(750.0, 900.0), within(380.0, 430.0)],
            Class::Necrotic => [within(100.0, 130.0), within(50.0, 65.0)],
            Class::Sarcoma => {
                let muscle = within(55.0, 65.0);
                [muscle - within(18.0, 30.0), muscle]
            }
            Class::Pet => [within(5.0, 12.0), within(0.8, 2.0)],
        };
        scene.surround(random);
        scene
    }

    fn surround(&mut self, random: &mut ChaCha8Rng) {
        let r = self.radius;
        let beside = |normal: Vec3, distance: f64| Wall { normal, distance };
        match self.class {
            Class::LungVessels => {
                for _ in 0..random.random_range(2..4) {
                    let width = random.random_range(0.8..2.2f64).min(0.35 * r);
                    self.branches.push(Branch {
                        from: Vec3::zeros(),
                        along: unit(random),
                        length: 3.0 * r + 15.0,
                        radii: [width, 0.7 * width],
                    });
                }
            }
            Class::LungPleura => {
                let normal = sideways(random);
                let distance = random.random_range(0.55..0.9) * r;
                self.walls.push(beside(normal, distance));
            }
            Class::PartSolid => {
                let center = unit(random) * (0.3 * r);
                self.second = Some(Blob::new(center, 0.45 * r, 0.05, random));
            }
            Class::Spiculated => {
                for _ in 0..random.random_range(6..11) {
                    let width = 0.22 * r;
                    self.branches.push(Branch {
                        from: Vec3::zeros(),
                        along: unit(random),
                        length: r * random.random_range(1.3..1.7),
                        radii: [width, 0.05 * r],
                    });
                }
            }
            Class::LiverDark | Class::LiverBright => {
                let along = unit(random);
                let across = along.cross(&unit(random)).normalize();
                let width = random.random_range(1.5..4.0);
                self.branches.push(Branch {
                    from: across * (1.15 * r + width + 1.0) - along * (2.0 * r + 20.0),
                    along,
                    length: 4.0 * r + 40.0,
                    radii: [width; 2],
                });
            }
            Class::Bilobed => {
                let way = sideways(random);
                self.body.center = way * (-0.55 * r);
                self.body.semi_axes *= 0.75;
                self.second = Some(Blob::new(way * (0.6 * r), 0.62 * r, 0.05, random));
            }
            Class::Node => {
                let normal = sideways(random);
                self.walls
                    .push(beside(normal, r * random.random_range(0.92..1.05)));
                let along = Vec3::z();
                let across = normal.cross(&along).normalize();
                let width = random.random_range(2.0..5.0);
                self.branches.push(Branch {
                    from: across * (r + width) - along * (2.0 * r + 20.0),
                    along,
                    length: 4.0 * r + 40.0,
                    radii: [width; 2],
                });
            }
            Class::BrainRing | Class::Necrotic => {
                let share = random.random_range(0.55..0.8);
                let center = unit(random) * (0.1 * r);
                self.second = Some(Blob::new(center, share * r, 0.1, random));
            }
            Class::Sarcoma => {
                let normal = sideways(random);
                // Fat beyond one side, bone beyond the other.
                self.walls
                    .push(beside(normal, r * random.random_range(1.05..1.3)));
                self.walls
                    .push(beside(-normal, r * random.random_range(1.1..1.5)));
            }
            Class::LungSolid | Class::GroundGlass | Class::Pet => {}
        }
    }

    /// A distance from the centre within which the whole lesion lies, mm.
    pub(super) fn reach(&self) -> f64 {
        let body = self.body.reach();
        let second = self.second.as_ref().map_or(0.0, Blob::reach);
        let spikes = match self.class {
            Class::Spiculated => 1.7 * self.radius,
            _ => 0.0,
        };
        body.max(second).max(spikes)
    }

    /// Value, and whether it is lesion.
    pub(super) fn at(&self, p: Vec3) -> (f64, bool) {
        let [lesion, around] = self.values;
        let in_body = self.body.depth(p) <= 1.0;
        let in_second = self.second.as_ref().is_some_and(|s| s.depth(p) <= 1.0);
        let in_branch = || self.branches.iter().any(|b| b.contains(p));
        let wall = self.walls.iter().position(|w| w.contains(p));
        match self.class {
            Class::LungPleura if wall.is_some() => (50.0, false),
            Class::LungVessels if !in_body && in_branch() => (lesion, false),
            Class::PartSolid if in_body && in_second => (35.0, true),
            Class::Spiculated if in_body || in_branch() => (lesion, true),
            Class::Bilobed if in_body || in_second => (lesion, true),
            Class::Node if !in_body && wall.is_some() => (55.0, false),
            Class::Node if !in_body && in_branch() => (165.0, false),
            Class::LiverDark | Class::LiverBright if !in_body && in_branch() => {
                (around + 45.0, false)
            }
            Class::BrainRing if in_body && in_second => (230.0, true),
            Class::BrainRing if !in_body && self.body.depth(p) < 1.5 => (around - 70.0, false),
            Class::Necrotic if in_body && in_second => (25.0, true),
            Class::Sarcoma if !in_body && wall == Some(0) => (-95.0, false),
            Class::Sarcoma if !in_body && wall == Some(1) => (400.0, false),
            _ if in_body => (lesion, true),
            _ => (around, false),
        }
    }
}

/// A direction near the slice plane.
fn sideways(random: &mut ChaCha8Rng) -> Vec3 {
    let mut v = unit(random);
    v.z *= 0.3;
    v.normalize()
}
