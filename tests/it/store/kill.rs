use super::*;

const CHILD: &str = "ONCOTWIN_TEST_STORE_CHILD";

/// Not a test of its own: the process that `what_was_acknowledged_survives` kills.
#[test]
fn child_that_commits() {
    let Some(dir) = std::env::var_os(CHILD) else {
        return;
    };
    let (workspace, _) = open(Path::new(&dir));
    let mut out = std::io::stdout();
    writeln!(out).unwrap();
    for n in 0u64.. {
        let (id, mut transaction) = new_patient();
        let bytes = [id.to_string().as_bytes(), &vec![n as u8; 5000]].concat();
        let artifact = workspace.artifacts().put(&bytes).unwrap();
        transaction.audit.as_mut().unwrap().artifacts = vec![artifact];
        let seq = workspace.commit_now(transaction).unwrap().unwrap();
        writeln!(out, "acknowledged {seq} {id}").unwrap();
        out.flush().unwrap();
    }
}

#[test]
fn what_was_acknowledged_survives() {
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged = Vec::new();
    // One workspace through all rounds: each child recovers from the death of the last.
    for round in 0..12u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "store::kill::child_that_commits", "--nocapture"])
            .env(CHILD, dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut record = |line: String| {
            let mut words = line.split(' ');
            if words.next() == Some("acknowledged") {
                let seq: i64 = words.next().unwrap().parse().unwrap();
                acknowledged.push((seq, words.next().unwrap().to_owned()));
                return true;
            }
            false
        };
        while !record(lines.next().unwrap().unwrap()) {}
        // Moments spread over a few commits, at odd distances.
        std::thread::sleep(Duration::from_micros(round * round * 1371 % 40_000));
        child.kill().unwrap();
        child.wait().unwrap();
        // A line cut off by the kill was not acknowledged.
        for line in lines.map_while(Result::ok) {
            if line.split(' ').nth(2).is_some_and(|id| id.len() == 36) {
                record(line);
            }
        }
        let report = verify(dir.path()).unwrap();
        assert!(report.ok, "{:?}", report.defects);
    }
    let (_, records) = open(dir.path());
    assert!(acknowledged.len() >= 12);
    let conn = Connection::open(dir.path().join("oncotwin.sqlite")).unwrap();
    for (seq, id) in &acknowledged {
        assert!(records.patients.iter().any(|p| p.id.to_string() == *id));
        let object: String = conn
            .query_row("SELECT object_id FROM audit WHERE seq = ?1", [seq], |row| {
                row.get(0)
            })
            .unwrap();
        assert_eq!(object, *id);
    }
    assert!(verify(dir.path()).unwrap().ok);
}
