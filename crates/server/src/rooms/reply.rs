//! Replies to callers: what the room's machine decided, in the words of the front ends.

use std::sync::Arc;

use sideroom_control::Viewer;
use sideroom_room::{Refusal, Response, SessionNumber, Token};
use sideroom_route::ParticipantId;
use sideroom_rpc::ApiError;
use sideroom_rpc::backend::{Answer, Joined, SessionId};

use super::delivery::{Delivered, Receipt};
use super::task::{Caller, Joining, RoomTask};

impl RoomTask {
    /// Refuses a caller.
    pub(super) fn refuse(&mut self, token: Token, refusal: Refusal) {
        self.reply(token, Err(refusal));
    }

    pub(super) fn reply(&mut self, token: Token, result: Result<Response, Refusal>) {
        // Callers may be gone; that does not change what the room has done.
        match self.callers.remove(&token) {
            None => {}
            Some(Caller::Command(reply)) => drop(reply.send(result.map_err(api_error).map(answer))),
            Some(Caller::Create(reply)) => {
                let view = |_| self.view(Viewer::Operator).ok_or(ApiError::Internal);
                let _ = reply.send(result.map_err(api_error).and_then(view));
            }
            Some(Caller::Delete(reply)) => {
                let done = match result {
                    Err(Refusal::Ended) => Ok(()),
                    other => other.map_err(api_error).map(|_| ()),
                };
                let _ = reply.send(done);
            }
            Some(Caller::Views(reply)) => {
                let _ = reply.send(result.map_err(api_error).map(|_| ()));
            }
            Some(Caller::Join(caller)) => self.reply_to_join(*caller, result),
            Some(Caller::Reoffer(caller)) => {
                let _ = caller.reply.send(match (result, caller.failed) {
                    (Ok(_), _) => caller.media.ok_or(ApiError::Internal),
                    (Err(Refusal::NoTransport), Some(failed)) => Err(failed),
                    (Err(refusal), _) => Err(api_error(refusal)),
                });
            }
            Some(Caller::Read(read)) => {
                if let Err(refusal) = result {
                    read.refuse(api_error(refusal));
                }
            }
        }
    }

    fn reply_to_join(&mut self, caller: Joining, result: Result<Response, Refusal>) {
        let joined = match (result, caller.failed) {
            (Ok(response), _) => self.joined(response, caller.media),
            (Err(Refusal::NoTransport), Some(failed)) => Err(failed),
            (Err(refusal), _) => Err(api_error(refusal)),
        };
        let _ = caller.reply.send(joined);
    }

    fn joined(
        &mut self,
        response: Response,
        media: Option<sideroom_rpc::backend::Negotiated>,
    ) -> Result<Delivered, ApiError> {
        let Response::Joined {
            participant,
            session,
            resumed,
            repeated,
        } = response
        else {
            return Err(ApiError::Internal);
        };
        let view = self.view(Viewer::Participant(participant));
        let receipt = self.receipt(participant, session, repeated)?;
        let held = self.answers.get(&participant);
        let media = media.or_else(|| Some(held?.answer.unpack()));
        let joined = Joined {
            participant,
            session: SessionId(session.0),
            media: media.ok_or(ApiError::Internal)?,
            room: view.ok_or(ApiError::ParticipantNotFound)?,
            resumed,
            repeated,
        };
        Ok(Delivered::new(joined, receipt))
    }

    /// The receipt that an answer and its repetitions share.
    fn receipt(
        &mut self,
        participant: ParticipantId,
        session: SessionNumber,
        repeated: bool,
    ) -> Result<Arc<Receipt>, ApiError> {
        let held = self.answers.get_mut(&participant);
        let held = held.ok_or(ApiError::SessionGone)?;
        if repeated && let Some(receipt) = held.receipt.upgrade() {
            return Ok(receipt);
        }
        let events = self.desk.events.clone();
        let receipt = match repeated {
            true => Receipt::accepted(participant, session, events),
            false => Receipt::new(participant, session, events),
        };
        held.receipt = Arc::downgrade(&receipt);
        Ok(receipt)
    }
}

/// The reply to a command.
fn answer(response: Response) -> Answer {
    match response {
        Response::Answer {
            outcome,
            epoch,
            version,
            seq,
            repeated,
        } => Answer {
            outcome,
            epoch,
            version,
            seq,
            repeated,
        },
        _ => unreachable!("invariant: a command is answered with an answer"),
    }
}

/// A refusal in the words of the front ends.
pub(super) fn api_error(refusal: Refusal) -> ApiError {
    use sideroom_control::BreakoutError;
    match refusal {
        Refusal::Rule(BreakoutError::EpochMismatch { current }) => {
            ApiError::EpochMismatch { current }
        }
        Refusal::Rule(error) => ApiError::Breakout(error),
        Refusal::Exists => ApiError::RoomExists,
        Refusal::Store | Refusal::Unreadable => ApiError::StoreFailed,
        Refusal::Internal => ApiError::Internal,
        Refusal::Draining => ApiError::Draining,
        Refusal::NodeFull => ApiError::LimitReached("This server is full. Use another one.".into()),
        Refusal::SessionGone | Refusal::NoTransport => ApiError::SessionGone,
        Refusal::Ended => ApiError::RoomNotFound,
        Refusal::Overloaded => ApiError::Overloaded,
    }
}
