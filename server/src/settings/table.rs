//! Every setting there is, in one table: README and `--help` say the same as the code because they read it here.

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub name: &'static str,
    /// What holds where it is not set: the first that applies, written as a person would write it.
    defaults: &'static [(When, &'static str)],
    pub meaning: &'static str,
    pub secret: bool,
}

/// When a default applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    EmbeddedWithoutDemo,
    Embedded,
    Always,
}

/// What defaults depend on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Situation {
    pub is_embedded: bool,
    pub has_demo: bool,
}

impl Setting {
    #[must_use]
    pub fn default_in(&self, situation: Situation) -> Option<&'static str> {
        let applies = |when: When| match when {
            When::EmbeddedWithoutDemo => situation.is_embedded && !situation.has_demo,
            When::Embedded => situation.is_embedded,
            When::Always => true,
        };
        self.defaults.iter().find(|(when, _)| applies(*when)).map(|(_, value)| *value)
    }

    /// Every default, with when it applies; empty where there is none.
    #[must_use]
    pub fn defaults_in_words(&self) -> String {
        let words = self.defaults.iter().rev().map(|(when, value)| match when {
            When::EmbeddedWithoutDemo => format!("{value} in the embedded way without demo data"),
            When::Embedded => format!("{value} in the embedded way"),
            When::Always => (*value).to_owned(),
        });
        words.collect::<Vec<_>>().join("; ")
    }
}

/// The setting of this name.
pub(super) fn named(name: &str) -> Option<&'static Setting> {
    TABLE.iter().find(|setting| setting.name == name)
}

/// Where the ledger may be when no folder is named.
pub fn default_folders() -> impl Iterator<Item = &'static str> {
    named(DATA).into_iter().flat_map(|setting| setting.defaults.iter().rev()).map(|(_, folder)| *folder)
}

const DATA: &str = "STUDIO_DATA";

const fn setting(
    name: &'static str,
    defaults: &'static [(When, &'static str)],
    meaning: &'static str,
) -> Setting {
    Setting { name, defaults, meaning, secret: false }
}

const fn secret(name: &'static str, meaning: &'static str) -> Setting {
    Setting { name, defaults: &[], meaning, secret: true }
}

pub const TABLE: &[Setting] = &[
    setting(
        "STUDIO_ADDR",
        &[(When::Always, "127.0.0.1:3000")],
        "where the server listens; port 0 takes a free one; others than this machine's own need a sign-in",
    ),
    setting(
        DATA,
        // What is made up has a folder of its own, and so has what is only tried, so that neither is met where records of a
        // real organisation are looked for.
        &[(When::EmbeddedWithoutDemo, "data/trial"), (When::Embedded, "data/demo"), (When::Always, "data")],
        "the folder that holds the ledger; made when it is missing, closed to others",
    ),
    setting(
        "STUDIO_DEMO",
        &[(When::Embedded, "on"), (When::Always, "off")],
        "on: 200 days of demo data and a live writer; off: starts empty",
    ),
    setting(
        "STUDIO_DEMO_SEED",
        &[(When::Always, "7")],
        "a whole number that the demo data grow from; the same number, the same story",
    ),
    setting(
        "STUDIO_TZ",
        &[(When::Always, "UTC")],
        "the time zone of whoever has chosen none, such as Europe/Berlin",
    ),
    setting(
        "STUDIO_LOG",
        &[(When::Always, "info")],
        "how much is logged: error, warn, info, debug, trace, or a filter such as info,sqlx=warn",
    ),
    setting("STUDIO_LOG_FORMAT", &[(When::Always, "text")], "text or json, on standard error"),
    setting(
        "STUDIO_NOW",
        &[],
        "a time at which the clock stands still, for tests and pictures; embedded way only",
    ),
    setting(
        "STUDIO_PUBLIC_URL",
        &[],
        "how people reach the server through a proxy, such as https://metrics.example.com",
    ),
    setting(
        "STUDIO_BEACON",
        &[(When::Always, "on")],
        "on: browsers tell how fast the panel was painted, and nothing else; off: they tell nothing",
    ),
    setting(
        "STUDIO_COST_BUDGET",
        &[],
        "what a month may cost in dollars, such as 450; the panel says on which day that will be crossed; what is set on the page \
         counts first; off until set",
    ),
    setting(
        "STUDIO_TRUSTED_PROXIES",
        &[],
        "proxies in front of the server, as addresses or networks with commas between: what they say in X-Forwarded-For is believed",
    ),
    setting(
        "STUDIO_PROXY_USER_HEADER",
        &[],
        "the header in which these proxies say who asks, such as x-forwarded-user; `studio user add` says who may",
    ),
    setting(
        "STUDIO_FRAME_ORIGINS",
        &[],
        "whose pages may show the panel in a frame, as origins with commas between, such as https://studio.example.com",
    ),
    setting(
        "STUDIO_OIDC_ISSUER",
        &[],
        "who says who people are, by OpenID Connect, such as https://login.microsoftonline.com/DIRECTORY/v2.0",
    ),
    setting("STUDIO_OIDC_CLIENT_ID", &[], "what the server is called there"),
    secret("STUDIO_OIDC_CLIENT_SECRET", "its secret there; a public client has none"),
    setting("STUDIO_OIDC_CLIENT_SECRET_FILE", &[], "a file that holds that secret instead"),
    setting(
        "STUDIO_OIDC_ROLES_CLAIM",
        &[(When::Always, "roles")],
        "which member of a token says what a person is, reader or admin; with dots, one within others",
    ),
    setting(
        "STUDIO_OIDC_ROLE_MAP",
        &[],
        "other values of that member and what they stand for, such as Studio-Leads=admin,Studio=reader",
    ),
    setting(
        "STUDIO_OIDC_ADMINS",
        &[],
        "people who are administrators whatever that member says: their sub, oid, preferred_username or email, with commas between",
    ),
    setting("USE_DATAVERSE", &[], "true: connect to a real organisation; false: none, relay and mirror rest"),
    setting(
        "DATAVERSE_URL",
        &[],
        "the organisation's address; also DATAVERSE_RESOURCE, NEXT_PUBLIC_DATAVERSE_URL",
    ),
    setting("DATAVERSE_RESOURCE", &[], "the same as DATAVERSE_URL"),
    setting("NEXT_PUBLIC_DATAVERSE_URL", &[], "the same as DATAVERSE_URL"),
    setting("DATAVERSE_TENANT_ID", &[], "the directory that issues tokens; also AZURE_TENANT_ID"),
    setting("AZURE_TENANT_ID", &[], "the same as DATAVERSE_TENANT_ID"),
    setting("DATAVERSE_CLIENT_ID", &[], "the application that signs in; also AZURE_CLIENT_ID"),
    setting("AZURE_CLIENT_ID", &[], "the same as DATAVERSE_CLIENT_ID"),
    secret("DATAVERSE_CLIENT_SECRET", "the application's secret; also AZURE_CLIENT_SECRET"),
    secret("AZURE_CLIENT_SECRET", "the same as DATAVERSE_CLIENT_SECRET"),
    setting(
        "DATAVERSE_CLIENT_SECRET_FILE",
        &[],
        "a file that holds the secret instead; a new one in it is used without a restart",
    ),
    setting(
        "DATAVERSE_CLIENT_CERTIFICATE_PATH",
        &[],
        "a PEM file with certificate and private key instead of a secret; read again when it changes",
    ),
    setting("AZURE_CLIENT_CERTIFICATE_PATH", &[], "the same as DATAVERSE_CLIENT_CERTIFICATE_PATH"),
    setting(
        "STUDIO_SECRET_EXPIRES",
        &[],
        "the last day of the secret, such as 2027-02-19; from 14 days before it is warned of; a certificate says its own",
    ),
    setting(
        "DATAVERSE_CA_FILE",
        &[],
        "authorities (PEM) to trust beside the machine's own, for an organisation behind one of its own",
    ),
    setting(
        "STUDIO_DATAVERSE_BUDGET",
        &[],
        "requests to Dataverse a day (UTC), each row one; what is above it waits for midnight; off until set",
    ),
    setting(
        "STUDIO_MIRROR_SECONDS",
        // Beside us it costs nothing; elsewhere requests are counted.
        &[(When::Embedded, "5"), (When::Always, "30")],
        "how often Dataverse is asked what others wrote there; each time is a request for each table",
    ),
    setting(
        "AZURE_AUTHORITY_HOST",
        &[(When::Always, "https://login.microsoftonline.com")],
        "where tokens come from",
    ),
    secret(
        "DATABASE_URL",
        "the ledger in PostgreSQL, shared by any number of servers: postgres://user:password@host/database",
    ),
    setting("DATABASE_URL_FILE", &[], "a file that holds that address instead"),
    setting(
        "STUDIO_SCHEMA",
        &[(When::Always, "studio")],
        "the schema of that database that the ledger keeps to",
    ),
    setting(
        "STUDIO_LEASE",
        &[(When::Always, "600")],
        "seconds for which records on their way to Dataverse are one server's alone; then another takes over what it left",
    ),
];

/// Read when the server is compiled, and so of no effect here.
pub(super) const OF_THE_BUILD: &[&str] = &["STUDIO_SITE", "STUDIO_COMMIT"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_lists_every_setting() {
        let readme = include_str!("../../../README.md");
        for setting in TABLE {
            let (name, defaults, meaning) = (setting.name, setting.defaults_in_words(), setting.meaning);
            let row = format!("| `{name}` | {defaults} | {meaning} |");
            assert!(readme.contains(&row), "the README lacks this row of its table: {row}");
        }
    }
}
