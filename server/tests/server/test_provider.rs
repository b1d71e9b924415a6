//! A provider of OpenID Connect for tests, which says of people what a test wants it to.

use std::sync::{Arc, Mutex};

use axum::{
    Form, Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest::{SHA256, digest},
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _},
};
use serde_json::{Value as JsonValue, json};
use tokio::{net::TcpListener, task::JoinHandle};

/// When its tokens end, in seconds.
const FAR: u64 = 4_000_000_000;

/// What it says next.
pub struct NextAnswer {
    pub claims: JsonValue,
    /// What is told by its other address alone.
    pub more: JsonValue,
    /// Whether it says another nonce than it was asked with.
    pub is_other_nonce: bool,
    /// Whether its next token is signed by a key that it does not publish.
    pub is_other_key: bool,
    codes: Vec<(String, String, String)>,
    key: ProviderKey,
}

struct ProviderKey {
    id: String,
    pair: EcdsaKeyPair,
}

pub struct TestProvider {
    pub issuer: String,
    pub told: Arc<Mutex<NextAnswer>>,
    address: std::net::SocketAddr,
    serving: Option<JoinHandle<()>>,
}

fn new_key(id: &str) -> ProviderKey {
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let pair = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    ProviderKey {
        id: id.to_owned(),
        pair: EcdsaKeyPair::from_pkcs8(algorithm, pair.as_ref(), &random).unwrap(),
    }
}

impl TestProvider {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let told = NextAnswer {
            claims: json!({"sub": "jana", "roles": ["reader"]}),
            more: json!({"sub": "jana"}),
            is_other_nonce: false,
            is_other_key: false,
            codes: Vec::new(),
            key: new_key("first"),
        };
        let told = Arc::new(Mutex::new(told));
        let mut provider = Self { issuer: format!("http://{address}"), told, address, serving: None };
        provider.serve(listener);
        provider
    }

    fn serve(&mut self, listener: TcpListener) {
        let state = (self.issuer.clone(), Arc::clone(&self.told));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .route("/person", get(person))
            .with_state(state);
        self.serving = Some(tokio::spawn(async move { axum::serve(listener, router).await.unwrap() }));
    }

    /// Does not answer any more.
    pub async fn stop(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.abort();
            _ = serving.await;
        }
    }

    pub async fn start_again(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.serve(listener);
    }

    pub fn rotate(&self) {
        self.told.lock().unwrap().key = new_key("second");
    }

    /// A person agrees there: the code of a sign-in that was begun at this address, and its state.
    pub fn agree(&self, address: &str) -> (String, String) {
        let address = reqwest::Url::parse(address).unwrap();
        let get = |name: &str| {
            address.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap()
        };
        assert_eq!((get("response_type"), get("code_challenge_method")), ("code".into(), "S256".into()));
        assert_eq!((get("client_id"), get("scope")), ("studio".into(), "openid profile email".into()));
        let mut told = self.told.lock().unwrap();
        let code = format!("code-{}", told.codes.len());
        told.codes.push((code.clone(), get("nonce"), get("code_challenge")));
        (code, get("state"))
    }
}

type Shared = State<(String, Arc<Mutex<NextAnswer>>)>;

async fn metadata(State((issuer, _)): Shared) -> Json<JsonValue> {
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize?audience=x"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
        "userinfo_endpoint": format!("{issuer}/person"),
    }))
}

async fn keys(State((_, told)): Shared) -> Json<JsonValue> {
    let told = told.lock().unwrap();
    let point = told.key.pair.public_key().as_ref();
    let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let (x, y) = (part(&point[1..33]), part(&point[33..]));
    Json(json!({"keys": [{"kty": "EC", "crv": "P-256", "kid": told.key.id, "use": "sig", "x": x, "y": y}]}))
}

async fn token(
    State((issuer, told)): Shared,
    headers: HeaderMap,
    Form(form): Form<Vec<(String, String)>>,
) -> Response {
    let get = |name: &str| {
        form.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    // "studio" and "s3 cret", each escaped as in a form.
    assert_eq!(headers["authorization"], "Basic c3R1ZGlvOnMzJTIwY3JldA==");
    let mut told = told.lock().unwrap();
    let Some(at) = told.codes.iter().position(|(code, ..)| code == get("code")) else {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    };
    // A code is good once.
    let (_, nonce, challenge) = std::mem::take(&mut told.codes[at]);
    assert_eq!(challenge, URL_SAFE_NO_PAD.encode(digest(&SHA256, get("code_verifier").as_bytes())));
    let mut claims = json!({"iss": issuer, "aud": "studio", "exp": FAR, "nonce": nonce});
    if told.is_other_nonce {
        claims["nonce"] = json!("another");
    }
    claims.as_object_mut().unwrap().extend(told.claims.as_object().unwrap().clone());
    let part = |json: &JsonValue| URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", part(&json!({"alg": "ES256", "kid": told.key.id})), part(&claims));
    let other = new_key("other");
    let pair = if told.is_other_key { &other.pair } else { &told.key.pair };
    let signature = pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
    let id_token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.as_ref()));
    Json(json!({"id_token": id_token, "access_token": "at", "token_type": "Bearer"})).into_response()
}

async fn person(State((_, told)): Shared, headers: HeaderMap) -> Json<JsonValue> {
    assert_eq!(headers["authorization"], "Bearer at");
    Json(told.lock().unwrap().more.clone())
}
