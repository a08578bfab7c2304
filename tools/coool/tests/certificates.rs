//! Secure pages: certificates that hold, end soon, have ended, or are somebody else's.

mod support;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use support::{Desk, odf};

const DAY: Duration = Duration::from_hours(24);

/// Whom the machine of the test trusts.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut parameters = CertificateParams::new(Vec::new()).expect("no names");
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self { issuer: CertifiedIssuer::self_signed(parameters, key).expect("a certificate") }
    }

    /// A server on a loopback address whose certificate is for this name and ends at this time;
    /// gives its address.
    fn serve(&self, name: &str, end: SystemTime) -> String {
        let mut parameters = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let since = end.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
        parameters.not_before = rcgen::date_time_ymd(2000, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(1970, 1, 1) + since;
        let key = KeyPair::generate().expect("a key");
        let certificate = parameters.signed_by(&key, &self.issuer).expect("a certificate");
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        serve(certificate.der().clone(), key)
    }

    /// A server whose certificate is the authority's own, as `openssl req -x509` makes it.
    fn serve_itself(&self) -> String {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.issuer.key().serialize_der()));
        serve(self.issuer.der().clone(), key)
    }

    /// What coool says of an address, on a machine that trusts this authority.
    fn finding(&self, address: &str) -> String {
        let desk = Desk::with("a.fodt", odf::text(&odf::paragraph(address, "")));
        std::fs::write(desk.home().join("trusted.pem"), self.issuer.pem()).expect("a file");
        let output = desk
            .command(&["a.fodt", "--verbose"])
            .env("SSL_CERT_FILE", desk.home().join("trusted.pem"))
            .output()
            .expect("coool starts");
        let text = String::from_utf8(output.stdout).expect("text");
        let lines = text.lines().skip(3).take_while(|line| !line.contains("link:"));
        lines.map(str::trim).collect::<Vec<_>>().join("; ").replace(address, "ADDRESS")
    }
}

/// A server on a loopback address with this certificate; gives its address.
fn serve(certificate: CertificateDer<'static>, key: PrivateKeyDer<'static>) -> String {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let settings = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("TLS")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("they belong together");
    let settings = Arc::new(settings);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("its address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let connection = ServerConnection::new(Arc::clone(&settings)).expect("settings");
            let mut stream = StreamOwned::new(connection, stream);
            // One read holds the whole of such a request.
            if stream.read(&mut [0; 4096]).is_ok_and(|count| count > 0) {
                let answer = b"HTTP/1.1 200 answer\r\ncontent-length: 0\r\n\r\n";
                let _ = stream.write_all(answer).and_then(|()| stream.flush());
            }
        }
    });
    format!("https://{address}/x")
}

#[test]
fn a_certificate_must_hold_and_be_for_the_host() {
    let authority = Authority::new("known");
    let now = SystemTime::now();

    let far = authority.serve("127.0.0.1", now + 100 * DAY);
    assert_eq!(authority.finding(&far), "ok: ADDRESS");

    let soon = authority.serve("127.0.0.1", now + 5 * DAY + DAY / 2);
    assert_eq!(authority.finding(&soon), "ok: ADDRESS; note: its certificate ends in 5 days");

    let ended = authority.serve("127.0.0.1", now - DAY);
    assert_eq!(authority.finding(&ended), "broken: ADDRESS; because: its certificate has ended");

    let other = authority.serve("other.example", now + 100 * DAY);
    assert_eq!(
        authority.finding(&other),
        "broken: ADDRESS; because: its certificate is for another name"
    );

    let stranger = Authority::new("unknown").serve("127.0.0.1", now + 100 * DAY);
    assert_eq!(
        authority.finding(&stranger),
        "doubtful: ADDRESS; because: its certificate comes from somebody whom this machine does \
         not know"
    );

    let own = Authority::new("127.0.0.1").serve_itself();
    assert_eq!(
        authority.finding(&own),
        "doubtful: ADDRESS; because: its certificate was made by the server itself"
    );
}

#[test]
fn a_repository_says_who_else_vouches_and_whom_nobody_needs_to_vouch_for() {
    let authority = Authority::new("unknown");
    let address = authority.serve("127.0.0.1", SystemTime::now() + 100 * DAY);
    let desk = Desk::with("a.fodt", odf::text(&odf::paragraph(&address, "")));
    std::fs::create_dir(desk.path("below")).expect("a folder");
    let totals = |config: &str| {
        desk.put("coool.toml", config);
        let mut command = desk.command(&["../a.fodt"]);
        let output = command.current_dir(desk.path("below")).output().expect("coool starts");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().last().map(str::to_owned).unwrap_or_default()
    };
    desk.put("team.pem", authority.issuer.pem());

    assert_eq!(totals(""), "1 document, 1 link: 1 doubtful");
    assert_eq!(totals("ca-file = \"team.pem\"\n"), "1 document, 1 link: 1 ok");
    assert_eq!(totals("[host.\"127.0.0.1\"]\ninsecure = true\n"), "1 document, 1 link: 1 ok");
    assert_eq!(totals("[host.\"127.0.0.2\"]\ninsecure = true\n"), "1 document, 1 link: 1 doubtful");
    let cannot = |pem: &str| {
        desk.put("team.pem", pem).put("coool.toml", "\nca-file = \"team.pem\"\n");
        desk.coool(&["a.fodt"]).stderr
    };
    let begin = "coool: cannot use `coool.toml`\n  because: line 2\n  because: cannot use \
                 `team.pem`\n  because: ";
    for (pem, why) in [
        ("", "it holds no certificate\n"),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "it holds a certificate",
        ),
        ("-----BEGIN CERTIFICATE-----\n", "it is no PEM file\n"),
    ] {
        let said = cannot(pem);
        assert!(said.starts_with(&format!("{begin}{why}")), "{said}");
    }
}
