//! Every way to set the server up, and every mistake.

use dataverse::Credential;

use super::*;

const REAL: [(&str, &str); 4] = [
    ("DATAVERSE_URL", "https://contoso.crm.dynamics.com/"),
    ("DATAVERSE_TENANT_ID", "72f988bf-86f1-41af-91ab-2d7cd011db47"),
    ("DATAVERSE_CLIENT_ID", "app"),
    ("DATAVERSE_CLIENT_SECRET", "hunter2"),
];

fn with(extra: &[(&'static str, &'static str)]) -> Vec<(&'static str, &'static str)> {
    REAL.iter()
        .filter(|(name, _)| !extra.iter().any(|(other, _)| other == name))
        .chain(extra)
        .copied()
        .collect()
}

#[track_caller]
fn read(environment: &[(&str, &str)], file: &str) -> Settings {
    Settings::read(&Sources::of(environment, file)).unwrap()
}

/// Each expected mistake is a setting's name and a piece of its sentence.
#[track_caller]
fn refused(environment: &[(&str, &str)], file: &str, expect: &[(&str, &str)]) {
    let mistakes = Settings::read(&Sources::of(environment, file)).unwrap_err().0;
    let found: Vec<&str> = mistakes.iter().map(|mistake| mistake.setting.as_str()).collect();
    let names: Vec<&str> = expect.iter().map(|(name, _)| *name).collect();
    assert_eq!(found, names, "{mistakes:#?}");
    for (mistake, (_, piece)) in mistakes.iter().zip(expect) {
        assert!(mistake.sentence.contains(piece), "{mistake:?} should say {piece:?}");
        assert!(!mistake.sentence.contains("hunter2"), "{mistake:?} repeats a secret");
    }
}

#[test]
fn nothing_set_is_the_embedded_way() {
    let settings = read(&[], "");
    assert!(matches!(settings.way, Mode::Embedded));
    assert_eq!(settings.listen.to_string(), "127.0.0.1:3000");
    assert_eq!(settings.demo, Some(DemoSettings { seed: 7 }));
    assert_eq!(settings.zone, Zone::utc());
    assert!(settings.beacon && !read(&[("STUDIO_BEACON", "off")], "").beacon);
}

#[test]
fn budgets_are_amounts_in_dollars() {
    let budget = |file: &str| read(&[], file).cost_budget_e5;
    assert_eq!(budget(""), None);
    assert_eq!(budget("STUDIO_COST_BUDGET = 450"), Some(45_000_000));
    assert_eq!(budget("STUDIO_COST_BUDGET = 0.25"), Some(25_000));
    assert_eq!(read(&[("STUDIO_COST_BUDGET", "450.50")], "").cost_budget_e5, Some(45_050_000));
    for wrong in ["0", "-1", "$450", "4,5", "all"] {
        refused(&[("STUDIO_COST_BUDGET", wrong)], "", &[("STUDIO_COST_BUDGET", "450.50")]);
    }
}

#[test]
fn demo_and_trial_have_own_folders() {
    let folder = |settings: &[(&str, &str)]| read(settings, "").data.display().to_string();
    assert_eq!(folder(&[]), "data/demo");
    assert_eq!(folder(&[("STUDIO_DEMO", "off")]), "data/trial");
    assert_eq!(folder(&REAL), "data");
    assert_eq!(folder(&[("USE_DATAVERSE", "false")]), "data");
    assert_eq!(folder(&[("STUDIO_DATA", "elsewhere")]), "elsewhere");
}

#[test]
fn the_environment_goes_before_the_file() {
    let file = "STUDIO_ADDR = \"127.0.0.1:1\"\nSTUDIO_DEMO = false\nSTUDIO_DEMO_SEED = 9";
    let settings = read(&[("STUDIO_ADDR", "localhost:0"), ("STUDIO_TZ", "Europe/Berlin")], file);
    assert_eq!(settings.listen.to_string(), "127.0.0.1:0");
    assert_eq!(settings.demo, None);
    assert_eq!(settings.zone.name(), "Europe/Berlin");
}

#[test]
fn empty_counts_as_not_set() {
    let settings = read(&[("STUDIO_ADDR", ""), ("DATAVERSE_URL", " ")], "");
    assert!(matches!(settings.way, Mode::Embedded));
}

#[test]
fn an_address_begins_the_connected_way() {
    let settings = read(&REAL, "");
    let Mode::Connected(organisation) = &settings.way else { panic!("{:?}", settings.way) };
    assert_eq!(organisation.address, "https://contoso.crm.dynamics.com");
    assert_eq!(
        organisation.token_url,
        "https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/oauth2/v2.0/token"
    );
    assert_eq!(settings.demo, None);
    assert!(!format!("{settings:?}").contains("hunter2"));
}

#[test]
fn both_families_of_names_are_taken() {
    let azure = [
        ("AZURE_TENANT_ID", "t"),
        ("AZURE_CLIENT_ID", "c"),
        ("AZURE_CLIENT_SECRET", "hunter2"),
        ("DATAVERSE_RESOURCE", "http://127.0.0.1:8080"),
        ("AZURE_AUTHORITY_HOST", "http://[::1]:8080/"),
    ];
    let Mode::Connected(organisation) = read(&azure, "").way else { panic!() };
    assert_eq!(organisation.token_url, "http://[::1]:8080/t/oauth2/v2.0/token");
}

#[test]
fn certificates_and_files_replace_the_secret() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let base = [REAL[0], REAL[1], REAL[2]];
    let credential = |name: &str, path: &str| {
        let mut environment = base.to_vec();
        environment.extend([(name, path), ("STUDIO_SECRET_EXPIRES", "2027-02-19")]);
        let settings = Settings::read(&Sources::of(&environment, ""));
        settings.map(|settings| match settings.way {
            Mode::Connected(organisation) => organisation,
            other => panic!("{other:?}"),
        })
    };
    let secret = credential("DATAVERSE_CLIENT_SECRET_FILE", &put("secret", b" hunter2\n")).unwrap();
    assert!(matches!(secret.credential, Credential::Secret(_)));
    assert_eq!(secret.expires.unwrap().to_string(), "2027-02-19");
    let pem = put("studio.pem", include_bytes!("../../dataverse/src/credential/certificate/test.pem"));
    for name in ["DATAVERSE_CLIENT_CERTIFICATE_PATH", "AZURE_CLIENT_CERTIFICATE_PATH"] {
        let certificate = credential(name, &pem).unwrap();
        assert!(matches!(certificate.credential, Credential::Certificate(_)));
    }
    let check = |name: &str, path: &str, part: &str| {
        let mistakes = credential(name, path).unwrap_err().to_string();
        assert!(mistakes.contains(name) && mistakes.contains(part), "{mistakes}");
    };
    check("DATAVERSE_CLIENT_SECRET_FILE", &put("empty", b"\n"), "holds no text");
    check("DATAVERSE_CLIENT_SECRET_FILE", "/nowhere/secret", "cannot be read");
    check("AZURE_CLIENT_CERTIFICATE_PATH", &put("broken.pem", b"no"), "holds no certificate");
    refused(
        &with(&[("DATAVERSE_CLIENT_SECRET_FILE", "x"), ("STUDIO_SECRET_EXPIRES", "soon")]),
        "",
        &[("DATAVERSE_CLIENT_SECRET", "keep one way"), ("STUDIO_SECRET_EXPIRES", "must be a day")],
    );
}

#[test]
fn azure_names_alone_do_no_harm() {
    let settings = read(&[("AZURE_TENANT_ID", "t"), ("AZURE_CLIENT_SECRET", "hunter2")], "");
    assert!(matches!(settings.way, Mode::Embedded));
}

#[test]
fn without_dataverse_the_relay_rests() {
    let settings = read(&with(&[("USE_DATAVERSE", "false")]), "");
    assert!(matches!(settings.way, Mode::Resting));
    assert_eq!(settings.demo, None);
}

#[test]
fn database_url_chooses_the_store() {
    let address = ("DATABASE_URL", "postgres://u:hunter2@127.0.0.1/metrics");
    assert!(matches!(read(&[], "").ledger(), ledger::StoreSettings::Folder(_)));
    for environment in [with(&[address]), vec![address, ("USE_DATAVERSE", "false")]] {
        let settings = read(&environment, "");
        let said = format!("{settings:?}");
        assert!(matches!(settings.ledger(), ledger::StoreSettings::Database(_)), "{said}");
        assert!(said.contains("metrics (schema studio)") && !said.contains("hunter2"), "{said}");
    }
    let settings = read(&with(&[address, ("STUDIO_SCHEMA", "elsewhere"), ("STUDIO_LEASE", "20")]), "");
    assert_eq!(settings.lease, std::time::Duration::from_secs(20));
    assert!(format!("{settings:?}").contains("schema elsewhere"));
}

#[test]
fn unusable_databases_are_refused() {
    let check = |address: &'static str, piece: &str| {
        refused(&with(&[("DATABASE_URL", address)]), "", &[("DATABASE_URL", piece)]);
    };
    check("sqlite:///var/lib/hunter2.db", "STUDIO_DATA");
    check("file:hunter2", "STUDIO_DATA");
    check("./data/ledger.sqlite", "STUDIO_DATA");
    check("mysql://u:hunter2@h/d", "must begin with postgres://");
    check("postgres://u:hunter2@h:x/d", "%40 for @");
    refused(&[("DATABASE_URL", "postgres://u:hunter2@h/d")], "", &[("DATABASE_URL", "USE_DATAVERSE=false")]);
}

#[test]
fn an_address_may_stand_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("address");
    std::fs::write(&path, "postgres://u:hunter2@127.0.0.1/metrics\n").unwrap();
    let path = path.to_str().unwrap().to_owned();
    let file = [("USE_DATAVERSE", "false"), ("DATABASE_URL_FILE", path.as_str())];
    assert!(matches!(read(&file, "").ledger(), ledger::StoreSettings::Database(_)));
    let both = [file[0], file[1], ("DATABASE_URL", "postgres://u@h/d")];
    refused(&both, "", &[("DATABASE_URL", "keep one of them")]);
    refused(&[file[0], ("DATABASE_URL_FILE", "/nowhere")], "", &[("DATABASE_URL_FILE", "cannot be read")]);
}

#[test]
fn orchestrators_names_stop_nothing() {
    let names = [
        ("STUDIO_URL", "http://studio:3000"),
        ("STUDIO_SPOOL", "/var/spool/studio"),
        ("STUDIO_SERVICE_HOST", "10.0.0.1"),
        ("STUDIO_SERVICE_PORT_HTTP", "3000"),
        ("STUDIO_PORT", "tcp://10.0.0.1:3000"),
        ("STUDIO_PORT_3000_TCP_ADDR", "10.0.0.1"),
        ("AZURE_SUBSCRIPTION_ID", "x"),
        ("DATABASE_USER", "x"),
    ];
    read(&names, "");
    refused(&[], "STUDIO_URL = \"x\"", &[("STUDIO_URL", "is not a setting")]);
}

#[test]
fn slips_in_shared_names_are_named() {
    refused(
        &[("DATAVERSE_ULR", "https://o.example")],
        "",
        &[("DATAVERSE_ULR", "did you mean DATAVERSE_URL?")],
    );
    refused(&[("AZURE_TENNANT_ID", "t")], "", &[("AZURE_TENNANT_ID", "did you mean AZURE_TENANT_ID?")]);
    refused(&[("DATABASE_URI", "x")], "", &[("DATABASE_URI", "did you mean DATABASE_URL?")]);
    read(&with(&[("DATAVERSE_URI", "another program's")]), "");
}

#[test]
fn a_certificates_end_is_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("studio.pem");
    std::fs::write(&path, include_bytes!("../../dataverse/src/credential/certificate/test.pem")).unwrap();
    let path = path.to_str().unwrap().to_owned();
    let certificate = [REAL[0], REAL[1], REAL[2], ("DATAVERSE_CLIENT_CERTIFICATE_PATH", path.as_str())];
    let ends = |more: Option<(&'static str, &'static str)>| {
        let settings = read(&certificate.into_iter().chain(more).collect::<Vec<_>>(), "");
        let Mode::Connected(organisation) = settings.way else { panic!() };
        organisation.expires.unwrap().to_string()
    };
    assert_eq!(ends(None), "2126-10-28");
    assert_eq!(ends(Some(("STUDIO_SECRET_EXPIRES", "2027-02-19"))), "2027-02-19");
}

#[test]
fn half_a_configuration_is_refused() {
    refused(&[("DATAVERSE_CLIENT_ID", "app")], "", &[("DATAVERSE_URL", "DATAVERSE_CLIENT_ID is set")]);
    refused(
        &[("DATAVERSE_URL", "https://o.example"), ("AZURE_CLIENT_ID", "app")],
        "",
        &[("DATAVERSE_TENANT_ID", "AZURE_TENANT_ID) is missing"), ("DATAVERSE_CLIENT_SECRET", "is missing")],
    );
    refused(
        &with(&[("DATAVERSE_URL", ""), ("USE_DATAVERSE", "true")]),
        "",
        &[("DATAVERSE_URL", "is missing")],
    );
}

#[test]
fn families_that_disagree_are_refused() {
    refused(
        &with(&[
            ("AZURE_CLIENT_SECRET", "hunter2!"),
            ("DATAVERSE_RESOURCE", "https://contoso.crm.dynamics.com"),
        ]),
        "",
        &[("DATAVERSE_CLIENT_SECRET", "and AZURE_CLIENT_SECRET have different values")],
    );
}

#[test]
fn an_open_road_for_credentials_is_refused() {
    refused(&with(&[("DATAVERSE_URL", "http://contoso.example")]), "", &[("DATAVERSE_URL", "https://")]);
    refused(
        &with(&[("DATAVERSE_URL", "https://contoso.example/x")]),
        "",
        &[("DATAVERSE_URL", "without a path")],
    );
    refused(
        &with(&[("AZURE_AUTHORITY_HOST", "http://127.0.0.1.example")]),
        "",
        &[("AZURE_AUTHORITY_HOST", "https://")],
    );
}

#[test]
fn demo_and_frozen_clock_need_embedded() {
    refused(
        &with(&[("STUDIO_DEMO", "on"), ("STUDIO_NOW", "2026-11-21T09:30:00Z")]),
        "",
        &[("STUDIO_DEMO", "real organisation"), ("STUDIO_NOW", "embedded")],
    );
}

#[test]
fn all_mistakes_are_told_at_once() {
    refused(
        &[
            ("STUDIO_ADDR", "everywhere"),
            ("STUDIO_DAT", "x"),
            ("STUDIO_SITE", "the build's own"),
            ("STUDIO_TZ", "Mars/Olympus"),
            ("STUDIO_LOG", "loud"),
            ("STUDIO_LOG_FORMAT", "xml"),
            ("STUDIO_DEMO", "maybe"),
            ("STUDIO_DEMO_SEED", "x"),
            ("STUDIO_NOW", "today"),
            ("STUDIO_PUBLIC_URL", "metrics.example.com"),
            ("DATABASE_URL", "postgres://u:hunter2@h/d"),
            ("STUDIO_SCHEMA", "pg_hunter2"),
            ("STUDIO_LEASE", "soon"),
        ],
        "[nested]\nx = 1\n",
        &[
            ("nested", "must be a text"),
            ("STUDIO_DAT", "did you mean STUDIO_DATA?"),
            ("DATABASE_URL", "needs an organisation"),
            ("STUDIO_SCHEMA", "lower-case letters"),
            ("STUDIO_DEMO", "on or off"),
            ("STUDIO_LEASE", "number of seconds"),
            ("STUDIO_ADDR", "as in 127.0.0.1:3000"),
            ("STUDIO_DEMO_SEED", "whole number"),
            ("STUDIO_TZ", "Europe/Berlin"),
            ("STUDIO_LOG", "error, warn"),
            ("STUDIO_LOG_FORMAT", "text or json"),
            ("STUDIO_PUBLIC_URL", "must be an address"),
            ("STUDIO_NOW", "must be a time"),
        ],
    );
}

#[test]
fn broken_files_are_named_without_text() {
    refused(&[], "STUDIO_ADDR = hunter2\n", &[("studio.toml", "is not TOML")]);
    refused(&[], "COLOUR = \"red\"\n", &[("COLOUR", "is not a setting")]);
}
