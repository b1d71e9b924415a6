//! Who gets in, who makes room, and who is cut off.

use axum::routing::get;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex},
    net::TcpStream,
};

use super::*;

const ASK: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
const ANSWER: usize = 1_000_000;

fn app() -> Router {
    Router::new().route("/", get(async || "x".repeat(ANSWER)))
}

/// A connection of its own, through which little fits at a time.
async fn connection(patience: Timeouts) -> (DuplexStream, GracefulShutdown) {
    let (here, there) = duplex(1_024);
    let farewell = GracefulShutdown::new();
    let (place, _) = Gate::new(1).enter().await;
    greet((there, None), place, app(), patience, &farewell);
    (here, farewell)
}

#[tokio::test(start_paused = true)]
async fn unreading_clients_are_cut_off() {
    let (mut client, _farewell) = connection(Timeouts::with(1)).await;
    client.write_all(ASK).await.unwrap();
    time::sleep(Duration::from_secs(40)).await;
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.unwrap();
    assert!(rest.len() < 10_000, "{} bytes were kept for it", rest.len());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_slowly_gets_all() {
    let patience = Timeouts { head: Duration::from_secs(100_000), ..Timeouts::with(1) };
    let (mut client, _farewell) = connection(patience).await;
    client.write_all(ASK).await.unwrap();
    let (mut read, mut some) = (0, vec![0; 1_024]);
    while read < ANSWER {
        time::sleep(Duration::from_secs(25)).await;
        let more = client.read(&mut some).await.unwrap();
        assert_ne!(more, 0, "it was cut off after {read} bytes");
        read += more;
    }
}

/// Whether it is answered.
async fn asks(stream: &mut TcpStream) -> bool {
    let mut answer = Vec::new();
    let asked = stream.write_all(ASK).await.is_ok();
    while asked && !answer.ends_with(b"hello") {
        match stream.read_buf(&mut answer).await {
            Ok(more) if more > 0 => {}
            _ => return false,
        }
    }
    asked
}

#[tokio::test]
async fn idle_connections_make_room() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let app = Router::new().route("/", get(async || "hello"));
    let serving = tokio::spawn(serve(listener, app, Timeouts::with(4), stop.clone()));

    let mut viewer = TcpStream::connect(address).await.unwrap();
    let mut idle = Vec::new();
    for _ in 0..20 {
        idle.push(TcpStream::connect(address).await.unwrap());
        // A viewer who asks now and then stays.
        assert!(asks(&mut viewer).await);
    }
    let mut late = TcpStream::connect(address).await.unwrap();
    assert!(asks(&mut late).await);
    let mut rest = Vec::new();
    idle[0].read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty(), "it is closed without a word");
    stop.cancel();
    serving.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn frequent_events_are_logged_once() {
    let mut seldom = Seldom::default();
    assert_eq!(seldom.now(), Some(1));
    assert_eq!((seldom.now(), seldom.now()), (None, None));
    time::advance(Seldom::PAUSE).await;
    assert_eq!(seldom.now(), Some(3));
}
