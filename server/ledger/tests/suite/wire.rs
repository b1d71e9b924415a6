//! A wire to the database that a test can cut: at once, or at the moment when certain words have gone through.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};

/// What the next words that match do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireCut {
    /// They never arrive.
    Before(&'static str),
    /// They arrive and take effect, and the answer is lost.
    After(&'static str),
}

pub struct Wire {
    pub port: u16,
    cuts: Arc<Mutex<Vec<WireCut>>>,
    /// Moves when everything that is open is to be cut; none can be opened while it says so.
    state: watch::Sender<WireState>,
    listening: JoinHandle<()>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct WireState {
    cut: u64,
    down: bool,
}

impl Wire {
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = listener.local_addr().unwrap().port();
        let all_cuts: Arc<Mutex<Vec<WireCut>>> = Arc::default();
        let sender: watch::Sender<WireState> = watch::Sender::default();
        let (cuts, state) = (Arc::clone(&all_cuts), sender.subscribe());
        let listening = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                if state.borrow().down {
                    continue;
                }
                let (cuts, state) = (Arc::clone(&cuts), state.clone());
                tokio::spawn(async move { move_to_postgres(client, port, &cuts, state).await });
            }
        });
        Self { port: here, cuts: all_cuts, state: sender, listening }
    }

    /// Nothing listens there any more.
    pub async fn take_away(&self) {
        self.listening.abort();
        while !self.listening.is_finished() {
            tokio::task::yield_now().await;
        }
        self.cut_all();
    }

    /// The first connection on which these words come is cut there; the next one has the next cut.
    pub fn cut(&self, cut: WireCut) {
        self.cuts.lock().unwrap().push(cut);
    }

    pub fn cut_all(&self) {
        self.state.send_modify(|state| state.cut += 1);
    }

    pub fn down(&self, down: bool) {
        self.state.send_modify(|state| *state = WireState { cut: state.cut + 1, down });
    }
}

/// Both ways, until either end goes or the wire is cut.
async fn move_to_postgres(
    mut client: TcpStream,
    port: u16,
    cuts: &Mutex<Vec<WireCut>>,
    mut state: watch::Receiver<WireState>,
) {
    let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    state.mark_unchanged();
    let (mut asked, mut told) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let mut deaf = false;
    loop {
        tokio::select! {
            _ = state.changed() => return,
            read = client.read(&mut asked) => {
                let Ok(length @ 1..) = read else { return };
                match due(cuts, &asked[..length]) {
                    Some(WireCut::Before(_)) => return,
                    Some(WireCut::After(_)) => deaf = true,
                    None => {}
                }
                if server.write_all(&asked[..length]).await.is_err() {
                    return;
                }
            }
            read = server.read(&mut told) => {
                let Ok(length @ 1..) = read else { return };
                if deaf || client.write_all(&told[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

fn due(cuts: &Mutex<Vec<WireCut>>, words: &[u8]) -> Option<WireCut> {
    let mut cuts = cuts.lock().unwrap();
    let (WireCut::Before(awaited) | WireCut::After(awaited)) = *cuts.first()?;
    words.windows(awaited.len()).any(|part| part == awaited.as_bytes()).then(|| cuts.remove(0))
}
