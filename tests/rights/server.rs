//! Servers on this machine for guests to talk to.
#![allow(dead_code)] // Each test binary uses its part.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A server of the tests' own: what was asked of it, and where it listens.
pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub(crate) fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Server { port: listener.local_addr().unwrap().port(), asked: Arc::default() };
        let asked = server.asked.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let asked = asked.clone();
                std::thread::spawn(move || serve(stream, &asked));
            }
        });
        server
    }

    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

fn serve(mut stream: TcpStream, asked: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut head, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line == "hello\n" {
            // A client that speaks no HTTP.
            let _ = stream.write_all(b"welcome\n");
            return;
        }
        let line = line.trim_end().to_owned();
        if let Some((name, value)) = line.split_once(": ")
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
        head.push(line);
    }
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let said = format!("{}\n{}", head.join("\n"), String::from_utf8_lossy(&body));
    asked.lock().unwrap().push(said.clone());
    let path = head[0].split(' ').nth(1).unwrap().to_owned();
    let answer = |status: &str, more: &str, body: &str| {
        format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{more}\r\n{body}", body.len())
    };
    let answer = match path.as_str() {
        "/v1/redirect" => answer("302 Found", "location: /v1/hello\r\n", ""),
        "/v1/headers" => answer("200 OK", &format!("x-large: {}\r\n", "x".repeat(64 << 10)), "x"),
        "/v1/short" => "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort".to_owned(),
        "/v1/never" => {
            // Until the client goes.
            let _ = stream.read(&mut [0]);
            return;
        }
        // A byte in a second, and no end.
        "/v1/drip" => {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n");
            while stream.write_all(b"x").is_ok() {
                std::thread::park_timeout(Duration::from_secs(1));
            }
            return;
        }
        "/v1/elsewhere" => answer("302 Found", "location: http://127.0.0.1:1/v1/hello\r\n", ""),
        "/v1/large" => answer("200 OK", "", &"x".repeat(1 << 20)),
        _ => answer("200 OK", "", "hello"),
    };
    let _ = stream.write_all(answer.as_bytes());
}

/// A server that speaks TLS as `localhost`; gives its port.
pub(crate) fn start_tls() -> u16 {
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned, crypto};
    let file = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tls").join(name);
    let certificate = CertificateDer::from_pem_file(file("localhost.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(file("localhost.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream);
            // A client that does not believe the certificate goes away.
            let mut head = [0; 4096];
            if stream.read(&mut head).is_ok_and(|read| read > 0) {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecure");
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    port
}
