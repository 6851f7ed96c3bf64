//! What the header of one file says before it is put together with others.

use jiff::civil::Date;

use super::{Instance, directory};
use crate::open::PatientInfo;
use crate::volume::Modality;

impl Instance {
    /// Whether it is a DICOMDIR.
    pub(in crate::open) fn is_directory(&self) -> bool {
        self.sop_class == directory::SOP_CLASS
    }

    /// Whose it is.
    pub(in crate::open) fn patient(&self) -> &PatientInfo {
        &self.patient
    }

    /// Study and series it belongs to.
    pub(in crate::open) fn uids(&self) -> (&str, &str) {
        (&self.study_uid, &self.series_uid)
    }

    /// Date of the study, modality and description of the series.
    pub(in crate::open) fn described(&self) -> (Option<Date>, Modality, &str) {
        let modality = Modality::from_code(&self.modality);
        (self.study_date, modality, &self.series_description)
    }
}
