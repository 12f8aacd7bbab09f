package sideroom

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	mathrand "math/rand"
	"time"
)

const (
	firstWait   = 100 * time.Millisecond
	longestWait = 2 * time.Second
	// For one try: the server answers each call within 10 seconds, if only that it is overloaded.
	attemptTime = 15 * time.Second
)

// backoff gives waits that grow, each drawn at random so that callers do not come back together.
type backoff struct{ bound time.Duration }

func (b *backoff) reset() { b.bound = 0 }

// next returns the wait before the next try, which is never earlier than the server asks for.
func (b *backoff) next(after *Error) time.Duration {
	if b.bound == 0 {
		b.bound = firstWait
	}
	wait := b.bound/2 + time.Duration(mathrand.Int63n(int64(b.bound/2)))
	b.bound *= 2
	if b.bound > longestWait {
		b.bound = longestWait
	}
	if after != nil && after.RetryAfter > wait {
		return after.RetryAfter
	}
	return wait
}

// sleep waits, or returns the context's error when it ends.
func sleep(ctx context.Context, wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func newRequestID() string {
	var id [16]byte
	if _, err := rand.Read(id[:]); err != nil {
		panic("sideroom: the system has no random numbers: " + err.Error())
	}
	return hex.EncodeToString(id[:])
}
