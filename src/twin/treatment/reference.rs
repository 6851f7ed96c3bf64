//! Reference doses: the usual adult dose of a drug per administration, by its prescribing
//! information (US labels). Effects are stated per such a dose, so that twice the dose is twice the
//! dose whoever takes it; how strong one dose is, is for the posterior to say.

use crate::twin::dynamics::dose::{Dose, DoseUnit};

/// Doses of a daily drug that count as one, three weeks' worth: comparable to a cycle of the others.
pub(super) const DAYS_OF_A_DAILY_DRUG: f64 = 21.0;

const TABLE: [(&str, Dose); 36] = [
    ("afatinib", Dose::mg(40.0)),
    ("alectinib", Dose::mg(1200.0)),
    ("atezolizumab", Dose::mg(1200.0)),
    ("avelumab", Dose::mg(800.0)),
    ("bevacizumab", Dose::mg_per_kg(15.0)),
    ("capecitabine", Dose::mg_per_m2(2500.0)),
    ("carboplatin", Dose::auc(5.0)),
    ("cemiplimab", Dose::mg(350.0)),
    ("cetuximab", Dose::mg_per_m2(250.0)),
    ("cisplatin", Dose::mg_per_m2(75.0)),
    ("cyclophosphamide", Dose::mg_per_m2(600.0)),
    ("docetaxel", Dose::mg_per_m2(75.0)),
    ("dostarlimab", Dose::mg(500.0)),
    ("doxorubicin", Dose::mg_per_m2(60.0)),
    ("durvalumab", Dose::mg(1500.0)),
    ("erlotinib", Dose::mg(150.0)),
    ("etoposide", Dose::mg_per_m2(100.0)),
    ("everolimus", Dose::mg(10.0)),
    ("gefitinib", Dose::mg(250.0)),
    ("gemcitabine", Dose::mg_per_m2(1000.0)),
    ("imatinib", Dose::mg(400.0)),
    ("ipilimumab", Dose::mg_per_kg(3.0)),
    ("irinotecan", Dose::mg_per_m2(180.0)),
    ("lapatinib", Dose::mg(1250.0)),
    ("nivolumab", Dose::mg(240.0)),
    ("osimertinib", Dose::mg(80.0)),
    ("oxaliplatin", Dose::mg_per_m2(85.0)),
    ("paclitaxel", Dose::mg_per_m2(175.0)),
    ("pazopanib", Dose::mg(800.0)),
    ("pembrolizumab", Dose::mg(200.0)),
    ("pemetrexed", Dose::mg_per_m2(500.0)),
    ("sorafenib", Dose::mg(800.0)),
    ("sunitinib", Dose::mg(50.0)),
    ("temozolomide", Dose::mg_per_m2(200.0)),
    ("trastuzumab", Dose::mg_per_kg(6.0)),
    ("vinorelbine", Dose::mg_per_m2(30.0)),
];

/// The reference dose of a drug given in `unit`, and whether the table knows it.
pub(super) fn of(name: &str, unit: DoseUnit) -> (Dose, bool) {
    let name = name.trim().to_lowercase();
    let known = TABLE
        .iter()
        .find(|(drug, dose)| *drug == name && dose.unit == unit);
    known.map_or_else(|| (usual(unit), false), |(_, dose)| (*dose, true))
}

/// A dose of the usual order of size in a unit, for drugs that the table does not know.
const fn usual(unit: DoseUnit) -> Dose {
    match unit {
        DoseUnit::Mg => Dose::mg(200.0),
        DoseUnit::MgPerM2 => Dose::mg_per_m2(100.0),
        DoseUnit::MgPerKg => Dose::mg_per_kg(5.0),
        DoseUnit::Auc => Dose::auc(5.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_says_each_drug_once() {
        assert!(TABLE.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn a_known_drug_in_another_unit_has_the_usual_dose_of_that_unit() {
        assert_eq!(
            of(" Docetaxel ", DoseUnit::MgPerM2),
            (Dose::mg_per_m2(75.0), true)
        );
        assert_eq!(of("docetaxel", DoseUnit::Mg), (Dose::mg(200.0), false));
    }
}
