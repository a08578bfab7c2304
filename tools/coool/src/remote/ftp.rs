//! Looks whether a file or directory is on an FTP server.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use suppaftp::tokio::AsyncFtpStream;
use suppaftp::{FtpError, Status};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;

use crate::address::decoded;
use crate::verdict::Verdict;

use super::Answer;
use super::names::NameError;
use super::request::{Errand, Office, Step};

/// One conversation with a server, or with the proxy that the environment names.
pub(super) async fn step(errand: Errand, url: &Url, office: &Office) -> Step {
    let conversation = async {
        match proxy() {
            Some(proxy) => by_proxy(&proxy, url).await,
            None => directly(url, office).await,
        }
    };
    let limit: Duration = office.settings.timeout_for(url);
    match timeout(limit, conversation).await {
        Ok(Ok(answer)) if answer.verdict == Verdict::Unchecked => Step::Later(errand, answer),
        Ok(Ok(answer)) => Step::Done(errand, answer),
        Ok(Err(error)) => {
            let reason = format!("the server cannot be asked: {error}");
            Step::Later(errand, Answer::of(Verdict::Broken, reason))
        }
        Err(_) => {
            Step::Silent(errand, Answer::of(Verdict::Broken, "the server does not answer in time"))
        }
    }
}

async fn directly(url: &Url, office: &Office) -> io::Result<Answer> {
    let host = url.host_str().unwrap_or_default();
    let addresses = match office.names.addresses(host).await {
        Ok(addresses) => addresses,
        Err(NameError::NoSuchHost) => {
            return Ok(Answer::of(Verdict::Broken, format!("there is no host `{host}`")));
        }
        Err(error) => return Ok(Answer::of(Verdict::Unchecked, error.to_string())),
    };
    let port = url.port().unwrap_or(21);
    let sockets: Vec<SocketAddr> =
        addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect();
    let stream = TcpStream::connect(&*sockets).await?;
    match ask(stream, url).await {
        Ok(()) => Ok(Answer::of(Verdict::Ok, "")),
        Err(FtpError::ConnectionError(error)) => Err(error),
        Err(error) => Ok(judged(&error)),
    }
}

/// A file has a size; what has none may be a directory.
async fn ask(stream: TcpStream, url: &Url) -> Result<(), FtpError> {
    let mut server = AsyncFtpStream::connect_with_stream(stream).await?;
    let user = if url.username().is_empty() { "anonymous" } else { url.username() };
    let password = url.password().unwrap_or("coool@");
    server.login(decoded(user), decoded(password)).await?;
    let path = decoded(url.path().trim_start_matches('/'));
    // A line end would begin another command.
    let path = path.split(['\r', '\n']).next().unwrap_or_default().to_owned();
    let path = path.split(";type=").next().unwrap_or_default();
    if path.is_empty() {
        return Ok(());
    }
    server.transfer_type(suppaftp::types::FileType::Binary).await?;
    let found = match server.size(path).await {
        Ok(_) => Ok(()),
        Err(FtpError::ConnectionError(error)) => return Err(FtpError::ConnectionError(error)),
        Err(_) => server.cwd(path).await,
    };
    let _ = server.quit().await;
    found
}

fn judged(error: &FtpError) -> Answer {
    let FtpError::UnexpectedResponse(response) = error else {
        return Answer::of(Verdict::Broken, format!("the server gives no proper answer: {error}"));
    };
    let code = response.status.code();
    match response.status {
        Status::NotLoggedIn => {
            Answer::of(Verdict::Doubtful, "the server answers 530: it asks for a password")
        }
        Status::FileUnavailable => {
            Answer::of(Verdict::Broken, "the server answers 550: no such file or directory")
        }
        _ if (400..500).contains(&code) => {
            Answer::of(Verdict::Unchecked, format!("the server answers {code}: not now"))
        }
        _ => Answer::of(Verdict::Broken, format!("the server answers {code}")),
    }
}

/// The proxy for FTP: one that speaks HTTP, as they all do.
fn proxy() -> Option<Url> {
    let value = std::env::var("ftp_proxy").or_else(|_| std::env::var("FTP_PROXY")).ok()?;
    let value = if value.contains("://") { value } else { format!("http://{value}") };
    Url::parse(&value).ok().filter(|url| url.host_str().is_some())
}

/// Asks a proxy for the head of a file (RFC 9112, section 3.2.2: the absolute form).
async fn by_proxy(proxy: &Url, url: &Url) -> io::Result<Answer> {
    /// A status line is short.
    const MOST: u64 = 4 << 10;
    let host = proxy.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let port = proxy.port_or_known_default().unwrap_or(80);
    let mut stream = TcpStream::connect((host, port)).await?;
    let server = url.host_str().unwrap_or_default();
    let request = format!("HEAD {url} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut line = String::new();
    let mut answer = tokio::io::AsyncReadExt::take(BufReader::new(stream), MOST);
    answer.read_line(&mut line).await?;
    let status: u16 = line.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    Ok(match status {
        200..300 => Answer::of(Verdict::Ok, ""),
        404 | 410 => Answer::of(Verdict::Broken, format!("the proxy answers {status}, not found")),
        _ => Answer::of(Verdict::Unchecked, format!("the proxy answers {status}")),
    })
}
