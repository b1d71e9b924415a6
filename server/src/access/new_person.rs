//! Who is to be added to the people, and whether that can be.

use ledger::{Person, PersonRole};
use model::{tenant::TenantId, time::Timestamp};

use super::{new_key::is_name, passwords};
use crate::random;

/// As it was written.
#[derive(Clone, Copy)]
pub struct NewPerson<'a> {
    pub name: &'a str,
    pub role: PersonRole,
    /// None: a proxy says who they are.
    pub password: Option<&'a str>,
}

impl NewPerson<'_> {
    /// The person, and what is kept of the password.
    ///
    /// # Errors
    /// The field at fault, and a sentence that goes on after its name.
    pub fn person(
        self,
        tenant: TenantId,
        now: Timestamp,
    ) -> Result<(Person, Option<String>), (&'static str, String)> {
        let name = self.name.trim();
        if !is_name(name) {
            let sentence =
                "takes 1 to 64 letters, digits, blanks and signs, of which the first is a letter or a digit";
            return Err(("name", sentence.to_owned()));
        }
        let code = self.password.map(|password| passwords::code(password, random::secret_bytes()));
        let code = code.transpose().map_err(|sentence| ("password", sentence))?;
        let person = Person {
            tenant,
            name: name.to_owned(),
            role: self.role,
            made_at: now,
            has_password: code.is_some(),
        };
        Ok((person, code))
    }
}
