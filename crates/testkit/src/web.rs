//! A web server on a loopback address, for as long as the program runs.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// What a client asks for.
#[derive(Debug)]
pub struct Request {
    /// Such as `HEAD`.
    pub method: String,
    /// The path, or behind a proxy the whole address.
    pub path: String,
    /// By their names in small letters.
    pub headers: HashMap<String, String>,
    /// How often this path was asked for before.
    pub before: usize,
}

/// What it gets: a status, headers and a body.
#[derive(Debug)]
pub struct Response {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// Nothing at all is sent.
    silent: bool,
}

impl Response {
    /// A status, and an empty body.
    #[must_use]
    pub fn of(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), silent: false }
    }

    /// A page of HTML.
    #[must_use]
    pub fn page(body: &str) -> Self {
        Self { body: body.as_bytes().to_vec(), ..Self::of(200) }.with("content-type", "text/html")
    }

    /// A way to another address.
    #[must_use]
    pub fn moved(status: u16, location: &str) -> Self {
        Self::of(status).with("location", location)
    }

    /// With one more header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// No answer at all, for half a minute.
    #[must_use]
    pub fn nothing() -> Self {
        Self { silent: true, ..Self::of(0) }
    }
}

type Handler = dyn Fn(&Request) -> Response + Send + Sync;

/// A running server; its threads end with the program.
#[derive(Debug)]
pub struct Server {
    address: String,
    log: Arc<Mutex<Log>>,
}

/// What was asked for.
#[derive(Debug, Default)]
struct Log {
    asked: Vec<String>,
    /// How often each path was.
    counts: HashMap<String, usize>,
}

impl Server {
    /// Answers every request by a function of it.
    ///
    /// # Panics
    ///
    /// Where no port is free.
    pub fn new(answer: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Self {
        Self::on("127.0.0.1:0", answer)
    }

    /// The same at an address of `127.0.0.0/8`; port 0 stands for any free one.
    ///
    /// # Panics
    ///
    /// Where the address is taken.
    pub fn on(
        address: &str,
        answer: impl Fn(&Request) -> Response + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind(address).expect("a free port");
        let address = listener.local_addr().expect("its address").to_string();
        let log = Arc::new(Mutex::new(Log::default()));
        let (kept, answer): (_, Arc<Handler>) = (Arc::clone(&log), Arc::new(answer));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, answer) = (Arc::clone(&kept), Arc::clone(&answer));
                thread::spawn(move || serve(&stream, &log, &*answer));
            }
        });
        Self { address, log }
    }

    /// `http://127.0.0.1:PORT` with this path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Its address and port.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Everything that was asked for, as `METHOD path`.
    ///
    /// # Panics
    ///
    /// Where answering a request has panicked.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.log.lock().expect("no thread of it panicked").asked.clone()
    }
}

fn serve(stream: &TcpStream, log: &Mutex<Log>, answer: &Handler) {
    let mut reader = BufReader::new(stream.try_clone().expect("a socket"));
    while let Some(request) = read(&mut reader, log) {
        let response = answer(&request);
        if response.silent {
            thread::sleep(Duration::from_secs(30));
            return;
        }
        if send(stream, &request, &response).is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>, log: &Mutex<Log>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    if let Some(length) = headers.get("content-length").and_then(|length| length.parse().ok()) {
        reader.take(length).read_to_end(&mut Vec::new()).ok()?;
    }
    let mut log = log.lock().ok()?;
    log.asked.push(format!("{method} {path}"));
    let count = log.counts.entry(path.clone()).or_default();
    let before = *count;
    *count += 1;
    Some(Request { method, path, headers, before })
}

fn send(mut stream: &TcpStream, request: &Request, response: &Response) -> std::io::Result<()> {
    let mut head = format!("HTTP/1.1 {} answer\r\n", response.status);
    for (name, value) in &response.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("content-length: {}\r\n\r\n", response.body.len()));
    let mut bytes = head.into_bytes();
    if request.method != "HEAD" {
        bytes.extend(&response.body);
    }
    stream.write_all(&bytes)
}
