//! One answer for all who ask the same while it is being found. It is never older than the question.

use std::{
    collections::HashMap,
    future::Future,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use model::tenant::TenantId;

/// Answers by tenant.
pub struct Together<V> {
    /// Orders questions and the beginnings of answers.
    turns: AtomicU64,
    slots: Mutex<HashMap<TenantId, Arc<LastAnswer<V>>>>,
}

/// The last answer, and the turn at which it was begun.
type LastAnswer<V> = tokio::sync::Mutex<Option<(u64, V)>>;

impl<V> Default for Together<V> {
    fn default() -> Self {
        Self { turns: AtomicU64::new(0), slots: Mutex::default() }
    }
}

impl<V: Clone> Together<V> {
    /// What `compute` brings, or what it brought for another who asked meanwhile, if that was begun after this question.
    ///
    /// # Errors
    /// Those of `compute`, which are not kept.
    pub async fn get<E>(
        &self,
        tenant: TenantId,
        compute: impl Future<Output = Result<V, E>>,
    ) -> Result<V, E> {
        let asked = self.turn();
        let slot = self.slot(tenant);
        let mut latest = slot.lock().await;
        if let Some((begun, value)) = &*latest
            && *begun > asked
        {
            return Ok(value.clone());
        }
        let begun = self.turn();
        let value = compute.await?;
        *latest = Some((begun, value.clone()));
        Ok(value)
    }

    fn turn(&self) -> u64 {
        self.turns.fetch_add(1, Ordering::Relaxed)
    }

    fn slot(&self, tenant: TenantId) -> Arc<LastAnswer<V>> {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry(tenant).or_default())
    }
}

#[cfg(test)]
mod tests {
    use futures::future::join_all;
    use uuid::Uuid;

    use super::*;

    #[tokio::test]
    async fn concurrent_askers_share_an_answer() {
        let (together, times) = (Together::default(), AtomicU64::new(0));
        let ask = |tenant: u128| {
            together.get(TenantId(Uuid::from_u128(tenant)), async {
                tokio::task::yield_now().await;
                Ok::<_, ()>(times.fetch_add(1, Ordering::Relaxed) + 1)
            })
        };
        let answers = join_all((0..20).map(|_| ask(1))).await;
        assert_eq!(answers[0], Ok(1));
        assert_eq!(answers[1..], [Ok(2); 19], "the first was begun before the others asked");
        assert_eq!(ask(1).await, Ok(3), "an answer is never older than the question");
        assert_eq!(ask(2).await, Ok(4));
    }
}
