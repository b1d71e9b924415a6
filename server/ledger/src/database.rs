//! Which database holds the ledger: an address out of the settings, read strictly and shown without its password.

use std::{fmt, str::FromStr, time::Duration};

use sqlx::{
    ConnectOptions,
    postgres::{PgConnectOptions, PgSslMode},
};

use crate::LedgerLocation;

/// The schema in which the ledger keeps to itself.
const SCHEMA: &str = "studio";
/// PostgreSQL cuts longer names off.
const SCHEMA_MAX: usize = 63;
const READERS: u32 = 5;
/// A database that sleeps takes seconds to wake up.
const PATIENCE: Duration = Duration::from_secs(15);

const ESCAPES: &str = "is no address of a database; it looks like postgres://user:password@host/database, and a sign in the \
     password that means something in an address is written as %40 for @, %2F for /, %3A for :, %3F for ?, %23 for #";

/// A PostgreSQL database, and how it is used.
#[derive(Clone)]
pub struct Database {
    pub(crate) options: Box<PgConnectOptions>,
    pub(crate) schema: String,
    pub(crate) readers: u32,
    pub(crate) patience: Duration,
}

/// What is wrong with an address, as a sentence without a subject and without any part of the address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadDatabase(String);

impl Database {
    /// Reads `postgres://user:password@host:port/database?sslmode=…`. Where it says nothing of `sslmode` and the host is
    /// another machine, the connection is encrypted and the host's certificate checked.
    ///
    /// # Errors
    /// When it is no such address.
    pub fn parse(url: &str) -> Result<Self, BadDatabase> {
        let bad = |sentence: &str| BadDatabase(sentence.to_owned());
        let known = ["postgres://", "postgresql://"].iter().any(|scheme| url.starts_with(scheme));
        if !known {
            return Err(bad("must begin with postgres://, as in postgres://user:password@host/database"));
        }
        if !is_unambiguous(url) {
            return Err(bad(ESCAPES));
        }
        // The parser's own words may repeat parts of the address, and the password with them.
        let options = PgConnectOptions::from_str(&without_binding(url)).map_err(|_| bad(ESCAPES))?;
        let options = if says_mode(url) || is_here(&options) {
            options
        } else {
            options.ssl_mode(PgSslMode::VerifyFull)
        };
        let options = options
            .application_name("studio")
            // Poolers refuse start parameters that they do not know.
            .extra_float_digits(None)
            .statement_cache_capacity(0)
            .disable_statement_logging();
        Ok(Self {
            options: Box::new(options),
            schema: SCHEMA.to_owned(),
            readers: READERS,
            patience: PATIENCE,
        })
    }

    /// Keeps to another schema than `studio`.
    ///
    /// # Errors
    /// When PostgreSQL would not take the name as it is.
    pub fn in_schema(self, name: &str) -> Result<Self, BadDatabase> {
        let plain =
            |at: usize, byte: u8| matches!(byte, b'a'..=b'z' | b'_') || at > 0 && byte.is_ascii_digit();
        let is_plain = name.bytes().enumerate().all(|(at, byte)| plain(at, byte));
        if name.is_empty() || name.len() > SCHEMA_MAX || !is_plain || name.starts_with("pg_") {
            return Err(BadDatabase(
                "must be a name of lower-case letters, digits and _ that begins with a letter and not with pg_"
                    .to_owned(),
            ));
        }
        Ok(Self { schema: name.to_owned(), ..self })
    }

    /// How many connections read; one more writes.
    #[must_use]
    pub fn with_readers(self, readers: u32) -> Self {
        Self { readers, ..self }
    }

    /// How long a connection is waited for, and a statement.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    pub(crate) fn place(&self) -> LedgerLocation {
        let host = match self.options.get_socket() {
            Some(socket) => socket.display().to_string(),
            None => format!("{}:{}", self.options.get_host(), self.options.get_port()),
        };
        let database = self.options.get_database().unwrap_or_else(|| self.options.get_username());
        LedgerLocation::Database(format!("{host}/{database} (schema {})", self.schema))
    }
}

/// Host, port, database and schema.
impl fmt::Display for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place().fmt(f)
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Database").field(&self.place().to_string()).finish()
    }
}

/// Whether the password ends where the parser takes it to end: with a sign in it that means something in an address, a piece
/// of it would be taken for the host or the database, and shown as that.
fn is_unambiguous(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, after) = rest.split_at(end);
    let path = after.split('?').next().unwrap_or_default();
    match authority.matches('@').count() {
        0 => !after.contains('@'),
        1 => !path.contains('@'),
        _ => false,
    }
}

fn says_mode(url: &str) -> bool {
    parameters(url).any(|(key, _)| matches!(key, "sslmode" | "ssl-mode"))
}

fn is_here(options: &PgConnectOptions) -> bool {
    let host = options.get_host();
    let ip = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    options.get_socket().is_some()
        || host.starts_with('/')
        || host == "localhost"
        || ip.is_ok_and(|ip| ip.is_loopback())
}

/// Neon's addresses carry `channel_binding=require`, which the driver does not know and would log, value and all.
fn without_binding(url: &str) -> String {
    let Some((head, _)) = url.split_once('?') else { return url.to_owned() };
    let kept: Vec<String> = parameters(url)
        .filter(|(key, _)| *key != "channel_binding")
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    if kept.is_empty() { head.to_owned() } else { format!("{head}?{}", kept.join("&")) }
}

fn parameters(url: &str) -> impl Iterator<Item = (&str, &str)> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    query.split('&').filter(|part| !part.is_empty()).map(|part| part.split_once('=').unwrap_or((part, "")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Database {
        Database::parse(url).unwrap()
    }

    #[test]
    fn no_password_is_ever_shown() {
        let database = parse("postgres://u:hunter2@db.example.com:6432/metrics?sslmode=require");
        assert_eq!(format!("{database:?}"), r#"Database("db.example.com:6432/metrics (schema studio)")"#);
        for bad in ["postgres://u:hunter2@:x/y", "http://u:hunter2@h/d", "postgres://u:hunter2@h:port/d"] {
            let error = Database::parse(bad).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn unescaped_passwords_are_refused_whole() {
        for password in
            ["p@Zq", "p@Zq/w:Zq", "p/Zq@w", "12/Zq", "12?Zq", "12#Zq", "p?Z@q", "p#Zq", "@Zq", "/Zq"]
        {
            let error = Database::parse(&format!("postgres://studio:{password}@host/db")).unwrap_err();
            assert!(
                error.to_string().contains("%40 for @") && !error.to_string().contains("Zq"),
                "{password}: {error}"
            );
        }
        let escaped = parse("postgres://studio:p%40ss%2Fw%3Ard@host/db?application_name=a@b");
        assert_eq!(escaped.to_string(), "host:5432/db (schema studio)");
    }

    #[test]
    fn remote_databases_are_verified_by_default() {
        let mode = |url: &str| format!("{:?}", parse(url).options.get_ssl_mode());
        assert_eq!(mode("postgres://u@db.example.com/d"), "VerifyFull");
        assert_eq!(mode("postgres://u@db.example.com/d?sslmode=require"), "Require");
        assert_eq!(mode("postgres://u@db.example.com/d?sslmode=disable"), "Disable");
        for here in ["127.0.0.1", "localhost", "[::1]"] {
            assert_eq!(mode(&format!("postgres://u@{here}/d")), "Prefer");
        }
    }

    #[test]
    fn neons_addresses_are_taken_as_they_are() {
        let url = "postgresql://alex:AbC123@ep-cool-pooler.eu.aws.neon.tech/db?sslmode=require&channel_binding=require";
        let database = parse(url);
        assert_eq!(database.options.get_host(), "ep-cool-pooler.eu.aws.neon.tech");
        assert_eq!(without_binding(url).split_once('?').unwrap().1, "sslmode=require");
        assert_eq!(without_binding("postgres://h/d?channel_binding=require"), "postgres://h/d");
    }

    #[test]
    fn a_schema_has_a_plain_name() {
        let named = |name: &str| parse("postgres://u@localhost/d").in_schema(name);
        assert!(named("studio_2").is_ok() && named("_x").is_ok());
        for bad in ["", "2x", "Studio", "a-b", "a\"b", "pg_x", &"x".repeat(64)] {
            assert!(named(bad).is_err(), "{bad}");
        }
    }
}
