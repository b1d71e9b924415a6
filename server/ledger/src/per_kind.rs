//! What is made once for each kind and kept for the life of the process.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use model::record::Kind;

pub(crate) struct PerKind<T: 'static>(RwLock<Option<HashMap<&'static str, &'static T>>>);

impl<T> PerKind<T> {
    pub(crate) const fn none() -> Self {
        Self(RwLock::new(None))
    }

    pub(crate) fn of(&self, kind: &'static Kind, make: impl FnOnce(&Kind) -> T) -> &'static T {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = known.as_ref().and_then(|made| made.get(kind.name)) {
            return made;
        }
        drop(known);
        let made: &'static T = Box::leak(Box::new(make(kind)));
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.get_or_insert_default().entry(kind.name).or_insert(made)
    }
}
