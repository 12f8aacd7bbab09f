//! The record of a request that detects another request with the same id.

use serde::{Deserialize, Serialize};
use sideroom_control::{BreakoutError, Digest, RequestId};

use super::{CreateRoom, JoinRequest, ReofferRequest};
use crate::error::ApiError;

/// A request: its id, and a digest of everything else in it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Asked {
    pub id: RequestId,
    /// The digest of its body.
    pub body: Digest,
}

impl Asked {
    /// True if `other` is this request again, false if it is another one. One that has the id of this
    /// one and asks something else is refused.
    pub fn is_again(&self, other: &Self) -> Result<bool, ApiError> {
        if self.id != other.id {
            return Ok(false);
        }
        if self.body != other.body {
            let why = "this request id was used for another command";
            return Err(BreakoutError::InvalidArgument(why).into());
        }
        Ok(true)
    }
}

impl CreateRoom {
    /// The record of this request.
    pub fn asked(&self) -> Asked {
        Asked {
            id: self.request_id.clone(),
            body: Digest::of(&(&self.name, self.mode, &self.settings, &self.breakouts)),
        }
    }
}

impl JoinRequest {
    /// The record of this request.
    pub fn asked(&self) -> Asked {
        let who = (&self.identity, &self.display_name, self.role, &self.grants);
        Asked {
            id: self.request_id.clone(),
            body: Digest::of(&(who, &self.offer, &self.hints, self.publish)),
        }
    }
}

impl ReofferRequest {
    pub(crate) fn body(&self) -> Digest {
        Digest::of(&("reoffer", &self.offer, &self.hints))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(id: &str, body: u8) -> Asked {
        Asked {
            id: RequestId::new(id).unwrap(),
            body: Digest([body; 32]),
        }
    }

    #[test]
    fn the_same_again_another_one_and_one_that_pretends() {
        let first = asked("a", 1);
        assert_eq!(first.is_again(&asked("a", 1)), Ok(true));
        assert_eq!(first.is_again(&asked("b", 1)), Ok(false));
        let refused = first.is_again(&asked("a", 2)).unwrap_err();
        assert_eq!(refused.wire().reason, "InvalidArgument");
    }
}
