//! Where a server is found.

use std::fmt;
use std::str::FromStr;

use kinitro_core::protocol::wire::Protocol;
use url::{Host, Url};

use super::Error;

/// A server's address: `http(s)://HOST[:PORT][/BASE][#PIN]`.
///
/// `BASE` stands before the paths of all requests. `PIN`, one of `v3`, `p2` and `p1`, is the protocol to speak, whatever the server says.
/// Names and passwords, queries, blanks, backslashes and characters outside of ASCII are refused: nothing secret can be in an endpoint,
/// and no two readers can understand different hosts. Hosts are understood as browsers do it, so that `0x7f.1` *is* 127.0.0.1.
///
/// ```
/// # use kinitro_cli::policy_server::Endpoint;
/// let endpoint: Endpoint = "http://localhost:8001/policy/#p2".parse()?;
/// assert_eq!(endpoint.to_string(), "http://localhost:8001/policy#p2");
/// assert!("http://me:secret@localhost:8001".parse::<Endpoint>().is_err());
/// # Ok::<(), kinitro_cli::policy_server::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    url: Url,
    pin: Option<Protocol>,
}

impl Endpoint {
    /// Longest endpoint, in bytes.
    pub const MAX_LEN: usize = 512;

    /// The protocol that its fragment demands.
    pub const fn pin(&self) -> Option<Protocol> {
        self.pin
    }

    /// Whether another endpoint is at the same address, whatever protocol either demands.
    pub fn is_same_server(&self, other: &Self) -> bool {
        self.url == other.url
    }

    /// Whether requests are encrypted.
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// The host: a name, or an address in whatever notation it was given.
    pub(super) fn host(&self) -> Host<&str> {
        self.url.host().expect(HAS_HOST)
    }

    /// The port, the scheme's own if none is given.
    pub(super) fn port(&self) -> u16 {
        self.url.port_or_known_default().expect(HAS_HOST)
    }

    /// Host and port as the `Host` header says them.
    pub(super) fn authority(&self) -> &str {
        self.url.authority()
    }

    /// What stands before the paths of all requests; without a slash at its end.
    pub(super) fn base(&self) -> &str {
        self.url.path().trim_end_matches('/')
    }
}

const HAS_HOST: &str = "checked when parsed, and both schemes have a port";

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, authority, base) = (self.url.scheme(), self.authority(), self.base());
        write!(f, "{scheme}://{authority}{base}")?;
        self.pin.map_or(Ok(()), |pin| write!(f, "#{pin}"))
    }
}

impl FromStr for Endpoint {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let refuse = |reason| Error::Endpoint { reason };
        if text.len() > Self::MAX_LEN {
            return Err(refuse("longer than 512 bytes"));
        }
        if !text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\') {
            return Err(refuse("it may hold visible ASCII characters except `\\`"));
        }
        let (address, pin) = match text.split_once('#') {
            Some((address, name)) => {
                let pin = name
                    .parse()
                    .map_err(|_| refuse("after `#` comes `v3`, `p2` or `p1`"))?;
                (address, Some(pin))
            }
            None => (text, None),
        };
        let rest = address
            .strip_prefix("http://")
            .or_else(|| address.strip_prefix("https://"))
            .ok_or_else(|| refuse("it begins with `http://` or `https://`"))?;
        if rest.contains('?') {
            return Err(refuse("a query is not possible"));
        }
        let authority = rest.split('/').next().unwrap_or_default();
        if authority.is_empty() {
            return Err(refuse("it has no host"));
        }
        if authority.contains('@') {
            return Err(refuse("a name or password is not possible"));
        }
        let mut url = Url::parse(address).map_err(|_| refuse("its host or port is not valid"))?;
        if url.port() == Some(0) {
            return Err(refuse("port 0 cannot be connected to"));
        }
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&base);
        Ok(Self { url, pin })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_server_has_one_address() {
        let at = |text: &str| text.parse::<Endpoint>().unwrap();
        let server = at("http://localhost:8001/base");
        for same in [
            "http://LOCALHOST:8001/base/",
            "http://localhost:8001/base#p1",
        ] {
            assert!(server.is_same_server(&at(same)), "{same}");
        }
        for other in ["http://localhost:8001", "http://localhost/base"] {
            assert!(!server.is_same_server(&at(other)), "{other}");
        }
    }

    fn check(text: &str, canonical: &str) {
        let endpoint: Endpoint = text.parse().unwrap();
        assert_eq!(endpoint.to_string(), canonical);
        assert_eq!(canonical.parse::<Endpoint>().unwrap(), endpoint);
    }

    #[test]
    fn endpoints_have_one_form() {
        check("http://miner.example", "http://miner.example");
        check("https://MINER.example:443/", "https://miner.example");
        check(
            "http://miner.example:8001/a/b/",
            "http://miner.example:8001/a/b",
        );
        check(
            "http://miner.example/a/../b#v3",
            "http://miner.example/b#v3",
        );
        check("http://[::1]:8001#p1", "http://[::1]:8001#p1");
    }

    #[test]
    fn every_notation_of_an_address_is_that_address() {
        for text in [
            "http://127.0.0.1",
            "http://2130706433",
            "http://0177.0.0.1",
            "http://0x7f.1",
            "http://0x7f000001/",
            "http://%31%32%37.0.0.1",
        ] {
            let endpoint: Endpoint = text.parse().unwrap();
            assert_eq!(
                endpoint.host(),
                Host::<&str>::Ipv4([127, 0, 0, 1].into()),
                "{text}"
            );
        }
        let mapped: Endpoint = "http://[::ffff:127.0.0.1]".parse().unwrap();
        assert_eq!(mapped.host().to_string(), "[::ffff:7f00:1]");
    }

    #[test]
    fn what_is_wrong_is_said_without_repeating_it() {
        for (text, reason) in [
            ("miner.example", "http://"),
            ("ftp://miner.example", "http://"),
            ("http:miner.example", "http://"),
            ("http://", "no host"),
            ("http:///a", "no host"),
            ("http://me:secret@miner.example", "password"),
            ("http://@miner.example", "password"),
            ("http://miner.example/a?token=secret", "query"),
            ("http://miner.example#v4", "`v3`, `p2` or `p1`"),
            ("http://miner.example#", "`v3`, `p2` or `p1`"),
            ("http://miner.example:0", "port 0"),
            ("http://miner.example:65536", "host or port"),
            ("http://1.2.3.256", "host or port"),
            ("http://[::1", "host or port"),
            ("http://mi ner.example", "visible ASCII"),
            ("http://miner.example\t", "visible ASCII"),
            ("http://miner.example\\@other", "visible ASCII"),
            ("http://mïner.example", "visible ASCII"),
        ] {
            let message = text.parse::<Endpoint>().unwrap_err().to_string();
            assert!(message.contains(reason), "{text}: {message}");
            assert!(!message.contains("secret"), "{message}");
        }
        let long = format!("http://miner.example/{}", "a".repeat(Endpoint::MAX_LEN));
        assert!(long.parse::<Endpoint>().is_err());
    }

    proptest! {
        #[test]
        fn whatever_is_accepted_can_be_asked_and_read_again(rest in "[!-~]{0,40}", base in "[!-~]{0,40}") {
            for text in [format!("http://{rest}"), format!("https://host/{base}")] {
                let Ok(endpoint) = text.parse::<Endpoint>() else {
                    continue;
                };
                let again: Endpoint = endpoint.to_string().parse().unwrap();
                prop_assert_eq!(&again, &endpoint);
                let path = format!("{}/act", endpoint.base());
                let uri: hyper::Uri = path.parse().unwrap();
                prop_assert_eq!(uri.path(), path.as_str());
                prop_assert!(hyper::header::HeaderValue::from_str(endpoint.authority()).is_ok());
            }
        }
    }
}
