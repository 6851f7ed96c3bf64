//! A hub and the host that its files come from, on two ports of this computer.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use parking_lot::Mutex;
use serde_json::json;
use sha1::{Digest as _, Sha1};

use super::sha256;

pub(super) const REPOSITORY: &str = "owner/Small-Model";
pub(super) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// What arrived.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) path: String,
    pub(super) authorization: Option<String>,
    pub(super) range: Option<u64>,
}

#[derive(Default)]
pub(super) struct Reply {
    status: u16,
    headers: Vec<String>,
    body: Vec<u8>,
    /// Bytes of the body after which the connection breaks off.
    cut: Option<usize>,
}

/// How the host of the files behaves; changed by tests.
#[derive(Default)]
pub(super) struct Manners {
    /// For each answer in turn, after how many bytes the connection breaks off.
    pub(super) cuts: Vec<usize>,
    /// Then all others break off after so many.
    pub(super) always: Option<usize>,
    pub(super) ignores_ranges: bool,
    /// Answers in turn of the hub in place of the right ones: status and error code.
    pub(super) refusals: Vec<(u16, &'static str)>,
    /// Content in place of the published.
    pub(super) swapped: BTreeMap<String, Vec<u8>>,
    /// The commit that the branch has now.
    pub(super) commit: Option<String>,
}

struct Server {
    port: u16,
    log: Arc<Mutex<Vec<Request>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

fn request(stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    let mut request = Request {
        path: first.split(' ').nth(1)?.to_owned(),
        authorization: None,
        range: None,
    };
    for line in lines.map_while(Result::ok).take_while(|l| !l.is_empty()) {
        let (name, value) = line.split_once(": ")?;
        match name.to_ascii_lowercase().as_str() {
            "authorization" => request.authorization = Some(value.to_owned()),
            "range" => {
                let from = value.strip_prefix("bytes=")?.trim_end_matches('-');
                request.range = from.parse().ok();
            }
            _ => {}
        }
    }
    Some(request)
}

fn answer(mut stream: TcpStream, reply: &Reply) {
    let mut head = format!("HTTP/1.1 {} Said\r\nConnection: close\r\n", reply.status);
    head.push_str(&format!("Content-Length: {}\r\n", reply.body.len()));
    for header in &reply.headers {
        head.push_str(&format!("{header}\r\n"));
    }
    let upto = reply.cut.unwrap_or(usize::MAX).min(reply.body.len());
    stream.write_all(format!("{head}\r\n").as_bytes()).ok();
    stream.write_all(&reply.body[..upto]).ok();
}

impl Server {
    fn start(reply: impl Fn(&Request) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let (log, stop) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let (own_log, own_stop) = (Arc::clone(&log), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            let log: Arc<Mutex<Vec<Request>>> = own_log;
            for stream in listener.incoming() {
                if own_stop.load(Ordering::Relaxed) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                if let Some(request) = request(&stream) {
                    log.lock().push(request.clone());
                    answer(stream, &reply(&request));
                }
            }
        });
        Self {
            port,
            log,
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        TcpStream::connect(("127.0.0.1", self.port)).ok();
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// Both servers, and what the repository holds.
pub(super) struct Stage {
    hub: Server,
    files: Server,
    pub(super) manners: Arc<Mutex<Manners>>,
    pub(super) content: BTreeMap<String, Vec<u8>>,
}

fn blob(bytes: &[u8]) -> String {
    let mut digest = Sha1::new_with_prefix(format!("blob {}\0", bytes.len()));
    digest.update(bytes);
    digest
        .finalize()
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

/// Whether the hub keeps a file elsewhere, as it does with large ones.
fn is_large(name: &str) -> bool {
    name.ends_with(".safetensors") || name.ends_with(".gguf")
}

fn api(content: &BTreeMap<String, Vec<u8>>, commit: &str) -> Reply {
    let sibling = |(name, bytes): (&String, &Vec<u8>)| {
        let mut row = json!({"rfilename": name, "size": bytes.len(), "blobId": blob(bytes)});
        if is_large(name) {
            row["lfs"] = json!({"sha256": sha256(bytes), "size": bytes.len(), "pointerSize": 134});
        }
        row
    };
    let siblings: Vec<_> = content.iter().map(sibling).collect();
    let card = json!({"license": "other", "license_name": "terms-of-test",
        "license_link": "https://example.org/terms"});
    let body = json!({"sha": commit, "siblings": siblings, "cardData": card, "gated": "manual"});
    Reply {
        status: 200,
        body: body.to_string().into_bytes(),
        ..Reply::default()
    }
}

fn serve(bytes: &[u8], request: &Request, manners: &mut Manners) -> Reply {
    let cut = match manners.cuts.is_empty() {
        true => manners.always,
        false => Some(manners.cuts.remove(0)),
    };
    match request.range.filter(|_| !manners.ignores_ranges) {
        Some(from) if from >= bytes.len() as u64 => Reply {
            status: 416,
            ..Reply::default()
        },
        Some(from) => Reply {
            status: 206,
            headers: vec![format!(
                "Content-Range: bytes {from}-{}/{}",
                bytes.len() - 1,
                bytes.len()
            )],
            body: bytes[from as usize..].to_vec(),
            cut,
        },
        None => Reply {
            status: 200,
            headers: Vec::new(),
            body: bytes.to_vec(),
            cut,
        },
    }
}

impl Stage {
    pub(super) fn with(content: BTreeMap<String, Vec<u8>>) -> Self {
        let manners: Arc<Mutex<Manners>> = Arc::default();
        let (own, own_manners) = (content.clone(), Arc::clone(&manners));
        let files = Server::start(move |request| {
            let name = request.path.split(['/', '?']).nth(2).unwrap_or_default();
            let mut manners = own_manners.lock();
            let swapped = manners.swapped.get(name).cloned();
            let bytes = swapped.or_else(|| own.get(name).cloned()).unwrap();
            serve(&bytes, request, &mut manners)
        });
        let (own, own_manners) = (content.clone(), Arc::clone(&manners));
        let port = files.port;
        let hub = Server::start(move |request| {
            let mut manners = own_manners.lock();
            if !manners.refusals.is_empty() {
                let (status, code) = manners.refusals.remove(0);
                return Reply {
                    status,
                    headers: vec![format!("X-Error-Code: {code}")],
                    ..Reply::default()
                };
            }
            if request.path.starts_with("/api/models/") {
                return api(&own, manners.commit.as_deref().unwrap_or(COMMIT));
            }
            let name = request.path.rsplit('/').next().unwrap_or_default();
            if is_large(name) {
                let to = format!("Location: http://127.0.0.1:{port}/blob/{name}?signature=s3cr3t");
                return Reply {
                    status: 302,
                    headers: vec![to],
                    ..Reply::default()
                };
            }
            let bytes = manners.swapped.get(name).or_else(|| own.get(name)).cloned();
            Reply {
                status: if bytes.is_some() { 200 } else { 404 },
                body: bytes.unwrap_or_default(),
                ..Reply::default()
            }
        });
        Self {
            hub,
            files,
            manners,
            content,
        }
    }

    /// A model of one file of weights, its settings, and things that do not belong to it.
    pub(super) fn new() -> Self {
        let files: [(&str, Vec<u8>); 6] = [
            ("config.json", b"{\"model_type\": \"gemma3\"}".to_vec()),
            ("tokenizer.json", super::noise(40_000, 1)),
            ("model.safetensors", super::noise(3_000_000, 2)),
            ("README.md", b"words".to_vec()),
            ("../escape.safetensors", b"out".to_vec()),
            ("original/other.safetensors", b"deep".to_vec()),
        ];
        Self::with(files.map(|(name, bytes)| (name.to_owned(), bytes)).into())
    }

    pub(super) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.hub.port)
    }

    /// What the hub was asked.
    pub(super) fn asked(&self) -> Vec<Request> {
        self.hub.log.lock().clone()
    }

    /// What the host of the files was asked.
    pub(super) fn files_asked(&self) -> Vec<Request> {
        self.files.log.lock().clone()
    }
}
