//! What is there before a block is typed, by the names that documents give it. What the documents call by an address of
//! their own is put in its place here, and nowhere else.

use std::{
    fs,
    path::Path,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};

use emulator::{Emulator, Options};
use sqlx::{AssertSqlSafe, ConnectOptions as _, postgres::PgConnectOptions};

use super::top;
use crate::{
    cluster::Cluster,
    imports::old_table,
    reach,
    studio::{Studio, TestFolder, run},
};

/// What documents say, where the scene has something else there.
const STUDIO: &str = "127.0.0.1:3000";
const EMULATOR: &str = "127.0.0.1:8085";
const DATABASE: &str = "postgres://studio:password@db.example.com/metrics";
const ORGANISATION: &str = "https://contoso.crm.dynamics.com";
/// Folders at the root, which lie in the scene's folder.
const ROOTS: [&str; 2] = ["/var/", "/etc/"];

pub struct DocumentScene {
    pub folder: TestFolder,
    pub settings: Vec<(String, String)>,
    replaced: Vec<(String, String)>,
    database: Option<String>,
    _server: Option<Studio>,
    _emulator: Option<Emulator>,
}

impl DocumentScene {
    /// A folder with the documents in it, and what is named.
    pub async fn set(names: &[String]) -> Self {
        let folder = TestFolder::new();
        copy(&top().join("docs"), &folder.path().join("docs"));
        let root = folder.path().display().to_string();
        let replaced = ROOTS.iter().map(|place| ((*place).to_owned(), format!("{root}{place}")));
        let mut scene = Self {
            replaced: replaced.chain([(EMULATOR.to_owned(), "127.0.0.1:0".to_owned())]).collect(),
            // Another port than the default, which may be taken.
            settings: vec![("STUDIO_ADDR".to_owned(), "127.0.0.1:0".to_owned())],
            folder,
            database: None,
            _server: None,
            _emulator: None,
        };
        for name in names {
            scene.bring(name).await;
        }
        scene
    }

    /// The text with the scene's own addresses in it.
    pub fn placed(&self, text: &str) -> String {
        let replace = |text: String, (printed, own): &(String, String)| text.replace(printed, own);
        self.replaced.iter().fold(text.to_owned(), replace)
    }

    pub async fn clear(self) {
        let Some(database) = self.database else { return };
        run_sql(&Cluster::here().address(), &format!("DROP DATABASE {database} WITH (FORCE)")).await;
        run_sql(&Cluster::here().address(), "DROP ROLE IF EXISTS studio_flow").await;
    }

    async fn bring(&mut self, name: &str) {
        match name {
            "a server" => {
                let server = Studio::start();
                self.replaced.push((STUDIO.to_owned(), server.url.trim_start_matches("http://").to_owned()));
                self._server = Some(server);
            }
            "an organisation" => self.bring_organisation(Emulator::start(Options::default()).await.unwrap()),
            "an organisation with its tables" => {
                self.bring_organisation(reach::provisioned(Options::default()).await);
            }
            "a ledger" => {
                self.tell("USE_DATAVERSE", "false");
                fill(&self.folder.path().join("data")).await;
            }
            "a ledger in /var/lib/studio" => {
                self.tell("USE_DATAVERSE", "false");
                fill(&self.folder.path().join("var/lib/studio")).await;
            }
            "a database" => drop(self.bring_database().await),
            "a ledger in a database" => self.bring_ledger_in_database(&[]).await,
            "a ledger in its schema metrics" => {
                self.tell("STUDIO_SCHEMA", "metrics");
                self.bring_ledger_in_database(&[("STUDIO_SCHEMA", "metrics")]).await;
            }
            "tables of runs in a database" => {
                self.tell("USE_DATAVERSE", "false");
                let address = self.bring_database().await;
                self.tell("DATABASE_URL", &address);
                run_sql(&address, &old_table("public.campaign_metrics", 20)).await;
                run_sql(&address, "CREATE SCHEMA reporting").await;
                run_sql(&address, &old_table("reporting.runs", 30)).await;
            }
            other => panic!("no scene has {other:?}"),
        }
    }

    fn tell(&mut self, name: &str, value: &str) {
        self.settings.push((name.to_owned(), value.to_owned()));
    }

    fn bring_organisation(&mut self, emulator: Emulator) {
        for (name, value) in reach::settings(&emulator) {
            self.tell(name, &value);
        }
        self.replaced.push((ORGANISATION.to_owned(), emulator.url().to_owned()));
        self._emulator = Some(emulator);
    }

    async fn bring_database(&mut self) -> String {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let database = format!("documents_{}", MADE.fetch_add(1, Relaxed));
        let cluster = Cluster::here().address();
        run_sql(&cluster, &format!("CREATE DATABASE {database} ENCODING 'UTF8' TEMPLATE template0")).await;
        let address = cluster.replace("/postgres?", &format!("/{database}?"));
        self.replaced.push((DATABASE.to_owned(), address.clone()));
        self.database = Some(database);
        address
    }

    async fn bring_ledger_in_database(&mut self, settings: &[(&str, &str)]) {
        let address = self.bring_database().await;
        self.tell("DATABASE_URL", &address);
        let settings = [settings, &[("DATABASE_URL", address.as_str()), ("USE_DATAVERSE", "false")]].concat();
        let studio = Studio::with(&settings);
        studio.stored(&run("c", "r")).await;
        studio.terminate();
    }
}

/// A ledger whose server has ended.
async fn fill(data: &Path) {
    fs::create_dir_all(data.parent().unwrap()).unwrap();
    let studio = Studio::with(&[("STUDIO_DATA", data.to_str().unwrap()), ("USE_DATAVERSE", "false")]);
    studio.stored(&run("c", "r")).await;
    studio.terminate();
}

async fn run_sql(address: &str, sql: &str) {
    let options: PgConnectOptions = address.parse().unwrap();
    let mut connection = options.disable_statement_logging().connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (file, target) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if file.is_dir() {
            copy(&file, &target);
        } else {
            fs::copy(file, target).unwrap();
        }
    }
}
