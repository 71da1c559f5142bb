//! The two servers that are compared, each in a process of its own so that its memory and CPU can be told.

use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::thread;

use boxoffice::http::{Bell, Door, Limits, Park, Reply, Request, Responder, Topic};

const BODY: &str =
    r#"{"seatId":"01890a5d-ac96-774b-bcce-b302099a8057","label":"A-1","status":"available","price":120000}"#;

/// So many seats are a long answer: 64 kB.
const LONG_TIMES: usize = 640;

/// A server in a process of its own; it ends with this.
pub struct Served {
    child: Child,
    _stdin: Option<ChildStdin>,
    pub address: SocketAddr,
}

impl Served {
    pub fn start(kind: &str) -> io::Result<Served> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", kind])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdin = child.stdin.take();
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?).read_line(&mut line)?;
        let address = line.trim().parse().map_err(io::Error::other)?;
        Ok(Served { child, _stdin: stdin, address })
    }

    /// CPU seconds used so far, in user and system mode.
    pub fn cpu_seconds(&self) -> io::Result<f64> {
        let text = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let after = text.rsplit_once(')').map_or("", |(_, after)| after);
        let ticks: f64 = after.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
        Ok(ticks / rustix::param::clock_ticks_per_second() as f64)
    }

    /// Memory resident now, in bytes.
    pub fn resident_bytes(&self) -> io::Result<usize> {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kib = text.lines().find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix(" kB")?.parse().ok());
        kib.map(|kib: usize| kib << 10).ok_or(io::ErrorKind::InvalidData.into())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill(); // it may be gone already
        let _ = self.child.wait();
    }
}

/// What a child does: serves until its standard input ends.
pub fn serve(kind: &str) -> io::Result<()> {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let address = if kind == "door" { serve_door(listen)? } else { serve_direct(listen)? };
    println!("{address}");
    io::stdout().flush()?;
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}

fn serve_door(listen: SocketAddr) -> io::Result<SocketAddr> {
    let bell = Bell::new();
    let rope = bell.clone();
    let trade = move |request: Request, responder: Responder| answer(request, responder, &rope);
    let mut limits = Limits::default();
    let from_environment = |name: &str, limit: &mut usize| {
        *limit = std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(*limit);
    };
    from_environment("WORKERS", &mut limits.workers);
    from_environment("READS", &mut limits.inner_reads);
    from_environment("WRITES", &mut limits.inner_writes);
    let door = Door::open(listen, limits, bell, Arc::new(trade))?;
    let address = door.address();
    std::mem::forget(door); // it ends with the process
    Ok(address)
}

fn body_of(path: &str) -> Vec<u8> {
    if path == "/long" { BODY.repeat(LONG_TIMES).into() } else { BODY.into() }
}

/// `/constant` answers at once; `/wait?N` waits for N or for 0; `/ring?N` rings N.
fn answer(request: Request, responder: Responder, bell: &Bell) {
    let number = request.query.parse().unwrap_or(0);
    match request.path.as_str() {
        "/wait" if request.resumed.is_none() => {
            let memo = "01890a5d-ac96-774b-bcce-b302099a8057 waiting 4711".to_owned(); // about what the trade gives
            responder.park(Park { topics: vec![Topic(0), Topic(number)], memo, wait_seconds: 60 });
        }
        "/ring" => {
            bell.ring([Topic(number)]);
            responder.send(Reply::empty(204));
        }
        path => {
            responder.send(Reply { content_type: "application/json".into(), body: body_of(path), ..Reply::empty(200) })
        }
    }
}

/// tiny_http as it is, with as many workers as the door has, and a backlog that takes a burst.
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
                    let response = tiny_http::Response::from_data(body_of(asked.url())).with_header(json.clone());
                    let response = response.with_chunked_threshold(usize::MAX); // chunks are slower, and not comparable
                    let _ = asked.respond(response); // the client may have ended its round
                }
            }
        });
    }
    Ok(address)
}
