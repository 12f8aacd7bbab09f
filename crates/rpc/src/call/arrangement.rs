//! `BreakoutService`: arrangements.

use sideroom_control::{ArrangedRoom, Arrangement, Command};

use super::{Call, mutation};
use crate::{
    api::{Api, Caller},
    auth::Scope,
    encode,
    error::ApiError,
    pasted,
    proto::{self, *},
};

mutation! {
    SaveArrangementRequest => SaveArrangementResponse needs Breakouts {
        |this, requester| Command::SaveArrangement {
            arrangement: given(&this.list, this.rooms, this.as_it_stands)?,
            name: this.name,
        },
        |answer, outcome| SaveArrangementResponse {
            answer,
            arrangement: encode::arrangement_of(outcome),
        },
    }
    RemoveArrangementRequest => RemoveArrangementResponse needs Breakouts {
        |this, requester| Command::RemoveArrangement { name: this.name },
        |answer, outcome| RemoveArrangementResponse { answer },
    }
    ApplyArrangementRequest => ApplyArrangementResponse needs Breakouts and timing {
        |this, requester| Command::ApplyArrangement { name: this.name, open: this.open },
        |answer, outcome| ApplyArrangementResponse {
            answer,
            breakout_ids: encode::breakout_ids(outcome),
            placed: encode::placed(outcome),
            absent_identities: encode::absent(outcome),
        },
    }
}

impl Call for GetArrangementRequest {
    type Response = GetArrangementResponse;

    async fn call(self, api: &Api, who: &Caller) -> Result<GetArrangementResponse, ApiError> {
        let requester = api.requester(who, Scope::Breakouts, &self.room, "").await?;
        let viewer = requester.viewer();
        let found = api.backend.arrangement(&requester.room, viewer, &self.name);
        let arrangement = api.timed(found).await?;
        let rooms = arrangement.rooms.into_iter();
        Ok(GetArrangementResponse {
            rooms: rooms.map(encode::arranged_room).collect(),
        })
    }
}

/// The arrangement that a request gives; `None`: as things stand.
fn given(
    list: &str,
    rooms: Vec<proto::ArrangedRoom>,
    as_it_stands: bool,
) -> Result<Option<Arrangement>, ApiError> {
    match (list.is_empty(), rooms.is_empty(), as_it_stands) {
        (true, true, true) => Ok(None),
        (false, true, false) => pasted::read(list).map(Some).map_err(ApiError::BadList),
        (true, false, false) => {
            let rooms = rooms.into_iter().map(|room| ArrangedRoom {
                name: room.name,
                capacity: room.capacity,
                identities: room.identities,
            });
            Ok(Some(Arrangement {
                rooms: rooms.collect(),
            }))
        }
        _ => Err(ApiError::BadRequest(
            "Give the arrangement in one way: `list`, `rooms` or `asItStands`.".to_owned(),
        )),
    }
}
