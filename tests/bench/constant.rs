//! The limits of HTTP: the same bytes from tiny_http behind our HTTP server, and from tiny_http exposed directly.
//!
//! `/constant/STATUS?LENGTH` is answered with that status and so many bytes. behind the HTTP server,
//! `/wait?N` waits for N or for 0, `/notify?N` notifies N, and `/parked` tells how many wait.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::thread;

use boxoffice::certificates::Certificates;
use boxoffice::http::{Limits, Metrics, Notifier, Reply, Request, Responder, Server, Topic, Wait};
use boxoffice::threads::OnFatal;

/// What a child does: serves until its standard input ends.
pub fn serve(kind: &str) -> io::Result<()> {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let address = if kind == "server" { serve_http(listen, None)? } else { serve_direct(listen)? };
    println!("http://{address}");
    io::stdout().flush()?;
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}

/// The HTTP server, by https where there are certificates for it; it runs until the process ends.
pub fn serve_http(listen: SocketAddr, tls: Option<Arc<Certificates>>) -> io::Result<SocketAddr> {
    let notifier = Notifier::new();
    let (notifier_for_handler, metrics) = (notifier.clone(), Arc::new(OnceLock::new()));
    let metrics_for_handler = Arc::clone(&metrics);
    let handler = move |request: Request, responder: Responder| {
        answer(&request, responder, &notifier_for_handler, &metrics_for_handler);
    };
    let server =
        Server::open(listen, Limits { tls, ..Limits::default() }, notifier, Arc::new(handler), OnFatal::new(|| {}))?;
    let _ = metrics.set(server.metrics()); // set once, here
    let address = server.address();
    std::mem::forget(server); // it ends with the process
    Ok(address)
}

fn answer(request: &Request, responder: Responder, notifier: &Notifier, metrics: &OnceLock<Arc<Metrics>>) {
    let number = request.query.parse().unwrap_or(0);
    match request.path.as_str() {
        "/wait" if request.resumed.is_none() => {
            let memo = "01890a5d-ac96-774b-bcce-b302099a8057 waiting 4711".to_owned(); // about what handlers give
            responder.wait(Wait { topics: vec![Topic(0), Topic(number)], memo, wait_seconds: 60, told: None });
        }
        "/notify" => {
            notifier.notify([Topic(number)]);
            responder.send(Reply::empty(204));
        }
        "/parked" => {
            let parked = metrics.get().map_or(0, |metrics| metrics.parked.get());
            responder.send(Reply { body: parked.to_string().into_bytes().into(), ..Reply::empty(200) });
        }
        path => {
            let reply = Reply::empty(status(path));
            let body = content(&request.query);
            let content_type = if body.is_empty() { "" } else { "application/json" };
            responder.send(Reply { content_type: content_type.into(), body: body.into(), ..reply });
        }
    }
}

fn status(path: &str) -> u16 {
    path.strip_prefix("/constant/").and_then(|status| status.parse().ok()).unwrap_or(200)
}

fn content(length: &str) -> Vec<u8> {
    vec![b'x'; length.parse().unwrap_or(0)]
}

/// tiny_http as it is, with as many workers as the HTTP server has, and a backlog that takes a burst.
fn serve_direct(listen: SocketAddr) -> io::Result<SocketAddr> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    socket.bind(&listen.into())?;
    socket.listen(1_024)?;
    let listener: std::net::TcpListener = socket.into();
    let address = listener.local_addr()?;
    let server = tiny_http::Server::from_listener(listener, None).map_err(io::Error::other)?;
    let server = Arc::new(server);
    let json = tiny_http::Header::from_bytes("Content-Type", "application/json");
    let json = json.map_err(|()| io::ErrorKind::InvalidInput)?;
    for _ in 0..Limits::default().workers {
        let (server, json) = (Arc::clone(&server), json.clone());
        thread::spawn(move || {
            while let Ok(mut asked) = server.recv() {
                let mut body = Vec::new();
                if asked.as_reader().read_to_end(&mut body).is_ok() {
                    let (path, query) = asked.url().split_once('?').unwrap_or((asked.url(), ""));
                    let response = tiny_http::Response::from_data(content(query)).with_header(json.clone());
                    let response = response.with_status_code(status(path));
                    let response = response.with_chunked_threshold(usize::MAX); // chunks are slower, and not comparable
                    let _ = asked.respond(response); // the client may have ended its round
                }
            }
        });
    }
    Ok(address)
}
