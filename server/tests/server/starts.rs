//! Starts that must not succeed, each with a sentence and the right exit code; and what may never be seen.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
    process::Stdio,
};

use crate::studio::{Studio, TestFolder, as_other_user, command, refused, run, until};

#[track_caller]
fn says(output: &str, pieces: &[&str]) {
    for piece in pieces {
        assert!(output.contains(piece), "no {piece:?} in:\n{output}");
    }
}

#[test]
fn wrong_settings_are_all_told_at_once() {
    let settings = [
        ("STUDIO_ADDR", "everywhere"),
        ("STUDIO_TZ", "Mars"),
        ("STUDIO_DEM", "on"),
        ("DATAVERSE_CLIENT_ID", "app"),
        ("DATAVERSE_CLIENT_SECRET", "planted-secret"),
    ];
    let (code, said) = refused(&TestFolder::new(), &settings);
    assert_eq!(code, Some(2));
    says(
        &said,
        &[
            "STUDIO_ADDR must be an address and a port",
            "STUDIO_TZ",
            "STUDIO_DEM is not a setting; did you mean STUDIO_DEMO?",
            "DATAVERSE_URL",
        ],
    );
    assert!(!said.contains("planted-secret"), "{said}");
}

#[test]
fn settings_files_are_read_and_checked() {
    let folder = TestFolder::new();
    fs::write(folder.path().join("studio.toml"), "STUDIO_TZ = \"Mars\"\nSTUDIO_COLOUR = 7\n").unwrap();
    let (code, said) = refused(&folder, &[]);
    assert_eq!(code, Some(2));
    says(&said, &["STUDIO_TZ", "STUDIO_COLOUR is not a setting"]);
}

#[test]
fn files_without_authorities_are_told() {
    let folder = TestFolder::new();
    let file = folder.path().join("authorities.pem");
    fs::write(&file, "none").unwrap();
    let settings = [
        ("DATAVERSE_URL", "https://contoso.crm.dynamics.com"),
        ("DATAVERSE_TENANT_ID", "t"),
        ("DATAVERSE_CLIENT_ID", "c"),
        ("DATAVERSE_CLIENT_SECRET", "s"),
        ("DATAVERSE_CA_FILE", file.to_str().unwrap()),
    ];
    let (code, said) = refused(&folder, &settings);
    assert_eq!(code, Some(2));
    says(&said, &["DATAVERSE_CA_FILE names a file without a certificate"]);
}

#[test]
fn wrong_usage_is_told() {
    for arguments in [["dance"].as_slice(), &["emulate"], &["serve", "--fast"]] {
        let output = command(&TestFolder::new(), &[]).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty());
    }
    for arguments in ["--help", "--version"] {
        let output = command(&TestFolder::new(), &[("STUDIO_TZ", "Mars")]).arg(arguments).output().unwrap();
        assert!(output.status.success() && !output.stdout.is_empty(), "{arguments}");
    }
}

#[tokio::test]
async fn the_version_is_the_same_everywhere() {
    let output = command(&TestFolder::new(), &[]).arg("--version").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let version = said.trim().strip_prefix("studio ").unwrap();
    assert!(version.starts_with(env!("CARGO_PKG_VERSION")), "{version}");
    let studio = Studio::with(&[("USE_DATAVERSE", "false")]);
    let first = studio.folder.log().lines().next().unwrap().to_owned();
    says(&first, &[&format!("{version}\""), "starting"]);
    let figures = studio.get("/metrics").await.text().await.unwrap();
    says(&figures, &[&format!("studio_build_info{{version=\"{version}\"}} 1")]);
    let page = studio.get("/pipeline").await.text().await.unwrap();
    says(&page, &[&format!(">Studio Metrics {version}</p>")]);
}

#[tokio::test]
async fn a_port_that_is_taken_is_told() {
    let studio = Studio::start();
    let address = studio.url.trim_start_matches("http://").to_owned();
    let (code, said) = refused(&TestFolder::new(), &[("STUDIO_ADDR", &address)]);
    assert_eq!(code, Some(1));
    says(&said, &[&address, "STUDIO_ADDR"]);
    assert_eq!(said.trim().lines().filter(|line| line.starts_with("studio: ")).count(), 1, "{said}");
}

#[tokio::test]
async fn busy_folders_are_told() {
    let studio = Studio::start();
    let data = studio.folder.data();
    let (code, said) = refused(&TestFolder::new(), &[("STUDIO_DATA", data.to_str().unwrap())]);
    assert_eq!(code, Some(1));
    says(&said, &["in use", "STUDIO_DATA"]);
    assert_eq!(studio.post(&run("c", "r")).await.status(), 201, "the first server goes on");
}

#[test]
fn impossible_folders_are_told() {
    let folder = TestFolder::new();
    fs::write(folder.data(), "a file stands in the way").unwrap();
    let (code, said) = refused(&folder, &[]);
    assert_eq!(code, Some(1));
    says(&said, &["data folder", "STUDIO_DATA"]);
}

#[tokio::test]
async fn the_data_folder_is_closed_to_others() {
    let studio = Studio::start();
    let mode = fs::metadata(studio.folder.data()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[tokio::test]
async fn our_files_in_shared_folders_are_private() {
    let folder = TestFolder::new();
    let data = folder.data();
    fs::create_dir(&data).unwrap();
    fs::set_permissions(&data, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(data.join("letter.txt"), "").unwrap();
    let studio = Studio::within(folder, &[]);
    let mode = |name: &str| fs::metadata(data.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("."), mode("letter.txt") & 0o600), (0o755, 0o600));
    for (name, expect) in
        [("ledger.sqlite", 0o600), ("emulator", 0o700), ("emulator/organisation.sqlite", 0o600)]
    {
        assert_eq!(mode(name), expect, "{name}");
    }
    drop(studio);
}

/// A secret is put where a person would put it, and looked for wherever a person could find it.
#[tokio::test]
async fn a_planted_secret_is_found_nowhere() {
    const SECRET: &str = "planted-secret-7Qx";
    let settings = [
        // Nothing listens there: every try fails, and is logged.
        ("DATAVERSE_URL", "http://127.0.0.1:9"),
        ("AZURE_AUTHORITY_HOST", "http://127.0.0.1:9"),
        ("DATAVERSE_TENANT_ID", "t"),
        ("DATAVERSE_CLIENT_ID", "app"),
        ("DATAVERSE_CLIENT_SECRET", SECRET),
        ("STUDIO_LOG", "trace"),
    ];
    let studio = Studio::with(&settings);
    studio.stored(&run("c", "r")).await;
    until("a word about the organisation that does not answer", async || {
        (studio.json("/api/pipeline").await["state"] == "stopped").then_some(())
    })
    .await;
    for path in [
        "/",
        "/pipeline",
        "/api/pipeline",
        "/api/metrics/recent",
        "/metrics",
        "/api/openapi.json",
        "/nothing",
        "/api/panel?range=live&tile=cost",
    ] {
        let answer = studio.get(path).await;
        assert!(!format!("{:?}", answer.headers()).contains(SECRET), "{path}");
        let body = answer.bytes().await.unwrap();
        assert!(!body.windows(SECRET.len()).any(|part| part == SECRET.as_bytes()), "{path}");
    }
    let (status, _, printed, folder) = studio.terminate();
    assert!(status.success());
    assert!(!printed.contains(SECRET) && !folder.log().contains(SECRET));
    assert!(folder.log().contains("Dataverse"), "the log says something: {}", folder.log());
}

#[tokio::test]
async fn the_emulator_runs_alone() {
    let mut process = command(&TestFolder::new(), &[])
        .args(["emulate", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(process.stdout.take().unwrap()), &mut line)
        .unwrap();
    let ready: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        ready["tokenUrl"],
        format!(
            "{}/{}/oauth2/v2.0/token",
            ready["url"].as_str().unwrap(),
            ready["tenantId"].as_str().unwrap()
        )
    );
    let token = crate::studio::client()
        .post(ready["tokenUrl"].as_str().unwrap())
        .form(&[
            ("grant_type", "client_credentials"),
            ("client_id", ready["clientId"].as_str().unwrap()),
            ("client_secret", ready["clientSecret"].as_str().unwrap()),
            ("scope", &format!("{}/.default", ready["url"].as_str().unwrap())),
        ])
        .send()
        .await
        .unwrap();
    assert_eq!(token.status(), 200);
    crate::studio::signal(process.id(), "TERM");
    assert!(process.wait().unwrap().success());
}

/// As a container's user meets a volume of root's, which its group may write to: with what a new file system holds, or empty.
#[test]
fn group_writable_volumes_work() {
    const USER: u32 = 65_534;
    if fs::metadata("/proc/self").unwrap().uid() != 0 {
        eprintln!("NOT CHECKED: only root can give a folder to another group");
        return;
    }
    for inside in [Some("lost+found"), None] {
        let mut folder = TestFolder::new();
        fs::create_dir(folder.data()).unwrap();
        inside.iter().for_each(|name| fs::create_dir(folder.data().join(name)).unwrap());
        chown(folder.data(), Some(0), Some(USER)).unwrap();
        fs::set_permissions(folder.data(), fs::Permissions::from_mode(0o2775)).unwrap();
        for _ in 0..2 {
            let command = as_other_user(&folder, &[], USER);
            (.., folder) = Studio::of(command, folder).terminate();
        }
        let mode = fs::metadata(folder.data().join("ledger.sqlite")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
