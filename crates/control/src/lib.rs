//! The domain of Sideroom: rooms, breakouts, and who hears whom.
//!
//! One [`Room`] takes [`Command`]s and answers each with an [`Applied`] (the outcome, the events with their
//! audience, the change of the routing table, the journal record) or with a [`BreakoutError`], in which case
//! nothing has changed. The caller passes in the time and the seed of every random choice; the crate never
//! reads a clock, opens a socket, spawns a thread or touches a packet. The forwarder applies the
//! [`sideroom_route::RouteUpdate`]s that come out of here and knows nothing else of this crate.

mod apply;
mod arguments;
mod arrangement;
mod attendance;
mod audience;
mod ceiling;
mod chance;
mod change;
mod command;
mod command_name;
mod command_run;
mod diff_map;
mod distribute;
mod door;
mod dry_run;
mod error;
mod event;
mod event_delivery;
mod event_list;
mod grants;
mod hears;
mod intercom;
mod journal;
mod key;
mod kinds;
mod lateness;
mod layout;
mod memory;
mod moves;
mod old;
mod outcome;
mod person;
mod planner;
mod reach;
mod reload;
mod restart;
mod rights;
mod room;
mod rotation;
mod run;
mod schedule;
mod settings;
mod state;
mod time;
mod view;
mod visibility;
mod volatile;

pub use arguments::{
    BreakoutPatch, CreateBreakouts, CreateSideRoom, GateKinds, GateScope, Grants, Join, MoveTo,
    Reconnect, Reoffer, Role, RotationStep, Selection, SlotPool, StartRotation, Whom,
};
pub use arrangement::{ArrangedRoom, Arrangement, ArrangementFault, ArrangementSummary};
pub use attendance::{Absence, Attendance, AttendancePage};
pub use audience::{Audience, Standing};
pub use chance::Chance;
pub use command::{Actor, Command, Request, RequestId, Timer};
pub use door::{Door, KnockEnd, KnockView};
pub use dry_run::DryRun;
pub use error::{AcsCode, BreakoutError, Subject};
pub use event::{Event, EventKind, InvitationEnd, LeaveReason, MoveCause};
pub use event_delivery::Missed;
pub use grants::{Power, Rights};
pub use hears::{hears, plan, plan_after};
pub use intercom::{Addressed, IntercomView, OwnGroup, StartIntercom};
pub use journal::{Digest, Record, ReplayError};
pub use key::KeyId;
pub use kinds::KindSet;
pub use lateness::{IfLate, ScheduleId};
pub use layout::in_layout;
pub use moves::{Lapse, MoveLog, MovesPage, MovesQuery, Stay, StayEnd};
pub use old::{OldRecord, OldSnapshot};
pub use outcome::{Applied, Outcome};
pub use person::{WHEP_NAME, WHEP_SUFFIX, WHIP_SUFFIX, person_of};
pub use planner::Forecast;
pub use restart::{Entry, Snapshot};
pub use room::{Expected, Room};
pub use rotation::{
    Rotation, RotationEnd, RotationPlan, RotationView, Round, Rounds, plan_rotation, repeats,
};
pub use schedule::{Schedule, ScheduleEnd, ScheduleView};
pub use settings::{
    Availability, BreakoutSettings, BreakoutSettingsPatch, CodecChoice, ParentWhileAway,
    RoomConfig, RoomMode, RoomPatch, RoomSettings, TimerChange, VideoCodec, bounds,
};
pub use time::UnixMillis;
pub use view::{
    BanView, BreakoutSummary, BreakoutView, HelpRequest, InvitationView, ParentGate,
    ParticipantView, RoomView, TrackView, Viewer,
};
pub use volatile::{View, Views, Wish};
