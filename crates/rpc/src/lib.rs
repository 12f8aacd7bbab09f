//! The wire of Sideroom: protobuf, gRPC, JSON over HTTP POST, the browsers' WebSocket, WHIP and WHEP, to
//! and from the commands, outcomes and events of `sideroom-control`; who may call what; and the limits.
//!
//! It never decides who hears whom, and never touches a media socket.
