package sideroom

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"
)

const (
	watchMethod = "EventService/Watch"
	// The server sends an empty line every 15 seconds; one that says nothing for so long is gone.
	silence     = 45 * time.Second
	longestLine = 64 << 20
)

// WatchOptions says how a watch begins.
type WatchOptions struct {
	// AfterSeq goes on after this number instead of beginning with a snapshot.
	AfterSeq *uint64
	// IncludeVolatile tells also what carries no number: talkers, slots, layers.
	IncludeVolatile bool
}

// Watch tells the room when it began, then each change, each once and in order. It goes on over lost connections and
// restarts of the server. A second snapshot means that events were missed that the server no longer keeps: take it as
// the new state. Next and Item are for one goroutine; Close is for any.
type Watch struct {
	connection *connection
	// The caller's, and the one that Close ends.
	outer, ctx context.Context
	cancel     context.CancelFunc
	position   position
	stream     *stream
	item       *WatchResponse
	err        error
}

// stream is one connection.
type stream struct {
	body   io.ReadCloser
	lines  *bufio.Reader
	cancel context.CancelFunc
}

func openWatch(ctx context.Context, c *connection, room string, options WatchOptions) (*Watch, error) {
	inner, cancel := context.WithCancel(ctx)
	watch := &Watch{connection: c, outer: ctx, ctx: inner, cancel: cancel}
	watch.position = position{room: room, options: options, seq: options.AfterSeq, giveUpAt: time.Now().Add(c.timeout)}
	for watch.stream == nil {
		if err := watch.connect(); err != nil {
			if !watch.waited(err) {
				cancel()
				return nil, watch.err
			}
		}
	}
	return watch, nil
}

// Next waits for the next item. It is false when the room or the caller's part in it ends, after Close, and after an
// error, which Err tells.
func (watch *Watch) Next() bool {
	watch.item = nil
	for watch.err == nil && !watch.position.ended && watch.ctx.Err() == nil {
		item, err := watch.read()
		if err == nil && item != nil {
			watch.item = item
			return true
		}
		if err != nil && !watch.waited(err) {
			break
		}
	}
	watch.drop()
	if watch.err == nil {
		watch.err = watch.outer.Err()
	}
	return false
}

// Item returns what Next waited for: one of its fields is set.
func (watch *Watch) Item() *WatchResponse { return watch.item }

// Err returns why Next was false; nil at an end in good order and after Close.
func (watch *Watch) Err() error { return watch.err }

// Seq returns the number of the last event: where AfterSeq goes on, also in another process.
func (watch *Watch) Seq() *uint64 { return watch.position.seq }

// Close ends the watch, and a Next that waits.
func (watch *Watch) Close() { watch.cancel() }

// read returns the item of the next line, or nil if that has none.
func (watch *Watch) read() (*WatchResponse, error) {
	if watch.stream == nil {
		return nil, watch.connect()
	}
	silent := time.AfterFunc(silence, watch.stream.cancel)
	line, err := readLine(watch.stream.lines)
	silent.Stop()
	if err != nil {
		return nil, err
	}
	return watch.position.handleLine(line)
}

func (watch *Watch) connect() error {
	body, err := json.Marshal(watch.position.request())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(watch.ctx)
	late := time.AfterFunc(attemptTime, cancel)
	response, err := watch.connection.post(ctx, watchMethod, body)
	if err == nil && response.StatusCode != http.StatusOK {
		var said []byte
		said, err = io.ReadAll(io.LimitReader(response.Body, longestAnswer))
		if err == nil {
			err = errorFrom(watchMethod, response.StatusCode, said)
		}
		response.Body.Close()
	}
	if !late.Stop() && err == nil {
		response.Body.Close()
		err = noAnswer(watchMethod, context.DeadlineExceeded)
	}
	if err != nil {
		cancel()
		return err
	}
	watch.position.handleOpen()
	watch.stream = &stream{response.Body, bufio.NewReaderSize(response.Body, 64<<10), cancel}
	return nil
}

// waited drops the connection after an error and waits until the next may be tried. False: there is none.
func (watch *Watch) waited(err error) bool {
	watch.drop()
	if watch.ctx.Err() != nil {
		watch.err = watch.outer.Err()
		return false
	}
	var wait time.Duration
	var failed *Error
	switch {
	case errors.As(err, &failed):
		wait, watch.err = watch.position.handleError(failed)
	case errors.Is(err, io.EOF):
		wait = watch.position.handleEnd()
	default:
		wait, watch.err = watch.position.handleError(noAnswer(watchMethod, err))
	}
	if watch.err != nil {
		return false
	}
	if !watch.position.ended && sleep(watch.ctx, wait) != nil {
		watch.err = watch.outer.Err()
		return false
	}
	return true
}

func (watch *Watch) drop() {
	if watch.stream != nil {
		watch.stream.cancel()
		watch.stream.body.Close()
		watch.stream = nil
	}
}

// readLine returns a whole line. The bytes before a lost connection are none.
func readLine(from *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := from.ReadSlice('\n')
		line = append(line, part...)
		if err == nil {
			return line, nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return nil, err
		}
		if len(line) > longestLine {
			return nil, badAnswer(watchMethod, http.StatusOK, errors.New("a line has no end"))
		}
	}
}
