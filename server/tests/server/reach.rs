//! What a server, or a client, has to be told to reach an emulator.

use dataverse::Client;
use emulator::{Emulator, Options};
use model::record::KINDS;
use pipeline::{Mapping, NamesByKind, ProvisionScope};

/// An organisation as `studio provision` leaves it.
pub async fn provisioned(options: Options) -> Emulator {
    let emulator = Emulator::start(options).await.unwrap();
    let mapping = Mapping::named(KINDS, &NamesByKind::default());
    let made =
        pipeline::provision(&client(&emulator), &mapping, &[], ProvisionScope::Everything, &mut |_| ()).await;
    made.unwrap();
    emulator
}

/// As its own application, over http.
pub fn settings(emulator: &Emulator) -> Vec<(&'static str, String)> {
    vec![
        ("DATAVERSE_URL", emulator.url().to_owned()),
        ("AZURE_AUTHORITY_HOST", emulator.url().to_owned()),
        ("DATAVERSE_TENANT_ID", emulator.tenant_id().to_owned()),
        ("DATAVERSE_CLIENT_ID", emulator.client_id().to_owned()),
        ("DATAVERSE_CLIENT_SECRET", emulator.client_secret().to_owned()),
    ]
}

/// As a process is told them.
pub fn borrowed<'a>(settings: &'a [(&'static str, String)]) -> Vec<(&'static str, &'a str)> {
    settings.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

pub fn client(emulator: &Emulator) -> Client {
    let settings = dataverse::Settings::new(
        emulator.url(),
        emulator.token_url(),
        emulator.client_id(),
        emulator.client_secret(),
    );
    Client::new(settings).unwrap()
}
