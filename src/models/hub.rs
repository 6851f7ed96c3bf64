//! The Hugging Face hub: what a repository holds, and its files.
//!
//! The token goes to the hub's own address and to no other: files come from other hosts, to which the
//! hub redirects with addresses that are signed.

mod address;
mod answer;
mod download;
mod token;

use std::time::Duration;

use ureq::http::header::{AUTHORIZATION, LOCATION, RANGE, RETRY_AFTER};
use ureq::http::{Response, StatusCode};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, Proxy};

use address::Address;
pub(super) use token::Token;

use super::Error;
use crate::jobs::JobContext;

/// The public hub.
const PUBLIC: &str = "https://huggingface.co";

/// Redirects that are followed.
const REDIRECTS: usize = 8;

/// A connection that says nothing for so long has broken off.
const SILENCE: Duration = Duration::from_secs(30);

/// How often in a row is tried without a byte coming.
const TRIES: u32 = 5;

/// The hub, or one that answers as it does.
pub struct Hub {
    endpoint: String,
    token: Option<Token>,
    agent: Agent,
    /// Before the second try; doubled each time.
    pause: Duration,
}

/// Why a request came to nothing.
pub(super) enum Trouble {
    /// It would come to nothing again.
    Final(Error),
    /// It may do better after a while.
    Again {
        reason: String,
        after: Option<Duration>,
    },
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

type Tried<T> = std::result::Result<T, Trouble>;

impl Hub {
    /// The hub of `HF_ENDPOINT` with the token of `HF_TOKEN` or of the file that the hub's own programs
    /// keep, through the proxy of the environment.
    #[must_use]
    pub fn of_system() -> Self {
        let endpoint = std::env::var("HF_ENDPOINT").ok().filter(|e| !e.is_empty());
        let endpoint = endpoint.unwrap_or_else(|| PUBLIC.to_owned());
        let pause = Duration::from_secs(1);
        Self::new(&endpoint, Token::of_system(), Proxy::try_from_env(), pause)
    }

    pub(super) fn new(
        endpoint: &str,
        token: Option<Token>,
        proxy: Option<Proxy>,
        pause: Duration,
    ) -> Self {
        // Certificates of the system, since those of a clinic's own proxy are known there alone.
        let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier);
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(proxy)
            .timeout_connect(Some(SILENCE))
            .timeout_recv_response(Some(SILENCE))
            .timeout_per_read(Some(SILENCE))
            .tls_config(tls.build())
            .user_agent(concat!("oncotwin/", env!("CARGO_PKG_VERSION")));
        Self {
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            token,
            agent: config.build().into(),
            pause,
        }
    }

    /// The page where a repository's licence is accepted.
    fn page(&self, repository: &str) -> String {
        format!("{}/{repository}", self.endpoint)
    }

    fn hub_error(what: &str, reason: impl Into<String>) -> Error {
        Error::Hub {
            what: what.to_owned(),
            reason: reason.into(),
        }
    }

    /// Asks for something below the endpoint and follows redirects. The answer has a status of success,
    /// or 416 where a range was asked for.
    fn get(&self, repository: &str, below: &str, from: u64) -> Tried<Response<Body>> {
        let what = repository;
        let own = Address::parse(&self.endpoint).ok_or_else(|| {
            Self::hub_error(what, "HF_ENDPOINT is no address, or holds a password")
        })?;
        let mut address = Address::parse(&format!("{}{below}", self.endpoint))
            .ok_or_else(|| Self::hub_error(what, "it has no address"))?;
        for _ in 0..REDIRECTS {
            let mut request = self.agent.get(address.uri());
            if let Some(token) = self.token.as_ref().filter(|_| address.is_at(&own)) {
                request = request.header(AUTHORIZATION, token.header());
            }
            if from > 0 {
                request = request.header(RANGE, format!("bytes={from}-"));
            }
            let response = request.call().map_err(|e| broken(what, &e))?;
            if !response.status().is_redirection() {
                return self.judged(repository, response, from > 0);
            }
            let location = response.headers().get(LOCATION);
            let next = location.and_then(|location| address.join(location.to_str().ok()?));
            address = next.ok_or_else(|| Self::hub_error(what, "it leads nowhere"))?;
        }
        Err(Self::hub_error(what, "it leads in a circle").into())
    }

    /// An answer of success, or what its status means. The hub says more exactly in a header what it
    /// lacks, and hides private repositories behind 401.
    fn judged(
        &self,
        repository: &str,
        response: Response<Body>,
        ranged: bool,
    ) -> Tried<Response<Body>> {
        let status = response.status();
        if status.is_success() || (ranged && status == StatusCode::RANGE_NOT_SATISFIABLE) {
            return Ok(response);
        }
        let header = |name| response.headers().get(name)?.to_str().ok();
        let not_found = |what: &str| Error::NotFound {
            what: format!("{what} {repository}"),
        };
        let error = match (header("x-error-code"), status.as_u16()) {
            (Some("RepoNotFound"), _) => not_found("public repository"),
            (Some("RevisionNotFound"), _) => not_found("such revision of"),
            (Some("EntryNotFound"), _) => not_found("such file in"),
            (_, 401) => Error::Token {
                repository: repository.to_owned(),
                sent: self.token.is_some(),
                page: self.page(repository),
            },
            (_, 403) => Error::Gated {
                repository: repository.to_owned(),
                page: self.page(repository),
            },
            (_, 404) => not_found("such file, revision or repository:"),
            (_, 408 | 425 | 429 | 500..) => {
                let seconds = header(RETRY_AFTER.as_str()).and_then(|s| s.parse().ok());
                return Err(Trouble::Again {
                    reason: format!("status {status}"),
                    after: seconds.map(|s: u64| Duration::from_secs(s.min(120))),
                });
            }
            _ => Self::hub_error(repository, format!("status {status}")),
        };
        Err(error.into())
    }

    /// Waits before the next try; after too many in a row gives up.
    fn wait(
        &self,
        what: &str,
        tries: u32,
        reason: String,
        after: Option<Duration>,
        job: &JobContext,
    ) -> super::Result<()> {
        if tries >= TRIES {
            return Err(Error::Network {
                what: what.to_owned(),
                reason,
            });
        }
        let pause = after.unwrap_or(self.pause * 2_u32.pow(tries.saturating_sub(1)));
        job.progress.step(&format!(
            "{what}: {reason}; trying again in {} s",
            pause.as_secs_f64().ceil()
        ));
        let step = Duration::from_millis(100);
        let mut left = pause;
        while !left.is_zero() {
            job.check()?;
            std::thread::sleep(left.min(step));
            left = left.saturating_sub(step);
        }
        Ok(job.check()?)
    }
}

/// A request without an answer. Addresses stay out of the message: they may be signed.
fn broken(what: &str, error: &ureq::Error) -> Trouble {
    match error {
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
            Hub::hub_error(what, "it leads to no address").into()
        }
        other => Trouble::Again {
            reason: other.to_string(),
            after: None,
        },
    }
}
