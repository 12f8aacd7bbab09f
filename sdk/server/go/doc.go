// Package sideroom is for signaling servers: rooms, participants, breakouts and their events.
//
// New makes a client; its fields Rooms, Participants, Breakouts and Node hold the methods of the API, and Watch tells
// the events of a room. Calls are repeated where that is safe, and watches go on over restarts of the server.
package sideroom
