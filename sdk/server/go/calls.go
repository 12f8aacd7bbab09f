package sideroom

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"
)

// More than any answer has.
const longestAnswer = 64 << 20

// connection is what all calls of a client share.
type connection struct {
	url     string
	tokens  *tokenSource
	timeout time.Duration
	http    *http.Client
}

// call tries a call until it is answered, refused, or its time is up.
func (c *connection) call(ctx context.Context, method string, request, answer any) error {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	if _, ok := ctx.Deadline(); !ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.timeout)
		defer cancel()
	}
	var waits backoff
	for {
		err := c.attempt(ctx, method, body, answer)
		var failed *Error
		if err == nil || !errors.As(err, &failed) || !failed.repeatable() || ctx.Err() != nil {
			return err
		}
		wait := waits.next(failed)
		if deadline, _ := ctx.Deadline(); time.Now().Add(wait).After(deadline) {
			return err
		}
		if sleep(ctx, wait) != nil {
			return noAnswer(method, ctx.Err())
		}
	}
}

// attempt is one try.
func (c *connection) attempt(ctx context.Context, method string, body []byte, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	response, err := c.post(ctx, method, body)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	said, err := io.ReadAll(io.LimitReader(response.Body, longestAnswer))
	if err != nil {
		return noAnswer(method, err)
	}
	if response.StatusCode != http.StatusOK {
		return errorFrom(method, response.StatusCode, said)
	}
	if err := json.Unmarshal(said, answer); err != nil {
		return badAnswer(method, response.StatusCode, err)
	}
	return nil
}

func (c *connection) post(ctx context.Context, method string, body []byte) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url+"/sideroom.v1."+method, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	token, err := c.tokens.bearer()
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	response, err := c.http.Do(request)
	if err != nil {
		return nil, noAnswer(method, err)
	}
	return response, nil
}
