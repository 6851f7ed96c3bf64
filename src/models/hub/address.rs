//! Where requests go, and whether that is the hub itself.

use ureq::http::Uri;

/// An address of http or https, without a name or password in it.
#[derive(Clone, Debug)]
pub(super) struct Address(Uri);

impl Address {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        let authority = uri.authority()?;
        let is_known = matches!(uri.scheme_str(), Some("http" | "https"));
        let is_plain = !authority.as_str().contains('@') && !authority.host().is_empty();
        (is_known && is_plain).then_some(Self(uri))
    }

    pub(super) fn uri(&self) -> Uri {
        self.0.clone()
    }

    fn is_https(&self) -> bool {
        self.0.scheme_str() == Some("https")
    }

    fn port(&self) -> u16 {
        let usual = if self.is_https() { 443 } else { 80 };
        self.0.port_u16().unwrap_or(usual)
    }

    /// Whether both have the same scheme, host and port.
    pub(super) fn is_at(&self, other: &Self) -> bool {
        let host = |address: &Self| address.0.host().map(str::to_ascii_lowercase);
        self.is_https() == other.is_https()
            && host(self) == host(other)
            && self.port() == other.port()
    }

    /// Where a redirect leads; never from https to http.
    pub(super) fn join(&self, location: &str) -> Option<Self> {
        let scheme = self.0.scheme_str()?;
        let text = if location.starts_with("//") {
            format!("{scheme}:{location}")
        } else if location.starts_with('/') {
            format!("{scheme}://{}{location}", self.0.authority()?)
        } else {
            location.to_owned()
        };
        Self::parse(&text).filter(|next| next.is_https() || !self.is_https())
    }
}

#[cfg(test)]
mod tests {
    use super::Address;

    fn at(text: &str) -> Address {
        Address::parse(text).unwrap()
    }

    #[test]
    fn an_address_is_the_hubs_by_scheme_host_and_port() {
        let hub = at("https://huggingface.co");
        for same in ["https://HuggingFace.co:443/x", "https://huggingface.co/a?b"] {
            assert!(at(same).is_at(&hub), "{same}");
        }
        for other in [
            "http://huggingface.co/x",
            "https://huggingface.co:444",
            "https://cdn.huggingface.co",
            "https://huggingface.co.evil.example",
        ] {
            assert!(!at(other).is_at(&hub), "{other}");
        }
    }

    #[test]
    fn redirects_lead_on_and_not_out_of_https() {
        let from = at("https://huggingface.co/a/b");
        let to = |text| from.join(text).map(|a| a.uri().to_string());
        assert_eq!(to("/c?d=1").unwrap(), "https://huggingface.co/c?d=1");
        assert_eq!(to("//cdn.example/x").unwrap(), "https://cdn.example/x");
        assert!(to("http://cdn.example/x").is_none());
        assert!(to("ftp://cdn.example/x").is_none());
        assert!(to("https://user:word@cdn.example/x").is_none());
        let plain = at("http://127.0.0.1:80/");
        assert!(plain.join("https://cdn.example/x").is_some());
    }
}
