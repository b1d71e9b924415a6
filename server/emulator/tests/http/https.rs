//! The same organisation over https, under a certificate of its own authority.

use std::path::Path;
use std::sync::Arc;

use emulator::{Emulator, Options};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use serde_json::json;

use crate::client::{HttpClient, JsonAnswer, http, scope_form};

fn options(folder: Option<&Path>) -> Options {
    let https = Some("127.0.0.1:0".parse().unwrap());
    Options { https, data: folder.map(Path::to_owned), ..Options::default() }
}

/// A client that trusts this authority and no other.
fn trusting(ca: &Path) -> reqwest::Client {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().build().unwrap()
}

#[tokio::test]
async fn both_doors_lead_into_the_same_house() {
    let client = HttpClient::with(options(None)).await;
    client.furnish().await;
    for n in 0..3 {
        client.thing(json!({ "x_count": n })).await;
    }
    let url = client.emulator.https_url().unwrap();
    let trusting_client = trusting(client.emulator.ca_file().unwrap());
    // The token comes over https as well, and its links lead back to where the request came in.
    let token_url = client.emulator.token_url().replace(client.emulator.url(), url);
    let form = scope_form(&client.emulator);
    let token =
        JsonAnswer::of(trusting_client.post(token_url).form(&form)).await.json["access_token"].clone();
    let list = trusting_client.get(format!("{url}/api/data/v9.2/x_things?$select=x_count"));
    let list = list.bearer_auth(token.as_str().unwrap()).header("prefer", "odata.maxpagesize=2");
    let list = JsonAnswer::of(list).await;
    assert_eq!(list.column("x_count"), [json!(0), json!(1)]);
    assert!(list.json["@odata.nextLink"].as_str().unwrap().starts_with(url), "{}", list.text);
    // A name in the certificate, not only numbers.
    let named = url.replace("127.0.0.1", "localhost");
    assert!(trusting_client.get(named).send().await.is_ok());
    // A client that does not trust the authority does not get in, and neither does plain http.
    assert!(http().get(url).send().await.is_err());
    assert!(http().get(url.replace("https:", "http:")).send().await.is_err());
    let file = client.emulator.ca_file().unwrap().to_owned();
    client.emulator.stop().await;
    assert!(!file.exists());
}

#[tokio::test]
async fn the_same_folder_is_the_same_authority() {
    let folder = tempfile::tempdir().unwrap();
    let first = Emulator::start(options(Some(folder.path()))).await.unwrap();
    let trusting_client = trusting(first.ca_file().unwrap());
    assert!(trusting_client.get(first.https_url().unwrap()).send().await.is_ok());
    first.stop().await;
    let second = Emulator::start(options(Some(folder.path()))).await.unwrap();
    assert!(trusting_client.get(second.https_url().unwrap()).send().await.is_ok());
    assert_eq!(second.ca_file().unwrap(), folder.path().join("ca.pem"));
    let key = std::fs::metadata(folder.path().join("ca-key.pem")).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&key.permissions()) & 0o777, 0o600);
    std::fs::write(folder.path().join("ca-key.pem"), "nonsense").unwrap();
    second.stop().await;
    let error = Emulator::start(options(Some(folder.path()))).await.unwrap_err();
    assert!(error.to_string().contains("remove ca.pem"), "{error}");
}

#[tokio::test]
async fn silent_clients_do_not_block_shutdown() {
    let emulator = Emulator::start(options(None)).await.unwrap();
    let address = emulator.https_url().unwrap().strip_prefix("https://").unwrap().to_owned();
    let silent = tokio::net::TcpStream::connect(address).await.unwrap();
    emulator.stop().await;
    drop(silent);
}
