//! What could be told last, for as long as it cannot be told anew.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use model::tenant::TenantId;

/// One value for each tenant that was asked for.
pub struct LastGood<V>(Mutex<HashMap<TenantId, Arc<V>>>);

impl<V> Default for LastGood<V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<V: Clone> LastGood<V> {
    pub fn keep(&self, tenant: TenantId, value: &Arc<V>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(tenant, Arc::clone(value));
    }

    /// A copy, to say in it that it is not of now.
    pub fn of(&self, tenant: TenantId) -> Option<V> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&tenant).map(|value| V::clone(value))
    }
}
