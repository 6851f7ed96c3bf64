-- A workspace as the first schema left it (two glioblastoma MR volumes of sample_data, one lesion).
BEGIN TRANSACTION;
CREATE TABLE annotations (
    ord INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    patient TEXT NOT NULL,
    lesion TEXT NOT NULL,
    series TEXT NOT NULL,
    prompt_kind TEXT NOT NULL,
    p0_x REAL, p0_y REAL, p0_z REAL,
    p1_x REAL, p1_y REAL, p1_z REAL,
    created TEXT NOT NULL,
    FOREIGN KEY (lesion, patient) REFERENCES lesions (id, patient) ON DELETE CASCADE,
    FOREIGN KEY (series, patient) REFERENCES series (id, patient) ON DELETE CASCADE
) STRICT;
INSERT INTO "annotations" VALUES(1,'01a1fcdb-d62b-73fc-8dc1-c2796ee07720','01a1fcdb-d555-7220-8d97-b52dd3316112','01a1fcdb-d62b-7e76-97ff-1e74704d4aba','01a1fcdb-d555-791b-a7af-197994398927','diameter',136.5,42.5,14.0,144.5,130.5,14.0,'2026-11-21T06:47:08.075452356Z');
INSERT INTO "annotations" VALUES(2,'01a1fcdb-d775-752f-b323-88a3900e77e2','01a1fcdb-d555-7220-8d97-b52dd3316112','01a1fcdb-d62b-7e76-97ff-1e74704d4aba','01a1fcdb-d555-71fb-9ff3-28af4a7cf711','diameter',135.5,50.5,15.0,151.5,142.5,15.0,'2026-11-21T06:47:08.405432764Z');
CREATE TABLE artifacts (
    sha256 TEXT PRIMARY KEY CHECK (length(sha256) = 64),
    kind TEXT NOT NULL CHECK (kind IN ('mask', 'file')),
    bytes INTEGER NOT NULL,
    created TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "artifacts" VALUES('b7fc9ed0cb5029206e03c9b80a83fad71affaefc920fbc059a5328132e9d1c53','mask',6579,'2026-11-21T06:47:08.647487587Z');
INSERT INTO "artifacts" VALUES('f8acb2de7102b7fd6a73c6700421946b2fc770233fa92066e77c44b4988a101a','mask',5740,'2026-11-21T06:47:08.242744531Z');
CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    format INTEGER NOT NULL,
    utc_ns INTEGER NOT NULL,
    session TEXT NOT NULL,
    user TEXT NOT NULL,
    app_version TEXT NOT NULL,
    event TEXT NOT NULL,
    action TEXT NOT NULL,
    object_type TEXT NOT NULL,
    object_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    artifacts TEXT NOT NULL,
    changes_sha256 TEXT NOT NULL,
    outcome INTEGER NOT NULL,
    prev_hash TEXT NOT NULL,
    hash TEXT NOT NULL
) STRICT;
INSERT INTO "audit" VALUES(1,1,1795243627662302789,'21b7d5db-0b2f-438a-a760-f76863a1df26','','0.1.0','workspace.create','C','workspace','199cb969-d90a-493a-bde2-a0f3f84e8ced','','{}','[]','',0,'0000000000000000000000000000000000000000000000000000000000000000','3b938e9d4856b1e7d9f3b3bb4cc9de1bba49c6994bea9bbaa2dc228373d0347d');
INSERT INTO "audit" VALUES(2,1,1795243627662302789,'21b7d5db-0b2f-438a-a760-f76863a1df26','','0.1.0','session.open','E','session','21b7d5db-0b2f-438a-a760-f76863a1df26','','{}','[]','',0,'3b938e9d4856b1e7d9f3b3bb4cc9de1bba49c6994bea9bbaa2dc228373d0347d','7a159a6dfb3abbf9716004ad90bd104ef123b38d33655b3e6a22480ec1e26d46');
INSERT INTO "audit" VALUES(3,1,1795243627861185233,'21b7d5db-0b2f-438a-a760-f76863a1df26','','0.1.0','series.import','C','series','01a1fcdb-d555-71fb-9ff3-28af4a7cf711','','{"modality":"MR","patient":"01a1fcdb-d555-7220-8d97-b52dd3316112","slices":24,"time_point":"01a1fcdb-d555-7eb6-8fa0-65b0f1ce640e","warnings":["W-SPACING-UNKNOWN","W-DATE"]}','[]','4ccc39a1e98f71d41ee37a77ea1cc675dcd53d67a09bcb3aa5a3fe8a9ff9710d',0,'7a159a6dfb3abbf9716004ad90bd104ef123b38d33655b3e6a22480ec1e26d46','d5b0e7ca8b9584a701600eb7e9f15a85df0e342d8bf268ef3d8e276fce7c593c');
INSERT INTO "audit" VALUES(4,1,1795243627862374735,'21b7d5db-0b2f-438a-a760-f76863a1df26','','0.1.0','series.import','C','series','01a1fcdb-d555-791b-a7af-197994398927','','{"modality":"MR","patient":"01a1fcdb-d555-7220-8d97-b52dd3316112","slices":24,"time_point":"01a1fcdb-d555-7f11-a7a2-83168f70c5ea","warnings":["W-SPACING-UNKNOWN","W-DATE"]}','[]','cf27e487e2eeb5b5e0ccf6c43a8a59fd5ee1913f873af1b8161aff33e111c64a',0,'d5b0e7ca8b9584a701600eb7e9f15a85df0e342d8bf268ef3d8e276fce7c593c','86d40d9b01b57d968e8c7454bb6f97182238658e98be9ff7c3dbca35d84292ba');
INSERT INTO "audit" VALUES(5,1,1795243628075511161,'21b7d5db-0b2f-438a-a760-f76863a1df26','','0.1.0','annotation.draw','C','annotation','01a1fcdb-d62b-73fc-8dc1-c2796ee07720','','{"lesion":"01a1fcdb-d62b-7e76-97ff-1e74704d4aba","p0":[136.5,42.5,14],"p1":[144.5,130.5,14],"replaces":null,"series":"01a1fcdb-d555-791b-a7af-197994398927"}','[]','c96d7274bcae1182527161483d9fade0875da284fccabe2e88f98dd412455531',0,'86d40d9b01b57d968e8c7454bb6f97182238658e98be9ff7c3dbca35d84292ba','188972697737cc797d8eb0584d9cc5df2f3613b20fd3834fc931df7ae5b8d73d');
INSERT INTO "audit" VALUES(6,1,1795243628242744531,'21b7d5db-0b2f-438a-a760-f76863a1df26','','0.1.0','mask.make','C','annotation','01a1fcdb-d62b-73fc-8dc1-c2796ee07720','','{"confidence":0.10515260041865702,"engine":"growcut/1","long_axis":97.86725703727473,"mask":"9c3ba324eac02088f807a04984d96529714fe36dc74fb9ec0d0c6114809d793b","short_axis":68.15353982445421,"volume":65465,"voxels":65465,"warnings":["W-BORDER","W-DOUBTFUL"]}','["f8acb2de7102b7fd6a73c6700421946b2fc770233fa92066e77c44b4988a101a"]','6cf5b2b8cf1a084d19788888751de0968fe06d2563d47cda77104df05e2cb2d1',0,'188972697737cc797d8eb0584d9cc5df2f3613b20fd3834fc931df7ae5b8d73d','e1fc3e61b2f2b37600edacda2ec3cb88474eb2338d62dab97a925cfce5998b29');
INSERT INTO "audit" VALUES(7,1,1795243628405476256,'21b7d5db-0b2f-438a-a760-f76863a1df26','','0.1.0','annotation.draw','C','annotation','01a1fcdb-d775-752f-b323-88a3900e77e2','','{"lesion":"01a1fcdb-d62b-7e76-97ff-1e74704d4aba","p0":[135.5,50.5,15],"p1":[151.5,142.5,15],"replaces":null,"series":"01a1fcdb-d555-71fb-9ff3-28af4a7cf711"}','[]','e3743113bce2c148785c5ac3f58d0d2352c7f3e47415b1580bc25e882a56dd66',0,'e1fc3e61b2f2b37600edacda2ec3cb88474eb2338d62dab97a925cfce5998b29','8887c0d5d25a1d56071f60cfc7e68d86c021efbfc0e8e854c70e51d8a41cf472');
INSERT INTO "audit" VALUES(8,1,1795243628647487587,'21b7d5db-0b2f-438a-a760-f76863a1df26','','0.1.0','mask.make','C','annotation','01a1fcdb-d775-752f-b323-88a3900e77e2','','{"confidence":0.16858137406381005,"engine":"growcut/1","long_axis":107.0420478129973,"mask":"1444736fb03cb099d0993cdc8e8032b5cfac9582ed083dab4f0750fd0e663557","short_axis":72.74711348575755,"volume":82653,"voxels":82653,"warnings":["W-BORDER","W-DOUBTFUL"]}','["b7fc9ed0cb5029206e03c9b80a83fad71affaefc920fbc059a5328132e9d1c53"]','fdb6b41e1244ec0309cda63b2e02894a13fa68e226c530cdb1b6870c4c2a346f',0,'8887c0d5d25a1d56071f60cfc7e68d86c021efbfc0e8e854c70e51d8a41cf472','8e8890f62c6ce73ea5c766fb1751f5fda1fbef5e761ebe2879f9a823e92ab505');
INSERT INTO "audit" VALUES(9,1,1795243628793247458,'21b7d5db-0b2f-438a-a760-f76863a1df26','','0.1.0','report.export','E','patient','01a1fcdb-d555-7220-8d97-b52dd3316112','','{"audit_head":"","files":["cd353d1d5de53981475762962ba2cfd37aaf5022c2faee6accfd4e125b360322","a6b0cdb00bfef6551ab5170504c68c72130a98d76bdbd44eaa6e908e0f71496d","dbe4da43496c3f58ba7cbe78ba340c2c3d646ea034233ea95b1e077b515c0307","c08b1903979c5178985ce64a017b5a0861e590c7c25c3d503c4be701b9074a9f","4a9832d7eaf4d64613d0478f1750e6070eb3c16f7c7a6ccdabaa7a2f288041e0","35942e1e276b27134489047d1c0d92a6631acbf9e3cac53e87aa97ee8cbc8dba","f5903cbf697d9a74cb0a78046c63c53511e6d051555b9798d70b2b6a74d452f4","af705e75b0bcdc828e762b368c85e03814d939f0133721f9d094e4261a804c3f","890bbfd50b80bdba976bee3c11d4de0ec9c1c18c40ac7f8340e1256d577ffed4"]}','[]','',0,'8e8890f62c6ce73ea5c766fb1751f5fda1fbef5e761ebe2879f9a823e92ab505','18171f775bde0556129a50d138d855b7da216eacf46cbf465c4c75613b7f83f6');
INSERT INTO "audit" VALUES(10,1,1795243629206135140,'63031956-f703-4baf-9a36-923cfa23df7a','','0.1.0','session.open','E','session','63031956-f703-4baf-9a36-923cfa23df7a','','{}','[]','',0,'18171f775bde0556129a50d138d855b7da216eacf46cbf465c4c75613b7f83f6','c2eeca413ec87366219097c12c5adf32b5da68ff91d0265bf10f13417714f1d5');
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY REFERENCES audit (seq),
    content TEXT
) STRICT;
INSERT INTO "journal" VALUES(3,'[{"PutPatient":[{"created":"2026-11-21T06:47:07.86106561Z","id":"01a1fcdb-d555-7220-8d97-b52dd3316112"},{"birth_date":null,"code":"","name":"","patient":"01a1fcdb-d555-7220-8d97-b52dd3316112","sex":""}]},{"PutTimePoint":{"by_user":false,"date":"1997-01-17","id":"01a1fcdb-d555-7eb6-8fa0-65b0f1ce640e","order":0,"patient":"01a1fcdb-d555-7220-8d97-b52dd3316112"}},{"PutSeries":{"calibrated":false,"fingerprint":"36240d05b131bcab7c56326b4fe1eb25ee7063e79b863d932e0a52362d1db611","frame_of_reference":"","id":"01a1fcdb-d555-71fb-9ff3-28af4a7cf711","modality":"MR","patient":"01a1fcdb-d555-7220-8d97-b52dd3316112","shape":[256,256,24],"spacing_mm":[1,1,1],"study_date":"1997-01-17","time_point":"01a1fcdb-d555-7eb6-8fa0-65b0f1ce640e","unit":"a.u.","warnings":[{"code":"W-SPACING-UNKNOWN","message":"the sidecar says that the spacing is unknown: sizes are given in pixels and voxels only"},{"code":"W-DATE","message":"the date was supplied beside the image"}]}},{"PutSource":{"description":"","files":[],"item":1,"root":"","series":"01a1fcdb-d555-71fb-9ff3-28af4a7cf711","series_uid":""}}]');
INSERT INTO "journal" VALUES(4,'[{"PutTimePoint":{"by_user":false,"date":"1996-08-13","id":"01a1fcdb-d555-7f11-a7a2-83168f70c5ea","order":1,"patient":"01a1fcdb-d555-7220-8d97-b52dd3316112"}},{"PutSeries":{"calibrated":false,"fingerprint":"449b899fb9dfd5245606ea4fdd8d9d390693c131efbd6a515027f67759b69842","frame_of_reference":"","id":"01a1fcdb-d555-791b-a7af-197994398927","modality":"MR","patient":"01a1fcdb-d555-7220-8d97-b52dd3316112","shape":[256,256,24],"spacing_mm":[1,1,1],"study_date":"1996-08-13","time_point":"01a1fcdb-d555-7f11-a7a2-83168f70c5ea","unit":"a.u.","warnings":[{"code":"W-SPACING-UNKNOWN","message":"the sidecar says that the spacing is unknown: sizes are given in pixels and voxels only"},{"code":"W-DATE","message":"the date was supplied beside the image"}]}},{"PutSource":{"description":"","files":[],"item":3,"root":"","series":"01a1fcdb-d555-791b-a7af-197994398927","series_uid":""}}]');
INSERT INTO "journal" VALUES(5,'[{"PutLesion":{"id":"01a1fcdb-d62b-7e76-97ff-1e74704d4aba","label":"L1","nodal":false,"organ":"","patient":"01a1fcdb-d555-7220-8d97-b52dd3316112","role":"target"}},{"PutAnnotation":{"created":"2026-11-21T06:47:08.075452356Z","id":"01a1fcdb-d62b-73fc-8dc1-c2796ee07720","lesion":"01a1fcdb-d62b-7e76-97ff-1e74704d4aba","prompt":{"kind":"diameter","p0":[136.5,42.5,14],"p1":[144.5,130.5,14]},"series":"01a1fcdb-d555-791b-a7af-197994398927"}}]');
INSERT INTO "journal" VALUES(6,'[{"PutSegmented":{"annotation":"01a1fcdb-d62b-73fc-8dc1-c2796ee07720","artifact_sha256":"f8acb2de7102b7fd6a73c6700421946b2fc770233fa92066e77c44b4988a101a","confidence":0.10515260041865702,"engine":"growcut/1","mask_sha256":"9c3ba324eac02088f807a04984d96529714fe36dc74fb9ec0d0c6114809d793b","measured":{"axis_slice":11,"long_axis":{"ends":[[132.5,34.5,11],[145.5,131.5,11]],"length":{"unit":"px","value":97.86725703727473}},"short_axis":{"ends":[[178.774796408436,68.47348089371476,11],[111.225203591564,77.52651910628524,11]],"length":{"unit":"px","value":68.15353982445421}},"values":{"max":3188,"mean":952.6413808905453,"min":0,"n":65465,"n_void":0,"sd":436.82696451233085},"volume":{"unit":"voxels","value":65465},"voxels":65465},"warnings":[{"code":"W-BORDER","message":"The mask reaches the border of the image: the lesion may go on outside"},{"code":"W-DOUBTFUL","message":"The boundary stands out by only 0.9 standard deviations"}]}}]');
INSERT INTO "journal" VALUES(7,'[{"PutAnnotation":{"created":"2026-11-21T06:47:08.405432764Z","id":"01a1fcdb-d775-752f-b323-88a3900e77e2","lesion":"01a1fcdb-d62b-7e76-97ff-1e74704d4aba","prompt":{"kind":"diameter","p0":[135.5,50.5,15],"p1":[151.5,142.5,15]},"series":"01a1fcdb-d555-71fb-9ff3-28af4a7cf711"}}]');
INSERT INTO "journal" VALUES(8,'[{"PutSegmented":{"annotation":"01a1fcdb-d775-752f-b323-88a3900e77e2","artifact_sha256":"b7fc9ed0cb5029206e03c9b80a83fad71affaefc920fbc059a5328132e9d1c53","confidence":0.16858137406381005,"engine":"growcut/1","mask_sha256":"1444736fb03cb099d0993cdc8e8032b5cfac9582ed083dab4f0750fd0e663557","measured":{"axis_slice":11,"long_axis":{"ends":[[146.5,39.5,11],[143.5,146.5,11]],"length":{"unit":"px","value":107.0420478129973}},"short_axis":{"ends":[[193.35926863326932,91.51941874672718,11],[120.64073136673066,89.48058125327282,11]],"length":{"unit":"px","value":72.74711348575755}},"values":{"max":8915,"mean":1945.582374505493,"min":15,"n":82653,"n_void":0,"sd":876.2704770077895},"volume":{"unit":"voxels","value":82653},"voxels":82653},"warnings":[{"code":"W-BORDER","message":"The mask reaches the border of the image: the lesion may go on outside"},{"code":"W-DOUBTFUL","message":"The boundary stands out by only 1.2 standard deviations"}]}}]');
CREATE TABLE lesions (
    ord INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    patient TEXT NOT NULL REFERENCES patients (id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    organ TEXT NOT NULL,
    role TEXT NOT NULL,
    nodal INTEGER NOT NULL CHECK (nodal IN (0, 1)),
    UNIQUE (patient, label),
    UNIQUE (id, patient)
) STRICT;
INSERT INTO "lesions" VALUES(1,'01a1fcdb-d62b-7e76-97ff-1e74704d4aba','01a1fcdb-d555-7220-8d97-b52dd3316112','L1','','target',0);
CREATE TABLE patient_identity (
    ord INTEGER PRIMARY KEY,
    patient TEXT NOT NULL UNIQUE REFERENCES patients (id) ON DELETE CASCADE,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    birth_date TEXT,
    sex TEXT NOT NULL
) STRICT;
INSERT INTO "patient_identity" VALUES(1,'01a1fcdb-d555-7220-8d97-b52dd3316112','BTP-01','Brain-Tumor-Progression 01',NULL,'');
CREATE TABLE patients (
    ord INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    created TEXT NOT NULL
) STRICT;
INSERT INTO "patients" VALUES(1,'01a1fcdb-d555-7220-8d97-b52dd3316112','2026-11-21T06:47:07.86106561Z');
CREATE TABLE scenarios (
    ord INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    patient TEXT NOT NULL REFERENCES patients (id) ON DELETE CASCADE,
    change TEXT NOT NULL CHECK (json_valid(change))
) STRICT;
CREATE TABLE segmented (
    ord INTEGER PRIMARY KEY,
    annotation TEXT NOT NULL UNIQUE REFERENCES annotations (id) ON DELETE CASCADE,
    engine TEXT NOT NULL,
    mask_sha256 TEXT NOT NULL,
    artifact_sha256 TEXT NOT NULL REFERENCES artifacts (sha256),
    voxels INTEGER NOT NULL,
    volume REAL NOT NULL,
    volume_unit TEXT NOT NULL CHECK (volume_unit IN ('mm3', 'voxels')),
    long_axis REAL NOT NULL,
    long_axis_unit TEXT NOT NULL CHECK (long_axis_unit IN ('mm', 'px')),
    long_p0_x REAL NOT NULL, long_p0_y REAL NOT NULL, long_p0_z REAL NOT NULL,
    long_p1_x REAL NOT NULL, long_p1_y REAL NOT NULL, long_p1_z REAL NOT NULL,
    short_axis REAL NOT NULL,
    short_axis_unit TEXT NOT NULL CHECK (short_axis_unit IN ('mm', 'px')),
    short_p0_x REAL NOT NULL, short_p0_y REAL NOT NULL, short_p0_z REAL NOT NULL,
    short_p1_x REAL NOT NULL, short_p1_y REAL NOT NULL, short_p1_z REAL NOT NULL,
    axis_slice INTEGER NOT NULL,
    value_min REAL, value_max REAL, value_mean REAL, value_sd REAL,
    value_n INTEGER, value_n_void INTEGER,
    confidence REAL NOT NULL,
    warnings TEXT NOT NULL CHECK (json_valid(warnings))
) STRICT;
INSERT INTO "segmented" VALUES(1,'01a1fcdb-d62b-73fc-8dc1-c2796ee07720','growcut/1','9c3ba324eac02088f807a04984d96529714fe36dc74fb9ec0d0c6114809d793b','f8acb2de7102b7fd6a73c6700421946b2fc770233fa92066e77c44b4988a101a',65465,65465.0,'voxels',9.78672570372747259188e+01,'px',132.5,34.5,11.0,145.5,131.5,11.0,6.81535398244542136572e+01,'px',178.774796408436,6.84734808937147647594e+01,11.0,111.225203591564,7.75265191062852352396e+01,11.0,11,0.0,3188.0,9.52641380890545292486e+02,4.36826964512330846463e+02,65465,0,1.05152600418657024561e-01,'[{"code":"W-BORDER","message":"The mask reaches the border of the image: the lesion may go on outside"},{"code":"W-DOUBTFUL","message":"The boundary stands out by only 0.9 standard deviations"}]');
INSERT INTO "segmented" VALUES(2,'01a1fcdb-d775-752f-b323-88a3900e77e2','growcut/1','1444736fb03cb099d0993cdc8e8032b5cfac9582ed083dab4f0750fd0e663557','b7fc9ed0cb5029206e03c9b80a83fad71affaefc920fbc059a5328132e9d1c53',82653,82653.0,'voxels',1.07042047812997296316e+02,'px',146.5,39.5,11.0,143.5,146.5,11.0,7.27471134857575520973e+01,'px',1.93359268633269323345e+02,9.15194187467271831355e+01,11.0,1.20640731366730662448e+02,8.94805812532728168679e+01,11.0,11,15.0,8915.0,1.94558237450549290767e+03,8.76270477007789509119e+02,82653,0,1.68581374063810046637e-01,'[{"code":"W-BORDER","message":"The mask reaches the border of the image: the lesion may go on outside"},{"code":"W-DOUBTFUL","message":"The boundary stands out by only 1.2 standard deviations"}]');
CREATE TABLE segmented_warning_files (
    annotation TEXT PRIMARY KEY REFERENCES segmented (annotation) ON DELETE CASCADE,
    files TEXT NOT NULL CHECK (json_valid(files))
) STRICT, WITHOUT ROWID;
CREATE TABLE series (
    ord INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    patient TEXT NOT NULL REFERENCES patients (id) ON DELETE CASCADE,
    time_point TEXT NOT NULL,
    modality TEXT NOT NULL,
    intensity_unit TEXT NOT NULL,
    study_date TEXT,
    frame_of_reference TEXT NOT NULL,
    shape_i INTEGER NOT NULL,
    shape_j INTEGER NOT NULL,
    shape_k INTEGER NOT NULL,
    spacing_i_mm REAL NOT NULL,
    spacing_j_mm REAL NOT NULL,
    spacing_k_mm REAL NOT NULL,
    calibrated INTEGER NOT NULL CHECK (calibrated IN (0, 1)),
    fingerprint TEXT NOT NULL,
    warnings TEXT NOT NULL CHECK (json_valid(warnings)),
    UNIQUE (id, patient),
    FOREIGN KEY (time_point, patient) REFERENCES time_points (id, patient)
) STRICT;
INSERT INTO "series" VALUES(1,'01a1fcdb-d555-71fb-9ff3-28af4a7cf711','01a1fcdb-d555-7220-8d97-b52dd3316112','01a1fcdb-d555-7eb6-8fa0-65b0f1ce640e','MR','a.u.','1997-01-17','',256,256,24,1.0,1.0,1.0,0,'36240d05b131bcab7c56326b4fe1eb25ee7063e79b863d932e0a52362d1db611','[{"code":"W-SPACING-UNKNOWN","message":"the sidecar says that the spacing is unknown: sizes are given in pixels and voxels only"},{"code":"W-DATE","message":"the date was supplied beside the image"}]');
INSERT INTO "series" VALUES(2,'01a1fcdb-d555-791b-a7af-197994398927','01a1fcdb-d555-7220-8d97-b52dd3316112','01a1fcdb-d555-7f11-a7a2-83168f70c5ea','MR','a.u.','1996-08-13','',256,256,24,1.0,1.0,1.0,0,'449b899fb9dfd5245606ea4fdd8d9d390693c131efbd6a515027f67759b69842','[{"code":"W-SPACING-UNKNOWN","message":"the sidecar says that the spacing is unknown: sizes are given in pixels and voxels only"},{"code":"W-DATE","message":"the date was supplied beside the image"}]');
CREATE TABLE series_files (
    series TEXT NOT NULL REFERENCES series_source (series) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    path ANY NOT NULL,
    PRIMARY KEY (series, position)
) STRICT, WITHOUT ROWID;
INSERT INTO "series_files" VALUES('01a1fcdb-d555-71fb-9ff3-28af4a7cf711',0,'sample_data/brain_progression_01/Post_Scan_T1.nii.gz');
INSERT INTO "series_files" VALUES('01a1fcdb-d555-791b-a7af-197994398927',0,'sample_data/brain_progression_01/Pre_Scan_T1.nii.gz');
CREATE TABLE series_source (
    ord INTEGER PRIMARY KEY,
    series TEXT NOT NULL UNIQUE REFERENCES series (id) ON DELETE CASCADE,
    root ANY NOT NULL,
    item INTEGER NOT NULL,
    series_uid TEXT NOT NULL,
    description TEXT NOT NULL
) STRICT;
INSERT INTO "series_source" VALUES(1,'01a1fcdb-d555-71fb-9ff3-28af4a7cf711','sample_data/brain_progression_01',1,'','T1 with contrast');
INSERT INTO "series_source" VALUES(2,'01a1fcdb-d555-791b-a7af-197994398927','sample_data/brain_progression_01',3,'','T1 with contrast');
CREATE TABLE series_view (
    ord INTEGER PRIMARY KEY,
    series TEXT NOT NULL UNIQUE REFERENCES series (id) ON DELETE CASCADE,
    slice INTEGER NOT NULL,
    window_center REAL,
    window_width REAL,
    zoom REAL NOT NULL,
    pan_x REAL NOT NULL,
    pan_y REAL NOT NULL
) STRICT;
CREATE TABLE series_warning_files (
    series TEXT PRIMARY KEY REFERENCES series (id) ON DELETE CASCADE,
    files TEXT NOT NULL CHECK (json_valid(files))
) STRICT, WITHOUT ROWID;
CREATE TABLE settings (
    ord INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    value TEXT NOT NULL CHECK (json_valid(value))
) STRICT;
INSERT INTO "settings" VALUES(1,'shown_patient','"01a1fcdb-d555-7220-8d97-b52dd3316112"');
INSERT INTO "settings" VALUES(2,'shown_series/01a1fcdb-d555-7f11-a7a2-83168f70c5ea','"01a1fcdb-d555-791b-a7af-197994398927"');
INSERT INTO "settings" VALUES(3,'shown_series/01a1fcdb-d555-7eb6-8fa0-65b0f1ce640e','"01a1fcdb-d555-71fb-9ff3-28af4a7cf711"');
CREATE TABLE time_points (
    ord INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    patient TEXT NOT NULL REFERENCES patients (id) ON DELETE CASCADE,
    date TEXT,
    position INTEGER NOT NULL,
    by_user INTEGER NOT NULL CHECK (by_user IN (0, 1)),
    UNIQUE (id, patient)
) STRICT;
INSERT INTO "time_points" VALUES(1,'01a1fcdb-d555-7eb6-8fa0-65b0f1ce640e','01a1fcdb-d555-7220-8d97-b52dd3316112','1997-01-17',0,0);
INSERT INTO "time_points" VALUES(2,'01a1fcdb-d555-7f11-a7a2-83168f70c5ea','01a1fcdb-d555-7220-8d97-b52dd3316112','1996-08-13',1,0);
CREATE TABLE treatment_text (
    treatment TEXT PRIMARY KEY REFERENCES treatments (id) ON DELETE CASCADE,
    name TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE treatments (
    ord INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    patient TEXT NOT NULL REFERENCES patients (id) ON DELETE CASCADE,
    date TEXT NOT NULL,
    kind TEXT NOT NULL,
    dose REAL,
    unit TEXT NOT NULL,
    duration_days REAL NOT NULL
) STRICT;
CREATE TABLE workspace (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    id TEXT NOT NULL,
    created TEXT NOT NULL
) STRICT;
INSERT INTO "workspace" VALUES(1,'199cb969-d90a-493a-bde2-a0f3f84e8ced','2026-11-21T06:47:07.662302789Z');
CREATE INDEX time_points_patient ON time_points (patient);
CREATE INDEX series_patient ON series (patient);
CREATE INDEX series_time_point ON series (time_point, patient);
CREATE INDEX annotations_lesion ON annotations (lesion, patient);
CREATE INDEX annotations_series ON annotations (series, patient);
CREATE INDEX segmented_artifact ON segmented (artifact_sha256);
CREATE INDEX treatments_patient ON treatments (patient);
CREATE INDEX scenarios_patient ON scenarios (patient);
CREATE INDEX audit_object ON audit (object_type, object_id);
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_in_order BEFORE INSERT ON audit
WHEN NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM audit)
BEGIN SELECT RAISE(ABORT, 'the audit trail grows by one at its end'); END;
CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal
WHEN NEW.seq IS NOT OLD.seq OR NEW.content IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'the journal can be erased, not edited'); END;
CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER journal_in_order BEFORE INSERT ON journal
WHEN NEW.seq IS NOT (SELECT max(seq) FROM audit)
BEGIN SELECT RAISE(ABORT, 'the journal grows with the audit trail'); END;
COMMIT;
