//! A server that gives the answers it was told to, one after another, and keeps what it was asked.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;

use crate::read::Message;

pub const TOKEN: &str = "token-of-a-test";

pub struct StandIn {
    pub url: String,
    scene: Arc<Mutex<Scene>>,
}

/// What is to be answered, and what has been asked.
#[derive(Default)]
struct Scene {
    answers: VecDeque<Message>,
    /// Whether requests for a token are among what is answered; otherwise they get one by themselves.
    is_about_tokens: bool,
    received: Vec<Message>,
}

impl StandIn {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let scene = Arc::new(Mutex::new(Scene::default()));
        let shared = Arc::clone(&scene);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let Some(request) = Message::receive(&mut stream).await else { continue };
                let answer = shared.lock().unwrap().answer(request);
                let _ = stream.write_all(&answer.to_wire(&format!("HTTP/1.1 {} -", answer.start))).await;
            }
        });
        Self { url, scene }
    }

    /// From now on these are the answers.
    pub fn expect(&self, answers: Vec<Message>, is_about_tokens: bool) {
        *self.scene.lock().unwrap() =
            Scene { answers: answers.into(), is_about_tokens, received: Vec::new() };
    }

    /// What was asked since then.
    pub fn received(&self) -> Vec<Message> {
        self.scene.lock().unwrap().received.clone()
    }
}

impl Scene {
    fn answer(&mut self, request: Message) -> Message {
        let body = format!(r#"{{"token_type":"Bearer","expires_in":3599,"access_token":"{TOKEN}"}}"#);
        if request.start.contains("/token ") && !self.is_about_tokens {
            return Message { start: "200".to_owned(), body, ..Message::default() };
        }
        self.received.push(request);
        // Who asks for more than is recorded gets an answer that means nothing.
        self.answers.pop_front().unwrap_or(Message { start: "418".to_owned(), ..Message::default() })
    }
}
