//! Shared views: what a link or a token shows, and what it is locked to.

use app::address::{CAMPAIGNS, DateRange, ViewQuery};
use ledger::{LedgerError, ShareLink};
use model::{
    calendar::{self, Compare, Zone},
    range::Range,
    tenant::TenantId,
    time::Timestamp,
};
use uuid::Uuid;

use crate::{
    access::{Principal, ShareToken, Standing, passwords},
    app_state::AppState,
    random,
};

/// What a link is wished to show.
#[derive(Clone, Debug, Default)]
pub struct LinkWishes {
    /// The view, as the panel's address says it.
    pub view: String,
    pub days: i64,
    pub password: Option<String>,
    /// Whether it goes on to show the days of today.
    pub is_fixed: bool,
}

/// Which wish cannot be, and why: a sentence that goes on after the field's name.
pub type LinkFault = (&'static str, String);

/// How long a link is good for unless that is said, and at most.
pub const DAYS: i64 = 7;
const DAYS_MOST: i64 = 366;
const DAY: i64 = 86_400_000_000;

impl LinkWishes {
    /// The link.
    ///
    /// # Errors
    /// The first wish that cannot be.
    pub fn link(&self, principal: &Principal, now: Timestamp, zone: &Zone) -> Result<ShareLink, LinkFault> {
        let ask = read_view(&self.view).ok_or_else(|| {
            let how = "must be the address of the panel or of a campaign's page, as in /?range=30d";
            ("view", how.to_owned())
        })?;
        if !(1..=DAYS_MOST).contains(&self.days) {
            return Err(("days", format!("must be a whole number from 1 to {DAYS_MOST}")));
        }
        let password = self.password.as_deref().filter(|password| !password.is_empty());
        let code = password.map(|password| passwords::code(password, random::secret_bytes()));
        let password = code.transpose().map_err(|sentence| ("password", sentence))?;
        let ask = if self.is_fixed { fixed(ask, now, zone) } else { ask };
        let random: [u8; 32] = random::secret_bytes();
        let mut id = [0; 16];
        id.copy_from_slice(&random[..16]);
        Ok(ShareLink {
            tenant: principal.tenant,
            id: Uuid::from_bytes(id),
            view: ask.href(),
            made_by: principal.name.to_string(),
            made_at: now,
            ends_at: now.plus(self.days * DAY),
            password,
            visits: 0,
            visited_at: None,
        })
    }
}

/// The view that an address names, if it is one of the panel or of a campaign's page.
#[must_use]
pub fn read_view(view: &str) -> Option<ViewQuery> {
    let (path, query) = view.split_once('?').unwrap_or((view, ""));
    let is_view = path == "/" || path.strip_prefix(CAMPAIGNS).is_some_and(|id| !id.is_empty());
    (is_view && view.len() <= 2_000 && !view.bytes().any(|byte| byte.is_ascii_control()))
        .then(|| ViewQuery::of_page(path, query))
}

/// The days that it shows now, whatever day it is.
fn fixed(ask: ViewQuery, now: Timestamp, zone: &Zone) -> ViewQuery {
    if ask.days.is_some() {
        return ask;
    }
    let zone = ask.zone.as_deref().and_then(Zone::of_name).unwrap_or_else(|| zone.clone());
    let day = |at: Timestamp| zone.format(at, "%Y-%m-%d");
    let first = match ask.range {
        // A day is the least that an address names.
        Range::Live => now,
        range => calendar::window(range, &zone, now, Compare::Nothing).span.from,
    };
    ViewQuery { days: DateRange::of(day(first), day(now)), ..ask }
}

/// What stands behind an address of a shared view.
#[derive(Clone, Debug)]
pub struct SharedView {
    pub tenant: TenantId,
    pub ask: ViewQuery,
    pub ends_at: Timestamp,
    /// The link, where it is one.
    pub link: Option<ShareLink>,
}

impl SharedView {
    /// None where it shows nothing: never made, changed, revoked or over. Which of these, is not told.
    ///
    /// # Errors
    /// When the ledger does not answer.
    pub async fn find(state: &AppState, token: &str) -> Result<Option<Self>, LedgerError> {
        let Some(secret) = state.keys.secret().await else { return Ok(None) };
        let found = match ShareToken::parse(&secret, token) {
            None => None,
            Some(ShareToken::Embedded(view)) => read_view(&view.view).map(|ask| Self {
                tenant: view.tenant,
                ask,
                ends_at: view.ends_at(),
                link: None,
            }),
            Some(ShareToken::Link { tenant, id }) => {
                let link = state.ledger.share_link(tenant, id).await?;
                link.and_then(|link| {
                    let ask = read_view(&link.view)?;
                    Some(Self { tenant, ask, ends_at: link.ends_at, link: Some(link) })
                })
            }
        };
        Ok(found.filter(|found| found.ends_at > state.now()))
    }

    /// On whose behalf it is looked at.
    #[must_use]
    pub fn principal(&self, from: Option<std::net::IpAddr>) -> Principal {
        Principal {
            tenant: self.tenant,
            name: "a visitor with a link".into(),
            from,
            standing: Standing::SignedOut,
        }
    }
}
