//! Priors by the names of their populations and their sources, for screens and reports.

use super::PriorSet;

impl PriorSet {
    /// Who was measured, in a few words.
    #[must_use]
    pub const fn population(self) -> &'static str {
        match self {
            Self::Generic => "Generic",
            Self::Ribba2022Nsclc => "Lung cancer, second line (Ribba 2022)",
            Self::Struemper2025Nsclc => {
                "Lung cancer, pembrolizumab and chemotherapy (Struemper 2025)"
            }
            Self::Claret2014Nsclc => "Lung cancer, first line (Claret 2014)",
            Self::Terranova2022Gastric => "Gastric cancer (Terranova 2022)",
            Self::Vaghi2020MouseLung => "Mice: Lewis lung tumours (Vaghi 2020)",
            Self::Vaghi2020MouseBreast => "Mice: breast tumours MDA-MB-231 (Vaghi 2020)",
        }
    }

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
    fn every_set_is_told_apart_by_its_population() {
        let mut names: Vec<&str> = PriorSet::ALL.map(PriorSet::population).to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), PriorSet::ALL.len());
        for set in [PriorSet::Vaghi2020MouseLung, PriorSet::Vaghi2020MouseBreast] {
            assert!(set.population().starts_with("Mice") && set.source().contains("mice"));
        }
    }
}
