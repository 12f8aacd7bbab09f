//! The part of a receiver's task that deals with failures: waits, and dead letters.

use std::sync::Arc;
use std::time::Duration;

use sideroom_store::{KeptEvent, StoreError};

use super::letter::DeadLetter;
use super::post::Failure;
use super::receiver::{Receiver, millis};
use crate::clock;
use crate::metrics;

/// Attempts with an event that the receiver refuses.
const REFUSALS: u32 = 5;
/// Dead letters of a receiver at most; more forget the oldest.
const DEAD_LETTERS: usize = 10_000;

impl Receiver {
    /// A request was not taken: its room waits, or its first event is given up.
    pub(super) async fn failed(
        &mut self,
        room: &str,
        events: &[Arc<KeptEvent>],
        attempts: u32,
        failure: &Failure,
    ) {
        metrics::webhook_failed(&self.ways.id, failure.refused);
        let now_ms = clock::unix_ms();
        self.update(|status| status.fails(&failure.why, now_ms));
        let Some(first) = events.first() else { return };
        let age = now_ms.saturating_sub(first.event.at_ms);
        let refused = failure.refused && events.len() == 1 && attempts + 1 >= REFUSALS;
        if refused || age > millis(self.ways.retry_for) {
            let letter = DeadLetter::of(first, &failure.why, now_ms);
            if self.bury(&letter).await.is_ok() {
                return self.lines.settle(room, first.number);
            }
        }
        let alone = failure.refused && events.len() > 1;
        let again = self.now() + millis(self.wait(attempts, failure));
        self.lines.fail(room, again, alone);
    }

    /// The wait after a failure: it doubles with each.
    pub(super) fn wait(&self, attempts: u32, failure: &Failure) -> Duration {
        let doubled = self
            .ways
            .first_wait
            .saturating_mul(1_u32.checked_shl(attempts).unwrap_or(u32::MAX));
        let asked = failure.retry_after.unwrap_or_default();
        doubled.max(asked).min(self.ways.longest_wait)
    }

    /// Keeps an event that is given up, and forgets the oldest if there are too many.
    async fn bury(&mut self, letter: &DeadLetter) -> Result<(), StoreError> {
        let value = serde_json::to_vec(letter).unwrap_or_default();
        let mut notes = vec![(self.keys.dead_letter(letter.number), Some(value))];
        if self.dead >= DEAD_LETTERS {
            let oldest = self.store.notes(&self.keys.dead(), "", 1).await?;
            notes.extend(oldest.into_iter().map(|(key, _)| (key, None)));
            metrics::webhook_lost(&self.ways.id, 1);
            self.dead -= 1;
        }
        self.store.write_notes(notes).await?;
        self.dead += 1;
        let (receiver, number, error) = (&self.ways.id, letter.number, &letter.error);
        tracing::warn!(%receiver, number, %error, "a webhook's event is given up; it is in the list of dead letters");
        metrics::webhook_given_up(receiver);
        let dead = self.dead;
        self.update(|status| status.dead = dead);
        Ok(())
    }
}
