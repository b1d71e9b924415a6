//! `studio user`: people who may sign in are added, listed and removed, while the server runs or not.

use std::io::{self, IsTerminal as _, Read as _, Write as _};

use clap::{Args, Subcommand, ValueEnum};
use ledger::{AccessStore, Person, PersonRole};
use model::{calendar::Zone, rng::Seeded, tenant::TenantId};
use rustix::termios::{self, LocalModes, OptionalActions};
use tokio::time;

use super::{Failure, help, say};
use crate::{
    access::{HOLDS_AFTER, NewPerson, passwords, secret},
    clock, random,
    settings::{Settings, Sources},
};

const EXAMPLES: &str = "\
Examples:
  studio user add --name jana --role admin             asks for the password
  printf %s \"$PASSWORD\" | studio user add --name ben --role reader
  studio user add --name ben@example.com --role reader --no-password    a proxy says who they are
  studio user list
  studio user remove ben                               signed out on every server

From the first person on, what is read needs a sign-in, also when the last one was removed.
docs/sign-in.md says more.

Settings: where the ledger is (STUDIO_DATA, or DATABASE_URL and STUDIO_SCHEMA).
`studio --help` describes them, and the exit codes.";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct UserCommand {
    #[command(subcommand)]
    what: UserAction,
}

#[derive(Debug, Subcommand)]
enum UserAction {
    /// Adds a person, or changes role and password of one
    #[command(after_help = EXAMPLES)]
    Add(UserOptions),
    /// Lists them
    #[command(after_help = help::OF_LEDGER)]
    List,
    /// Removes one, who is signed out when the command ends
    #[command(after_help = help::OF_LEDGER)]
    Remove {
        /// What they are called
        name: String,
    },
}

#[derive(Debug, Args)]
struct UserOptions {
    /// What they are called
    #[arg(long)]
    name: String,
    /// What they may do
    #[arg(long, value_enum)]
    role: RoleWish,
    /// They have no password: a proxy says who they are, or they keep the one they have
    #[arg(long)]
    no_password: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum RoleWish {
    /// To see figures and records, and to share what they see
    Reader,
    /// That, and to decide for the tenant
    Admin,
}

impl UserCommand {
    pub async fn run(self, sources: &Sources) -> Result<(), Failure> {
        let settings = Settings::read(sources)?;
        let (clock, place) = (clock::clock(settings.frozen), settings.ledger());
        // Before anything is opened: a slip of the pen makes no ledger.
        let wished = match &self.what {
            UserAction::Add(options) => Some(options.person(&settings, clock.now())?),
            UserAction::List | UserAction::Remove { .. } => None,
        };
        let store =
            AccessStore::open(place.clone(), wished.is_some(), clock, || Seeded::new(random::seed())).await;
        let mut store = store.map_err(anyhow::Error::new)?;
        let changes = !matches!(self.what, UserAction::List);
        let done = match (self.what, wished) {
            (UserAction::Add(_), Some((person, code))) => {
                add(&mut store, &settings.ledger_place(), person, code).await
            }
            (UserAction::Remove { name }, _) => remove(&mut store, &name).await,
            (UserAction::List | UserAction::Add(_), _) => list(&mut store, &settings.zone).await,
        };
        // Servers know what they read a moment ago.
        if changes && done.is_ok() && store.is_shared(&place) {
            time::sleep(HOLDS_AFTER).await;
        }
        store.close().await;
        done
    }
}

impl UserOptions {
    fn person(
        &self,
        settings: &Settings,
        now: model::time::Timestamp,
    ) -> Result<(Person, Option<String>), Failure> {
        // With a proxy that says who people are, none is asked for one.
        let has_none = self.no_password || settings.sign_in.user_header.is_some();
        let password = if has_none { None } else { Some(password(&self.name)?) };
        let role = match self.role {
            RoleWish::Reader => PersonRole::Reader,
            RoleWish::Admin => PersonRole::Admin,
        };
        let wish = NewPerson { name: &self.name, role, password: password.as_deref() };
        wish.person(TenantId::FIRST, now).map_err(|(field, sentence)| {
            Failure::Usage(match field {
                "password" => format!("the password {sentence}"),
                field => format!("--{field} {sentence}"),
            })
        })
    }
}

/// All of standard input, or what is typed where it is a terminal, which does not show it.
fn password(name: &str) -> Result<String, Failure> {
    let input = io::stdin();
    let failed = |error: io::Error| Failure::Other(anyhow::anyhow!("the password cannot be read: {error}"));
    if !input.is_terminal() {
        let mut text = String::new();
        let most = u64::try_from(passwords::LONGEST).unwrap_or(u64::MAX) + 3;
        input.lock().take(most).read_to_string(&mut text).map_err(failed)?;
        return Ok(text.trim_end_matches(['\r', '\n']).to_owned());
    }
    complain_open(&format!("Password of {name}: "));
    let shown = termios::tcgetattr(&input).map_err(|error| failed(error.into()))?;
    let mut hidden = shown.clone();
    hidden.local_modes.remove(LocalModes::ECHO);
    termios::tcsetattr(&input, OptionalActions::Flush, &hidden).map_err(|error| failed(error.into()))?;
    let mut text = String::new();
    let read = input.read_line(&mut text);
    let back = termios::tcsetattr(&input, OptionalActions::Flush, &shown);
    complain_open("\n");
    read.map_err(failed)?;
    back.map_err(|error| failed(error.into()))?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// On standard error, as a question is.
fn complain_open(text: &str) {
    let mut out = io::stderr().lock();
    _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

async fn add(
    store: &mut AccessStore,
    place: &str,
    person: Person,
    code: Option<String>,
) -> Result<(), Failure> {
    let (name, role) = (person.name.clone(), person.role);
    store.keep_secret(secret(random::secret_bytes())).await.map_err(anyhow::Error::new)?;
    store.keep_person(person, code).await.map_err(anyhow::Error::new)?;
    let may = match role {
        PersonRole::Reader => "may see figures and records, and share what they see",
        PersonRole::Admin => "may see figures and records, and decides for the tenant",
    };
    say(&format!("{name} {may}, in the ledger {place}."));
    Ok(())
}

async fn remove(store: &mut AccessStore, name: &str) -> Result<(), Failure> {
    if store.remove_person(TenantId::FIRST, name).await.map_err(anyhow::Error::new)? {
        say(&format!("{name} is removed, and signed out everywhere."));
        return Ok(());
    }
    Err(anyhow::anyhow!("there is nobody named {name}; `studio user list` says who there is").into())
}

async fn list(store: &mut AccessStore, zone: &Zone) -> Result<(), Failure> {
    let people = store.people().await.map_err(anyhow::Error::new)?;
    if people.is_empty() {
        say("There are no people. `studio user add --name NAME --role admin` adds the first.");
        return Ok(());
    }
    let width = people.iter().map(|person| person.name.chars().count()).max().unwrap_or(0);
    let lines = people.iter().map(|person| {
        let since = zone.format(person.made_at, "%Y-%m-%d");
        let way = if person.has_password { "with a password" } else { "through a proxy" };
        format!("{:<width$}  {:<6}  since {since}, {way}", person.name, person.role.word())
    });
    say(&lines.collect::<Vec<_>>().join("\n"));
    Ok(())
}
