package sideroom

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"
)

// position is where a watch is in the events of its room, and how it goes on after an interruption.
type position struct {
	room    string
	options WatchOptions
	seq     *uint64
	// The room is closed, or the caller has left it: nothing comes any more.
	ended bool
	// Until the first connection stands, a watch fails as a call does.
	giveUpAt     time.Time
	opened       bool
	endedInOrder bool
	waits        backoff
}

func (p *position) request() *WatchRequest {
	return &WatchRequest{Room: p.room, AfterSeq: p.seq, IncludeVolatile: p.options.IncludeVolatile}
}

func (p *position) handleOpen() {
	p.opened, p.endedInOrder = true, false
}

// handleLine returns the item of a line, or nil if it is empty or known already.
func (p *position) handleLine(line []byte) (*WatchResponse, error) {
	line = bytes.TrimSpace(line)
	if len(line) == 0 {
		return nil, nil
	}
	var said struct {
		WatchResponse
		Error *wireError
	}
	if err := json.Unmarshal(line, &said); err != nil {
		return nil, badAnswer(watchMethod, http.StatusOK, err)
	}
	if said.Error != nil {
		return nil, said.Error.made(watchMethod, http.StatusOK)
	}
	p.waits.reset()
	item := said.WatchResponse
	switch {
	case item.Snapshot != nil:
		p.seq = Ptr(item.Snapshot.Seq)
	case item.Event != nil:
		if p.seq != nil && item.Event.Seq <= *p.seq {
			return nil, nil
		}
		p.seq = Ptr(item.Event.Seq)
		p.ended = item.Event.RoomClosed != nil
	case item == WatchResponse{}:
		// Only a newer version of the SDK knows it.
		return nil, nil
	}
	return &item, nil
}

// handleEnd: the stream ended in good order, or a proxy ended it. The next connection tells; this is the wait before it.
func (p *position) handleEnd() time.Duration {
	p.endedInOrder = true
	return p.waits.next(nil)
}

// handleError returns the wait before the next connection, or the error if there is none.
func (p *position) handleError(err *Error) (time.Duration, error) {
	if err.Code == "NOT_FOUND" && p.endedInOrder {
		p.ended = true
		return 0, nil
	}
	if err.Reason == ReasonOutOfRange && p.seq != nil {
		// What was missed is no longer kept: a snapshot takes its place.
		p.seq = nil
		return 0, nil
	}
	if err.Reason != ReasonTooSlow && !err.repeatable() {
		return 0, err
	}
	wait := p.waits.next(err)
	if !p.opened && time.Now().Add(wait).After(p.giveUpAt) {
		return 0, err
	}
	return wait, nil
}
