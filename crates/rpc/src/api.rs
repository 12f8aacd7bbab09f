//! Shared by all front ends: identifying the caller, rate limits, and the way of a command.

use std::{
    net::IpAddr,
    sync::{Arc, atomic::AtomicUsize},
};

use sideroom_control::{Actor, Command, DryRun, Expected, Viewer};
use sideroom_route::ParticipantId;
use tokio::time::timeout;

use crate::{
    auth::{
        Bearer, ClientClaims, KeyError, Keyring, Keys, Operator, Scope, ShownCertificate, rights_of,
    },
    backend::{Answer, Backend, CommandRequest},
    clock,
    config::RpcConfig,
    connection::{self, CallerKind},
    crowd::{MemberLimit, WhenFull},
    error::ApiError,
    ice, ids,
    limit::{Limiter, Source},
    proto::IceServer,
};

/// The front ends' common part.
#[derive(Clone)]
pub struct Api(Arc<Shared>);

/// State shared by the front ends.
#[doc(hidden)]
pub struct Shared {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) config: RpcConfig,
    pub(crate) keys: Keys,
    pub(crate) limiter: Limiter,
    pub(crate) sockets: AtomicUsize,
    pub(crate) waiting: crate::crowd::MemberLimit,
    pub(crate) watches: crate::watches::Watches,
    pub(crate) seats: crate::gateway::Seats,
    pub(crate) resources: crate::whip::Resources,
    pub(crate) recent: crate::recent::Recent,
}

impl std::ops::Deref for Api {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api")
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

/// The caller, as the token or the socket identifies them.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    /// A signaling server.
    Operator(Operator),
    /// A client that authenticates each call with a token.
    Client(Box<ClientClaims>),
    /// A client that has joined over the WebSocket.
    Seated {
        room: String,
        participant: ParticipantId,
    },
}

/// The author of a request on one room.
#[derive(Clone, Debug)]
pub(crate) struct Requester {
    /// The room's name.
    pub(crate) room: String,
    /// The actor whose rights count.
    pub(crate) actor: Actor,
}

impl Api {
    /// Front ends for this backend. Fails if the keys cannot be used.
    pub fn new(backend: Arc<dyn Backend>, config: RpcConfig) -> Result<Self, KeyError> {
        let keyring = Keyring::with_rules(config.keys.iter().cloned(), config.tokens)?;
        Ok(Self::with_keys(backend, config, Keys::new(keyring)))
    }

    /// As `new`, with keys that were read before; the keys of the configuration are not used.
    pub fn with_keys(backend: Arc<dyn Backend>, config: RpcConfig, keys: Keys) -> Self {
        Self(Arc::new(Shared {
            backend,
            keys,
            limiter: Limiter::new(config.rates),
            sockets: AtomicUsize::new(0),
            waiting: MemberLimit::new(config.max_waiting_sockets_per_address, WhenFull::Refuse),
            watches: crate::watches::Watches::new(&config),
            seats: crate::gateway::Seats::default(),
            resources: crate::whip::Resources::default(),
            recent: crate::recent::Recent::default(),
            config,
        }))
    }

    /// Identifies the caller by their bearer token and counts the call. Callers without a good token are
    /// counted by address.
    pub(crate) fn who(
        &self,
        token: Option<&str>,
        from: Option<IpAddr>,
    ) -> Result<Caller, ApiError> {
        let verified = token
            .ok_or(ApiError::Unauthenticated(
                "send `Authorization: Bearer` with a token".into(),
            ))
            .and_then(|token| self.keyring().verify(token, clock::unix_s()));
        self.admit(verified, from)
    }

    /// Admits a caller without a token by the certificate that its connection has shown.
    pub(crate) fn who_certified(
        &self,
        shown: &ShownCertificate,
        from: Option<IpAddr>,
    ) -> Result<Caller, ApiError> {
        let certified = self.keyring().certified(shown);
        self.admit(certified.map(Bearer::Operator), from)
    }

    /// The keys and certificates that are valid now.
    pub(crate) fn keyring(&self) -> Arc<Keyring> {
        self.keys.current()
    }

    fn admit(
        &self,
        verified: Result<Bearer, ApiError>,
        from: Option<IpAddr>,
    ) -> Result<Caller, ApiError> {
        let (who, source, standing) = match verified {
            Ok(Bearer::Operator(operator)) => {
                let key = Source::Key(operator.key_id.clone());
                (Caller::Operator(operator), key, CallerKind::Operator)
            }
            Ok(Bearer::Client(claims)) => {
                let client = Source::Client(claims.room.clone(), claims.sub.clone());
                (Caller::Client(claims), client, CallerKind::Client)
            }
            Err(error) => {
                self.count_address(from)?;
                return Err(error);
            }
        };
        self.count(&source)?;
        connection::known(standing)?;
        Ok(who)
    }

    /// Counts a call by the address that it comes from.
    pub(crate) fn count_address(&self, from: Option<IpAddr>) -> Result<(), ApiError> {
        self.count(&from.map_or(Source::Others, Source::address))
    }

    /// Refuses an address that has failed too often, counting nothing: many people may share one.
    pub(crate) fn check_address(&self, from: Option<IpAddr>) -> Result<(), ApiError> {
        let source = from.map_or(Source::Others, Source::address);
        self.limiter
            .wait(&source, clock::now())
            .map_err(|retry_after| ApiError::RateLimited { retry_after })
    }

    fn count(&self, source: &Source) -> Result<(), ApiError> {
        self.limiter
            .take(source, clock::now())
            .map_err(|retry_after| ApiError::RateLimited { retry_after })
    }

    /// The author of a request, and the room. An operator needs the scope and may act with a participant's
    /// rights; a client is held to the participant and the room of the token.
    pub(crate) async fn requester(
        &self,
        who: &Caller,
        scope: Scope,
        room: &str,
        act_as: &str,
    ) -> Result<Requester, ApiError> {
        let requester = match who {
            Caller::Operator(operator) => {
                operator.require(scope)?;
                let actor = match act_as {
                    "" => operator.actor()?,
                    id => Actor::Participant(ids::participant(id)?),
                };
                return Ok(Requester {
                    room: room_name(room)?.to_owned(),
                    actor,
                });
            }
            Caller::Client(claims) => {
                own_room(room, &claims.room)?;
                let me = self.participant(claims).await?;
                Requester {
                    room: claims.room.clone(),
                    actor: Actor::Participant(me),
                }
            }
            Caller::Seated {
                room: own,
                participant,
            } => {
                own_room(room, own)?;
                Requester {
                    room: own.clone(),
                    actor: Actor::Participant(*participant),
                }
            }
        };
        if !act_as.is_empty() && ids::actor(requester.actor) != act_as {
            return Err(ApiError::PermissionDenied(
                "Only the signaling server may act for somebody else; leave `asParticipantId` out."
                    .to_owned(),
            ));
        }
        Ok(requester)
    }

    /// The participant that a client token speaks for. A token that allows less than the one that the
    /// participant came in with does not get that one's power.
    async fn participant(&self, claims: &ClientClaims) -> Result<ParticipantId, ApiError> {
        let found = self.backend.participant(&claims.room, &claims.sub);
        let (participant, came_with) = self.timed(found).await?;
        if rights_of(claims).cover(&came_with) {
            return Ok(participant);
        }
        Err(ApiError::PermissionDenied(
            "This identity joined with a token that allows more. Join with this token first, or use \
             that one."
                .to_owned(),
        ))
    }

    /// Passes a command to the room.
    pub(crate) async fn command(
        &self,
        requester: Requester,
        request_id: &str,
        expected: Option<Expected>,
        command: Command,
    ) -> Result<Answer, ApiError> {
        let request = CommandRequest {
            room: requester.room,
            actor: requester.actor,
            request_id: ids::request_id_or_fresh(request_id)?,
            expected,
            command,
        };
        self.timed(self.backend.command(request)).await
    }

    /// Tells the result that a command would have.
    pub(crate) async fn dry_run(
        &self,
        requester: Requester,
        expected: Option<Expected>,
        command: Command,
    ) -> Result<DryRun, ApiError> {
        let request = CommandRequest {
            room: requester.room,
            actor: requester.actor,
            request_id: ids::request_id_or_fresh("")?,
            expected,
            command,
        };
        self.timed(self.backend.dry_run(request)).await
    }

    /// A participant leaves for good.
    pub(crate) async fn leave(
        &self,
        room: &str,
        participant: ParticipantId,
        request_id: &str,
    ) -> Result<Answer, ApiError> {
        let requester = Requester {
            room: room.to_owned(),
            actor: Actor::Participant(participant),
        };
        self.command(requester, request_id, None, Command::Leave { participant })
            .await
    }

    /// The ICE servers for a participant. `by_itself` is false if a signaling server calls: it may use an inner
    /// host name that clients cannot reach.
    pub(crate) fn ice_servers(
        &self,
        participant: ParticipantId,
        by_itself: bool,
    ) -> Vec<IceServer> {
        let host = ice::host().filter(|_| by_itself);
        let turn = self.config.turn.as_ref();
        turn.map_or_else(Vec::new, |turn| turn.servers(participant, host.as_deref()))
    }

    /// Waits for the backend, but not for ever.
    pub(crate) async fn timed<T>(
        &self,
        call: impl Future<Output = Result<T, ApiError>>,
    ) -> Result<T, ApiError> {
        timeout(self.config.answer_timeout, call)
            .await
            .unwrap_or(Err(ApiError::Overloaded))
    }
}

impl Caller {
    /// An operator with this scope, or an error.
    pub(crate) fn operator(&self, scope: Scope) -> Result<&Operator, ApiError> {
        match self {
            Self::Operator(operator) => operator.require(scope).map(|()| operator),
            Self::Client(_) | Self::Seated { .. } => Err(ApiError::PermissionDenied(
                "This is for the signaling server; call it with an API token.".to_owned(),
            )),
        }
    }
}

impl Requester {
    /// The participant that a command is about: the one that is named, or the requester itself.
    pub(crate) fn subject(&self, named: &str) -> Result<ParticipantId, ApiError> {
        match (named, self.actor) {
            ("", Actor::Participant(me)) => Ok(me),
            ("", Actor::Operator | Actor::Key(_) | Actor::System) => Err(ApiError::BadRequest(
                "Say about whom: `participantId` is missing.".to_owned(),
            )),
            (id, _) => ids::participant(id),
        }
    }

    /// The viewer for this author's reads.
    pub(crate) const fn viewer(&self) -> Viewer {
        match self.actor {
            Actor::Participant(me) => Viewer::Participant(me),
            Actor::Operator | Actor::Key(_) | Actor::System => Viewer::Operator,
        }
    }
}

fn own_room(named: &str, own: &str) -> Result<(), ApiError> {
    if named.is_empty() || named == own {
        return Ok(());
    }
    Err(ApiError::PermissionDenied(
        "This token is for another room. Ask for one for this room.".to_owned(),
    ))
}

/// A room's name: 1 to 128 bytes.
pub(crate) fn room_name(name: &str) -> Result<&str, ApiError> {
    if name.is_empty() || name.len() > crate::auth::MAX_NAME_BYTES {
        return Err(ApiError::BadRequest(
            "Say in which room: `room` has 1 to 128 bytes.".to_owned(),
        ));
    }
    Ok(name)
}
