//! The part of a receiver's task that sends events again.

use std::sync::Arc;

use tokio::time::Instant;

use super::letter;
use super::post::Failure;
use super::receiver::{Done, Receiver, STORE_PAUSE};
use super::replay::{Again, Replay};
use crate::clock;
use crate::metrics;

impl Receiver {
    /// Sends the next event of a replay, if none is under way.
    pub(super) async fn replay_step(&mut self) {
        let due = self.replay_at.is_some_and(|at| at <= Instant::now());
        let Some(replay) = self.replay.filter(|_| due) else {
            return;
        };
        match replay
            .next(&self.store, &self.keys, &self.ways.filter)
            .await
        {
            Err(_) => self.replay_at = Some(Instant::now() + STORE_PAUSE),
            Ok(None) => self.end_replay().await,
            Ok(Some(again)) => {
                self.replay_at = None;
                let item = (again.number, again.room.as_str(), again.event.as_slice());
                let body = letter::body(&self.ways.id, true, [item]);
                let signature = self.ways.secret.sign(clock::unix_ms() / 1_000, &body);
                let poster = Arc::clone(&self.poster);
                self.work.push(Box::pin(async move {
                    let result = poster.post(body, &signature).await;
                    Done::Replayed { again, result }
                }));
            }
        }
    }

    pub(super) async fn handle_replayed(&mut self, again: Again, result: Result<(), Failure>) {
        let Some(replay) = self.replay else {
            return;
        };
        let dead = !replay.range;
        match result {
            Err(failure) if !failure.refused => {
                let wait = self.wait(self.replay_attempts, &failure);
                self.replay_attempts = self.replay_attempts.saturating_add(1);
                self.replay_at = Some(Instant::now() + wait);
                return self.update(|status| status.fails(&failure.why, clock::unix_ms()));
            }
            Err(_) => metrics::webhook_failed(&self.ways.id, true),
            Ok(()) => {
                metrics::webhook_delivered(&self.ways.id, 1);
                if dead {
                    let note = (self.keys.dead_letter(again.number), None);
                    if self.store.write_notes(vec![note]).await.is_ok() {
                        self.dead = self.dead.saturating_sub(1);
                        let dead = self.dead;
                        self.update(|status| status.dead = dead);
                    }
                }
            }
        }
        // One that is refused again stays where it is, and the next one is tried.
        if let Some(replay) = &mut self.replay {
            replay.from = again.number + 1;
        }
        let note = Replay::note(self.replay.as_ref(), &self.keys);
        // If it is not kept, this one is sent again after a restart.
        drop(self.store.write_notes(vec![note]).await);
        self.replay_attempts = 0;
        self.replay_at = Some(Instant::now());
        self.replay_step().await;
    }

    async fn end_replay(&mut self) {
        let note = Replay::note(None, &self.keys);
        match self.store.write_notes(vec![note]).await {
            Ok(()) => {
                self.replay = None;
                self.replay_at = None;
            }
            Err(_) => self.replay_at = Some(Instant::now() + STORE_PAUSE),
        }
    }
}
