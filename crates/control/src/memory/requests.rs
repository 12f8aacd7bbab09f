//! Answers by request id, for actors who repeat a request (rule 16). Each actor has a separate bound, so that
//! nobody makes the room forget the requests of others.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};
use sideroom_route::Epoch;

use crate::{Actor, Digest, Outcome, RequestId, UnixMillis, bounds};

/// Of all actors.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Requests {
    by_actor: BTreeMap<Actor, ActorRequests>,
    /// When each actor's oldest was answered.
    oldest: BTreeSet<(UnixMillis, Actor)>,
    count: usize,
}

/// Of one actor.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
struct ActorRequests {
    answers: BTreeMap<RequestId, Answer>,
    /// The oldest first.
    order: VecDeque<(UnixMillis, RequestId)>,
}

/// One answer, to be given again.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(crate) struct Answer {
    /// Of the command; `None`: it was given in an older format, and its id alone says that it is the same.
    pub(crate) body: Option<Digest>,
    pub(crate) outcome: Outcome,
    pub(crate) epoch: Epoch,
    pub(crate) version: u64,
    pub(crate) seq: u64,
}

impl Requests {
    pub(crate) fn answer_to(&self, actor: Actor, id: &RequestId) -> Option<&Answer> {
        self.by_actor.get(&actor)?.answers.get(id)
    }

    pub(crate) fn remember(&mut self, now: UnixMillis, actor: Actor, id: &RequestId, it: Answer) {
        while let Some((at, whose)) = self.oldest.first().copied() {
            let full = self.count >= bounds::REQUESTS_OF_ROOM;
            if !full && now.since(at) < bounds::REQUEST_MEMORY_MS {
                break;
            }
            self.forget_oldest(whose);
        }
        let most = match actor {
            Actor::Participant(_) => bounds::REQUESTS,
            Actor::Operator | Actor::Key(_) | Actor::System => bounds::REQUESTS_OF_KEY,
        };
        let held = self.by_actor.get(&actor).map_or(0, |own| own.order.len());
        if held >= most {
            self.forget_oldest(actor);
        }
        let own = self.by_actor.entry(actor).or_default();
        if own.order.is_empty() {
            self.oldest.insert((now, actor));
        }
        own.answers.insert(id.clone(), it);
        own.order.push_back((now, id.clone()));
        self.count += 1;
    }

    fn forget_oldest(&mut self, actor: Actor) {
        let Some(own) = self.by_actor.get_mut(&actor) else {
            return;
        };
        if let Some((at, id)) = own.order.pop_front() {
            self.oldest.remove(&(at, actor));
            own.answers.remove(&id);
            self.count -= 1;
        }
        match own.order.front() {
            Some((at, _)) => drop(self.oldest.insert((*at, actor))),
            None => drop(self.by_actor.remove(&actor)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KeyId;

    fn answer() -> Answer {
        Answer {
            body: None,
            outcome: Outcome::Done,
            epoch: Epoch(0),
            version: 0,
            seq: 0,
        }
    }

    fn id(number: usize) -> RequestId {
        RequestId::new(&number.to_string()).unwrap()
    }

    #[test]
    fn nobody_makes_the_room_forget_what_another_one_asked() {
        let key = |name| Actor::Key(KeyId::new(name).unwrap());
        let (calm, pusher) = (key("calm"), key("pusher"));
        let mut all = Requests::default();
        let start = UnixMillis(1);
        all.remember(start, calm, &id(1), answer());
        for number in 0..2 * bounds::REQUESTS_OF_KEY {
            all.remember(start + number as u64, pusher, &id(number), answer());
        }
        assert!(all.answer_to(calm, &id(1)).is_some());
        assert!(all.answer_to(pusher, &id(0)).is_none());
        assert_eq!(all.count, bounds::REQUESTS_OF_KEY + 1);
        // Answers that are too old are forgotten with the next request of any actor, together with their indexes.
        let late = start + 2 * bounds::REQUEST_MEMORY_MS;
        all.remember(late, calm, &id(2), answer());
        assert_eq!((all.count, all.by_actor.len(), all.oldest.len()), (1, 1, 1));
    }

    #[test]
    fn a_room_remembers_so_many_requests_and_no_more() {
        let mut all = Requests::default();
        let people =
            (1..).map(|n| sideroom_route::ParticipantId::new(sideroom_route::RoomId(1), n));
        for (at, one) in people.take(1_000).enumerate() {
            for number in 0..bounds::REQUESTS {
                let now = UnixMillis((at * bounds::REQUESTS + number) as u64);
                all.remember(now, Actor::Participant(one), &id(number), answer());
            }
        }
        assert_eq!(all.count, bounds::REQUESTS_OF_ROOM);
        let held: usize = all.by_actor.values().map(|own| own.answers.len()).sum();
        assert_eq!(held, all.count);
    }
}
