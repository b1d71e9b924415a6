//! Signs in to the organisation named by `DATAVERSE_URL`, `TOKEN_URL`, `CLIENT_ID` and `CLIENT_SECRET`, and prints whom it
//! takes the application for: `cargo run -p dataverse --example who_am_i`.

use dataverse::{Client, Settings};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let read = |name: &str| std::env::var(name).map_err(|_| format!("set {name}"));
    let secret = read("CLIENT_SECRET")?;
    let settings =
        Settings::new(read("DATAVERSE_URL")?, read("TOKEN_URL")?, read("CLIENT_ID")?, secret.as_str());
    println!("{:#?}", Client::new(settings)?.who_am_i().await?);
    Ok(())
}
