//! The caller of a request: the user behind an application, and what its roles let it do.

use std::collections::{HashMap, HashSet};

use http::{HeaderMap, StatusCode};
use sqlx::Row as _;
use sqlx::sqlite::SqliteConnection;
use uuid::Uuid;

use crate::fault::{Fault, Result};
use crate::organisation::Organisation;
use crate::schema::Table;
use crate::store::{StoreReader, sql};
use crate::value::Cell;

use super::depth::Depth;
use super::privilege::{self, Access, General};

#[derive(Clone, Debug, Default)]
pub(crate) struct Caller {
    pub(crate) user: Uuid,
    /// The number of the user's row, by which rows name who wrote them.
    pub(crate) number: i64,
    /// The application's object in Entra.
    object: Uuid,
    business_unit: Uuid,
    roles: usize,
    rights: Rights,
}

#[derive(Clone, Debug)]
enum Rights {
    /// A System Administrator's.
    All,
    Some(HashMap<Uuid, Depth>),
}

impl Default for Rights {
    fn default() -> Self {
        Self::Some(HashMap::new())
    }
}

/// By what a user is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// Its application.
    Application(Uuid),
    /// Its row, as `MSCRMCallerID` has it.
    User(Uuid),
    /// Its object in Entra, as `CallerObjectId` has it.
    Object(Uuid),
}

impl Who {
    /// On whose behalf a request is made, if it says so \[D:webapi/impersonate-another-user-web-api\].
    fn instead(headers: &HeaderMap) -> Result<Option<Self>> {
        let (name, who): (_, fn(Uuid) -> Self) = match text_of(headers, "callerobjectid") {
            Some(_) => ("callerobjectid", Self::Object),
            None => ("mscrmcallerid", Self::User),
        };
        let Some(text) = text_of(headers, name) else { return Ok(None) };
        let id = text.trim().parse();
        id.map(|id| Some(who(id)))
            .map_err(|_| Fault::argument(format!("The header {name} is not a GUID: '{text}'.")))
    }

    fn column(self) -> (&'static str, Uuid) {
        match self {
            Self::Application(id) => ("applicationid", id),
            Self::User(id) => ("systemuserid", id),
            Self::Object(id) => ("azureactivedirectoryobjectid", id),
        }
    }
}

fn text_of<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

impl Rights {
    /// What both may do, as far as both may.
    fn shared_with(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, some) | (some, Self::All) => some,
            (Self::Some(mut held), Self::Some(other)) => {
                held.retain(|privilege, depth| match other.get(privilege) {
                    Some(reach) => {
                        *depth = (*depth).min(*reach);
                        true
                    }
                    None => false,
                });
                Self::Some(held)
            }
        }
    }
}

impl Caller {
    /// The user of an application, or whom it stands in for: then with no more rights than either of the two.
    pub(crate) async fn of(
        organisation: &Organisation,
        reader: &mut StoreReader<'_>,
        client: Uuid,
        headers: &HeaderMap,
    ) -> Result<Self> {
        let itself = Self::find(organisation, reader, Who::Application(client)).await?;
        let Some(who) = Who::instead(headers)? else { return Ok(itself) };
        itself.demand_general(General("prvActOnBehalfOfAnotherUser"))?;
        let mut other = Self::find(organisation, reader, who).await?;
        other.rights = other.rights.shared_with(itself.rights);
        Ok(other)
    }

    /// A user, with the rights that its roles give it now.
    async fn find(organisation: &Organisation, reader: &mut StoreReader<'_>, who: Who) -> Result<Self> {
        let schema = organisation.schema();
        let (Some(users), Some(roles)) = (schema.table("systemuser"), schema.table("role")) else {
            return Err(stranger());
        };
        let (column, of) = who.column();
        let text = format!(
            "SELECT systemuserid, azureactivedirectoryobjectid, businessunitid, isdisabled, _n FROM {} \
             WHERE {column} = ?",
            users.rows()
        );
        let found = sql(text, vec![Cell::Id(of)]).fetch_optional(reader.connection()).await?;
        let found = found.ok_or_else(stranger)?;
        let id = |at: usize| -> Result<Uuid> {
            let bytes: Option<Vec<u8>> = found.try_get(at)?;
            Ok(bytes.and_then(|bytes| Uuid::from_slice(&bytes).ok()).unwrap_or_default())
        };
        let user = id(0)?;
        if found.try_get::<Option<bool>, _>(3)? == Some(true) {
            let message = format!(
                "The specified user(Id = {user}) is disabled. Consider enabling this user. Additional details: User \
                 IsDisabled=True"
            );
            return Err(Fault::new(StatusCode::FORBIDDEN, "0x80040225", message));
        }
        let mut caller = Self {
            user,
            number: found.try_get(4)?,
            object: id(1)?,
            business_unit: id(2)?,
            ..Self::default()
        };
        let text = format!(
            "SELECT u.role, p.privilege, p.depth FROM user_roles u JOIN {} r ON r.roleid = u.role \
             LEFT JOIN role_privileges p ON p.role = u.role WHERE u.user = ?",
            roles.rows()
        );
        let rows = sql(text, vec![Cell::Id(user)]).fetch_all(reader.connection()).await?;
        let (mut held, mut privileges) = (HashSet::new(), HashMap::new());
        for row in &rows {
            held.extend(Uuid::from_slice(row.try_get(0)?).ok());
            let privilege = row.try_get::<Option<&[u8]>, _>(1)?.and_then(|b| Uuid::from_slice(b).ok());
            if let Some(privilege) = privilege {
                // The role that reaches furthest counts.
                let depth = privileges.entry(privilege).or_insert(Depth::Basic);
                *depth = Depth::of_mask(row.try_get(2)?).max(*depth);
            }
        }
        caller.roles = held.len();
        caller.rights = match held.contains(&organisation.identity.administrator) {
            true => Rights::All,
            false => Rights::Some(privileges),
        };
        Ok(caller)
    }

    /// Refuses what the caller may not do with the rows of a table.
    pub(crate) fn demand(&self, table: &Table, access: Access) -> Result<()> {
        if table.is_read_only() {
            return match access {
                Access::Read => Ok(()),
                _ => Err(Fault::bad(
                    "0x80040800",
                    format!("The '{access:?}' method does not support entities of type '{}'.", table.logical),
                )),
            };
        }
        let Rights::Some(held) = &self.rights else { return Ok(()) };
        let needed = privilege::one(table, access);
        if held.contains_key(&needed.id) {
            return Ok(());
        }
        Err(self.lacks(&needed.name, needed.id, 10_000 + table.number, &table.logical, &table.display))
    }

    /// Whether the caller may do this with rows of its own alone. Deeper is everything: there is one business unit.
    pub(crate) fn only_own(&self, table: &Table, access: Access) -> bool {
        let Rights::Some(held) = &self.rights else { return false };
        table.user_owned && held.get(&privilege::one(table, access).id) == Some(&Depth::Basic)
    }

    /// Change tracking is for those who may read a whole table \[D:use-change-tracking\].
    pub(crate) fn demand_whole(&self, table: &Table) -> Result<()> {
        match self.only_own(table, Access::Read) {
            true => {
                let needed = privilege::one(table, Access::Read);
                Err(self.lacks(
                    &needed.name,
                    needed.id,
                    10_000 + table.number,
                    &table.logical,
                    &table.display,
                ))
            }
            false => Ok(()),
        }
    }

    /// Refuses to touch another user's row where the caller's roles reach no further than its own.
    pub(crate) async fn demand_row(
        &self,
        connection: &mut SqliteConnection,
        table: &Table,
        id: Uuid,
        access: Access,
    ) -> Result<()> {
        if !self.only_own(table, access) {
            return Ok(());
        }
        let text = format!("SELECT ownerid FROM {} WHERE \"{}\" = ?", table.rows(), table.primary_id());
        let Some(row) = sql(text, vec![Cell::Id(id)]).fetch_optional(connection).await? else {
            return Ok(());
        };
        if row.try_get::<Option<i64>, _>(0)? == Some(self.number) {
            return Ok(());
        }
        let message = format!(
            "SecLib::AccessCheckEx failed. Returned hr = -2147187962, ObjectID: {id}, OwnerIdType: 8 and CallingUser: \
             {}. ObjectTypeCode: {}, objectBusinessUnitId: {}, AccessRights: {access:?}Access",
            self.user,
            10_000 + table.number,
            self.business_unit
        );
        Err(Fault::new(StatusCode::FORBIDDEN, "0x80048306", message))
    }

    /// A lookup from a table to another is made or changed.
    pub(crate) fn demand_link(&self, from: &Table, to: &Table) -> Result<()> {
        self.demand(from, Access::Append)?;
        self.demand(to, Access::AppendTo)
    }

    /// Refuses what the caller may not do in the organisation.
    pub(crate) fn demand_general(&self, general: General) -> Result<()> {
        let Rights::Some(held) = &self.rights else { return Ok(()) };
        if held.contains_key(&general.id()) {
            return Ok(());
        }
        let entity = general.0.trim_start_matches("prv").trim_start_matches(char::is_lowercase);
        Err(self.lacks(general.0, general.id(), 0, &entity.to_ascii_lowercase(), entity))
    }

    /// The cloud's own words, as seen on the wire in 2026.
    fn lacks(&self, privilege: &str, id: Uuid, code: i64, table: &str, display: &str) -> Fault {
        let count = match &self.rights {
            Rights::All => 0,
            Rights::Some(held) => held.len(),
        };
        let message = format!(
            "Principal user (Id={user}, type=8, roleCount={}, privilegeCount={count}, accessMode='4 Non-interactive', \
             AADObjectId='{}', MetadataCachePrivilegesCount=0, businessUnitId={}), is missing {privilege} privilege \
             (Id={id}) on OTC={code} for entity '{table}' (LocalizedName='{display}'). context.Caller={user}. Consider \
             adding missed privilege to one of the principal (user/team) roles.",
            self.roles,
            self.object,
            self.business_unit,
            user = self.user,
        );
        Fault::new(StatusCode::FORBIDDEN, "0x80040220", message)
    }
}

fn stranger() -> Fault {
    Fault::new(StatusCode::FORBIDDEN, "0x80072560", "The user is not a member of the organization.")
}
