//! Figures beside which ours stand: a reference refit of the same tables, the abstract of Vaghi et al.
//! (PLoS Comput Biol 2020;16:e1007178) and the output of tumgr 0.0.4.

pub(super) const REFIT: &str = "reference refit";
pub(super) const VAGHI: &str = "Vaghi et al. 2020";
pub(super) const PACKAGE: &str = "tumgr 0.0.4";

/// A law in the reference refit.
pub(super) struct PublishedLaw {
    pub(super) law: &'static str,
    /// Medians of its parameters.
    pub(super) medians: &'static [f64],
    /// Mean weighted sum of squares per reading.
    pub(super) squares: f64,
}

/// A table of mice.
pub(super) struct Set {
    pub(super) name: &'static str,
    pub(super) title: &'static str,
    pub(super) file: &'static str,
    /// The best first.
    pub(super) laws: &'static [PublishedLaw],
    /// R² of a on b under the Gompertz law.
    pub(super) r2: f64,
    /// Age by the reduced Gompertz law.
    pub(super) age: Option<PublishedAge>,
}

/// Mean error, and mean width of the 95 % interval in days.
pub(super) struct PublishedAge {
    pub(super) bayesian: [f64; 2],
    pub(super) likelihood: [f64; 2],
}

const fn law(law: &'static str, medians: &'static [f64], squares: f64) -> PublishedLaw {
    PublishedLaw {
        law,
        medians,
        squares,
    }
}

pub(super) const SETS: [Set; 2] = [
    Set {
        name: "lung",
        title: "Lung (LLC)",
        file: "lung_vol_data.txt",
        laws: &[
            law("power_law", &[0.897, 0.793], 3.69),
            law("gompertz", &[0.719, 0.0734], 3.87),
            law("free_exponential", &[0.256, 13.15], 4.89),
            law("logistic", &[0.499, 1533.0], 6.88),
            law("exponential", &[0.393], 32.8),
        ],
        r2: 0.925,
        age: None,
    },
    Set {
        name: "breast",
        title: "Breast (MDA-MB-231)",
        file: "breast_vol_data.txt",
        laws: &[
            law("gompertz", &[0.547, 0.0704], 3.5),
            law("power_law", &[0.966, 0.655], 3.71),
            law("logistic", &[0.358, 946.0], 11.4),
            law("exponential", &[0.228], 51.0),
        ],
        r2: 0.945,
        age: Some(PublishedAge {
            bayesian: [0.122, 15.6],
            likelihood: [0.78, 210.0],
        }),
    },
];

/// One rate or share over the cases that have it.
pub(super) struct PublishedRate {
    pub(super) name: &'static str,
    pub(super) n: usize,
    /// Median, quartiles, mean and standard deviation.
    pub(super) values: [f64; 5],
}

/// A run of tumgr.
pub(super) struct Run {
    pub(super) name: &'static str,
    pub(super) significance: f64,
    /// Those that are not listed are 0.
    pub(super) counts: &'static [(&'static str, usize)],
    pub(super) rates: [PublishedRate; 3],
}

const fn rate(name: &'static str, n: usize, values: [f64; 5]) -> PublishedRate {
    PublishedRate { name, n, values }
}

pub(super) const TUMGR: [Run; 2] = [
    Run {
        name: "tumgr, p < 0.1",
        significance: 0.10,
        counts: &[
            ("dx", 22),
            ("gd", 25),
            ("gdphi", 6),
            ("gx", 4),
            ("not fit", 5),
            ("only 1 eval", 5),
            ("2 evals not 20% diff", 1),
        ],
        rates: [
            rate("g", 35, [0.001414, 0.000856, 0.003975, 0.003258, 0.003956]),
            rate("d", 53, [0.020427, 0.014466, 0.034447, 0.024, 0.015579]),
            rate("phi", 6, [0.987381, 0.866022, 0.997283, 0.891717, 0.180361]),
        ],
    },
    Run {
        name: "tumgr, p < 0.05",
        significance: 0.05,
        counts: &[
            ("dx", 20),
            ("gd", 25),
            ("gdphi", 5),
            ("gx", 4),
            ("not fit", 8),
            ("only 1 eval", 5),
            ("2 evals not 20% diff", 1),
        ],
        rates: [
            rate("g", 34, [0.001309, 0.000778, 0.003655, 0.003061, 0.003893]),
            rate("d", 50, [0.020436, 0.014474, 0.034278, 0.024242, 0.015764]),
            rate("phi", 5, [0.982854, 0.827078, 0.999075, 0.871679, 0.194039]),
        ],
    },
];
