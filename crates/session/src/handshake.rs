//! The DTLS connection of a session. The steps of its handshake may be taken elsewhere: signatures and key
//! agreement take longer than a packet may wait.

use sideroom_route::{DropReason, Time};

use crate::dtls::{Dtls, DtlsConfig, DtlsEvent};
use crate::srtp::Role;

/// The most inputs that wait for a handshake that is elsewhere; a client repeats what it sent.
const MAX_INPUTS: usize = 32;

/// See the module.
#[derive(Debug)]
pub(crate) struct Handshake {
    state: State,
    /// The steps are taken elsewhere.
    apart: bool,
    inputs: Vec<Input>,
}

#[derive(Debug)]
enum State {
    /// The client waits for the server's hello, which it gets once the first path is up.
    Waiting(Box<DtlsConfig>),
    Here(Box<Dtls>),
    /// In a [`HandshakeWork`].
    Away,
}

#[derive(Debug)]
enum Input {
    Datagram(Vec<u8>),
    Timeout,
}

/// Steps of a handshake, to be [taken](Self::run) on any thread and given back to the session.
#[derive(Debug)]
pub struct HandshakeWork {
    dtls: Box<Dtls>,
    inputs: Vec<Input>,
}

impl HandshakeWork {
    /// Takes the steps.
    pub fn run(&mut self, now: Time) {
        for input in self.inputs.drain(..) {
            match input {
                // Dropped for its own reasons: nobody waits for the answer here.
                Input::Datagram(datagram) => drop(self.dtls.handle_datagram(now, &datagram)),
                Input::Timeout => self.dtls.handle_timeout(now),
            }
        }
    }
}

impl Handshake {
    pub(crate) fn new(now: Time, config: DtlsConfig) -> Self {
        let state = match config.role {
            Role::Client => State::Waiting(Box::new(config)),
            Role::Server => State::Here(Box::new(Dtls::new(now, config))),
        };
        Self {
            state,
            apart: false,
            inputs: Vec::new(),
        }
    }

    pub(crate) fn take_apart(&mut self) {
        self.apart = true;
    }

    /// There is a path: the server's hello can be sent, if it is for the server to begin.
    pub(crate) fn begin(&mut self, now: Time) {
        if let State::Waiting(config) = &self.state {
            let dtls = Dtls::new(now, (**config).clone());
            self.state = State::Here(Box::new(dtls));
        }
    }

    pub(crate) fn handle_datagram(&mut self, now: Time, datagram: &[u8]) -> Result<(), DropReason> {
        match &mut self.state {
            State::Waiting(_) => Err(DropReason::NotSecured),
            State::Here(dtls) if !(self.apart && dtls.is_handshaking()) => {
                dtls.handle_datagram(now, datagram)
            }
            State::Here(_) | State::Away => self.keep(Input::Datagram(datagram.to_vec())),
        }
    }

    fn keep(&mut self, input: Input) -> Result<(), DropReason> {
        if self.inputs.len() >= MAX_INPUTS {
            return Err(DropReason::Throttled);
        }
        self.inputs.push(input);
        Ok(())
    }

    pub(crate) fn handle_timeout(&mut self, now: Time) {
        if self.poll_timeout() > now {
            return;
        }
        match &mut self.state {
            State::Here(dtls) if self.apart && dtls.is_handshaking() => {
                // There is room: nothing waits while a timeout is set.
                let _ = self.keep(Input::Timeout);
            }
            State::Here(dtls) => dtls.handle_timeout(now),
            State::Waiting(_) | State::Away => {}
        }
    }

    pub(crate) fn poll_timeout(&self) -> Time {
        match &self.state {
            State::Here(dtls) if self.inputs.is_empty() => dtls.poll_timeout(),
            _ => Time::NEVER,
        }
    }

    pub(crate) fn poll_event(&mut self) -> Option<DtlsEvent> {
        self.here()?.poll_event()
    }

    pub(crate) fn poll_transmit(&mut self, out: &mut [u8]) -> Option<usize> {
        self.here()?.poll_transmit(out)
    }

    pub(crate) fn close(&mut self, now: Time) {
        if let Some(dtls) = self.here() {
            dtls.close(now);
        }
    }

    /// Hands out the next steps, if they are to be taken elsewhere.
    pub(crate) fn poll_work(&mut self) -> Option<HandshakeWork> {
        if self.inputs.is_empty() {
            return None;
        }
        match std::mem::replace(&mut self.state, State::Away) {
            State::Here(dtls) => Some(HandshakeWork {
                dtls,
                inputs: std::mem::take(&mut self.inputs),
            }),
            other => {
                self.state = other;
                None
            }
        }
    }

    /// Takes the handshake back.
    pub(crate) fn take_back(&mut self, work: HandshakeWork) {
        self.state = State::Here(work.dtls);
    }

    fn here(&mut self) -> Option<&mut Dtls> {
        match &mut self.state {
            State::Here(dtls) => Some(dtls),
            State::Waiting(_) | State::Away => None,
        }
    }
}
