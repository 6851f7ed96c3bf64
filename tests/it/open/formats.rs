//! NIfTI, NRRD and MetaImage: places and values as other programs read them.
