use super::*;

#[test]
fn are_read_back_and_damage_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let (workspace, _) = open(dir.path());
    let mask = MaskRuns {
        shape: [5, 4, 3],
        runs: vec![(0, 2), (7, 1), (50, 10)],
    };
    let bytes = encode_mask(&mask).unwrap();
    let sha256 = workspace.artifacts().put(&bytes).unwrap();
    assert_eq!(workspace.artifacts().put(&bytes).unwrap(), sha256);
    let back = workspace.artifacts().get(&sha256).unwrap();
    assert_eq!(decode_mask(&back).unwrap(), mask);

    let (folder, name) = sha256.split_at(2);
    let path = dir.path().join("artifacts").join(folder).join(name);
    std::fs::write(&path, b"something else").unwrap();
    let error = workspace.artifacts().get(&sha256).unwrap_err();
    assert!(matches!(error, Error::Corrupt { .. }), "{error}");
    workspace.artifacts().put(&bytes).unwrap();
    assert_eq!(workspace.artifacts().get(&sha256).unwrap(), bytes);

    std::fs::remove_file(&path).unwrap();
    let error = workspace.artifacts().get(&sha256).unwrap_err();
    assert!(matches!(error, Error::MissingArtifact { .. }), "{error}");
}
