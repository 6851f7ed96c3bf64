//! Priors by the names of their populations and their sources, for screens and reports.

use super::PriorSet;

impl PriorSet {
    /// Where its numbers come from, as it is cited.
    #[must_use]
    pub const fn source(self) -> &'static str {
        match self {
            Self::Generic => {
                "No population of its own: published estimates of others, with the spread between \
                 patients widened 1.5-fold (docs/twin.md)"
            }
            Self::Ribba2022Nsclc => {
                "Trial OAK, atezolizumab or docetaxel. Ribba et al., Front Pharmacol 2022;13:1058220"
            }
            Self::Struemper2025Nsclc => {
                "Struemper et al., CPT Pharmacometrics Syst Pharmacol 2025;14:1006"
            }
            Self::Claret2014Nsclc => {
                "Trial MONET1. Claret et al., Clin Pharmacol Ther 2014;95:446, as corrected by nlmixr2lib"
            }
            Self::Terranova2022Gastric => {
                "Trial JAVELIN Gastric 100. Terranova et al., CPT Pharmacometrics Syst Pharmacol \
                 2022;11:333"
            }
            Self::Vaghi2020MouseLung | Self::Vaghi2020MouseBreast => {
                "Tumours of mice, not of patients. Vaghi et al., PLoS Comput Biol 2020;16:e1007178, \
                 fitted again by `oncotwin bench mice`"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mice_are_named_as_mice() {
        for set in PriorSet::ALL {
            let of_mice = matches!(
                set,
                PriorSet::Vaghi2020MouseLung | PriorSet::Vaghi2020MouseBreast
            );
            assert_eq!(set.source().contains("mice"), of_mice);
        }
    }
}
