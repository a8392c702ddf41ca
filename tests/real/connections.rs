//! Connections that are there before a run and after it: a long download, a tunnel, and idle ones that are kept alive.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};

use crate::support::changeover::Run;
use crate::support::config::Config;
use crate::support::host::Host;
use crate::support::http::TIMEOUT;
use crate::support::wait_until;

const BIG: usize = 3 << 20;
const UPSTREAM: u16 = 8081;
const HEAD_END: &[u8] = b"\r\n\r\n";

/// `/big` takes some seconds, `/tunnel` is a connection that both sides write to.
fn locations(config: &mut Config) {
    config.server = format!(
        "location /big {{ alias /srv/big; limit_rate 1m; }}
         location /tunnel {{ proxy_pass http://127.0.0.1:{UPSTREAM}; proxy_http_version 1.1;
             proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection upgrade; }}"
    );
    config.http = "keepalive_timeout 600s;".into();
}

fn host() -> Host {
    let host = Host::new().with(locations);
    host.write("/srv/big", vec![b'x'; BIG]);
    host.running("1.22.1")
}

/// A connection on which a request was sent.
fn asked(host: &Host, path: &str, headers: &str) -> TcpStream {
    let address = host.address();
    let stream = host.sandbox.door().run_in_network(|| TcpStream::connect(address)).expect("a connection");
    stream.set_read_timeout(Some(TIMEOUT)).expect("a bound");
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
    (&stream).write_all(request.as_bytes()).expect("send the request");
    stream
}

/// Reads the head of an answer, and not a byte more.
fn head(mut stream: &TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(HEAD_END) {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("the head of an answer");
        head.extend(byte);
    }
    String::from_utf8_lossy(&head).into_owned()
}

/// A tunnel through nginx: the client's side and the upstream's.
struct Tunnel(TcpStream, TcpStream);

impl Tunnel {
    fn open(host: &Host, listener: &TcpListener) -> Self {
        let client = asked(host, "/tunnel", "Upgrade: websocket\r\nConnection: Upgrade\r\n");
        let (upstream, _) = listener.accept().expect("nginx connects");
        upstream.set_read_timeout(Some(TIMEOUT)).expect("a bound");
        assert!(head(&upstream).contains("Upgrade: websocket"));
        let switch = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n";
        (&upstream).write_all(switch.as_bytes()).expect("switch");
        assert!(head(&client).starts_with("HTTP/1.1 101"));
        Self(client, upstream)
    }

    /// Both directions carry what is written.
    fn lives(&self) -> bool {
        let carries = |mut from: &TcpStream, mut to: &TcpStream| {
            let mut read = [0; 4];
            from.write_all(b"ping").is_ok() && to.read_exact(&mut read).is_ok() && &read == b"ping"
        };
        carries(&self.0, &self.1) && carries(&self.1, &self.0)
    }
}

fn upstream(host: &Host) -> TcpListener {
    let listen = || TcpListener::bind((Ipv4Addr::LOCALHOST, UPSTREAM));
    host.sandbox.door().run_in_network(listen).expect("listen inside")
}

/// A run whose commit waits so long for old's connections, and then does this.
fn run(host: &Host, then: &str) -> Run {
    let plan = std::fs::read_to_string("plans/nginx.toml").expect("the plan");
    let drain = "drain-timeout = \"30s\"";
    assert!(plan.contains(drain), "{plan}");
    let to = format!("drain-timeout = \"300ms\"\non-drain-timeout = \"{then}\"");
    host.write("/srv/drain.toml", plan.replace(drain, &to));
    host.changeover(&["run", "/srv/drain.toml"], &host.offer("1.26.3"))
}

/// How much of the download came, to its end.
fn rest(mut stream: TcpStream) -> usize {
    let mut body = Vec::new();
    // A reset is an end too: what came before it counts.
    let _ = stream.read_to_end(&mut body);
    body.len()
}

/// Idle connections, each of which has had an answer and may have another.
fn idle(host: &Host, count: usize) -> Vec<TcpStream> {
    let kept = |_| {
        let stream = asked(host, "/healthz", "");
        assert!(head(&stream).starts_with("HTTP/1.1 200"));
        (&stream).read_exact(&mut [0; 3]).expect("the body");
        stream
    };
    (0..count).map(kept).collect()
}

#[test]
fn with_leave_no_connection_is_cut_and_idle_ones_are_closed_in_order() {
    let host = host();
    let listener = upstream(&host);
    let (tunnel, idle) = (Tunnel::open(&host, &listener), idle(&host, 100));
    let download = asked(&host, "/big", "Connection: close\r\n");
    assert!(head(&download).starts_with("HTTP/1.1 200"));
    let run = run(&host, "leave");
    assert_eq!((run.exit(), run.said("verdict")), (0, "draining"), "{run}");
    assert!(tunnel.lives(), "the tunnel was cut");
    assert_eq!(rest(download), BIG, "the download was cut");
    // nginx itself closes what is idle when a worker leaves: with FIN and never with a reset.
    for mut stream in idle {
        let end = stream.read(&mut [0]);
        assert!(matches!(end, Ok(0)), "{end:?}");
    }
    assert_eq!(host.masters().len(), 2, "old stays for the tunnel");
    let old = host.masters().into_iter().find(|master| Some(*master) != host.master()).expect("old");
    drop(tunnel);
    assert!(host.wait_gone(old), "and leaves with it");
}

#[test]
fn with_terminate_what_is_left_is_cut_and_told() {
    let host = host();
    let listener = upstream(&host);
    let tunnels = [Tunnel::open(&host, &listener), Tunnel::open(&host, &listener)];
    let download = asked(&host, "/big", "Connection: close\r\n");
    let run = run(&host, "terminate");
    assert_eq!((run.exit(), run.said("verdict")), (0, "committed"), "{run}");
    assert_eq!(host.masters().len(), 1);
    assert!(tunnels.iter().all(|tunnel| !tunnel.lives()) && rest(download) < BIG);
    let told = run.lines.iter().find(|line| line.name() == "step-passed" && line.event["step"] == 7);
    let told = told.and_then(|line| line.event["seen"].as_str()).unwrap_or_default().to_owned();
    assert!(told.contains("cut"), "{told}");
}

#[test]
fn with_fail_nothing_is_cut_and_the_run_ends_with_33() {
    let host = host();
    let listener = upstream(&host);
    let tunnel = Tunnel::open(&host, &listener);
    let run = run(&host, "fail");
    assert_eq!((run.exit(), run.said("serving")), (33, "new"), "{run}");
    assert!(tunnel.lives());
}

#[test]
fn a_way_back_cuts_nothing_of_old_and_lets_new_finish_what_it_has() {
    let host = host();
    let listener = upstream(&host);
    let tunnel = Tunnel::open(&host, &listener);
    let run = host.changeover(&["run", "plans/nginx.toml"], &host.offer("faulty/answers-500"));
    assert_eq!(run.exit(), 20, "{run}");
    assert!(tunnel.lives(), "the tunnel through old was cut");
    wait_until("old alone", || host.masters().len() == 1);
    drop(tunnel);
    wait_until("its old worker leaves with it", || {
        host.children(host.master().expect("old")).len() == host.config.workers
    });
}
