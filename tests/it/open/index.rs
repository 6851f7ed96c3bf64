//! Finding: folders, archives, directories, and files that are none of ours.
