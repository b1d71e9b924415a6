//! The commands that meet a real organisation: provisioning, checking, and credentials that change under a server.

use std::{fs, path::PathBuf};

use dataverse::{ChoiceOption, Client, ColumnDefinition, ColumnKind, Query, TableDefinition};
use emulator::{Disturbance, Emulator, FaultEffect, Options, Registration};
use serde_json::json;

use crate::{
    reach::{self, borrowed},
    studio::{Studio, TestFolder, command, run, until},
};

/// An organisation, and what a server has to be told to reach it.
struct ReachableOrganisation {
    emulator: Emulator,
    folder: TestFolder,
}

impl ReachableOrganisation {
    async fn found() -> Self {
        Self { emulator: Emulator::start(Options::default()).await.unwrap(), folder: TestFolder::new() }
    }

    fn settings(&self) -> Vec<(&'static str, String)> {
        reach::settings(&self.emulator)
    }

    fn with(&self, more: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
        let kept = |name: &str| !more.iter().any(|(other, _)| *other == name);
        let mut settings: Vec<_> = self.settings().into_iter().filter(|(name, _)| kept(name)).collect();
        settings.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
        settings
    }

    /// Exit code and everything said.
    async fn studio(&self, arguments: &[&str], settings: &[(&'static str, String)]) -> (Option<i32>, String) {
        let mut command = command(&self.folder, &borrowed(settings));
        command.args(arguments);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let said = [output.stdout, output.stderr].map(|part| String::from_utf8(part).unwrap()).concat();
        (output.status.code(), said)
    }

    fn client(&self) -> Client {
        reach::client(&self.emulator)
    }
}

#[tokio::test]
async fn provisioning_is_idempotent_and_said() {
    let organisation = ReachableOrganisation::found().await;
    let settings = organisation.settings();
    let (code, planned) = organisation.studio(&["provision", "--dry-run"], &settings).await;
    assert_eq!(code, Some(0), "{planned}");
    let (code, made) = organisation.studio(&["provision"], &settings).await;
    assert_eq!(code, Some(0), "{made}");
    assert_eq!(planned.replace("would make ", "made "), made, "what is said beforehand is what is done");
    for part in [
        "publisher of the prefix apex_",
        "solution StudioMetrics",
        "table apex_campaignmetrics",
        "table apex_telemetryevent",
        "table apex_kpicounter",
        "table apex_agentmetric",
        "table apex_campaign ",
        "table apex_tenant ",
        "table apex_user ",
        "lookup apex_tenantid of apex_campaignmetrics",
        "lookup apex_userid of apex_telemetryevent",
        "role Studio Metrics reader",
        "role Studio Metrics writer",
    ] {
        assert!(made.contains(part), "{part} in\n{made}");
    }
    let (code, again) = organisation.studio(&["provision"], &settings).await;
    assert_eq!((code, again.trim()), (Some(0), "everything stands already"));
    let table = organisation.client().metadata().table("apex_telemetryevent").await.unwrap().unwrap();
    assert!(table.change_tracking);
    assert_eq!(table.entity_set_name, "apex_telemetry_events");
    assert_eq!(table.column("apex_severity").unwrap().option("warn"), Some(100_000_002));
}

#[tokio::test]
async fn existing_tables_are_completed() {
    let organisation = ReachableOrganisation::found().await;
    let client = organisation.client();
    let column = ColumnDefinition::new;
    let severity =
        ColumnKind::Choice(vec![ChoiceOption::new(7, "Warn"), ChoiceOption::new(100_000_000, "Other")]);
    let standing = TableDefinition::new("apex_telemetryevent", "Event", "Events", "apex_name")
        .entity_set("apex_telemetry_events")
        .column(column("apex_Severity", "Severity", severity))
        .column(column("apex_Own", "Theirs", ColumnKind::Text { max_length: 10 }));
    client.metadata().create_table(&standing).await.unwrap();
    let (code, made) = organisation.studio(&["provision"], &organisation.settings()).await;
    assert_eq!(code, Some(0), "{made}");
    for part in [
        "made column apex_payload of apex_telemetryevent",
        "made option debug (100000001) of apex_severity",
        "made change tracking of apex_telemetryevent",
    ] {
        assert!(made.contains(part), "{part} in\n{made}");
    }
    let table = client.metadata().table("apex_telemetryevent").await.unwrap().unwrap();
    assert_eq!(table.column("apex_severity").unwrap().option("warn"), Some(7));
    assert_eq!(table.column("apex_own").unwrap().max_length, Some(10));
}

#[tokio::test]
async fn clashes_are_named_before_changes() {
    let organisation = ReachableOrganisation::found().await;
    let client = organisation.client();
    let runs = TableDefinition::new("apex_campaignmetrics", "Run", "Runs", "apex_name")
        .column(ColumnDefinition::new("apex_costusd", "Cost", ColumnKind::Text { max_length: 10 }));
    client.metadata().create_table(&runs).await.unwrap();
    for arguments in [["provision"].as_slice(), &["provision", "--dry-run"]] {
        let (code, said) = organisation.studio(arguments, &organisation.settings()).await;
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("apex_campaignmetrics: `apex_costusd` is String, not Decimal"), "{said}");
    }
    assert!(client.metadata().table("apex_campaign").await.unwrap().is_none());
}

#[tokio::test]
async fn checks_try_each_step_and_clean_up() {
    let organisation = ReachableOrganisation::found().await;
    let (code, said) = organisation.studio(&["check"], &organisation.settings()).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("✓ Application") && said.contains("✗ Tables"), "{said}");
    assert!(said.contains("run `studio provision`") && !said.contains("Write"), "{said}");
    organisation.studio(&["provision"], &organisation.settings()).await;
    let (code, said) = organisation.studio(&["check"], &organisation.settings()).await;
    assert_eq!(code, Some(0), "{said}");
    for step in ["✓ Token", "✓ Application", "✓ Tables", "✓ Write", "✓ Read-back", "✓ Delete"] {
        assert!(said.contains(step), "{step} in\n{said}");
    }
    assert!(!said.contains(organisation.emulator.client_secret()));
    let campaigns = organisation.client().query(Query::of("apex_campaigns")).all().await.unwrap();
    assert!(campaigns.is_empty(), "{campaigns:?}");
}

#[tokio::test]
async fn failed_checks_say_what_to_do() {
    let organisation = ReachableOrganisation::found().await;
    let cases: &[(&'static str, &str, &str)] = &[
        ("DATAVERSE_CLIENT_SECRET", "wrong", "copy the secret's value, not its id"),
        ("DATAVERSE_CLIENT_ID", "00000000-0000-0000-0000-00000000dead", "not known in this tenant"),
        ("DATAVERSE_TENANT_ID", "00000000-0000-0000-0000-00000000dead", "check the tenant id"),
        ("DATAVERSE_URL", "http://127.0.0.1:9", "cannot connect"),
    ];
    for (name, value, part) in cases {
        let (code, said) = organisation.studio(&["check"], &organisation.with(&[(name, value)])).await;
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains('✗') && said.contains(part), "{part} in\n{said}");
    }
}

/// Registers an application with these roles, and says how a server signs in as it.
async fn applicant(
    organisation: &ReachableOrganisation,
    registration: Registration,
) -> Vec<(&'static str, String)> {
    let registered = organisation.emulator.register(registration).await.unwrap();
    let mut settings = organisation.with(&[("DATAVERSE_CLIENT_ID", &registered.client_id)]);
    settings.retain(|(name, _)| *name != "DATAVERSE_CLIENT_SECRET");
    settings.extend(registered.client_secret.map(|secret| ("DATAVERSE_CLIENT_SECRET", secret)));
    settings
}

fn with_roles(roles: Option<&[&str]>) -> Registration {
    let roles = roles.map(|roles| roles.iter().map(|role| (*role).to_owned()).collect());
    Registration { name: "Studio Metrics".to_owned(), roles, ..Registration::default() }
}

#[tokio::test]
async fn the_writer_role_is_enough() {
    let organisation = ReachableOrganisation::found().await;
    organisation.studio(&["provision"], &organisation.settings()).await;
    let writer = applicant(&organisation, with_roles(Some(&["Studio Metrics writer"]))).await;
    let (code, said) = organisation.studio(&["check"], &writer).await;
    assert_eq!(code, Some(0), "{said}");
    let studio = Studio::with(&borrowed(&writer));
    let id = studio.stored(&run("c", "r")).await;
    let withdrawn = studio.stored(&run("c", "other")).await;
    studio.request("DELETE", &format!("/api/metrics/campaign/{withdrawn}")).send().await.unwrap();
    until("one run in Dataverse and the other gone", async || {
        let runs = organisation.client().query(Query::of("apex_campaignmetricses")).all().await.unwrap();
        (runs.len() == 1 && runs[0]["apex_campaignmetricsid"] == id.as_str()).then_some(())
    })
    .await;
}

#[tokio::test]
async fn missing_rights_are_named() {
    let organisation = ReachableOrganisation::found().await;
    organisation.studio(&["provision"], &organisation.settings()).await;
    let cases = [
        (with_roles(None), "✗ Application", "add it as an application user"),
        (with_roles(Some(&["Studio Metrics reader"])), "✗ Write", "the privilege prv"),
    ];
    for (registration, step, part) in cases {
        let settings = applicant(&organisation, registration).await;
        let (code, said) = organisation.studio(&["check"], &settings).await;
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(step) && said.contains(part), "{part} in\n{said}");
    }
}

#[tokio::test]
async fn provisioning_names_the_role_it_needs() {
    let organisation = ReachableOrganisation::found().await;
    organisation.studio(&["provision"], &organisation.settings()).await;
    let writer = applicant(&organisation, with_roles(Some(&["Studio Metrics writer"]))).await;
    for arguments in [&["provision"][..], &["provision", "--dry-run"]] {
        let (code, said) = organisation.studio(arguments, &writer).await;
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains("needs the role System Administrator"), "{said}");
    }
}

#[tokio::test]
async fn starts_change_no_schema() {
    let organisation = ReachableOrganisation::found().await;
    let settings = organisation.settings();
    let studio = Studio::with(&borrowed(&settings));
    studio.stored(&run("c", "r")).await;
    let reason = until("what is missing is said", async || {
        studio.json("/api/pipeline").await["reason"].as_str().map(str::to_owned)
    })
    .await;
    assert!(reason.contains("things are missing there") && reason.contains("`studio provision`"), "{reason}");
    assert!(organisation.client().metadata().table("apex_campaignmetrics").await.unwrap().is_none());
    organisation.studio(&["provision"], &settings).await;
    until("it goes on by itself", async || {
        (studio.json("/api/pipeline").await["balance"][0]["delivered"] == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_certificate_signs_the_server_in() {
    let organisation = ReachableOrganisation::found().await;
    organisation.studio(&["provision"], &organisation.settings()).await;
    let pem = concat!(env!("CARGO_MANIFEST_DIR"), "/dataverse/src/credential/certificate/test.pem");
    let certificate = fs::read_to_string(pem).unwrap();
    let public = certificate.split_inclusive("-----END CERTIFICATE-----").next().map(str::to_owned);
    let registration = Registration { certificate: public, ..with_roles(Some(&["Studio Metrics writer"])) };
    let mut settings = applicant(&organisation, registration).await;
    settings.push(("DATAVERSE_CLIENT_CERTIFICATE_PATH", pem.to_owned()));
    let (code, said) = organisation.studio(&["check"], &settings).await;
    assert_eq!(code, Some(0), "{said}");
    // One that is not registered signs as well, and is told apart.
    let stranger = applicant(&organisation, with_roles(Some(&["Studio Metrics writer"]))).await;
    let mut settings: Vec<_> =
        stranger.into_iter().filter(|(name, _)| *name != "DATAVERSE_CLIENT_SECRET").collect();
    settings.push(("DATAVERSE_CLIENT_CERTIFICATE_PATH", pem.to_owned()));
    let (code, said) = organisation.studio(&["check"], &settings).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("✗ Token") && said.contains("upload its public half"), "{said}");
}

#[tokio::test]
async fn private_authorities_are_trusted_when_given() {
    let https = Some("127.0.0.1:0".parse().unwrap());
    let emulator = Emulator::start(Options { https, ..Options::default() }).await.unwrap();
    let organisation = ReachableOrganisation { emulator, folder: TestFolder::new() };
    let url = organisation.emulator.https_url().unwrap().to_owned();
    let secured = [("DATAVERSE_URL", url.as_str()), ("AZURE_AUTHORITY_HOST", url.as_str())];
    let (code, said) = organisation.studio(&["check"], &organisation.with(&secured)).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("✗ Token") && said.contains("certificate"), "{said}");
    let authority = organisation.emulator.ca_file().unwrap().to_str().unwrap().to_owned();
    let trusted = [secured[0], secured[1], ("DATAVERSE_CA_FILE", authority.as_str())];
    let (code, said) = organisation.studio(&["provision"], &organisation.with(&trusted)).await;
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = organisation.studio(&["check"], &organisation.with(&trusted)).await;
    assert_eq!(code, Some(0), "{said}");
}

/// The answer to the write is lost, so it is not known whether the row is there: it is looked for, and gone.
#[tokio::test]
async fn checks_delete_uncertain_writes() {
    let organisation = ReachableOrganisation::found().await;
    organisation.studio(&["provision"], &organisation.settings()).await;
    organisation.emulator.disturb(Disturbance {
        effect: FaultEffect::CutAfter,
        method: Some("PATCH".to_owned()),
        ..Disturbance::default()
    });
    let (code, said) = organisation.studio(&["check"], &organisation.settings()).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("✗ Write") && said.contains("✓ Delete"), "{said}");
    let campaigns = organisation.client().query(Query::of("apex_campaigns")).all().await.unwrap();
    assert!(campaigns.is_empty(), "{campaigns:?}");
}

#[tokio::test]
async fn expiring_secrets_are_warned_of() {
    let organisation = ReachableOrganisation::found().await;
    organisation.studio(&["provision"], &organisation.settings()).await;
    let settings = organisation.with(&[("STUDIO_SECRET_EXPIRES", "2020-01-31")]);
    let (code, said) = organisation.studio(&["check"], &settings).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("ended on 2020-01-31"), "{said}");
    let studio = Studio::with(&borrowed(&settings));
    let warnings = studio.json("/api/pipeline").await["warnings"].to_string();
    assert!(warnings.contains("ended on 2020-01-31"), "{warnings}");
    assert!(studio.get("/pipeline").await.text().await.unwrap().contains("ended on 2020-01-31"));
}

#[tokio::test]
async fn new_secrets_need_no_restart() {
    let organisation = ReachableOrganisation::found().await;
    organisation.studio(&["provision"], &organisation.settings()).await;
    let file: PathBuf = organisation.folder.path().join("secret");
    fs::write(&file, "not yet the right one\n").unwrap();
    let mut settings = organisation.with(&[("DATAVERSE_CLIENT_SECRET_FILE", file.to_str().unwrap())]);
    settings.retain(|(name, _)| *name != "DATAVERSE_CLIENT_SECRET");
    let studio = Studio::with(&borrowed(&settings));
    studio.stored(&run("c", "r")).await;
    until("a word about the secret", async || {
        let reason = studio.json("/api/pipeline").await["reason"].to_string();
        reason.contains("secret is wrong").then_some(())
    })
    .await;
    fs::write(&file, organisation.emulator.client_secret()).unwrap();
    until("the run in Dataverse", async || {
        (studio.json("/api/pipeline").await["balance"][0]["delivered"] == 1).then_some(())
    })
    .await;
}

#[tokio::test]
async fn one_token_serves_many_requests() {
    let organisation = ReachableOrganisation::found().await;
    organisation.studio(&["provision"], &organisation.settings()).await;
    let studio = Studio::with(&borrowed(&organisation.settings()));
    for batch in 0..40 {
        let runs: Vec<_> = (0..5).map(|number| run("c", &format!("{batch}-{number}"))).collect();
        assert_eq!(studio.post(&json!(runs)).await.status(), 200);
    }
    let cache = until("all runs in Dataverse", async || {
        let pipeline = studio.json("/api/pipeline").await;
        (pipeline["balance"][0]["delivered"] == 200).then(|| pipeline["tokenCache"].clone())
    })
    .await;
    assert_eq!((&cache["fetches"], &cache["misses"]), (&json!(1), &json!(1)), "{cache}");
}
