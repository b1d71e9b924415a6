//! Security roles: which privileges one gives, and how far each reaches
//! \[D:webapi/reference/addprivilegesrole, retrieveroleprivilegesrole\].

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Metadata;
use crate::client::Client;
use crate::error::Error;
use crate::query::{Filter, Query};

/// A role as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its id.
    pub id: Uuid,
    /// What people call it.
    pub name: String,
    /// What it gives.
    pub privileges: Vec<RolePrivilege>,
}

/// One thing that a role allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RolePrivilege {
    /// `prv`, the verb and the table's schema name: `prvReadAccount`. Case does not matter.
    pub name: String,
    /// On whose rows.
    pub depth: PrivilegeDepth,
}

/// How far a privilege reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum PrivilegeDepth {
    /// The user's own rows.
    Basic,
    /// Those of the business unit.
    Local,
    /// Those of the business unit and what is below it.
    Deep,
    /// All of the organisation's. Change tracking needs it, and so do rows that belong to the organisation.
    Global,
}

/// A role to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleDefinition {
    /// What people call it; also how it is found again.
    pub name: String,
    /// What it shall give.
    pub privileges: Vec<RolePrivilege>,
}

impl RolePrivilege {
    /// A privilege over all rows of a table, by the table's schema name.
    ///
    /// ```
    /// use dataverse::RolePrivilege;
    /// assert_eq!(RolePrivilege::over_all("Read", "apex_Run").name, "prvReadapex_Run");
    /// ```
    pub fn over_all(verb: &str, schema_name: &str) -> Self {
        Self { name: format!("prv{verb}{schema_name}"), depth: PrivilegeDepth::Global }
    }
}

impl PrivilegeDepth {
    fn name(self) -> &'static str {
        match self {
            Self::Basic => "Basic",
            Self::Local => "Local",
            Self::Deep => "Deep",
            Self::Global => "Global",
        }
    }
}

impl Role {
    /// What this role lacks of what is wanted, or gives on fewer rows.
    pub fn missing(&self, wanted: &RoleDefinition) -> Vec<RolePrivilege> {
        let gives = |wanted: &RolePrivilege| {
            self.privileges
                .iter()
                .any(|has| has.name.eq_ignore_ascii_case(&wanted.name) && has.depth >= wanted.depth)
        };
        wanted.privileges.iter().filter(|privilege| !gives(privilege)).cloned().collect()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RolePrivileges {
    role_privileges: Vec<GivenPrivilege>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GivenPrivilege {
    privilege_name: Option<String>,
    depth: PrivilegeDepth,
}

#[derive(Deserialize)]
struct RoleNames {
    value: Vec<RoleName>,
}

#[derive(Deserialize)]
struct RoleName {
    name: String,
}

impl Metadata<'_> {
    /// The role of this name in the application's business unit; `None` if there is none.
    pub async fn role(&self, name: &str) -> Result<Option<Role>, Error> {
        let unit = self.client.who_am_i().await?.business_unit_id;
        let query = Query::of("roles")
            .select(["roleid", "name"])
            .filter(Filter::eq("name", name).and(Filter::eq("_businessunitid_value", unit)));
        let Some(row) = self.client.query(query).all().await?.into_iter().next() else { return Ok(None) };
        let id = id(&row, "roleid")?;
        let given: RolePrivileges = self.get(&format!("RetrieveRolePrivilegesRole(RoleId={id})")).await?;
        let privileges = given
            .role_privileges
            .into_iter()
            .filter_map(|given| Some(RolePrivilege { name: given.privilege_name?, depth: given.depth }))
            .collect();
        Ok(Some(Role { id, name: name.to_owned(), privileges }))
    }

    /// The names of the roles that a user has.
    pub async fn roles_of(&self, user: Uuid) -> Result<Vec<String>, Error> {
        let path = format!("systemusers({user})/systemuserroles_association?$select=name");
        let roles: RoleNames = self.get(&path).await?;
        Ok(roles.value.into_iter().map(|role| role.name).collect())
    }

    /// Makes a role with its privileges, in the application's business unit.
    ///
    /// # Errors
    /// [`Error::Misuse`] names privileges that the organisation does not know: make their tables first.
    pub async fn create_role(&self, role: &RoleDefinition) -> Result<Uuid, Error> {
        let unit = self.client.who_am_i().await?.business_unit_id;
        // Chosen here, so that a lost answer cannot leave two roles of one name.
        let id = crate::runtime::new_id(self.client.inner.runtime.as_ref());
        let row =
            json!({ "name": role.name, "businessunitid@odata.bind": format!("/businessunits({unit})") });
        self.client.upsert("roles", id, &row).await?;
        self.add_privileges(id, &role.privileges).await?;
        Ok(id)
    }

    /// Lets a role give these as well.
    pub async fn add_privileges(&self, role: Uuid, privileges: &[RolePrivilege]) -> Result<(), Error> {
        let unit = self.client.who_am_i().await?.business_unit_id;
        let ids = ids(self.client, privileges).await?;
        let list: Vec<Value> = privileges
            .iter()
            .zip(ids)
            .map(|(privilege, id)| {
                json!({ "PrivilegeId": id, "Depth": privilege.depth.name(), "BusinessUnitId": unit })
            })
            .collect();
        let path = format!("roles({role})/Microsoft.Dynamics.CRM.AddPrivilegesRole");
        let call = self.call(Method::POST, path).json(&json!({ "Privileges": list }))?.repeatable(true);
        self.send(call).await.map(drop)
    }
}

/// The ids of privileges, in order: they are different in each organisation.
async fn ids(client: &Client, privileges: &[RolePrivilege]) -> Result<Vec<Uuid>, Error> {
    let mut known = Vec::new();
    for some in privileges.chunks(20) {
        let any = some
            .iter()
            .map(|privilege| Filter::eq("name", privilege.name.as_str()))
            .reduce(Filter::or)
            .ok_or_else(|| Error::Misuse("a role without privileges".to_owned()))?;
        let query = Query::of("privileges").select(["privilegeid", "name"]).filter(any);
        known.extend(client.query(query).all().await?);
    }
    let find = |wanted: &RolePrivilege| {
        let is =
            |row: &&Value| row["name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(&wanted.name));
        match known.iter().find(is) {
            Some(row) => id(row, "privilegeid"),
            None => Err(Error::Misuse(format!("the organisation has no privilege {}", wanted.name))),
        }
    };
    privileges.iter().map(find).collect()
}

fn id(row: &Value, column: &str) -> Result<Uuid, Error> {
    row.get(column)
        .and_then(Value::as_str)
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| Error::Malformed(format!("a row without {column}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_privileges_have_name_and_depth() {
        let privilege = |name: &str, depth| RolePrivilege { name: name.to_owned(), depth };
        let has = vec![
            privilege("prvReadx_T", PrivilegeDepth::Basic),
            privilege("prvWriteX_T", PrivilegeDepth::Global),
        ];
        let role = Role { id: Uuid::nil(), name: "r".into(), privileges: has };
        let wanted = ["Read", "Write", "Create"].map(|verb| RolePrivilege::over_all(verb, "x_t")).to_vec();
        let missing = role.missing(&RoleDefinition { name: "r".into(), privileges: wanted });
        assert_eq!(
            missing.iter().map(|p| p.name.as_str()).collect::<Vec<_>>(),
            ["prvReadx_t", "prvCreatex_t"]
        );
    }
}
