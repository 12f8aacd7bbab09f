//! Other people's WebRTC stacks as clients of the running server. There are tests only, in `tests/`;
//! nothing of this crate ships, and it never looks inside the server.
