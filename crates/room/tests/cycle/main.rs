//! The cycle of one room: each input at its worst moment, between apply, commit, publication and reaction.
#![allow(missing_docs)]

mod calendar;
mod empty;
mod room;
mod saving;
mod speakers;
