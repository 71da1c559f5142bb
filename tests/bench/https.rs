//! `scripts/bench http`: HTTPS beside plain HTTP, in alternating rounds; and what a handshake costs. The clients' share
//! of TLS is in the figures: they run on the same processors.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use boxoffice::certificates::Certificates;
use rustls::client::Resumption;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::{Value, json};

use crate::Wish;
use crate::constant;
use crate::figures::{Spread, short};
use crate::wire::{request, whole_answer};

/// Clients at once, each with one request under way.
const CLIENTS: usize = 4;

struct Row {
    name: &'static str,
    bytes: usize,
    is_new_each: bool,
    is_resumed: bool,
}

const ROWS: [Row; 4] = [
    Row { name: "https: GET, 4 kept connections", bytes: 103, is_new_each: false, is_resumed: false },
    Row { name: "https: GET of 64 kB, 4 kept connections", bytes: 64 << 10, is_new_each: false, is_resumed: false },
    Row {
        name: "https: 4 at once, a new connection each, whole handshakes",
        bytes: 103,
        is_new_each: true,
        is_resumed: false,
    },
    Row {
        name: "https: 4 at once, a new connection each, resumed sessions",
        bytes: 103,
        is_new_each: true,
        is_resumed: true,
    },
];

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

/// Measures what is wished for, prints it as a Markdown table, and gives it back as JSON.
pub fn measure(wish: &Wish) -> Value {
    let rows: Vec<&Row> = ROWS.iter().filter(|row| wish.wants(row.name)).collect();
    if rows.is_empty() {
        return json!([]);
    }
    let folder = tempfile::tempdir().unwrap();
    let certificates = Certificates::local(&folder.path().join("bench.db"), &[]).unwrap();
    let root = CertificateDer::from_pem_file(folder.path().join("bench.db-authority.pem")).unwrap();
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let plain = constant::serve_http(listen, None).unwrap();
    let secure = constant::serve_http(listen, Some(certificates)).unwrap();
    println!("\n| | http, requests/s | https, requests/s | ratio | https costs more, µs a request |");
    println!("| --- | --- | --- | --- | --- |");
    let told = rows.into_iter().map(|row| {
        let config = Arc::new(config_of(root.clone(), row.is_resumed));
        let [mut of_plain, mut of_secure] = [Vec::new(), Vec::new()];
        for _ in 0..wish.rounds {
            of_plain.push(round(row, wish, &|| Box::new(TcpStream::connect(plain).unwrap())));
            of_secure.push(round(row, wish, &|| {
                let session = ClientConnection::new(Arc::clone(&config), "localhost".try_into().unwrap()).unwrap();
                Box::new(StreamOwned::new(session, TcpStream::connect(secure).unwrap()))
            }));
        }
        let [plain, secure] = [&of_plain, &of_secure].map(|rates| Spread::of(rates).median);
        let more_us = 1e6 / secure - 1e6 / plain;
        println!(
            "| {} | {} | {} | {} | {} |",
            row.name,
            short(plain),
            short(secure),
            short(secure / plain),
            short(more_us)
        );
        json!({ "name": row.name, "plainPerSecond": plain, "securePerSecond": secure, "ratio": secure / plain, "moreMicroseconds": more_us })
    });
    told.collect()
}

fn config_of(root: CertificateDer<'static>, is_resumed: bool) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(root).unwrap();
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    if !is_resumed {
        config.resumption = Resumption::disabled();
    }
    config
}

/// Requests a second of all clients together.
fn round(row: &Row, wish: &Wish, connect: &(dyn Fn() -> Box<dyn Stream> + Sync)) -> f64 {
    let asked = request("GET", &format!("/constant/200?{}", row.bytes), "", &Value::Null);
    let (count, start) = (AtomicU64::new(0), Instant::now());
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                let (mut stream, mut buffer, mut part) = (connect(), Vec::new(), vec![0; 64 << 10]);
                while start.elapsed() < wish.lasting() {
                    buffer.clear();
                    stream.write_all(&asked).unwrap();
                    stream.flush().unwrap();
                    while whole_answer(&buffer).is_none() {
                        let length = stream.read(&mut part).unwrap();
                        assert!(length > 0, "closed in an answer");
                        buffer.extend_from_slice(&part[..length]);
                    }
                    count.fetch_add(1, Ordering::Relaxed);
                    if row.is_new_each {
                        stream = connect();
                    }
                }
            });
        }
    });
    count.load(Ordering::Relaxed) as f64 / start.elapsed().as_secs_f64()
}
